//! The leaves of the LogUp tree (docs/protocol/protocol.md, section 6): a lookup entry is 1 / (alpha - tag - beta in - beta^2 out), an invalid
//! index 1 / alpha, a table row -m over the same, a padding row 0 / alpha, an unused leaf 0 / 1.
//!
//! A leaf takes 24 bytes, and so do all layers above it, a leaf's share of the next one being 24 and of the others 24 together.
//! In a large tree the first touch of that memory costs more than the arithmetic, and it is what a proof needs most of. So the
//! leaves and the layer above them are made where they are asked for, once from below and once on the way down: 24 bytes a leaf
//! at any time, and three times the leaves' arithmetic.

use p3_field::{PackedValue, PrimeCharacteristicRing};
use rayon::prelude::*;
use tacit_algebra::field::half_power;
use tacit_algebra::{f_from_i64, F, K};
use tacit_program::{table_row, Block, Prepared, Trace};

use crate::lookup_tree::any_layer::{fraction, parent, AnyLayer};
use crate::lookup_tree::layer::{pair, pairs, Layer, Pair};
use crate::lookup_tree::leaf_layer::{Kind, LeafLayer};
use crate::lookup_tree::rows::{is_valid, Rows, Scratch};
use crate::memory::{as_pairs, with_room};
use tacit_sumcheck::eq_tables::GRAIN;
use tacit_sumcheck::lanes::{Ext, PF, PK, W};

/// Vectors from which the numerators of a lookup are worth a segment of their own.
const SEGMENT: usize = 1 << 5;
/// Vectors of leaves that stand under one vector of pairs, two layers up.
const ABOVE: usize = 4;
/// Leaves from which they are made again instead of being kept.
const AGAIN: usize = 1 << 20;

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

/// What the tree stands on: its lowest layer, or what makes the lowest two again.
pub enum Ground<'a> {
    Kept(AnyLayer),
    Again(Leaves<'a>),
}

impl<'a> Ground<'a> {
    pub fn new(prepared: &'a Prepared, trace: &'a Trace, challenges: (K, K)) -> Self {
        Self::keeping(prepared, trace, challenges, AGAIN)
    }

    /// As `new`; leaves are kept where there are fewer than `again`.
    pub fn keeping(
        prepared: &'a Prepared,
        trace: &'a Trace,
        challenges: (K, K),
        again: usize,
    ) -> Self {
        let log = prepared.sizes.depth as usize - 1;
        let mut leaves = Leaves {
            prepared,
            trace,
            challenges,
            log: log.saturating_sub(W.trailing_zeros() as usize),
            large: 0,
            tail: Vec::new(),
            scratch: Scratch::default(),
        };
        let count: u64 = prepared.sizes.blocks.iter().map(|b| 1u64 << b.bits).sum();
        if 1usize << log < W {
            let (p, q) = leaves.scalars(0, 2 << log);
            return Self::Kept(AnyLayer::Scalar(pairs(&p, &q)));
        }
        leaves.split(count as usize);
        if (count as usize) < again || leaves.log < 2 {
            return Self::Kept(AnyLayer::LeafLayer(leaves.all(Vec::new())));
        }
        Self::Again(leaves)
    }
}

/// The leaves of a program's lookups and tables, not kept.
pub struct Leaves<'a> {
    prepared: &'a Prepared,
    trace: &'a Trace,
    challenges: (K, K),
    /// 2^log vectors of pairs of leaves.
    log: usize,
    /// Blocks that fill whole vectors of pairs two layers up; they come first, blocks being sorted by size.
    large: usize,
    /// The vectors of pairs of all smaller ones.
    tail: Vec<Pair<PF>>,
    scratch: Scratch,
}

