//! Long-lived slabs as their owner holds them, with the count of proofs that they were made for.

use borsh::{BorshDeserialize, BorshSerialize};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_pcs::Slab as Committed;
use tacit_program::{entries, pack, Prepared, Trace};
use tacit_prover::{Budget, BudgetError, Job};
use tacit_verifier::files::{seal, unseal, Body, CommitmentFile, FileKind};
use tacit_verifier::VALIDITY_CONTEXT as CONTEXT;
use tacit_verifier::{prepare_validity, Slug, VerifyError};
use zeroize::Zeroizing;

use crate::deploy::{budget_of, max_fold};
use crate::failure::{Fail, Result};
use crate::program::Program;

/// Where the proofs of a slab are counted.
enum Count {
    /// No file holds the secret yet: the count dies with the values.
    Memory {
        used: u32,
        budget: u32,
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

/// The body of a secret file.
#[derive(BorshSerialize, BorshDeserialize)]
struct SecretFile {
    public: Vec<u8>,
    slab: Vec<u8>,
}

impl Slab {
    /// Counts one proof, on the disk if the secret is; before anything that depends on the slab's blinding leaves.
    pub fn spend(&self, note: &Digest) -> Result<()> {
        match &mut *self.lock()? {
            Count::Free => Ok(()),
            Count::Memory { used, budget } if *used < *budget => {
                *used += 1;
                Ok(())
            }
            Count::Memory { budget, .. } => Err(BudgetError::Spent {
                path: PathBuf::from(&self.public.slab),
                budget: *budget,
            }
            .into()),
            Count::File(journal) => Ok(journal.reserve(note).map(|_| ())?),
        }
    }

    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Count>> {
        self.count
            .lock()
            .map_err(|_| Fail::new("bug", "lock", "", "a thread died while counting a proof"))
    }

    fn identity(&self) -> Digest {
        self.public.commitment.identity()
    }

    fn budget(&self) -> u32 {
        self.public.commitment.header.budget
    }
}

/// Commits the integers of one slab, by tensor name, and proves them valid.
#[pyfunction]
pub fn commit(
    py: Python<'_>,
    program: &Program,
    slab: &str,
    tensors: Vec<(String, PyReadonlyArray1<'_, i64>)>,
    proofs: u32,
) -> Result<Slab> {
    let given = tensors
        .into_iter()
        .map(|(name, values)| {
            let slice = values
                .as_slice()
                .map_err(|_| Fail::input("array", &name, "expected a contiguous array"))?;
            Ok((name, slice.to_vec()))
        })
        .collect::<Result<Vec<_>>>()?;
    py.detach(|| commit_values(program, slab, given, proofs))
}

fn commit_values(
    program: &Program,
    name: &str,
    given: Vec<(String, Vec<i64>)>,
    proofs: u32,
) -> Result<Slab> {
    let (prepared, geometry) = (&program.prepared, &program.geometry);
    let slab = program.slab(name)?;
    let private = prepared.program.slabs[slab].private;
    let trace = slab_trace(prepared, slab, given)?;
    let cells = pack(prepared, slab, &trace);
    let fold = max_fold(prepared, geometry, slab)?;
    let budget = if private { budget_of(proofs) } else { 0 };
    let mut seed = Zeroizing::new([0u8; 32]);
    if private {
        getrandom::fill(&mut *seed).map_err(|e| {
            Fail::new(
                "bug",
                "entropy",
                "",
                format!("the operating system gave no randomness: {e}"),
            )
        })?;
    }
    let schema = prepared.schema(slab);
    let inner = tacit_pcs::commit(geometry, private, schema, &cells, &[], budget, fold, *seed)
        .map_err(|e| {
            Fail::from(e).hint("compile for more proofs (option proofs), or commit for fewer")
        })?;
    let mut public = CommitmentFile {
        slab: name.to_owned(),
        tensors: prepared.schema_tensors(slab),
        commitment: inner.commitment.clone(),
        validity: Vec::new(),
    };
    let count = if private {
        Count::Memory { used: 1, budget }
    } else {
        Count::Free
    };
    if private {
        public.validity = prove_validity(&inner, &public, geometry)?;
    }
    Ok(Slab {
        inner,
        public,
        count: Mutex::new(count),
    })
}

/// The values of a slab's tensors where a trace has them; each in its interval.
fn slab_trace(prepared: &Prepared, slab: usize, given: Vec<(String, Vec<i64>)>) -> Result<Trace> {
    let mut trace = Trace {
        tensors: vec![Arc::default(); prepared.program.tensors.len()],
        ..Trace::default()
    };
    let order = &prepared.layouts[slab].order;
    for (name, values) in given {
        let found = order
            .iter()
            .find(|&&t| prepared.program.tensors[t as usize].name == name);
        let Some(&t) = found else {
            return Err(Fail::input("tensor", name, "the slab has no such tensor"));
        };
        let tensor = &prepared.program.tensors[t as usize];
        let n = entries(&tensor.shape);
        if values.len() != n {
            return Err(Fail::input(
                "shape",
                name,
                format!("expected {n} entries, got {}", values.len()),
            ));
        }
        if let Some(bad) = values.iter().find(|v| !(tensor.lo..=tensor.hi).contains(v)) {
            return Err(Fail::input(
                "range",
                name,
                format!("expected [{}, {}], got {bad}", tensor.lo, tensor.hi),
            ));
        }
        trace.tensors[t as usize] = Arc::new(values);
    }
    for &t in order {
        let tensor = &prepared.program.tensors[t as usize];
        if trace.tensors[t as usize].is_empty() {
            return Err(Fail::input(
                "tensor",
                &tensor.name,
                "no values are given for this tensor",
            ));
        }
    }
    Ok(trace)
}

fn prove_validity(
    inner: &Committed,
    public: &CommitmentFile,
    geometry: &tacit_params::Geometry,
) -> Result<Vec<u8>> {
    let prepared = prepare_validity(&public.slab, &public.tensors)?;
    let job = Job {
        prepared: &prepared,
        geometry,
        slabs: &[inner],
        context: CONTEXT,
    };
    let none: [(u32, Vec<i64>); 0] = [];
    Ok(job.prove(none)?.argument)
}

fn journal_path(path: &str) -> PathBuf {
    PathBuf::from(format!("{path}.budget"))
}

#[pymethods]
impl Slab {
    #[getter]
    fn slab(&self) -> String {
        self.public.slab.clone()
    }

    #[getter]
    fn private(&self) -> bool {
        self.public.commitment.header.private
    }

    /// Proofs left, `None` for a public slab.
    #[getter]
    fn remaining(&self) -> Result<Option<u32>> {
        Ok(match &*self.lock()? {
            Count::Free => None,
            Count::Memory { used, budget } => Some(budget.saturating_sub(*used)),
            Count::File(journal) => Some(journal.left()),
        })
    }

    /// The public part, as a file.
    fn commitment_file(&self) -> Vec<u8> {
        self.public.to_file()
    }

    /// The body of the secret file. The caller writes it; then `start_journal`.
    fn secret_file(&self) -> Vec<u8> {
        let body = SecretFile {
            public: self.public.to_file(),
            slab: self.inner.to_bytes(true),
        };
        seal(
            FileKind::Secret,
            &Zeroizing::new(borsh::to_vec(&body).unwrap_or_default()),
        )
    }

    /// From here on proofs are counted in the journal beside the secret file at `path`.
    fn start_journal(&self, path: &str) -> Result<()> {
        let mut count = self.lock()?;
        match &*count {
            Count::Free => Ok(()),
            Count::File(_) => Err(Fail::input(
                "exists",
                path,
                "this secret is counted in another journal already",
            )),
            Count::Memory { used, budget } => {
                let mut journal = Budget::create(&journal_path(path), self.identity(), *budget)?;
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
    fn from_file(py: Python<'_>, bytes: &[u8], path: &str) -> Result<Self> {
        py.detach(|| {
            let body: SecretFile = borsh::from_slice(unseal(FileKind::Secret, bytes)?)
                .map_err(|e| VerifyError::new(Slug::Encoding, "secret file", "borsh", e))?;
            let public = CommitmentFile::from_file(&body.public)?;
            let inner = Committed::from_bytes(&Zeroizing::new(body.slab))?;
            if inner.commitment != public.commitment {
                return Err(Fail::new(
                    "file",
                    "encoding",
                    path,
                    "secret and commitment do not belong together",
                ));
            }
            let slab = Self {
                inner,
                public,
                count: Mutex::new(Count::Free),
            };
            if slab.private() {
                let journal = journal_path(path);
                if !journal.exists() {
                    let reason = format!(
                        "the journal {} is missing: what is left is unknown",
                        journal.display()
                    );
                    return Err(Fail::new("budget", "budget_missing", path, reason).hint(
                        "bring the journal back beside the secret, or rotate the commitment",
                    ));
                }
                *slab.lock()? =
                    Count::File(Budget::open(&journal, slab.identity(), slab.budget())?);
            }
            Ok(slab)
        })
    }
}
