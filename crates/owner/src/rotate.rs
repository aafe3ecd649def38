//! Rotation, counted: a child of a master uses up one of the master's rotation cells; on the disk first.

use tacit_algebra::hash::{hash, Tag};
use tacit_pcs::Slab;
use tacit_prover::{Count, Entry, Permit, Randomness, Rotating, FIRST_CHILD};
use tacit_verifier::files::CommitmentFile;

use crate::deployment::child_allowance_of;
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

/// Proofs that a child of this master can be blinded for under its geometry, the rotation's opening not counted.
fn room(master: &Slab) -> u32 {
    let header = &master.commitment.header;
    let most = tacit_pcs::most_proofs(&header.geometry, header.max_fold);
    most.saturating_sub(1)
}

/// A child: the same values, with an allowance of its own for `proofs` proofs (as many as there is room for, if not given) and
/// as many refusals. The master's rotation cell is counted first, on the disk if the secret is; then the child is committed; then
/// both sides open.
///
/// # Errors
/// `master` when this is none, `proofs` when there is no room, and those of the master's count. A rotation cell that was counted
/// is spent, also when the rest fails.
pub fn rotate(master: &Secret, proofs: Option<u32>, refusals: Option<u32>) -> Result<Secret> {
    let role = master.role();
    if !master.is_master() {
        let reason = "this commitment was not made for children";
        return Err(OwnerError::input("master", "", reason)
            .remedy("a master is made by: tacit commit model --children N"));
    }
    let most = room(master.slab());
    let proofs = proofs.unwrap_or(most);
    if proofs == 0 || proofs > most {
        let reason = format!("expected 1 to {most} proofs, got {proofs}");
        return Err(OwnerError::input("proofs", "proofs", reason).remedy("compile for more proofs"));
    }
    let (index, opened) = next_child(master)?;
    let openings = child_allowance_of(proofs);
    let inner = tacit_prover::child_of(master.slab(), index, openings, *fresh()?)?;
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
