//! Long-lived slabs as their owner holds them, with the count of proofs that they were made for.

use pyo3::prelude::*;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tacit_algebra::encoding::{length, TooLarge, MOST};
use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_pcs::Slab as Committed;
use tacit_program::{pack, shape_bits, Trace, Values};
use tacit_prover::{gather, Budget, BudgetError};
use tacit_verifier::files::{seal_parts, unseal, Body, CommitmentFile, FileKind};
use tacit_verifier::{prepare_link, Schema, Slug, VerifyError};

use crate::failure::{Fail, Result};
use crate::rotate::rotate;

/// Where the proofs of a slab are counted.
enum Count {
    /// No file holds the secret yet: the count dies with the values.
    Memory {
        used: u32,
        budget: u32,
        /// The process that counts: a fork would count by itself.
        owner: u32,
    },
    File(Budget),
    /// Nothing to count: the slab is public.
    Free,
}

#[pyclass(frozen)]
pub struct Slab {
    pub inner: Committed,
    pub public: CommitmentFile,
    count: Mutex<Count>,
}

impl Slab {
    /// A slab that no file holds yet; one proof of its budget (its validity's, or its link's) is spent.
    pub fn new(inner: Committed, public: CommitmentFile) -> Self {
        let header = &inner.commitment.header;
        let count = if header.private {
            Count::Memory {
                used: 1,
                budget: header.budget,
                owner: std::process::id(),
            }
        } else {
            Count::Free
        };
        Self {
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
    fn seal(public: &[u8], slab: &[u8]) -> std::result::Result<Vec<u8>, TooLarge> {
        let [first, second] = [public, slab].map(|part| length("secret", part.len() as u64, MOST));
        let parts = [&first?[..], public, &second?[..], slab];
        Ok(seal_parts(FileKind::Secret, &parts))
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
    /// Counts one proof, on the disk if the secret is; before anything that depends on the slab's blinding leaves.
    pub fn spend(&self, note: &Digest) -> Result<()> {
        self.reserve(note).map(|_| ())
    }

    /// What `spend` will refuse, before any work; in a forked process before its dead thread pool is asked, too.
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
        self.check_count()
    }

    fn check_count(&self) -> Result<()> {
        match &*self.lock()? {
            Count::Free => Ok(()),
            Count::Memory {
                used,
                budget,
                owner,
            } => {
                let path = PathBuf::from(&self.public.slab);
                tacit_prover::same_process(*owner, &path)?;
                let budget = *budget;
                if *used < budget {
                    return Ok(());
                }
                Err(self.spent(BudgetError::Spent { path, budget }))
            }
            Count::File(journal) => journal.check().map_err(|e| self.spent(e)),
        }
    }

    /// What is left of the budget, `None` for a public slab.
    fn left(&self) -> Result<Option<u32>> {
        Ok(match &*self.lock()? {
            Count::Free => None,
            Count::Memory { used, budget, .. } => Some(budget.saturating_sub(*used)),
            Count::File(journal) => Some(journal.left()),
        })
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

    /// Counts one record and gives its number; on the disk, if the secret is, when this returns.
    pub fn reserve(&self, note: &Digest) -> Result<u32> {
        // Another thread may come between: a file's journal checks again under its lock, and so does this.
        match &mut *self.lock()? {
            Count::Free => Ok(0),
            Count::Memory {
                used,
                budget,
                owner,
            } => {
                let path = PathBuf::from(&self.public.slab);
                tacit_prover::same_process(*owner, &path)?;
                let budget = *budget;
                if *used >= budget {
                    return Err(self.spent(BudgetError::Spent { path, budget }));
                }
                *used += 1;
                Ok(*used - 1)
            }
            Count::File(journal) => {
                journal.reserve(note).map_err(|e| self.spent(e))?;
                Ok(journal.used() - 1)
            }
        }
    }

    fn digest(&self) -> Digest {
        self.public.commitment.identity()
    }

    fn budget(&self) -> u32 {
        self.public.commitment.header.budget
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
        py.detach(|| rotate(self, proofs))
    }

    /// The public part, as a file.
    fn commitment_file(&self) -> Result<Vec<u8>> {
        Ok(self.public.to_file()?)
    }

    /// The body of the secret file. The caller writes it; then `start_journal`.
    fn secret_file(&self) -> Result<Vec<u8>> {
        let written = self.inner.to_bytes(true).and_then(|slab| {
            let public = self.public.to_file()?;
            SecretFile::seal(&public, &slab)
        });
        written.map_err(|e| {
            Fail::from(e)
                .hint("compile for fewer proofs (option proofs): a master renews them, tacit commit model --children N")
        })
    }

    /// From here on proofs are counted in the journal beside the secret file at `path`.
    fn start_journal(&self, path: PathBuf) -> Result<()> {
        let mut count = self.lock()?;
        match &*count {
            Count::Free => Ok(()),
            Count::File(_) => Err(Fail::input(
                "exists",
                shown(&path),
                "this secret is counted in another journal already",
            )),
            Count::Memory {
                used,
                budget,
                owner,
            } => {
                tacit_prover::same_process(*owner, &path)?;
                let mut journal = Budget::create(&journal_path(&path), self.digest(), *budget)?;
                for _ in 0..*used {
                    journal.reserve(&hash(Tag::File, 0, &[b"before saving"]))?;
                }
                *count = Count::File(journal);
                Ok(())
            }
        }
    }

    /// Reads a secret file's bytes; `path` is where it lies, its journal beside it.
    #[staticmethod]
    fn from_file(py: Python<'_>, bytes: &[u8], path: PathBuf) -> Result<Self> {
        py.detach(|| {
            let body = unseal(FileKind::Secret, bytes)?;
            let (public, slab) = SecretFile::parts(body)
                .ok_or_else(|| VerifyError::new(Slug::Encoding, "secret file", "borsh", "another layout"))?;
            let public = CommitmentFile::from_file(public)?;
            let inner = Committed::from_whole_bytes(slab)?;
            if inner.commitment != public.commitment {
                return Err(Fail::new(
                    "file",
                    "encoding",
                    shown(&path),
                    "secret and commitment do not belong together",
                ));
            }
            let private = public.commitment.header.private;
            let slab = Self {
                inner: if private {
                    inner
                } else {
                    recommit(&inner, &public, &path)?
                },
                public,
                count: Mutex::new(Count::Free),
            };
            if private {
                let journal = journal_path(&path);
                if !journal.exists() {
                    let reason = format!(
                        "the journal {} is missing: what is left is unknown",
                        journal.display()
                    );
                    return Err(Fail::new("budget", "budget_missing", shown(&path), reason).hint(
                        "bring the journal back beside the secret; or commit anew, or rotate its master",
                    ));
                }
                let budget = Budget::open(&journal, slab.digest(), slab.budget())?;
                // One record is there from the beginning: the commitment's own proof, or its link's.
                if budget.used() == 0 {
                    let reason = "its first record, of the commitment's own proof, is gone";
                    return Err(BudgetError::Damaged {
                        path: journal,
                        reason,
                    }
                    .into());
                }
                *slab.lock()? = Count::File(budget);
            }
            Ok(slab)
        })
    }
}
