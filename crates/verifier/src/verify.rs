//! The verifier's call: a proof against accepted commitments.

use tacit_params::Geometry;
use tacit_pcs::Commitment;
use tacit_program::{Prepared, Publics};

use crate::accepted::Accepted;
use crate::argument::{verify_argument, Verified};
use crate::error::{Slug, VerifyError};
use crate::statement::Statement;

/// Verifies an argument. `commitments` in the order of the program's slabs; `target` in bits.
///
/// Each was accepted at the target or above (`files::CommitmentFile::accept`). The values of a public slab follow from its root:
/// whoever knows which they are to be compares that.
///
/// # Errors
/// Any slug of docs/protocol/protocol.md, section 9, that is not about files.
pub fn verify(
    prepared: &Prepared,
    geometry: &Geometry,
    commitments: &[&Accepted],
    publics: &Publics,
    context: &[u8],
    argument: &[u8],
    target: u16,
) -> Result<Verified, VerifyError> {
    commitments
        .iter()
        .try_for_each(|c| c.check_target(target))?;
    let commitments: Vec<Commitment> = commitments.iter().map(|c| c.commitment().clone()).collect();
    let statement = Statement {
        prepared,
        geometry,
        commitments: &commitments,
        publics,
        context,
    };
    verify_argument(&statement, argument, target, None)
}

/// Accepted commitments by the names of their slabs, in the order of the program.
///
/// # Errors
/// `slabs` when one is missing, unknown or there twice.
pub fn order_commitments<'a>(
    prepared: &Prepared,
    given: &'a [Accepted],
) -> Result<Vec<&'a Accepted>, VerifyError> {
    let slabs = &prepared.program.slabs;
    let mut names = given.iter().map(Accepted::slab);
    if let Some(name) = names.find(|name| !slabs.iter().any(|s| s.name == *name)) {
        let names: Vec<&str> = slabs.iter().map(|s| s.name.as_str()).collect();
        return Err(VerifyError::new(
            Slug::Slabs,
            "commitments",
            format!("slabs {names:?}"),
            name,
        ));
    }
    let of = |slab: &str| {
        let mut found = given.iter().filter(|c| c.slab() == slab);
        match (found.next(), found.next()) {
            (Some(commitment), None) => Ok(commitment),
            (None, _) => Err(VerifyError::new(
                Slug::Slabs,
                format!("commitment {slab}"),
                "a commitment",
                "none",
            )),
            _ => Err(VerifyError::new(
                Slug::Slabs,
                format!("commitment {slab}"),
                "one commitment",
                "more",
            )),
        }
    };
    slabs.iter().map(|s| of(&s.name)).collect()
}
