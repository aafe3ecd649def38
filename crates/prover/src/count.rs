//! Where the openings of a slab are counted: in memory until its secret lies in a file, then in the journal beside it.

use std::path::Path;

use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_pcs::Slab;

use crate::budget::{same_process, Budget, BudgetError};
use crate::permit::Permit;

/// The count of one slab.
#[derive(Debug)]
pub struct Count(State);

#[derive(Debug)]
enum State {
    /// No file holds the secret yet: the count dies with the values.
    Memory {
        identity: Digest,
        used: u32,
        budget: u32,
        /// The process that counts: a fork would count by itself.
        owner: u32,
    },
    File(Budget),
    /// Nothing to count: the slab is public.
    Free,
}

impl Count {
    /// The count of a slab that was committed just now and opened never: for whoever committed it, once.
    #[must_use]
    pub fn fresh(slab: &Slab) -> Self {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            return Self(State::Free);
        }
        Self(State::Memory {
            identity: commitment.identity(),
            used: 0,
            budget: commitment.header.budget,
            owner: std::process::id(),
        })
    }

    /// The count that the journal at this path holds; a public slab has none and needs none.
    ///
    /// # Errors
    /// Those of `Budget::open`; `budget_damaged` when the first record is missing: every slab begins with one, its own proof's.
    pub fn open(slab: &Slab, journal: &Path) -> Result<Self, BudgetError> {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            return Ok(Self(State::Free));
        }
        let budget = Budget::open(journal, commitment.identity(), commitment.header.budget)?;
        if budget.used() == 0 {
            return Err(BudgetError::Damaged {
                path: journal.to_path_buf(),
                reason: "its first record, of the commitment's own proof, is gone",
            });
        }
        Ok(Self(State::File(budget)))
    }

    /// From here on this slab is counted in a new journal, which begins with what was counted until now.
    ///
    /// # Errors
    /// Those of `Budget::create` and `Budget::reserve`.
    pub fn save(&mut self, journal: &Path) -> Result<(), BudgetError> {
        let State::Memory {
            identity,
            used,
            budget,
            owner,
        } = &self.0
        else {
            return Ok(());
        };
        same_process(*owner, journal)?;
        let mut file = Budget::create(journal, *identity, *budget)?;
        let note = hash(Tag::File, 0, &[b"before saving"]);
        let past = (0..*used).try_for_each(|_| file.reserve(&note).map(|_| ()));
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

    /// What is left of the budget, `None` for a public slab.
    #[must_use]
    pub fn left(&self) -> Option<u32> {
        match &self.0 {
            State::Free => None,
            State::Memory { used, budget, .. } => Some(budget.saturating_sub(*used)),
            State::File(journal) => Some(journal.left()),
        }
    }

    /// What `reserve` will refuse, before any work; `name` is what the error calls a slab without a file.
    ///
    /// # Errors
    /// `budget`, `budget_locked`.
    pub fn check(&self, name: &str) -> Result<(), BudgetError> {
        match &self.0 {
            State::Free => Ok(()),
            State::File(journal) => journal.check(),
            State::Memory {
                used,
                budget,
                owner,
                ..
            } => {
                let path = Path::new(name);
                same_process(*owner, path)?;
                if used < budget {
                    return Ok(());
                }
                Err(BudgetError::Spent {
                    path: path.to_path_buf(),
                    budget: *budget,
                })
            }
        }
    }

    /// Counts one opening, on the disk if the secret is. `None` for a public slab: it needs no permit.
    ///
    /// # Errors
    /// Those of `check` and `Budget::reserve`.
    pub fn reserve(&mut self, note: &Digest, name: &str) -> Result<Option<Permit>, BudgetError> {
        self.check(name)?;
        match &mut self.0 {
            State::Free => Ok(None),
            State::File(journal) => journal.reserve(note).map(Some),
            State::Memory { identity, used, .. } => {
                *used += 1;
                Ok(Some(Permit::new(*identity, *used - 1)))
            }
        }
    }
}
