//! Small programs and a slow reference, straight from the definitions of docs/protocol/program.md.
#![allow(dead_code)]

pub mod mlp;
pub mod net;

use std::sync::Arc;
use tacit_algebra::{bits, eq_bits, f_from_i64, Affine, F, K};
use tacit_program::*;

/// A small generator of test data (splitmix64).
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// lo..=hi
    pub fn range(&mut self, lo: i64, hi: i64) -> i64 {
        lo + (self.next() % (hi - lo + 1) as u64) as i64
    }

    pub fn k(&mut self) -> K {
        tacit_algebra::field::k_new([0; 3].map(|_| f_from_i64((self.next() >> 2) as i64)))
    }

    pub fn point(&mut self, n: u32) -> Vec<K> {
        (0..n).map(|_| self.k()).collect()
    }

    pub fn values(&mut self, n: usize, lo: i64, hi: i64) -> Vec<i64> {
        (0..n).map(|_| self.range(lo, hi)).collect()
    }

    pub fn shape(&mut self, axes: i64, extent: i64) -> Vec<u32> {
        (0..self.range(0, axes))
            .map(|_| self.range(1, extent) as u32)
            .collect()
    }
}

pub fn empty(name: &str) -> Program {
    Program {
        version: VERSION,
        name: name.into(),
        slabs: vec![],
        tensors: vec![],
        tables: vec![],
        einsums: vec![],
        lookups: vec![],
        zeros: vec![],
        hints: vec![],
        inputs: vec![],
        outputs: vec![],
        architecture: [0; 32],
    }
}

pub fn tensor(name: &str, shape: &[u32], place: Place, lo: i64, hi: i64) -> Tensor {
    Tensor {
        name: name.into(),
        shape: shape.to_vec(),
        place,
        lo,
        hi,
    }
}

pub fn link(target: &[(u8, i32)], source: &[(u8, i32)], offset: i32) -> Link {
    Link {
        target: target.to_vec(),
        source: source.to_vec(),
        offset,
    }
}

pub fn identity(source: Source, axes: usize, coef: i64) -> Term {
    let links = (0..axes as u8)
        .map(|i| link(&[(i, 1)], &[(i, 1)], 0))
        .collect();
    Term {
        coef,
        source,
        links,
    }
}

pub fn expr(constant: i64, terms: Vec<Term>) -> Expr {
    Expr { constant, terms }
}

/// The tensor as it is.
pub fn whole(tensor: u32, axes: usize) -> Expr {
    expr(0, vec![identity(Source::Tensor(tensor), axes, 1)])
}

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
            let sum: i64 = indices(&source_shape)
                .iter()
                .zip(data)
                .filter(|(s, _)| {
                    term.links
                        .iter()
                        .all(|l| side(&l.target, t) + l.offset as i64 == side(&l.source, s))
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

/// Random tensors in all four places, with values; nothing is claimed of them.
pub fn random_tensors(rng: &mut Rng, axes: i64, extent: i64) -> (Program, Trace) {
    let mut program = empty("random");
    program.slabs = vec![
        SlabDecl {
            name: "model".into(),
            private: true,
        },
        SlabDecl {
            name: "data".into(),
            private: false,
        },
    ];
    let mut trace = Trace::default();
    for i in 0..8 {
        let shape = rng.shape(axes, extent);
        let values = rng.values(entries(&shape), -100, 100);
        let place = match i % 5 {
            0 => Place::Slab(0),
            1 => Place::Witness,
            2 => Place::Public,
            3 => Place::Constant(values.clone()),
            _ => Place::Slab(1),
        };
        program
            .tensors
            .push(tensor(&format!("t{i}"), &shape, place, -100, 100));
        trace.tensors.push(Arc::new(values));
    }
    (program, trace)
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

/// A random term: the axes of both sides are dealt to links at random, or to none.
pub fn random_term(rng: &mut Rng, target: &[u32], source: u32, shape: &[u32]) -> Term {
    let count = rng.range(0, 3) as usize;
    let mut links: Vec<Link> = (0..count)
        .map(|_| link(&[], &[], rng.range(-2, 2) as i32))
        .collect();
    let stride = |rng: &mut Rng| {
        if rng.range(0, 2) > 0 {
            1
        } else {
            [-3, -2, -1, 2, 3][rng.range(0, 4) as usize]
        }
    };
    for axis in 0..target.len() as u8 {
        if let Some(l) = links.get_mut(rng.range(0, 3) as usize) {
            l.target.push((axis, stride(rng)));
        }
    }
    for axis in 0..shape.len() as u8 {
        if let Some(l) = links.get_mut(rng.range(0, 3) as usize) {
            l.source.push((axis, stride(rng)));
        }
    }
    links.retain(|l| !l.target.is_empty() || !l.source.is_empty());
    let coef = [-7, -1, 1, 5][rng.range(0, 3) as usize];
    Term {
        coef,
        source: Source::Tensor(source),
        links,
    }
}
