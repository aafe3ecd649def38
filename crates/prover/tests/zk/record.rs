//! What a real prover drew, sent and kept secret.

use tacit_algebra::field::f_from_bytes;
use tacit_algebra::hash::Digest;
use tacit_algebra::{k_from_bytes, F, K};
use tacit_params::Geometry;
use tacit_pcs::{testing, Columns, NoHooks, OpeningHooks, Slab, WitnessSlab};
use tacit_program::Prepared;
use tacit_prover::{Hooks, Job, Proof, ProveError, ProveOptions, Repeatable};
use tacit_verifier::Claim;
use zeroize::Zeroizing;

/// Everything that stands beside the prover of one proof.
#[derive(Default)]
pub struct Record {
    /// Whether nothing is drawn afresh, as in a renewal.
    pub repeatable: bool,
    /// Whether a statement that no verifier accepts is argued all the same.
    pub ignores_checks: bool,
    pub challenges: Vec<(&'static str, K)>,
    pub sent: Vec<(&'static str, Vec<K>)>,
    /// Positions opened in the slabs.
    pub positions: Vec<usize>,
    pub h: Vec<K>,
    /// W'.
    pub weights: Vec<K>,
    pub claims: Vec<Claim>,
    /// C_w * R cells of the witness slab, its blinding rows, and g.
    pub cells: Vec<F>,
    pub blinding: Vec<Vec<F>>,
    pub g: Vec<K>,
}

impl OpeningHooks for Record {
    fn masked(&mut self, h: &mut [K], weights: &[K]) {
        self.h = h.to_vec();
        self.weights = weights.to_vec();
    }
    fn wants_masked(&self) -> bool {
        true
    }
    fn positions(&mut self, code: usize, positions: &[usize]) {
        if code == 0 {
            self.positions = positions.to_vec();
        }
    }
    fn challenge(&mut self, kind: &'static str, x: K) {
        self.challenges.push((kind, x));
    }
    fn sent(&mut self, kind: &'static str, x: &[K]) {
        self.sent.push((kind, x.to_vec()));
    }
}

impl Hooks for Record {
    fn fresh(&mut self) -> Result<Zeroizing<Digest>, ProveError> {
        if self.repeatable {
            Repeatable.fresh()
        } else {
            NoHooks.fresh()
        }
    }
    fn ignores_checks(&self) -> bool {
        self.ignores_checks
    }
    fn committed(&mut self, witness: &WitnessSlab) {
        self.cells = witness.data().to_vec();
        (self.blinding, self.g) = testing::witness_noise(witness);
    }
    fn claims(&mut self, claims: &[Claim], _cells: &[&[F]], _pads: &[K]) {
        self.claims = claims.to_vec();
    }
}

impl Record {
    pub fn drawn(&self, kind: &str) -> Vec<K> {
        let all = self.challenges.iter().filter(|(k, _)| *k == kind);
        all.map(|&(_, x)| x).collect()
    }

    pub fn messages(&self, kind: &str) -> Vec<K> {
        let all = self.sent.iter().filter(|(k, _)| *k == kind);
        all.flat_map(|(_, x)| x.iter().copied()).collect()
    }
}

/// One slab as the prover holds it: what it is called across proofs, its data and its blinding rows.
pub struct Columned {
    pub id: usize,
    pub data: Vec<F>,
    pub blinding: Vec<Vec<F>>,
    pub salted: bool,
}

/// One proof with its secrets.
pub struct Run {
    pub record: Record,
    pub argument: Vec<u8>,
    pub geometry: Geometry,
    /// The program's slabs in order, the witness last.
    pub slabs: Vec<Columned>,
    pub columns: Columns,
    pub bindings: Vec<tacit_pcs::Binding>,
    /// B, the cell of pad 0.
    pub pad_base: usize,
    /// Bytes of the argument before the opening.
    pub relations: usize,
}

/// Bytes of the witness root and of the messages of the relations.
pub fn relation_bytes(prepared: &Prepared) -> usize {
    let padded = prepared.sizes.pads as usize - 3;
    32 + 24 * padded + 3 * 24
}

/// Proves `job` and keeps everything. `ids` tells long-lived slabs apart across proofs; `witness` names this proof's own.
pub fn run(job: Job, givens: Vec<(u32, Vec<i64>)>, ids: &[usize], witness: usize) -> Run {
    run_with(job, ids, witness, |job, record| {
        job.prove_uncounted(ProveOptions::of(givens), record)
    })
}

/// The same for a statement that no verifier accepts.
pub fn run_unchecked(job: Job, givens: Vec<(u32, Vec<i64>)>, ids: &[usize], witness: usize) -> Run {
    run_with(job, ids, witness, |job, record| {
        record.ignores_checks = true;
        job.prove_uncounted(ProveOptions::of(givens), record)
    })
}

/// The same for a proof with further claims.
pub fn run_further(job: Job, further: &[Claim], ids: &[usize], witness: usize) -> Run {
    run_with(job, ids, witness, |job, record| {
        let options = ProveOptions {
            further,
            ..ProveOptions::default()
        };
        job.prove_uncounted(options, record)
    })
}

/// The same without fresh randomness, as a renewal's.
pub fn run_repeatably(job: Job, further: &[Claim], ids: &[usize], witness: usize) -> Run {
    run_with(job, ids, witness, |job, record| {
        record.repeatable = true;
        {
            let options = ProveOptions {
                further,
                ..ProveOptions::default()
            };
            job.prove_uncounted(options, record)
        }
    })
}

fn run_with(
    job: Job,
    ids: &[usize],
    witness: usize,
    prove: impl FnOnce(&Job, &mut Record) -> Result<Proof, ProveError>,
) -> Run {
    let mut record = Record::default();
    let proof = prove(&job, &mut record).unwrap_or_else(|e| panic!("{e}"));
    let mut slabs: Vec<Columned> = job.slabs.iter().zip(ids).map(long_lived).collect();
    slabs.push(Columned {
        id: witness,
        data: record.cells.clone(),
        blinding: record.blinding.clone(),
        salted: true,
    });
    let r = job.geometry.r();
    let binding = |(s, slab): (usize, &&Slab)| {
        let cells = job.prepared.layouts[s].cells;
        slab.commitment.binding(s, cells).unwrap()
    };
    Run {
        argument: proof.argument,
        geometry: job.geometry.clone(),
        columns: Columns::new(slabs.iter().map(|s| (s.data.len() / r) as u32).collect()),
        slabs,
        bindings: job.slabs.iter().enumerate().map(binding).collect(),
        pad_base: job.prepared.layouts.last().unwrap().cells,
        relations: relation_bytes(job.prepared),
        record,
    }
}

fn long_lived((slab, &id): (&&Slab, &usize)) -> Columned {
    Columned {
        id,
        data: slab.data().to_vec(),
        blinding: testing::blinding(slab),
        salted: slab.commitment.header.private,
    }
}

/// K elements of a part of an argument.
pub fn elements(bytes: &[u8]) -> Vec<K> {
    let element = |c: &[u8]| k_from_bytes(c.try_into().unwrap()).unwrap();
    bytes.chunks_exact(24).map(element).collect()
}

impl Run {
    /// The opened rows of every slab as they stand in the argument: slab, position, element (g's limbs last in the witness).
    pub fn opened_rows(&self) -> Vec<Vec<Vec<F>>> {
        let clear = 1 + 2 * self.columns.k0 as usize + 1 + 1;
        let nonce = if self.geometry.grind > 0 { 8 } else { 0 };
        let mut at = self.relations + 24 * clear + 32 + nonce;
        let positions = &self.record.positions;
        let path = siblings(positions, self.geometry.log_domain) * size_of::<Digest>();
        let mut out = Vec::new();
        for (s, slab) in self.slabs.iter().enumerate() {
            let last = s + 1 == self.slabs.len();
            let width = self.columns.columns[s] as usize + if last { 3 } else { 0 };
            let mut rows = Vec::new();
            for _ in positions {
                let bytes = &self.argument[at..at + 8 * width];
                let element = |c: &[u8]| f_from_bytes(c.try_into().unwrap()).unwrap();
                rows.push(bytes.chunks_exact(8).map(element).collect());
                at += 8 * width + if slab.salted { 32 } else { 0 };
            }
            out.push(rows);
            at += path;
        }
        out
    }
}

/// Digests in a multi-opening: known nodes whose sibling is not known, level by level.
pub fn siblings(positions: &[usize], log: u8) -> usize {
    let mut known = positions.to_vec();
    let mut count = 0;
    for _ in 0..log {
        count += known.iter().filter(|&k| !known.contains(&(k ^ 1))).count();
        known.iter_mut().for_each(|k| *k >>= 1);
        known.dedup();
    }
    count
}
