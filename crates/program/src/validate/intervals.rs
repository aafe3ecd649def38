//! Intervals that follow from the relations, so that nothing wraps modulo p (docs/protocol/program.md section 5).

use crate::error::{ProgramError, Result};
use crate::syntax::links::is_identity;
use crate::syntax::types::{Expr, Place, Program, Source, Term};
use crate::validate::bounds::{
    add, expr_bound, inputs, narrow_enough, outputs, ExprBound, Interval, TermBound, Wide, HALF,
};
use std::collections::VecDeque;

mod checks;
mod recurrences;

use recurrences::Recurrence;

/// Steps that any program may take, and those for each relation, operand pair and term: honest programs need a few of them.
const STEPS: u64 = 1 << 20;
const STEPS_EACH: u64 = 64;

pub(crate) struct Solver<'a> {
    program: &'a Program,
    tensors: Vec<Option<Interval>>,
    einsums: Vec<Wide>,
    operands: Vec<[ExprBound; 2]>,
    /// Outputs of lookups, then zeros: an expression and the interval that its relation says it lies in.
    sums: Vec<(ExprBound, Interval)>,
    /// For every zero the recurrence that it is.
    recurrences: Vec<Option<Recurrence>>,
    steps: u64,
}

/// What waits to be looked at again.
#[derive(Clone, Copy)]
enum Node {
    Einsum(usize),
    Sum(usize),
}

impl<'a> Solver<'a> {
    /// Every index of the program is in range.
    pub fn new(program: &'a Program) -> Self {
        let tensors = program.tensors.iter().map(|t| match &t.place {
            Place::Constant(values) => {
                let ends = (values.iter().min(), values.iter().max());
                ends.0.copied().zip(ends.1.copied())
            }
            Place::Public | Place::Slab(_) => Some((t.lo, t.hi)),
            Place::Witness => None,
        });
        let tensors: Vec<Option<Interval>> = tensors.collect();
        let bound = |expr: &Expr, shape: &[u32]| expr_bound(program, expr, shape, &tensors);
        let operands = program.einsums.iter().map(|e| {
            let shape =
                |axes: &[u8]| -> Vec<u32> { axes.iter().map(|&l| e.extents[l as usize]).collect() };
            [
                bound(&e.a, &shape(&e.a_axes)),
                bound(&e.b, &shape(&e.b_axes)),
            ]
        });
        let operands = operands.collect();
        // Once a table, not once a lookup: the rows may be many.
        let outs = program.tables.iter().map(|t| outputs(&t.kind));
        let outs: Vec<Interval> = outs.collect();
        let results = program
            .lookups
            .iter()
            .map(|l| (bound(&l.output, &l.shape), outs[l.table as usize]));
        let zeros = program.zeros.iter();
        let zeros = zeros.map(|z| (bound(&z.expr, &z.shape), (0, 0)));
        let sums = results.chain(zeros).collect();
        Self {
            program,
            tensors,
            einsums: vec![None; program.einsums.len()],
            operands,
            sums,
            recurrences: {
                let zeros = program.zeros.iter();
                zeros.map(|z| Recurrence::of(program, z)).collect()
            },
            steps: 0,
        }
    }

    /// The greatest fixed point of the three rules, then every bound.
    pub fn solve(mut self) -> Result<Vec<Option<Interval>>> {
        self.narrow_by_tables()?;
        self.narrow_by_sums()?;
        self.check_declared()?;
        self.check_einsums()?;
        self.check_zeros()?;
        self.check_lookups()?;
        Ok(self.tensors)
    }

    /// Rule 1: a witness tensor alone in a lookup's input with shift 0.
    fn narrow_by_tables(&mut self) -> Result<()> {
        for lookup in &self.program.lookups {
            let kind = &self.program.tables[lookup.table as usize].kind;
            if lookup.shift == 0 {
                if let Some(t) = self.alone(&lookup.input, &lookup.shape) {
                    self.narrow(t, inputs(kind))?;
                }
            }
        }
        Ok(())
    }

    /// The witness tensor that the expression is.
    fn alone(&self, expr: &Expr, shape: &[u32]) -> Option<usize> {
        let [Term {
            coef: 1,
            source: Source::Tensor(t),
            ..
        }] = expr.terms.as_slice()
        else {
            return None;
        };
        let tensor = &self.program.tensors[*t as usize];
        let fits = expr.constant == 0
            && matches!(tensor.place, Place::Witness)
            && is_identity(&expr.terms[0], shape, &tensor.shape);
        fits.then_some(*t as usize)
    }

