//! The only door of a proof: everything is absorbed when it is written or read (docs/protocol/protocol.md section 2).
//!
//! Pads live here: a padded message sends value - pad, and reads as an affine value of the committed pads.

#[cfg(feature = "testing")]
pub mod testing;

use tacit_algebra::field::{k_from_bytes, k_to_bytes};
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::{Affine, Wiped, K};

/// Why reading an argument stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("the argument ends inside {kind}: {needed} bytes at offset {at}, {left} left")]
    Truncated {
        kind: &'static str,
        at: usize,
        needed: usize,
        left: usize,
    },
    #[error("{kind} at offset {at} holds a number that is not below p")]
    NonCanonical { kind: &'static str, at: usize },
    #[error("{left} bytes after the end of the argument")]
    TrailingBytes { left: usize },
    #[error("the nonce at offset {at} does not have {bits} zero bits")]
    Grinding { at: usize, bits: u8 },
}

impl ReadError {
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Truncated { .. } => "truncated",
            Self::NonCanonical { .. } => "non_canonical",
            Self::TrailingBytes { .. } => "trailing_bytes",
            Self::Grinding { .. } => "grinding",
        }
    }
}

/// The hash chain that both sides run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sponge {
    state: Digest,
    /// What a test changes about the chain: a programmed oracle, or one with holes.
    #[cfg(feature = "testing")]
    oracle: testing::Oracle,
}

impl Default for Sponge {
    fn default() -> Self {
        Self::new()
    }
}

impl Sponge {
    pub fn new() -> Self {
        Self {
            state: hash(Tag::Transcript, 0, &[b"tacit/1"]),
            #[cfg(feature = "testing")]
            oracle: testing::current(),
        }
    }

    pub fn state(&self) -> &Digest {
        &self.state
    }

    pub fn absorb(&mut self, kind: &str, data: &[u8]) {
        #[cfg(feature = "testing")]
        if self.oracle.is_deaf(kind) {
            return;
        }
        let (k, d) = (
            (kind.len() as u64).to_be_bytes(),
            (data.len() as u64).to_be_bytes(),
        );
        self.state = hash(
            Tag::Transcript,
            1,
            &[&self.state, &k, kind.as_bytes(), &d, data],
        );
    }

    pub fn challenge(&mut self, kind: &str) -> K {
        let drawn = self.draw(2, kind).next_k();
        #[cfg(feature = "testing")]
        let drawn = self.oracle.given(kind).unwrap_or(drawn);
        drawn
    }

    /// The stream of the next draw; n tells challenges (2) from positions (3).
    fn draw(&mut self, n: u64, kind: &str) -> Words {
        let k = (kind.len() as u64).to_be_bytes();
        self.state = hash(Tag::Transcript, n, &[&self.state, &k, kind.as_bytes()]);
        #[cfg(feature = "testing")]
        if let Some(words) = self.oracle.words(kind) {
            return words;
        }
        Words::new(self.state)
    }

    pub fn challenges(&mut self, kind: &str, n: usize) -> Vec<K> {
        (0..n).map(|_| self.challenge(kind)).collect()
    }

    /// `count` positions below 2^log, drawn with replacement; sorted, each once.
    pub fn positions(&mut self, kind: &str, count: usize, log: u8) -> Vec<usize> {
        let mut words = self.draw(3, kind);
        let mask = (1u64 << log.min(63)) - 1;
        let mut out: Vec<usize> = (0..count)
            .map(|_| (words.next_u64() & mask) as usize)
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    }

    /// Whether the low `bits` bits of the first eight bytes of the state are zero.
    pub fn has_work(&self, bits: u8) -> bool {
        let mut first = [0; 8];
        first.copy_from_slice(&self.state[..8]);
        u64::from_be_bytes(first) & ((1u64 << bits.min(63)) - 1) == 0
    }
}

/// The prover's side.
pub struct Writer {
    pub sponge: Sponge,
    proof: Vec<u8>,
    pads: Wiped<K>,
    used: usize,
}

impl Writer {
    pub fn new() -> Self {
        Self {
            sponge: Sponge::new(),
            proof: Vec::new(),
            pads: Wiped::default(),
            used: 0,
        }
    }

    /// Pads are known once the whole statement is absorbed.
    pub fn set_pads(&mut self, pads: Vec<K>) {
        self.pads = Wiped::new(pads);
    }

    pub fn send_bytes(&mut self, kind: &str, data: &[u8]) {
        self.proof.extend_from_slice(data);
        self.sponge.absorb(kind, data);
    }

