//! Frozen challenges: false statements that the real verifier accepts where its transcript lacks one guard, and refuses where it
//! does not. The oracle with holes is `tacit_transcript::testing`.

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::field::k_limbs;
use tacit_algebra::{f_from_i64, f_to_i64, k_from_bytes, k_to_bytes, F, K};
use tacit_pcs::{Commitment, OpeningHooks};
use tacit_program::*;
use tacit_prover::{Hooks, Proof};
use tacit_testkit::lie::{contract, count, set, Lie};
use tacit_testkit::mlp::*;
use tacit_testkit::*;
use tacit_transcript::testing::{with_holes, Holes};
use tacit_transcript::Sponge;
use tacit_verifier::{value, Claim, Statement};

/// What a change of the statement, or of the challenges it leads to, is refused with: whichever comes first.
const EARLY: [&str; 3] = ["grinding", "merkle", "alpha"];

fn answer(proof: &Proof) -> &'static str {
    MLP.verify(proof).map_or_else(|e| e.slug(), |()| "accepted")
}

/// An entry of a with ReLU's input above 1.
fn positive() -> usize {
    let trace = execute(&MLP.case.prepared, MLP.case.givens.clone()).unwrap();
    let found = trace.tensors[A as usize].iter().position(|&x| x > 1);
    found.unwrap()
}

/// One ReLU output is larger by 1, and the outputs follow from it: every relation but one lookup holds, and y is false.
fn wrong_relu(t: &mut Trace, publics: &mut Publics) {
    let honest = publics.clone();
    let i = positive();
    set(t, A, i, |x| x + 1);
    contract(&MLP.case.prepared, t);
    let bias = t.tensors[B2 as usize].clone();
    for (k, &acc) in t.einsums[1].clone().iter().enumerate() {
        let acc = acc + bias[k % 3] + 2;
        set(t, R2, k, |_| acc.rem_euclid(4));
        set(t, Y, k, |_| acc.div_euclid(4));
    }
    t.tensors[E as usize] = t.einsums[2].clone().into();
    count(&MLP.case.prepared, t);
    *publics = tacit_prover::public_values(&MLP.case.prepared, t);
    assert_ne!(*publics, honest);
}

/// d with sum_i d_i a_i = 0 in K, for four elements: minors of their limbs.
fn relation(a: [K; 4]) -> [F; 4] {
    std::array::from_fn(|i| {
        let rest: Vec<[F; 3]> = (0..4).filter(|&j| j != i).map(|j| k_limbs(&a[j])).collect();
        let [x, y, z] = [rest[0], rest[1], rest[2]];
        let det = x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0])
            + x[2] * (y[0] * z[1] - y[1] * z[0]);
        [det, -det][i % 2]
    })
}

/// alpha and beta as they follow from the statement alone.
fn guessed(publics: &Publics) -> (K, K) {
    let mut sponge = Sponge::new();
    let statement = Statement {
        prepared: &MLP.case.prepared,
        geometry: &MLP.geometry,
        commitments: &commitments(&MLP.slabs),
        publics,
        context: CONTEXT,
    };
    statement.absorb(&mut sponge);
    (sponge.challenge("alpha"), sponge.challenge("beta"))
}

/// 1 / (alpha - tag - beta in - beta^2 out) of ReLU's table.
fn fraction((alpha, beta): (K, K), (input, output): (i64, i64)) -> K {
    let at = |x: i64| K::from(f_from_i64(x));
    (alpha - K::TWO - beta * at(input) - beta * beta * at(output)).inverse()
}

/// The false entry's fraction as a combination of three rows' fractions: their multiplicities in F make up for it.
fn with_multiplicities(t: &mut Trace, publics: &mut Publics) {
    wrong_relu(t, publics);
    let challenges = guessed(publics);
    let out = t.tensors[A as usize][positive()];
    let rows = [10, 20, 30].map(|i| table_row(&MLP.case.prepared.program.tables[1].kind, i));
    let of = |entry| fraction(challenges, entry);
    let d = relation([of((out - 1, out)), of(rows[0]), of(rows[1]), of(rows[2])]);
    for (i, d_i) in [10, 20, 30].into_iter().zip(&d[1..]) {
        let m = &mut t.multiplicities[1][i];
        *m = f_to_i64(f_from_i64(*m) - *d_i * d[0].inverse());
    }
}

fn lie(trace: fn(&mut Trace, &mut Publics)) -> Lie {
    Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    }
}

/// Rows 3 and 17: alpha and beta known before the witness is committed. An output that is in no row of its table passes, with
/// multiplicities that were never counts. Guard: they are drawn after the witness root. It is missing in two ways: they do not
/// depend on anything, or only the root is not absorbed.
#[test]
fn a_false_lookup_when_its_challenges_are_known() {
    let known = Holes::default()
        .known("alpha", [1; 32])
        .known("beta", [2; 32]);
    for holes in [known, Holes::default().deaf("witness")] {
        let proof = with_holes(&holes, || {
            let mut attack = lie(with_multiplicities);
            let proof = MLP.prove_with(&mut attack).unwrap();
            assert_eq!((answer(&proof), attack.bad.len()), ("accepted", 0));
            // Without the multiplicities the lookup is false, hole or not.
            let plain = MLP.prove_with(&mut lie(wrong_relu)).unwrap();
            assert_eq!(answer(&plain), "final_claim");
            proof
        });
        assert_ne!(answer(&proof), "accepted", "the same bytes");
    }
    let mut attack = lie(with_multiplicities);
    let proof = MLP.prove_with(&mut attack).unwrap();
    assert_eq!(answer(&proof), "final_claim");
    assert_eq!(attack.bad, ["logup layer 0"]);
}

