//! Where the openings of a slab are counted: in memory until its secret lies in a file, then in the journal beside it.

use std::path::Path;

use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_pcs::Slab;

use crate::allowance::error::AllowanceError;
use crate::allowance::journal::{same_process, Allowance};
use crate::allowance::permit::Permit;
use crate::allowance::tally::{Entry, Tally};

/// The count of one slab.
#[derive(Debug)]
pub struct Count(State);

#[derive(Debug)]
enum State {
    /// No file holds the secret yet: the count dies with the values.
    Memory {
        identity: Digest,
        tally: Tally,
        /// The process that counts: a fork would count by itself.
        owner: u32,
    },
    File(Allowance),
    /// Nothing to count: the slab is public.
    Free,
}

impl Count {
    /// The count of a slab that was committed just now and opened never: for whoever committed it, once. `reserve`: openings kept
    /// for a renewal; `refusals`: how many there may be.
    #[must_use]
    pub fn fresh(slab: &Slab, reserve: u32, refusals: u32) -> Self {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            return Self(State::Free);
        }
        let mut tally = Tally::new(commitment.header.budget, reserve);
        tally.most_refusals = refusals;
        Self(State::Memory {
            identity: commitment.identity(),
            tally,
            owner: std::process::id(),
        })
    }

    /// The count that the journal at this path holds; a public slab has none and needs none.
    ///
    /// # Errors
    /// Those of `Allowance::open`; `allowance_damaged` when the first opening is missing: every slab begins with one, its own proof's.
    pub fn open(slab: &Slab, journal: &Path, reserve: u32) -> Result<Self, AllowanceError> {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            return Ok(Self(State::Free));
        }
        let (identity, n) = (commitment.identity(), commitment.header.budget);
        let allowance = Allowance::open(journal, identity, n, reserve)?;
        if allowance.used() == 0 {
            return Err(AllowanceError::Damaged {
                path: journal.to_path_buf(),
                reason: "its first record, of the commitment's own proof, is gone",
            });
        }
        Ok(Self(State::File(allowance)))
    }

    /// From here on this slab is counted in a new journal, which begins with what was counted until now.
    ///
    /// # Errors
    /// Those of `Allowance::create` and `Allowance::record`.
    pub fn save(&mut self, journal: &Path) -> Result<(), AllowanceError> {
        let State::Memory {
            identity,
            tally,
            owner,
        } = &self.0
        else {
            return Ok(());
        };
        same_process(*owner, journal)?;
        let mut file = Allowance::create(journal, *identity, tally.allowance, tally.reserve)?;
        let note = hash(Tag::File, 0, &[b"before saving"]);
        let past = file.catch_up(tally.entries(note));
        if past.is_err() {
            // No secret has its name yet: nothing is counted there.
            let _ = std::fs::remove_file(journal);
        }
        past?;
        self.0 = State::File(file);
        Ok(())
    }

    /// Whether it is counted in a journal.
    #[must_use]
    pub fn saved(&self) -> bool {
        matches!(self.0, State::File(_))
    }

    /// What was counted, `None` for a public slab.
    #[must_use]
    pub fn tally(&self) -> Option<Tally> {
        match &self.0 {
            State::Free => None,
            State::Memory { tally, .. } => Some(*tally),
            State::File(journal) => Some(journal.tally()),
        }
    }

    /// What `record` will refuse, before any work; `name` is what the error calls a slab without a file.
    ///
    /// # Errors
    /// `allowance`, `refusals`, `renewed`, `reserve`, `allowance_locked`.
    pub fn check(&self, entry: Entry, name: &str) -> Result<(), AllowanceError> {
        match &self.0 {
            State::Free => Ok(()),
            State::File(journal) => journal.check(entry),
            State::Memory { tally, owner, .. } => {
                let path = Path::new(name);
                same_process(*owner, path)?;
                let full = |full| AllowanceError::full(full, tally, path);
                tally.check(entry).map_err(full)
            }
        }
    }

    /// Counts one entry, on the disk if the secret is. The permit of an opening; `None` for a public slab: it needs none.
    ///
    /// # Errors
    /// Those of `check` and `Allowance::record`.
    pub fn record(&mut self, entry: Entry, name: &str) -> Result<Option<Permit>, AllowanceError> {
        self.check(entry, name)?;
        match &mut self.0 {
            State::Free => Ok(None),
            State::File(journal) => journal.record(entry),
            State::Memory {
                identity, tally, ..
            } => {
                tally.add(entry);
                Ok(entry.permit(*identity, tally))
            }
        }
    }
}
