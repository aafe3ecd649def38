//! Proofs: making them, and what a verifier does with files.

use numpy::{PyArray1, PyReadonlyArray1};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tacit_owner::Secret;
use tacit_prover::{FIRST_CHILD, RENEWAL};
use tacit_verifier::files::{Body, CommitmentFile, ProofFile, WeightsFile};
use tacit_verifier::Accepted;

use crate::arrays::{by_tensor, named_publics, Named};
use crate::failure::{Fail, Result};
use crate::program::Program;
use crate::slab::Slab;
use crate::wipe;

/// A published commitment: header, root, y, the tensors' intervals and their validity proof.
#[pyclass(frozen)]
pub struct Commitment {
    pub file: CommitmentFile,
    /// As it was accepted, with the most bits so far.
    accepted: Mutex<Option<Accepted>>,
}

impl Commitment {
    pub fn new(file: CommitmentFile) -> Self {
        let accepted = Mutex::new(None);
        Self { file, accepted }
    }

    /// Accepts it, once for so many bits.
    fn accepted(&self, target: u16) -> Result<Accepted> {
        let mut known = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Some(accepted) if accepted.target() >= target => Ok(accepted.clone()),
            _ => Ok(known.insert(self.file.accept(target)?).clone()),
        }
    }
}

#[pymethods]
impl Commitment {
    #[staticmethod]
    fn from_file(bytes: &[u8]) -> Result<Self> {
        Ok(Self::new(CommitmentFile::from_file(bytes)?))
    }

    fn to_file(&self) -> Result<Vec<u8>> {
        Ok(self.file.to_file()?)
    }

    #[getter]
    fn slab(&self) -> String {
        self.file.slab.clone()
    }

    #[getter]
    fn private(&self) -> bool {
        self.file.commitment.header.private
    }

    #[getter]
    fn identity(&self) -> Vec<u8> {
        self.file.commitment.identity().to_vec()
    }

    #[getter]
    fn root(&self) -> Vec<u8> {
        self.file.commitment.root.to_vec()
    }

    #[getter]
    fn budget(&self) -> u32 {
        self.file.commitment.header.budget
    }

    #[getter]
    fn target(&self) -> u16 {
        self.file.commitment.header.geometry.target
    }

    /// Bits of its blinding over its whole allowance; `None` for a public slab, which has none.
    #[getter]
    fn hiding(&self) -> Option<f64> {
        let header = &self.file.commitment.header;
        (header.private).then(|| tacit_params::hiding_bits(header.budget, header.max_fold))
    }

    /// borsh of the commitment alone, for other verifiers.
    fn bytes(&self) -> Vec<u8> {
        self.file.commitment.bytes()
    }

    fn tensors(&self) -> Vec<(String, Vec<u32>, i64, i64)> {
        self.file.tensors.clone()
    }

    /// Identity of the commitment that this one is a child of.
    #[getter]
    fn master(&self) -> Option<Vec<u8>> {
        self.file.master().map(|d| d.to_vec())
    }

    /// Children that it was made for; a child has one rotation cell, and no children.
    #[getter]
    fn children(&self) -> u16 {
        match self.file.rotation {
            None => self
                .file
                .commitment
                .header
                .links
                .saturating_sub(FIRST_CHILD),
            Some(_) => 0,
        }
    }

    /// Whether the rotation is a renewal: a child has one rotation cell, and no renewal.
    #[getter]
    fn renews(&self) -> bool {
        self.file.rotation.is_some() && self.file.commitment.header.links > RENEWAL
    }

    #[getter]
    fn validity_bytes(&self) -> usize {
        self.file.validity.len()
    }

    /// Checks schema and validity proof. Once for a commitment is enough.
    fn accept(&self, py: Python<'_>, target: u16) -> Result<()> {
        check_target(target)?;
        py.detach(|| self.accepted(target).map(|_| ()))
    }
}

/// (publics, argument, [(phase, seconds)], total seconds, peak bytes)
type Proven<'py> = (Named<'py>, Vec<u8>, Vec<(String, f64)>, f64, u64);

