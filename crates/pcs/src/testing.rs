//! What tests may see and do: codes and trees as the page describes them, and slabs that an honest prover would not make.

use crate::claims::OpeningClaims;
use crate::code::domain;
use crate::code::encode::{self, Code, Column, Shape};
use crate::prove::opening::fold_columns;
use crate::prove::sender::{Sender, Vectors};
use crate::slab::committed::remake;
use crate::slab::witness::commit_changed;
use crate::tree::multi_opening::{read_rows, TreeInfo};
use crate::vector::KVec;
use crate::{OpeningHooks, PcsError, Profile, Slab, WitnessSlab};
use tacit_algebra::field::{f_from_bytes, f_to_bytes, k_limbs};
use tacit_algebra::hash::Digest;
use tacit_algebra::{Wiped, F, K};
use tacit_params::Geometry;
use tacit_transcript::{Reader, Writer};

/// The code word of one column, in the order of the domain.
#[must_use]
pub fn encode(column: &[F], log_domain: u8) -> Vec<F> {
    let shape = Shape::new(column.len(), log_domain);
    let code = encode::encode(&[Column(column, &[])], shape);
    (0..shape.n()).flat_map(|j| elements(&code, j)).collect()
}

/// The row at position j.
fn elements(code: &Code, j: usize) -> Vec<F> {
    code.row(j)
        .filter_map(|b| f_from_bytes(b.try_into().ok()?))
        .collect()
}

/// x_j of the domain of length 2^log.
pub fn point(log: u8, j: usize) -> F {
    domain::point(log, j)
}

/// Reads a multi-opening that is the whole argument; the rows one after the other.
///
/// # Errors
/// `truncated`, `non_canonical`, `merkle`, `trailing_bytes`.
pub fn read_multi_opening(
    bytes: &[u8],
    root: &Digest,
    width: usize,
    log_n: u8,
    salted: bool,
    positions: &[usize],
) -> Result<Vec<F>, PcsError> {
    let mut r = Reader::new(bytes);
    let tree = TreeInfo {
        number: 0,
        root,
        width,
        log_n,
        salted,
    };
    let rows = read_rows(&mut r, &tree, positions)?;
    r.finish()?;
    Ok(rows.iter().flatten().copied().collect())
}

/// Code words between encoding and hashing.
pub struct CodeWords<'a>(&'a mut Code);

impl CodeWords<'_> {
    /// Number of positions.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.0.shape.n()
    }

    /// Number of columns; a witness slab's last three are g's limbs.
    #[must_use]
    pub fn width(&self) -> usize {
        self.0.width
    }

    pub fn set(&mut self, position: usize, column: usize, x: F) {
        let (b, at) = self.0.shape.place(position);
        let i = (b * self.0.width + column) * self.0.shape.m() + at;
        self.0.values[8 * i..8 * i + 8].copy_from_slice(&f_to_bytes(x));
    }
}

/// `commit_witness` of words that `change` may move away from the code.
///
/// # Errors
/// As `commit_witness`.
pub fn commit_witness_changed(
    geometry: &Geometry,
    k0: u32,
    cells: &[F],
    pads: &[K],
    g: Vec<K>,
    key: [u8; 32],
    change: impl FnOnce(&mut CodeWords),
) -> Result<WitnessSlab, PcsError> {
    let cells = Wiped::new(cells.to_vec());
    commit_changed(geometry, k0, cells, pads, g, key, |code| {
        change(&mut CodeWords(code));
    })
}

/// T blinding rows of each column, column by column.
#[must_use]
pub fn blinding(slab: &Slab) -> Vec<Vec<F>> {
    let columns = slab.commitment.header.columns as usize;
    (0..columns).map(|c| slab.column(c).1.to_vec()).collect()
}

/// T_w blinding rows of each column, column by column, and the mask g.
#[must_use]
pub fn witness_noise(witness: &WitnessSlab) -> (Vec<Vec<F>>, Vec<K>) {
    let columns = witness.columns() as usize;
    let blinding = (0..columns).map(|c| witness.column(c).1.to_vec());
    (blinding.collect(), witness.mask().to_vec())
}

