//! Rotation, counted: a child of a master uses up one of the master's link cells, on the disk first.

use tacit_algebra::hash::{hash, Tag};
use tacit_pcs::Slab as Committed;
use tacit_prover::{Count, Linking, Permit};
use tacit_verifier::files::CommitmentFile;

use crate::commit::fresh;
use crate::deploy::budget_of;
use crate::failure::{Fail, Result};
use crate::slab::Slab;

/// The next link cell and the permit to open it, counted before anything else is done with it: a failed try has consumed it.
fn next_child(master: &Slab) -> Result<(u16, Permit)> {
    let permit = master.reserve(&hash(Tag::File, 0, &[b"child"]))?;
    let cells = master.public.commitment.header.links;
    // The first record is the master's validity proof.
    permit
        .and_then(|p| Some((u16::try_from(p.number().checked_sub(1)?).ok()?, p)))
        .filter(|(index, _)| *index < cells)
        .ok_or_else(|| {
            let reason = "the count does not belong to a master";
            Fail::new("budget", "budget_other", "", reason)
        })
}

/// Proofs that a child of this master can be blinded for under its geometry, the link's not counted.
fn room(master: &Committed) -> u32 {
    let header = &master.commitment.header;
    let most = tacit_pcs::most_proofs(&header.geometry, header.max_fold);
    most.saturating_sub(1)
}

/// The cell is counted first, on the disk if the secret is; then the child is committed; then both sides open.
pub fn rotate(master: &Slab, proofs: Option<u32>) -> Result<Slab> {
    let name = &master.public.slab;
    if !master.is_master() {
        let reason = "this commitment was not made for children";
        return Err(Fail::input("master", "", reason)
            .hint("a master is made by: tacit commit model --children N"));
    }
    let most = room(&master.inner);
    let proofs = proofs.unwrap_or(most);
    if proofs == 0 || proofs > most {
        let reason = format!("expected 1 to {most} proofs, got {proofs}");
        return Err(Fail::input("proofs", "proofs", reason).hint("compile for more proofs"));
    }
    let (index, opened) = next_child(master)?;
    let budget = budget_of(proofs);
    let inner = tacit_prover::child_of(&master.inner, index, budget, *fresh()?)?;
    let linking = Linking {
        slab: name,
        tensors: &master.public.tensors,
        master: &master.inner,
        child: &inner,
        index,
    };
    let mut count = Count::fresh(&inner);
    let permit = count.reserve(&hash(Tag::File, 0, &[b"link"]), name)?;
    let permit = permit.ok_or_else(|| Fail::new("bug", "link", "", "a child is private"))?;
    let link = linking.prove_counted([opened, permit])?;
    let public = CommitmentFile {
        commitment: inner.commitment.clone(),
        link: Some((master.public.commitment.clone(), link)),
        ..master.public.clone()
    };
    Ok(Slab::new(inner, public, count))
}
