//! Valid random programs whose every witness cell is forced, with values for their inputs.

use super::dice::Dice;
use super::expressions::{random_expr, size, Bounded, Known};
use crate::{builder::*, cases::*};
use tacit_program::*;

/// Tensors with a larger bound are not read any further.
const READABLE: i64 = 1 << 12;

pub struct Generator {
    pub(super) dice: Dice,
    pub(super) p: Builder,
    pub(super) known: Vec<Known>,
    pub(super) givens: Givens,
}

/// The program and the values of its slabs and inputs.
pub fn random_case(numbers: Vec<u32>) -> (Program, Givens) {
    let mut dice = Dice::new(numbers);
    let slabs: Vec<(&str, bool)> = ["model", "data"][..dice.below(3)]
        .iter()
        .map(|&name| (name, !dice.one_in(3)))
        .collect();
    let mut g = Generator {
        p: Builder::new("random", &slabs),
        dice,
        known: Vec::new(),
        givens: Vec::new(),
    };
    g.sources(slabs.len());
    for _ in 0..1 + g.dice.below(5) {
        match g.dice.below(7) {
            0 => g.linear(),
            1 => g.einsum(),
            2 => g.round(),
            3 => g.digits(),
            4 => g.divide(),
            5 => g.exclusive(),
            _ => g.maximum(),
        }
    }
    (g.p.program, g.givens)
}

impl Generator {
    pub(super) fn name(&self, what: &str) -> String {
        let p = &self.p.program;
        format!(
            "{what}{}",
            p.tensors.len() + p.lookups.len() + p.zeros.len() + p.einsums.len()
        )
    }

    /// A new tensor that a hint will write.
    fn written(&mut self, what: &str, shape: &[u32], lo: i64, hi: i64, place: Place) -> u32 {
        let name = self.name(what);
        let tensor = self.p.tensor(&name, shape, place, lo, hi);
        let bound = lo.abs().max(hi.abs());
        if bound <= READABLE {
            self.known.push(Known {
                tensor,
                shape: shape.to_vec(),
                bound,
            });
        }
        tensor
    }

    pub(super) fn witness(&mut self, what: &str, shape: &[u32], lo: i64, hi: i64) -> u32 {
        self.written(what, shape, lo, hi, Place::Witness)
    }

    pub(super) fn expr(&mut self, shape: &[u32], most: i64) -> Bounded {
        let mut out = random_expr(&mut self.dice, &self.known, shape, most);
        if self.dice.one_in(4) {
            self.add_picked(&mut out, shape, most);
        }
        out
    }

    pub(super) fn table(&mut self, kind: TableKind) -> u32 {
        let tables = &self.p.program.tables;
        if let Some(i) = tables.iter().position(|t| t.kind == kind) {
            return i as u32;
        }
        let name = format!("table{}", tables.len());
        self.p.table(&name, kind)
    }

    /// `expr` lies in [lo, lo + len).
    pub(super) fn in_range(&mut self, shape: &[u32], expr: Expr, lo: i64, len: u32) {
        let table = self.table(TableKind::Range { lo, len });
        let name = self.name("range");
        self.p.lookup(&name, table, shape, expr, 0, Expr::default());
    }

    pub(super) fn zero(&mut self, shape: &[u32], expr: Expr) {
        let name = self.name("zero");
        self.p.zero(&name, shape, expr);
    }

    pub(super) fn values(&mut self, n: usize, lo: i64, hi: i64) -> Vec<i64> {
        (0..n).map(|_| self.dice.range(lo, hi)).collect()
    }

    /// Tensors of the slabs, public and private inputs, constants.
    fn sources(&mut self, slabs: usize) {
        let mut places: Vec<Place> = (0..slabs as u8)
            .flat_map(|s| [Place::Slab(s), Place::Slab(s)])
            .collect();
        places.push(Place::Public);
        places.push(Place::Witness);
        places.push(Place::Constant(vec![]));
        for (i, place) in places.into_iter().enumerate() {
            // A slab has at least one tensor.
            let needed = matches!(place, Place::Slab(_)) && i % 2 == 0;
            if needed || !self.dice.one_in(3) {
                self.source(place);
            }
        }
    }

    fn source(&mut self, place: Place) {
        let shape = self.dice.shape(3, 5);
        let (lo, hi) = (self.dice.range(-6, 0), self.dice.range(0, 6));
        let values = self.values(size(&shape) as usize, lo, hi);
        let place = match place {
            Place::Constant(_) => Place::Constant(values.clone()),
            other => other,
        };
        let input = matches!(place, Place::Public | Place::Witness);
        let tensor = self.written("source", &shape, lo, hi, place.clone());
        if !matches!(place, Place::Constant(_)) {
            self.givens.push((tensor, values));
        }
        if input {
            self.p.program.inputs.push(Port {
                name: format!("in{tensor}"),
                tensor,
                frac: 0,
            });
        }
        if matches!(place, Place::Witness) {
            let alone = expr(0, vec![same(1, tensor, shape.len() as u8)]);
            self.in_range(&shape, alone, lo, (hi - lo + 1) as u32);
        }
    }

