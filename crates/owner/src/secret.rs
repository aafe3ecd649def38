//! A commitment as its owner holds it, with the count of what is left of its allowance.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};

use tacit_algebra::hash::Digest;
use tacit_pcs::Slab;
use tacit_prover::{AllowanceError, Count, Entry, Permit, Tally, FIRST_CHILD, RENEWAL};
use tacit_verifier::files::CommitmentFile;

use crate::error::{OwnerError, Result};
use crate::guard::{keep_out_of_dumps, Locked};

/// A committed slab: its values, what hides them, its public part, and its count.
pub struct Secret {
    /// Before the memory that it is about is gone.
    locked: Locked,
    slab: Slab,
    public: CommitmentFile,
    renewal: Vec<u8>,
    count: Mutex<Count>,
}

/// What it commits to, and under which identity; nothing of what is hidden.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret")
            .field("role", &self.role())
            .field("identity", &self.identity())
            .finish_non_exhaustive()
    }
}

/// Openings that a commitment keeps for a renewal. A child has none: its master renews it.
pub(crate) fn reserve_of(public: &CommitmentFile) -> u32 {
    let header = &public.commitment.header;
    let renewable = public.rotation.is_none() && header.links > RENEWAL;
    u32::from(header.private && renewable)
}

/// What a commitment is.
impl Secret {
    /// A slab, and the count that its validity or its rotation was taken from.
    pub(crate) fn new(slab: Slab, public: CommitmentFile, renewal: Vec<u8>, count: Count) -> Self {
        // Values that are public are no secret.
        let private = slab.commitment.header.private;
        if private {
            keep_out_of_dumps();
        }
        let regions = slab.regions();
        Self {
            locked: Locked::new(if private { &regions } else { &[] }),
            slab,
            public,
            renewal,
            count: Mutex::new(count),
        }
    }

    /// What it commits to: "model", "data", "output".
    #[must_use]
    pub fn role(&self) -> &str {
        &self.public.slab
    }

    #[must_use]
    pub fn slab(&self) -> &Slab {
        &self.slab
    }

    /// What the world is given of it.
    #[must_use]
    pub fn public(&self) -> &CommitmentFile {
        &self.public
    }

    /// The file that shows that it holds what another commitment held; empty if it renews none.
    #[must_use]
    pub fn renewal_file(&self) -> &[u8] {
        &self.renewal
    }

    /// What its proofs are bound to.
    #[must_use]
    pub fn identity(&self) -> Digest {
        self.public.commitment.identity()
    }

    #[must_use]
    pub fn is_private(&self) -> bool {
        self.public.commitment.header.private
    }

    /// Whether the allowance is for children: with rotation cells for them, and no master of its own.
    #[must_use]
    pub fn is_master(&self) -> bool {
        self.public.commitment.header.links > FIRST_CHILD && self.public.rotation.is_none()
    }

    /// Whether the system keeps seed, cells, blinding and code out of the swap; false for public values.
    #[must_use]
    pub fn is_locked(&self) -> bool {
        self.is_private() && self.locked.whole()
    }
}

/// What is left of its allowance.
impl Secret {
    pub(crate) fn count(&self) -> Result<MutexGuard<'_, Count>> {
        self.count
            .lock()
            .map_err(|_| OwnerError::bug("lock", "", "a thread died while counting a proof"))
    }

    /// What was counted, `None` for a public slab.
    ///
    /// # Errors
    /// `lock`.
    pub fn tally(&self) -> Result<Option<Tally>> {
        Ok(self.count()?.tally())
    }

    /// Proofs left, `None` for a public slab; a master makes none.
    ///
    /// # Errors
    /// `lock`.
    pub fn proofs_left(&self) -> Result<Option<u32>> {
        let left = self.tally()?.map(|tally| tally.left());
        Ok(left.map(|left| if self.is_master() { 0 } else { left }))
    }

    /// Children that can still be made: more than 0 only for a master.
    ///
    /// # Errors
    /// `lock`.
    pub fn children_left(&self) -> Result<u32> {
        let left = self.tally()?.map_or(0, |tally| tally.left());
        Ok(if self.is_master() { left } else { 0 })
    }

    /// Openings kept for a renewal.
    #[must_use]
    pub fn reserved(&self) -> u32 {
        reserve_of(&self.public)
    }

    /// What `spend` will refuse, before any work.
    ///
    /// # Errors
    /// `master`, and those of the count: a spent allowance, `refusals`, `renewed`, or another process's count.
    pub fn check_spend(&self) -> Result<()> {
        let tally = self.tally()?;
        if self.is_master() && !tally.is_some_and(|t| t.renewed) {
            let remedy = if self.children_left()? == 0 {
                "renew it: all its children were made (tacit commit renew MASTER.secret -o NAME)"
            } else {
                "rotate it, and prove with the child: tacit commit rotate MASTER.secret -o NAME"
            };
            let reason =
                "this is a master: its allowance is for children, and they make the proofs";
            return Err(OwnerError::limit("master", "", reason).remedy(remedy));
        }
        let opening = Entry::Opening(Digest::default());
        let checked = self.count()?.check(opening, self.role());
        checked.map_err(|e| self.refused(e))
    }

    /// Counts one proof and gives its permit (none for a public slab), on the disk if the secret is; before anything that depends
    /// on the slab's blinding leaves. `note`: a hash of what for.
    ///
    /// # Errors
    /// As `record`.
    pub fn spend(&self, note: &Digest) -> Result<Option<Permit>> {
        Ok(self.record(Entry::Opening(*note))?.0)
    }

    /// Counts one entry and gives the sum; on the disk, if the secret is, when this returns.
    ///
    /// # Errors
    /// Those of the count, with the way on.
    pub fn record(&self, entry: Entry) -> Result<(Option<Permit>, Tally)> {
        // Another thread may come between `check_spend` and this: it checks again under the lock.
        let mut count = self.count()?;
        let permit = count.record(entry, self.role());
        let permit = permit.map_err(|e| self.refused(e))?;
        let tally = count.tally().unwrap_or(Tally::new(0, 0));
        Ok((permit, tally))
    }

    /// From here on it is counted in a new journal at this path, which begins with what was counted until now.
    ///
    /// # Errors
    /// `exists` when it is counted in a journal already, and those of the journal.
    pub(crate) fn count_at(&self, journal: &Path, shown: &str) -> Result<()> {
        let mut count = self.count()?;
        if count.saved() {
            let reason = "this secret is counted in another journal already";
            return Err(OwnerError::input("exists", shown, reason));
        }
        Ok(count.save(journal)?)
    }

    /// A refusal of the count, with the way on.
    fn refused(&self, error: AllowanceError) -> OwnerError {
        let child = self.public.rotation.is_some();
        let remedy = match error {
            AllowanceError::Spent { .. } | AllowanceError::NoReserve { .. } if child => {
                "rotate its master again: tacit commit rotate MASTER.secret -o NAME"
            }
            AllowanceError::Spent { .. } => "renew it: tacit commit renew OLD.secret -o NAME",
            AllowanceError::NoReserve { .. } => "commit anew",
            AllowanceError::Refusals { .. } if child => {
                "compile again for a total program (overflow, --overflow: total); until then rotate its master: tacit commit rotate MASTER.secret -o NAME"
            }
            AllowanceError::Refusals { .. } => {
                "compile again for a total program (overflow, --overflow: total); until then renew it: tacit commit renew OLD.secret -o NAME"
            }
            AllowanceError::Renewed { .. } => "use the secret that it was renewed to",
            _ => return error.into(),
        };
        OwnerError::from(error).remedy(remedy)
    }
}
