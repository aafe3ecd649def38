//! The files of a slab's owner: a secret's layout, and what a journal says.

use pyo3::prelude::*;
use tacit_algebra::encoding::{length, TooLarge, MOST};
use tacit_prover::JournalFault;
use tacit_verifier::files::{seal_parts, FileKind};
use zeroize::Zeroizing;

use crate::failure::{Fail, Result};

/// The body of a secret file: borsh `{ public: Vec<u8>, slab: Vec<u8>, renewal: Vec<u8> }`.
pub struct SecretFile;

impl SecretFile {
    /// The whole file.
    pub fn seal(parts: [&[u8]; 3]) -> std::result::Result<Zeroizing<Vec<u8>>, TooLarge> {
        let [a, b, c] = parts.map(|part| length("secret", part.len() as u64, MOST));
        let lengths = [a?, b?, c?];
        let body: Vec<&[u8]> = lengths
            .iter()
            .zip(parts)
            .flat_map(|(length, part)| [&length[..], part])
            .collect();
        Ok(Zeroizing::new(seal_parts(FileKind::Secret, &body)))
    }

    /// The parts of a body's bytes, not copied: a slab's code is most of the memory. `None` when they are not borsh.
    pub fn parts(body: &[u8]) -> Option<[&[u8]; 3]> {
        fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
            let (length, after) = rest.split_first_chunk::<4>()?;
            let (part, after) = after.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            *rest = after;
            Some(part)
        }
        let mut rest = body;
        let parts = [part(&mut rest)?, part(&mut rest)?, part(&mut rest)?];
        rest.is_empty().then_some(parts)
    }
}

/// (identity, budget, openings, refusals, refusals at most, renewed, counter elsewhere)
type JournalSums = (Vec<u8>, u32, u32, u32, u32, bool, bool);

/// What a journal's bytes say.
#[pyfunction]
pub fn journal(bytes: &[u8]) -> Result<JournalSums> {
    let (identity, t, _) =
        tacit_prover::read(bytes, 0).map_err(|JournalFault::Damaged(reason)| {
            Fail::input("allowance_damaged", "journal", reason)
                .hint("what is left is unknown: it counts as spent")
        })?;
    let (sums, most) = ((t.openings, t.refusals), t.most_refusals);
    let identity = identity.to_vec();
    Ok((
        identity,
        t.allowance,
        sums.0,
        sums.1,
        most,
        t.renewed,
        t.counter,
    ))
}
