//! Einsums over integers: operands are brought into rows, then every output entry is a dot product or a sum of rows.

use crate::dense::PARALLEL;
use crate::einsum::{EinsumPlan, Side};
use crate::gemm::{product, signed_bits};
use crate::shape::{entries, strides};
use rayon::prelude::*;
use std::borrow::Cow;

/// How an operand lies in memory after its batch labels.
#[derive(Clone, Copy, PartialEq)]
enum Rows {
    /// [batch, free, contract]
    Contract,
    /// [batch, contract, free]
    Free,
}

struct Operand<'a> {
    data: Cow<'a, [i64]>,
    rows: Rows,
    free: Vec<u8>,
}

/// Sizes of one batch entry's product: out[m, n] = sum over k of first[m, k] * second[n, k].
#[derive(Clone, Copy)]
struct Dims {
    batch: usize,
    m: usize,
    n: usize,
    k: usize,
}

/// Multiplications from which packing the operands pays.
const PACK: usize = 1 << 18;

/// The output, row-major over out_axes. `bits`: signed_bits of a and of b.
pub(crate) fn contract(plan: &EinsumPlan, a: &[i64], b: &[i64], bits: (u32, u32)) -> Vec<i64> {
    let long = |labels: &[u8]| {
        labels
            .iter()
            .copied()
            .filter(|&l| plan.extent(l) > 1)
            .collect::<Vec<u8>>()
    };
    let (batch, k) = (long(&plan.batch), long(&plan.contract));
    let size = |labels: &[u8]| {
        labels
            .iter()
            .map(|&l| plan.extent(l) as usize)
            .product::<usize>()
    };
    let (free_a, free_b) = (long(&plan.free_a), long(&plan.free_b));
    let (m, n) = (size(&free_a), size(&free_b));
    // A matrix product worth packing reads both operands by contraction rows.
    let pack = m.min(n) >= 4 && m * n * size(&k) >= PACK;
    let mut first = arrange(plan, a, Side::A, [&batch, &free_a, &k], pack);
    let mut second = arrange(plan, b, Side::B, [&batch, &free_b, &k], pack);
    let out_order = long(plan.out_axes());
    let order = |x: &Operand, y: &Operand| [&batch[..], &x.free, &y.free].concat();
    // The first operand is read by contraction rows; of two that are, the one that leaves the output in order is first,
    // but tasks are rows of the first, so it must have some.
    let swap = match (first.rows, second.rows) {
        (Rows::Free, Rows::Contract) => true,
        (Rows::Contract, Rows::Free) => false,
        _ if pack && m.min(n) < 16 => n > m,
        _ => order(&second, &first) == out_order,
    };
    let (mut bits, mut m, mut n) = (bits, m, n);
    if swap {
        std::mem::swap(&mut first, &mut second);
        (bits, m, n) = ((bits.1, bits.0), n, m);
    }
    let dims = Dims {
        batch: size(&batch),
        m,
        n,
        k: size(&k),
    };
    let out = if pack {
        let mut out = vec![0; dims.batch * m * n];
        let x = first.data.chunks(m * dims.k);
        let y = second.data.chunks(n * dims.k);
        for ((out, x), y) in out.chunks_mut(m * n).zip(x).zip(y) {
            product(x, y, dims.k, bits, out);
        }
        out
    } else {
        multiply(&first, &second, dims, bits.0.max(bits.1) <= 31)
    };
    let have = order(&first, &second);
    if have == out_order {
        out
    } else {
        let shape: Vec<u32> = have.iter().map(|&l| plan.extent(l)).collect();
        permute(&out, &shape, &positions(&have, &out_order))
    }
}

/// Borrowed when the axes already are [batch, free, contract] or [batch, contract, free].
fn arrange<'a>(
    plan: &EinsumPlan,
    data: &'a [i64],
    side: Side,
    [batch, free, contract]: [&[u8]; 3],
    by_rows: bool,
) -> Operand<'a> {
    let axes: Vec<u8> = plan
        .operand_axes(side)
        .iter()
        .copied()
        .filter(|&l| plan.extent(l) > 1)
        .collect();
    let by_contract = [batch, free, contract].concat();
    let free_list = free.to_vec();
    if axes == by_contract {
        return Operand {
            data: Cow::Borrowed(data),
            rows: Rows::Contract,
            free: free_list,
        };
    }
    if !by_rows && axes == [batch, contract, free].concat() {
        return Operand {
            data: Cow::Borrowed(data),
            rows: Rows::Free,
            free: free_list,
        };
    }
    let shape: Vec<u32> = axes.iter().map(|&l| plan.extent(l)).collect();
    let moved = permute(data, &shape, &positions(&axes, &by_contract));
    Operand {
        data: Cow::Owned(moved),
        rows: Rows::Contract,
        free: free_list,
    }
}

/// Where each of `wanted` stands in `have`.
fn positions(have: &[u8], wanted: &[u8]) -> Vec<usize> {
    wanted
        .iter()
        .filter_map(|l| have.iter().position(|h| h == l))
        .collect()
}