/// One commitment whose code words are those of `u` at the lower half of the positions and of `v` at the upper half, in the
/// hands of a prover who knows both: the first slab of the pair opens as u, the second as v. Its y is that of u.
/// Both must have been committed with the same header and seed.
#[must_use]
pub fn half_and_half(u: Slab, v: Slab) -> (Slab, Slab) {
    let mut mixed = u.code().clone();
    let n = mixed.shape.n();
    for j in n / 2..n {
        let row = elements(v.code(), j);
        let mut words = CodeWords(&mut mixed);
        row.into_iter()
            .enumerate()
            .for_each(|(c, x)| words.set(j, c, x));
    }
    let first = remake(u, mixed.clone(), None);
    let commitment = first.commitment.clone();
    let second = remake(v, mixed, Some(commitment));
    (first, second)
}

/// What a real opening drew and sent until h is committed.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    /// Challenges in order: those of the blinding form, the collapse, the columns, the mask.
    pub challenges: Vec<K>,
    /// S, the columns' messages, mu.
    pub sent: Vec<K>,
    /// Positions opened in the slabs.
    pub positions: Vec<usize>,
    /// The first challenge of the levels was drawn: from here on everything follows from h.
    masked: bool,
}

impl OpeningHooks for Recorder {
    fn challenge(&mut self, kind: &'static str, x: K) {
        self.masked |= kind == "ood";
        if !self.masked {
            self.challenges.push(x);
        }
    }
    fn sent(&mut self, _kind: &'static str, x: &[K]) {
        if !self.masked {
            self.sent.extend_from_slice(x);
        }
    }
    fn positions(&mut self, code: usize, positions: &[usize]) {
        if code == 0 {
            self.positions = positions.to_vec();
        }
    }
}

/// The prover under given challenges.
struct Frozen<I> {
    challenges: I,
    sent: Vec<K>,
}

impl<I: Iterator<Item = K>> OpeningHooks for Frozen<I> {
    fn freeze(&mut self, _kind: &'static str, x: &mut K) {
        *x = self
            .challenges
            .next()
            .expect("a recorded challenge for every draw");
    }
    fn sent(&mut self, _kind: &'static str, x: &[K]) {
        self.sent.extend_from_slice(x);
    }
}

/// Data rows and blinding rows of a column.
pub type PlainColumn = (Vec<F>, Vec<F>);

/// All that a verifier sees of an opening, as base elements: S, the columns' messages, mu, the whole of h (everything later
/// follows from it), and every opened row of the slabs. With the challenges and positions fixed it is linear in the vectors:
/// the real prover is run on whatever columns (data rows, blinding rows) and mask g are given.
#[must_use]
pub fn linear_view(
    st: &OpeningClaims,
    columns: &[PlainColumn],
    g: &[K],
    challenges: &[K],
    positions: &[usize],
) -> Vec<F> {
    let all: Vec<Column> = columns
        .iter()
        .map(|(data, blind)| Column(data, blind))
        .collect();
    let g = KVec::from_slice(g);
    let mut hooks = Frozen {
        challenges: challenges.iter().copied(),
        sent: Vec::new(),
    };
    let mut t = Sender {
        w: &mut Writer::new(),
        hooks: &mut hooks,
    };
    let (h, _) = fold_columns(&mut t, st, &all, &g, &mut Profile::default());
    let mut out: Vec<F> = hooks.sent.iter().flat_map(k_limbs).collect();
    out.extend(h.0.iter().flatten());
    let mut sources = all;
    sources.extend(g.0.iter().map(|limb| Column(limb, &[])));
    let shape = Shape::new(st.geometry.m(), st.geometry.log_domain);
    let code = encode::encode(&sources, shape);
    out.extend(positions.iter().flat_map(|&j| elements(&code, j)));
    out
}

/// The columns of an opening as they are: data rows and blinding rows of the slabs' columns, then of the witness's; and g.
#[must_use]
pub fn columns_of(slabs: &[&Slab], witness: &WitnessSlab) -> (Vec<PlainColumn>, Vec<K>) {
    let vectors = Vectors { slabs, witness };
    let columns = vectors.columns();
    let columns = columns.iter().map(|c| (c.0.to_vec(), c.1.to_vec()));
    (columns.collect(), witness.mask().to_vec())
}
