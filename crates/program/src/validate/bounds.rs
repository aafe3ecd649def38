//! What an expression's geometry says about its interval, and interval arithmetic that cannot overflow.

use crate::syntax::links::{is_identity, unlinked, Joint};
use crate::syntax::shape::entries;
use crate::syntax::tables::{table_len, table_lo};
use crate::syntax::types::{Expr, Program, Source, TableKind, Term};
use std::collections::BTreeMap;
use tacit_algebra::P;

/// [lo, hi], both included.
pub type Interval = (i64, i64);

/// (p - 1) / 2: an integer x with |x| <= HALF is the only one of its residue.
pub(crate) const HALF: i128 = (P / 2) as i128;

/// An interval before it is known to be short; `None` when it is unknown or too wide (`narrow_enough`).
pub(crate) type Wide = Option<(i128, i128)>;

/// Wider terms and einsums count as unknown. An expression has at most 2^16 terms: no sum of them leaves 128 bits, so
/// that their order does not matter.
const WIDEST: i128 = 1 << 96;

pub(crate) fn narrow_enough((lo, hi): (i128, i128)) -> Wide {
    (lo >= -WIDEST && hi <= WIDEST).then_some((lo, hi))
}

/// A term's share of an interval, its geometry already counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TermBound {
    pub coef: i128,
    pub source: Source,
    /// Most source entries that a target index meets.
    pub most: i128,
    /// Every target index meets exactly one.
    pub exactly_one: bool,
    pub identity: bool,
    /// No other term of the expression has the same source.
    pub sole: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct ExprBound {
    pub constant: i128,
    pub terms: Vec<TermBound>,
}

pub(crate) fn show(value: Wide) -> String {
    value.map_or_else(
        || "an interval beyond 2^96".into(),
        |(lo, hi)| format!("[{lo}, {hi}]"),
    )
}

pub(crate) fn add(a: Wide, b: Wide) -> Wide {
    let ((a0, a1), (b0, b1)) = (a?, b?);
    Some((a0.checked_add(b0)?, a1.checked_add(b1)?))
}

/// Smallest and largest input; validation keeps them within i64.
pub(crate) fn inputs(kind: &TableKind) -> Interval {
    let lo = table_lo(kind);
    (lo, lo + (table_len(kind) as i64 - 1))
}

/// Smallest and largest output of a table that has a row.
pub(crate) fn outputs(kind: &TableKind) -> Interval {
    let (lo, hi) = inputs(kind);
    match kind {
        TableKind::Range { .. } => (0, 0),
        TableKind::Relu { .. } => (lo.max(0), hi.max(0)),
        TableKind::Sign { .. } => ((lo >= 0) as i64, (hi >= 0) as i64),
        TableKind::Values { outs, .. } => {
            let wider = |(lo, hi): Interval, &o: &i64| (lo.min(o), hi.max(o));
            outs.iter().fold((outs[0], outs[0]), wider)
        }
        TableKind::Clamp { low, high, .. } => (lo.max(*low).min(*high), hi.max(*low).min(*high)),
    }
}

/// `known`: the intervals of tensors, of those that an index link reads at least.
pub(crate) fn expr_bound(
    program: &Program,
    expr: &Expr,
    shape: &[u32],
    known: &[Option<Interval>],
) -> ExprBound {
    let key = |source: Source| match source {
        Source::Tensor(t) => (false, t),
        Source::Einsum(e) => (true, e),
    };
    let mut count: BTreeMap<(bool, u32), usize> = BTreeMap::new();
    for term in &expr.terms {
        *count.entry(key(term.source)).or_default() += 1;
    }
    let terms = expr.terms.iter().map(|term| {
        let one = TermBound {
            coef: term.coef as i128,
            source: term.source,
            most: 1,
            exactly_one: true,
            identity: true,
            sole: count.get(&key(term.source)) == Some(&1),
        };
        match term.source {
            Source::Einsum(_) => one,
            Source::Tensor(t) => {
                let source_shape = &program.tensors[t as usize].shape;
                if is_identity(term, shape, source_shape) {
                    return one;
                }
                let (fewest, most) = meets(term, shape, source_shape, known);
                TermBound {
                    most,
                    exactly_one: (fewest, most) == (1, 1),
                    identity: false,
                    ..one
                }
            }
        }
    });
    ExprBound {
        constant: expr.constant as i128,
        terms: terms.collect(),
    }
}

/// (fewest, most) source entries that a target index meets: links are independent, so both multiply.
fn meets(
    term: &Term,
    shape: &[u32],
    source_shape: &[u32],
    known: &[Option<Interval>],
) -> (i128, i128) {
    let free: Vec<u32> = unlinked(term, source_shape.len(), false)
        .iter()
        .map(|&a| source_shape[a])
        .collect();
    let start = entries(&free) as i128;
    term.links.iter().fold((start, start), |(a, b), link| {
        let index = link.index.and_then(|q| known[q as usize]);
        let (fewest, most) = Joint::new(link, shape, source_shape, None).meets(index);
        (a * fewest as i128, b * most as i128)
    })
}
