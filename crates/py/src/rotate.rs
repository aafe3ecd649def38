//! Rotation and renewal, counted: a child of a master uses up one of the master's rotation cells, a renewal the reserve; on the disk
//! first.

use tacit_algebra::hash::{hash, Tag};
use tacit_pcs::Slab as Committed;
use tacit_prover::{
    Count, Entry, Permit, ProveError, ProveOptions, Randomness, Rotating, FIRST_CHILD, RENEWAL,
};
use tacit_verifier::files::{Body, CommitmentFile};

use crate::commit::{fresh, prove_validity};
use crate::deploy::child_budget_of;
use crate::failure::{Fail, Result};
use crate::slab::Slab;

/// The next rotation cell and the permit to open it, counted before anything else is done with it: a failed try has consumed it. The last ones are taken last.
fn next_child(master: &Slab) -> Result<(u16, Permit)> {
    let (permit, tally) = master.record(Entry::Opening(hash(Tag::File, 0, &[b"child"])))?;
    let cells = u32::from(master.public.commitment.header.links);
    let index = cells.checked_sub(1 + tally.left());
    let index = index.and_then(|i| u16::try_from(i).ok());
    let index = index.filter(|i| *i >= FIRST_CHILD);
    index.zip(permit).ok_or_else(|| {
        let reason = "the count does not belong to a master";
        Fail::new("allowance", "allowance_other", "", reason)
    })
}

/// Proofs that a child of this master can be blinded for under its geometry, the link's not counted.
fn room(master: &Committed) -> u32 {
    let header = &master.commitment.header;
    let most = tacit_pcs::most_proofs(&header.geometry, header.max_fold);
    most.saturating_sub(1)
}

/// The cell is counted first, on the disk if the secret is; then the child is committed; then both sides open.
pub fn rotate(master: &Slab, proofs: Option<u32>, refusals: Option<u32>) -> Result<Slab> {
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
    let budget = child_budget_of(proofs);
    let inner = tacit_prover::child_of(&master.inner, index, budget, *fresh()?)?;
    let rotating = Rotating {
        slab: name,
        tensors: &master.public.tensors,
        master: &master.inner,
        child: &inner,
        index,
    };
    let mut count = Count::fresh(&inner, 0, refusals.unwrap_or(proofs));
    let permit = opening(&mut count, name, b"link")?;
    let rotation = rotating.prove([opened, permit], Randomness::Fresh)?;
    let public = CommitmentFile {
        commitment: inner.commitment.clone(),
        rotation: Some((master.public.commitment.clone(), rotation)),
        ..master.public.clone()
    };
    Ok(Slab::new(inner, public, Vec::new(), count))
}

/// One counted opening of a private slab that was committed just now.
fn opening(count: &mut Count, name: &str, what: &[u8]) -> Result<Permit> {
    let permit = count.record(Entry::Opening(hash(Tag::File, 0, &[what])), name)?;
    permit.ok_or_else(|| Fail::new("bug", "permit", name, "the slab is private"))
}

/// A fresh commitment to the values of `old`, and the proof of it, which opens the one that `old` keeps in reserve. Counted first:
/// `old` makes no proof any more. Nothing in it is fresh, so that renewing from a backup shows nothing new (docs/adr/0009).
pub fn renew(old: &Slab) -> Result<Slab> {
    let header = &old.inner.commitment.header;
    if !header.private {
        let reason = "the values are public: nothing is used up, so nothing is renewed";
        return Err(
            Fail::input("renewal", &old.public.slab, reason).hint("go on proving with this one")
        );
    }
    let link_before = u32::from(old.renewal.is_empty());
    let budget = header.budget.saturating_add(link_before);
    let most = tacit_pcs::most_proofs(&header.geometry, header.max_fold);
    if old.reserved() > 0 && budget > most {
        let reason = format!("expected a budget of at most {most}, got {budget}");
        return Err(Fail::new("allowance", "renewal", &old.public.slab, reason)
            .hint("commit anew for fewer proofs"));
    }
    let (opened, counted) = old.record(Entry::Renewal)?;
    let opened = opened.ok_or_else(|| Fail::new("bug", "permit", "", "the slab is private"))?;
    let inner = tacit_prover::renewal_of(&old.inner, budget)?;
    let name = &old.public.slab;
    let mut count = Count::fresh(&inner, old.reserved(), counted.most_refusals);
    let permit = opening(&mut count, name, b"link")?;
    let rotation = Rotating {
        slab: name,
        tensors: &old.public.tensors,
        master: &old.inner,
        child: &inner,
        index: RENEWAL,
    }
    .prove([opened, permit], Randomness::Repeatable)?;
    let linked = CommitmentFile {
        commitment: inner.commitment.clone(),
        rotation: Some((old.public.commitment.clone(), rotation)),
        ..old.public.clone()
    };
    let mut public = CommitmentFile {
        validity: Vec::new(),
        rotation: None,
        ..linked.clone()
    };
    let permit = opening(&mut count, name, b"validity")?;
    public.validity = prove_validity(&inner, &public, |job| {
        let options = ProveOptions {
            randomness: Randomness::Repeatable,
            ..ProveOptions::default()
        };
        job.prove(options, || Ok::<_, ProveError>(vec![permit]))
    })?;
    let renewal = linked.to_file()?;
    Ok(Slab::new(inner, public, renewal, count))
}
