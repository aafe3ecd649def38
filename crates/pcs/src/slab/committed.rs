//! Long-lived slabs: what their owner keeps.

use crate::code::encode::{encode, Code, Column, Shape};
use crate::random::{Stream, BLINDING, Y_PAD};
use crate::slab::header::{blinding_rows, slab_columns, Header, MAX_K0};
use crate::tree::merkle::{SaltKey, Tree};
use crate::vector::{wipe, KVec};
use crate::{Commitment, PcsError};
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::{k_limbs, k_units};
use tacit_algebra::hash::Digest;
use tacit_algebra::{k_to_bytes, Key, F, K};
use tacit_params::Geometry;

/// A committed slab with its secrets; they are wiped when it is dropped.
pub struct Slab {
    pub commitment: Commitment,
    /// End of the tensors.
    pub(super) cells: usize,
    /// C*R cells, reserved ones included.
    pub(super) data: Vec<F>,
    /// T blinding rows of each column, column by column.
    pub(super) blind: Vec<F>,
    pub(super) seed: Key,
    pub(super) code: Code,
    pub(super) tree: Tree,
}

/// Commits `cells` (tensors in layout order, up to the end of the last one) and the reserved cells. The same seed and
/// cells give the same slab. A public slab has no blinding, no salts, a y pad of zeros, and its header says 0 for budget
/// and fold, so that anybody can compute its root from its values.
///
/// # Errors
/// `geometry` when it is not well formed or the rows do not fit; `header` when budget, fold or links do not.
#[allow(clippy::too_many_arguments)]
pub fn commit(
    geometry: &Geometry,
    private: bool,
    schema: Digest,
    cells: &[F],
    links: &[K],
    budget: u32,
    max_fold: u8,
    seed: [u8; 32],
) -> Result<Slab, PcsError> {
    geometry.check_well_formed()?;
    let header = make_header(
        geometry,
        private,
        schema,
        cells.len(),
        links.len(),
        budget,
        max_fold,
    )?;
    let mut data = vec![F::ZERO; header.columns as usize * geometry.r()];
    data[..cells.len()].copy_from_slice(cells);
    let pad = if private {
        Stream::new(&seed, Y_PAD).next_k()
    } else {
        K::ZERO
    };
    let reserved = std::iter::once(&pad).chain(links).flat_map(k_limbs);
    for (cell, x) in data[cells.len()..].iter_mut().zip(reserved) {
        *cell = x;
    }
    let (code, tree, blind) = build(&header, &data, &seed);
    let root = tree.root();
    let y = k_to_bytes(&binding_value(&header, &root, &data, cells.len()));
    Ok(Slab {
        commitment: Commitment { header, root, y },
        cells: cells.len(),
        data,
        blind,
        seed: Key::new(&seed),
        code,
        tree,
    })
}

fn make_header(
    geometry: &Geometry,
    private: bool,
    schema: Digest,
    cells: usize,
    links: usize,
    budget: u32,
    max_fold: u8,
) -> Result<Header, PcsError> {
    let refuse = |field, expected: &str, got: u64| PcsError::Header {
        field,
        expected: expected.into(),
        got: got.to_string(),
    };
    let link_count =
        u16::try_from(links).map_err(|_| refuse("links", "at most 65535", links as u64))?;
    if private && budget == 0 {
        return Err(refuse("budget", "at least 1", 0));
    }
    if max_fold > MAX_K0 {
        return Err(refuse("max_fold", "at most 16", u64::from(max_fold)));
    }
    let columns = slab_columns(geometry, cells, links);
    let columns = u32::try_from(columns)
        .ok()
        .filter(|&c| c <= 1 << MAX_K0)
        .ok_or_else(|| refuse("columns", "at most 2^16", columns))?;
    let (budget, max_fold) = if private { (budget, max_fold) } else { (0, 0) };
    let blinding = blinding_rows(geometry, budget, max_fold);
    let rows = geometry.r() as u64 + blinding;
    if rows > u64::from(geometry.rows) {
        return Err(PcsError::Rows {
            what: "slab",
            expected: geometry.m(),
            got: usize::try_from(rows).unwrap_or(usize::MAX),
        });
    }
    Ok(Header {
        geometry: geometry.clone(),
        columns,
        // At most `rows`, checked above.
        blinding: blinding as u32,
        budget,
        max_fold,
        links: link_count,
        leaf_groups: 1,
        private,
        schema,
    })
}

