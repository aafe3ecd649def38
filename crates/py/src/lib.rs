//! `tacit._native`: the Rust half of the Python package. Bytes and integer arrays in, bytes and integer arrays out;
//! one exception, [`Failure`], whose arguments the Python half turns into its own types. The GIL is released in long calls.

mod arrays;
mod failure;
mod pool;
mod program;
mod proof;
mod samples;
mod slab;
mod wipe;

use numpy::PyArray1;
use pyo3::prelude::*;
use tacit_algebra::field::f_to_bytes;
use tacit_algebra::hash::Words;

/// The vector instructions that this build uses, and whether this processor has them.
#[pyfunction]
fn simd() -> (&'static str, bool) {
    #[cfg(target_arch = "x86_64")]
    {
        if cfg!(target_feature = "avx512f") {
            return ("avx512", std::is_x86_feature_detected!("avx512f"));
        }
        if cfg!(target_feature = "avx2") {
            return ("avx2", std::is_x86_feature_detected!("avx2"));
        }
        ("baseline", true)
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        (std::env::consts::ARCH, true)
    }
}

/// The first `count` elements of words(key) (docs/protocol/protocol.md, section 1), in the order of the stream.
#[pyfunction]
fn words<'py>(py: Python<'py>, key: [u8; 32], count: usize) -> Bound<'py, PyArray1<u64>> {
    let mut stream = Words::new(key);
    let drawn = (0..count).map(|_| u64::from_be_bytes(f_to_bytes(stream.next_f())));
    PyArray1::from_iter(py, drawn)
}

#[pymodule]
fn _native(m: &Bound<'_, PyModule>) -> PyResult<()> {
    pool::remember_process();
    m.add("Failure", m.py().get_type::<failure::Failure>())?;
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_class::<program::Program>()?;
    m.add_class::<slab::Slab>()?;
    m.add_class::<proof::Commitment>()?;
    m.add_class::<samples::Runner>()?;
    m.add_class::<samples::Execution>()?;
    m.add_class::<proof::Proof>()?;
    m.add_function(wrap_pyfunction!(simd, m)?)?;
    m.add_function(wrap_pyfunction!(words, m)?)?;
    m.add_function(wrap_pyfunction!(program::derive, m)?)?;
    m.add_function(wrap_pyfunction!(slab::commit, m)?)?;
    m.add_function(wrap_pyfunction!(proof::compute, m)?)?;
    m.add_function(wrap_pyfunction!(slab::journal, m)?)?;
    m.add_function(wrap_pyfunction!(proof::prove, m)?)?;
    m.add_function(wrap_pyfunction!(proof::verify, m)?)?;
    m.add_function(wrap_pyfunction!(proof::weights_to_file, m)?)?;
    m.add_function(wrap_pyfunction!(proof::weights_from_file, m)?)?;
    m.add_function(wrap_pyfunction!(proof::weights_load, m)?)?;
    m.add_function(wrap_pyfunction!(proof::proof_to_file, m)?)?;
    m.add_function(wrap_pyfunction!(proof::proof_from_file, m)?)?;
    Ok(())
}
