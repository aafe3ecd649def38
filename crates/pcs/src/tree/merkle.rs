//! The Merkle tree over the rows of a code (docs/protocol/protocol.md, section 4) and its multi-openings.
//!
//! The lowest levels are not stored: the leaves of one block of neighbours are hashed side by side with their first nodes,
//! and an opening computes them again from the rows. Salts are a ChaCha20 stream over the places of memory.

use crate::code::encode::{reverse, Code, Shape};
use crate::random::salt_words;
use crate::tree::hashes::{
    hash_leaves, hash_nodes, lane, node, LaneDigest, LaneSponge, Word, LANES,
};
use rayon::prelude::*;
use tacit_algebra::hash::{Digest, Tag};
use tacit_algebra::Wiped;

/// Most levels that are computed again when a leaf is opened.
const MAX_SKIP: u8 = 3;
/// Places of one block that a task hashes at a time.
const CHUNK: usize = 64;
/// Levels with fewer nodes are hashed on one core.
const PARALLEL: usize = 512;

/// Digests from level `skip` up. The lowest stored level lies block by block, the others in order.
pub struct Tree {
    shape: Shape,
    skip: u8,
    levels: Vec<Vec<Digest>>,
}

/// The key of a tree's salts; none for public slabs and later codes.
pub type SaltKey<'a> = Option<&'a [u8; 32]>;

impl Tree {
    /// Hashes a whole code. `levels` is reused memory.
    pub fn build(code: &Code, key: SaltKey, mut levels: Vec<Vec<Digest>>) -> Self {
        let shape = code.shape;
        let skip = shape.log_b().min(MAX_SKIP);
        let height = usize::from(shape.log_n - skip);
        levels.resize_with(height + 1, Vec::new);
        let m = shape.m();
        let chunk = CHUNK.min(m);
        levels[0].resize(shape.n() >> skip, [0; 32]);
        levels[0]
            .par_chunks_exact_mut(chunk)
            .enumerate()
            .for_each(|(i, out)| {
                let (group, at) = (i * chunk / m, i * chunk % m);
                hash_chunk(code, key, skip, group, at, out);
            });
        let mut tree = Self {
            shape,
            skip,
            levels,
        };
        for level in 1..=height {
            tree.hash_level(level);
        }
        tree
    }

    /// Lengths of the stored levels of a tree over a code of this shape.
    pub fn stored(shape: Shape) -> impl Iterator<Item = usize> {
        let skip = shape.log_b().min(MAX_SKIP);
        let height = usize::from(shape.log_n - skip);
        (0..=height).map(move |i| 1 << (height - i))
    }

    /// Takes stored levels; the shape must fit.
    pub fn from_levels(shape: Shape, levels: Vec<Vec<Digest>>) -> Option<Self> {
        let skip = shape.log_b().min(MAX_SKIP);
        let fits = Self::stored(shape).eq(levels.iter().map(Vec::len));
        fits.then_some(Self {
            shape,
            skip,
            levels,
        })
    }

    pub fn levels(&self) -> &[Vec<Digest>] {
        &self.levels
    }

    pub fn root(&self) -> Digest {
        self.levels[self.levels.len() - 1][0]
    }

    /// Where the digest of number i of the lowest stored level lies.
    #[inline]
    fn lowest(&self, i: usize) -> usize {
        let log = self.shape.log_b() - self.skip;
        let (a, group) = (i >> log, i & ((1 << log) - 1));
        (group << self.shape.log_m) + reverse(a, self.shape.log_m)
    }

    fn hash_level(&mut self, level: usize) {
        let mut out = std::mem::take(&mut self.levels[level]);
        let below = &self.levels[level - 1];
        out.resize(below.len() / 2, [0; 32]);
        let run = |first: usize, out: &mut [Digest]| {
            if level == 1 {
                let at = |i| (&below[self.lowest(2 * i)], &below[self.lowest(2 * i + 1)]);
                hash_nodes(first, out, at);
            } else {
                hash_nodes(first, out, |i| (&below[2 * i], &below[2 * i + 1]));
            }
        };
        if out.len() < PARALLEL {
            run(0, &mut out);
        } else {
            let size = PARALLEL / 2;
            out.par_chunks_mut(size)
                .enumerate()
                .for_each(|(i, o)| run(i * size, o));
        }
        self.levels[level] = out;
    }