    /// A new tensor equal to an expression, in a zero and by a hint.
    fn equal(&mut self, shape: &[u32], e: Bounded) {
        let place = if self.dice.one_in(3) {
            Place::Public
        } else {
            Place::Witness
        };
        let tensor = self.written("equal", shape, -e.bound, e.bound, place);
        let mut zero = e.expr.clone();
        zero.terms.push(same(-1, tensor, shape.len() as u8));
        self.zero(shape, zero);
        self.p.hint(Hint::Linear {
            dst: tensor,
            expr: e.expr,
        });
    }

    fn linear(&mut self) {
        let shape = self.dice.shape(3, 5);
        let e = self.expr(&shape, 1 << 30);
        self.equal(&shape, e);
    }

    /// Two operands over random labels; the output's shape and a bound.
    fn contraction(&mut self) -> (Vec<u32>, Term, i64) {
        let labels = 1 + self.dice.below(4);
        let same_operand = self.dice.one_in(4);
        let (mut a, mut b, mut out, mut extents) = (vec![], vec![], vec![], vec![]);
        for label in 0..labels as u8 {
            extents.push(self.dice.range(1, 4) as u32);
            let role = self.dice.below(if same_operand { 2 } else { 4 });
            [(0, &mut a), (1, &mut b), (2, &mut out)]
                .into_iter()
                .filter(|(side, _)| *side != [2, 9, 1, 0][role])
                .for_each(|(_, list)| list.push(label));
        }
        a = self.dice.shuffled(a);
        b = if same_operand {
            a.clone()
        } else {
            self.dice.shuffled(b)
        };
        out = self.dice.shuffled(out);
        let shape = |axes: &[u8]| {
            axes.iter()
                .map(|&l| extents[l as usize])
                .collect::<Vec<u32>>()
        };
        let left = self.expr(&shape(&a), 1 << 12);
        let right = if same_operand {
            Bounded {
                expr: left.expr.clone(),
                bound: left.bound,
            }
        } else {
            self.expr(&shape(&b), 1 << 12)
        };
        let summed: Vec<u8> = a.iter().copied().filter(|l| !out.contains(l)).collect();
        let bound = left.bound * right.bound * size(&shape(&summed));
        let out_shape = shape(&out);
        let name = self.name("einsum");
        self.p.program.einsums.push(Einsum {
            name,
            extents,
            a_axes: a,
            b_axes: b,
            out_axes: out,
            a: left.expr,
            b: right.expr,
        });
        let einsum = self.p.program.einsums.len() as u32 - 1;
        let coef = self.dice.nonzero(2);
        let term = product(coef, einsum, out_shape.len() as u8);
        (out_shape, term, bound * coef.abs())
    }

    /// Both operands of one shape, multiplied entry by entry and summed over the axes behind the first `kept`.
    pub(super) fn products(
        &mut self,
        what: &str,
        shape: &[u32],
        kept: usize,
        [a, b]: [Expr; 2],
    ) -> u32 {
        let labels: Vec<u8> = (0..shape.len() as u8).collect();
        let name = self.name(what);
        self.p.program.einsums.push(Einsum {
            name,
            extents: shape.to_vec(),
            a_axes: labels.clone(),
            b_axes: labels.clone(),
            out_axes: labels[..kept].to_vec(),
            a,
            b,
        });
        self.p.program.einsums.len() as u32 - 1
    }

    fn einsum(&mut self) {
        let (shape, term, bound) = self.contraction();
        let mut e = self.expr(&shape, 1 << 12);
        e.expr.terms.push(term);
        e.bound += bound;
        self.equal(&shape, e);
    }

    /// An expression, sometimes with an einsum in it, and a bound of at most 2^12.
    fn moderate(&mut self) -> (Vec<u32>, Bounded) {
        if self.dice.one_in(2) {
            let (shape, term, bound) = self.contraction();
            if bound <= READABLE / 2 {
                let mut e = self.expr(&shape, READABLE / 2);
                e.expr.terms.push(term);
                e.bound += bound;
                return (shape, e);
            }
            // An einsum that nothing reads would have no witness behind it: make its value a tensor.
            let e = Bounded {
                expr: expr(0, vec![term]),
                bound,
            };
            self.equal(&shape, e);
        }
        let shape = self.dice.shape(2, 5);
        let e = self.expr(&shape, READABLE);
        (shape, e)
    }

