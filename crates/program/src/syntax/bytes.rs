//! Canonical bytes and the digest that identifies an architecture (docs/protocol/program.md section 1).

use crate::error::{ProgramError, Result};
use crate::syntax::types::Program;
use tacit_algebra::encoding;
use tacit_algebra::hash::{hash, Digest, Tag};

/// The bytes of a program; the same program always gives the same bytes.
///
/// # Errors
/// `too_large` when a list has more than 2^32 - 1 entries.
pub fn encode(program: &Program) -> Result<Vec<u8>> {
    Ok(encoding::encode("program", program)?)
}

/// keccak256(T(7, 0) || bytes).
///
/// # Errors
/// `too_large`, as `encode`.
pub fn digest(program: &Program) -> Result<Digest> {
    Ok(digest_of_bytes(&encode(program)?))
}

pub(crate) fn digest_of_bytes(bytes: &[u8]) -> Digest {
    hash(Tag::Program, 0, &[bytes])
}

/// Bytes to an object, canonical but not validated.
pub(crate) fn parse(bytes: &[u8]) -> Result<Program> {
    let refuse =
        |got: String| ProgramError::new("encoding", "encoding", "program", "canonical borsh", got);
    let program: Program = borsh::from_slice(bytes).map_err(|e| refuse(e.to_string()))?;
    if encode(&program)? != bytes {
        return Err(refuse("bytes that encode differently".into()));
    }
    Ok(program)
}