    /// Rules 2 and 3, applied until nothing changes: an einsum or a sum is looked at again when a source of it is narrowed.
    /// Order and count are part of what makes a program valid: every verifier stops at the same step.
    fn narrow_by_sums(&mut self) -> Result<()> {
        let limit = self.limit();
        let readers = self.readers();
        let nodes = self.operands.len() + self.sums.len();
        let einsums = self.operands.len();
        let index = |node: Node| match node {
            Node::Einsum(e) => e,
            Node::Sum(s) => einsums + s,
        };
        let mut queued = vec![true; nodes];
        // Most tensors are looked up: what reads them comes later.
        let (results, all) = (self.program.lookups.len(), self.sums.len());
        let mut queue: VecDeque<Node> = (0..results).map(Node::Sum).collect();
        queue.extend((0..einsums).map(Node::Einsum));
        queue.extend((results..all).map(Node::Sum));
        while let Some(node) = queue.pop_front() {
            queued[index(node)] = false;
            let changed = match node {
                Node::Einsum(e) => {
                    let value = self.einsum(e);
                    let changed = value != self.einsums[e];
                    self.einsums[e] = value;
                    if changed {
                        vec![self.tensors.len() + e]
                    } else {
                        Vec::new()
                    }
                }
                Node::Sum(s) => self.narrow_by_sum(s)?,
            };
            for source in changed {
                // A reader that waits already is asked all the same.
                self.steps += readers[source].len() as u64;
                for &reader in &readers[source] {
                    if !std::mem::replace(&mut queued[index(reader)], true) {
                        queue.push_back(reader);
                    }
                }
            }
            if self.steps > limit {
                let expected = format!("intervals that settle within {limit} steps");
                return Err(ProgramError::program(
                    "interval_settle",
                    "intervals",
                    expected,
                    "more",
                ));
            }
        }
        Ok(())
    }

    fn limit(&self) -> u64 {
        let einsums = self.operands.iter().map(|[a, b]| look(&[a, b]));
        let sums = self.sums.iter().map(|(expr, _)| look(&[expr]));
        STEPS + STEPS_EACH * einsums.chain(sums).sum::<u64>()
    }

    /// For every tensor, then every einsum: who reads it, once per term.
    fn readers(&self) -> Vec<Vec<Node>> {
        let n = self.tensors.len();
        let mut out = vec![Vec::new(); n + self.einsums.len()];
        let mut add = |expr: &ExprBound, node: Node| {
            for term in &expr.terms {
                match term.source {
                    Source::Tensor(t) => out[t as usize].push(node),
                    Source::Einsum(e) => out[n + e as usize].push(node),
                }
            }
        };
        // In the order of the queue.
        let mut sums = self.sums.iter().enumerate();
        for (s, (expr, _)) in sums.by_ref().take(self.program.lookups.len()) {
            add(expr, Node::Sum(s));
        }
        for (e, sides) in self.operands.iter().enumerate() {
            sides.iter().for_each(|side| add(side, Node::Einsum(e)));
        }
        for (s, (expr, _)) in sums {
            add(expr, Node::Sum(s));
        }
        out
    }

    /// x = -(rest) or rest where x occurs once, alone in its term, or is carried along an axis; the tensors that were
    /// narrowed. The rest holds what the sum comes to, in [low, high], with a minus.
    fn narrow_by_sum(&mut self, s: usize) -> Result<Vec<usize>> {
        let (expr, (low, high)) = self.sums[s].clone();
        self.steps += look(&[&expr]);
        let parts: Vec<Wide> = expr.terms.iter().map(|t| self.term(t)).collect();
        let unknown = parts.iter().filter(|p| p.is_none()).count();
        let zero = s.checked_sub(self.program.lookups.len());
        let carried = zero.and_then(|z| {
            let recurrence = self.recurrences[z].as_ref()?;
            let rest = recurrence.rest(&expr, &parts);
            Some((recurrence.now, recurrence.tensor, rest))
        });
        if unknown > 1 && carried.is_none() {
            return Ok(Vec::new());
        }
        let mut total: Wide = Some((expr.constant - high as i128, expr.constant - low as i128));
        for part in parts.iter().flatten() {
            total = add(total, Some(*part));
        }
        let mut changed = Vec::new();
        for (i, (term, part)) in expr.terms.iter().zip(&parts).enumerate() {
            let (x, rest) = match (carried, self.candidate(&expr, i)) {
                (Some((now, x, rest)), _) if now == i => (x, rest),
                (_, Some(x)) => (x, without(total, *part, unknown)),
                _ => continue,
            };
            let Some((lo, hi)) = rest.filter(|&(lo, hi)| lo >= -HALF && hi <= HALF) else {
                continue;
            };
            let found = if term.coef == 1 { (-hi, -lo) } else { (lo, hi) };
            if self.narrow(x, (found.0 as i64, found.1 as i64))? {
                changed.push(x);
            }
        }
        Ok(changed)
    }

