//! Rotation, the owner's side: a child with its master's values, and the proof of it (docs/protocol/protocol.md, section 7).

use tacit_algebra::{k_to_bytes, K};
use tacit_pcs::{PcsError, Slab};
use tacit_verifier::{value, Claim, Rotation, RotationStatement, Schema};

use crate::allowance::permit::Permit;
use crate::error::ProveError;
use crate::prove::{Job, Proof, ProveOptions, Randomness};

pub mod commitments;

/// A rotation to prove: which slabs, tied by which cell of the master.
#[derive(Clone, Copy)]
pub struct Rotating<'a> {
    /// Name of the slab.
    pub slab: &'a str,
    /// Its tensors in layout order.
    pub tensors: &'a Schema,
    pub master: &'a Slab,
    pub child: &'a Slab,
    /// The master's rotation cell; each is for one try only.
    pub index: u16,
}

impl Rotating<'_> {
    /// Proves it, with the value that the master opens to. Nothing here compares the two sides; a verifier does. The permits are
    /// the master's and the child's.
    ///
    /// # Errors
    /// When slabs and tensors do not fit each other; `uncounted` when a permit is another slab's.
    pub fn prove(
        &self,
        permits: [Permit; 2],
        randomness: Randomness,
    ) -> Result<Rotation, ProveError> {
        let mut permits = permits.into_iter();
        self.prove_sides(self.value()?, |job, claim| {
            let permit: Vec<Permit> = permits.next().into_iter().collect();
            let options = ProveOptions {
                further: &[claim],
                randomness,
                ..ProveOptions::default()
            };
            job.prove(options, || Ok::<_, ProveError>(permit))
        })
    }

    /// The v that the master opens to.
    pub(crate) fn value(&self) -> Result<K, ProveError> {
        // The claim for v = 0 has the value v.
        let form = self.statement()?.claim(self.index, -K::default())?;
        let found = value(&form.affine, &[self.master.data()], &[]);
        Ok(found.ok_or_else(|| cells_missing(self.index))?)
    }

    /// The rotation of a given v from the proofs of its sides, the master's first.
    pub(crate) fn prove_sides(
        &self,
        v: K,
        mut prove: impl FnMut(&Job<'_>, Claim) -> Result<Proof, ProveError>,
    ) -> Result<Rotation, ProveError> {
        let statement = self.statement()?;
        let bytes = k_to_bytes(&v);
        let context = statement.context(&bytes);
        let mut side = |slab: &Slab, index: u16| {
            let job = Job {
                prepared: &statement.prepared,
                geometry: &slab.commitment.header.geometry,
                slabs: &[slab],
                context: &context,
            };
            prove(&job, statement.claim(index, v)?)
        };
        Ok(Rotation {
            index: self.index,
            v: bytes,
            master: side(self.master, self.index)?.argument,
            child: side(self.child, 0)?.argument,
        })
    }

    /// What both sides are about.
    ///
    /// # Errors
    /// When the tensors make no slab.
    pub fn statement(&self) -> Result<RotationStatement, ProveError> {
        let (master, child) = (&self.master.commitment, &self.child.commitment);
        Ok(RotationStatement::new(
            self.slab,
            self.tensors,
            master,
            child,
            self.index,
        )?)
    }
}

fn cells_missing(index: u16) -> PcsError {
    PcsError::Header {
        field: "links",
        expected: format!("a master with all its values and link cell {index}"),
        got: "fewer cells".to_owned(),
    }
}
