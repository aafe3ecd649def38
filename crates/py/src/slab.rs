//! A commitment's secret, as Python holds it.

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use std::path::PathBuf;
use tacit_owner::{Allowance, Deployment, Secret};
use tacit_prover::Entry;
use tacit_verifier::files::Body;

use crate::arrays::integers;
use crate::failure::Result;
use crate::pool::pooled;
use crate::program::Program;
use crate::wipe;

#[pyclass(frozen)]
pub struct Slab(pub Secret);

/// Commits the integers of one slab, by tensor name, and proves them valid. `refusals`: how many proofs may be refused for hidden
/// values; as many as `proofs`, if not given. `others`: programs of the same geometry that will open it, too.
#[pyfunction]
#[pyo3(signature = (program, slab, tensors, proofs, children, refusals=None, others=Vec::new()))]
#[allow(clippy::too_many_arguments)]
pub fn commit(
    py: Python<'_>,
    program: &Program,
    slab: &str,
    tensors: Vec<(String, PyReadonlyArray1<'_, i64>)>,
    proofs: u32,
    children: u16,
    refusals: Option<u32>,
    others: Vec<Py<Program>>,
) -> Result<Slab> {
    let given = integers(tensors)?;
    let allowance = Allowance {
        proofs,
        children,
        refusals: refusals.unwrap_or(proofs),
    };
    let make = || {
        let others: Vec<&Deployment> = others.iter().map(|p| &p.get().0).collect();
        let made = tacit_owner::commit_for(&program.0, &others, slab, given, allowance)?;
        Ok(Slab(made))
    };
    py.detach(|| wipe::after(|| pooled(make)))
}

#[pymethods]
impl Slab {
    #[getter]
    fn slab(&self) -> &str {
        self.0.role()
    }

    /// (name, shape, lo, hi) in layout order.
    fn tensors(&self) -> Vec<(String, Vec<u32>, i64, i64)> {
        self.0.public().tensors.clone()
    }

    /// What its proofs are bound to.
    #[getter]
    fn identity(&self) -> Vec<u8> {
        self.0.identity().to_vec()
    }

    #[getter]
    fn private(&self) -> bool {
        self.0.is_private()
    }

    /// Proofs left, `None` for a public slab; a master makes none.
    #[getter]
    fn remaining(&self) -> Result<Option<u32>> {
        Ok(self.0.proofs_left()?)
    }

    /// Children that can still be made: more than 0 only for a master.
    #[getter]
    fn children(&self) -> Result<u32> {
        Ok(self.0.children_left()?)
    }

    /// Refusals for hidden values after which nothing is proven; `None` for a public slab.
    #[getter]
    fn remaining_refusals(&self) -> Result<Option<u32>> {
        Ok(self.0.tally()?.map(|tally| tally.refusals_left()))
    }

    /// Whether another commitment has taken its place.
    #[getter]
    fn renewed(&self) -> Result<bool> {
        Ok(self.0.tally()?.is_some_and(|tally| tally.renewed))
    }

    /// Whether a counter elsewhere must agree.
    #[getter]
    fn counter(&self) -> Result<bool> {
        Ok(self.0.tally()?.is_some_and(|tally| tally.counter))
    }

    /// Entries counted, of any kind; 0 for a public slab.
    #[getter]
    fn records(&self) -> Result<u32> {
        Ok(self.0.tally()?.map_or(0, |tally| tally.records))
    }

    /// From here on a counter elsewhere must agree.
    fn require_counter(&self) -> Result<()> {
        self.0.record(Entry::Counter)?;
        Ok(())
    }

    /// A child: the same values, an allowance of its own for `proofs` proofs (as many as there is room for, if not given). Counts
    /// one rotation cell of this master before anything else; also when the rest fails. `program`: what it makes proofs for, if
    /// that is of another deployment, with the `others` of that.
    #[pyo3(signature = (proofs=None, refusals=None, program=None, others=Vec::new()))]
    fn rotate(
        &self,
        py: Python<'_>,
        proofs: Option<u32>,
        refusals: Option<u32>,
        program: Option<Py<Program>>,
        others: Vec<Py<Program>>,
    ) -> Result<Self> {
        let make = || {
            let others: Vec<&Deployment> = others.iter().map(|p| &p.get().0).collect();
            let child = match &program {
                None => tacit_owner::rotate(&self.0, proofs, refusals),
                Some(p) => tacit_owner::rotate_for(&self.0, &p.get().0, &others, proofs, refusals),
            };
            Ok(Self(child?))
        };
        py.detach(|| wipe::after(make))
    }

    /// The same values with a fresh allowance, and the proof of that in `renewal_file`. Counts the reserve before anything else; also
    /// when the rest fails.
    fn renew(&self, py: Python<'_>) -> Result<Self> {
        py.detach(|| wipe::after(|| Ok(Self(tacit_owner::renew(&self.0)?))))
    }

    /// The file that shows that it holds what another commitment held; empty if it renews none.
    fn renewal_file(&self) -> Vec<u8> {
        self.0.renewal_file().to_vec()
    }

    /// The public part, as a file.
    fn commitment_file(&self) -> Result<Vec<u8>> {
        Ok(self.0.public().to_file()?)
    }

    /// Whether the system keeps seed, cells, blinding and code out of the swap; false for public values.
    #[getter]
    fn locked(&self) -> bool {
        self.0.is_locked()
    }

    /// Writes the secret file to an empty file that is there; then `start_journal`.
    fn write_file(&self, py: Python<'_>, path: PathBuf) -> Result<()> {
        py.detach(|| wipe::after(|| Ok(self.0.write(&path)?)))
    }

    /// From here on proofs are counted in the journal beside the secret file at `path`.
    fn start_journal(&self, path: PathBuf) -> Result<()> {
        Ok(self.0.start_journal(&path)?)
    }

    /// Reads the secret file at this path, and its journal beside it.
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> Result<Self> {
        let read = || Ok(Self(Secret::load(&path)?));
        py.detach(|| wipe::after(|| pooled(read)))
    }
}

/// (identity, allowance, openings, refusals, refusals at most, renewed, counter elsewhere)
type JournalSums = (Vec<u8>, u32, u32, u32, u32, bool, bool);

/// What a journal's bytes say.
#[pyfunction]
pub fn journal(bytes: &[u8]) -> Result<JournalSums> {
    let found = tacit_owner::read_journal(bytes)?;
    let t = found.tally;
    Ok((
        found.identity.to_vec(),
        t.allowance,
        t.openings,
        t.refusals,
        t.most_refusals,
        t.renewed,
        t.counter,
    ))
}
