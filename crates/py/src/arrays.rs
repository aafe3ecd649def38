//! Arrays that come from Python, and those that go there.

use numpy::ndarray::Dimension;
use numpy::{PyArray1, PyReadonlyArray, PyReadonlyArray1};
use pyo3::prelude::*;
use tacit_program::Prepared;

use crate::failure::{Fail, Result};

/// Integers by the name of their tensor, or its address.
pub type Named<'py> = Vec<(String, Bound<'py, PyArray1<i64>>)>;

/// The entries of an array, which `name` is the name of.
pub fn slice<'a, D: Dimension>(
    name: &str,
    array: &'a PyReadonlyArray<'_, i64, D>,
) -> Result<&'a [i64]> {
    array
        .as_slice()
        .map_err(|_| Fail::input("array", name, "expected a contiguous array"))
}

/// Copies, by the same names.
pub fn integers(
    named: Vec<(String, PyReadonlyArray1<'_, i64>)>,
) -> Result<Vec<(String, Vec<i64>)>> {
    let copy = |(name, values): (String, PyReadonlyArray1<'_, i64>)| {
        let values = slice(&name, &values)?.to_vec();
        Ok((name, values))
    };
    named.into_iter().map(copy).collect()
}

/// Integers by a tensor's address, as integers by tensor.
pub fn by_tensor(
    prepared: &Prepared,
    named: Vec<(String, PyReadonlyArray1<'_, i64>)>,
) -> Result<Vec<(u32, Vec<i64>)>> {
    let one = |(address, values): (String, PyReadonlyArray1<'_, i64>)| {
        let tensor = tacit_owner::addressed(prepared, &address)?;
        Ok((tensor, slice(&address, &values)?.to_vec()))
    };
    named.into_iter().map(one).collect()
}

/// The public tensors of a program by address.
pub fn named_publics<'py>(py: Python<'py>, prepared: &Prepared, values: &[Vec<i64>]) -> Named<'py> {
    let publics = prepared.publics.iter();
    let names = publics.map(|&t| prepared.program.address(t).into_owned());
    names
        .zip(values.iter().map(|v| PyArray1::from_slice(py, v)))
        .collect()
}
