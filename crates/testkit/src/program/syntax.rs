//! Pieces of a program, with their links written out.

use tacit_program::*;

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
        index: None,
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