/// Proves. `slabs` in the order of the program; `inputs` by tensor name. Every private slab's count is one less, on the disk,
/// before anything is made from its blinding; slabs and values that have no proof spend none. A refusal that depends on hidden
/// values is counted, on the disk, before it is reported.
#[pyfunction]
pub fn prove<'py>(
    py: Python<'py>,
    program: &Program,
    slabs: Vec<Py<Slab>>,
    inputs: Vec<(String, PyReadonlyArray1<'py, i64>)>,
    context: &[u8],
) -> PyResult<Proven<'py>> {
    let deployment = &program.0;
    let given = by_tensor(&deployment.prepared, inputs)?;
    let secrets: Vec<&Secret> = slabs.iter().map(|s| &s.get().0).collect();
    let make = || tacit_owner::prove(deployment, &secrets, given, context);
    let proof = py.detach(|| wipe::after(make)).map_err(Fail::from)?;
    let publics = named_publics(py, &deployment.prepared, &proof.publics.0);
    let profile = proof.profile;
    let phases = profile.phases.iter();
    let phases = phases.map(|(name, t)| (name.clone(), t.as_secs_f64()));
    Ok((
        publics,
        proof.argument,
        phases.collect(),
        profile.total.as_secs_f64(),
        profile.peak_memory,
    ))
}

/// The tensors of `slab` by name, in layout order, for these slabs (those before it, in the order of the program) and inputs
/// (by tensor name), for a proof to come. Spends no proof: nothing leaves that depends on a slab's blinding. Refusals are counted
/// as those of `prove`, and refused as there.
#[pyfunction]
pub fn compute<'py>(
    py: Python<'py>,
    program: &Program,
    slabs: Vec<Py<Slab>>,
    inputs: Vec<(String, PyReadonlyArray1<'py, i64>)>,
    slab: &str,
) -> Result<Named<'py>> {
    let deployment = &program.0;
    let given = by_tensor(&deployment.prepared, inputs)?;
    let secrets: Vec<&Secret> = slabs.iter().map(|s| &s.get().0).collect();
    let found = py.detach(|| tacit_owner::compute(deployment, &secrets, given, slab))?;
    let named = found.into_iter();
    Ok(named
        .map(|(name, values)| (name, PyArray1::from_slice(py, &values)))
        .collect())
}

/// Bits that a user may insist on. The verifier's crate also takes 0, which accepts what is merely well formed: toy geometries
/// in tests reach no more.
fn check_target(target: u16) -> Result<()> {
    if (1..=160).contains(&target) {
        return Ok(());
    }
    let reason = format!("expected 1 to 160 bits, got {target}");
    Err(Fail::input("security", "security", reason))
}

/// A proof file, read.
#[pyclass(frozen)]
pub struct Proof {
    file: ProofFile,
}

#[pymethods]
impl Proof {
    #[staticmethod]
    fn from_file(bytes: &[u8]) -> Result<Self> {
        Ok(Self {
            file: ProofFile::from_file(bytes)?,
        })
    }