    /// The witness tensor of term i if rule 2 may narrow it.
    fn candidate(&self, expr: &ExprBound, i: usize) -> Option<usize> {
        let term = expr.terms.get(i)?;
        let Source::Tensor(t) = term.source else {
            return None;
        };
        let witness = matches!(self.program.tensors[t as usize].place, Place::Witness);
        (witness && term.identity && term.sole && term.coef.abs() == 1).then_some(t as usize)
    }

    /// Intersect; whether something changed.
    fn narrow(&mut self, tensor: usize, (lo, hi): Interval) -> Result<bool> {
        let old = self.tensors[tensor];
        let new = old.map_or((lo, hi), |(a, b)| (a.max(lo), b.min(hi)));
        if new.0 > new.1 {
            let name = self.program.address(tensor as u32);
            let got = format!("[{lo}, {hi}] against {old:?}");
            return Err(ProgramError::program(
                "interval_empty",
                name,
                "a value that all relations allow",
                got,
            ));
        }
        self.tensors[tensor] = Some(new);
        Ok(old != Some(new))
    }

    fn term(&self, term: &TermBound) -> Wide {
        let (lo, hi) = match term.source {
            Source::Tensor(t) => self.tensors[t as usize].map(|(a, b)| (a as i128, b as i128))?,
            Source::Einsum(e) => self.einsums[e as usize]?,
        };
        let (lo, hi) = if term.exactly_one {
            (lo, hi)
        } else {
            (
                lo.min(0).checked_mul(term.most)?,
                hi.max(0).checked_mul(term.most)?,
            )
        };
        let (a, b) = (lo.checked_mul(term.coef)?, hi.checked_mul(term.coef)?);
        narrow_enough((a.min(b), a.max(b)))
    }

    fn expr(&self, expr: &ExprBound) -> Wide {
        let start = Some((expr.constant, expr.constant));
        expr.terms
            .iter()
            .fold(start, |acc, term| add(acc, self.term(term)))
    }

    /// Corners of the operands times the number of contracted entries.
    fn einsum(&mut self, e: usize) -> Wide {
        let [a, b] = &self.operands[e];
        self.steps += look(&[a, b]);
        let ((a0, a1), (b0, b1)) = (self.expr(a)?, self.expr(b)?);
        let mut corners = [0i128; 4];
        for (slot, (x, y)) in corners
            .iter_mut()
            .zip([(a0, b0), (a0, b1), (a1, b0), (a1, b1)])
        {
            *slot = x.checked_mul(y)?;
        }
        let decl = &self.program.einsums[e];
        let contract = decl.a_axes.iter().filter(|l| !decl.out_axes.contains(l));
        let count = contract
            .map(|&l| decl.extents[l as usize] as i128)
            .product::<i128>();
        let (lo, hi) = (corners.iter().min()?, corners.iter().max()?);
        narrow_enough((lo.checked_mul(count)?, hi.checked_mul(count)?))
    }
}

/// The total without one of its terms; with one unknown term, the total already leaves that one out.
fn without(total: Wide, part: Wide, unknown: usize) -> Wide {
    match (part, unknown) {
        (None, 1) => total,
        (Some((lo, hi)), 0) => {
            total.and_then(|(a, b)| Some((a.checked_sub(lo)?, b.checked_sub(hi)?)))
        }
        _ => None,
    }
}

/// Steps of one look at a sum or at an einsum's operands.
fn look(exprs: &[&ExprBound]) -> u64 {
    1 + exprs.iter().map(|e| e.terms.len() as u64).sum::<u64>()
}
