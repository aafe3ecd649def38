//! A slow reading of expressions and cells, straight from the definitions of docs/protocol/program.md.

use tacit_algebra::{bits, eq_bits, f_from_i64, Affine, F, K};
use tacit_program::*;

/// All indices of a shape, row-major.
pub fn indices(shape: &[u32]) -> Vec<Vec<i64>> {
    shape.iter().fold(vec![vec![]], |all, &e| {
        let extend = |i: Vec<i64>| (0..e as i64).map(move |x| [i.clone(), vec![x]].concat());
        all.into_iter().flat_map(extend).collect()
    })
}

/// The value of an expression at every valid index by trying every source index.
pub fn naive(program: &Program, expr: &Expr, shape: &[u32], trace: &Trace) -> Vec<i64> {
    let value = |t: &Vec<i64>| {
        expr.terms.iter().fold(expr.constant, |acc, term| {
            let (data, source_shape): (&[i64], Vec<u32>) = match term.source {
                Source::Tensor(i) => (
                    &trace.tensors[i as usize],
                    program.tensors[i as usize].shape.clone(),
                ),
                Source::Einsum(e) => {
                    let decl = &program.einsums[e as usize];
                    let shape = decl
                        .out_axes
                        .iter()
                        .map(|&l| decl.extents[l as usize])
                        .collect();
                    (&trace.einsums[e as usize], shape)
                }
            };
            let side = |list: &[(u8, i32)], index: &[i64]| -> i64 {
                list.iter()
                    .map(|&(axis, stride)| index[axis as usize] * stride as i64)
                    .sum()
            };
            // An index link says its index' entry in place of the target's sum.
            let target = |l: &Link| match l.index {
                Some(q) => {
                    let at = l.target.iter().fold(0, |at, &(axis, _)| {
                        at * shape[axis as usize] as usize + t[axis as usize] as usize
                    });
                    trace.tensors[q as usize][at]
                }
                None => side(&l.target, t),
            };
            let sum: i64 = indices(&source_shape)
                .iter()
                .zip(data)
                .filter(|(s, _)| {
                    term.links
                        .iter()
                        .all(|l| target(l) + l.offset as i64 == side(&l.source, s))
                })
                .map(|(_, v)| *v)
                .sum();
            acc + term.coef * sum
        })
    };
    indices(shape).iter().map(value).collect()
}

/// eq(point, index) with the axes' coordinates one after the other.
pub fn weight(shape: &[u32], index: &[i64], point: &[K]) -> K {
    let mut rest = point;
    shape
        .iter()
        .zip(index)
        .fold(K::from(f_from_i64(1)), |acc, (&e, &i)| {
            let (head, tail) = rest.split_at(bits(e as u64) as usize);
            rest = tail;
            acc * eq_bits(head, i as u64)
        })
}

/// sum over valid indices of eq(point, index) * value.
pub fn extension(shape: &[u32], values: &[i64], point: &[K]) -> K {
    let terms = indices(shape).into_iter().zip(values);
    terms
        .map(|(i, &v)| weight(shape, &i, point) * f_from_i64(v))
        .sum()
}

/// An affine value on the cells of all slabs.
pub fn value_of(affine: &Affine, slabs: &[Vec<F>]) -> K {
    affine.forms.iter().fold(affine.constant, |acc, form| {
        let cells = &slabs[form.slab][form.offset..form.offset + (1 << form.block_bits())];
        let sum: K = cells
            .iter()
            .enumerate()
            .map(|(i, &c)| form.weight(form.offset + i) * c)
            .sum();
        acc + sum
    })
}

/// The public tensors of a trace.
pub fn publics(prepared: &Prepared, trace: &Trace) -> Publics {
    Publics(
        prepared
            .publics
            .iter()
            .map(|&t| trace.tensors[t as usize].to_vec())
            .collect(),
    )
}

/// Every slab's cells.
pub fn slabs(prepared: &Prepared, trace: &Trace) -> Vec<Vec<F>> {
    (0..=prepared.program.slabs.len())
        .map(|s| pack(prepared, s, trace).unwrap())
        .collect()
}
