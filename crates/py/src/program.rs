//! A validated program with the geometry of its deployment.

use pyo3::prelude::*;
use pyo3::types::PyDict;
use tacit_owner::{
    allowance_of, commitment_costs, largest_sizes, links_of, slab_sizes, work_of, Deployment, Kind,
    OwnerError,
};
use tacit_params::{budget, estimate, Optimize};
use tacit_program::{Place, Port, Prepared};
use tacit_verifier::files::{Body, ProgramFile};
use tacit_verifier::relations_of;

use crate::failure::{Fail, Result};

/// (name, shape, lo, hi)
type TensorRow = (String, Vec<u32>, i64, i64);
/// (least bits, bits of the union, binding term, regime, [(term, bits, formula)])
type Soundness = (f64, f64, String, String, Vec<(String, f64, String)>);

/// Memory of a command before it proves or commits: Python and what it loads.
const PROCESS_BYTES: f64 = 55.0 * 1024.0 * 1024.0;

#[pyclass(frozen)]
pub struct Program(pub Deployment);

/// The geometry (borsh) that fits these programs, each over its own slabs: proven `target` bits, `proofs` proofs of every private
/// slab. The first one's cost decides.
#[pyfunction]
pub fn derive(
    py: Python<'_>,
    programs: Vec<Vec<u8>>,
    proofs: u32,
    target: u16,
    optimize: &str,
) -> Result<Vec<u8>> {
    let optimize = match optimize {
        "time" => Optimize::Time,
        "balanced" => Optimize::Balanced,
        "size" => Optimize::Size,
        other => {
            return Err(Fail::input(
                "optimize",
                "optimize",
                format!("expected time, balanced or size, got {other}"),
            ))
        }
    };
    if target != 100 && target != 128 {
        return Err(Fail::input(
            "security",
            "security",
            format!("expected 128 or 100 bits, got {target}"),
        ));
    }
    py.detach(|| {
        let prepared = programs.iter().map(|bytes| Prepared::from_bytes(bytes));
        let prepared = prepared.collect::<std::result::Result<Vec<_>, _>>()?;
        let found = Deployment::derive_all(prepared, proofs, target, optimize)?;
        Ok(found.first().map_or_else(Vec::new, |d| d.geometry.bytes()))
    })
}

impl Program {
    fn ports<'py>(&self, py: Python<'py>, ports: &[Port]) -> PyResult<Vec<Bound<'py, PyDict>>> {
        let one = |port: &Port| {
            let tensor = &self.0.prepared.program.tensors[port.tensor as usize];
            let place = match tensor.place {
                Place::Constant(_) => "constant".to_owned(),
                Place::Public => "public".to_owned(),
                Place::Witness => "private".to_owned(),
                Place::Slab(s) => self.0.prepared.program.slabs[usize::from(s)].name.clone(),
            };
            let d = PyDict::new(py);
            d.set_item("name", &port.name)?;
            d.set_item("tensor", self.0.prepared.program.address(port.tensor))?;
            d.set_item("shape", &tensor.shape)?;
            d.set_item("frac", port.frac)?;
            d.set_item("lo", tensor.lo)?;
            d.set_item("hi", tensor.hi)?;
            d.set_item("place", place)?;
            Ok(d)
        };
        ports.iter().map(one).collect()
    }
}

#[pymethods]
impl Program {
    #[new]
    #[pyo3(signature = (program, geometry, proofs, notes, architecture = Vec::new()))]
    fn new(
        program: Vec<u8>,
        geometry: &[u8],
        proofs: u32,
        notes: String,
        architecture: Vec<u8>,
    ) -> Result<Self> {
        let geometry = borsh::from_slice(geometry)
            .map_err(|e| OwnerError::new(Kind::File, "encoding", "geometry", e.to_string()))?;
        let file = ProgramFile {
            program,
            geometry,
            proofs,
            notes,
            architecture,
        };
        Ok(Self(Deployment::of_file(file)?))
    }

    #[staticmethod]
    fn from_file(py: Python<'_>, bytes: &[u8]) -> Result<Self> {
        let read = || Ok(Self(Deployment::of_file(ProgramFile::from_file(bytes)?)?));
        py.detach(read)
    }

    fn to_file(&self) -> Result<Vec<u8>> {
        Ok(self.0.file().to_file()?)
    }

    /// Canonical bytes of the program alone.
    fn bytes(&self) -> Vec<u8> {
        self.0.prepared.bytes.clone()
    }

    #[getter]
    fn architecture(&self) -> &[u8] {
        &self.0.architecture
    }

    #[getter]
    fn digest(&self) -> Vec<u8> {
        self.0.prepared.digest.to_vec()
    }

