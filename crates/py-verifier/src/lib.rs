//! `tacit_verifier._native`: the verifier for Python. Bytes in, a statement in JSON out; one exception, [`Failure`].

use std::ffi::OsString;

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use tacit_verify::{Given, Kind, Known, Numbers, Refusal, Request};

create_exception!(
    _native,
    Failure,
    PyException,
    "Arguments: kind, slug, place, reason, remedy."
);

fn failure(e: Refusal) -> PyErr {
    let kind = match e.kind {
        Kind::Refused => "refused",
        Kind::Input => "input",
        Kind::Bug => "bug",
    };
    Failure::new_err((kind, e.slug, e.place, e.reason.to_string(), e.remedy))
}

/// (role or none, what errors call it, bytes of a commitment file or of public weights)
type File = (Option<String>, String, Vec<u8>);

fn given((role, place, bytes): &File) -> Given<'_> {
    Given {
        place,
        bytes,
        role: role.as_deref(),
    }
}

/// The statement of an accepted proof, as JSON. `known`: (name, shape, real values) of public inputs and outputs.
#[pyfunction]
#[allow(clippy::too_many_arguments)]
fn verify(
    py: Python<'_>,
    program: &[u8],
    proof: &[u8],
    commitments: Vec<File>,
    rotation: Option<File>,
    context: &[u8],
    security: u16,
    known: Vec<(String, Vec<usize>, Vec<f64>)>,
) -> PyResult<String> {
    let known: Vec<Known> = known
        .into_iter()
        .map(|(name, shape, values)| Known {
            name,
            numbers: Numbers { shape, values },
        })
        .collect();
    let commitments: Vec<Given<'_>> = commitments.iter().map(given).collect();
    let request = Request {
        program,
        proof,
        commitments: &commitments,
        rotation: rotation.as_ref().map(given),
        context,
        security,
        known: &known,
    };
    let statement = py.detach(|| tacit_verify::verify(&request));
    let statement = statement.map_err(failure)?;
    Ok(tacit_verify::statement_json(&statement).to_string())
}

/// The command `tacit-verify` with the arguments behind its name; its exit code.
#[pyfunction]
fn run(py: Python<'_>, arguments: Vec<OsString>) -> u8 {
    py.detach(|| {
        tacit_verify::run(
            arguments,
            &mut std::io::stdout().lock(),
            &mut std::io::stderr().lock(),
        )
    })
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("Failure", m.py().get_type::<Failure>())?;
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_function(wrap_pyfunction!(verify, m)?)?;
    m.add_function(wrap_pyfunction!(run, m)?)?;
    Ok(())
}
