//! Renewal, counted: the one opening that a commitment keeps in reserve; on the disk first.

use tacit_prover::{Count, Entry, Randomness, Rotating, RENEWAL};
use tacit_verifier::files::{Body, CommitmentFile};

use crate::error::{OwnerError, Result};
use crate::secret::Secret;
use crate::validity::{private_opening, prove_validity};

/// A fresh commitment to the values of `old`, and the proof of it, which opens the one that `old` keeps in reserve. Counted first:
/// `old` makes no proof any more. Nothing in it is fresh, so that renewing from a backup shows nothing new (docs/adr/0009).
///
/// # Errors
/// `renewal` for public values or without room, and those of the count (`renewed`, `reserve`). The reserve that was counted is
/// spent, also when the rest fails.
pub fn renew(old: &Secret) -> Result<Secret> {
    let (role, header) = (old.role(), &old.slab().commitment.header);
    if !header.private {
        let reason = "the values are public: nothing is used up, so nothing is renewed";
        return Err(
            OwnerError::input("renewal", role, reason).remedy("go on proving with this one")
        );
    }
    let rotation_before = u32::from(old.renewal_file().is_empty());
    let openings = header.budget.saturating_add(rotation_before);
    let most = tacit_pcs::most_proofs(&header.geometry, header.max_fold);
    if old.reserved() > 0 && openings > most {
        let reason = format!("expected an allowance of at most {most}, got {openings}");
        return Err(
            OwnerError::limit("renewal", role, reason).remedy("commit anew for fewer proofs")
        );
    }
    let (opened, counted) = old.record(Entry::Renewal)?;
    let opened = opened.ok_or_else(|| OwnerError::bug("permit", "", "the slab is private"))?;
    let inner = tacit_prover::renewal_of(old.slab(), openings)?;
    let mut count = Count::fresh(&inner, old.reserved(), counted.most_refusals);
    let permit = private_opening(&mut count, role, b"link")?;
    let rotation = Rotating {
        slab: role,
        tensors: &old.public().tensors,
        master: old.slab(),
        child: &inner,
        index: RENEWAL,
    }
    .prove([opened, permit], Randomness::Repeatable)?;
    let rotated = CommitmentFile {
        commitment: inner.commitment.clone(),
        rotation: Some((old.public().commitment.clone(), rotation)),
        ..old.public().clone()
    };
    let mut public = CommitmentFile {
        validity: Vec::new(),
        rotation: None,
        ..rotated.clone()
    };
    let permit = private_opening(&mut count, role, b"validity")?;
    public.validity = prove_validity(&inner, &public, permit, Randomness::Repeatable)?;
    let renewal = rotated.to_file()?;
    Ok(Secret::new(inner, public, renewal, count))
}
