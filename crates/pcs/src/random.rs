//! Secret randomness: ChaCha20 streams, one for each key and purpose. Never seen by a verifier.

use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};
use chacha20::ChaCha20;
use tacit_algebra::field::{uniform_f, uniform_k};
use tacit_algebra::{F, K};
use zeroize::Zeroize;

/// What a stream is for; the nonce of the cipher.
pub type Purpose = [u8; 12];

pub const BLINDING: Purpose = *b"blinding\0\0\0\0";
pub const SALTS: Purpose = *b"salts\0\0\0\0\0\0\0";
pub const Y_PAD: Purpose = *b"y pad\0\0\0\0\0\0\0";
pub const MASK: Purpose = *b"mask\0\0\0\0\0\0\0\0";
pub const PADS: Purpose = *b"pads\0\0\0\0\0\0\0\0";

/// Uniform field elements from a key, by rejection.
pub struct Stream {
    cipher: ChaCha20,
    buffer: [u8; 512],
    at: usize,
}

impl Stream {
    #[must_use]
    pub fn new(key: &[u8; 32], purpose: Purpose) -> Self {
        Self {
            cipher: ChaCha20::new(key.into(), &purpose.into()),
            buffer: [0; 512],
            at: 512,
        }
    }

    fn next_u64(&mut self) -> u64 {
        if self.at == self.buffer.len() {
            self.buffer = [0; 512];
            self.cipher.apply_keystream(&mut self.buffer);
            self.at = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.buffer[self.at..self.at + 8]);
        self.at += 8;
        u64::from_le_bytes(word)
    }

    pub fn next_f(&mut self) -> F {
        uniform_f(|| self.next_u64())
    }

    pub fn next_k(&mut self) -> K {
        uniform_k(|| self.next_u64())
    }

    pub fn fill(&mut self, out: &mut [F]) {
        out.iter_mut().for_each(|x| *x = self.next_f());
    }

    /// n uniform elements of K.
    pub fn k_vec(&mut self, n: usize) -> Vec<K> {
        (0..n).map(|_| self.next_k()).collect()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.buffer.zeroize();
    }
}

/// Salt words from the group of eight places that starts at `place` on: a group has 32 words, word k of its place l at 8k + l.
pub(crate) fn salt_words(key: &[u8; 32], place: usize, out: &mut [u64]) {
    let mut cipher = ChaCha20::new(key.into(), &SALTS.into());
    cipher.seek(32 * place as u64);
    let mut bytes = [0; 2048];
    for words in out.chunks_mut(bytes.len() / 8) {
        let bytes = &mut bytes[..8 * words.len()];
        bytes.fill(0);
        cipher.apply_keystream(bytes);
        for (w, b) in words.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(b);
            *w = u64::from_le_bytes(word);
        }
    }
    bytes.fill(0);
    std::hint::black_box(&bytes);
}
