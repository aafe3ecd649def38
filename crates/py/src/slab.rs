//! Long-lived slabs as their owner holds them, with the count of proofs that they were made for.

use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tacit_algebra::encoding::{length, TooLarge, MOST};
use tacit_algebra::hash::Digest;
use tacit_pcs::Slab as Committed;
use tacit_program::{pack, shape_bits, Trace, Values};
use tacit_prover::{gather, BudgetError, Count, Permit};
use tacit_verifier::files::{seal_parts, unseal, Body, CommitmentFile, FileKind};
use tacit_verifier::{prepare_link, Schema, Slug, VerifyError};
use zeroize::Zeroizing;

use crate::disk;
use crate::failure::{Fail, Result};
use crate::guard::{keep_out_of_dumps, Locked};
use crate::rotate::rotate;
use crate::run::pooled;
use crate::wipe;

#[pyclass(frozen)]
pub struct Slab {
    /// Before the memory that it is about is gone.
    locked: Locked,
    pub inner: Committed,
    pub public: CommitmentFile,
    count: Mutex<Count>,
}

impl Slab {
    /// A slab that no file holds yet, and the count that its validity or its link was taken from.
    pub fn new(inner: Committed, public: CommitmentFile, count: Count) -> Self {
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
            count: Mutex::new(count),
        }
    }
}

/// The body of a secret file: borsh `{ public: Vec<u8>, slab: Vec<u8> }`.
struct SecretFile;

impl SecretFile {
    /// The whole file.
    fn seal(public: &[u8], slab: &[u8]) -> std::result::Result<Zeroizing<Vec<u8>>, TooLarge> {
        let [first, second] = [public, slab].map(|part| length("secret", part.len() as u64, MOST));
        let parts = [&first?[..], public, &second?[..], slab];
        Ok(Zeroizing::new(seal_parts(FileKind::Secret, &parts)))
    }

    /// Both parts of a body's bytes, not copied: a slab's code is most of the memory. `None` when they are not borsh.
    fn parts(body: &[u8]) -> Option<(&[u8], &[u8])> {
        let part = |bytes: &'_ [u8]| -> Option<usize> {
            let length = bytes.get(..4)?.try_into().ok()?;
            4usize.checked_add(u32::from_le_bytes(length) as usize)
        };
        let cut = part(body)?;
        let (public, slab) = (body.get(4..cut)?, body.get(cut..)?);
        (part(slab)? == slab.len()).then(|| (public, &slab[4..]))
    }
}

impl Slab {
    /// Counts one proof and gives its permit (none for a public slab), on the disk if the secret is; before anything that depends
    /// on the slab's blinding leaves.
    pub fn reserve(&self, note: &Digest) -> Result<Option<Permit>> {
        // Another thread may come between `check_spend` and this: it checks again under the lock.
        let mut count = self.lock()?;
        let found = count.reserve(note, &self.public.slab);
        found.map_err(|e| self.spent(e))
    }

    /// What `reserve` will refuse, before any work; in a forked process before its dead thread pool is asked, too.
    pub fn check_spend(&self) -> Result<()> {
        if self.is_master() {
            let hint = if self.left()? == Some(0) {
                "commit anew with --children: all its children were made"
            } else {
                "rotate it, and prove with the child: tacit commit rotate MASTER.secret -o NAME"
            };
            let reason = "this is a master: its budget is for children, and they make the proofs";
            return Err(Fail::new("budget", "master", "", reason).hint(hint));
        }
        let checked = self.lock()?.check(&self.public.slab);
        checked.map_err(|e| self.spent(e))
    }

    /// What is left of the budget, `None` for a public slab.
    fn left(&self) -> Result<Option<u32>> {
        Ok(self.lock()?.left())
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Count>> {
        self.count
            .lock()
            .map_err(|_| Fail::new("bug", "lock", "", "a thread died while counting a proof"))
    }

    /// Whether the budget is for children: with link cells and no master of its own.
    pub fn is_master(&self) -> bool {
        self.public.commitment.header.links > 0 && self.public.link.is_none()
    }

    /// The refusal of a proof or of a child when nothing is left, with the way on.
    fn spent(&self, fail: BudgetError) -> Fail {
        let spent = matches!(fail, BudgetError::Spent { .. });
        let fail = Fail::from(fail);
        if !spent {
            return fail;
        }
        fail.hint(if self.public.link.is_some() {
            "rotate its master again: tacit commit rotate MASTER.secret -o NAME"
        } else {
            "commit anew; made with --children N, a commitment is renewed N times under one identity: tacit commit rotate"
        })
    }

    /// The slab of a secret file's bytes; `path` is where it lies, its journal beside it.
    fn of_file(bytes: &[u8], path: &Path) -> Result<Self> {
        let body = unseal(FileKind::Secret, bytes)?;
        let (public, slab) = SecretFile::parts(body).ok_or_else(|| {
            VerifyError::new(Slug::Encoding, "secret file", "borsh", "another layout")
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
            return Err(Fail::new("budget", "budget_missing", shown(path), reason).hint(
                "bring the journal back beside the secret; or commit anew, or rotate its master",
            ));
        }
        if private {
            keep_file_private(path)?;
        }
        let count = Count::open(&inner, &journal)?;
        Ok(Self::new(inner, public, count))
    }

    /// The whole secret file.
    fn sealed(&self) -> Result<Zeroizing<Vec<u8>>> {
        let written = self.inner.to_bytes(true).and_then(|slab| {
            let public = self.public.to_file()?;
            SecretFile::seal(&public, &slab)
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
    let prepared = prepare_link(&public.slab, tensors)?;
    let trace = Trace {
        tensors: unpack(tensors, inner).map_err(refuse)?,
        ..Trace::default()
    };
    let cells = pack(&prepared, 0, &trace);
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
    let io = |source| BudgetError::Exposed {
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
        if self.is_master() {
            return Ok(Some(0));
        }
        self.left()
    }

    /// Children that can still be made: more than 0 only for a master.
    #[getter]
    fn children(&self) -> Result<u32> {
        if !self.is_master() {
            return Ok(0);
        }
        Ok(self.left()?.unwrap_or(0))
    }

    /// A child: the same values, a budget of its own for `proofs` proofs (as many as there is room for, if not given). Counts
    /// one link cell of this master before anything else; also when the rest fails.
    #[pyo3(signature = (proofs=None))]
    fn rotate(&self, py: Python<'_>, proofs: Option<u32>) -> Result<Self> {
        let child = py.detach(|| rotate(self, proofs));
        wipe::stacks();
        child
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
        let written = py.detach(|| disk::write(&path, &self.sealed()?));
        wipe::stacks();
        written
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
        let found = py.detach(|| pooled(|| Self::of_file(&disk::read(&path)?, &path)));
        wipe::stacks();
        found
    }
}
