//! Long-lived slabs as their owner holds them, with the count of proofs that they were made for.

use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tacit_algebra::hash::Digest;
use tacit_pcs::Slab as Committed;
use tacit_program::{pack, shape_bits, Trace, Values};
use tacit_prover::{gather, AllowanceError, Count, Entry, Permit, Tally, FIRST_CHILD, RENEWAL};
use tacit_verifier::files::{unseal, Body, CommitmentFile, FileKind};
use tacit_verifier::{prepare_rotation, Schema, Slug, VerifyError};
use zeroize::Zeroizing;

use crate::disk;
use crate::failure::{Fail, Result};
use crate::guard::{keep_out_of_dumps, Locked};
use crate::owned::SecretFile;
use crate::rotate::{renew, rotate};
use crate::run::pooled;
use crate::wipe;

#[pyclass(frozen)]
pub struct Slab {
    /// Before the memory that it is about is gone.
    locked: Locked,
    pub inner: Committed,
    pub public: CommitmentFile,
    /// The file that shows that it holds what another commitment held; empty if it renews none.
    pub renewal: Vec<u8>,
    count: Mutex<Count>,
}

/// Openings that a commitment keeps for a renewal. A child has none: its master renews it.
pub fn reserve_of(public: &CommitmentFile) -> u32 {
    let header = &public.commitment.header;
    let renewable = public.rotation.is_none() && header.links > RENEWAL;
    u32::from(header.private && renewable)
}

impl Slab {
    /// A slab that no file holds yet, and the count that its validity or its link was taken from.
    pub fn new(inner: Committed, public: CommitmentFile, renewal: Vec<u8>, count: Count) -> Self {
        // Values that are public are no secret.
        let private = inner.commitment.header.private;
        if private {
            keep_out_of_dumps();
        }
        let regions = inner.regions();
        Self {
            locked: Locked::new(if private { &regions } else { &[] }),
            inner,
            public,
            renewal,
            count: Mutex::new(count),
        }
    }
}

impl Slab {
    /// Counts one proof and gives its permit (none for a public slab), on the disk if the secret is; before anything that depends
    /// on the slab's blinding leaves.
    pub fn reserve(&self, note: &Digest) -> Result<Option<Permit>> {
        Ok(self.record(Entry::Opening(*note))?.0)
    }