    pub fn send_clear(&mut self, kind: &str, values: &[K]) {
        let bytes: Vec<u8> = values.iter().flat_map(k_to_bytes).collect();
        self.send_bytes(kind, &bytes);
    }

    /// Sends value - pad for each value, a fresh pad each. Panics when pads run out: the count is static.
    pub fn send_padded(&mut self, kind: &str, values: &[K]) {
        let sent: Vec<K> = values.iter().map(|&v| v - self.take_pad()).collect();
        self.send_clear(kind, &sent);
    }

    /// The next pad itself (dummy triples).
    pub fn take_pad(&mut self) -> K {
        self.used += 1;
        self.pads[self.used - 1]
    }

    pub fn pads_used(&self) -> usize {
        self.used
    }

    pub fn challenge(&mut self, kind: &str) -> K {
        self.sponge.challenge(kind)
    }

    pub fn len(&self) -> usize {
        self.proof.len()
    }

    pub fn is_empty(&self) -> bool {
        self.proof.is_empty()
    }

    pub fn proof(&self) -> &[u8] {
        &self.proof
    }

    pub fn into_proof(self) -> Vec<u8> {
        self.proof
    }
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

/// The verifier's side: total on hostile bytes.
pub struct Reader<'a> {
    pub sponge: Sponge,
    proof: &'a [u8],
    at: usize,
    used: u32,
}

impl<'a> Reader<'a> {
    pub fn new(proof: &'a [u8]) -> Self {
        Self {
            sponge: Sponge::new(),
            proof,
            at: 0,
            used: 0,
        }
    }

    /// A reader over `proof` whose sponge continues from a given one (a prover replaying its own messages).
    pub fn resume(proof: &'a [u8], sponge: Sponge) -> Self {
        Self {
            sponge,
            proof,
            at: 0,
            used: 0,
        }
    }

    /// The next n bytes; absorbed.
    pub fn bytes(&mut self, kind: &'static str, n: usize) -> Result<&'a [u8], ReadError> {
        let data = self.peek(kind, n)?;
        self.at += n;
        self.sponge.absorb(kind, data);
        Ok(data)
    }

    /// The rest of the argument, not absorbed: for parsers that find a message's length while reading it. They must then call `bytes`.
    pub fn rest(&self) -> &'a [u8] {
        self.proof.get(self.at..).unwrap_or(&[])
    }

    fn peek(&self, kind: &'static str, n: usize) -> Result<&'a [u8], ReadError> {
        let left = self.proof.len().saturating_sub(self.at);
        self.at
            .checked_add(n)
            .and_then(|end| self.proof.get(self.at..end))
            .ok_or(ReadError::Truncated {
                kind,
                at: self.at,
                needed: n,
                left,
            })
    }

    pub fn clear(&mut self, kind: &'static str, n: usize) -> Result<Vec<K>, ReadError> {
        let at = self.at;
        let data = self.bytes(kind, n.saturating_mul(24))?;
        data.chunks_exact(24)
            .map(|c| <&[u8; 24]>::try_from(c).ok().and_then(k_from_bytes))
            .collect::<Option<Vec<K>>>()
            .ok_or(ReadError::NonCanonical { kind, at })
    }

    /// Values behind a padded message: sent + pad.
    pub fn padded(&mut self, kind: &'static str, n: usize) -> Result<Vec<Affine>, ReadError> {
        let sent = self.clear(kind, n)?;
        Ok(sent
            .into_iter()
            .map(|s| Affine::padded(s, self.take_pad()))
            .collect())
    }

    /// The next pad's number.
    pub fn take_pad(&mut self) -> u32 {
        self.used = self.used.saturating_add(1);
        self.used - 1
    }

    pub fn pads_used(&self) -> u32 {
        self.used
    }

    pub fn challenge(&mut self, kind: &str) -> K {
        self.sponge.challenge(kind)
    }

    pub fn at(&self) -> usize {
        self.at
    }

    /// The nonce of a grinding step.
    pub fn check_work(&mut self, bits: u8) -> Result<(), ReadError> {
        if bits == 0 {
            return Ok(());
        }
        let at = self.at;
        self.bytes("nonce", 8)?;
        if self.sponge.has_work(bits) {
            Ok(())
        } else {
            Err(ReadError::Grinding { at, bits })
        }
    }

    pub fn finish(self) -> Result<(), ReadError> {
        match self.proof.len() - self.at {
            0 => Ok(()),
            left => Err(ReadError::TrailingBytes { left }),
        }
    }
}
