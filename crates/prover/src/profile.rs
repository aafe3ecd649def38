//! Where the time and the memory of a proof go.

use std::time::{Duration, Instant};

/// Phases in order with their wall time; a phase that ran twice is one entry with the sum.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub phases: Vec<(String, Duration)>,
    /// From the first phase to the end of the proof.
    pub total: Duration,
    /// Largest resident set of this process so far, in bytes; 0 where the system does not say.
    pub peak_memory: u64,
    started: Option<Instant>,
}

impl Profile {
    #[must_use]
    pub fn start() -> Self {
        Self {
            started: Some(Instant::now()),
            ..Self::default()
        }
    }

    /// Runs `f` and adds its time to `phase`.
    pub fn time<T>(&mut self, phase: &str, f: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let out = f();
        self.add(phase.to_owned(), start.elapsed());
        out
    }

    fn add(&mut self, phase: String, time: Duration) {
        match self.phases.iter_mut().find(|(name, _)| *name == phase) {
            Some((_, sum)) => *sum += time,
            None => self.phases.push((phase, time)),
        }
    }

    /// The parts of a phase that another crate measured.
    pub(crate) fn extend(&mut self, phase: &str, parts: tacit_pcs::Profile) {
        for (name, time) in parts.phases {
            self.add(format!("{phase} {name}"), time);
        }
    }

    pub(crate) fn finish(&mut self) {
        self.total = self.started.map_or(Duration::ZERO, |s| s.elapsed());
        self.peak_memory = peak_memory();
    }
}

/// VmHWM of this process.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or(0, |k| k * 1024)
}
