//! The proof budget of a private slab, counted by its owner: a journal that is on the disk before a proof leaves the process.
//!
//! A slab's blinding hides it for n openings, no more. The journal is a header and one record for each of them, for each refusal
//! that tells of hidden values and for the slab's renewal; a record holds its number and a checksum that chains to the record
//! before it, so a torn, edited or shortened-in-the-middle file is noticed. What cannot be noticed from the file alone is an older
//! copy of it (docs/adr/0009): so every record is fsynced before `record` returns, the file is locked while it is open, and the
//! slab's identity stands in the header. Split n beforehand when several machines prove.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tacit_algebra::hash::Digest;

mod tally;

pub use tally::{read, Entry, Full, Tally};

use crate::permit::Permit;
use crate::private::{keep_private, options};

/// First bytes of the file.
const MAGIC: &[u8; 8] = b"TACITB\x00\x01";
/// Magic, identity, n.
const HEADER: usize = 8 + 32 + 4;
/// Number, note, checksum.
const RECORD: usize = 4 + 32 + 32;

#[derive(Debug, thiserror::Error)]
pub enum BudgetError {
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
    #[error("{path} is not a whole budget journal: {reason}; what is left of the budget is unknown, so it counts as spent")]
    Damaged { path: PathBuf, reason: &'static str },
    #[error("{path} belongs to another slab or another budget")]
    Other { path: PathBuf },
    #[error("{path} is counted by process {owner}; this is another one, forked from it, and both would spend the same budget")]
    Forked { path: PathBuf, owner: u32 },
    #[error("{path}: the budget of {budget}, the proof of validity counted, is spent")]
    Spent { path: PathBuf, budget: u32 },
    #[error("{path}: {refusals} proofs were refused for values inside the network, as many as may be: each told a bit of what is hidden")]
    Refusals { path: PathBuf, refusals: u32 },
    #[error("{path}: this commitment was renewed, another one has taken its place")]
    Renewed { path: PathBuf },
    #[error("{path}: this commitment keeps no reserve for a renewal")]
    NoReserve { path: PathBuf },
}

impl BudgetError {
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Io { .. } => "budget_io",
            Self::Exposed { .. } => "budget_exposed",
            Self::Locked { .. } | Self::Forked { .. } => "budget_locked",
            Self::Damaged { .. } => "budget_damaged",
            Self::Other { .. } => "budget_other",
            Self::Spent { .. } => "budget",
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
                budget: tally.budget.saturating_sub(tally.reserve),
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

/// An open journal, locked for this process.
#[derive(Debug)]
pub struct Budget {
    path: PathBuf,
    file: File,
    identity: Digest,
    tally: Tally,
    /// Checksum of the last record.
    chain: Digest,
    /// The process that opened it. A lock and what is in memory both survive a fork: the child would count by itself.
    owner: u32,
}

impl Budget {
    /// Starts a journal for a fresh slab with a budget of so many openings, of which `reserve` are for a renewal.
    ///
    /// # Errors
    /// `budget_io`, also when the file exists: a budget is never started twice.
    pub fn create(
        path: &Path,
        identity: Digest,
        budget: u32,
        reserve: u32,
    ) -> Result<Self, BudgetError> {
        let io = |source| BudgetError::Io {
            path: path.to_path_buf(),
            source,
        };
        let mut file = options().create_new(true).open(path).map_err(io)?;
        lock(&file, path)?;
        let header = tally::header(&identity, budget);
        file.write_all(&header)
            .and_then(|()| file.sync_all())
            .map_err(io)?;
        // The name is on the disk only once its directory is.
        if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
            File::open(parent).and_then(|d| d.sync_all()).map_err(io)?;
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            identity,
            tally: Tally::new(budget, reserve),
            chain: tally::start(&header),
            owner: std::process::id(),
        })
    }

    /// Opens the journal of a slab and reads what was spent.
    ///
    /// # Errors
    /// `budget_io`, `budget_exposed`, `budget_locked`, `budget_damaged`, `budget_other`.
    pub fn open(
        path: &Path,
        identity: Digest,
        budget: u32,
        reserve: u32,
    ) -> Result<Self, BudgetError> {
        let io = |source| BudgetError::Io {
            path: path.to_path_buf(),
            source,
        };
        let mut file = options().open(path).map_err(io)?;
        keep_private(&file, path)?;
        lock(&file, path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(io)?;
        let (found, tally, chain) =
            read(&bytes, reserve).map_err(|JournalFault::Damaged(reason)| {
                let path = path.to_path_buf();
                BudgetError::Damaged { path, reason }
            })?;
        if (found, tally.budget) != (identity, budget) {
            let path = path.to_path_buf();
            return Err(BudgetError::Other { path });
        }
        Ok(Self {
            path: path.to_path_buf(),
            file,
            identity,
            tally,
            chain,
            owner: std::process::id(),
        })
    }

    /// What `record` refuses before it looks at the file.
    ///
    /// # Errors
    /// `budget`, `refusals`, `renewed`, `reserve`, `budget_locked`.
    pub fn check(&self, entry: Entry) -> Result<(), BudgetError> {
        same_process(self.owner, &self.path)?;
        let full = |full| BudgetError::full(full, &self.tally, &self.path);
        self.tally.check(entry).map_err(full)
    }

    /// Writes one record; on the disk when this returns.
    ///
    /// # Errors
    /// Those of `check`, `budget_io`, `budget_locked` in a process that was forked from the one that opened it, `budget_damaged`
    /// when the file is no longer what was read and written here.
    pub fn record(&mut self, entry: Entry) -> Result<Option<Permit>, BudgetError> {
        self.check(entry)?;
        self.check_length()?;
        let record = entry.record(&self.chain, self.tally.records);
        // Counted even when writing fails: a record may be on the disk in part.
        self.tally.add(entry);
        self.chain.copy_from_slice(&record[36..]);
        self.file
            .seek(SeekFrom::End(0))
            .and_then(|_| self.file.write_all(&record))
            .and_then(|()| self.file.sync_all())
            .map_err(|source| BudgetError::Io {
                path: self.path.clone(),
                source,
            })?;
        Ok(entry.permit(self.identity, &self.tally))
    }

    /// Writes the records of a slab that was counted in memory until now, in their order.
    ///
    /// # Errors
    /// Those of `record`.
    pub fn catch_up(
        &mut self,
        entries: impl IntoIterator<Item = Entry>,
    ) -> Result<(), BudgetError> {
        let mut entries = entries.into_iter();
        entries.try_for_each(|entry| self.record(entry).map(|_| ()))
    }

    /// The file ends where the last record ends.
    fn check_length(&self) -> Result<(), BudgetError> {
        let metadata = self.file.metadata().map_err(|source| BudgetError::Io {
            path: self.path.clone(),
            source,
        })?;
        let expected = HEADER as u64 + u64::from(self.tally.records) * RECORD as u64;
        if metadata.len() == expected {
            return Ok(());
        }
        Err(BudgetError::Damaged {
            path: self.path.clone(),
            reason: "its length is not that of the records counted here",
        })
    }

    /// What its records add up to.
    #[must_use]
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Openings spent.
    #[must_use]
    pub fn used(&self) -> u32 {
        self.tally.openings
    }

    /// Openings left, but for a renewal's.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.tally.left()
    }
}

