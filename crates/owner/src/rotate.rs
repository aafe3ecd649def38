//! Rotation, counted: a child of a master uses up one of the master's rotation cells; on the disk first.

use tacit_algebra::hash::{hash, Tag};
use tacit_params::Geometry;
use tacit_pcs::Slab;
use tacit_program::Prepared;
use tacit_prover::{Count, Entry, Permit, Randomness, Rotating, FIRST_CHILD};
use tacit_verifier::files::CommitmentFile;

use crate::commit::check_others;
use crate::deployment::{child_allowance_of, most_fold, Deployment};
use crate::error::{OwnerError, Result};
use crate::secret::Secret;
use crate::validity::{fresh, private_opening};

/// The next rotation cell and the permit to open it, counted before anything else is done with it: a failed try has consumed it. The last ones are taken last.
fn next_child(master: &Secret) -> Result<(u16, Permit)> {
    let (permit, tally) = master.record(Entry::Opening(hash(Tag::File, 0, &[b"child"])))?;
    let cells = u32::from(master.public().commitment.header.links);
    let index = cells.checked_sub(1 + tally.left());
    let index = index.and_then(|i| u16::try_from(i).ok());
    let index = index.filter(|i| *i >= FIRST_CHILD);
    index.zip(permit).ok_or_else(|| {
        let reason = "the count does not belong to a master";
        OwnerError::limit("allowance_other", "", reason)
    })
}

/// What a child is blinded for: a geometry, and the largest k0 of its proofs.
type Under<'a> = (&'a Geometry, u8);

/// That of its master.
fn own(master: &Slab) -> Under<'_> {
    let header = &master.commitment.header;
    (&header.geometry, header.max_fold)
}

/// That of a deployment's proofs, where its program has a slab like the master's.
fn target<'a>(master: &Slab, program: &'a Deployment, others: &[&Deployment]) -> Result<Under<'a>> {
    check_others(program, others)?;
    let (prepared, schema) = (&program.prepared, master.commitment.header.schema);
    let mut slabs = prepared.program.slabs.iter().enumerate();
    let slab = slabs.find(|(i, slab)| slab.private && prepared.schema(*i) == schema);
    let (slab, _) = slab.ok_or_else(|| {
        let reason = "expected a program with a private slab of this commitment's tensors";
        OwnerError::input("header", &prepared.program.name, reason)
            .remedy("rotate for a program that can open it")
    })?;
    let readers: Vec<&Prepared> = others.iter().map(|d| &*d.prepared).collect();
    let fold = most_fold(prepared, &readers, &program.geometry, slab, 0)?;
    Ok((&program.geometry, fold))
}

/// A child: the same values, with an allowance of its own for `proofs` proofs (as many as there is room for, if not given) and
/// as many refusals. The master's rotation cell is counted first, on the disk if the secret is; then the child is committed; then
/// both sides open.
///
/// # Errors
/// `master` when this is none, `proofs` when there is no room, and those of the master's count. A rotation cell that was counted
/// is spent, also when the rest fails.
pub fn rotate(master: &Secret, proofs: Option<u32>, refusals: Option<u32>) -> Result<Secret> {
    made(master, own(master.slab()), proofs, refusals)
}

/// As [`rotate`], for proofs of `program` and of `others` of its deployment, whose geometry need not be the master's.
///
/// # Errors
/// As there; `header` when the program cannot open the commitment, `geometry` when another program has another one.
pub fn rotate_for(
    master: &Secret,
    program: &Deployment,
    others: &[&Deployment],
    proofs: Option<u32>,
    refusals: Option<u32>,
) -> Result<Secret> {
    let under = target(master.slab(), program, others)?;
    made(master, under, proofs, refusals)
}

fn made(
    master: &Secret,
    (geometry, fold): Under<'_>,
    proofs: Option<u32>,
    refusals: Option<u32>,
) -> Result<Secret> {
    let role = master.role();
    if !master.is_master() {
        let reason = "this commitment was not made for children";
        return Err(OwnerError::input("master", "", reason)
            .remedy("a master is made by: tacit commit model --children N"));
    }
    // The rotation's opening is one of those that there is room for.
    let most = tacit_pcs::most_proofs(geometry, fold).saturating_sub(1);
    let proofs = proofs.unwrap_or(most);
    if proofs == 0 || proofs > most {
        let reason = format!("expected 1 to {most} proofs, got {proofs}");
        return Err(OwnerError::input("proofs", "proofs", reason).remedy("compile for more proofs"));
    }
    let (index, opened) = next_child(master)?;
    let openings = child_allowance_of(proofs);
    let (slab, fresh) = (master.slab(), *fresh()?);
    let inner = tacit_prover::child_under(slab, index, geometry, fold, openings, fresh)?;
    let rotating = Rotating {
        slab: role,
        tensors: &master.public().tensors,
        master: master.slab(),
        child: &inner,
        index,
    };
    let mut count = Count::fresh(&inner, 0, refusals.unwrap_or(proofs));
    let permit = private_opening(&mut count, role, b"link")?;
    let rotation = rotating.prove([opened, permit], Randomness::Fresh)?;
    let public = CommitmentFile {
        commitment: inner.commitment.clone(),
        rotation: Some((master.public().commitment.clone(), rotation)),
        ..master.public().clone()
    };
    Ok(Secret::new(inner, public, Vec::new(), count))
}
