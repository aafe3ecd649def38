//! keccak256 with the domain word T(tag, n) in front of every use (docs/protocol/protocol.md section 1).

use crate::field::{uniform_f, uniform_k, F, K};
use crate::keccak::permute_one;
use p3_keccak::Keccak256Hash;
use p3_symmetric::CryptographicHasher;

pub type Digest = [u8; 32];

/// What a hash is for; its number is the top byte of the first word hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    Leaf = 0,
    Node = 1,
    Transcript = 2,
    Stream = 4,
    Identity = 5,
    Binding = 6,
    Program = 7,
    Schema = 8,
    PublicBlock = 9,
    File = 10,
    Architecture = 11,
}

/// T(tag, n): n < 2^56.
#[inline]
pub fn tag_word(tag: Tag, n: u64) -> [u8; 8] {
    ((tag as u64) << 56 | n).to_be_bytes()
}

/// Bytes absorbed before a permutation.
const RATE: usize = 136;

/// H(T(tag, n) || parts).
pub fn hash(tag: Tag, n: u64, parts: &[&[u8]]) -> Digest {
    let mut sponge = Keccak::new();
    sponge.update(&tag_word(tag, n));
    parts.iter().for_each(|part| sponge.update(part));
    sponge.finish()
}

/// keccak256 with the original padding.
struct Keccak {
    state: [u64; 25],
    block: [u8; RATE],
    at: usize,
}

impl Keccak {
    fn new() -> Self {
        Self {
            state: [0; 25],
            block: [0; RATE],
            at: 0,
        }
    }

    fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let (now, later) = data.split_at(data.len().min(RATE - self.at));
            self.block[self.at..self.at + now.len()].copy_from_slice(now);
            self.at += now.len();
            data = later;
            if self.at == RATE {
                self.absorb();
            }
        }
    }

    fn absorb(&mut self) {
        for (s, bytes) in self.state.iter_mut().zip(self.block.as_chunks::<8>().0) {
            *s ^= u64::from_le_bytes(*bytes);
        }
        permute_one(&mut self.state);
        self.at = 0;
    }

    /// 0x01 behind the message, 0x80 at the end of the block.
    fn finish(mut self) -> Digest {
        self.block[self.at..].fill(0);
        self.block[self.at] = 0x01;
        self.block[RATE - 1] |= 0x80;
        self.absorb();
        let mut out = [0; 32];
        for (bytes, s) in out.as_chunks_mut::<8>().0.iter_mut().zip(&self.state) {
            *bytes = s.to_le_bytes();
        }
        out
    }
}

/// keccak256 of many messages of one length, side by side: `input` is their concatenation, tag words included.
pub fn hash_many(input: &[u8], out: &mut [Digest]) {
    Keccak256Hash.hash_many(input, out);
}

/// The stream words(key): uniform F elements by rejection.
pub struct Words {
    key: Digest,
    block: u64,
    buffer: [u64; 4],
    at: usize,
}

impl Words {
    pub fn new(key: Digest) -> Self {
        Self {
            key,
            block: 0,
            buffer: [0; 4],
            at: 4,
        }
    }

    /// The next u64 of the stream, nothing skipped.
    pub fn next_u64(&mut self) -> u64 {
        if self.at == 4 {
            let d = hash(Tag::Stream, 0, &[&self.key, &self.block.to_be_bytes()]);
            self.block += 1;
            for (w, c) in self.buffer.iter_mut().zip(d.chunks_exact(8)) {
                *w = c.iter().fold(0, |a, &b| a << 8 | b as u64);
            }
            self.at = 0;
        }
        let w = self.buffer[self.at];
        self.at += 1;
        w
    }

    pub fn next_f(&mut self) -> F {
        uniform_f(|| self.next_u64())
    }

    pub fn next_k(&mut self) -> K {
        uniform_k(|| self.next_u64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_hashed_as_by_the_library() {
        let data: Vec<u8> = (0..500).map(|i| (i * 7 + 3) as u8).collect();
        let word = tag_word(Tag::Leaf, 5);
        for n in 0..data.len() {
            let want: Digest = Keccak256Hash.hash_iter_slices([&word[..], &data[..n]]);
            assert_eq!(hash(Tag::Leaf, 5, &[&data[..n]]), want);
            let (a, b) = data[..n].split_at(n / 3);
            assert_eq!(hash(Tag::Leaf, 5, &[a, &[], b]), want);
        }
    }
}