/// Why bytes are not a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFault {
    /// Not a whole journal.
    Damaged(&'static str),
}

/// Refuses in another process than `owner`, the one that began to count at `path`.
///
/// # Errors
/// `budget_locked`.
pub fn same_process(owner: u32, path: &Path) -> Result<(), BudgetError> {
    if owner == std::process::id() {
        return Ok(());
    }
    Err(BudgetError::Forked {
        path: path.to_path_buf(),
        owner,
    })
}

/// One process at a time; the lock goes with the file.
fn lock(file: &File, path: &Path) -> Result<(), BudgetError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(BudgetError::Locked {
            path: path.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(BudgetError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("tacit-budget-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    /// One opening; the number of its permit.
    fn opened(budget: &mut Budget, note: u8) -> Result<u32, BudgetError> {
        let permit = budget.record(Entry::Opening([note; 32]))?;
        Ok(permit.map(|permit| permit.number()).unwrap())
    }

    #[test]
    fn spends_to_the_end_and_no_further() {
        let path = path("end");
        let mut budget = Budget::create(&path, [7; 32], 2, 0).unwrap();
        assert_eq!(opened(&mut budget, 1).unwrap(), 0);
        assert!(matches!(
            Budget::open(&path, [7; 32], 2, 0),
            Err(BudgetError::Locked { .. })
        ));
        drop(budget);
        let mut budget = Budget::open(&path, [7; 32], 2, 0).unwrap();
        assert_eq!((budget.used(), budget.left()), (1, 1));
        assert_eq!(opened(&mut budget, 2).unwrap(), 1);
        assert_eq!(opened(&mut budget, 3).unwrap_err().slug(), "budget");
        drop(budget);
        assert_eq!(Budget::open(&path, [7; 32], 2, 0).unwrap().left(), 0);
        assert!(
            Budget::create(&path, [7; 32], 2, 0).is_err(),
            "a budget is never started twice"
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn another_process_is_refused() {
        let path = path("fork");
        let mut budget = Budget::create(&path, [7; 32], 2, 0).unwrap();
        budget.owner ^= 1;
        let before = std::fs::read(&path).unwrap();
        let refused = opened(&mut budget, 1).unwrap_err();
        assert!(matches!(refused, BudgetError::Forked { .. }), "{refused}");
        assert_eq!(refused.slug(), "budget_locked");
        assert_eq!((budget.left(), std::fs::read(&path).unwrap()), (2, before));
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn records_by_others_are_noticed() {
        let path = path("others");
        let mut budget = Budget::create(&path, [7; 32], 3, 0).unwrap();
        opened(&mut budget, 1).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [[&whole[..], &[0]].concat(), whole[..HEADER].to_vec()] {
            std::fs::write(&path, &bytes).unwrap();
            let refused = opened(&mut budget, 2).unwrap_err();
            assert_eq!(refused.slug(), "budget_damaged");
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is written");
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(opened(&mut budget, 2).unwrap(), 1);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_damage_is_noticed() {
        let path = path("damage");
        let mut budget = Budget::create(&path, [7; 32], 3, 0).unwrap();
        opened(&mut budget, 1).unwrap();
        opened(&mut budget, 2).unwrap();
        drop(budget);
        let whole = std::fs::read(&path).unwrap();
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(Budget::open(&path, [7; 32], 3, 0).is_err(), "byte {i}");
        }
        let removed = [&whole[..HEADER], &whole[HEADER + RECORD..]].concat();
        std::fs::write(&path, removed).unwrap();
        assert_eq!(
            Budget::open(&path, [7; 32], 3, 0).unwrap_err().slug(),
            "budget_damaged"
        );
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(
            Budget::open(&path, [7; 32], 3, 0).unwrap_err().slug(),
            "budget_damaged"
        );
        std::fs::remove_file(path).unwrap();
    }
}