impl Leaves<'_> {
    /// Cuts `count` leaves into large blocks and the rest.
    fn split(&mut self, count: usize) {
        let blocks = &self.prepared.sizes.blocks;
        self.large = blocks.partition_point(|b| 1usize << b.bits >= 2 * W * ABOVE);
        let first: usize = blocks[..self.large].iter().map(|b| 1 << b.bits).sum();
        let (p, q) = self.scalars(self.large, (count - first).next_multiple_of(2 * W));
        let vector = |(p, q): (&[K], &[K])| {
            let ([p0, p1], [q0, q1]) = (vectors(p), vectors(q));
            [p0, p1, q0, q1]
        };
        self.tail = p.chunks(2 * W).zip(q.chunks(2 * W)).map(vector).collect();
    }

    /// The pairs two layers above the leaves, in memory with room for the layer between.
    pub fn second(&mut self) -> Layer<PF> {
        let room = self.stored().div_ceil(2);
        let mut out = Second(with_room(room));
        self.large_blocks(&mut out);
        let tail = parent(&parent(&self.tail_layer()));
        out.0.extend(tail.pairs);
        Layer {
            log: self.log - 2,
            pairs: out.0,
        }
    }

    /// The pairs of the layer above the leaves, in the memory of another one.
    pub fn first(&mut self, mut memory: Vec<Pair<PF>>) -> Layer<PF> {
        memory.clear();
        let mut out = First(memory);
        self.large_blocks(&mut out);
        out.0.extend(parent(&self.tail_layer()).pairs);
        Layer {
            log: self.log - 1,
            pairs: out.0,
        }
    }

    /// The layer of the leaves, in the memory of another one.
    pub fn all(&mut self, mut memory: Vec<Pair<PF>>) -> LeafLayer {
        memory.clear();
        let mut q = as_pairs(memory);
        if q.capacity() < self.stored() {
            q = with_room(self.stored());
        }
        let mut out = LeafLayer {
            log: self.log,
            q,
            p: Vec::new(),
            segments: Vec::new(),
        };
        self.large_blocks(&mut out);
        if !self.tail.is_empty() {
            out.push(self.tail.len(), Kind::Stored(out.p.len()));
        }
        for &[p0, p1, q0, q1] in &self.tail {
            out.p.push([p0, p1]);
            out.q.push([q0, q1]);
        }
        let rest = (1usize << self.log) - out.q.len();
        if rest > 0 {
            out.push(rest, Kind::Constant(K::ZERO));
        }
        out
    }

    /// Vectors of pairs of leaves that are not 0 / 1 throughout.
    fn stored(&self) -> usize {
        let blocks = self.prepared.sizes.blocks[..self.large].iter();
        blocks.map(|b| (1usize << b.bits) / (2 * W)).sum::<usize>() + self.tail.len()
    }

    fn tail_layer(&self) -> Layer<PF> {
        // Layers above end where their pairs do: the number of variables is not read.
        Layer {
            log: self.log,
            pairs: self.tail.clone(),
        }
    }

    /// Every large block, in order.
    fn large_blocks(&mut self, pass: &mut impl Pass) {
        let (prepared, trace) = (self.prepared, self.trace);
        for block in &prepared.sizes.blocks[..self.large] {
            let size = (1usize << block.bits) / (2 * W);
            match Rows::new(prepared, trace, block, &mut self.scratch) {
                Rows::Lookup { id, input, output } => {
                    let leaf = lookup_leaf(prepared, id, self.challenges);
                    let numerators = |_| None;
                    let valid = |i: usize| is_valid(input[i]);
                    match output {
                        None => {
                            let row = |i: usize| valid(i).then(|| (input[i], 0));
                            let leaf = &leaf;
                            pass.block(
                                size,
                                &Computed {
                                    leaf,
                                    row,
                                    numerators,
                                },
                            );
                        }
                        Some(output) => {
                            let row = |i: usize| valid(i).then(|| (input[i], output[i]));
                            let leaf = &leaf;
                            pass.block(
                                size,
                                &Computed {
                                    leaf,
                                    row,
                                    numerators,
                                },
                            );
                        }
                    }
                }
                Rows::Table {
                    id,
                    kind,
                    len,
                    counts,
                } => {
                    let leaf = table_leaf(id, self.challenges);
                    let row = |i: usize| (i < len).then(|| table_row(kind, i as u32));
                    let numerator = |i: usize| {
                        if i < len {
                            -residue(counts[i])
                        } else {
                            F::ZERO
                        }
                    };
                    let numerators = |v: usize| {
                        Some([0, 1].map(|odd| {
                            let lane = |lane| numerator(2 * W * v + 2 * lane + odd);
                            PK::base(PF::from_fn(lane))
                        }))
                    };
                    let leaf = &leaf;
                    pass.block(
                        size,
                        &Computed {
                            leaf,
                            row,
                            numerators,
                        },
                    );
                }
            }
        }
    }

    /// Numerators and denominators of the blocks from the given one on, one leaf at a time; 0 / 1 behind them.
    fn scalars(&mut self, from: usize, len: usize) -> (Vec<K>, Vec<K>) {
        let (mut p, mut q) = (vec![K::ZERO; len], vec![K::ONE; len]);
        let blocks = &self.prepared.sizes.blocks[from..];
        let mut at = 0;
        for block in blocks {
            let size = 1usize << block.bits;
            self.scalar_block(block, &mut p[at..at + size], &mut q[at..at + size]);
            at += size;
        }
        (p, q)
    }

    fn scalar_block(&mut self, block: &Block, p: &mut [K], q: &mut [K]) {
        let all = p.iter_mut().zip(q).enumerate();
        match Rows::new(self.prepared, self.trace, block, &mut self.scratch) {
            Rows::Lookup { id, input, output } => {
                let leaf = lookup_leaf(self.prepared, id, self.challenges);
                for (i, (p, q)) in all {
                    let row = (input[i], output.map_or(0, |o| o[i]));
                    *p = K::ONE;
                    *q = leaf.scalar(is_valid(input[i]).then_some(row));
                }
            }
            Rows::Table {
                id,
                kind,
                len,
                counts,
            } => {
                let leaf = table_leaf(id, self.challenges);
                for (i, (p, q)) in all {
                    *q = leaf.scalar((i < len).then(|| table_row(kind, i as u32)));
                    if i < len {
                        *p = K::from(-f_from_i64(counts[i]));
                    }
                }
            }
        }
    }
}

