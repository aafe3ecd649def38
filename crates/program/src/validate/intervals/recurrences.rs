//! Rule 3: zeros that say how a witness tensor goes on along an axis (docs/protocol/program.md section 5).
//!
//! With e = 1 or -1 and x\[-1\] = 0 such a zero says e x\[t\] - e x\[t-1\] + rest\[t\] = 0, so x\[t\] = -e (rest\[0\] + .. + rest\[t\]):
//! a sum of integers, whose residue is that of one integer as long as the whole sum's interval lies within (-p/2, p/2).

use crate::syntax::types::{Link, Place, Program, Source, Term, Zero};
use crate::validate::bounds::{add, ExprBound, Wide};
use std::collections::HashMap;

/// What a zero says of the witness tensor that it carries along an axis.
#[derive(Clone, Debug)]
pub(super) struct Recurrence {
    pub tensor: usize,
    /// The position of the term e x\[t\].
    pub now: usize,
    /// Extent of x on the axis.
    steps: i128,
    /// At how many of the steps each term stands; `None` for the two of x.
    times: Vec<Option<i128>>,
}

impl Recurrence {
    /// The recurrence that the zero is: of the first tensor, in the order of the terms e x\[t\], if there are several.
    pub fn of(program: &Program, zero: &Zero) -> Option<Self> {
        let terms = &zero.expr.terms;
        let mut uses: HashMap<u32, Vec<usize>> = HashMap::new();
        for (i, term) in terms.iter().enumerate() {
            if let Source::Tensor(t) = term.source {
                uses.entry(t).or_default().push(i);
            }
        }
        terms.iter().enumerate().find_map(|(now, term)| {
            let Source::Tensor(t) = term.source else {
                return None;
            };
            let [a, b] = uses[&t][..] else { return None };
            let before = if a == now { b } else { a };
            let tensor = &program.tensors[t as usize];
            if !matches!(tensor.place, Place::Witness) {
                return None;
            }
            let axis = carried_along(term, &terms[before], &zero.shape, &tensor.shape)?;
            let steps = i128::from(tensor.shape[axis]);
            let times = terms.iter().enumerate().map(|(i, other)| {
                (i != now && i != before).then(|| fixed_step(other, axis, steps).unwrap_or(steps))
            });
            Some(Self {
                tensor: t as usize,
                now,
                steps,
                times: times.collect(),
            })
        })
    }

    /// What all steps together may come to, any number of the last ones left out.
    pub fn rest(&self, expr: &ExprBound, parts: &[Wide]) -> Wide {
        let counted = |(lo, hi): (i128, i128), n: i128| {
            Some((lo.min(0).checked_mul(n)?, hi.max(0).checked_mul(n)?))
        };
        let mut rest = counted((expr.constant, expr.constant), self.steps);
        for (part, times) in parts.iter().zip(&self.times) {
            if let Some(n) = *times {
                rest = add(rest, counted((*part)?, n));
            }
        }
        rest
    }
}

/// The axis along which `now` is e x\[t\] and `before` -e x\[t-1\], for every index t of x.
fn carried_along(now: &Term, before: &Term, shape: &[u32], source: &[u32]) -> Option<usize> {
    let opposite = matches!(now.coef, 1 | -1) && before.coef == -now.coef;
    let n = shape.len();
    if !opposite || source.len() != n || now.links.len() != n || before.links.len() != n {
        return None;
    }
    let mut along = None;
    for (axis, (a, b)) in now.links.iter().zip(&before.links).enumerate() {
        let straight = is_axis(a, axis) && is_axis(b, axis) && a.offset == 0;
        match b.offset {
            0 if straight && source[axis] == shape[axis] => {}
            -1 if straight && source[axis] <= shape[axis] && along.is_none() => along = Some(axis),
            _ => return None,
        }
    }
    along
}

/// t_axis + offset = s_axis.
fn is_axis(link: &Link, axis: usize) -> bool {
    let own = [(axis as u8, 1)];
    link.target == own && link.source == own && link.index.is_none()
}

/// Where a link says t_axis = c: 1 if c is one of the steps, else 0.
fn fixed_step(term: &Term, axis: usize, steps: i128) -> Option<i128> {
    let own = [(axis as u8, 1)];
    let link = term
        .links
        .iter()
        .find(|l| l.source.is_empty() && l.target == own)?;
    let at = -i128::from(link.offset);
    Some(i128::from(0 <= at && at < steps))
}
