//! From the givens to every value of the statement (docs/protocol/program.md section 6).

use crate::error::{ProgramError, Result};
use crate::execute::dense::dense;
use crate::execute::einsums::contract;
use crate::execute::elementwise::{beyond, low_digit, outside, table_rows, Rest};
use crate::execute::trace::{Trace, Values};
use crate::layout::prepared::Prepared;
use crate::syntax::shape::entries;
use crate::syntax::tables::{table_lo, table_out};
use crate::syntax::types::{Expr, Hint, Place, Source, Tensor};
use std::borrow::Cow;
use std::sync::Arc;

mod clamp;
mod relations;

/// Givens are slab tensors and input ports' tensors, each at most once, as `Vec<i64>` or shared. What no hint writes must be
/// given; a slab tensor that a hint writes may be: then both must agree.
/// Errors (slug `execution`) name the tensor, the value and the range of the first thing that does not hold.
pub fn execute<G: Into<Values>>(
    prepared: &Prepared,
    givens: impl IntoIterator<Item = (u32, G)>,
) -> Result<Trace> {
    let mut run = Run::new(prepared);
    run.give_all(givens)?;
    run.compute_all()?;
    let rows = run.check()?;
    run.trace.multiplicities = run.counts(rows);
    Ok(run.trace)
}

/// Execution with the givens that many runs share, such as weights, in place: they are looked at once.
#[derive(Clone)]
pub struct Shared<'a>(Run<'a>);

impl<'a> Shared<'a> {
    /// Errors as `execute`, of these givens.
    pub fn new<G: Into<Values>>(
        prepared: &'a Prepared,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Self> {
        let mut run = Run::new(prepared);
        run.give_all(givens)?;
        Ok(Self(run))
    }

    /// As `execute` of these givens and the shared ones, but nothing counts the rows of tables: they are for a proof.
    /// It refuses just what `execute` refuses, by the same error.
    pub fn execute<G: Into<Values>>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Trace> {
        let mut run = self.0.clone();
        run.give_all(givens)?;
        run.compute_all()?;
        run.check()?;
        Ok(run.trace)
    }
}

#[derive(Clone)]
struct Run<'a> {
    prepared: &'a Prepared,
    trace: Trace,
    written: Vec<bool>,
    /// Slab tensors that were given, and that no hint has computed.
    claimed: Vec<bool>,
    contracted: Vec<bool>,
}

impl<'a> Run<'a> {
    fn new(prepared: &'a Prepared) -> Self {
        let program = &prepared.program;
        let constant = |place: &Place| matches!(place, Place::Constant(_));
        Self {
            trace: Trace {
                tensors: prepared.constants.clone(),
                multiplicities: Vec::new(),
                einsums: vec![Vec::new(); program.einsums.len()],
            },
            written: program.tensors.iter().map(|t| constant(&t.place)).collect(),
            claimed: vec![false; program.tensors.len()],
            contracted: vec![false; program.einsums.len()],
            prepared,
        }
    }

