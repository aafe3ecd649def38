//! One error for everything that is refused: a stable slug, where, what was expected, what was there, and what to do next.

use std::fmt;
use tacit_sumcheck::{RoundError, VALUES};
use tacit_transcript::ReadError;

/// The reasons of docs/protocol/protocol.md, section 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slug {
    Magic,
    FileKind,
    Version,
    Checksum,
    Truncated,
    TrailingBytes,
    NonCanonical,
    Encoding,
    Program,
    Architecture,
    Geometry,
    Security,
    Header,
    Slabs,
    Schema,
    PublicShape,
    PublicInterval,
    Alpha,
    Merkle,
    Grinding,
    LastQuery,
    FinalClaim,
    Validity,
    Rotation,
    Target,
}

impl Slug {
    /// All slugs, in the order of the page.
    pub const ALL: [Self; 25] = [
        Self::Magic,
        Self::FileKind,
        Self::Version,
        Self::Checksum,
        Self::Truncated,
        Self::TrailingBytes,
        Self::NonCanonical,
        Self::Encoding,
        Self::Program,
        Self::Architecture,
        Self::Geometry,
        Self::Security,
        Self::Header,
        Self::Slabs,
        Self::Schema,
        Self::PublicShape,
        Self::PublicInterval,
        Self::Alpha,
        Self::Merkle,
        Self::Grinding,
        Self::LastQuery,
        Self::FinalClaim,
        Self::Validity,
        Self::Rotation,
        Self::Target,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Magic => "magic",
            Self::FileKind => "file_kind",
            Self::Version => "version",
            Self::Checksum => "checksum",
            Self::Truncated => "truncated",
            Self::TrailingBytes => "trailing_bytes",
            Self::NonCanonical => "non_canonical",
            Self::Encoding => "encoding",
            Self::Program => "program",
            Self::Architecture => "architecture",
            Self::Geometry => "geometry",
            Self::Security => "security",
            Self::Header => "header",
            Self::Slabs => "commitments",
            Self::Schema => "schema",
            Self::PublicShape => "public_shape",
            Self::PublicInterval => "public_interval",
            Self::Alpha => "alpha",
            Self::Merkle => "merkle",
            Self::Grinding => "grinding",
            Self::LastQuery => "last_query",
            Self::FinalClaim => "final_claim",
            Self::Validity => "validity",
            Self::Rotation => "rotation",
            Self::Target => "target",
        }
    }

    /// The slug of a name used by another crate; `None` for a name that is not on the page.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == name)
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyError {
    pub slug: Slug,
    /// The part of the statement, file or argument that was looked at.
    pub place: String,
    pub expected: String,
    pub got: String,
    /// A next step, where there is one.
    pub remedy: Option<&'static str>,
}

impl VerifyError {
    #[must_use]
    pub fn new(
        slug: Slug,
        place: impl Into<String>,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self {
            slug,
            place: place.into(),
            expected: expected.to_string(),
            got: got.to_string(),
            remedy: None,
        }
    }

    /// Parts of a prepared program, or of what is read for it, that do not fit each other. `Prepared::new` makes none such; a
    /// default in its place would drop a term and accept.
    pub(crate) fn mismatch(
        place: &str,
        expected: impl fmt::Display,
        got: impl fmt::Display,
    ) -> Self {
        Self::new(Slug::Program, place, expected, got).with_remedy("prepare the program again")
    }

    #[must_use]
    pub fn with_remedy(mut self, remedy: &'static str) -> Self {
        self.remedy = Some(remedy);
        self
    }

    /// The same refusal seen from further out.
    #[must_use]
    pub fn inside(mut self, place: &str) -> Self {
        self.place = format!("{place}: {}", self.place);
        self
    }

    #[must_use]
    pub fn slug(&self) -> &'static str {
        self.slug.as_str()
    }
}

/// The N values of a message that has N.
pub(crate) fn exactly<const N: usize, T>(
    kind: &str,
    values: Vec<T>,
) -> Result<[T; N], VerifyError> {
    let expected = format!("{N} values");
    values
        .try_into()
        .map_err(|v: Vec<T>| VerifyError::mismatch(kind, expected, v.len()))
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}: expected {}, got {}",
            self.slug, self.place, self.expected, self.got
        )?;
        match self.remedy {
            Some(remedy) => write!(f, " ({remedy})"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for VerifyError {}

impl From<ReadError> for VerifyError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Truncated {
                kind,
                at,
                needed,
                left,
            } => Self::new(
                Slug::Truncated,
                format!("argument, {kind} at byte {at}"),
                format!("{needed} bytes"),
                left,
            ),
            ReadError::NonCanonical { kind, at } => Self::new(
                Slug::NonCanonical,
                format!("argument, {kind} at byte {at}"),
                "numbers below p",
                "one that is not",
            ),
            ReadError::TrailingBytes { left } => Self::new(
                Slug::TrailingBytes,
                "argument",
                "its end",
                format!("{left} more bytes"),
            ),
            ReadError::Grinding { at, bits } => Self::new(
                Slug::Grinding,
                format!("argument, nonce at byte {at}"),
                format!("{bits} zero bits in the state"),
                "fewer",
            )
            .with_remedy("the proof belongs to another statement, or its bytes were changed"),
        }
    }
}

impl From<RoundError> for VerifyError {
    fn from(error: RoundError) -> Self {
        match error {
            RoundError::Read(error) => error.into(),
            RoundError::Values { got } => {
                Self::mismatch("round", format!("{} values", VALUES), got)
            }
        }
    }
}
