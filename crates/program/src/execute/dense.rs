//! Values of expressions over their target shapes.

use crate::execute::trace::{Trace, PARALLEL};
use crate::layout::prepared::Prepared;
use crate::syntax::links::{combinations, is_identity, unlinked, Buckets, Joint};
use crate::syntax::shape::{entries, strides};
use crate::syntax::types::{Expr, Link, Source, Term};
use rayon::prelude::*;
use std::borrow::Cow;

/// The values of an expression over `shape`, valid entries row-major; borrowed when it is one tensor as it is.
/// Arithmetic wraps at 64 bits; validation rules that out for traces within the program's intervals.
/// Panics when the trace has not all values of a source.
pub fn dense<'a>(
    prepared: &Prepared,
    expr: &Expr,
    shape: &[u32],
    trace: &'a Trace,
) -> Cow<'a, [i64]> {
    let mut out = Vec::new();
    match dense_in(prepared, expr, shape, trace, &mut out) {
        Some(data) => Cow::Borrowed(data),
        None => Cow::Owned(out),
    }
}

/// As `dense`, where the values of all but one tensor as it is are written: into `out`, whatever was there, in its memory.
pub fn dense_in<'a>(
    prepared: &Prepared,
    expr: &Expr,
    shape: &[u32],
    trace: &'a Trace,
    out: &mut Vec<i64>,
) -> Option<&'a [i64]> {
    if let Some(data) = borrowed(prepared, expr, shape, trace) {
        return Some(data);
    }
    out.clear();
    out.resize(entries(shape), expr.constant);
    for term in &expr.terms {
        let (data, source_shape) = source(prepared, term.source, trace);
        let have = (data.len(), entries(source_shape));
        assert_eq!(have.0, have.1, "values of {:?}", term.source);
        if is_identity(term, shape, source_shape) {
            add_scaled(out, data, term.coef);
        } else {
            Gather::new(term, shape, data, source_shape, trace).add(out);
        }
    }
    None
}

/// The values when the expression is one tensor (or einsum) as it is.
pub(crate) fn borrowed<'a>(
    prepared: &Prepared,
    expr: &Expr,
    shape: &[u32],
    trace: &'a Trace,
) -> Option<&'a [i64]> {
    let [term] = expr.terms.as_slice() else {
        return None;
    };
    let (data, source_shape) = source(prepared, term.source, trace);
    let plain = expr.constant == 0 && term.coef == 1 && is_identity(term, shape, source_shape);
    (plain && data.len() == entries(shape)).then_some(data)
}