    /// What was proven of this program with these commitments (identities in the order of its slabs). `publics`: integers of the
    /// public tensors by address, each once.
    #[staticmethod]
    fn of(
        program: &Program,
        slabs: Vec<[u8; 32]>,
        publics: Vec<(String, PyReadonlyArray1<'_, i64>)>,
        argument: Vec<u8>,
    ) -> Result<Self> {
        let prepared = &program.0.prepared;
        let mut given = by_tensor(prepared, publics)?;
        let one = |&tensor: &u32| {
            let at = given.iter().position(|(t, _)| *t == tensor);
            let missing = || {
                let reason = "expected the integers of this public tensor, got none";
                Fail::input("public_shape", prepared.program.address(tensor), reason)
            };
            Ok(given.swap_remove(at.ok_or_else(missing)?).1)
        };
        let publics = prepared.publics.iter().map(one).collect::<Result<_>>()?;
        if let Some((tensor, _)) = given.first() {
            let reason = "expected public tensors, each once, got more";
            let address = prepared.program.address(*tensor);
            return Err(Fail::input("public_shape", address, reason));
        }
        let program = prepared.digest;
        let file = ProofFile {
            program,
            slabs,
            publics,
            argument,
        };
        Ok(Self { file })
    }

    fn to_file(&self) -> Result<Vec<u8>> {
        Ok(self.file.to_file()?)
    }

    /// The bytes that the prover sent.
    #[getter]
    fn argument(&self) -> &[u8] {
        &self.file.argument
    }

    /// Refuses a proof of another program.
    fn check_program(&self, program: &Program) -> Result<()> {
        Ok(self.file.check_program(&program.0.prepared)?)
    }
}

/// Verifies a proof against commitments in the order of the program's slabs; one that was not accepted yet is now.
#[pyfunction]
pub fn verify<'py>(
    py: Python<'py>,
    program: &Program,
    commitments: Vec<Py<Commitment>>,
    proof: &Proof,
    context: &[u8],
    target: u16,
) -> PyResult<Bound<'py, PyDict>> {
    check_target(target)?;
    let commitments: Vec<&Commitment> = commitments.iter().map(|c| c.get()).collect();
    let file = &proof.file;
    let verified = py.detach(|| -> Result<_> {
        let (prepared, geometry) = (&program.0.prepared, &program.0.geometry);
        let accepted = commitments.iter().map(|c| c.accepted(target));
        let accepted = accepted.collect::<Result<Vec<Accepted>>>()?;
        let accepted: Vec<&Accepted> = accepted.iter().collect();
        Ok(file.verify(prepared, geometry, &accepted, context, target)?)
    })?;
    let d = PyDict::new(py);
    d.set_item(
        "publics",
        named_publics(py, &program.0.prepared, &file.publics),
    )?;
    d.set_item("bits", verified.budget.minimum)?;
    d.set_item("union_bits", verified.budget.union)?;
    d.set_item("binding", &verified.budget.binding)?;
    d.set_item("claims", verified.claims)?;
    d.set_item(
        "identities",
        verified
            .identities
            .iter()
            .map(|i| i.to_vec())
            .collect::<Vec<_>>(),
    )?;
    Ok(d)
}

#[pyfunction]
pub fn proof_to_file(
    program: [u8; 32],
    slabs: Vec<[u8; 32]>,
    publics: Vec<Vec<i64>>,
    argument: Vec<u8>,
) -> Result<Vec<u8>> {
    let file = ProofFile {
        program,
        slabs,
        publics,
        argument,
    };
    Ok(file.to_file()?)
}

/// (program digest, identities of the commitments, publics, bytes of the argument)
type ProofParts = (Vec<u8>, Vec<Vec<u8>>, Vec<Vec<i64>>, usize);

#[pyfunction]
pub fn proof_from_file(bytes: &[u8]) -> Result<ProofParts> {
    let f = ProofFile::from_file(bytes)?;
    let slabs = f.slabs.iter().map(|s| s.to_vec()).collect();
    Ok((f.program.to_vec(), slabs, f.publics, f.argument.len()))
}

#[pyfunction]
pub fn weights_to_file(
    program: [u8; 32],
    slab: String,
    tensors: Vec<(String, Vec<i64>)>,
) -> Result<Vec<u8>> {
    let file = WeightsFile {
        program,
        slab,
        tensors,
    };
    Ok(file.to_file()?)
}

/// (program digest, slab, [(tensor, integers)])
type WeightsParts<'py> = (Vec<u8>, String, Named<'py>);

#[pyfunction]
pub fn weights_from_file<'py>(py: Python<'py>, bytes: &[u8]) -> Result<WeightsParts<'py>> {
    Ok(arrays(py, WeightsFile::from_file(bytes)?))
}

/// As `weights_from_file`, from a path.
#[pyfunction]
pub fn weights_load(py: Python<'_>, path: PathBuf) -> Result<WeightsParts<'_>> {
    let found =
        py.detach(|| Ok::<_, Fail>(WeightsFile::from_file(&tacit_owner::read_file(&path)?)?))?;
    Ok(arrays(py, found))
}

/// Arrays over this module's memory, which is wiped when they are dropped.
fn arrays(py: Python<'_>, file: WeightsFile) -> WeightsParts<'_> {
    let named = |(name, values)| (name, PyArray1::from_vec(py, values));
    let tensors = file.tensors.into_iter().map(named).collect();
    (file.program.to_vec(), file.slab, tensors)
}