    /// What `reserve` will refuse, before any work; in a forked process before its dead thread pool is asked, too.
    pub fn check_spend(&self) -> Result<()> {
        let tally = self.lock()?.tally();
        if self.is_master() && !tally.is_some_and(|t| t.renewed) {
            let hint = if self.children()? == 0 {
                "renew it: all its children were made (tacit commit renew MASTER.secret -o NAME)"
            } else {
                "rotate it, and prove with the child: tacit commit rotate MASTER.secret -o NAME"
            };
            let reason = "this is a master: its budget is for children, and they make the proofs";
            return Err(Fail::new("allowance", "master", "", reason).hint(hint));
        }
        let opening = Entry::Opening(Digest::default());
        let checked = self.lock()?.check(opening, &self.public.slab);
        checked.map_err(|e| self.refused(e))
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Count>> {
        self.count
            .lock()
            .map_err(|_| Fail::new("bug", "lock", "", "a thread died while counting a proof"))
    }

    /// Whether the budget is for children: with rotation cells for them, and no master of its own.
    pub fn is_master(&self) -> bool {
        self.public.commitment.header.links > FIRST_CHILD && self.public.rotation.is_none()
    }

    /// Openings kept for a renewal.
    pub fn reserved(&self) -> u32 {
        reserve_of(&self.public)
    }

    /// A refusal of the count, with the way on.
    fn refused(&self, fail: AllowanceError) -> Fail {
        let child = self.public.rotation.is_some();
        let hint = match fail {
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
            _ => return fail.into(),
        };
        Fail::from(fail).hint(hint)
    }

    /// Counts one entry and gives the sum; on the disk, if the secret is, when this returns.
    pub fn record(&self, entry: Entry) -> Result<(Option<Permit>, Tally)> {
        // Another thread may come between `check_spend` and this: it checks again under the lock.
        let mut count = self.lock()?;
        let permit = count.record(entry, &self.public.slab);
        let permit = permit.map_err(|e| self.refused(e))?;
        let tally = count.tally().unwrap_or(Tally::new(0, 0));
        Ok((permit, tally))
    }

    /// The slab of a secret file's bytes; `path` is where it lies, its journal beside it.
    fn of_file(bytes: &[u8], path: &Path) -> Result<Self> {
        let body = unseal(FileKind::Secret, bytes)?;
        let [public, slab, renewal] = SecretFile::parts(body).ok_or_else(|| {
            VerifyError::new(Slug::Encoding, "secret file", "borsh", "another layout")
                .with_hint("it was made by an older version, or changed: commit anew")
        })?;
        let public = CommitmentFile::from_file(public)?;
        let inner = Committed::from_whole_bytes(slab)?;
        if inner.commitment != public.commitment {
            return Err(Fail::new(
                "file",
                "encoding",
                shown(path),
                "secret and commitment do not belong together",
            ));
        }
        let private = public.commitment.header.private;
        let inner = if private {
            inner
        } else {
            recommit(&inner, &public, path)?
        };
        let journal = journal_path(path);
        if private && !journal.exists() {
            let reason = format!(
                "the journal {} is missing: what is left is unknown",
                journal.display()
            );
            return Err(Fail::new("allowance", "allowance_missing", shown(path), reason).hint(
                "bring the journal itself back beside the secret, never an older copy of it; or commit anew, or rotate its master",
            ));
        }
        if private {
            keep_file_private(path)?;
        }
        let count = Count::open(&inner, &journal, reserve_of(&public))?;
        Ok(Self::new(inner, public, renewal.to_vec(), count))
    }

    /// The whole secret file.
    fn sealed(&self) -> Result<Zeroizing<Vec<u8>>> {
        let written = self.inner.to_bytes(true).and_then(|slab| {
            let public = self.public.to_file()?;
            SecretFile::seal([&public, &slab, &self.renewal])
        });
        written.map_err(|e| {
            Fail::from(e)
                .hint("compile for fewer proofs (option proofs): a master renews them, tacit commit model --children N")
        })
    }

    fn digest(&self) -> Digest {
        self.public.commitment.identity()
    }
}

/// A public slab from its cells alone. Whoever holds its secret file takes its commitment for that of known values, so
/// neither the stored root nor the values are believed.
fn recommit(inner: &Committed, public: &CommitmentFile, path: &Path) -> Result<Committed> {
    let refuse = |reason: String| Fail::new("file", "encoding", shown(path), reason);
    let header = &inner.commitment.header;
    let tensors = &public.tensors;
    if tacit_program::schema_digest(tensors)? != header.schema {
        return Err(refuse("the tensors are not those of the header".into()));
    }
    // Shapes are bounded from here on.
    let prepared = prepare_rotation(&public.slab, tensors)?;
    let trace = Trace {
        tensors: unpack(tensors, inner).map_err(refuse)?,
        ..Trace::default()
    };
    let cells = pack(&prepared, 0, &trace)?;
    let zero = Digest::default();
    let again = tacit_pcs::commit(
        &header.geometry,
        false,
        header.schema,
        &cells,
        &[],
        0,
        0,
        zero,
    )?;
    if again.commitment != public.commitment {
        return Err(refuse("the commitment is not that of the values".into()));
    }
    Ok(again)
}

/// The values of the tensors in layout order, each in its interval.
fn unpack(tensors: &Schema, slab: &Committed) -> std::result::Result<Vec<Values>, String> {
    let mut at = 0usize;
    let mut all = Vec::with_capacity(tensors.len());
    for (name, shape, lo, hi) in tensors {
        let end = at.saturating_add(1 << shape_bits(shape));
        let block = slab.data().get(at..end).ok_or("too few cells")?;
        let values = gather(shape, block);
        if let Some(bad) = values.iter().find(|v| !(lo..=hi).contains(v)) {
            return Err(format!("{name}: expected [{lo}, {hi}], got {bad}"));
        }
        all.push(Arc::new(values));
        at = end;
    }
    Ok(all)
}

/// The journal of the secret file at this path. Names of files need not be UTF-8.
fn journal_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".budget");
    name.into()
}