    /// The multi-opening at sorted positions: every row and its salt, then level by level each sibling that is not known.
    pub fn open(&self, code: &Code, key: SaltKey, positions: &[usize]) -> Vec<u8> {
        let mut out = Vec::with_capacity(positions.len() * (8 * code.width + 32 * 24));
        for &j in positions {
            code.row(j).for_each(|x| out.extend_from_slice(x));
            if let Some(key) = key {
                out.extend_from_slice(&salt(code.shape, key, j));
            }
        }
        let low = self.low_levels(code, key, positions);
        let mut known = positions.to_vec();
        for level in 0..self.shape.log_n {
            for (i, &k) in known.iter().enumerate() {
                // Sorted: a known sibling is a neighbour in the list.
                let sibling = k ^ 1;
                let there =
                    known.get(i + 1) == Some(&sibling) || (i > 0 && known[i - 1] == sibling);
                if !there {
                    out.extend_from_slice(self.digest(&low, level, sibling));
                }
            }
            known.iter_mut().for_each(|k| *k >>= 1);
            known.dedup();
        }
        out
    }

    /// The digests below the stored levels, for the blocks of neighbours that hold a position.
    fn low_levels(&self, code: &Code, key: SaltKey, positions: &[usize]) -> LowLevels {
        let mut groups: Vec<usize> = positions.iter().map(|j| j >> self.skip).collect();
        groups.dedup();
        let mut rows = Vec::new();
        let mut salts = Vec::new();
        for &g in &groups {
            for j in g << self.skip..(g + 1) << self.skip {
                code.row(j).for_each(|x| rows.extend_from_slice(x));
                if let Some(key) = key {
                    salts.extend_from_slice(&salt(code.shape, key, j));
                }
            }
        }
        let (w, s) = (8 * code.width, if key.is_some() { 32 } else { 0 });
        let mut leaves = vec![[0; 32]; groups.len() << self.skip];
        hash_leaves(code.width as u64, &mut leaves, |i| {
            (&salts[s * i..s * (i + 1)], &rows[w * i..w * (i + 1)])
        });
        let mut levels = vec![leaves];
        for k in 1..usize::from(self.skip) {
            let below = &levels[k - 1];
            let mut next = vec![[0; 32]; below.len() / 2];
            hash_nodes(0, &mut next, |i| (&below[2 * i], &below[2 * i + 1]));
            levels.push(next);
        }
        LowLevels { groups, levels }
    }

    fn digest<'a>(&'a self, low: &'a LowLevels, level: u8, i: usize) -> &'a Digest {
        if level < self.skip {
            let up = self.skip - level;
            // The group of a sibling is that of the known node.
            let group = low.groups.partition_point(|&g| g < i >> up);
            return &low.levels[usize::from(level)][(group << up) + (i & ((1 << up) - 1))];
        }
        let stored = &self.levels[usize::from(level - self.skip)];
        &stored[if level == self.skip {
            self.lowest(i)
        } else {
            i
        }]
    }
}

struct LowLevels {
    groups: Vec<usize>,
    levels: Vec<Vec<Digest>>,
}

/// The 32 bytes that salt the leaf at position j.
fn salt(shape: Shape, key: &[u8; 32], j: usize) -> Digest {
    let (b, at) = shape.place(j);
    let place = (b << shape.log_m) + at;
    let mut words = [0; 32];
    salt_words(key, place & !7, &mut words);
    let mut out = [0; 32];
    for (k, bytes) in out.chunks_exact_mut(8).enumerate() {
        bytes.copy_from_slice(&words[8 * k + place % 8].to_le_bytes());
    }
    out
}

/// The digests of level `skip` at places `at ..` of the blocks `group 2^skip ..`.
fn hash_chunk(code: &Code, key: SaltKey, skip: u8, group: usize, at: usize, out: &mut [Digest]) {
    let (m, blocks) = (code.shape.m(), 1usize << skip);
    // Salts of one block's chunk: whole groups of eight places, 32 words each.
    let span = 4 * out.len().next_multiple_of(8);
    let mut salts = Wiped::new(vec![0; if key.is_some() { span * blocks } else { 0 }]);
    if let Some(key) = key {
        for (i, words) in salts.chunks_exact_mut(span).enumerate() {
            salt_words(key, ((group * blocks + i) * m + at) & !7, words);
        }
    }
    let block = Block {
        code,
        base: at & !7,
        span,
        salts: &salts,
    };
    for (g, out) in out.chunks_mut(LANES).enumerate() {
        let first = at + g * LANES;
        let top = block.subtree(group * blocks, 0, skip, first, out.len());
        for (l, o) in out.iter_mut().enumerate() {
            *o = lane(&top, l);
        }
    }
}

/// A chunk of places of 2^skip blocks.
struct Block<'a> {
    code: &'a Code,
    /// The place where the salts of a block's chunk begin.
    base: usize,
    /// Salt words of one block's chunk.
    span: usize,
    salts: &'a [u64],
}

