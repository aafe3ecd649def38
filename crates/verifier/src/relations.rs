//! The relations of a proof in the order of docs/protocol/protocol.md, section 6: tree, common point, einsums, products.
//!
//! Nothing is decided here: every check is an affine claim on committed cells, and all of them are opened together.

use tacit_program::{Prepared, Publics};
use tacit_transcript::Reader;

use crate::claim::{Claim, Triple};
use crate::common_point::usize_of;
use crate::error::VerifyError;
use crate::{common_point, einsum, lookup_tree, products};

pub use crate::common_point::CommonPoint;

/// Everything up to the common point, shared with a prover that replays its own messages.
#[derive(Debug)]
pub struct AtCommonPoint {
    pub common: CommonPoint,
    pub claims: Vec<Claim>,
    triples: Vec<Triple>,
}

/// The tree and the common point.
///
/// # Errors
/// `alpha`, `truncated`, `non_canonical`; `program` when the sizes are not the program's.
pub fn verify_to_common_point(
    reader: &mut Reader<'_>,
    prepared: &Prepared,
    publics: &Publics,
) -> Result<AtCommonPoint, VerifyError> {
    let sizes = &prepared.sizes;
    let (mut claims, mut triples) = (Vec::new(), Vec::new());
    let tree = if prepared.program.lookups.is_empty() {
        None
    } else {
        let depth = usize_of(sizes.depth);
        Some(lookup_tree::verify(
            reader,
            depth,
            sizes.n_pad,
            &mut triples,
            &mut claims,
        )?)
    };
    let common = common_point::verify(reader, prepared, publics, tree, &mut claims)?;
    Ok(AtCommonPoint {
        common,
        claims,
        triples,
    })
}

/// Einsums and products: all claims of the relations, in order. `reader` goes on where `verify_to_common_point` stopped.
///
/// # Errors
/// `truncated`, `non_canonical`; `program` when the sizes are not the program's.
pub fn verify_from_common_point(
    reader: &mut Reader<'_>,
    prepared: &Prepared,
    publics: &Publics,
    before: AtCommonPoint,
) -> Result<Vec<Claim>, VerifyError> {
    let AtCommonPoint {
        common,
        mut claims,
        mut triples,
    } = before;
    einsum::verify(
        reader,
        prepared,
        publics,
        &common,
        &mut triples,
        &mut claims,
    )?;
    products::verify(
        reader,
        triples,
        usize_of(prepared.sizes.product_rounds),
        &mut claims,
    )?;
    let (used, counted) = (reader.pads_used(), prepared.sizes.pads);
    if used != counted {
        let expected = format!("the program's {counted} pads");
        return Err(VerifyError::mismatch("relations", expected, used));
    }
    Ok(claims)
}

/// The claims that a proof's relations leave, in order.
///
/// # Errors
/// `alpha`, `truncated`, `non_canonical`; `program` when the sizes are not the program's.
pub fn verify_relations(
    reader: &mut Reader<'_>,
    prepared: &Prepared,
    publics: &Publics,
) -> Result<Vec<Claim>, VerifyError> {
    let before = verify_to_common_point(reader, prepared, publics)?;
    verify_from_common_point(reader, prepared, publics, before)
}
