//! One error for everything about slabs and openings; each has a stable slug (docs/protocol/protocol.md, section 9).

use std::iter::Zip;
use tacit_params::GeometryError;
use tacit_transcript::ReadError;

/// Why a slab, a header or an opening is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PcsError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Geometry(#[from] GeometryError),
    /// A vector does not fit the geometry's columns.
    #[error("{what}: {got} rows are needed, the geometry has {expected}")]
    Rows {
        what: &'static str,
        expected: usize,
        got: usize,
    },
    /// A header that does not fit the program's slab.
    #[error("header field {field}: expected {expected}, got {got}")]
    Header {
        field: &'static str,
        expected: String,
        got: String,
    },
    #[error("{what} holds a number that is not below p")]
    NonCanonical { what: &'static str },
    /// A multi-opening whose root is not the committed one. Trees are numbered in the order of the argument.
    #[error("tree {tree}: the opening does not lead to its root")]
    Merkle { tree: usize },
    /// The final vector is not the fold of the last code at a drawn position.
    #[error("position {position}: the final vector is not the fold of the last code")]
    LastQuery { position: usize },
    #[error("the combined claim does not hold on the final vector")]
    FinalClaim,
    /// A claim that does not lie on the committed cells. Statements come from a validated program, so this is a bug in one.
    #[error("claim {claim}: {reason}")]
    Statement { claim: usize, reason: &'static str },
    /// The bytes of a secret slab file.
    #[error("{what}")]
    Encoding { what: &'static str },
}

/// What is shorter or longer than the geometry says is refused, never filled up or cut.
pub(crate) const OTHER_LENGTH: PcsError = PcsError::Encoding {
    what: "a part of the argument has another length than the geometry says",
};

/// Two lists of one length side by side. Of unequal ones a zip would drop the rest of the longer, and with it a term of a
/// sum that must be whole: they are refused (`encoding`).
pub(crate) fn pairs<A, B>(a: A, b: B) -> Result<Zip<A::IntoIter, B::IntoIter>, PcsError>
where
    A: IntoIterator<IntoIter: ExactSizeIterator>,
    B: IntoIterator<IntoIter: ExactSizeIterator>,
{
    let (a, b) = (a.into_iter(), b.into_iter());
    if a.len() == b.len() {
        Ok(a.zip(b))
    } else {
        Err(OTHER_LENGTH)
    }
}

impl PcsError {
    /// The stable slug of docs/protocol/protocol.md, section 9.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Read(e) => e.slug(),
            Self::Geometry(e) => e.slug(),
            Self::Rows { .. } => "geometry",
            Self::Header { .. } => "header",
            Self::NonCanonical { .. } => "non_canonical",
            Self::Merkle { .. } => "merkle",
            Self::LastQuery { .. } => "last_query",
            Self::FinalClaim => "final_claim",
            Self::Statement { .. } => "program",
            Self::Encoding { .. } => "encoding",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_unequal_length_are_no_pairs() {
        let sum = |a: &[u8], b: &[u8]| Ok(pairs(a, b)?.map(|(x, y)| x * y).sum::<u8>());
        assert_eq!(sum(&[1, 2], &[3, 4]), Ok(11));
        assert_eq!(sum(&[1, 2], &[3]), Err(OTHER_LENGTH));
        assert_eq!(sum(&[], &[3]), Err(OTHER_LENGTH));
        assert_eq!(OTHER_LENGTH.slug(), "encoding");
    }
}
