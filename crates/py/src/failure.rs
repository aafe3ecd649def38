//! The one exception: (kind, slug, place, reason, remedy), the kind as in [`tacit_owner::Kind`].

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use tacit_owner::OwnerError;

create_exception!(
    _native,
    Failure,
    PyException,
    "Arguments: kind, slug, place, reason, remedy."
);

/// A failure on its way to Python.
#[derive(Debug)]
pub struct Fail(OwnerError);

pub type Result<T> = std::result::Result<T, Fail>;

impl Fail {
    pub fn input(slug: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self(OwnerError::input(slug, place, reason))
    }
}

/// kind, slug, place, reason, remedy
pub type Parts = (&'static str, String, String, String, String);

impl From<Fail> for Parts {
    fn from(Fail(e): Fail) -> Self {
        (e.kind.as_str(), e.slug, e.place, e.reason, e.remedy)
    }
}

impl From<Fail> for PyErr {
    fn from(f: Fail) -> Self {
        Failure::new_err(Parts::from(f))
    }
}

impl<E: Into<OwnerError>> From<E> for Fail {
    fn from(e: E) -> Self {
        Self(e.into())
    }
}
