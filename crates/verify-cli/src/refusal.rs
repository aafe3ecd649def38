//! Why there is no statement: where, what was expected, what came, a stable slug, and the next step.

use std::fmt;

use tacit_program::ProgramError;
use tacit_verifier::{Slug, VerifyError};

/// Whose matter it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file or a proof does not hold.
    Refused,
    /// What was handed in cannot be used: an option, a name, a file that is not there.
    Input,
    /// A fault of this program.
    Bug,
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub kind: Kind,
    pub slug: &'static str,
    /// A file, an option, or a part of the proof.
    pub place: String,
    pub reason: Reason,
    /// The next step.
    pub remedy: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    Differs { expected: String, got: String },
    Words(String),
}

pub type Result<T> = std::result::Result<T, Refusal>;

impl Refusal {
    pub fn differs(
        kind: Kind,
        slug: &'static str,
        place: impl Into<String>,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        let reason = Reason::Differs {
            expected: expected.to_string(),
            got: got.to_string(),
        };
        Self::new(kind, slug, place, reason)
    }

    pub fn words(kind: Kind, slug: &'static str, place: impl Into<String>, reason: &str) -> Self {
        Self::new(kind, slug, place, Reason::Words(reason.to_owned()))
    }

    fn new(kind: Kind, slug: &'static str, place: impl Into<String>, reason: Reason) -> Self {
        Self {
            kind,
            slug,
            place: place.into(),
            reason,
            remedy: String::new(),
        }
    }

    #[must_use]
    pub fn remedy(mut self, remedy: &str) -> Self {
        remedy.clone_into(&mut self.remedy);
        self
    }

    /// The same seen from further out, where that is another place.
    #[must_use]
    pub fn inside(mut self, place: &str) -> Self {
        if self.place.is_empty() {
            place.clone_into(&mut self.place);
        } else if self.place != place {
            self.place = format!("{place}: {}", self.place);
        }
        self
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs { expected, got } => write!(f, "expected {expected}, got {got}"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.place.is_empty() {
            write!(f, "{}: ", self.place)?;
        }
        write!(f, "{}", self.reason)?;
        if self.remedy.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", self.remedy)
    }
}

impl std::error::Error for Refusal {}

impl From<VerifyError> for Refusal {
    fn from(e: VerifyError) -> Self {
        let remedy = e.remedy.unwrap_or_else(|| next_step(e.slug));
        let (expected, got) = match e.slug {
            Slug::FileKind => (named_kind(&e.expected), named_kind(&e.got)),
            _ => (e.expected, e.got),
        };
        Self::differs(Kind::Refused, e.slug.as_str(), e.place, expected, got).remedy(remedy)
    }
}

impl From<ProgramError> for Refusal {
    fn from(e: ProgramError) -> Self {
        VerifyError::from(e).into()
    }
}

/// "kind 3" or "3" in words.
fn named_kind(kind: &str) -> String {
    match kind.trim_start_matches("kind ") {
        "1" => "a program file".to_owned(),
        "2" => "a weights file".to_owned(),
        "3" => "a commitment file".to_owned(),
        "4" => "a secret file".to_owned(),
        "5" => "a proof file".to_owned(),
        other => format!("kind {other}"),
    }
}

/// What to do next, where the verifier knows of nothing more precise.
fn next_step(slug: Slug) -> &'static str {
    match slug {
        Slug::Magic => "this is no file that tacit wrote; check which file you gave",
        Slug::FileKind => {
            "give the kind of file that is asked for: tacit-verify PROGRAM PROOF COMMITMENT.."
        }
        Slug::Version => "use the release that wrote the file, or make the file anew with this one",
        Slug::Checksum | Slug::Truncated => {
            "fetch or make the file anew: its bytes were changed or cut off"
        }
        Slug::Encoding | Slug::TrailingBytes | Slug::NonCanonical => {
            "the file is not what tacit writes: ask whoever made it for the original"
        }
        Slug::Program => "ask whoever made the program for one that is well formed",
        Slug::Architecture => {
            "the layers that the file names are not those that the program was lowered from: do not trust it"
        }
        Slug::Geometry | Slug::Security | Slug::Target => {
            "insist on fewer bits (--security), or ask for a program that was compiled for as many"
        }
        Slug::Header | Slug::Schema => "give the commitment that was made for this program",
        Slug::Slabs => "give the commitments that the program needs, each once",
        Slug::PublicShape | Slug::PublicInterval => {
            "the proof's public values are not what the program declares: do not trust it"
        }
        Slug::Alpha | Slug::Merkle | Slug::Grinding | Slug::LastQuery | Slug::FinalClaim => {
            "the proof does not hold: do not trust it, and ask for the one that was made"
        }
        Slug::Validity | Slug::Rotation => {
            "the commitment does not hold: do not trust it, and ask its owner for the original"
        }
    }
}
