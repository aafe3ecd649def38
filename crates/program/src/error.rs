//! One error type: where, what was expected, what was found, and what to do.

use std::fmt;
use tacit_algebra::TooLarge;

/// Why a program, its public tensors or its execution are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ProgramError {
    /// Stable name for callers (docs/protocol/protocol.md section 9; `execution` for a computation that has no valid trace).
    pub slug: &'static str,
    /// The rule that was broken, stable as well, finer than the slug.
    pub rule: &'static str,
    /// Which part of the program, by name.
    pub place: String,
    pub expected: String,
    pub got: String,
    /// What to do about it.
    pub remedy: Option<&'static str>,
}

pub type Result<T> = std::result::Result<T, ProgramError>;

impl ProgramError {
    pub fn new(
        slug: &'static str,
        rule: &'static str,
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self {
            slug,
            rule,
            place: place.into(),
            expected: expected.into(),
            got: got.into(),
            remedy: None,
        }
    }

    pub fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// validate() refuses.
    pub(crate) fn program(
        rule: &'static str,
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::new("program", rule, place, expected, got)
    }

    /// Parts of a prepared program, or of what is asked of it, that do not fit each other. `Prepared::new` makes none such; a
    /// default in the place of what is missing would drop a term and accept.
    pub(crate) fn mismatch(
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl fmt::Display,
    ) -> Self {
        Self::new("program", "mismatch", place, expected, got.to_string())
            .with_remedy("prepare the program again")
    }

    /// The program is fine, these values have no trace.
    #[cfg(feature = "prove")]
    pub(crate) fn execution(
        rule: &'static str,
        place: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::new("execution", rule, place, expected, got)
    }
}

impl From<TooLarge> for ProgramError {
    fn from(e: TooLarge) -> Self {
        let expected = format!("lists of at most {} entries", e.limit);
        Self::new(e.slug(), e.slug(), e.what, expected, "a longer one")
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: expected {}, got {}",
            self.slug, self.place, self.expected, self.got
        )?;
        match &self.remedy {
            Some(remedy) => write!(f, " ({remedy})"),
            None => Ok(()),
        }
    }
}
