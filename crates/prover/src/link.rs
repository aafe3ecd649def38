//! Rotation, the owner's side: a child with its master's values, and the proof of it (docs/protocol.md, section 7).

use tacit_algebra::field::k_new;
use tacit_algebra::{k_to_bytes, F, K};
use tacit_pcs::{commit, Slab};
use tacit_verifier::{value, Link, LinkStatement, Schema};
use zeroize::Zeroizing;

use crate::error::ProveError;
use crate::prove::Job;
use crate::seed::slab_seed;

/// A link to prove: which slabs, tied by which cell of the master.
#[derive(Clone, Copy)]
pub struct Linking<'a> {
    /// Name of the slab.
    pub slab: &'a str,
    /// Its tensors in layout order.
    pub tensors: &'a Schema,
    pub master: &'a Slab,
    pub child: &'a Slab,
    /// The master's link cell; each is for one try only.
    pub index: u16,
}

impl Linking<'_> {
    /// Proves it, with the value that the master opens to. Nothing here compares the two sides; a verifier does.
    ///
    /// # Errors
    /// When slabs and tensors do not fit each other.
    pub fn prove(&self) -> Result<Link, ProveError> {
        let statement = self.statement()?;
        // The claim for v = 0 has the value v.
        let form = statement.claim(self.index, -K::default());
        self.prove_value(value(&form.affine, &[self.master.data()], &[]))
    }

    /// Proves it with a given v.
    ///
    /// # Errors
    /// As `prove`.
    pub fn prove_value(&self, v: K) -> Result<Link, ProveError> {
        let statement = self.statement()?;
        let bytes = k_to_bytes(&v);
        let context = statement.context(&bytes);
        let side = |slab: &Slab, index: u16| {
            let job = Job {
                prepared: &statement.prepared,
                geometry: &slab.commitment.header.geometry,
                slabs: &[slab],
                context: &context,
            };
            job.prove_further(&[statement.claim(index, v)])
        };
        Ok(Link {
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
    pub fn statement(&self) -> Result<LinkStatement, ProveError> {
        let (master, child) = (&self.master.commitment, &self.child.commitment);
        Ok(LinkStatement::new(
            self.slab,
            self.tensors,
            master,
            child,
            self.index,
        )?)
    }
}

/// The value in a slab's link cell.
#[must_use]
pub fn link_value(slab: &Slab, index: u16) -> Option<K> {
    let links = slab.commitment.header.links;
    let first = slab.cells() + 3 + 3 * usize::from(index);
    let limbs: [F; 3] = slab.data().get(first..first + 3)?.try_into().ok()?;
    (index < links).then(|| k_new(limbs))
}

/// Commits to the values of `master` again, under its geometry: one link cell, which holds that of the master's cell `index`,
/// and blinding for `budget` proofs, the link's included. `fresh`: 32 random bytes; the master's seed, its cell and the values
/// hedge them.
///
/// # Errors
/// `header` when the master has no such cell or is public; the rows that a budget needs may not fit the geometry.
pub fn child_of(
    master: &Slab,
    index: u16,
    budget: u32,
    fresh: [u8; 32],
) -> Result<Slab, ProveError> {
    let header = &master.commitment.header;
    let link = link_value(master, index)
        .filter(|_| header.private)
        .ok_or_else(|| tacit_pcs::PcsError::Header {
            field: "links",
            expected: format!("a private master with more than {index} link cells"),
            got: header.links.to_string(),
        })?;
    let cells = &master.data()[..master.cells()];
    let (schema, fold) = (header.schema, header.max_fold);
    let parent = Zeroizing::new([&master.seed()[..], &index.to_be_bytes()].concat());
    let seed = slab_seed(&fresh, &schema, cells, budget, fold, &parent);
    Ok(commit(
        &header.geometry,
        true,
        schema,
        cells,
        &[link],
        budget,
        fold,
        *seed,
    )?)
}
