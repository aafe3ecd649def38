//! Values of expressions over their target shapes.

use crate::execute::Trace;
use crate::link::{combinations, is_identity, unlinked, Buckets, Joint};
use crate::prepared::Prepared;
use crate::shape::{entries, strides};
use crate::types::{Expr, Source, Term};
use rayon::prelude::*;
use std::borrow::Cow;

/// Below this many entries a second thread costs more than it gives.
pub(crate) const PARALLEL: usize = 1 << 14;

/// The values of an expression over `shape`, valid entries row-major; borrowed when it is one tensor as it is.
/// Arithmetic wraps at 64 bits; validation rules that out for traces within the program's intervals.
pub fn dense<'a>(
    prepared: &Prepared,
    expr: &Expr,
    shape: &[u32],
    trace: &'a Trace,
) -> Cow<'a, [i64]> {
    let n = entries(shape);
    if let [term] = expr.terms.as_slice() {
        let (data, source_shape) = source(prepared, term.source, trace);
        if expr.constant == 0
            && term.coef == 1
            && data.len() == n
            && is_identity(term, shape, source_shape)
        {
            return Cow::Borrowed(data);
        }
    }
    let mut out = vec![expr.constant; n];
    for term in &expr.terms {
        let (data, source_shape) = source(prepared, term.source, trace);
        if data.len() != entries(source_shape) {
            continue;
        }
        if is_identity(term, shape, source_shape) {
            add_scaled(&mut out, data, term.coef);
        } else {
            Gather::new(term, shape, data, source_shape).add(&mut out);
        }
    }
    Cow::Owned(out)
}

/// The values and the shape of a source.
fn source<'a, 'b>(
    prepared: &'b Prepared,
    source: Source,
    trace: &'a Trace,
) -> (&'a [i64], &'b [u32]) {
    match source {
        Source::Tensor(t) => (
            trace
                .tensors
                .get(t as usize)
                .map_or(&[][..], |v| v.as_slice()),
            prepared
                .program
                .tensors
                .get(t as usize)
                .map_or(&[][..], |t| &t.shape),
        ),
        Source::Einsum(e) => (
            trace
                .einsums
                .get(e as usize)
                .map_or(&[][..], |v| v.as_slice()),
            prepared
                .einsums
                .get(e as usize)
                .map_or(&[][..], |e| &e.out_shape),
        ),
    }
}

fn add_scaled(out: &mut [i64], data: &[i64], coef: i64) {
    let add = |out: &mut [i64], data: &[i64]| match coef {
        1 => out
            .iter_mut()
            .zip(data)
            .for_each(|(o, &d)| *o = o.wrapping_add(d)),
        -1 => out
            .iter_mut()
            .zip(data)
            .for_each(|(o, &d)| *o = o.wrapping_sub(d)),
        _ => out
            .iter_mut()
            .zip(data)
            .for_each(|(o, &d)| *o = o.wrapping_add(d.wrapping_mul(coef))),
    };
    if out.len() < 2 * PARALLEL {
        return add(out, data);
    }
    out.par_chunks_mut(PARALLEL)
        .zip(data.par_chunks(PARALLEL))
        .for_each(|(o, d)| add(o, d));
}

/// Where a link sends each of its target tuples: offsets into the source, over its source axes only.
pub(crate) struct LinkOffsets {
    /// Target axes, ascending.
    pub axes: Vec<usize>,
    /// Steps of those axes in the tables.
    steps: Vec<usize>,
    pub offsets: Offsets,
}

pub(crate) enum Offsets {
    /// At most one source tuple each; negative: none.
    One(Vec<i64>),
    /// tuple i: `list[starts[i]..starts[i + 1]]`.
    Many { starts: Vec<usize>, list: Vec<i64> },
}

impl LinkOffsets {
    /// `source_steps`: row-major steps of the source's axes (those that are summed over are not used).
    pub fn new(joint: &Joint, source_steps: &[usize]) -> Self {
        let steps: Vec<i64> = joint
            .source
            .axes
            .iter()
            .map(|&a| source_steps[a] as i64)
            .collect();
        let offsets = combinations(&joint.source.extents, &steps, 0);
        let values = joint.source.values();
        // Source tuples of one value form a chain: the last seen in the bucket, each pointing to the one before it.
        let mut last = Buckets::new(&values, joint.target.tuples(), -1i64);
        let mut before = vec![-1i64; values.len()];
        let mut one = true;
        for (i, &v) in values.iter().enumerate() {
            if let Some(slot) = last.get_mut(v) {
                one &= *slot < 0;
                before[i] = std::mem::replace(slot, i as i64);
            }
        }
        let targets = joint.target.values();
        let first = |v: &i64| last.get(*v).copied().unwrap_or(-1);
        let offsets = if one {
            Offsets::One(
                targets
                    .iter()
                    .map(|v| usize::try_from(first(v)).map_or(-1, |i| offsets[i]))
                    .collect(),
            )
        } else {
            let (mut starts, mut list) = (vec![0], Vec::new());
            for v in &targets {
                let mut at = first(v);
                while let Ok(i) = usize::try_from(at) {
                    list.push(offsets[i]);
                    at = before[i];
                }
                starts.push(list.len());
            }
            Offsets::Many { starts, list }
        };
        Self {
            axes: joint.target.axes.clone(),
            steps: strides(&joint.target.extents),
            offsets,
        }
    }

    /// The place of a target index in the tables.
    #[inline]
    fn base(&self, index: &[usize]) -> usize {
        self.axes
            .iter()
            .zip(&self.steps)
            .map(|(&a, &s)| index[a] * s)
            .sum()
    }
}