/// A false statement, and what its claims are off by: sum_k sigma^(k+2) value_k, in units of the first binding claim's power.
#[derive(Default)]
struct Late {
    values: Vec<K>,
    sigma: K,
}

impl Late {
    fn missing(&self) -> K {
        // sum_k sigma^k value_k / sigma^n.
        let sum = self.values.iter().rev();
        let sum = sum.fold(K::ZERO, |sum, &v| sum * self.sigma + v);
        sum * self.sigma.exp_u64(self.values.len() as u64).inverse()
    }
}

impl OpeningHooks for Late {
    fn challenge(&mut self, kind: &'static str, x: K) {
        if kind == "collapse" {
            self.sigma = x;
        }
    }
}

impl Hooks for Late {
    fn trace(&mut self, trace: &mut Trace, publics: &mut Publics) {
        wrong_relu(trace, publics);
    }
    fn claims(&mut self, claims: &[Claim], cells: &[&[F]], pads: &[K]) {
        let values = claims
            .iter()
            .map(|c| value(&c.affine, cells, pads).unwrap());
        self.values = values.collect();
    }
}

/// Rows 2, 5 and 21: a slab's y that is used but not absorbed. It is named after the proof is made, as what makes up for all
/// false claims together. Guard: the identity, y in it, is absorbed before the first challenge.
#[test]
fn a_commitment_named_after_the_proof() {
    let late = |proof: &Proof, attack: &Late| {
        let mut named = commitments(&MLP.slabs);
        let y = k_from_bytes(&named[0].y).unwrap() + attack.missing();
        named[0].y = k_to_bytes(&y);
        let result = MLP.verify_against(&named, &proof.publics, CONTEXT, &proof.argument);
        (result.map_or_else(|e| e.slug(), |()| "accepted"), named)
    };
    let prove = || {
        let mut attack = Late::default();
        let proof = MLP.prove_with(&mut attack).unwrap();
        assert!(attack.values.iter().any(|&v| v != K::ZERO));
        (proof, attack)
    };
    with_holes(&Holes::default().deaf("slab"), || {
        let (proof, attack) = prove();
        assert_eq!(answer(&proof), "final_claim");
        assert_eq!(late(&proof, &attack).0, "accepted");
    });
    let (proof, attack) = prove();
    let (slug, named) = late(&proof, &attack);
    assert!(EARLY.contains(&slug), "{slug}");
    // Named before the proof is made, it makes up for nothing.
    let mut again = lie(wrong_relu);
    again.commitments = Some(named.clone());
    let proof = MLP.prove_with(&mut again).unwrap();
    let result = MLP.verify_against(&named, &proof.publics, CONTEXT, &proof.argument);
    assert_eq!(result.unwrap_err().slug(), "final_claim");
}

/// Row 5: replays. A proof for another context, or for another program of the same slabs, is accepted by a verifier that does
/// not absorb the context, or the program's digest.
#[test]
fn replays_when_the_statement_is_not_absorbed() {
    let mut renamed = MLP.case.prepared.program.clone();
    renamed.name = "another".into();
    let renamed = Prepared::new(renamed).unwrap();
    let named: Vec<Commitment> = commitments(&MLP.slabs);
    let replay = |prepared: &Prepared, context: &[u8], proof: &Proof| {
        let (publics, argument) = (&proof.publics, &proof.argument);
        let result = verify(
            prepared,
            &MLP.geometry,
            &named,
            publics,
            context,
            argument,
            TOY,
        );
        result.map_or_else(|e| e.slug(), |_| "accepted")
    };
    for (kind, prepared, context) in [
        ("context", &MLP.case.prepared, &b"nonce 2"[..]),
        ("program", &renamed, CONTEXT),
    ] {
        let accepted = with_holes(&Holes::default().deaf(kind), || {
            replay(prepared, context, &MLP.prove())
        });
        assert_eq!(accepted, "accepted", "{kind}");
        let slug = replay(prepared, context, &MLP.prove());
        assert!(EARLY.contains(&slug), "{kind}: {slug}");
    }
}

/// Row 1: a long public tensor that a program only shows. A proof for it is one for any other where its blocks are not absorbed.
#[test]
fn another_long_public_tensor_when_its_blocks_are_not_absorbed() {
    let mut case = linear();
    case.prepared = {
        let mut program = case.prepared.program.clone();
        let shown = program.tensors.len() as u32;
        program.tensors.push(Tensor {
            name: "shown".into(),
            shape: vec![5000],
            place: Place::Public,
            lo: 0,
            hi: 9,
        });
        program.inputs.push(Port {
            name: "shown".into(),
            tensor: shown,
            frac: 0,
        });
        case.givens.push((shown, vec![1; 5000]));
        Prepared::new(program).unwrap()
    };
    let world = World::new(case);
    let replay = |proof: &Proof, at: usize| {
        let mut publics = proof.publics.clone();
        publics.0.last_mut().unwrap()[at] = 2;
        let named = commitments(&world.slabs);
        let result = world.verify_against(&named, &publics, CONTEXT, &proof.argument);
        result.map_or_else(|e| e.slug(), |()| "accepted")
    };
    with_holes(&Holes::default().deaf("public blocks"), || {
        let proof = world.prove();
        assert_eq!(replay(&proof, 0), "accepted");
        assert_eq!(replay(&proof, 4999), "accepted");
    });
    let proof = world.prove();
    assert!(world.verify(&proof).is_ok());
    for at in [0, 1023, 1024, 4999] {
        assert!(EARLY.contains(&replay(&proof, at)), "entry {at}");
    }
}
