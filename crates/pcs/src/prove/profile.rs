//! Where the time of a proof goes.

use std::time::{Duration, Instant};

/// Phases in the order they ended, with their wall time.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub phases: Vec<(&'static str, Duration)>,
}

impl Profile {
    /// Runs `f` and notes its time under `phase`.
    pub fn time<T>(&mut self, phase: &'static str, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = f();
        self.phases.push((phase, start.elapsed()));
        out
    }

    /// The sum of all phases.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.phases.iter().map(|p| p.1).sum()
    }
}
