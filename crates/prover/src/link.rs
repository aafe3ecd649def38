//! Rotation, the owner's side: a child with its master's values, and the proof of it (docs/protocol/protocol.md, section 7).

use tacit_algebra::field::k_new;
use tacit_algebra::{k_to_bytes, F, K};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, NoHooks, PcsError, Slab};
use tacit_verifier::{value, Claim, Link, LinkStatement, Schema};
use zeroize::Zeroizing;

use crate::error::ProveError;
use crate::hooks::{Hooks, Repeatable};
use crate::permit::Permit;
use crate::prove::{Job, Proof};
use crate::seed::slab_seed;

/// A plain commitment's link cells: the value of the commitment that it renews (drawn, where there is none), that of the one which
/// will renew it, and one a child.
pub const ORIGIN: u16 = 0;
pub const RENEWAL: u16 = 1;
pub const FIRST_CHILD: u16 = 2;

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
    /// Proves it, with the value that the master opens to. Nothing here compares the two sides; a verifier does. The permits are
    /// the master's and the child's.
    ///
    /// # Errors
    /// When slabs and tensors do not fit each other; `uncounted` when a permit is another slab's.
    pub fn prove_counted(&self, permits: [Permit; 2]) -> Result<Link, ProveError> {
        self.prove_with(permits, &mut NoHooks)
    }

    /// As `prove_counted`, without fresh randomness: the same link again, byte for byte.
    ///
    /// # Errors
    /// As `prove_counted`.
    pub fn prove_repeatably(&self, permits: [Permit; 2]) -> Result<Link, ProveError> {
        self.prove_with(permits, &mut Repeatable)
    }

    fn prove_with<H: Hooks>(
        &self,
        permits: [Permit; 2],
        hooks: &mut H,
    ) -> Result<Link, ProveError> {
        let mut permits = permits.into_iter();
        self.prove_sides(self.value()?, |job, claim| {
            let permit = permits.next().into_iter().collect();
            job.prove_further_counted(&[claim], permit, hooks)
        })
    }

    /// The v that the master opens to.
    pub(crate) fn value(&self) -> Result<K, ProveError> {
        // The claim for v = 0 has the value v.
        let form = self.statement()?.claim(self.index, -K::default())?;
        let found = value(&form.affine, &[self.master.data()], &[]);
        Ok(found.ok_or_else(|| cells_missing(self.index))?)
    }

    /// The link of a given v from the proofs of its sides, the master's first.
    pub(crate) fn prove_sides(
        &self,
        v: K,
        mut prove: impl FnMut(&Job<'_>, Claim) -> Result<Proof, ProveError>,
    ) -> Result<Link, ProveError> {
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

fn cells_missing(index: u16) -> PcsError {
    PcsError::Header {
        field: "links",
        expected: format!("a master with all its values and link cell {index}"),
        got: "fewer cells".to_owned(),
    }
}

/// The value in a private slab's link cell, or the refusal of a slab that has none.
fn linked(slab: &Slab, index: u16) -> Result<K, ProveError> {
    let header = &slab.commitment.header;
    let found = link_value(slab, index).filter(|_| header.private);
    found.ok_or_else(|| {
        let expected = format!("a private master with more than {index} link cells");
        let got = header.links.to_string();
        let field = "links";
        PcsError::Header {
            field,
            expected,
            got,
        }
        .into()
    })
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
    let link = linked(master, index)?;
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

/// Commits to the values of `old` again, under its geometry, with as many link cells and blinding for `budget` proofs: cell
/// `ORIGIN` holds what the old one's cell `RENEWAL` holds. All else is drawn from the old seed alone, so that whoever renews
/// twice (from a backup) makes the same commitment twice. Two that differ would tie two v's to one cell, and their difference
/// would be a linear form of the values.
///
/// # Errors
/// `header` when the old commitment has no such cell or is public; the rows that a budget needs may not fit the geometry.
pub fn renewal_of(old: &Slab, budget: u32) -> Result<Slab, ProveError> {
    let header = &old.commitment.header;
    let origin = linked(old, RENEWAL)?;
    let cells = &old.data()[..old.cells()];
    let (schema, fold) = (header.schema, header.max_fold);
    let seeded = |label: &[u8]| {
        let parent = Zeroizing::new([&old.seed()[..], label].concat());
        slab_seed(&[0; 32], &schema, cells, budget, fold, &parent)
    };
    let further = usize::from(header.links - RENEWAL);
    let mut links = Stream::new(&seeded(b"renewal links"), PADS).k_vec(further);
    links.insert(usize::from(ORIGIN), origin);
    let seed = seeded(b"renewal");
    let made = commit(
        &header.geometry,
        true,
        schema,
        cells,
        &links,
        budget,
        fold,
        *seed,
    );
    links.fill(K::default());
    std::hint::black_box(&links);
    Ok(made?)
}
