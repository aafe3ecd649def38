//! Integers summed against a product of coefficients, one factor a group of axes.

use crate::execute::pack::field;
use crate::execute::small_integers::sum_rows;
use crate::execute::trace::PARALLEL;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::K;

/// What happens to neighbouring axes.
#[derive(Debug)]
pub(crate) enum Run {
    /// Summed with these coefficients.
    Free(Vec<K>),
    /// Stays as it is.
    Kept(usize),
    /// Becomes as many entries as there are rows, each the sum with that row's coefficients.
    Matrix(Vec<Vec<K>>),
}

impl Run {
    /// (entries before, entries after)
    fn sizes(&self) -> (usize, usize) {
        match self {
            Run::Free(coefficients) => (coefficients.len(), 1),
            Run::Kept(n) => (*n, *n),
            Run::Matrix(rows) => (rows.first().map_or(0, Vec::len), rows.len()),
        }
    }
}

/// The values after all runs, row-major. `values`: row-major over the runs' entries, outermost first.
pub(crate) fn contract_runs(values: &[i64], runs: Vec<Run>) -> Vec<K> {
    let mut runs = merge(runs);
    // The first step reads base-field integers, later ones extension-field elements (about three times the work):
    // first the one with few rows that leaves little behind.
    let first = |run: &Run| {
        let (before, after) = run.sizes();
        after as f64 * (1.0 + 9.0 / before.max(1) as f64)
    };
    let Some(at) = cheapest(&runs, first) else {
        let convert = |&v: &i64| K::from(field(v));
        return if values.len() < PARALLEL {
            values.iter().map(convert).collect()
        } else {
            values
                .par_iter()
                .with_min_len(PARALLEL / 4)
                .map(convert)
                .collect()
        };
    };
    let mut data = apply(&mut runs, at, |coefficients, inner| {
        sum_rows(values, coefficients, inner)
    });
    let shrink = |run: &Run| {
        let (before, after) = run.sizes();
        after as f64 / before.max(1) as f64
    };
    while let Some(at) = cheapest(&runs, shrink) {
        data = apply(&mut runs, at, |coefficients, inner| {
            sum_rows_k(&data, coefficients, inner)
        });
    }
    data
}

fn cheapest(runs: &[Run], cost: impl Fn(&Run) -> f64) -> Option<usize> {
    let open = runs
        .iter()
        .enumerate()
        .filter(|(_, r)| !matches!(r, Run::Kept(_)));
    open.min_by(|a, b| cost(a.1).total_cmp(&cost(b.1)))
        .map(|(i, _)| i)
}

/// One run done: `sum(coefficients, inner)` is the data summed along it.
fn apply(runs: &mut Vec<Run>, at: usize, sum: impl Fn(&[K], usize) -> Vec<K>) -> Vec<K> {
    let inner = runs[at + 1..]
        .iter()
        .map(|r| r.sizes().0)
        .product::<usize>();
    match std::mem::replace(&mut runs[at], Run::Kept(1)) {
        Run::Kept(_) => unreachable!("what is kept has no sum"),
        Run::Free(coefficients) => {
            runs.remove(at);
            sum(&coefficients, inner)
        }
        Run::Matrix(rows) => {
            runs[at] = Run::Kept(rows.len());
            let parts: Vec<Vec<K>> = rows.iter().map(|row| sum(row, inner)).collect();
            // [row][outer, inner] to [outer, row, inner].
            let outer = parts.first().map_or(0, Vec::len) / inner.max(1);
            let mut out = Vec::with_capacity(outer * rows.len() * inner);
            for o in 0..outer {
                parts
                    .iter()
                    .for_each(|p| out.extend_from_slice(&p[o * inner..(o + 1) * inner]));
            }
            out
        }
    }
}

/// Neighbours of one kind become one run.
fn merge(runs: Vec<Run>) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::with_capacity(runs.len());
    for run in runs {
        let run = match run {
            // One row is a sum.
            Run::Matrix(mut rows) if rows.len() == 1 => Run::Free(rows.remove(0)),
            run => run,
        };
        match (out.last_mut(), run) {
            (_, Run::Kept(1)) => {}
            (Some(Run::Kept(n)), Run::Kept(m)) => *n *= m,
            (Some(Run::Free(outer)), Run::Free(inner)) => {
                *outer = outer
                    .iter()
                    .flat_map(|&x| inner.iter().map(move |&w| x * w))
                    .collect();
            }
            (_, run) => out.push(run),
        }
    }
    out
}

/// out[o, c] = sum over f of coefficients[f] * data[o, f, c].
fn sum_rows_k(data: &[K], coefficients: &[K], inner: usize) -> Vec<K> {
    let block = coefficients.len() * inner;
    assert!(
        block > 0 && data.len().is_multiple_of(block),
        "whole blocks"
    );
    let one = |block: &[K]| -> Vec<K> {
        let mut out = vec![K::ZERO; inner];
        for (row, &w) in block.chunks(inner).zip(coefficients) {
            out.iter_mut().zip(row).for_each(|(o, &x)| *o += w * x);
        }
        out
    };
    if data.len() < PARALLEL {
        return data.chunks(block).flat_map(one).collect();
    }
    data.par_chunks(block).flat_map_iter(one).collect()
}
