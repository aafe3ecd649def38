//! The layout of a secret file.

use tacit_algebra::encoding::{length, TooLarge, MOST};
use tacit_verifier::files::{seal_parts, FileKind};
use zeroize::Zeroizing;

/// The body of a secret file: borsh `{ public: Vec<u8>, slab: Vec<u8>, renewal: Vec<u8> }`.
pub struct SecretFile;

impl SecretFile {
    /// The whole file.
    ///
    /// # Errors
    /// `TooLarge` for a part of 4 GiB or more.
    pub fn seal(parts: [&[u8]; 3]) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
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
    #[must_use]
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
