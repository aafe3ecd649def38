//! Commitments to the values of another: a master's children, and what an old commitment is renewed to.

use tacit_algebra::field::k_new;
use tacit_algebra::{F, K};
use tacit_params::Geometry;
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, PcsError, Slab};
use zeroize::Zeroizing;

use crate::error::ProveError;
use crate::seed::slab_seed;

/// A plain commitment's rotation cells: the value of the commitment that it renews (drawn, where there is none), that of the one which
/// will renew it, and one a child.
pub const ORIGIN: u16 = 0;
pub const RENEWAL: u16 = 1;
pub const FIRST_CHILD: u16 = 2;

/// The value in a slab's rotation cell.
#[must_use]
pub fn rotation_cell(slab: &Slab, index: u16) -> Option<K> {
    let links = slab.commitment.header.links;
    let first = slab.cells() + 3 + 3 * usize::from(index);
    let limbs: [F; 3] = slab.data().get(first..first + 3)?.try_into().ok()?;
    (index < links).then(|| k_new(limbs))
}

/// The value in a private slab's rotation cell, or the refusal of a slab that has none.
fn linked(slab: &Slab, index: u16) -> Result<K, ProveError> {
    let header = &slab.commitment.header;
    let found = rotation_cell(slab, index).filter(|_| header.private);
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

/// Commits to the values of `master` again, under its geometry: one rotation cell, which holds that of the master's cell `index`,
/// and blinding for `budget` proofs, the rotation's included. `fresh`: 32 random bytes; the master's seed, its cell and the values
/// hedge them.
///
/// # Errors
/// `header` when the master has no such cell or is public; the rows that an allowance needs may not fit the geometry.
pub fn child_of(
    master: &Slab,
    index: u16,
    allowance: u32,
    fresh: [u8; 32],
) -> Result<Slab, ProveError> {
    let header = &master.commitment.header;
    child_under(
        master,
        index,
        &header.geometry,
        header.max_fold,
        allowance,
        fresh,
    )
}

/// As `child_of`, under another geometry: either side of a rotation opens under its own. `fold`: the largest k0 of its proofs.
///
/// # Errors
/// As there.
pub fn child_under(
    master: &Slab,
    index: u16,
    geometry: &Geometry,
    fold: u8,
    allowance: u32,
    fresh: [u8; 32],
) -> Result<Slab, ProveError> {
    let rotation = linked(master, index)?;
    let cells = &master.data()[..master.cells()];
    let schema = master.commitment.header.schema;
    let parent = Zeroizing::new([&master.seed()[..], &index.to_be_bytes()].concat());
    let seed = slab_seed(&fresh, &schema, cells, allowance, fold, &parent);
    Ok(commit(
        geometry,
        true,
        schema,
        cells,
        &[rotation],
        allowance,
        fold,
        *seed,
    )?)
}

/// Commits to the values of `old` again, under its geometry, with as many rotation cells and blinding for `budget` proofs: cell
/// `ORIGIN` holds what the old one's cell `RENEWAL` holds. All else is drawn from the old seed alone, so that whoever renews
/// twice (from a backup) makes the same commitment twice. Two that differ would tie two v's to one cell, and their difference
/// would be a linear form of the values.
///
/// # Errors
/// `header` when the old commitment has no such cell or is public; the rows that an allowance needs may not fit the geometry.
pub fn renewal_of(old: &Slab, allowance: u32) -> Result<Slab, ProveError> {
    let header = &old.commitment.header;
    let origin = linked(old, RENEWAL)?;
    let cells = &old.data()[..old.cells()];
    let (schema, fold) = (header.schema, header.max_fold);
    let seeded = |label: &[u8]| {
        let parent = Zeroizing::new([&old.seed()[..], label].concat());
        slab_seed(&[0; 32], &schema, cells, allowance, fold, &parent)
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
        allowance,
        fold,
        *seed,
    );
    links.fill(K::default());
    std::hint::black_box(&links);
    Ok(made?)
}
