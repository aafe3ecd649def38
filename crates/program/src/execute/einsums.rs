//! Einsums over integers: operands are brought into rows, then every output entry is a dot product or a sum of rows.

use crate::execute::dense::{borrowed, dense};
use crate::execute::gemm::{multiply, product, product_of_rows, signed_bits, Dims, Matrix, Rows};
use crate::execute::trace::Trace;
use crate::execute::trace::PARALLEL;
use crate::layout::einsums::{EinsumPlan, Side};
use crate::layout::prepared::Prepared;
use crate::syntax::shape::strides;
use crate::syntax::types::{Expr, Link};
use rayon::prelude::*;
use std::borrow::Cow;

/// Multiplications from which packing the operands pays.
const PACK: usize = 1 << 18;

/// Labels of more than one entry, by role.
struct Labels<'a> {
    plan: &'a EinsumPlan,
    batch: Vec<u8>,
    contract: Vec<u8>,
    free: [Vec<u8>; 2],
}

struct Operand<'a> {
    data: Cow<'a, [i64]>,
    rows: Rows,
    side: Side,
}

/// The values of einsum `e`, row-major over its output's axes; sums wrap at 64 bits.
/// Products alone saturate: nothing bounds those that only a bare product reads, and they are 0 just where a factor is.
pub(crate) fn contract(prepared: &Prepared, e: usize, trace: &Trace) -> Vec<i64> {
    let (decl, plan) = (&prepared.program.einsums[e], &prepared.einsums[e]);
    let labels = Labels::new(plan);
    let a = labels.operand(prepared, &decl.a, Side::A, trace);
    let b = labels.operand(prepared, &decl.b, Side::B, trace);
    let pair = Pair::new(&labels, a, b);
    let out = pair.multiply(labels.size(&labels.batch));
    let (have, wanted) = (
        labels.order(&pair.first, &pair.second),
        long(plan, plan.out_axes()),
    );
    if have == wanted {
        return out;
    }
    permute(&out, &shape(plan, &have), &positions(&have, &wanted))
}

/// Both operands, in the order in which a kernel takes them.
struct Pair<'a> {
    first: Operand<'a>,
    second: Operand<'a>,
    dims: Dims,
    /// signed_bits of either.
    bits: (u32, u32),
    /// Whether entries are packed into short types.
    pack: bool,
}

impl<'a> Pair<'a> {
    fn new(labels: &Labels, mut first: Operand<'a>, mut second: Operand<'a>) -> Self {
        let (m, n) = (labels.entries(Side::A), labels.entries(Side::B));
        let k = labels.size(&labels.contract);
        let pack = m.min(n) >= 4 && m * n * k >= PACK;
        let bits = (signed_bits(&first.data), signed_bits(&second.data));
        if pack && first.rows == Rows::Free && second.rows == Rows::Free {
            // Kernels read one of them by contraction rows: turn the smaller one.
            labels.by_contract(if m <= n { &mut first } else { &mut second });
        }
        // Of two operands by contraction rows the one that leaves the output in order is first; but tasks are rows of the
        // first, so it must have some.
        let swap = match (first.rows, second.rows) {
            (Rows::Free, Rows::Contract) => true,
            (Rows::Contract, Rows::Free) => false,
            _ if pack && m.min(n) < 16 => n > m,
            _ => labels.order(&second, &first) == long(labels.plan, labels.plan.out_axes()),
        };
        if swap {
            let bits = (bits.1, bits.0);
            return Self {
                first: second,
                second: first,
                dims: Dims { m: n, n: m, k },
                bits,
                pack,
            };
        }
        let dims = Dims { m, n, k };
        Self {
            first,
            second,
            dims,
            bits,
            pack,
        }
    }

    /// [batch, m, n]
    fn multiply(&self, batch: usize) -> Vec<i64> {
        let Dims { m, n, k } = self.dims;
        let mut out = vec![0; batch * m * n];
        let (x, y) = (
            self.first.data.chunks(m * k),
            self.second.data.chunks(n * k),
        );
        for (out, (x, y)) in out.chunks_mut(m * n).zip(x.zip(y)) {
            self.multiply_one(x, y, out);
        }
        out
    }

