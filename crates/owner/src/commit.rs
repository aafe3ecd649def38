//! Committing the integers of a slab, and proving them valid.

use tacit_algebra::hash::Digest;
use tacit_algebra::{Key, Wiped};
use tacit_pcs::random::{Stream, PADS};
use tacit_program::{pack, Prepared};
use tacit_prover::{slab_seed, Count, Randomness};
use tacit_verifier::files::CommitmentFile;
use tacit_verifier::VALIDITY_CONTEXT;

use crate::deployment::{allowance_of, links_of, most_children, most_fold, Deployment};
use crate::error::{OwnerError, Result};
use crate::secret::{reserve_of, Secret};
use crate::validity::{fresh, opening, prove_validity};
use crate::values::{slab_trace, Tensors};

/// What a commitment is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Proofs that it can make; of a master none.
    pub proofs: u32,
    /// Children that it can have; more than 0 make it a master.
    pub children: u16,
    /// How many proofs may be refused for hidden values.
    pub refusals: u32,
}

impl Allowance {
    /// That of a plain commitment: as many refusals as proofs.
    #[must_use]
    pub const fn proofs(proofs: u32) -> Self {
        Self {
            proofs,
            children: 0,
            refusals: proofs,
        }
    }

    /// That of a master of so many children, which make the proofs and count their own refusals.
    #[must_use]
    pub const fn children(children: u16) -> Self {
        Self {
            proofs: 0,
            children,
            refusals: children as u32,
        }
    }

    /// Openings that are used for proofs or for children.
    fn spends(&self) -> u32 {
        match self.children {
            0 => self.proofs,
            children => u32::from(children),
        }
    }
}

/// As [`commit_for`] for proofs of this program alone.
///
/// # Errors
/// As there.
pub fn commit(
    deployment: &Deployment,
    role: &str,
    given: Tensors,
    allowance: Allowance,
) -> Result<Secret> {
    commit_for(deployment, &[], role, given, allowance)
}

/// Commits the integers of one slab, by tensor name, and proves them valid, which is counted. `others`: programs of the same
/// deployment; those that read a slab of the same schema can open it, too.
///
/// # Errors
/// `commitments`, `tensor`, `shape`, `range`; `geometry` when another program has another one; `children`, and those of the
/// commitment when the allowance has no room.
pub fn commit_for(
    deployment: &Deployment,
    others: &[&Deployment],
    role: &str,
    given: Tensors,
    allowance: Allowance,
) -> Result<Secret> {
    let (prepared, geometry) = (&deployment.prepared, &deployment.geometry);
    let slab = deployment.slab(role)?;
    let private = prepared.program.slabs[slab].private;
    let trace = slab_trace(prepared, slab, given)?;
    let cells = Wiped::new(pack(prepared, slab, &trace)?);
    check_children(deployment, allowance.children, private)?;
    check_others(deployment, others)?;
    let readers: Vec<&Prepared> = others.iter().map(|d| &*d.prepared).collect();
    let fold = most_fold(prepared, &readers, geometry, slab, allowance.children)?;
    let openings = if private {
        allowance_of(allowance.spends())
    } else {
        0
    };
    let schema = prepared.schema(slab);
    let hedged = |label| -> Result<Key> {
        Ok(slab_seed(
            &*fresh()?,
            &schema,
            &cells,
            openings,
            fold,
            label,
        ))
    };
    let seed = if private {
        hedged(b"")?
    } else {
        Key::new(&Digest::default())
    };
    let link_cells = if private {
        links_of(allowance.children)
    } else {
        0
    };
    let links = Stream::new(&*hedged(b"links")?, PADS).k_vec(usize::from(link_cells));
    let links = Wiped::new(links);
    let inner = tacit_pcs::commit(
        geometry, private, schema, &cells, &links, openings, fold, *seed,
    )
    .map_err(|e| {
        OwnerError::from(e).remedy("compile for more proofs (option proofs), or commit for fewer")
    })?;
    let mut public = CommitmentFile {
        slab: role.to_owned(),
        tensors: prepared.schema_tensors(slab),
        commitment: inner.commitment.clone(),
        validity: Vec::new(),
        rotation: None,
    };
    let mut count = Count::fresh(&inner, reserve_of(&public), allowance.refusals);
    if let Some(permit) = opening(&mut count, role, VALIDITY_CONTEXT)? {
        public.validity = prove_validity(&inner, &public, permit, Randomness::Fresh)?;
    }
    Ok(Secret::new(inner, public, Vec::new(), count))
}

/// All programs have the deployment's geometry.
pub(crate) fn check_others(deployment: &Deployment, others: &[&Deployment]) -> Result<()> {
    let Some(other) = others.iter().find(|d| d.geometry != deployment.geometry) else {
        return Ok(());
    };
    let program = &other.prepared.program.name;
    let reason = "expected a program of the same deployment, got one of another geometry";
    let error = OwnerError::input("geometry", program, reason);
    Err(error.remedy("derive one geometry for all programs that read the commitment"))
}

fn check_children(deployment: &Deployment, children: u16, private: bool) -> Result<()> {
    let most = most_children(deployment.proofs);
    if children == 0 || (private && children <= most) {
        return Ok(());
    }
    let reason = if private {
        format!("expected at most {most} children, got {children}")
    } else {
        "the values are public: nothing is used up, so nothing is rotated".to_owned()
    };
    let error = OwnerError::input("children", "children", reason);
    Err(error.remedy("children need room: compile for more proofs (option proofs)"))
}