impl Block<'_> {
    /// The node over the leaves of blocks `b + i .. b + i + 2^level`, in each lane.
    #[inline]
    fn subtree(&self, b: usize, i: usize, level: u8, first: usize, n: usize) -> LaneDigest {
        if level == 0 {
            return self.leaves(b + i, i, first, n);
        }
        let half = 1 << (level - 1);
        let left = self.subtree(b, i, level - 1, first, n);
        let right = self.subtree(b, i + half, level - 1, first, n);
        node(&left, &right)
    }

    /// Leaves at `n` neighbouring places of block b, the i-th of this chunk. Word k of a salt lies 8k behind its first.
    #[inline]
    fn leaves(&self, b: usize, i: usize, first: usize, n: usize) -> LaneDigest {
        let (m, width) = (self.code.shape.m(), self.code.width);
        let mut sponge = LaneSponge::new(Tag::Leaf, width as u64);
        if !self.salts.is_empty() {
            let local = first - self.base;
            let at = i * self.span + 32 * (local / 8) + local % 8;
            for k in 0..4 {
                sponge.push(load(&self.salts[at + 8 * k..][..n], |w| w));
            }
        }
        let mut at = b * width * m + first;
        for _ in 0..width {
            let column = self.code.values[8 * at..8 * (at + n)].as_chunks::<8>().0;
            sponge.push(load(column, u64::from_le_bytes));
            at += m;
        }
        sponge.finish()
    }
}

/// One word of each lane; lanes beyond the end repeat the last.
#[inline(always)]
fn load<T: Copy>(x: &[T], word: impl Fn(T) -> u64) -> Word {
    if x.len() == LANES {
        std::array::from_fn(|l| word(x[l]))
    } else {
        std::array::from_fn(|l| word(x[l.min(x.len() - 1)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::encode::{encode, Column};
    use crate::random::{Stream, BLINDING};
    use p3_field::PrimeField64;
    use tacit_algebra::hash::hash;
    use tacit_algebra::F;

    /// The multi-opening of the page, from all leaves.
    fn naive(code: &Code, key: SaltKey, positions: &[usize]) -> (Digest, Vec<u8>) {
        let bytes = |j| -> Vec<u8> { code.row(j).flatten().copied().collect() };
        let salt_of = |j| key.map_or(Vec::new(), |k| salt(code.shape, k, j).to_vec());
        let mut levels = vec![(0..code.shape.n())
            .map(|j| hash(Tag::Leaf, code.width as u64, &[&salt_of(j), &bytes(j)]))
            .collect::<Vec<_>>()];
        while levels[levels.len() - 1].len() > 1 {
            let below = &levels[levels.len() - 1];
            let up = below
                .chunks(2)
                .map(|p| hash(Tag::Node, 0, &[&p[0], &p[1]]))
                .collect();
            levels.push(up);
        }
        let mut out = Vec::new();
        for &j in positions {
            out.extend(bytes(j));
            out.extend(salt_of(j));
        }
        let mut known: std::collections::BTreeSet<usize> = positions.iter().copied().collect();
        for level in &levels[..levels.len() - 1] {
            for &k in &known {
                if !known.contains(&(k ^ 1)) {
                    out.extend_from_slice(&level[k ^ 1]);
                }
            }
            known = known.into_iter().map(|k| k >> 1).collect();
        }
        (levels[levels.len() - 1][0], out)
    }

    #[test]
    fn multi_openings_agree_with_a_plain_tree() {
        let mut rng = Stream::new(&[4; 32], BLINDING);
        for (rows, log_n) in [(1, 1), (1, 2), (3, 3), (12, 5), (96, 8), (40, 12), (130, 9)] {
            for width in [1, 4, 13, 24] {
                for key in [None, Some(&[9; 32])] {
                    let mut columns = vec![vec![F::new(0); rows]; width];
                    columns.iter_mut().for_each(|c| rng.fill(c));
                    let columns: Vec<Column> = columns.iter().map(|c| Column(c, &[])).collect();
                    let code = encode(&columns, Shape::new(rows, log_n));
                    let tree = Tree::build(&code, key, Vec::new());
                    let mut positions: Vec<usize> = (0..9)
                        .map(|_| rng.next_f().as_canonical_u64() as usize % (1 << log_n))
                        .collect();
                    positions.sort_unstable();
                    positions.dedup();
                    let (root, opening) = naive(&code, key, &positions);
                    assert_eq!(tree.root(), root, "{rows} {log_n} {width}");
                    assert_eq!(tree.open(&code, key, &positions), opening);
                }
            }
        }
    }
}
