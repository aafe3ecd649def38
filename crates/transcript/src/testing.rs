//! A random oracle that is programmed in advance: simulators and exact hiding tests answer with challenges they know.
//!
//! Inside `with_programmed` every sponge that is made, and its clones, answer draw number i with words of (seed, i), whatever was
//! absorbed. Nothing is proven then: two different messages meet the same challenge.

use std::cell::Cell;
use tacit_algebra::hash::{hash, Digest, Tag, Words};

thread_local! {
    static SEED: Cell<Option<Digest>> = const { Cell::new(None) };
}

/// The answers of one sponge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programmed {
    seed: Digest,
    drawn: u64,
}

impl Programmed {
    /// The stream of the next draw.
    pub(crate) fn words(&mut self) -> Words {
        self.drawn += 1;
        Words::new(hash(
            Tag::Stream,
            8,
            &[&self.seed, &self.drawn.to_be_bytes()],
        ))
    }
}

pub(crate) fn current() -> Option<Programmed> {
    SEED.get().map(|seed| Programmed { seed, drawn: 0 })
}

/// Runs `f`; sponges that it makes on this thread are programmed with `seed`.
pub fn with_programmed<T>(seed: Digest, f: impl FnOnce() -> T) -> T {
    struct Restore(Option<Digest>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SEED.set(self.0);
        }
    }
    let _restore = Restore(SEED.replace(Some(seed)));
    f()
}