/// One term as offsets into its source, whose unlinked axes are already summed.
struct Gather<'a> {
    coef: i64,
    shape: Vec<usize>,
    data: Cow<'a, [i64]>,
    links: Vec<LinkOffsets>,
}

impl<'a> Gather<'a> {
    fn new(term: &Term, shape: &[u32], data: &'a [i64], source_shape: &[u32]) -> Self {
        let summed = unlinked(term, source_shape.len(), false);
        let (data, steps) = sum_axes(data, source_shape, &summed);
        let links = term
            .links
            .iter()
            .map(|l| LinkOffsets::new(&Joint::new(l, shape, source_shape), &steps));
        let links = links.collect();
        Self {
            coef: term.coef,
            shape: shape.iter().map(|&e| e as usize).collect(),
            data,
            links,
        }
    }

    fn add(&self, out: &mut [i64]) {
        let inner = self.shape.last().copied().unwrap_or(1);
        let rows = (PARALLEL / inner).max(1);
        if out.len() < 2 * PARALLEL {
            return self.add_rows(out, 0);
        }
        out.par_chunks_mut(rows * inner)
            .enumerate()
            .for_each(|(i, chunk)| self.add_rows(chunk, i * rows));
    }

    /// Rows `first..` of the target, a row being the last axis.
    fn add_rows(&self, out: &mut [i64], first: usize) {
        let axes = self.shape.len();
        let inner = self.shape.last().copied().unwrap_or(1);
        let mut index = vec![0usize; axes.max(1)];
        let mut rest = first;
        for axis in (0..axes.saturating_sub(1)).rev() {
            index[axis] = rest % self.shape[axis];
            rest /= self.shape[axis];
        }
        let simple = self
            .links
            .iter()
            .all(|l| matches!(l.offsets, Offsets::One(_)));
        let along = self
            .links
            .iter()
            .position(|l| axes > 0 && l.axes.last() == Some(&(axes - 1)));
        for row in out.chunks_mut(inner) {
            if simple {
                self.add_row(row, &index, along);
            } else {
                self.add_row_of_lists(row, &mut index);
            }
            for axis in (0..axes.saturating_sub(1)).rev() {
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
    }

    /// `along`: the link of the last axis, whose table is read in order.
    #[inline]
    fn add_row(&self, row: &mut [i64], index: &[usize], along: Option<usize>) {
        let mut fixed = 0usize;
        for (i, link) in self.links.iter().enumerate() {
            let Offsets::One(table) = &link.offsets else {
                return;
            };
            if Some(i) == along {
                continue;
            }
            match usize::try_from(table[link.base(index)]) {
                Ok(offset) => fixed += offset,
                Err(_) => return,
            }
        }
        let Some(link) = along.map(|i| &self.links[i]) else {
            let value = self.data[fixed].wrapping_mul(self.coef);
            row.iter_mut().for_each(|o| *o = o.wrapping_add(value));
            return;
        };
        let Offsets::One(table) = &link.offsets else {
            return;
        };
        let base = link.base(index);
        let data = &self.data[fixed..];
        for (o, &offset) in row.iter_mut().zip(&table[base..]) {
            if offset >= 0 {
                *o = o.wrapping_add(data[offset as usize].wrapping_mul(self.coef));
            }
        }
    }

    /// Links that meet several source tuples: all combinations.
    fn add_row_of_lists(&self, row: &mut [i64], index: &mut [usize]) {
        let last = index.len() - 1;
        for (i, o) in row.iter_mut().enumerate() {
            index[last] = i;
            *o = o.wrapping_add(self.sum(index, 0, 0).wrapping_mul(self.coef));
        }
        index[last] = 0;
    }

    fn sum(&self, index: &[usize], link: usize, offset: usize) -> i64 {
        let Some(next) = self.links.get(link) else {
            return self.data[offset];
        };
        let base = next.base(index);
        let list = match &next.offsets {
            Offsets::One(table) => &table[base..base + 1],
            Offsets::Many { starts, list } => &list[starts[base]..starts[base + 1]],
        };
        let inner = list
            .iter()
            .filter(|&&o| o >= 0)
            .map(|&o| self.sum(index, link + 1, offset + o as usize));
        inner.fold(0, i64::wrapping_add)
    }
}

/// Sums over some axes; the result's steps for the axes that stay (by axis of the source).
fn sum_axes<'a>(data: &'a [i64], shape: &[u32], summed: &[usize]) -> (Cow<'a, [i64]>, Vec<usize>) {
    if summed.is_empty() {
        return (Cow::Borrowed(data), strides(shape));
    }
    let left: Vec<u32> = (0..shape.len())
        .map(|a| if summed.contains(&a) { 1 } else { shape[a] })
        .collect();
    let steps = strides(&left);
    let mut out = vec![0i64; entries(&left)];
    let inner = shape.last().copied().unwrap_or(1) as usize;
    let last_summed = summed.last() == Some(&(shape.len() - 1));
    let outer_steps: Vec<i64> = (0..shape.len() - 1)
        .map(|a| {
            if summed.contains(&a) {
                0
            } else {
                steps[a] as i64
            }
        })
        .collect();
    let starts = combinations(&shape[..shape.len() - 1], &outer_steps, 0);
    for (row, start) in data.chunks(inner).zip(starts) {
        let start = start as usize;
        if last_summed {
            out[start] = row.iter().fold(out[start], |acc, &x| acc.wrapping_add(x));
        } else {
            out[start..start + inner]
                .iter_mut()
                .zip(row)
                .for_each(|(o, &x)| *o = o.wrapping_add(x));
        }
    }
    (Cow::Owned(out), steps)
}