/// The values and the shape of a source.
fn source<'a, 'b>(
    prepared: &'b Prepared,
    source: Source,
    trace: &'a Trace,
) -> (&'a [i64], &'b [u32]) {
    match source {
        Source::Tensor(t) => (
            trace.tensors[t as usize].as_slice(),
            &prepared.program.tensors[t as usize].shape,
        ),
        Source::Einsum(e) => (
            trace.einsums[e as usize].as_slice(),
            &prepared.einsums[e as usize].out_shape,
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
        let values = joint.source_values();
        // Source tuples of one value form a chain: the last seen in the bucket, each pointing to the one before it.
        let mut last = Buckets::new(&values, joint.target.tuples(), -1i64);
        let mut before = vec![-1i64; values.len()];
        let mut one = true;
        for (i, &v) in values.iter().enumerate() {
            let slot = last.at_mut(v);
            one &= *slot < 0;
            before[i] = std::mem::replace(slot, i as i64);
        }
        let targets = joint.target_values();
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

    /// Offsets of the target tuple at `base`; negative ones are none.
    #[inline]
    fn at(&self, base: usize) -> &[i64] {
        match &self.offsets {
            Offsets::One(table) => &table[base..base + 1],
            Offsets::Many { starts, list } => &list[starts[base]..starts[base + 1]],
        }
    }
}

/// One term as offsets into its source, whose unlinked axes are already summed.
struct Gather<'a> {
    coef: i64,
    data: Cow<'a, [i64]>,
    links: Vec<LinkOffsets>,
    axes: Vec<Axis>,
}

/// A target axis: the link that reads it, the step of its index in that link's table, and whether the link's tuple is
/// complete once this axis (and those before it) is known.
struct Axis {
    extent: usize,
    link: Option<(usize, usize)>,
    completes: bool,
}

/// Links of a term at most: each names an axis of either shape.
const MAX_LINKS: usize = 16;

/// Where each link's tuple stands in its table.
type Bases = [usize; MAX_LINKS];

impl<'a> Gather<'a> {
    fn new(
        term: &Term,
        shape: &[u32],
        data: &'a [i64],
        source_shape: &[u32],
        trace: &Trace,
    ) -> Self {
        let summed = unlinked(term, source_shape.len(), false);
        let (data, steps) = sum_axes(data, source_shape, &summed);
        let joint = |l: &Link| {
            let index = l.index.map(|q| trace.tensors[q as usize].as_slice());
            LinkOffsets::new(&Joint::new(l, shape, source_shape, index), &steps)
        };
        let links: Vec<LinkOffsets> = term.links.iter().map(joint).collect();
        let axis = |axis: usize| {
            let link = links.iter().enumerate().find_map(|(i, l)| {
                l.axes
                    .iter()
                    .position(|&a| a == axis)
                    .map(|at| (i, l.steps[at]))
            });
            let completes = link.is_some_and(|(i, _)| links[i].axes.last() == Some(&axis));
            Axis {
                extent: shape[axis] as usize,
                link,
                completes,
            }
        };
        let axes = (0..shape.len()).map(axis).collect();
        Self {
            coef: term.coef,
            data,
            links,
            axes,
        }
    }

    /// out += the term. Some leading axes are dealt to tasks; links without target axes are known from the start.
    fn add(&self, out: &mut [i64]) {
        let mut starts = vec![0usize];
        for link in self.links.iter().filter(|l| l.axes.is_empty()) {
            let offsets: Vec<usize> = link
                .at(0)
                .iter()
                .filter_map(|&o| usize::try_from(o).ok())
                .collect();
            starts = starts
                .iter()
                .flat_map(|&s| offsets.iter().map(move |o| s + o))
                .collect();
        }
        let (mut leading, mut block) = (0, out.len());
        while out.len() >= 2 * PARALLEL && block > PARALLEL && leading + 1 < self.axes.len() {
            block /= self.axes[leading].extent;
            leading += 1;
        }
        let task = |(index, out): (usize, &mut [i64])| {
            for &start in &starts {
                self.enter(out, leading, index, start);
            }
        };
        if leading == 0 {
            return task((0, out));
        }
        let least = (PARALLEL / block).max(1);
        out.par_chunks_mut(block)
            .enumerate()
            .with_min_len(least)
            .for_each(task);
    }

    /// The block of one index of the leading axes.
    fn enter(&self, out: &mut [i64], leading: usize, index: usize, start: usize) {
        let (mut bases, mut rest) = ([0; MAX_LINKS], index);
        for axis in self.axes[..leading].iter().rev() {
            if let Some((link, step)) = axis.link {
                bases[link] += rest % axis.extent * step;
            }
            rest /= axis.extent;
        }
        let complete = self.axes[..leading]
            .iter()
            .filter(|a| a.completes)
            .filter_map(|a| a.link);
        let mut starts = vec![start];
        for (link, _) in complete {
            let offsets = self.links[link].at(bases[link]);
            let sums = |s: usize| {
                offsets
                    .iter()
                    .filter(|&&o| o >= 0)
                    .map(move |&o| s + o as usize)
            };
            starts = starts.into_iter().flat_map(sums).collect();
        }
        for start in starts {
            self.walk(out, leading, &mut bases, start);
        }
    }

    /// Axis by axis; a link's offset is added when its last axis is known, and where there is none nothing is visited.
    fn walk(&self, out: &mut [i64], axis: usize, bases: &mut Bases, start: usize) {
        let Some(this) = self.axes.get(axis) else {
            out[0] = out[0].wrapping_add(self.data[start].wrapping_mul(self.coef));
            return;
        };
        if axis + 1 == self.axes.len() {
            return self.row(out, this, bases, start);
        }
        let block = out.len() / this.extent;
        let Some((link, step)) = this.link else {
            return out
                .chunks_mut(block)
                .for_each(|out| self.walk(out, axis + 1, bases, start));
        };
        let base = bases[link];
        for (i, out) in out.chunks_mut(block).enumerate() {
            bases[link] = base + i * step;
            if !this.completes {
                self.walk(out, axis + 1, bases, start);
                continue;
            }
            for &offset in self.links[link].at(bases[link]) {
                if offset >= 0 {
                    self.walk(out, axis + 1, bases, start + offset as usize);
                }
            }
        }
        bases[link] = base;
    }

    /// The last axis: its link is complete, its tuples stand in order.
    #[inline]
    fn row(&self, out: &mut [i64], axis: &Axis, bases: &Bases, start: usize) {
        let data = &self.data[start..];
        let Some((link, _)) = axis.link else {
            let value = data[0].wrapping_mul(self.coef);
            return out.iter_mut().for_each(|o| *o = o.wrapping_add(value));
        };
        let base = bases[link];
        match &self.links[link].offsets {
            Offsets::One(table) => {
                for (o, &offset) in out.iter_mut().zip(&table[base..]) {
                    if offset >= 0 {
                        *o = o.wrapping_add(data[offset as usize].wrapping_mul(self.coef));
                    }
                }
            }
            Offsets::Many { .. } => {
                for (i, o) in out.iter_mut().enumerate() {
                    for &offset in self.links[link].at(base + i) {
                        *o = o.wrapping_add(data[offset as usize].wrapping_mul(self.coef));
                    }
                }
            }
        }
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
