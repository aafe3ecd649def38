//! An accepted commitment: what a proof is verified against. Only `CommitmentFile::accept` makes one.

use tacit_algebra::hash::Digest;
use tacit_pcs::Commitment;

use crate::argument::Verified;
use crate::error::{Slug, VerifyError};
use crate::files::CommitmentFile;
use crate::rotation::verify_rotation;
use crate::validity::{check_schema, verify_validity};

/// A commitment whose tensors give its schema, and whose values lie in their intervals: a private one by its validity argument
/// (for a child its master's, and a rotation to it), a public one by its root.
///
/// It has no other constructor and is read from no bytes, so that what was not accepted is no argument of `verify`:
///
/// ```
/// use tacit_verifier::{verify, Accepted, VerifyError};
/// # use {tacit_params::Geometry, tacit_program::{Prepared, Publics}};
/// fn check(p: &Prepared, g: &Geometry, c: &Accepted, x: &Publics) -> Result<(), VerifyError> {
///     verify(p, g, &[c], x, b"context", b"argument", 128).map(|_| ())
/// }
/// ```
///
/// A commitment as it is read from a file is refused by the compiler:
///
/// ```compile_fail,E0308
/// use tacit_verifier::{verify, VerifyError};
/// # use {tacit_params::Geometry, tacit_pcs::Commitment, tacit_program::{Prepared, Publics}};
/// fn check(p: &Prepared, g: &Geometry, c: &Commitment, x: &Publics) -> Result<(), VerifyError> {
///     verify(p, g, &[c], x, b"context", b"argument", 128).map(|_| ())
/// }
/// ```
///
/// and nobody puts one together:
///
/// ```compile_fail,E0451
/// # use {tacit_pcs::Commitment, tacit_verifier::Accepted};
/// fn made(commitment: Commitment) -> Accepted {
///     Accepted { slab: String::new(), commitment, target: 128, validity: None }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Accepted {
    slab: String,
    commitment: Commitment,
    target: u16,
    validity: Option<Verified>,
}

impl Accepted {
    /// The name that it was published with.
    #[must_use]
    pub fn slab(&self) -> &str {
        &self.slab
    }

    #[must_use]
    pub fn commitment(&self) -> &Commitment {
        &self.commitment
    }

    #[must_use]
    pub fn identity(&self) -> Digest {
        self.commitment.identity()
    }

    /// Bits that were insisted on.
    #[must_use]
    pub fn target(&self) -> u16 {
        self.target
    }

    /// What its validity proof is worth; nothing for a public one, whose values the world knows.
    #[must_use]
    pub fn validity(&self) -> Option<&Verified> {
        self.validity.as_ref()
    }

    /// It was accepted at these bits or more.
    ///
    /// # Errors
    /// `target`.
    pub(crate) fn check_target(&self, target: u16) -> Result<(), VerifyError> {
        if self.target >= target {
            return Ok(());
        }
        let place = format!("commitment {}", self.slab);
        let expected = format!("a commitment accepted at {target} bits");
        let got = format!("one accepted at {}", self.target);
        Err(VerifyError::new(Slug::Target, place, expected, got)
            .with_remedy("accept it with as many bits as the proof"))
    }

    /// Takes a commitment as accepted that nobody looked at: for tests of what `verify` itself refuses.
    #[cfg(feature = "testing")]
    #[must_use]
    pub fn unchecked(slab: &str, commitment: Commitment) -> Self {
        Self {
            slab: slab.to_owned(),
            commitment,
            target: u16::MAX,
            validity: None,
        }
    }
}

impl CommitmentFile {
    /// Accepts the commitment: its tensors give the header's schema and its validity holds. With a rotation it is the master's
    /// validity that holds, and the rotation ties this commitment to the master. Once per identity is enough.
    ///
    /// # Errors
    /// `schema`, `validity`, `rotation`.
    pub fn accept(&self, target: u16) -> Result<Accepted, VerifyError> {
        let (slab, tensors) = (self.slab.as_str(), self.tensors.as_slice());
        let mut proven = &self.commitment;
        if let Some((master, rotation)) = &self.rotation {
            check_schema(slab, tensors, proven)?;
            if !proven.header.private {
                let place = format!("commitment {slab}");
                return Err(VerifyError::new(
                    Slug::Validity,
                    place,
                    "no link: the slab is public",
                    "one",
                ));
            }
            verify_rotation(slab, tensors, proven, master, rotation, target)?;
            proven = master;
        }
        let validity = verify_validity(slab, tensors, proven, &self.validity, target)?;
        Ok(Accepted {
            slab: self.slab.clone(),
            commitment: self.commitment.clone(),
            target,
            validity,
        })
    }
}