    #[getter]
    fn proofs(&self) -> u32 {
        self.0.proofs
    }

    #[getter]
    fn target(&self) -> u16 {
        self.0.geometry.target
    }

    /// borsh
    fn geometry(&self) -> Vec<u8> {
        self.0.geometry.bytes()
    }

    #[getter]
    fn notes(&self) -> &str {
        &self.0.notes
    }

    #[getter]
    fn name(&self) -> String {
        self.0.prepared.program.name.clone()
    }

    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.ports(py, &self.0.prepared.program.inputs)
    }

    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyDict>>> {
        self.ports(py, &self.0.prepared.program.outputs)
    }

    /// (name, private, cells) of the long-lived slabs.
    fn slabs(&self) -> Vec<(String, bool, usize)> {
        let prepared = &self.0.prepared;
        let slabs = prepared.program.slabs.iter().zip(&prepared.layouts);
        slabs
            .map(|(s, l)| (s.name.clone(), s.private, l.cells))
            .collect()
    }

    /// (name, shape, lo, hi) of a slab's tensors, in layout order.
    fn schema(&self, slab: &str) -> Result<Vec<TensorRow>> {
        Ok(self.0.prepared.schema_tensors(self.0.slab(slab)?))
    }

    /// Counts that decide a proof's cost, and the estimate.
    fn sizes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let (sizes, work) = (&self.0.prepared.sizes, work_of(&self.0.prepared));
        let slabs = slab_sizes(&self.0.prepared, allowance_of(self.0.proofs), links_of(0));
        let e = estimate(&self.0.geometry, &work, &slabs);
        let d = PyDict::new(py);
        d.set_item("lookups_and_rows", relations_of(&self.0.prepared).entries)?;
        d.set_item("tree_depth", sizes.depth)?;
        d.set_item("einsum_rounds", sizes.einsum_rounds)?;
        d.set_item("pads", sizes.pads)?;
        d.set_item("witness_cells", work.witness_cells)?;
        d.set_item(
            "committed_cells",
            slabs.iter().map(|s| s.cells).collect::<Vec<_>>(),
        )?;
        d.set_item("prove_seconds", e.prove_seconds)?;
        d.set_item("verify_seconds", e.verify_seconds)?;
        d.set_item("proof_bytes", e.proof_bytes.round())?;
        d.set_item("peak_bytes", (PROCESS_BYTES + e.peak_bytes).round())?;
        d.set_item("commitments", costs_of_commitments(py, &self.0)?)?;
        Ok(d)
    }

    /// The soundness budget: (minimum bits, union bits, binding term, regime, [(term, bits, formula)]).
    fn soundness(&self) -> Soundness {
        let work = work_of(&self.0.prepared);
        let shape = work.relations.shape(
            &self.0.geometry,
            &largest_sizes(&self.0.prepared, self.0.proofs),
            work.witness_cells,
        );
        let b = budget(&self.0.geometry, &shape);
        let terms = b
            .terms
            .iter()
            .map(|t| (t.name.clone(), t.bits, t.formula.clone()))
            .collect();
        (
            b.minimum,
            b.union,
            b.binding.clone(),
            b.regime.to_string(),
            terms,
        )
    }

    /// What the geometry is, for people.
    fn describe_geometry<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let g = &self.0.geometry;
        let d = PyDict::new(py);
        d.set_item("data_rows", g.r())?;
        d.set_item("rows", g.m())?;
        d.set_item("code_length", 1u64 << g.log_domain)?;
        d.set_item("queries", g.queries)?;
        d.set_item("grinding_bits", g.grind)?;
        let levels: Vec<_> = g
            .levels
            .iter()
            .map(|l| (l.fold, l.log_domain, l.queries))
            .collect();
        d.set_item("levels", levels)?;
        Ok(d)
    }
}

/// By the name of every slab: seconds on two cores, memory of the whole command, bytes of both files.
fn costs_of_commitments<'py>(
    py: Python<'py>,
    deployment: &Deployment,
) -> PyResult<Bound<'py, PyDict>> {
    let all = PyDict::new(py);
    for (name, cost) in commitment_costs(deployment).map_err(Fail::from)? {
        let d = PyDict::new(py);
        d.set_item("commit_seconds", cost.expected.seconds)?;
        let peak = PROCESS_BYTES + cost.expected.peak_bytes;
        d.set_item("peak_bytes", peak.round())?;
        d.set_item("secret_bytes", cost.secret_bytes)?;
        d.set_item("commitment_bytes", cost.commitment_bytes)?;
        all.set_item(name, d)?;
    }
    Ok(all)
}
