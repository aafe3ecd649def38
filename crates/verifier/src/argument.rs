//! An argument: statement, witness root, relations, opening. It is accepted, or what is refused is named.

use tacit_algebra::hash::Digest;
use tacit_algebra::Affine;
use tacit_params::Budget;
use tacit_pcs::{verify_opening, Columns, Commitment, OpeningClaims};
use tacit_transcript::Reader;

use crate::claim::Claim;
use crate::error::{Slug, VerifyError};
use crate::relations::verify_relations;
use crate::statement::Statement;

/// What an accepted proof is worth.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The soundness budget that reached the target.
    pub budget: Budget,
    /// Identities of the slabs, in the order of the program.
    pub identities: Vec<Digest>,
    /// Claims that were opened together, binding claims included.
    pub claims: usize,
    /// Bytes of the argument.
    pub bytes: usize,
}

/// Verifies an argument; with a further claim, between the products' and the binding claims, that is made when the relations
/// were read. The commitments are taken as they are.
///
/// # Errors
/// Any slug of docs/protocol/protocol.md, section 9, that is not about files.
pub(crate) fn verify_argument(
    statement: &Statement<'_>,
    argument: &[u8],
    target: u16,
    further: Option<&dyn Fn() -> Result<Claim, VerifyError>>,
) -> Result<Verified, VerifyError> {
    let (prepared, publics) = (statement.prepared, statement.publics);
    let commitments = statement.commitments;
    let columns = statement.check()?;
    let budget = check_security(statement, target, u32::from(further.is_some()))?;
    let mut reader = Reader::new(argument);
    statement.absorb(&mut reader.sponge);
    let root = witness_root(&mut reader)?;
    let claims = verify_relations(&mut reader, prepared, publics)?;
    let further = further.map(|make| make()).transpose()?;
    let claims: Vec<Affine> = claims
        .into_iter()
        .chain(further)
        .map(|Claim { affine, .. }| affine)
        .collect();
    let opening = opening(statement, &root, &columns, &claims)?;
    verify_opening(&mut reader, &opening)?;
    reader.finish()?;
    Ok(Verified {
        budget,
        identities: commitments.iter().map(Commitment::identity).collect(),
        claims: claims.len().saturating_add(commitments.len()),
        bytes: argument.len(),
    })
}

/// The geometry was made for the target, and its budget for this program (and `further` claims) reaches it.
fn check_security(
    statement: &Statement<'_>,
    target: u16,
    further: u32,
) -> Result<Budget, VerifyError> {
    if statement.geometry.target < target {
        let got = format!("{} bits", statement.geometry.target);
        return Err(VerifyError::new(
            Slug::Target,
            "geometry",
            format!("at least {target} bits"),
            got,
        )
        .with_remedy("ask for fewer bits, or commit again with a geometry for this target"));
    }
    let budget = statement.budget(further)?;
    if budget.reaches(target) {
        return Ok(budget);
    }
    let got = format!("{:.2} bits, bound by {}", budget.minimum, budget.binding);
    Err(VerifyError::new(
        Slug::Security,
        "geometry",
        format!("at least {target} bits"),
        got,
    )
    .with_remedy("derive the geometry for this program"))
}

/// The witness slab's root, the first message.
fn witness_root(reader: &mut Reader<'_>) -> Result<Digest, VerifyError> {
    let mut root = Digest::default();
    root.copy_from_slice(reader.bytes("witness", 32)?);
    Ok(root)
}

/// What is opened: the claims of the relations, then the binding claim of every slab.
///
/// # Errors
/// `non_canonical` when a binding value is not.
pub fn opening<'a>(
    statement: &'a Statement<'a>,
    witness: &'a Digest,
    columns: &Columns,
    claims: &'a [Affine],
) -> Result<OpeningClaims<'a>, VerifyError> {
    let bindings = statement
        .commitments
        .iter()
        .enumerate()
        .map(|(slab, c)| Ok(c.binding(slab, statement.cells(slab)?)?))
        .collect::<Result<Vec<_>, VerifyError>>()?;
    Ok(OpeningClaims {
        geometry: statement.geometry,
        opened: statement.opened(witness, columns)?,
        k0: columns.k0,
        pad_base: statement.cells(statement.prepared.witness_slab())?,
        claims,
        bindings,
    })
}
