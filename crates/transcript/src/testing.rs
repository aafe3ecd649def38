//! A random oracle that is programmed in advance: simulators and exact hiding tests answer with challenges they know.
//!
//! Inside `with_programmed` every sponge that is made, and its clones, answer draw number i with words of (seed, i), whatever was
//! absorbed. Nothing is proven then: two different messages meet the same challenge.

use std::cell::Cell;
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::K;

thread_local! {
    static SEED: Cell<Option<Digest>> = const { Cell::new(None) };
    static REPLACED: Cell<Option<(&'static str, K)>> = const { Cell::new(None) };
}

/// Takes a thread-local value back when a scope ends, by a panic too.
struct Restore<T: Copy + 'static>(&'static std::thread::LocalKey<Cell<T>>, T);

impl<T: Copy + 'static> Drop for Restore<T> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
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
    let _restore = Restore(&SEED, SEED.replace(Some(seed)));
    f()
}

/// Runs `f`; inside, every challenge of this kind that is drawn on this thread is `value`: for what no hash gives (alpha = 0).
pub fn with_challenge<T>(kind: &'static str, value: K, f: impl FnOnce() -> T) -> T {
    let _restore = Restore(&REPLACED, REPLACED.replace(Some((kind, value))));
    f()
}

/// The value that stands in the place of a challenge of this kind.
pub(crate) fn replaced(kind: &str) -> Option<K> {
    REPLACED
        .get()
        .filter(|(wanted, _)| *wanted == kind)
        .map(|(_, value)| value)
}
