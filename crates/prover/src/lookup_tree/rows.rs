//! What a block of leaves looks up: the rows of a lookup or of a table, by index.

use tacit_program::{dense_in, table_len, Block, Item, Prepared, TableKind, Trace};

use rayon::prelude::*;

/// An index of a padded shape that is not valid; no value of a trace is this small.
const INVALID: i64 = i64::MIN;

/// Memory for the values of one lookup after the other.
#[derive(Default)]
pub struct Scratch {
    input: [Vec<i64>; 2],
    output: [Vec<i64>; 2],
}

/// A block's rows.
pub enum Rows<'a> {
    /// Values over the padded shape; without outputs all are 0.
    Lookup {
        id: usize,
        input: &'a [i64],
        output: Option<&'a [i64]>,
    },
    Table {
        id: usize,
        kind: &'a TableKind,
        len: usize,
        counts: &'a [i64],
    },
}

impl<'a> Rows<'a> {
    pub fn new(
        prepared: &'a Prepared,
        trace: &'a Trace,
        block: &Block,
        scratch: &'a mut Scratch,
    ) -> Self {
        match block.item {
            Item::Lookup(id) => {
                let id = id as usize;
                let lookup = &prepared.program.lookups[id];
                let shape = &lookup.shape;
                let padded = |expr, [valid, all]: &'a mut [Vec<i64>; 2]| {
                    let there = dense_in(prepared, expr, shape, trace, valid);
                    pad(there.unwrap_or(valid), shape, all)
                };
                let zero = lookup.output.terms.is_empty() && lookup.output.constant == 0;
                Rows::Lookup {
                    id,
                    input: padded(&lookup.input, &mut scratch.input),
                    output: (!zero).then(|| padded(&lookup.output, &mut scratch.output)),
                }
            }
            Item::Table(id) => {
                let id = id as usize;
                let kind = &prepared.program.tables[id].kind;
                Rows::Table {
                    id,
                    kind,
                    len: table_len(kind) as usize,
                    counts: &trace.multiplicities[id],
                }
            }
        }
    }
}

/// Whether an index of a lookup's padded shape has a value.
#[inline(always)]
pub fn is_valid(input: i64) -> bool {
    input != INVALID
}

/// Valid entries, row-major, to the padded block; as they are when every extent is a power of two.
fn pad<'a>(values: &'a [i64], shape: &[u32], all: &'a mut Vec<i64>) -> &'a [i64] {
    if shape.iter().all(|e| e.is_power_of_two()) {
        return values;
    }
    all.clear();
    all.resize(1 << tacit_program::shape_bits(shape), INVALID);
    let [extent, inner @ ..] = shape else {
        return values;
    };
    let stride = 1usize << tacit_program::shape_bits(inner);
    let used = values.len() / *extent as usize;
    all.par_chunks_mut(stride)
        .zip(values.par_chunks(used))
        .with_min_len((1 << 14) / stride + 1)
        .for_each(|(all, values)| {
            scatter(values, inner, all);
        });
    all
}

/// Copies axis by axis; returns how many values were used.
fn scatter(values: &[i64], shape: &[u32], out: &mut [i64]) -> usize {
    let [extent, inner @ ..] = shape else {
        out[0] = values[0];
        return 1;
    };
    let stride = 1usize << tacit_program::shape_bits(inner);
    if inner.is_empty() {
        let n = *extent as usize;
        out[..n].copy_from_slice(&values[..n]);
        return n;
    }
    let mut used = 0;
    for block in out.chunks_mut(stride).take(*extent as usize) {
        used += scatter(&values[used..], inner, block);
    }
    used
}
