//! Oracles that only tests have.
//!
//! A *programmed* one: simulators and exact hiding tests answer with challenges they know. Inside `with_programmed` every sponge
//! that is made, and its clones, answer draw number i with words of (seed, i), whatever was absorbed. Nothing is proven then: two
//! different messages meet the same challenge.
//!
//! One with *holes*: the real chain, but that single kinds of draws are known beforehand or single kinds of messages are not
//! absorbed. Prover and verifier are then those of a protocol that lacks one guard, and a test sees that the attack works there.

use std::cell::RefCell;
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::K;

thread_local! {
    static CURRENT: RefCell<Oracle> = RefCell::new(Oracle::default());
}

/// What changes about one sponge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Oracle {
    programmed: Option<Programmed>,
    holes: Holes,
}

/// The answers of one programmed sponge.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Programmed {
    seed: Digest,
    drawn: u64,
}

/// Guards that a transcript lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holes {
    known: Vec<(&'static str, Digest)>,
    given: Vec<(&'static str, K)>,
    deaf: Vec<&'static str>,
}

impl Holes {
    /// Every draw of this kind answers with the words of `seed`, whatever was absorbed: a prover knows it beforehand.
    #[must_use]
    pub fn known(mut self, kind: &'static str, seed: Digest) -> Self {
        self.known.push((kind, seed));
        self
    }

    /// Every challenge of this kind is `value`: for what no hash gives (alpha = 0).
    #[must_use]
    pub fn given(mut self, kind: &'static str, value: K) -> Self {
        self.given.push((kind, value));
        self
    }

    /// Messages of this kind are not absorbed: a prover may choose them late.
    #[must_use]
    pub fn deaf(mut self, kind: &'static str) -> Self {
        self.deaf.push(kind);
        self
    }
}

impl Oracle {
    /// The stream of the next draw, where it is not the chain's.
    pub(crate) fn words(&mut self, kind: &str) -> Option<Words> {
        if let Some(programmed) = &mut self.programmed {
            programmed.drawn += 1;
            let parts: [&[u8]; 2] = [&programmed.seed, &programmed.drawn.to_be_bytes()];
            return Some(Words::new(hash(Tag::Stream, 8, &parts)));
        }
        let known = self.holes.known.iter().find(|(k, _)| *k == kind);
        known.map(|&(_, seed)| Words::new(seed))
    }

    /// The value that stands in the place of a challenge of this kind.
    pub(crate) fn given(&self, kind: &str) -> Option<K> {
        let given = self.holes.given.iter().find(|(k, _)| *k == kind);
        given.map(|&(_, value)| value)
    }

    pub(crate) fn is_deaf(&self, kind: &str) -> bool {
        self.holes.deaf.contains(&kind)
    }
}

pub(crate) fn current() -> Oracle {
    CURRENT.with_borrow(Clone::clone)
}

/// Runs `f`; sponges that it makes on this thread are programmed with `seed`.
pub fn with_programmed<T>(seed: Digest, f: impl FnOnce() -> T) -> T {
    let programmed = Some(Programmed { seed, drawn: 0 });
    let holes = Holes::default();
    with(Oracle { programmed, holes }, f)
}

/// Runs `f`; sponges that it makes on this thread have these holes.
pub fn with_holes<T>(holes: &Holes, f: impl FnOnce() -> T) -> T {
    let holes = holes.clone();
    with(
        Oracle {
            programmed: None,
            holes,
        },
        f,
    )
}

fn with<T>(oracle: Oracle, f: impl FnOnce() -> T) -> T {
    struct Restore(Oracle);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(std::mem::take(&mut self.0));
        }
    }
    let _restore = Restore(CURRENT.replace(oracle));
    f()
}
