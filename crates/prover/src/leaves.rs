//! The leaves of the LogUp tree (docs/protocol.md, section 6): a lookup entry is 1 / (alpha - tag - beta in - beta^2 out), an invalid
//! index 1 / alpha, a table row -m over the same, a padding row 0 / alpha, an unused leaf 0 / 1.

use p3_field::{PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;
use std::borrow::Cow;
use tacit_algebra::field::half_power;
use tacit_algebra::{f_from_i64, F, K};
use tacit_program::{dense, table_len, table_row, Block, Item, Prepared, Trace};

use crate::lanes::{PF, PK, W};
use crate::layer::{AnyLayer, Layer};
use crate::logup::pairs;

/// Vectors of pairs a task fills.
const GRAIN: usize = 1 << 8;
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
        let mut at = [[F::ZERO; W]; 3];
        for lane in 0..W {
            if let Some((input, output)) = row(first + 2 * lane) {
                at[0][lane] = self.tag;
                at[1][lane] = residue(input);
                at[2][lane] = residue(output);
            }
        }
        let [tag, input, output] = at.map(|v| *PF::from_slice(&v));
        PK::from(self.alpha) - tag - PK::from(self.beta) * input - PK::from(self.beta2) * output
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
    let live = (leaves as usize).div_ceil(2 * W);
    let mut columns: [Vec<PK>; 4] =
        std::array::from_fn(|i| vec![if i < 2 { PK::ZERO } else { PK::ONE }; live]);
    let (mut p, mut q) = (Vec::new(), Vec::new());
    let mut small = 0;
    for block in &prepared.sizes.blocks {
        if block.bits as usize > lanes {
            fill(prepared, trace, block, (alpha, beta), &mut columns);
            continue;
        }
        // Blocks are sorted: from here on all are smaller than a vector of pairs.
        if p.is_empty() {
            small = block.offset as usize / (2 * W);
            p = vec![K::ZERO; (live - small) * 2 * W];
            q = vec![K::ONE; p.len()];
        }
        let start = block.offset as usize - small * 2 * W;
        let at = start..start + (1 << block.bits);
        scalars(
            prepared,
            trace,
            block,
            (alpha, beta),
            &mut p[at.clone()],
            &mut q[at],
        );
    }
    for (i, (p, q)) in p.chunks(2 * W).zip(q.chunks(2 * W)).enumerate() {
        let packed = pairs(p, q).columns.map(|c| crate::lanes::pack(&c));
        columns
            .iter_mut()
            .zip(packed)
            .for_each(|(c, v)| c[small + i] = v);
    }
    AnyLayer::Packed(Layer {
        log: log - lanes,
        columns,
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

/// A block of whole vectors of pairs.
fn fill(
    prepared: &Prepared,
    trace: &Trace,
    block: &Block,
    challenges: (K, K),
    columns: &mut [Vec<PK>; 4],
) {
    let first = block.offset as usize / (2 * W);
    let size = (1usize << block.bits) / (2 * W);
    let part = columns.each_mut().map(|c| &mut c[first..first + size]);
    match Rows::new(prepared, trace, block, challenges) {
        Rows::Lookup {
            input,
            output: None,
            leaf,
        } => {
            let row = |i: usize| (input[i] != INVALID).then(|| (input[i], 0));
            vectors(part, &leaf, &row, &|_| F::ONE);
        }
        Rows::Lookup {
            input,
            output: Some(output),
            leaf,
        } => {
            let row = |i: usize| (input[i] != INVALID).then(|| (input[i], output[i]));
            vectors(part, &leaf, &row, &|_| F::ONE);
        }
        Rows::Table { id, len, leaf } => {
            let (kind, m) = (&prepared.program.tables[id].kind, &trace.multiplicities[id]);
            let row = |i: usize| (i < len).then(|| table_row(kind, i as u32));
            vectors(part, &leaf, &row, &|i| {
                if i < len {
                    -residue(m[i])
                } else {
                    F::ZERO
                }
            });
        }
    }
}

fn vectors(
    [p0, p1, q0, q1]: [&mut [PK]; 4],
    leaf: &Leaf,
    row: &(impl Fn(usize) -> Option<(i64, i64)> + Sync),
    numerator: &(impl Fn(usize) -> F + Sync),
) {
    let all = p0
        .par_iter_mut()
        .zip(p1)
        .zip(q0)
        .zip(q1)
        .enumerate()
        .with_min_len(GRAIN);
    all.for_each(|(v, (((p0, p1), q0), q1))| {
        let at = 2 * W * v;
        *p0 = PK::from(PF::from_fn(|lane| numerator(at + 2 * lane)));
        *p1 = PK::from(PF::from_fn(|lane| numerator(at + 2 * lane + 1)));
        *q0 = leaf.packed(at, row);
        *q1 = leaf.packed(at + 1, row);
    });
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
