//! Why an opening is not counted.

use std::path::{Path, PathBuf};

use crate::allowance::tally::{Full, Tally};

#[derive(Debug, thiserror::Error)]
pub enum AllowanceError {
    #[error("{path}: {source}")]
    Io {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path}: others than its owner may open it, and that cannot be changed: {source}")]
    Exposed {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} is in use by another process")]
    Locked { path: PathBuf },
    #[error("{path} is not a whole journal of an allowance: {reason}; what is left of the allowance is unknown, so it counts as spent")]
    Damaged { path: PathBuf, reason: &'static str },
    #[error("{path} belongs to another slab or another allowance")]
    Other { path: PathBuf },
    #[error("{path} is counted by process {owner}; this is another one, forked from it, and both would spend the same allowance")]
    Forked { path: PathBuf, owner: u32 },
    #[error("{path}: the allowance of {allowance}, the proof of validity counted, is spent")]
    Spent { path: PathBuf, allowance: u32 },
    #[error("{path}: {refusals} proofs were refused for values inside the network, as many as may be: each told a bit of what is hidden")]
    Refusals { path: PathBuf, refusals: u32 },
    #[error("{path}: this commitment was renewed, another one has taken its place")]
    Renewed { path: PathBuf },
    #[error("{path}: this commitment keeps no reserve for a renewal")]
    NoReserve { path: PathBuf },
}

impl AllowanceError {
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Io { .. } => "allowance_io",
            Self::Exposed { .. } => "allowance_exposed",
            Self::Locked { .. } | Self::Forked { .. } => "allowance_locked",
            Self::Damaged { .. } => "allowance_damaged",
            Self::Other { .. } => "allowance_other",
            Self::Spent { .. } => "allowance",
            Self::Refusals { .. } => "refusals",
            Self::Renewed { .. } => "renewed",
            Self::NoReserve { .. } => "reserve",
        }
    }

    /// The refusal of the next entry.
    #[must_use]
    pub fn full(full: Full, tally: &Tally, path: &Path) -> Self {
        let path = path.to_path_buf();
        match full {
            Full::Spent => Self::Spent {
                path,
                allowance: tally.allowance.saturating_sub(tally.reserve),
            },
            Full::Refusals => Self::Refusals {
                path,
                refusals: tally.most_refusals,
            },
            Full::Renewed => Self::Renewed { path },
            Full::NoReserve => Self::NoReserve { path },
        }
    }
}
