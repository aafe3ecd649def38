//! Random tensors, and random terms that read them.

use std::sync::Arc;

use tacit_program::*;

use super::{empty, link, tensor};
use crate::Rng;

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