/// Axis i of the result is axis `order[i]` of the data.
fn permute(data: &[i64], shape: &[u32], order: &[usize]) -> Vec<i64> {
    let steps = strides(shape);
    let extents: Vec<usize> = order.iter().map(|&a| shape[a] as usize).collect();
    let inner = extents.last().copied().unwrap_or(1);
    let step = order.last().map_or(1, |&a| steps[a]);
    let mut out = vec![0; data.len()];
    let fill = |first: usize, chunk: &mut [i64]| {
        for (i, row) in chunk.chunks_mut(inner).enumerate() {
            let (mut rest, mut start) = (first + i, 0);
            for axis in (0..extents.len().saturating_sub(1)).rev() {
                start += rest % extents[axis] * steps[order[axis]];
                rest /= extents[axis];
            }
            row.iter_mut()
                .enumerate()
                .for_each(|(j, o)| *o = data[start + j * step]);
        }
    };
    let rows = (PARALLEL / inner).max(1);
    out.par_chunks_mut(rows * inner)
        .enumerate()
        .for_each(|(i, chunk)| fill(i * rows, chunk));
    out
}

/// Entries of an output row that one task computes.
const PIECE: usize = 64;

fn multiply(first: &Operand, second: &Operand, d: Dims, narrow: bool) -> Vec<i64> {
    let mut out = vec![0i64; d.batch * d.m * d.n];
    if d.k == 0 || out.is_empty() {
        return out;
    }
    let row = |index: usize, n0: usize, piece: &mut [i64]| {
        let (batch, m) = (index / d.m, index % d.m);
        let x = &first.data[batch * d.m * d.k..][..d.m * d.k];
        let y = &second.data[batch * d.n * d.k..][..d.n * d.k];
        match (first.rows, second.rows) {
            (Rows::Contract, Rows::Contract) => {
                let x = &x[m * d.k..][..d.k];
                let rows = y[n0 * d.k..].chunks_exact(d.k);
                piece
                    .iter_mut()
                    .zip(rows)
                    .for_each(|(o, y)| *o = dot(x, y, narrow));
            }
            (Rows::Contract, Rows::Free) => {
                let x = &x[m * d.k..][..d.k];
                x.iter()
                    .enumerate()
                    .for_each(|(k, &x)| add_row(piece, x, &y[k * d.n + n0..], narrow));
            }
            (Rows::Free, _) => {
                // Both by free rows: the first is read with a stride.
                (0..d.k).for_each(|k| add_row(piece, x[k * d.m + m], &y[k * d.n + n0..], narrow));
            }
        }
    };
    let work = out.len() * d.k;
    if work < 4 * PARALLEL {
        out.chunks_mut(d.n)
            .enumerate()
            .for_each(|(i, piece)| row(i, 0, piece));
    } else if d.n <= 2 * PIECE {
        let group = (PARALLEL / (d.n * d.k).max(1)).max(1);
        out.par_chunks_mut(d.n * group)
            .enumerate()
            .for_each(|(g, rows)| {
                rows.chunks_mut(d.n)
                    .enumerate()
                    .for_each(|(i, piece)| row(g * group + i, 0, piece));
            });
    } else {
        let size = if second.rows == Rows::Contract {
            PIECE
        } else {
            4 * PIECE
        };
        for (i, whole) in out.chunks_mut(d.n).enumerate() {
            whole
                .par_chunks_mut(size)
                .enumerate()
                .for_each(|(p, piece)| row(i, p * size, piece));
        }
    }
    out
}

/// Wraps at 64 bits. `narrow` lets the compiler multiply 32 by 32 bits.
#[inline]
fn dot(x: &[i64], y: &[i64], narrow: bool) -> i64 {
    let pairs = x.iter().zip(y);
    if narrow {
        pairs.fold(0i64, |acc, (&x, &y)| {
            acc.wrapping_add(x as i32 as i64 * (y as i32 as i64))
        })
    } else {
        pairs.fold(0i64, |acc, (&x, &y)| acc.wrapping_add(x.wrapping_mul(y)))
    }
}

#[inline]
fn add_row(out: &mut [i64], x: i64, row: &[i64], narrow: bool) {
    if x == 0 {
        return;
    }
    let pairs = out.iter_mut().zip(row);
    if narrow {
        let x = x as i32 as i64;
        pairs.for_each(|(o, &y)| *o = o.wrapping_add(x * (y as i32 as i64)));
    } else {
        pairs.for_each(|(o, &y)| *o = o.wrapping_add(x.wrapping_mul(y)));
    }
}

/// The output's values from its operands' values.
pub(crate) fn einsum_values(plan: &EinsumPlan, a: &[i64], b: &[i64]) -> Vec<i64> {
    if a.len() != entries(&plan.a_shape) || b.len() != entries(&plan.b_shape) {
        return vec![0; entries(&plan.out_shape)];
    }
    contract(plan, a, b, (signed_bits(a), signed_bits(b)))
}
