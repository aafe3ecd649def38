//! The allowance of a private slab, counted by its owner: a journal that is on the disk before a proof leaves the process.
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

use crate::allowance::error::AllowanceError;
use crate::allowance::owner_only::{keep_private, options};
use crate::allowance::permit::Permit;
use crate::allowance::tally::{self, read, Entry, JournalFault, Tally, HEADER, RECORD};

/// An open journal, locked for this process.
#[derive(Debug)]
pub struct Allowance {
    path: PathBuf,
    file: File,
    identity: Digest,
    tally: Tally,
    /// Checksum of the last record.
    chain: Digest,
    /// The process that opened it. A lock and what is in memory both survive a fork: the child would count by itself.
    owner: u32,
}

impl Allowance {
    /// Starts a journal for a fresh slab with an allowance of so many openings, of which `reserve` are for a renewal.
    ///
    /// # Errors
    /// `allowance_io`, also when the file exists: an allowance is never started twice.
    pub fn create(
        path: &Path,
        identity: Digest,
        allowance: u32,
        reserve: u32,
    ) -> Result<Self, AllowanceError> {
        let io = |source| AllowanceError::Io {
            path: path.to_path_buf(),
            source,
        };
        let mut file = options().create_new(true).open(path).map_err(io)?;
        lock(&file, path)?;
        let header = tally::header(&identity, allowance);
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
            tally: Tally::new(allowance, reserve),
            chain: tally::start(&header),
            owner: std::process::id(),
        })
    }

    /// Opens the journal of a slab and reads what was spent.
    ///
    /// # Errors
    /// `allowance_io`, `allowance_exposed`, `allowance_locked`, `allowance_damaged`, `allowance_other`.
    pub fn open(
        path: &Path,
        identity: Digest,
        allowance: u32,
        reserve: u32,
    ) -> Result<Self, AllowanceError> {
        let io = |source| AllowanceError::Io {
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
                AllowanceError::Damaged { path, reason }
            })?;
        if (found, tally.allowance) != (identity, allowance) {
            let path = path.to_path_buf();
            return Err(AllowanceError::Other { path });
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
    /// `allowance`, `refusals`, `renewed`, `reserve`, `allowance_locked`.
    pub fn check(&self, entry: Entry) -> Result<(), AllowanceError> {
        same_process(self.owner, &self.path)?;
        let full = |full| AllowanceError::full(full, &self.tally, &self.path);
        self.tally.check(entry).map_err(full)
    }

    /// Writes one record; on the disk when this returns.
    ///
    /// # Errors
    /// Those of `check`, `allowance_io`, `allowance_locked` in a process that was forked from the one that opened it, `allowance_damaged`
    /// when the file is no longer what was read and written here.
    pub fn record(&mut self, entry: Entry) -> Result<Option<Permit>, AllowanceError> {
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
            .map_err(|source| AllowanceError::Io {
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
    ) -> Result<(), AllowanceError> {
        let mut entries = entries.into_iter();
        entries.try_for_each(|entry| self.record(entry).map(|_| ()))
    }

    /// The file ends where the last record ends.
    fn check_length(&self) -> Result<(), AllowanceError> {
        let metadata = self.file.metadata().map_err(|source| AllowanceError::Io {
            path: self.path.clone(),
            source,
        })?;
        let expected = HEADER as u64 + u64::from(self.tally.records) * RECORD as u64;
        if metadata.len() == expected {
            return Ok(());
        }
        Err(AllowanceError::Damaged {
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

/// Refuses in another process than `owner`, the one that began to count at `path`.
///
/// # Errors
/// `allowance_locked`.
pub fn same_process(owner: u32, path: &Path) -> Result<(), AllowanceError> {
    if owner == std::process::id() {
        return Ok(());
    }
    Err(AllowanceError::Forked {
        path: path.to_path_buf(),
        owner,
    })
}

/// One process at a time; the lock goes with the file.
fn lock(file: &File, path: &Path) -> Result<(), AllowanceError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(AllowanceError::Locked {
            path: path.to_path_buf(),
        }),
        Err(TryLockError::Error(source)) => Err(AllowanceError::Io {
            path: path.to_path_buf(),
            source,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("tacit-allowance-{}-{name}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    /// One opening; the number of its permit.
    fn opened(allowance: &mut Allowance, note: u8) -> Result<u32, AllowanceError> {
        let permit = allowance.record(Entry::Opening([note; 32]))?;
        Ok(permit.map(|permit| permit.number()).unwrap())
    }

    #[test]
    fn spends_to_the_end_and_no_further() {
        let path = path("end");
        let mut allowance = Allowance::create(&path, [7; 32], 2, 0).unwrap();
        assert_eq!(opened(&mut allowance, 1).unwrap(), 0);
        assert!(matches!(
            Allowance::open(&path, [7; 32], 2, 0),
            Err(AllowanceError::Locked { .. })
        ));
        drop(allowance);
        let mut allowance = Allowance::open(&path, [7; 32], 2, 0).unwrap();
        assert_eq!((allowance.used(), allowance.left()), (1, 1));
        assert_eq!(opened(&mut allowance, 2).unwrap(), 1);
        assert_eq!(opened(&mut allowance, 3).unwrap_err().slug(), "allowance");
        drop(allowance);
        assert_eq!(Allowance::open(&path, [7; 32], 2, 0).unwrap().left(), 0);
        assert!(
            Allowance::create(&path, [7; 32], 2, 0).is_err(),
            "an allowance is never started twice"
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn another_process_is_refused() {
        let path = path("fork");
        let mut allowance = Allowance::create(&path, [7; 32], 2, 0).unwrap();
        allowance.owner ^= 1;
        let before = std::fs::read(&path).unwrap();
        let refused = opened(&mut allowance, 1).unwrap_err();
        assert!(
            matches!(refused, AllowanceError::Forked { .. }),
            "{refused}"
        );
        assert_eq!(refused.slug(), "allowance_locked");
        assert_eq!(
            (allowance.left(), std::fs::read(&path).unwrap()),
            (2, before)
        );
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn records_by_others_are_noticed() {
        let path = path("others");
        let mut allowance = Allowance::create(&path, [7; 32], 3, 0).unwrap();
        opened(&mut allowance, 1).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for bytes in [[&whole[..], &[0]].concat(), whole[..HEADER].to_vec()] {
            std::fs::write(&path, &bytes).unwrap();
            let refused = opened(&mut allowance, 2).unwrap_err();
            assert_eq!(refused.slug(), "allowance_damaged");
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "nothing is written");
        }
        std::fs::write(&path, &whole).unwrap();
        assert_eq!(opened(&mut allowance, 2).unwrap(), 1);
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn every_damage_is_noticed() {
        let path = path("damage");
        let mut allowance = Allowance::create(&path, [7; 32], 3, 0).unwrap();
        opened(&mut allowance, 1).unwrap();
        opened(&mut allowance, 2).unwrap();
        drop(allowance);
        let whole = std::fs::read(&path).unwrap();
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(Allowance::open(&path, [7; 32], 3, 0).is_err(), "byte {i}");
        }
        let removed = [&whole[..HEADER], &whole[HEADER + RECORD..]].concat();
        std::fs::write(&path, removed).unwrap();
        assert_eq!(
            Allowance::open(&path, [7; 32], 3, 0).unwrap_err().slug(),
            "allowance_damaged"
        );
        std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        assert_eq!(
            Allowance::open(&path, [7; 32], 3, 0).unwrap_err().slug(),
            "allowance_damaged"
        );
        std::fs::remove_file(path).unwrap();
    }
}
