//! The leaves of the LogUp tree (docs/protocol/protocol.md, section 6): a lookup entry is 1 / (alpha - tag - beta in - beta^2 out), an invalid
//! index 1 / alpha, a table row -m over the same, a padding row 0 / alpha, an unused leaf 0 / 1.

use p3_field::{PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;
use std::borrow::Cow;
use tacit_algebra::field::half_power;
use tacit_algebra::{f_from_i64, F, K};
use tacit_program::{dense, table_len, table_row, Block, Item, Prepared, Trace};

use crate::lookup_tree::layer::pairs;
use crate::lookup_tree::leaf_layer::{Kind, LeafLayer};
use crate::lookup_tree::AnyLayer;
use crate::memory::with_room;
use tacit_sumcheck::eq_tables::GRAIN;
use tacit_sumcheck::lanes::{Ext, PF, PK, W};

/// Vectors from which the numerators of a lookup are worth a segment of their own.
const SEGMENT: usize = 1 << 5;
/// An index of a padded shape that is not valid; no value of a trace is this small.
const INVALID: i64 = i64::MIN;

/// Challenges and the tables they are applied to.
struct Leaf {
    alpha: K,
    /// beta, divided by 2^shift for lookups.
    beta: K,
    beta2: K,
    tag: F,
}

impl Leaf {
    /// The denominator of a leaf; `None`: an invalid index.
    fn scalar(&self, row: Option<(i64, i64)>) -> K {
        match row {
            Some((input, output)) => {
                self.alpha
                    - self.tag
                    - self.beta * f_from_i64(input)
                    - self.beta2 * f_from_i64(output)
            }
            None => self.alpha,
        }
    }

    /// W denominators: leaves first, first + 2, ..
    #[inline]
    fn packed(&self, first: usize, row: &impl Fn(usize) -> Option<(i64, i64)>) -> PK {
        let [mut tag, mut input, mut output] = [PF::ZERO; 3];
        let lanes = tag
            .as_slice_mut()
            .iter_mut()
            .zip(input.as_slice_mut())
            .zip(output.as_slice_mut());
        for (lane, ((tag, x), y)) in lanes.enumerate() {
            if let Some((input, output)) = row(first + 2 * lane) {
                (*tag, *x, *y) = (self.tag, residue(input), residue(output));
            }
        }
        let [a, b, c] = [self.alpha, self.beta, self.beta2].map(PK::splat);
        a - PK::base(tag) - b.scale(input) - c.scale(output)
    }
}

/// x mod p without a division: |x| < p.
#[inline]
fn residue(x: i64) -> F {
    let shift = if x < 0 { tacit_algebra::P } else { 0 };
    F::from_u64((x as u64).wrapping_add(shift))
}

/// The layer of the leaves.
pub fn layer(prepared: &Prepared, trace: &Trace, alpha: K, beta: K) -> AnyLayer {
    let log = prepared.sizes.depth as usize - 1;
    let lanes = W.trailing_zeros() as usize;
    let leaves: u64 = prepared.sizes.blocks.iter().map(|b| 1u64 << b.bits).sum();
    if log < lanes {
        let mut p = vec![K::ZERO; 2 << log];
        let mut q = vec![K::ONE; 2 << log];
        for block in &prepared.sizes.blocks {
            let at = block.offset as usize..(block.offset as usize + (1 << block.bits));
            scalars(
                prepared,
                trace,
                block,
                (alpha, beta),
                &mut p[at.clone()],
                &mut q[at],
            );
        }
        return AnyLayer::Scalar(pairs(&p, &q));
    }
    AnyLayer::LeafLayer(packed(
        prepared,
        trace,
        (alpha, beta),
        log - lanes,
        leaves as usize,
    ))
}

/// Blocks of whole vectors of pairs, then the small ones.
fn packed(
    prepared: &Prepared,
    trace: &Trace,
    challenges: (K, K),
    log: usize,
    leaves: usize,
) -> LeafLayer {
    let stored = leaves.div_ceil(2 * W);
    let mut leaf_layer = LeafLayer {
        log,
        q: with_room(stored),
        p: Vec::new(),
        segments: Vec::new(),
    };
    let blocks = &prepared.sizes.blocks;
    // Blocks are sorted: from here on all are smaller than a vector of pairs.
    let large = blocks.partition_point(|b| 1usize << b.bits >= 2 * W);
    for block in &blocks[..large] {
        fill(prepared, trace, block, challenges, &mut leaf_layer);
    }
    let first = leaf_layer.q.len() * 2 * W;
    let mut p = vec![K::ZERO; stored * 2 * W - first];
    let mut q = vec![K::ONE; p.len()];
    for block in &blocks[large..] {
        let start = block.offset as usize - first;
        let at = start..start + (1 << block.bits);
        scalars(
            prepared,
            trace,
            block,
            challenges,
            &mut p[at.clone()],
            &mut q[at],
        );
    }
    let small = p.len() / (2 * W);
    if small > 0 {
        leaf_layer.push(small, Kind::Stored(leaf_layer.p.len()));
    }
    for (p, q) in p.chunks(2 * W).zip(q.chunks(2 * W)) {
        leaf_layer.p.push(vectors(p));
        leaf_layer.q.push(vectors(q));
    }
    let rest = (1usize << log) - leaf_layer.q.len();
    if rest > 0 {
        leaf_layer.push(rest, Kind::Constant(K::ZERO));
    }
    leaf_layer
}

/// 2 W values: those at even places, those at odd places.
pub fn vectors(values: &[K]) -> [PK; 2] {
    [0, 1].map(|odd| {
        let half: Vec<K> = values.iter().skip(odd).step_by(2).copied().collect();
        Ext::pack(&half)
    })
}

/// A block's rows, shared by the two ways of filling it.
enum Rows<'a> {
    Lookup {
        input: Cow<'a, [i64]>,
        output: Option<Cow<'a, [i64]>>,
        leaf: Leaf,
    },
    Table {
        id: usize,
        len: usize,
        leaf: Leaf,
    },
}

