//! The one error: its kind, a stable slug, the place, the reason and the way on.

use std::fmt;

use tacit_algebra::TooLarge;
use tacit_pcs::PcsError;
use tacit_program::ProgramError;
use tacit_prover::{AllowanceError, ProveError};
use tacit_verifier::{Slug, VerifyError};

/// Whose matter an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A proof or a commitment does not hold.
    Proof,
    /// What was handed in does not fit.
    Input,
    /// An allowance is spent, or a limit is reached: nothing was done.
    Limit,
    /// A program is not well formed.
    Program,
    /// A file is not what it should be.
    File,
    /// A fault of this software or of the system.
    Bug,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proof => "proof",
            Self::Input => "input",
            Self::Limit => "allowance",
            Self::Program => "program",
            Self::File => "file",
            Self::Bug => "bug",
        }
    }
}

/// Why an owner's call did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerError {
    pub kind: Kind,
    pub slug: String,
    pub place: String,
    pub reason: String,
    pub remedy: String,
}

pub type Result<T> = std::result::Result<T, OwnerError>;

impl OwnerError {
    pub fn new(
        kind: Kind,
        slug: &str,
        place: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            slug: slug.to_owned(),
            place: place.into(),
            reason: reason.into(),
            remedy: String::new(),
        }
    }

    pub fn input(slug: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(Kind::Input, slug, place, reason)
    }

    pub fn limit(slug: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(Kind::Limit, slug, place, reason)
    }

    pub(crate) fn bug(slug: &str, place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(Kind::Bug, slug, place, reason)
    }

    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for OwnerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.slug)?;
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        f.write_str(&self.reason)?;
        if self.remedy.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.remedy)
    }
}

impl std::error::Error for OwnerError {}

impl From<VerifyError> for OwnerError {
    fn from(e: VerifyError) -> Self {
        let kind = match e.slug {
            Slug::Magic | Slug::FileKind | Slug::Version | Slug::Checksum | Slug::Encoding => {
                Kind::File
            }
            _ => Kind::Proof,
        };
        let reason = format!("expected {}, got {}", e.expected, e.got);
        Self::new(kind, e.slug(), e.place.clone(), reason).remedy(e.remedy.unwrap_or_default())
    }
}

impl From<ProgramError> for OwnerError {
    fn from(e: ProgramError) -> Self {
        let kind = if e.slug == "execution" {
            Kind::Input
        } else {
            Kind::Program
        };
        let reason = format!("expected {}, got {}", e.expected, e.got);
        Self::new(kind, e.slug, e.place, reason).remedy(e.remedy.unwrap_or_default())
    }
}

impl From<TooLarge> for OwnerError {
    fn from(e: TooLarge) -> Self {
        let reason = match e.size {
            Some(size) => format!("expected at most {} bytes, got {size}", e.limit),
            None => format!(
                "expected lists of at most {} entries, got a longer one",
                e.limit
            ),
        };
        Self::limit(e.slug(), e.what, reason)
            .remedy("files of 4 GiB and more are not written: a smaller batch or model")
    }
}

impl From<PcsError> for OwnerError {
    fn from(e: PcsError) -> Self {
        Self::new(Kind::Proof, e.slug(), "", e.to_string())
    }
}

impl From<AllowanceError> for OwnerError {
    fn from(e: AllowanceError) -> Self {
        let remedy = match e {
            AllowanceError::Damaged { .. } => {
                "commit anew, or rotate its master: what is left cannot be known"
            }
            AllowanceError::Exposed { .. } => {
                "as its owner: chmod 600; or move it and the secret to a file system that knows owners"
            }
            _ => "",
        };
        Self::limit(e.slug(), "", e.to_string()).remedy(remedy)
    }
}

impl From<ProveError> for OwnerError {
    fn from(e: ProveError) -> Self {
        match e {
            ProveError::Program(e) => e.into(),
            ProveError::Statement(e) => {
                let mut fail = Self::from(e);
                if fail.kind == Kind::Proof {
                    fail.kind = Kind::Input;
                }
                fail
            }
            ProveError::Slab(e) => e.into(),
            ProveError::Allowance(e) => e.into(),
            other => Self::input(other.slug(), "", other.to_string()),
        }
    }
}
