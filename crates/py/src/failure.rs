//! The one exception: (kind, slug, place, reason, hint), kind being "proof", "input", "allowance", "program" or "file".

use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use tacit_algebra::TooLarge;
use tacit_pcs::PcsError;
use tacit_program::ProgramError;
use tacit_prover::{AllowanceError, ProveError};
use tacit_verifier::{Slug, VerifyError};

create_exception!(
    _native,
    Failure,
    PyException,
    "Arguments: kind, slug, place, reason, hint."
);

/// A failure on its way to Python.
#[derive(Debug)]
pub struct Fail {
    kind: &'static str,
    slug: String,
    place: String,
    reason: String,
    hint: String,
}

pub type Result<T> = std::result::Result<T, Fail>;

impl Fail {
    pub fn new(
        kind: &'static str,
        slug: &str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            slug: slug.to_owned(),
            place: place.into(),
            reason: reason.into(),
            hint: String::new(),
        }
    }

    pub fn input(slug: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new("input", slug, place, reason)
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = hint.into();
        self
    }
}

/// kind, slug, place, reason, hint
pub type Parts = (&'static str, String, String, String, String);

impl From<Fail> for Parts {
    fn from(f: Fail) -> Self {
        (f.kind, f.slug, f.place, f.reason, f.hint)
    }
}

impl From<Fail> for PyErr {
    fn from(f: Fail) -> Self {
        Failure::new_err(Parts::from(f))
    }
}

impl From<VerifyError> for Fail {
    fn from(e: VerifyError) -> Self {
        let kind = match e.slug {
            Slug::Magic | Slug::FileKind | Slug::Version | Slug::Checksum | Slug::Encoding => {
                "file"
            }
            _ => "proof",
        };
        let reason = format!("expected {}, got {}", e.expected, e.got);
        Self::new(kind, e.slug(), e.place.clone(), reason).hint(e.hint.unwrap_or_default())
    }
}

impl From<ProgramError> for Fail {
    fn from(e: ProgramError) -> Self {
        let kind = if e.slug == "execution" {
            "input"
        } else {
            "program"
        };
        let reason = format!("expected {}, got {}", e.expected, e.got);
        Self::new(kind, e.slug, e.place, reason).hint(e.hint.unwrap_or_default())
    }
}

impl From<TooLarge> for Fail {
    fn from(e: TooLarge) -> Self {
        let reason = match e.size {
            Some(size) => format!("expected at most {} bytes, got {size}", e.limit),
            None => format!(
                "expected lists of at most {} entries, got a longer one",
                e.limit
            ),
        };
        Self::new("allowance", e.slug(), e.what, reason)
            .hint("files of 4 GiB and more are not written: a smaller batch or model")
    }
}

impl From<PcsError> for Fail {
    fn from(e: PcsError) -> Self {
        Self::new("proof", e.slug(), "", e.to_string())
    }
}

impl From<AllowanceError> for Fail {
    fn from(e: AllowanceError) -> Self {
        let hint = match e {
            AllowanceError::Damaged { .. } => {
                "commit anew, or rotate its master: what is left cannot be known"
            }
            AllowanceError::Exposed { .. } => {
                "as its owner: chmod 600; or move it and the secret to a file system that knows owners"
            }
            _ => "",
        };
        Self::new("allowance", e.slug(), "", e.to_string()).hint(hint)
    }
}

impl From<ProveError> for Fail {
    fn from(e: ProveError) -> Self {
        match e {
            ProveError::Program(e) => e.into(),
            ProveError::Statement(e) => {
                let mut fail = Self::from(e);
                if fail.kind == "proof" {
                    fail.kind = "input";
                }
                fail
            }
            ProveError::Slab(e) => e.into(),
            ProveError::Allowance(e) => e.into(),
            other => Self::new("input", other.slug(), "", other.to_string()),
        }
    }
}