impl<'a> Rows<'a> {
    fn new(prepared: &'a Prepared, trace: &'a Trace, block: &Block, (alpha, beta): (K, K)) -> Self {
        let leaf = |table: u32, shift: u8| Leaf {
            alpha,
            beta: beta * half_power(u32::from(shift)),
            beta2: beta * beta,
            tag: F::from_u64(u64::from(table) + 1),
        };
        match block.item {
            Item::Lookup(id) => {
                let lookup = &prepared.program.lookups[id as usize];
                let padded = |expr| pad(dense(prepared, expr, &lookup.shape, trace), &lookup.shape);
                let zero = lookup.output.terms.is_empty() && lookup.output.constant == 0;
                Rows::Lookup {
                    input: padded(&lookup.input),
                    output: (!zero).then(|| padded(&lookup.output)),
                    leaf: leaf(lookup.table, lookup.shift),
                }
            }
            Item::Table(id) => {
                let len = table_len(&prepared.program.tables[id as usize].kind) as usize;
                Rows::Table {
                    id: id as usize,
                    len,
                    leaf: leaf(id, 0),
                }
            }
        }
    }
}

/// One leaf at a time.
fn scalars(
    prepared: &Prepared,
    trace: &Trace,
    block: &Block,
    challenges: (K, K),
    p: &mut [K],
    q: &mut [K],
) {
    let rows = Rows::new(prepared, trace, block, challenges);
    for (i, (p, q)) in p.iter_mut().zip(q).enumerate() {
        match &rows {
            Rows::Lookup {
                input,
                output,
                leaf,
            } => {
                let valid = input[i] != INVALID;
                *p = K::ONE;
                *q = leaf.scalar(valid.then(|| (input[i], output.as_ref().map_or(0, |o| o[i]))));
            }
            Rows::Table { id, len, leaf } => {
                let kind = &prepared.program.tables[*id].kind;
                let row = (i < *len).then(|| table_row(kind, i as u32));
                *p = if i < *len {
                    K::from(-f_from_i64(trace.multiplicities[*id][i]))
                } else {
                    K::ZERO
                };
                *q = leaf.scalar(row);
            }
        }
    }
}

/// A block of whole vectors of pairs, behind what is there.
fn fill(
    prepared: &Prepared,
    trace: &Trace,
    block: &Block,
    challenges: (K, K),
    leaf_layer: &mut LeafLayer,
) {
    let size = (1usize << block.bits) / (2 * W);
    match Rows::new(prepared, trace, block, challenges) {
        Rows::Lookup {
            input,
            output,
            leaf,
        } => fill_lookup(&input, output.as_deref(), &leaf, size, leaf_layer),
        Rows::Table { id, len, leaf } => {
            let kind = &prepared.program.tables[id].kind;
            denominators(leaf_layer, size, &leaf, |i| {
                (i < len).then(|| table_row(kind, i as u32))
            });
            fill_counts(&trace.multiplicities[id], len, size, leaf_layer);
        }
    }
}

/// A lookup's denominators; its numerators are 1.
fn fill_lookup(
    input: &[i64],
    output: Option<&[i64]>,
    leaf: &Leaf,
    size: usize,
    leaf_layer: &mut LeafLayer,
) {
    let valid = |i: usize| input[i] != INVALID;
    match output {
        None => denominators(leaf_layer, size, leaf, |i| valid(i).then(|| (input[i], 0))),
        Some(output) => denominators(leaf_layer, size, leaf, |i| {
            valid(i).then(|| (input[i], output[i]))
        }),
    }
    if size >= SEGMENT {
        leaf_layer.push(size, Kind::Constant(K::ONE));
    } else {
        let first = leaf_layer.p.len();
        leaf_layer.push(size, Kind::Stored(first));
        leaf_layer.p.resize(first + size, [PK::ONE; 2]);
    }
}

/// A table's numerators: how often a row is used, with a minus.
fn fill_counts(counts: &[i64], len: usize, size: usize, leaf_layer: &mut LeafLayer) {
    leaf_layer.push(size, Kind::Stored(leaf_layer.p.len()));
    let numerator = |i: usize| {
        if i < len {
            -residue(counts[i])
        } else {
            F::ZERO
        }
    };
    let rows = (0..size).into_par_iter().with_min_len(GRAIN);
    leaf_layer.p.par_extend(rows.map(|v| {
        [0, 1].map(|odd| PK::base(PF::from_fn(|lane| numerator(2 * W * v + 2 * lane + odd))))
    }));
}

fn denominators(
    leaf_layer: &mut LeafLayer,
    size: usize,
    leaf: &Leaf,
    row: impl Fn(usize) -> Option<(i64, i64)> + Sync,
) {
    let rows = (0..size).into_par_iter().with_min_len(GRAIN);
    leaf_layer
        .q
        .par_extend(rows.map(|v| [0, 1].map(|odd| leaf.packed(2 * W * v + odd, &row))));
}

/// Valid entries, row-major, to the padded block; as they are when every extent is a power of two.
fn pad<'a>(values: Cow<'a, [i64]>, shape: &[u32]) -> Cow<'a, [i64]> {
    if shape.iter().all(|e| e.is_power_of_two()) {
        return values;
    }
    let mut out = vec![INVALID; 1 << tacit_program::shape_bits(shape)];
    scatter(&values, shape, &mut out);
    Cow::Owned(out)
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