    /// v = 2^s y + r with r in range, and y through a table of any kind.
    fn round(&mut self) {
        let (shape, v) = self.moderate();
        let n = shape.len() as u8;
        let least = (0..).find(|&s| v.bound >> s <= 60).unwrap_or(0);
        let shift: u8 = (least + self.dice.below(3)) as u8;
        let (mut input, whole) = (v.expr.clone(), v.expr.clone());
        if shift > 0 {
            let r = self.witness("remainder", &shape, 0, (1 << shift) - 1);
            self.in_range(&shape, expr(0, vec![same(1, r, n)]), 0, 1 << shift);
            self.p.hint(Hint::Digits {
                shape: shape.clone(),
                expr: v.expr,
                digits: vec![(r, shift)],
                quotient: None,
            });
            input.terms.push(same(-1, r, n));
        }
        let top = (v.bound >> shift) + 1;
        let (lo, len) = (-top, 2 * top as u32 + 1);
        let kind = match self.dice.below(5) {
            0 => TableKind::Relu { lo, len },
            1 => TableKind::Sign { lo, len },
            2 => TableKind::Values {
                lo,
                outs: self.values(len as usize, -9, 9),
            },
            // Breakpoints inside the rows, at their ends and beyond.
            3 => {
                let low = self.dice.range(lo - 2, top + 2);
                let high = self.dice.range(low, top + 4);
                TableKind::Clamp { lo, len, low, high }
            }
            _ => TableKind::Range { lo, len },
        };
        let name = self.name("rounded");
        if matches!(kind, TableKind::Range { .. }) {
            let table = self.table(kind);
            return self
                .p
                .lookup(&name, table, &shape, input, shift, Expr::default());
        }
        let table = self.table(kind);
        let out = self.witness("activation", &shape, -top.max(9) - 2, top.max(9) + 2);
        // The remainder need not be known: the hint rounds down.
        let hinted = if self.dice.one_in(2) {
            whole
        } else {
            input.clone()
        };
        self.activation(&shape, (out, table), hinted, shift);
        let output = expr(0, vec![same(1, out, n)]);
        self.p.lookup(&name, table, &shape, input, shift, output);
    }

    /// v + 2^k in digits of a few bits, the last one perhaps a quotient.
    fn digits(&mut self) {
        let (shape, v) = self.moderate();
        let n = shape.len() as u8;
        let k = 64 - v.bound.leading_zeros();
        let mut whole = v.expr;
        whole.constant += 1 << k;
        let (mut zero, mut digits, mut quotient, mut at) = (whole.clone(), vec![], None, 0);
        while at <= k {
            let bits = (1 + self.dice.below(6) as u32).min(k + 1 - at);
            let d = self.witness("digit", &shape, 0, (1 << bits) - 1);
            self.in_range(&shape, expr(0, vec![same(1, d, n)]), 0, 1 << bits);
            zero.terms.push(same(-(1 << at), d, n));
            at += bits;
            if at > k && self.dice.one_in(2) {
                quotient = Some(d);
            } else {
                digits.push((d, bits as u8));
            }
        }
        self.zero(&shape, zero);
        self.p.hint(Hint::Digits {
            shape,
            expr: whole,
            digits,
            quotient,
        });
    }

    /// num = q den + r, 0 <= r < den.
    fn divide(&mut self) {
        let shape = self.dice.shape(2, 4);
        let n = shape.len() as u8;
        let num = self.expr(&shape, 60);
        let mut den = self.expr(&shape, 20);
        den.expr.constant += den.bound + 1;
        let (most, largest) = (num.bound + 1, 2 * den.bound + 1);
        let q = self.witness("quotient", &shape, -most, most);
        let r = self.witness("rest", &shape, 0, largest - 1);
        let operands = [expr(0, vec![same(1, q, n)]), den.expr.clone()];
        let times = self.products("einsum", &shape, shape.len(), operands);
        self.in_range(
            &shape,
            expr(0, vec![same(1, q, n)]),
            -most,
            2 * most as u32 + 1,
        );
        self.in_range(&shape, expr(0, vec![same(1, r, n)]), 0, largest as u32);
        let mut room = den.expr.clone();
        room.constant -= 1;
        room.terms.push(same(-1, r, n));
        self.in_range(&shape, room, 0, largest as u32);
        let mut zero = num.expr.clone();
        zero.terms.push(product(-1, times, n));
        zero.terms.push(same(-1, r, n));
        self.zero(&shape, zero);
        self.p.hint(Hint::Divide {
            shape,
            num: num.expr,
            den: den.expr,
            quotient: q,
            remainder: r,
        });
    }
}

/// The terms with other coefficients.
pub(super) fn times(factor: i64, terms: &[Term]) -> Vec<Term> {
    let scaled = |t: &Term| Term {
        coef: factor * t.coef,
        ..t.clone()
    };
    terms.iter().map(scaled).collect()
}
