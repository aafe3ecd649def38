//! Bytes and time of a proof, as an estimate to choose a geometry by. Never part of a decision about soundness.

use crate::relations::{bits, witness_columns, Relations, SlabSize, Work};
use crate::Geometry;

/// Bytes of a K element.
pub(crate) const ELEMENT: f64 = 24.0;
/// Bytes of a digest or salt.
pub(crate) const DIGEST: f64 = 32.0;
/// Seconds per codeword entry: transform and leaf hash, two cores.
pub(crate) const ENTRY: f64 = 8e-9;
/// Seconds per leaf of a fresh tree: salt, leaf's last block and inner nodes.
pub(crate) const LEAF: f64 = 70e-9;
/// Seconds per opened cell: collapse weights and column fold.
pub(crate) const CELL: f64 = 30e-9;
/// Seconds per lookup or table row in the tree.
const LOOKUP: f64 = 60e-9;
/// Seconds per attempt of grinding, two cores.
const ATTEMPT: f64 = 17.5e-9;
/// Seconds per byte of a secret file: put together, hashed, written.
const SECRET_BYTE: f64 = 4.5e-9;
/// Seconds per keccak permutation of a verifier, one core.
const PERMUTATION: f64 = 0.35e-6;
/// Seconds per claim of a verifier: its forms at the final point.
const CLAIM: f64 = 4e-6;

/// What a proof is expected to cost on two cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Seconds to prove.
    pub prove_seconds: f64,
    /// Seconds to verify.
    pub verify_seconds: f64,
    /// Bytes of the whole argument.
    pub proof_bytes: f64,
    /// Bytes of the opening alone.
    pub opening_bytes: f64,
    /// Bytes of memory at the peak, codewords of long-lived slabs included.
    pub peak_bytes: f64,
    /// Bytes of codewords computed per proof.
    pub encoded_bytes: f64,
}

/// Expected number of digests in a pruned multi-opening of `t` random leaves of a tree of this depth.
fn siblings(t: u16, depth: u8) -> f64 {
    // Nodes of level j that are known: 2^j (1 - (1 - 2^-j)^t); every known parent has two children, known or sent.
    let known = |j: u8| {
        let nodes = (1u64 << j.min(62)) as f64;
        nodes * (1.0 - (1.0 - 1.0 / nodes).powi(i32::from(t)))
    };
    (1..=depth).map(|j| 2.0 * known(j - 1) - known(j)).sum()
}

/// `siblings` by (t, depth), each computed once.
#[derive(Default)]
pub(crate) struct Paths(Vec<Option<f64>>);

impl Paths {
    pub fn get(&mut self, t: u16, depth: u8) -> f64 {
        let at = usize::from(t) * 64 + usize::from(depth.min(63));
        if at >= self.0.len() {
            self.0.resize(at + 64, None);
        }
        *self.0[at].get_or_insert_with(|| siblings(t, depth))
    }
}

/// Seconds of one grinding.
pub(crate) fn grinding(grind: u8) -> f64 {
    ATTEMPT * (1u64 << grind.min(62)) as f64
}

/// Columns of every slab: the long-lived ones, then the witness.
pub(crate) struct Columns {
    /// (columns, private) of every long-lived slab.
    pub slabs: Vec<(u64, bool)>,
    /// C_w.
    pub witness: u64,
}

impl Columns {
    pub fn new(log_rows: u8, slabs: &[SlabSize], work: &Work) -> Columns {
        Columns {
            slabs: slabs
                .iter()
                .map(|s| (s.columns(log_rows), s.private))
                .collect(),
            witness: witness_columns(&work.relations, work.witness_cells, log_rows),
        }
    }

    pub fn all(&self) -> u64 {
        self.slabs.iter().map(|s| s.0).sum::<u64>() + self.witness
    }

    pub fn k0(&self) -> u32 {
        bits(self.all())
    }
}

/// (seconds, bytes, encoded bytes) of everything up to the first level: the witness code, column fold, first openings.
pub(crate) fn first_code(
    columns: &Columns,
    paths: &mut Paths,
    rows: usize,
    log_domain: u8,
    t: u16,
) -> (f64, f64, f64) {
    let n = (1u64 << log_domain.min(62)) as f64;
    let fresh = (columns.witness + 3) as f64;
    let cells = columns.all() as f64 * rows as f64;
    let seconds = n * (fresh * ENTRY + LEAF) + cells * CELL;
    let leaves: f64 = columns
        .slabs
        .iter()
        .map(|(c, private)| 8.0 * *c as f64 + if *private { DIGEST } else { 0.0 })
        .sum();
    let trees = columns.slabs.len() as f64 + 1.0;
    let path = DIGEST * paths.get(t, log_domain);
    let bytes = f64::from(t) * (leaves + 8.0 * fresh + DIGEST)
        + trees * path
        + ELEMENT * (2.0 * f64::from(columns.k0()) + 2.0);
    (seconds, bytes, 8.0 * fresh * n)
}