/// Blinding, code and tree from the cells and the seed.
pub(super) fn build(header: &Header, data: &[F], seed: &[u8; 32]) -> (Code, Tree, Vec<F>) {
    let (r, t) = (header.geometry.r(), header.blinding as usize);
    let mut blind = vec![F::ZERO; header.columns as usize * t];
    Stream::new(seed, BLINDING).fill(&mut blind);
    let columns: Vec<Column> = (0..header.columns as usize)
        .map(|c| Column(&data[c * r..(c + 1) * r], &blind[c * t..(c + 1) * t]))
        .collect();
    let shape = Shape::new(header.geometry.m(), header.geometry.log_domain);
    let code = encode(&columns, shape);
    let tree = Tree::build(&code, salt_key(header, seed), Vec::new());
    (code, tree, blind)
}

fn salt_key<'a>(header: &Header, seed: &'a [u8; 32]) -> SaltKey<'a> {
    header.private.then_some(seed)
}

/// y = sum_j z^(j+1) cell_j over all cells but the y pad's three, which weigh z0, z0 u, z0 u^2.
fn binding_value(header: &Header, root: &Digest, data: &[F], pad_cell: usize) -> K {
    let (z, z0) = header.binding_points(root);
    let r = header.geometry.r();
    let row = KVec::powers(z, z, r);
    let step = z.exp_u64(r as u64);
    let (mut y, mut power) = (K::ZERO, K::ONE);
    for column in data.chunks_exact(r) {
        y += power * row.planes().dot_base(column);
        power *= step;
    }
    for (d, unit) in k_units().into_iter().enumerate() {
        let cell = pad_cell + d;
        y += (z0 * unit - z.exp_u64(cell as u64 + 1)) * data[cell];
    }
    y
}

impl Slab {
    /// C*R cells, reserved ones included.
    pub fn data(&self) -> &[F] {
        &self.data
    }

    /// End of the tensors.
    #[must_use]
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// The seed that the slab was committed with.
    #[must_use]
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// Where its secrets lie, for whoever keeps memory out of the swap: seed, cells, blinding, code; (first byte, bytes).
    #[must_use]
    pub fn regions(&self) -> [(*const u8, usize); 4] {
        [
            (self.seed.as_ptr(), self.seed.len()),
            (self.data.as_ptr().cast(), size_of_val(&self.data[..])),
            (self.blind.as_ptr().cast(), size_of_val(&self.blind[..])),
            (self.code.values.as_ptr(), self.code.values.len()),
        ]
    }

    /// The rows of column c: data, then blinding.
    pub(crate) fn column(&self, c: usize) -> Column<'_> {
        let h = &self.commitment.header;
        let (r, t) = (h.geometry.r(), h.blinding as usize);
        Column(
            &self.data[c * r..(c + 1) * r],
            &self.blind[c * t..(c + 1) * t],
        )
    }

    #[cfg(feature = "testing")]
    pub(crate) fn code(&self) -> &Code {
        &self.code
    }

    pub(crate) fn open(&self, positions: &[usize]) -> Vec<u8> {
        let key = salt_key(&self.commitment.header, &self.seed);
        self.tree.open(&self.code, key, positions)
    }
}

/// The slab with another code under its tree; its commitment follows from its own data, or is the given one.
#[cfg(feature = "testing")]
pub(crate) fn remake(mut slab: Slab, code: Code, commitment: Option<Commitment>) -> Slab {
    let header = slab.commitment.header.clone();
    slab.tree = Tree::build(&code, salt_key(&header, &slab.seed), Vec::new());
    slab.code = code;
    let root = slab.tree.root();
    slab.commitment = commitment.unwrap_or_else(|| {
        let y = k_to_bytes(&binding_value(&header, &root, &slab.data, slab.cells));
        Commitment { header, root, y }
    });
    slab
}

impl Drop for Slab {
    fn drop(&mut self) {
        wipe(&mut self.data);
        wipe(&mut self.blind);
    }
}
