//! A malicious prover: the honest one with one step replaced.

use std::collections::HashMap;

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{f_from_i64, f_to_i64, F, K};
use tacit_pcs::{Commitment, OpeningHooks};
use tacit_program::*;
use tacit_prover::{Hooks, Proof};
use tacit_verifier::{audit, Claim};

use crate::world::MLP;

/// Labels of the claims of the lookups' layer 0, and of the relations' common point.
pub const LOG: &str = "logup layer 0";
pub const EIN: &str = "einsums, lookup inputs and zeros";

type Change<T> = Option<Box<dyn Fn(&mut T)>>;
type ChangeBoth<T, U> = Option<Box<dyn Fn(&mut T, &mut U)>>;
type Masked = fn(&mut [K], &[K]);

/// One lie, and what it makes false.
#[derive(Default)]
pub struct Lie {
    pub trace: ChangeBoth<Trace, Publics>,
    pub witness: Change<[F]>,
    pub commitments: Option<Vec<Commitment>>,
    pub products: HashMap<usize, K>,
    pub inverse: Option<K>,
    pub products_end: Option<K>,
    pub blinding_sum: Option<K>,
    pub mask_sum: Option<K>,
    pub out_of_domain: Option<K>,
    pub masked: Option<Masked>,
    pub final_vector: Change<[K]>,
    pub ignores_checks: bool,
    pub without_bindings: bool,
    /// The labels of the claims that are false.
    pub bad: Vec<String>,
}

impl OpeningHooks for Lie {
    fn blinding_sum(&mut self, s: &mut K) {
        *s += self.blinding_sum.unwrap_or(K::ZERO);
    }
    fn mask_sum(&mut self, mu: &mut K) {
        *mu += self.mask_sum.unwrap_or(K::ZERO);
    }
    fn masked(&mut self, h: &mut [K], weights: &[K]) {
        if let Some(change) = self.masked {
            change(h, weights);
        }
    }
    fn wants_masked(&self) -> bool {
        self.masked.is_some()
    }
    fn out_of_domain(&mut self, _level: usize, o: &mut K) {
        *o += self.out_of_domain.unwrap_or(K::ZERO);
    }
    fn final_vector(&mut self, v: &mut [K]) {
        if let Some(change) = &self.final_vector {
            change(v);
        }
    }
}

impl Hooks for Lie {
    fn trace(&mut self, trace: &mut Trace, publics: &mut Publics) {
        if let Some(change) = &self.trace {
            change(trace, publics);
        }
    }
    fn witness(&mut self, cells: &mut [F]) {
        if let Some(change) = &self.witness {
            change(cells);
        }
    }
    fn commitments(&mut self, named: &mut [Commitment]) {
        if let Some(others) = &self.commitments {
            named.clone_from_slice(others);
        }
    }
    fn ignores_checks(&self) -> bool {
        self.ignores_checks
    }
    fn inverse(&mut self, honest: K) -> K {
        self.inverse.unwrap_or(honest)
    }
    fn product(&mut self, index: usize, honest: K) -> K {
        honest + self.products.get(&index).copied().unwrap_or(K::ZERO)
    }
    fn products_end(&mut self, honest: [K; 3]) -> [K; 3] {
        honest.map(|x| x + self.products_end.unwrap_or(K::ZERO))
    }
    fn claims(&mut self, claims: &[Claim], cells: &[&[F]], pads: &[K]) {
        self.bad = audit(claims, cells, pads);
    }
    fn without_bindings(&self) -> bool {
        self.without_bindings
    }
}

/// Sets one entry of a tensor; public tensors are changed in the statement too.
pub fn set(trace: &mut Trace, tensor: u32, entry: usize, f: impl Fn(i64) -> i64) {
    let values = std::sync::Arc::make_mut(&mut trace.tensors[tensor as usize]);
    values[entry] = f(values[entry]);
}

/// x / 2^shift in F, as a signed number.
pub fn divided(x: i64, shift: u32) -> i64 {
    f_to_i64(f_from_i64(x) * tacit_algebra::field::half_power(shift))
}

/// Einsum values that follow from the tensors of a trace (slowly).
pub fn contract(prepared: &Prepared, trace: &mut Trace) {
    for (e, einsum) in prepared.program.einsums.iter().enumerate() {
        let shape = |axes: &[u8]| {
            axes.iter()
                .map(|&l| einsum.extents[l as usize])
                .collect::<Vec<u32>>()
        };
        let (a_shape, b_shape, out_shape) = (
            shape(&einsum.a_axes),
            shape(&einsum.b_axes),
            shape(&einsum.out_axes),
        );
        let a = dense(prepared, &einsum.a, &a_shape, trace).into_owned();
        let b = dense(prepared, &einsum.b, &b_shape, trace).into_owned();
        let mut out = vec![0i64; entries(&out_shape)];
        let total: usize = einsum.extents.iter().map(|&n| n as usize).product();
        for flat in 0..total {
            let mut rest = flat;
            let mut index = vec![0usize; einsum.extents.len()];
            for (i, &n) in einsum.extents.iter().enumerate().rev() {
                index[i] = rest % n as usize;
                rest /= n as usize;
            }
            let at = |axes: &[u8]| {
                axes.iter().fold(0, |i, &l| {
                    i * einsum.extents[l as usize] as usize + index[l as usize]
                })
            };
            out[at(&einsum.out_axes)] += a[at(&einsum.a_axes)] * b[at(&einsum.b_axes)];
        }
        trace.einsums[e] = out;
    }
}

/// Multiplicities counted over a trace; what is in no row is counted nowhere.
pub fn count(prepared: &Prepared, trace: &mut Trace) {
    let program = &prepared.program;
    let rows: Vec<Vec<(i64, i64)>> = program
        .tables
        .iter()
        .map(|t| {
            (0..table_len(&t.kind))
                .map(|i| table_row(&t.kind, i))
                .collect()
        })
        .collect();
    let mut counts: Vec<Vec<i64>> = rows.iter().map(|r| vec![0; r.len()]).collect();
    for lookup in &program.lookups {
        let input = dense(prepared, &lookup.input, &lookup.shape, trace);
        let output = dense(prepared, &lookup.output, &lookup.shape, trace);
        for (&x, &y) in input.iter().zip(output.iter()) {
            let entry = (divided(x, u32::from(lookup.shift)), y);
            let table = lookup.table as usize;
            if let Some(i) = rows[table].iter().position(|&row| row == entry) {
                counts[table][i] += 1;
            }
        }
    }
    trace.multiplicities = counts;
}

/// Proves the MLP with a lie; the proof and the verifier's answer.
pub fn tell(lie: &mut Lie) -> (Proof, &'static str) {
    let proof = MLP.prove_with(lie).unwrap_or_else(|e| panic!("{e}"));
    let answer = MLP
        .verify(&proof)
        .map_or_else(|e| e.slug(), |()| "accepted");
    (proof, answer)
}

/// Proves the MLP with a lie: the slug that must fire, and the claims that the lie makes false.
#[track_caller]
pub fn expect(mut lie: Lie, slug: &str, bad: &[&str]) -> Proof {
    let (proof, answer) = tell(&mut lie);
    assert_eq!(
        (answer, lie.bad.as_slice()),
        (
            slug,
            bad.iter()
                .map(|s| s.to_string())
                .collect::<Vec<_>>()
                .as_slice()
        )
    );
    proof
}