fn lookup_leaf(prepared: &Prepared, id: usize, challenges: (K, K)) -> Leaf {
    let lookup = &prepared.program.lookups[id];
    leaf(lookup.table as usize, lookup.shift, challenges)
}

fn table_leaf(id: usize, challenges: (K, K)) -> Leaf {
    leaf(id, 0, challenges)
}

fn leaf(table: usize, shift: u8, (alpha, beta): (K, K)) -> Leaf {
    Leaf {
        alpha,
        beta: beta * half_power(u32::from(shift)),
        beta2: beta * beta,
        tag: F::from_u64(table as u64 + 1),
    }
}

/// 2 W values: those at even places, those at odd places.
pub fn vectors(values: &[K]) -> [PK; 2] {
    [0, 1].map(|odd| {
        let half: Vec<K> = values.iter().skip(odd).step_by(2).copied().collect();
        Ext::pack(&half)
    })
}

/// A block's vectors of 2 W leaves, computed where they are asked for.
trait Vectors: Sync {
    fn denominators(&self, v: usize) -> [PK; 2];

    /// `None`: all 1.
    fn numerators(&self, v: usize) -> Option<[PK; 2]>;

    /// The sum of a vector's fractions, pair by pair.
    #[inline(always)]
    fn sum(&self, v: usize) -> (PK, PK) {
        let [q0, q1] = self.denominators(v);
        match self.numerators(v) {
            None => (q0 + q1, q0 * q1),
            Some([p0, p1]) => fraction([p0, p1, q0, q1]),
        }
    }

    /// A vector of pairs of the layer above.
    #[inline(always)]
    fn first(&self, x: usize) -> Pair<PF> {
        pair(self.sum(2 * x), self.sum(2 * x + 1))
    }

    /// A vector of pairs two layers above.
    #[inline(always)]
    fn second(&self, x: usize) -> Pair<PF> {
        let [a, b] = [2 * x, 2 * x + 1].map(|x| fraction(self.first(x)));
        pair(a, b)
    }
}

struct Computed<'a, R, N> {
    leaf: &'a Leaf,
    /// The row at an index; `None` where it is not valid.
    row: R,
    numerators: N,
}

impl<R, N> Vectors for Computed<'_, R, N>
where
    R: Fn(usize) -> Option<(i64, i64)> + Sync,
    N: Fn(usize) -> Option<[PK; 2]> + Sync,
{
    #[inline(always)]
    fn denominators(&self, v: usize) -> [PK; 2] {
        [0, 1].map(|odd| self.leaf.packed(2 * W * v + odd, &self.row))
    }

    #[inline(always)]
    fn numerators(&self, v: usize) -> Option<[PK; 2]> {
        (self.numerators)(v)
    }
}

/// What is made of the large blocks.
trait Pass {
    /// A block of `size` vectors of pairs of leaves.
    fn block(&mut self, size: usize, vectors: &impl Vectors);
}

struct First(Vec<Pair<PF>>);
struct Second(Vec<Pair<PF>>);

impl Pass for First {
    fn block(&mut self, size: usize, vectors: &impl Vectors) {
        self.0
            .par_extend(indices(size / 2).map(|x| vectors.first(x)));
    }
}

impl Pass for Second {
    fn block(&mut self, size: usize, vectors: &impl Vectors) {
        self.0
            .par_extend(indices(size / ABOVE).map(|x| vectors.second(x)));
    }
}

impl Pass for LeafLayer {
    fn block(&mut self, size: usize, vectors: &impl Vectors) {
        self.q
            .par_extend(indices(size).map(|v| vectors.denominators(v)));
        if size >= SEGMENT && vectors.numerators(0).is_none() {
            return self.push(size, Kind::Constant(K::ONE));
        }
        self.push(size, Kind::Stored(self.p.len()));
        let ones = [PK::ONE; 2];
        self.p
            .par_extend(indices(size).map(|v| vectors.numerators(v).unwrap_or(ones)));
    }
}

fn indices(count: usize) -> impl IndexedParallelIterator<Item = usize> {
    (0..count).into_par_iter().with_min_len(GRAIN)
}