/// (seconds, bytes, encoded bytes) of a code of 2^fold columns behind the slabs' and the rounds that it brings.
pub(crate) fn folded_code(paths: &mut Paths, fold: u8, log_domain: u8, t: u16) -> (f64, f64, f64) {
    let n = (1u64 << log_domain.min(62)) as f64;
    let width = 3.0 * f64::from(1u32 << fold.min(8));
    let seconds = n * (width * ENTRY + LEAF);
    let sent = DIGEST + 8.0 + ELEMENT * (1.0 + 2.0 * f64::from(fold));
    let bytes = sent + f64::from(t) * 8.0 * width + DIGEST * paths.get(t, log_domain);
    (seconds, bytes, 8.0 * width * n)
}

/// Bytes of the messages before the opening.
fn relation_bytes(r: &Relations) -> f64 {
    // Every padded element has its pad, but three pads are of the dummy triples; then the root, three products.
    DIGEST + ELEMENT * (r.pads() as f64 - 3.0 + 3.0)
}

/// What one proof of `work` over these slabs costs under `geometry`.
#[must_use]
pub fn estimate(geometry: &Geometry, work: &Work, slabs: &[SlabSize]) -> Estimate {
    let columns = Columns::new(geometry.log_rows, slabs, work);
    let mut paths = Paths::default();
    let (mut seconds, mut opening, mut encoded) = first_code(
        &columns,
        &mut paths,
        geometry.m(),
        geometry.log_domain,
        geometry.queries,
    );
    let mut digests = f64::from(geometry.queries) * (columns.slabs.len() as f64 + 1.0);
    for level in &geometry.levels {
        let (s, b, e) = folded_code(&mut paths, level.fold, level.log_domain, level.queries);
        seconds += s;
        opening += b;
        encoded += e;
        digests += f64::from(level.queries);
    }
    let draws = geometry.levels.len() as f64 + 1.0;
    opening += ELEMENT * geometry.final_len() as f64 + 8.0;
    let lookups = work.relations.entries as f64 * LOOKUP;
    let kept: f64 = 8.0
        * columns.slabs.iter().map(|s| s.0).sum::<u64>() as f64
        * (1u64 << geometry.log_domain.min(62)) as f64;
    let vectors = (columns.all() as f64 * 8.0 + ELEMENT * (1u64 << columns.k0().min(40)) as f64)
        * geometry.m() as f64;
    let proof = opening + relation_bytes(&work.relations);
    Estimate {
        prove_seconds: seconds + draws * grinding(geometry.grind) + lookups,
        verify_seconds: PERMUTATION * (proof / 100.0 + digests)
            + CLAIM * f64::from(work.relations.claims())
            + 1e-3,
        proof_bytes: proof,
        opening_bytes: opening,
        peak_bytes: kept + encoded + vectors + 60.0 * work.relations.entries as f64,
        encoded_bytes: encoded,
    }
}

/// What a commitment is expected to cost on two cores.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CommitEstimate {
    /// Seconds to commit, to prove its validity and to save its secret.
    pub seconds: f64,
    /// Bytes of memory at the peak.
    pub peak_bytes: f64,
    /// Bytes of the validity argument.
    pub validity_bytes: f64,
}

/// What committing to one slab costs under `geometry`, whatever the number of proofs it is used for: its code is as long as the
/// proofs that the geometry was made for ask. `validity`: the work of its validity proof (`None`: a public slab).
#[must_use]
pub fn estimate_commit(
    geometry: &Geometry,
    slab: &SlabSize,
    validity: Option<&Work>,
    secret_bytes: u64,
) -> CommitEstimate {
    let n = (1u64 << geometry.log_domain.min(62)) as f64;
    let columns = slab.columns(geometry.log_rows) as f64;
    let secret = secret_bytes as f64;
    let proof = validity.map(|work| estimate(geometry, work, &[*slab]));
    let proof = proof.unwrap_or_default();
    let tree = secret - 8.0 * columns * (n + geometry.r() as f64);
    // The slab with its code, its tree and its rows is there throughout. Then a proof is made over it, with a tree and the
    // mask of its own; or its file, in two copies.
    let rows = 16.0 * columns * geometry.m() as f64;
    let mask = 2.0 * ELEMENT * geometry.m() as f64;
    let proving = proof.peak_bytes + 2.0 * tree + rows + mask;
    let saving = 3.0 * secret + rows;
    CommitEstimate {
        seconds: n * (columns * ENTRY + LEAF) + proof.prove_seconds + secret * SECRET_BYTE,
        peak_bytes: saving.max(proving),
        validity_bytes: proof.proof_bytes,
    }
}