    /// One index of the batch.
    fn multiply_one(&self, x: &[i64], y: &[i64], out: &mut [i64]) {
        let (dims, bits) = (self.dims, self.bits);
        if dims.k == 1 && bits.0 + bits.1 > 62 {
            let row = |x: &i64| y.iter().map(|y| x.saturating_mul(*y)).collect::<Vec<i64>>();
            let products = x.iter().flat_map(row);
            out.iter_mut().zip(products).for_each(|(o, v)| *o = v);
            return;
        }
        match (self.pack, self.second.rows) {
            (true, Rows::Contract) => product(x, y, dims.k, bits, out),
            (true, Rows::Free) => product_of_rows(x, y, dims, bits, out),
            (false, rows) => {
                let x = Matrix {
                    data: x,
                    rows: self.first.rows,
                };
                let y = Matrix { data: y, rows };
                multiply(x, y, dims, bits.0.max(bits.1) <= 31, out);
            }
        }
    }
}

fn long(plan: &EinsumPlan, labels: &[u8]) -> Vec<u8> {
    labels
        .iter()
        .copied()
        .filter(|&l| plan.extent(l) > 1)
        .collect()
}

fn shape(plan: &EinsumPlan, labels: &[u8]) -> Vec<u32> {
    labels.iter().map(|&l| plan.extent(l)).collect()
}

impl<'a> Labels<'a> {
    fn new(plan: &'a EinsumPlan) -> Self {
        Self {
            batch: long(plan, &plan.batch),
            contract: long(plan, &plan.contract),
            free: [long(plan, &plan.free_a), long(plan, &plan.free_b)],
            plan,
        }
    }

    fn size(&self, labels: &[u8]) -> usize {
        labels
            .iter()
            .map(|&l| self.plan.extent(l) as usize)
            .product()
    }

    /// Entries of an operand's free labels.
    fn entries(&self, side: Side) -> usize {
        self.size(&self.free[side as usize])
    }

    fn order(&self, x: &Operand, y: &Operand) -> Vec<u8> {
        [
            &self.batch,
            &self.free[x.side as usize],
            &self.free[y.side as usize],
        ]
        .map(Vec::as_slice)
        .concat()
    }

    /// Labels of an operand that lies by these rows.
    fn axes(&self, side: Side, rows: Rows) -> Vec<u8> {
        let (batch, free, contract) = (
            &self.batch[..],
            &self.free[side as usize][..],
            &self.contract[..],
        );
        match rows {
            Rows::Contract => [batch, free, contract].concat(),
            Rows::Free => [batch, contract, free].concat(),
        }
    }

    /// A tensor as it is stays where it lies if it lies by rows; anything else is computed where it is wanted.
    fn operand<'t>(
        &self,
        prepared: &Prepared,
        expr: &Expr,
        side: Side,
        trace: &'t Trace,
    ) -> Operand<'t> {
        let whole = self.plan.operand_shape(side);
        let axes = long(self.plan, self.plan.operand_axes(side));
        if let Some(data) = borrowed(prepared, expr, whole, trace) {
            for rows in [Rows::Contract, Rows::Free] {
                if axes == self.axes(side, rows) {
                    return Operand {
                        data: Cow::Borrowed(data),
                        rows,
                        side,
                    };
                }
            }
            let order = positions(&axes, &self.axes(side, Rows::Contract));
            let data = permute(data, &shape(self.plan, &axes), &order);
            return Operand {
                data: Cow::Owned(data),
                rows: Rows::Contract,
                side,
            };
        }
        // Long rows are the fastest to compute.
        let rows = if self.entries(side) >= 256 {
            Rows::Free
        } else {
            Rows::Contract
        };
        let order = self.axes(side, rows);
        let moved = moved(expr, self.plan, side, &order);
        let data = dense(prepared, &moved, &shape(self.plan, &order), trace).into_owned();
        Operand {
            data: Cow::Owned(data),
            rows,
            side,
        }
    }

    fn by_contract(&self, operand: &mut Operand) {
        if operand.rows == Rows::Contract {
            return;
        }
        let have = self.axes(operand.side, operand.rows);
        let order = positions(&have, &self.axes(operand.side, Rows::Contract));
        operand.data = Cow::Owned(permute(&operand.data, &shape(self.plan, &have), &order));
        operand.rows = Rows::Contract;
    }
}

/// The expression over the axes of `order` instead of the operand's; axes of one entry are index 0 and drop out.
fn moved(expr: &Expr, plan: &EinsumPlan, side: Side, order: &[u8]) -> Expr {
    let axes = plan.operand_axes(side);
    let place = |axis: u8| {
        order
            .iter()
            .position(|l| axes.get(axis as usize) == Some(l))
    };
    let link = |link: &Link| {
        let target = link
            .target
            .iter()
            .filter_map(|&(axis, stride)| Some((place(axis)? as u8, stride)));
        Link {
            target: target.collect(),
            ..link.clone()
        }
    };
    let mut out = expr.clone();
    out.terms
        .iter_mut()
        .for_each(|term| term.links = term.links.iter().map(link).collect());
    out
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