/// A secret that others could read is its owner's from here on. What is no file has no mode of its own.
fn keep_file_private(path: &Path) -> Result<()> {
    let io = |source| AllowanceError::Exposed {
        path: path.to_path_buf(),
        source,
    };
    if path.is_file() {
        let file = std::fs::File::open(path).map_err(io)?;
        tacit_prover::keep_private(&file, path)?;
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[pymethods]
impl Slab {
    #[getter]
    fn slab(&self) -> String {
        self.public.slab.clone()
    }

    /// What its proofs are bound to.
    #[getter]
    fn identity(&self) -> Vec<u8> {
        self.digest().to_vec()
    }

    #[getter]
    fn private(&self) -> bool {
        self.public.commitment.header.private
    }

    /// Proofs left, `None` for a public slab; a master makes none.
    #[getter]
    fn remaining(&self) -> Result<Option<u32>> {
        let left = self.lock()?.tally().map(|tally| tally.left());
        Ok(left.map(|left| if self.is_master() { 0 } else { left }))
    }

    /// Children that can still be made: more than 0 only for a master.
    #[getter]
    fn children(&self) -> Result<u32> {
        let left = self.lock()?.tally().map_or(0, |tally| tally.left());
        Ok(if self.is_master() { left } else { 0 })
    }

    /// Refusals for hidden values after which nothing is proven; `None` for a public slab.
    #[getter]
    fn remaining_refusals(&self) -> Result<Option<u32>> {
        Ok(self.lock()?.tally().map(|tally| tally.refusals_left()))
    }

    /// Whether another commitment has taken its place.
    #[getter]
    fn renewed(&self) -> Result<bool> {
        Ok(self.lock()?.tally().is_some_and(|tally| tally.renewed))
    }

    /// Whether a counter elsewhere must agree.
    #[getter]
    fn counter(&self) -> Result<bool> {
        Ok(self.lock()?.tally().is_some_and(|tally| tally.counter))
    }

    /// Entries counted, of any kind; 0 for a public slab.
    #[getter]
    fn records(&self) -> Result<u32> {
        Ok(self.lock()?.tally().map_or(0, |tally| tally.records))
    }

    /// From here on a counter elsewhere must agree.
    fn require_counter(&self) -> Result<()> {
        self.record(Entry::Counter).map(|_| ())
    }

    /// A child: the same values, a budget of its own for `proofs` proofs (as many as there is room for, if not given). Counts
    /// one rotation cell of this master before anything else; also when the rest fails.
    #[pyo3(signature = (proofs=None, refusals=None))]
    fn rotate(&self, py: Python<'_>, proofs: Option<u32>, refusals: Option<u32>) -> Result<Self> {
        py.detach(|| wipe::after(|| rotate(self, proofs, refusals)))
    }

    /// The same values with a fresh budget, and the proof of that in `renewal_file`. Counts the reserve before anything else; also
    /// when the rest fails.
    fn renew(&self, py: Python<'_>) -> Result<Self> {
        py.detach(|| wipe::after(|| renew(self)))
    }

    /// The file that shows that it holds what another commitment held; empty if it renews none.
    fn renewal_file(&self) -> Vec<u8> {
        self.renewal.clone()
    }

    /// The public part, as a file.
    fn commitment_file(&self) -> Result<Vec<u8>> {
        Ok(self.public.to_file()?)
    }

    /// Whether the system keeps seed, cells, blinding and code out of the swap; false for public values.
    #[getter]
    fn locked(&self) -> bool {
        self.public.commitment.header.private && self.locked.whole()
    }

    /// Writes the secret file to an empty file that is there; then `start_journal`.
    fn write_file(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        py.detach(|| wipe::after(|| disk::write(&path, &self.sealed()?)))
    }

    /// From here on proofs are counted in the journal beside the secret file at `path`.
    fn start_journal(&self, path: PathBuf) -> Result<()> {
        let mut count = self.lock()?;
        if count.saved() {
            let reason = "this secret is counted in another journal already";
            return Err(Fail::input("exists", shown(&path), reason));
        }
        Ok(count.save(&journal_path(&path))?)
    }

    /// Reads the secret file at this path, and its journal beside it.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> Result<Self> {
        let read = || Self::of_file(&disk::read(&path)?, &path);
        py.detach(|| wipe::after(|| pooled(read)))
    }
}
