//! keccak256 of several messages side by side, word by word: lane l of every word belongs to message l.

use tacit_algebra::hash::{tag_word, Digest, Tag};
use tacit_algebra::keccak::permute;
pub use tacit_algebra::keccak::{Word, LANES};

/// Digests of all lanes: four words.
pub type LaneDigest = [Word; 4];

/// Words absorbed before a permutation: the rate of keccak256.
const RATE: usize = 17;
const CLOSING: u64 = 0x80 << 56;

/// A sponge over messages whose length is a multiple of eight bytes.
pub struct LaneSponge {
    state: [Word; 25],
    at: usize,
}

impl LaneSponge {
    /// Starts with T(tag, n) in every lane.
    #[inline]
    pub fn new(tag: Tag, n: u64) -> Self {
        let mut sponge = Self {
            state: [[0; LANES]; 25],
            at: 0,
        };
        sponge.push([u64::from_le_bytes(tag_word(tag, n)); LANES]);
        sponge
    }

    #[inline]
    pub fn push(&mut self, word: Word) {
        let slot = &mut self.state[self.at];
        *slot = std::array::from_fn(|l| slot[l] ^ word[l]);
        self.at += 1;
        if self.at == RATE {
            permute(&mut self.state);
            self.at = 0;
        }
    }

    /// The original padding: 0x01 behind the message, 0x80 at the end of the block.
    #[inline]
    pub fn finish(&mut self) -> LaneDigest {
        let slot = &mut self.state[self.at];
        *slot = slot.map(|w| w ^ 1);
        let last = &mut self.state[RATE - 1];
        *last = last.map(|w| w ^ CLOSING);
        permute(&mut self.state);
        [self.state[0], self.state[1], self.state[2], self.state[3]]
    }
}

/// H(T(1,0) || left || right) in every lane.
#[cfg(feature = "prove")]
#[inline]
pub fn node(left: &LaneDigest, right: &LaneDigest) -> LaneDigest {
    let mut sponge = LaneSponge::new(Tag::Node, 0);
    for w in left.iter().chain(right) {
        sponge.push(*w);
    }
    sponge.finish()
}

/// The digest of one lane.
#[inline]
pub fn lane(d: &LaneDigest, l: usize) -> Digest {
    let mut out = [0; 32];
    for (bytes, word) in out.chunks_exact_mut(8).zip(d) {
        bytes.copy_from_slice(&word[l].to_le_bytes());
    }
    out
}

#[inline]
fn word_of(d: &Digest, k: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&d[8 * k..8 * k + 8]);
    u64::from_le_bytes(bytes)
}

/// out[i] = H(T(1,0) || children(i).0 || children(i).1).
pub fn hash_nodes<'a>(
    first: usize,
    out: &mut [Digest],
    children: impl Fn(usize) -> (&'a Digest, &'a Digest),
) {
    for (g, group) in out.chunks_mut(LANES).enumerate() {
        let at = first + g * LANES;
        let last = group.len() - 1;
        let pairs: [_; LANES] = std::array::from_fn(|l| children(at + l.min(last)));
        let mut sponge = LaneSponge::new(Tag::Node, 0);
        for k in 0..4 {
            sponge.push(std::array::from_fn(|l| word_of(pairs[l].0, k)));
        }
        for k in 0..4 {
            sponge.push(std::array::from_fn(|l| word_of(pairs[l].1, k)));
        }
        let d = sponge.finish();
        for (l, o) in group.iter_mut().enumerate() {
            *o = lane(&d, l);
        }
    }
}

/// out[i] = H(T(0, width) || salt_i || row_i) for rows of `8 width` bytes; `parts(i)` is (salt, row).
///
/// # Panics
/// For rows of another length, or salts of different ones.
pub fn hash_leaves<'a>(
    width: u64,
    out: &mut [Digest],
    parts: impl Fn(usize) -> (&'a [u8], &'a [u8]),
) {
    for (g, group) in out.chunks_mut(LANES).enumerate() {
        let last = group.len() - 1;
        let lanes: [_; LANES] = std::array::from_fn(|l| parts(g * LANES + l.min(last)));
        for (salt, row) in lanes {
            // Words beyond those of lane 0 would not be hashed.
            assert_eq!(row.len() as u64, 8 * width, "a row of the tree");
            assert_eq!(salt.len(), lanes[0].0.len(), "salts of one length");
            assert_eq!(salt.len() % 8, 0, "a salt of whole words");
        }
        let mut sponge = LaneSponge::new(Tag::Leaf, width);
        for part in [|p: (&'a [u8], &'a [u8])| p.0, |p: (&'a [u8], &'a [u8])| p.1] {
            let columns = lanes.map(part);
            for k in 0..columns[0].len() / 8 {
                sponge.push(columns.map(|bytes| {
                    let mut w = [0; 8];
                    w.copy_from_slice(&bytes[8 * k..8 * k + 8]);
                    u64::from_le_bytes(w)
                }));
            }
        }
        let d = sponge.finish();
        for (l, o) in group.iter_mut().enumerate() {
            *o = lane(&d, l);
        }
    }
}

/// H(T(1, 0) || left || right) of each pair.
pub fn hash_pairs(pairs: &[(Digest, Digest)]) -> Vec<Digest> {
    let mut out = vec![[0; 32]; pairs.len()];
    hash_nodes(0, &mut out, |i| (&pairs[i].0, &pairs[i].1));
    out
}

/// `hash_leaves` of (salt, row) pairs.
pub fn hash_rows(width: u64, parts: &[(&[u8], &[u8])]) -> Vec<Digest> {
    let mut out = vec![[0; 32]; parts.len()];
    hash_leaves(width, &mut out, |i| parts[i]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacit_algebra::hash::hash;

    #[test]
    fn nodes_and_leaves_agree_with_the_plain_hash() {
        for n in [1, 2, 7, 8, 9, 20] {
            let digests: Vec<Digest> = (0..2 * n).map(|i| [i as u8; 32]).collect();
            let mut out = vec![[0; 32]; n];
            hash_nodes(0, &mut out, |i| (&digests[2 * i], &digests[2 * i + 1]));
            for (i, o) in out.iter().enumerate() {
                let want = hash(Tag::Node, 0, &[&digests[2 * i], &digests[2 * i + 1]]);
                assert_eq!(*o, want);
            }
        }
        for width in [1, 5, 12, 13, 16, 17, 18, 24, 40] {
            for salt in [0, 32] {
                let row =
                    |i: usize| -> Vec<u8> { (0..8 * width).map(|j| (i * 7 + j) as u8).collect() };
                let rows: Vec<Vec<u8>> = (0..11).map(row).collect();
                let salts: Vec<Vec<u8>> = (0..11).map(|i| vec![i as u8; salt]).collect();
                let mut out = vec![[0; 32]; 11];
                hash_leaves(width as u64, &mut out, |i| (&salts[i], &rows[i]));
                for i in 0..11 {
                    let want = hash(Tag::Leaf, width as u64, &[&salts[i], &rows[i]]);
                    assert_eq!(out[i], want);
                }
            }
        }
    }
}
