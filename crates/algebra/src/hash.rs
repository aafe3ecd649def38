//! keccak256 with the domain word T(tag, n) in front of every use (docs/protocol.md section 1).

use crate::field::{k_new, F, K, P};
use p3_field::PrimeCharacteristicRing;
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
    File = 10,
}

/// T(tag, n): n < 2^56.
#[inline]
pub fn tag_word(tag: Tag, n: u64) -> [u8; 8] {
    ((tag as u64) << 56 | n).to_be_bytes()
}

/// H(T(tag, n) || parts).
pub fn hash(tag: Tag, n: u64, parts: &[&[u8]]) -> Digest {
    let word = tag_word(tag, n);
    Keccak256Hash.hash_iter_slices(std::iter::once(&word[..]).chain(parts.iter().copied()))
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
        loop {
            let w = self.next_u64();
            if w < P {
                return F::from_u64(w);
            }
        }
    }

    pub fn next_k(&mut self) -> K {
        let c = [self.next_f(), self.next_f(), self.next_f()];
        k_new(c)
    }
}
