//! Committing, proving and verifying a case.

use std::sync::LazyLock;

use tacit_algebra::{F, K};
use tacit_params::Geometry;
use tacit_pcs::{commit, Commitment, OpeningHooks, Slab};
use tacit_program::*;
use tacit_prover::{slab_cells, Hooks, Job, Proof, ProveError, ProveOptions};
use tacit_verifier::{audit, Accepted, Claim, Verified, VerifyError};

use crate::cases::*;
use crate::geometry::{toy, CONTEXT, TOY};

/// The values of a case's slab tensors.
pub fn slab_values(case: &Case) -> Vec<(u32, Values)> {
    case.givens
        .iter()
        .map(|(t, v)| (*t, Values::new(v.clone())))
        .collect()
}

/// All slabs of a program with these values.
pub fn commit_all(
    prepared: &Prepared,
    geometry: &Geometry,
    values: &[(u32, Values)],
    budget: u32,
    max_fold: u8,
) -> Vec<Slab> {
    (0..prepared.program.slabs.len())
        .map(|s| {
            commit_one(
                prepared,
                geometry,
                s,
                values,
                budget,
                max_fold,
                [s as u8 + 1; 32],
            )
        })
        .collect()
}

pub fn commit_one(
    prepared: &Prepared,
    geometry: &Geometry,
    slab: usize,
    values: &[(u32, Values)],
    budget: u32,
    max_fold: u8,
    seed: [u8; 32],
) -> Slab {
    let cells = slab_cells(prepared, slab, values).unwrap();
    let private = prepared.program.slabs[slab].private;
    let (budget, max_fold) = if private { (budget, max_fold) } else { (0, 0) };
    commit(
        geometry,
        private,
        prepared.schema(slab),
        &cells,
        &[],
        budget,
        max_fold,
        seed,
    )
    .unwrap_or_else(|e| panic!("slab {slab}: {e}"))
}

pub fn commitments(slabs: &[Slab]) -> Vec<Commitment> {
    slabs.iter().map(|s| s.commitment.clone()).collect()
}

/// Commitments that nobody looked at: what is tested is what `verify` makes of them.
pub fn unchecked(commitments: &[Commitment]) -> Vec<Accepted> {
    let one = |c: &Commitment| Accepted::unchecked("unchecked", c.clone());
    commitments.iter().map(one).collect()
}

/// The verifier's call on commitments that nobody looked at.
pub fn verify(
    prepared: &Prepared,
    geometry: &Geometry,
    commitments: &[Commitment],
    publics: &Publics,
    context: &[u8],
    argument: &[u8],
    target: u16,
) -> Result<Verified, VerifyError> {
    let accepted = unchecked(commitments);
    let accepted: Vec<&Accepted> = accepted.iter().collect();
    tacit_verifier::verify(
        prepared, geometry, &accepted, publics, context, argument, target,
    )
}

/// Everything a test needs of one case.
pub struct World {
    pub case: Case,
    pub geometry: Geometry,
    pub slabs: Vec<Slab>,
}

impl World {
    pub fn new(case: Case) -> Self {
        let geometry = toy();
        let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 2, 6);
        Self {
            case,
            geometry,
            slabs,
        }
    }

    pub fn slab_refs(&self) -> Vec<&Slab> {
        self.slabs.iter().collect()
    }

    /// A proof of the case over these slabs, in the tests' context.
    pub fn job<'a>(&'a self, slabs: &'a [&'a Slab]) -> Job<'a> {
        Job {
            prepared: &self.case.prepared,
            geometry: &self.geometry,
            slabs,
            context: CONTEXT,
        }
    }

    pub fn prove(&self) -> Proof {
        self.prove_with(&mut tacit_pcs::NoHooks)
            .unwrap_or_else(|e| panic!("{e}"))
    }

    pub fn prove_with<H: Hooks>(&self, hooks: &mut H) -> Result<Proof, ProveError> {
        let slabs = self.slab_refs();
        let options = ProveOptions::of(self.case.givens.clone());
        self.job(&slabs).prove_uncounted(options, hooks)
    }

    pub fn verify(&self, proof: &Proof) -> Result<(), VerifyError> {
        self.verify_against(
            &commitments(&self.slabs),
            &proof.publics,
            CONTEXT,
            &proof.argument,
        )
    }

    pub fn verify_against(
        &self,
        commitments: &[Commitment],
        publics: &Publics,
        context: &[u8],
        argument: &[u8],
    ) -> Result<(), VerifyError> {
        verify(
            &self.case.prepared,
            &self.geometry,
            commitments,
            publics,
            context,
            argument,
            TOY,
        )
        .map(|_| ())
    }
}

/// Records which claims are false.
#[derive(Default)]
pub struct Audit {
    pub bad: Vec<String>,
    pub labels: Vec<String>,
}

impl OpeningHooks for Audit {}

impl Hooks for Audit {
    fn claims(&mut self, claims: &[Claim], cells: &[&[F]], pads: &[K]) {
        self.bad = audit(claims, cells, pads);
        self.labels = claims.iter().map(|c| c.label.clone()).collect();
    }
}

/// The MLP's world, committed once.
pub static MLP: LazyLock<World> = LazyLock::new(|| World::new(mlp()));
