//! Canonical bytes and the digest that identifies an architecture (docs/program.md section 1).

use crate::error::{ProgramError, Result};
use crate::types::Program;
use tacit_algebra::hash::{hash, Digest, Tag};

/// The bytes of a program; the same program always gives the same bytes.
pub fn encode(program: &Program) -> Vec<u8> {
    // Writing into a Vec fails only for lists of 2^32 entries, which no memory holds here: then the bytes are empty
    // and refused by every reader.
    borsh::to_vec(program).unwrap_or_default()
}

/// keccak256(T(7, 0) || bytes).
pub fn digest(program: &Program) -> Digest {
    digest_of_bytes(&encode(program))
}

pub(crate) fn digest_of_bytes(bytes: &[u8]) -> Digest {
    hash(Tag::Program, 0, &[bytes])
}

/// A valid program from its canonical bytes. Memory stays within a small multiple of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Program> {
    let program = parse(bytes)?;
    crate::validate::validate(&program)?;
    Ok(program)
}

/// Bytes to an object, canonical but not validated.
pub(crate) fn parse(bytes: &[u8]) -> Result<Program> {
    let refuse =
        |got: String| ProgramError::new("encoding", "encoding", "program", "canonical borsh", got);
    let program: Program = borsh::from_slice(bytes).map_err(|e| refuse(e.to_string()))?;
    if encode(&program) != bytes {
        return Err(refuse("bytes that encode differently".into()));
    }
    Ok(program)
}