    fn name(&self, tensor: u32) -> &'a str {
        self.prepared
            .program
            .tensors
            .get(tensor as usize)
            .map_or("", |t| &t.name)
    }

    fn give_all<G: Into<Values>>(
        &mut self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<()> {
        givens
            .into_iter()
            .try_for_each(|(tensor, values)| self.give(tensor, values.into()))
    }

    fn compute_all(&mut self) -> Result<()> {
        self.check_givens()?;
        let prepared = self.prepared;
        let mut hints = prepared.program.hints.iter();
        hints.try_for_each(|hint| self.hint(hint))
    }

    fn give(&mut self, tensor: u32, values: Values) -> Result<()> {
        let program = &self.prepared.program;
        let slab = program
            .tensors
            .get(tensor as usize)
            .is_some_and(|t| matches!(t.place, Place::Slab(_)));
        if !slab && !program.inputs.iter().any(|p| p.tensor == tensor) {
            let got = format!("tensor {tensor} {}", self.name(tensor));
            return Err(ProgramError::execution(
                "given_unknown",
                "givens",
                "slab tensors and inputs",
                got,
            ));
        }
        self.write(tensor, values)?;
        self.claimed[tensor as usize] = slab;
        Ok(())
    }

    fn check_givens(&self) -> Result<()> {
        let program = &self.prepared.program;
        let mut computed = vec![false; program.tensors.len()];
        for tensor in program.hints.iter().flat_map(Hint::writes) {
            computed[tensor as usize] = true;
        }
        let slabs = (0u32..)
            .zip(program.tensors.iter().zip(computed))
            .filter(|(_, (t, computed))| matches!(t.place, Place::Slab(_)) && !computed)
            .map(|(i, _)| i);
        for tensor in slabs.chain(program.inputs.iter().map(|p| p.tensor)) {
            self.check_written(tensor, "given_missing", "given values")?;
        }
        Ok(())
    }

    fn check_written(&self, tensor: u32, rule: &'static str, expected: &str) -> Result<()> {
        if self.written.get(tensor as usize) == Some(&true) {
            return Ok(());
        }
        Err(ProgramError::execution(
            rule,
            self.name(tensor),
            expected,
            "none",
        ))
    }

    /// What a hint computes: a slab tensor that was given must be just that.
    fn compute(&mut self, tensor: u32, values: Values) -> Result<()> {
        if !std::mem::take(&mut self.claimed[tensor as usize]) {
            return self.write(tensor, values);
        }
        let given = &self.trace.tensors[tensor as usize];
        self.check_count(tensor, &values)?;
        let wrong = given
            .iter()
            .zip(values.iter())
            .position(|(given, computed)| given != computed);
        wrong.map_or(Ok(()), |i| {
            Err(ProgramError::execution(
                "slab_value",
                self.name(tensor),
                format!("{} at {i}, as computed", values[i]),
                given[i].to_string(),
            ))
        })
    }

    /// A whole tensor, once, in its declared interval.
    fn write(&mut self, tensor: u32, values: Values) -> Result<()> {
        let decl = &self.prepared.program.tensors[tensor as usize];
        if self.written[tensor as usize] {
            return Err(ProgramError::execution(
                "written_twice",
                &decl.name,
                "one value",
                "a second one",
            ));
        }
        self.check_count(tensor, &values)?;
        if let Some((i, v)) = outside(&values, decl.lo, decl.hi) {
            let ends = (decl.lo.into(), decl.hi.into());
            return Err(beyond("tensor_interval", &decl.name, ends, v.into(), i));
        }
        self.written[tensor as usize] = true;
        self.trace.tensors[tensor as usize] = values;
        Ok(())
    }

    /// As many values as the tensor has entries.
    fn check_count(&self, tensor: u32, values: &[i64]) -> Result<()> {
        let decl = &self.prepared.program.tensors[tensor as usize];
        let n = entries(&decl.shape);
        if values.len() == n {
            return Ok(());
        }
        let (expected, got) = (format!("{n} entries"), format!("{} entries", values.len()));
        Err(ProgramError::execution(
            "given_shape",
            &decl.name,
            expected,
            got,
        ))
    }

    /// Every source has values; einsums are computed when first needed.
    fn need(&mut self, expr: &Expr) -> Result<()> {
        for term in &expr.terms {
            match term.source {
                Source::Tensor(t) => {
                    self.check_written(t, "unwritten", "values before they are read")?
                }
                Source::Einsum(e) => self.contract(e as usize)?,
            }
        }
        Ok(())
    }

    fn contract(&mut self, e: usize) -> Result<()> {
        if self.contracted[e] {
            return Ok(());
        }
        let prepared = self.prepared;
        let decl = &prepared.program.einsums[e];
        self.need(&decl.a)?;
        self.need(&decl.b)?;
        let out = contract(prepared, e, &self.trace);
        self.trace.einsums[e] = out;
        self.contracted[e] = true;
        Ok(())
    }

    fn values(&mut self, expr: &Expr, shape: &[u32]) -> Result<Cow<'_, [i64]>> {
        self.need(expr)?;
        Ok(dense(self.prepared, expr, shape, &self.trace))
    }

    fn hint(&mut self, hint: &Hint) -> Result<()> {
        match hint {
            Hint::Linear { dst, expr } => {
                let shape = self.shape(*dst);
                let values = self.values(expr, shape)?.into_owned();
                self.compute(*dst, Arc::new(values))
            }
            Hint::Digits {
                shape,
                expr,
                digits,
                quotient,
            } => {
                let rest = self.values(expr, shape)?.into_owned();
                self.digits(rest, digits, *quotient)
            }
            Hint::Lookup {
                dst,
                table,
                expr,
                shift,
            } => self.hint_lookup(*dst, *table, expr, *shift),
            Hint::Divide {
                shape,
                num,
                den,
                quotient,
                remainder,
            } => {
                let num = self.values(num, shape)?.into_owned();
                let den = self.values(den, shape)?;
                if let Some(d) = den.iter().find(|&&d| d <= 0) {
                    let got = d.to_string();
                    let name = self.name(*quotient);
                    return Err(ProgramError::execution(
                        "divide",
                        name,
                        "denominators above 0",
                        got,
                    ));
                }
                let (q, r) = num
                    .iter()
                    .zip(den.iter())
                    .map(|(n, d)| (n.div_euclid(*d), n.rem_euclid(*d)))
                    .unzip();
                self.compute(*quotient, Arc::new(q))?;
                self.compute(*remainder, Arc::new(r))
            }
            Hint::Max {
                shape,
                axes,
                expr,
                shift,
                digits,
                quotient,
            } => {
                let kept = shape.len().saturating_sub(usize::from(*axes));
                let values = self.values(expr, shape)?;
                let max = values
                    .chunks(entries(&shape[kept..]))
                    .map(|window| window.iter().copied().max().unwrap_or(0) >> shift)
                    .collect();
                self.digits(max, digits, Some(*quotient))
            }
            Hint::OneHotMax { shape, expr, dst } => {
                let n = shape.last().copied().unwrap_or(1) as usize;
                let mut values = self.values(expr, shape)?.into_owned();
                for row in values.chunks_mut(n) {
                    let max = row.iter().copied().max();
                    let first = row.iter().position(|v| Some(*v) == max);
                    row.iter_mut()
                        .enumerate()
                        .for_each(|(i, v)| *v = (Some(i) == first) as i64);
                }
                self.compute(*dst, Arc::new(values))
            }
            Hint::Clamp {
                shape,
                expr,
                shift,
                low,
                high,
                inside,
                outside,
            } => {
                let values = self.values(expr, shape)?.into_owned();
                self.clamp(values, *shift, (*low, *high), [*inside, *outside])
            }
        }
    }

    /// The digits of values, low first, then what is left of them.
    fn digits(
        &mut self,
        mut rest: Vec<i64>,
        digits: &[(u32, u8)],
        quotient: Option<u32>,
    ) -> Result<()> {
        for &(dst, bits) in digits {
            let digit = low_digit(&mut rest, bits);
            self.compute(dst, Arc::new(digit))?;
        }
        let Some(dst) = quotient else {
            return Ok(());
        };
        let rest = Arc::new(rest);
        self.compute(dst, rest.clone()).map_err(|error| {
            let decl = &self.prepared.program.tensors[dst as usize];
            match outside(&rest, decl.lo, decl.hi) {
                Some((i, left)) if error.rule == "tensor_interval" => {
                    self.beyond_digits(decl, digits, i, left)
                }
                _ => error,
            }
        })
    }

    /// What is left at entry i is beyond its interval: the error speaks of the whole value, whose digits are written.
    fn beyond_digits(
        &self,
        decl: &Tensor,
        digits: &[(u32, u8)],
        i: usize,
        left: i64,
    ) -> ProgramError {
        let (mut low, mut place) = (0i128, 0u32);
        for &(dst, bits) in digits {
            let digit = self.trace.tensors[dst as usize][i];
            low = low.wrapping_add(i128::from(digit) << place.min(62));
            place += u32::from(bits);
        }
        let whole = |v: i64| i128::from(v) << place.min(62);
        let (lo, hi) = (whole(decl.lo), whole(decl.hi) + whole(1) - 1);
        let value = whole(left).wrapping_add(low);
        beyond("tensor_interval", &decl.name, (lo, hi), value, i)
    }

    fn shape(&self, tensor: u32) -> &'a [u32] {
        &self.prepared.program.tensors[tensor as usize].shape
    }

    fn hint_lookup(&mut self, dst: u32, table: u32, expr: &Expr, shift: u8) -> Result<()> {
        let shape = self.shape(dst);
        let kind = &self.prepared.program.tables[table as usize].kind;
        let name = self.name(dst);
        let input = self.values(expr, shape)?;
        let rows = table_rows(kind, &input, shift, Rest::Dropped)
            .map_err(|miss| miss.error("table_input", name, kind, shift))?;
        let lo = table_lo(kind);
        let out = rows
            .iter()
            .map(|&row| table_out(kind, row, lo + row as i64))
            .collect();
        self.compute(dst, Arc::new(out))
    }
}
