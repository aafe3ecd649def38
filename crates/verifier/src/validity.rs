//! Validity: a private slab's values lie in their intervals (docs/protocol/protocol.md, section 7). Proven once, by a program of its own.

use tacit_pcs::Commitment;
use tacit_program::{schema_digest, validity_program, Prepared, Publics};

use crate::argument::{verify_argument, Verified};
use crate::error::{Slug, VerifyError};
use crate::statement::Statement;

/// What a validity proof is bound to beside the slab.
pub const CONTEXT: &[u8] = b"tacit validity";

/// (name, shape, lo, hi) of a slab's tensors, in layout order.
pub type Schema = [(String, Vec<u32>, i64, i64)];

/// The validity program of a slab, ready to prove or verify.
///
/// # Errors
/// `schema` for an interval that no lookup covers.
pub fn prepare_validity(slab: &str, tensors: &Schema) -> Result<Prepared, VerifyError> {
    let refused =
        |e: tacit_program::ProgramError| VerifyError::new(Slug::Schema, e.place, e.expected, e.got);
    Prepared::new(validity_program(slab, tensors).map_err(refused)?).map_err(refused)
}

/// The tensors that a commitment is published with are those that it was made for.
pub(crate) fn check_schema(
    slab: &str,
    tensors: &Schema,
    commitment: &Commitment,
) -> Result<(), VerifyError> {
    if schema_digest(tensors)? == commitment.header.schema {
        return Ok(());
    }
    let place = format!("commitment {slab}");
    Err(VerifyError::new(
        Slug::Schema,
        place,
        "the tensors of the header",
        "others",
    ))
}

/// Accepts a commitment with the tensors that it is published with: they give the header's schema, and a private slab's
/// validity argument holds. The geometry is the commitment's own. Nothing is returned for a public slab, whose values the
/// world knows.
///
/// # Errors
/// `schema` when the tensors are not the header's; `validity` when there is no argument or it does not hold.
pub fn verify_validity(
    slab: &str,
    tensors: &Schema,
    commitment: &Commitment,
    argument: &[u8],
    target: u16,
) -> Result<Option<Verified>, VerifyError> {
    check_schema(slab, tensors, commitment)?;
    if !commitment.header.private {
        return match argument.len() {
            0 => Ok(None),
            n => Err(VerifyError::new(
                Slug::Validity,
                format!("commitment {slab}"),
                "no argument: the slab is public",
                n,
            )),
        };
    }
    if argument.is_empty() {
        return Err(VerifyError::new(
            Slug::Validity,
            format!("commitment {slab}"),
            "a validity proof",
            "none",
        )
        .with_remedy("the owner of a private slab proves its intervals once"));
    }
    let prepared = prepare_validity(slab, tensors)?;
    let statement = Statement {
        prepared: &prepared,
        geometry: &commitment.header.geometry,
        commitments: std::slice::from_ref(commitment),
        publics: &Publics::default(),
        context: CONTEXT,
    };
    let verified = verify_argument(&statement, argument, target, None);
    verified.map(Some).map_err(|e| {
        let place = format!("commitment {slab}");
        VerifyError::new(Slug::Validity, place, "a validity proof that holds", e)
    })
}
