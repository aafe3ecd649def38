//! Operands folded over their free labels: what is left of an einsum for its sumcheck.

use crate::dense::{dense, PARALLEL};
use crate::einsum::{EinsumPlan, Side};
use crate::execute::Trace;
use crate::pack::field;
use crate::prepared::Prepared;
use crate::shape::low_bits;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{eq_table, K};

/// a_e(x) for all x in {0,1}^n_e: the sum over the operand's free indices of eq(r_free, .) * operand, a padded table over
/// batch then contraction labels, most significant first. `out_point`: the relation's point over the output's shape.
pub fn fold_operand(
    prepared: &Prepared,
    einsum: usize,
    side: Side,
    trace: &Trace,
    out_point: &[K],
) -> Vec<K> {
    let (Some(decl), Some(plan)) = (
        prepared.program.einsums.get(einsum),
        prepared.einsums.get(einsum),
    ) else {
        return Vec::new();
    };
    let expr = match side {
        Side::A => &decl.a,
        Side::B => &decl.b,
    };
    let values = dense(prepared, expr, plan.operand_shape(side), trace);
    let runs = runs(plan, side, out_point);
    let folded = fold_runs(&values, &runs);
    place(plan, side, &folded)
}

/// Neighbouring axes of one kind.
enum Run {
    /// Summed with these weights.
    Free(Vec<K>),
    Kept(usize),
}

/// The operand's axes, outermost first; weights of neighbouring free axes are multiplied out.
fn runs(plan: &EinsumPlan, side: Side, out_point: &[K]) -> Vec<Run> {
    let at = plan.output_coordinates(out_point);
    let free = match side {
        Side::A => &plan.free_a,
        Side::B => &plan.free_b,
    };
    let mut out: Vec<Run> = Vec::new();
    for &label in plan.operand_axes(side) {
        let extent = plan.extent(label) as usize;
        if !free.contains(&label) {
            match out.last_mut() {
                Some(Run::Kept(n)) => *n *= extent,
                _ => out.push(Run::Kept(extent)),
            }
            continue;
        }
        let mut weights = eq_table(at(label));
        weights.truncate(extent);
        match out.last_mut() {
            Some(Run::Free(outer)) => {
                *outer = outer
                    .iter()
                    .flat_map(|&x| weights.iter().map(move |&w| x * w))
                    .collect();
            }
            _ => out.push(Run::Free(weights)),
        }
    }
    out
}

/// The kept axes' values, row-major over valid extents. The innermost free run is summed over base-field data, the
/// others over what is left of it.
fn fold_runs(values: &[i64], runs: &[Run]) -> Vec<K> {
    let Some(at) = runs.iter().rposition(|r| matches!(r, Run::Free(_))) else {
        return values.iter().map(|&v| K::from(field(v))).collect();
    };
    let inner = match runs.get(at + 1) {
        Some(Run::Kept(n)) => *n,
        _ => 1,
    };
    let Some(Run::Free(weights)) = runs.get(at) else {
        return Vec::new();
    };
    let mut data = crate::stream::sum_rows(values, weights, inner);
    let mut inner = inner;
    for run in runs[..at].iter().rev() {
        match run {
            Run::Kept(n) => inner *= n,
            Run::Free(weights) => data = sum_rows_k(&data, weights, inner),
        }
    }
    data
}

/// out[o, c] = sum over f of weights[f] * data[o, f, c].
fn sum_rows_k(data: &[K], weights: &[K], inner: usize) -> Vec<K> {
    let block = weights.len() * inner;
    let one = |block: &[K]| -> Vec<K> {
        let mut out = vec![K::ZERO; inner];
        for (row, &w) in block.chunks(inner).zip(weights) {
            out.iter_mut().zip(row).for_each(|(o, &x)| *o += w * x);
        }
        out
    };
    if data.len() < PARALLEL {
        return data.chunks(block).flat_map(one).collect();
    }
    data.par_chunks(block).flat_map_iter(one).collect()
}

/// From the operand's order over valid extents to [batch, contract] over padded ones.
fn place(plan: &EinsumPlan, side: Side, values: &[K]) -> Vec<K> {
    let order: Vec<u8> = plan.batch.iter().chain(&plan.contract).copied().collect();
    let padded: Vec<u32> = order.iter().map(|&l| plan.extent(l)).collect();
    let low = low_bits(&padded);
    let kept: Vec<u8> = plan
        .operand_axes(side)
        .iter()
        .copied()
        .filter(|l| order.contains(l))
        .collect();
    let extents: Vec<u32> = kept.iter().map(|&l| plan.extent(l)).collect();
    let steps: Vec<i64> = kept
        .iter()
        .map(|l| {
            order
                .iter()
                .position(|o| o == l)
                .map_or(0, |i| 1i64 << low[i])
        })
        .collect();
    if kept == order && values.len() == 1 << plan.bits {
        return values.to_vec();
    }
    let mut out = vec![K::ZERO; 1 << plan.bits];
    let cells = crate::link::combinations(&extents, &steps, 0);
    for (&v, cell) in values.iter().zip(cells) {
        out[cell as usize] = v;
    }
    out
}
