//! A proof file and what it says that it is about (docs/adr/0007): refused by name where that differs, then verified.

use tacit_algebra::hash::Digest;
use tacit_params::Geometry;
use tacit_program::{Prepared, Publics};

use crate::accepted::Accepted;
use crate::argument::Verified;
use crate::error::{Slug, VerifyError};
use crate::files::ProofFile;

impl ProofFile {
    /// Verifies the proof for this program, these commitments (in the order of its slabs) and this context.
    ///
    /// # Errors
    /// `program` and `slabs` when the proof names another program or commitment, and those of `verify`; where only the context
    /// and the public values are left to differ, the error says so.
    pub fn verify(
        &self,
        prepared: &Prepared,
        geometry: &Geometry,
        commitments: &[&Accepted],
        context: &[u8],
        target: u16,
    ) -> Result<Verified, VerifyError> {
        self.check_program(prepared)?;
        self.check_slabs(prepared, commitments)?;
        let publics = Publics(self.publics.clone());
        let verified = crate::verify::verify(
            prepared,
            geometry,
            commitments,
            &publics,
            context,
            &self.argument,
            target,
        );
        verified.map_err(|e| self.what_is_left(e))
    }

    /// The proof names this program.
    ///
    /// # Errors
    /// `program`.
    pub fn check_program(&self, prepared: &Prepared) -> Result<(), VerifyError> {
        if self.program == prepared.digest {
            return Ok(());
        }
        let of = |digest: &Digest| format!("program {}", short(digest));
        Err(VerifyError::new(
            Slug::Program,
            "program",
            format!("a proof of {}", of(&prepared.digest)),
            format!("one of {}", of(&self.program)),
        )
        .with_remedy("give the program that the proof was made with, or a proof of this one"))
    }

    /// The proof names these commitments.
    fn check_slabs(
        &self,
        prepared: &Prepared,
        commitments: &[&Accepted],
    ) -> Result<(), VerifyError> {
        let expected = prepared.program.slabs.len();
        if self.slabs.len() != expected {
            let got = self.slabs.len();
            let wanted = format!("{expected} identities");
            return Err(VerifyError::new(Slug::Slabs, "proof file", wanted, got));
        }
        if commitments.len() != expected {
            let (wanted, got) = (format!("{expected} commitments"), commitments.len());
            return Err(VerifyError::new(Slug::Slabs, "statement", wanted, got));
        }
        let slabs = prepared.program.slabs.iter().zip(commitments);
        for ((slab, commitment), named) in slabs.zip(&self.slabs) {
            let given = commitment.identity();
            if given == *named {
                continue;
            }
            return Err(VerifyError::new(
                Slug::Slabs,
                format!("commitment {}", slab.name),
                format!("a proof made with commitment {}", short(&given)),
                format!("one made with {}", short(named)),
            )
            .with_remedy(
                "give the commitment that the proof was made with; for a child, its master and the option link",
            ));
        }
        Ok(())
    }

    /// A refusal of the argument, when program and commitments are those that the proof names.
    fn what_is_left(&self, mut e: VerifyError) -> VerifyError {
        let (left, remedy) = if self.publics.is_empty() {
            ("context", CONTEXT_LEFT)
        } else {
            ("context or public values", VALUES_LEFT)
        };
        match e.slug {
            Slug::Grinding => {
                let got = format!("one bound to another, or changed bytes ({})", e.place);
                let expected = format!("a proof bound to the given {left}");
                VerifyError::new(e.slug, left, expected, got).with_remedy(remedy)
            }
            Slug::Alpha
            | Slug::Truncated
            | Slug::NonCanonical
            | Slug::TrailingBytes
            | Slug::Merkle
            | Slug::LastQuery
            | Slug::FinalClaim => {
                e.remedy = Some(remedy);
                e
            }
            _ => e,
        }
    }
}

const CONTEXT_LEFT: &str =
    "program and commitments are those that the proof was made with: the context is another, or the proof was changed";
const VALUES_LEFT: &str =
    "program and commitments are those that the proof was made with: the context is another, or the proof, its public values included, was changed";

/// As much of a digest as people compare.
fn short(digest: &Digest) -> String {
    digest.iter().take(8).map(|b| format!("{b:02x}")).collect()
}
