//! Malicious provers: a real prover with one step replaced. Each lie names the slug that must fire and, since nearly every lie
//! ends in `final_claim`, the claims that it makes false, told by an audit that knows the secrets.

mod common;

use common::lie::{contract, count, divided, set, Lie};
use common::mlp::*;
use common::*;
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{f_from_i64, f_to_i64, k_from_bytes, k_to_bytes, F, K};
use tacit_pcs::{Commitment, Slab};
use tacit_program::*;
use tacit_prover::{Job, Profile, Proof};
use tacit_verifier::{prepare_validity, verify_validity, VALIDITY_CONTEXT};

const LOG: &str = "logup layer 0";
const EIN: &str = "einsums, lookup inputs and zeros";
const PRODUCTS: [&str; 4] = ["products", "products a", "products b", "products c"];

fn honest() -> Trace {
    execute(&MLP.case.prepared, MLP.case.givens.clone()).unwrap()
}

/// Proves with a lie; the proof and the verifier's answer.
fn tell(lie: &mut Lie) -> (Proof, &'static str) {
    let proof = MLP.prove_with(lie).unwrap_or_else(|e| panic!("{e}"));
    let answer = MLP
        .verify(&proof)
        .map_or_else(|e| e.slug(), |()| "accepted");
    (proof, answer)
}

#[track_caller]
fn expect(mut lie: Lie, slug: &str, bad: &[&str]) -> Proof {
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

/// A changed trace; einsum values and multiplicities follow from it.
fn changed(change: impl Fn(&mut Trace, &mut Publics) + 'static) -> Lie {
    let trace = move |trace: &mut Trace, publics: &mut Publics| {
        change(trace, publics);
        contract(&MLP.case.prepared, trace);
        count(&MLP.case.prepared, trace);
    };
    Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    }
}

/// An entry of a with ReLU's input above 1, one below 0.
fn positive() -> usize {
    honest().tensors[A as usize]
        .iter()
        .position(|&x| x > 1)
        .unwrap()
}

fn negative() -> usize {
    honest().tensors[A as usize]
        .iter()
        .position(|&x| x == 0)
        .unwrap()
}

#[test]
fn an_honest_prover_is_accepted() {
    expect(Lie::default(), "accepted", &[]);
    expect(changed(|_, _| ()), "accepted", &[]);
}

#[test]
fn remainders() {
    let i = positive();
    expect(
        changed(move |t, _| set(t, R1, i, |x| x + 1)),
        "final_claim",
        &[LOG],
    );
    let lie = changed(move |t, _| {
        set(t, R1, i, |x| x + 4);
        set(t, A, i, |x| x - 1);
    });
    expect(lie, "final_claim", &[LOG, EIN]);
}

#[test]
fn activations() {
    let (i, j) = (positive(), negative());
    expect(
        changed(move |t, _| set(t, A, i, |x| x + 1)),
        "final_claim",
        &[LOG, EIN],
    );
    expect(
        changed(move |t, _| set(t, A, j, |_| 3)),
        "final_claim",
        &[LOG, EIN],
    );
    // A wrong ReLU output carried on honestly: the outputs follow from it.
    let lie = changed(move |t, publics| {
        set(t, A, i, |x| x + 1);
        contract(&MLP.case.prepared, t);
        let bias = t.tensors[B2 as usize].clone();
        for (k, &acc) in t.einsums[1].clone().iter().enumerate() {
            let acc = acc + bias[k % 3] + 2;
            set(t, R2, k, |_| acc.rem_euclid(4));
            set(t, Y, k, |_| acc.div_euclid(4));
        }
        t.tensors[E as usize] = t.einsums[2].clone().into();
        *publics = tacit_prover::public_values(&MLP.case.prepared, t);
    });
    expect(lie, "final_claim", &[LOG]);
}

#[test]
fn padding_influences_nothing() {
    let prepared = &MLP.case.prepared;
    let layout = prepared.slab_layout(prepared.witness_slab());
    // a[0, 6] is not valid (6 columns of 8); table relu has 88 rows of 128.
    let cell = layout.offset_of(A).unwrap() + 6;
    let row = layout
        .offset_of(prepared.program.tensors.len() as u32 + 1)
        .unwrap()
        + 100;
    for at in [cell, row] {
        let witness = move |cells: &mut [F]| cells[at] = F::from_u64(5);
        expect(
            Lie {
                witness: Some(Box::new(witness)),
                ..Lie::default()
            },
            "accepted",
            &[],
        );
    }
}

#[test]
fn multiplicities() {
    let lie = |trace: fn(&mut Trace, &mut Publics)| Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    };
    expect(
        lie(|t, _| t.multiplicities[1][50] += 1),
        "final_claim",
        &[LOG],
    );
    // Taken from one row and given to another: the sums of counts agree.
    let moved = |t: &mut Trace, _: &mut Publics| {
        t.multiplicities[0][0] += 1;
        t.multiplicities[0][1] -= 1;
    };
    expect(lie(moved), "final_claim", &[LOG]);
}

#[test]
fn public_values() {
    let lie = |tensor: u32, index: usize| {
        changed(move |t, publics| {
            set(t, tensor, 1, |x| x + 1);
            publics.0[index][1] += 1;
        })
    };
    expect(lie(Y, 0), "final_claim", &[EIN]);
    expect(lie(E, 1), "final_claim", &[EIN]);
    // r2 + 1 stays in [0, 4) and y = (acc - r2 - 1) / 4 in the field: every relation holds, only y's interval does not.
    let i = honest().tensors[R2 as usize]
        .iter()
        .position(|&x| x < 3)
        .unwrap();
    let mut wrap = changed(move |t, publics| {
        set(t, R2, i, |x| x + 1);
        let y = f_from_i64(publics.0[0][i]) - f_from_i64(divided(1, 2));
        set(t, Y, i, |_| f_to_i64(y));
        publics.0[0][i] = f_to_i64(y);
    });
    wrap.ignores_checks = true;
    expect(wrap, "public_interval", &[]);
}

#[test]
fn products_of_hidden_values() {
    let d = K::from_u64(5);
    // Triples 1 + 3 j ..: the products of layer j. The sum in the layer's claim is kept.
    let lie = Lie {
        products: [(4, d), (5, -d)].into(),
        ..Lie::default()
    };
    expect(lie, "final_claim", &PRODUCTS[..1]);
    expect(
        Lie {
            inverse: Some(K::ZERO),
            ..Lie::default()
        },
        "final_claim",
        &PRODUCTS[..1],
    );
    expect(
        Lie {
            products_end: Some(K::ONE),
            ..Lie::default()
        },
        "final_claim",
        &PRODUCTS,
    );
    // The product of an einsum's ends.
    let last = MLP.case.prepared.sizes.triples as usize - 4;
    expect(
        Lie {
            products: [(last, d)].into(),
            ..Lie::default()
        },
        "final_claim",
        &[EIN, "products"],
    );
}

/// The MLP with other weights.
fn model_b() -> World {
    let mut case = mlp();
    for (_, values) in case.givens.iter_mut().take(4) {
        values
            .iter_mut()
            .for_each(|v| *v = if *v < 3 { *v + 1 } else { *v });
    }
    World::new(case)
}

fn bad_of(lie: &Lie) -> Vec<&str> {
    lie.bad.iter().map(String::as_str).collect()
}

#[test]
fn another_model() {
    let b = model_b();
    let proof = b.prove();
    assert!(b.verify(&proof).is_ok());
    let slug = MLP.verify(&proof).unwrap_err().slug();
    assert!(matches!(slug, "grinding" | "merkle" | "alpha"), "{slug}");
    // Model B under the identity of A.
    let mut lie = Lie {
        commitments: Some(commitments(&MLP.slabs)),
        ..Lie::default()
    };
    let proof = b.prove_with(&mut lie).unwrap();
    assert_eq!(MLP.verify(&proof).unwrap_err().slug(), "merkle");
    // The trace of B over the slabs of A.
    let trace = execute(&b.case.prepared, b.case.givens.clone()).unwrap();
    let (slug, lie) = foreign_trace(trace);
    assert_eq!(
        (slug, bad_of(&lie)),
        ("final_claim", vec!["einsum acc1 b", "einsum acc2 b", EIN])
    );
}

#[test]
fn another_input() {
    let mut givens = MLP.case.givens.clone();
    givens[4].1.iter_mut().for_each(|x| *x /= 2);
    let (slug, lie) = foreign_trace(execute(&MLP.case.prepared, givens).unwrap());
    assert_eq!((slug, bad_of(&lie)), ("final_claim", vec!["einsum acc1 a"]));
}

/// A trace that is not about the committed slabs.
fn foreign_trace(trace: Trace) -> (&'static str, Lie) {
    let slabs: Vec<&Slab> = MLP.slabs.iter().collect();
    let job = Job {
        prepared: &MLP.case.prepared,
        geometry: &MLP.geometry,
        slabs: &slabs,
        context: CONTEXT,
    };
    let mut lie = Lie::default();
    let proof = job.prove_trace(trace, &mut lie, Profile::start()).unwrap();
    (
        MLP.verify(&proof)
            .map_or_else(|e| e.slug(), |()| "accepted"),
        lie,
    )
}

#[test]
fn commitments_that_do_not_fit() {
    let proof = MLP.prove();
    let honest = commitments(&MLP.slabs);
    let answer = |change: &dyn Fn(&mut Vec<Commitment>)| {
        let mut named = honest.clone();
        change(&mut named);
        MLP.verify_against(&named, &proof.publics, CONTEXT, &proof.argument)
            .unwrap_err()
            .slug()
    };
    assert_eq!(answer(&|c| c[0].header.max_fold = 1), "header");
    assert_eq!(answer(&|c| c[0].header.schema[0] ^= 1), "header");
    assert_eq!(answer(&|c| c[0].header.columns += 1), "header");
    assert_eq!(answer(&|c| c[0].header.budget += 1000), "header");
    assert_eq!(answer(&|c| c[0].header.private = false), "header");
    assert_eq!(answer(&|c| c[0].header.leaf_groups = 2), "header");
    assert_eq!(answer(&|c| c[0].header.geometry.queries += 1), "header");
    assert_eq!(answer(&|c| c[0].y = [0xff; 24]), "non_canonical");
    assert_eq!(answer(&|c| c.truncate(1)), "slabs");
    assert_eq!(answer(&|c| c.push(c[0].clone())), "slabs");
    assert_eq!(answer(&|c| c.swap(0, 1)), "header");
    // Fewer blinding rows than the budget asks for would be a statement about another slab.
    let slug = answer(&|c| c[0].header.budget -= 1);
    assert!(matches!(slug, "grinding" | "merkle"), "{slug}");
}

#[test]
fn a_false_binding_value() {
    let mut named = commitments(&MLP.slabs);
    let y = k_from_bytes(&named[0].y).unwrap() + K::ONE;
    named[0].y = k_to_bytes(&y);
    let mut lie = Lie {
        commitments: Some(named.clone()),
        ..Lie::default()
    };
    let proof = MLP.prove_with(&mut lie).unwrap();
    assert!(lie.bad.is_empty(), "only the binding claim is false");
    let answer = MLP.verify_against(&named, &proof.publics, CONTEXT, &proof.argument);
    assert_eq!(answer.unwrap_err().slug(), "final_claim");
    // Left out altogether.
    expect(
        Lie {
            without_bindings: true,
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
}

#[test]
fn the_opening() {
    let one = Some(K::ONE);
    expect(
        Lie {
            blinding_sum: one,
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
    expect(
        Lie {
            mask_sum: one,
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
    expect(
        Lie {
            out_of_domain: one,
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
    let kept = |h: &mut [K], w: &[K]| {
        // <h, W> is kept: two entries move against each other.
        h[0] += w[1];
        h[1] -= w[0];
    };
    expect(
        Lie {
            masked: Some(kept),
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
    expect(
        Lie {
            masked: Some(|h, _| h[0] += K::ONE),
            ..Lie::default()
        },
        "final_claim",
        &[],
    );
    let end = |v: &mut [K]| v[0] += K::ONE;
    expect(
        Lie {
            final_vector: Some(Box::new(end)),
            ..Lie::default()
        },
        "last_query",
        &[],
    );
}

#[test]
fn validity() {
    let world = &*MLP;
    let tensors = world.case.prepared.schema_tensors(0);
    let prepared = prepare_validity("model", &tensors).unwrap();
    let prove = |slab: &Slab, trace: Trace| {
        let job = Job {
            prepared: &prepared,
            geometry: &world.geometry,
            slabs: &[slab],
            context: VALIDITY_CONTEXT,
        };
        let mut lie = Lie::default();
        let proof = job.prove_trace(trace, &mut lie, Profile::start()).unwrap();
        let answer = verify_validity("model", &tensors, &slab.commitment, &proof.argument, TOY);
        (answer.map_or_else(|e| e.slug(), |_| "accepted"), lie.bad)
    };
    let none: [(u32, Vec<i64>); 0] = [];
    let slab = &world.slabs[0];
    let job = Job {
        prepared: &prepared,
        geometry: &world.geometry,
        slabs: &[slab],
        context: VALIDITY_CONTEXT,
    };
    let proof = job.prove(none).unwrap();
    assert!(
        verify_validity("model", &tensors, &slab.commitment, &proof.argument, TOY)
            .unwrap()
            .is_some()
    );
    // The values as the validity program's trace, W1[0] out of its interval.
    let mut values = slab_values(&world.case);
    values[0].1 = vec![4]
        .into_iter()
        .chain(values[0].1.iter().skip(1).copied())
        .collect::<Vec<i64>>()
        .into();
    let bad = commit_one(
        &world.case.prepared,
        &world.geometry,
        0,
        &values,
        2,
        6,
        [9; 32],
    );
    let order = &world.case.prepared.slab_layout(0).order;
    let tensor = |t: u32| values.iter().find(|(id, _)| *id == t).unwrap().1.clone();
    let mut trace = Trace {
        tensors: order.iter().map(|&t| tensor(t)).collect(),
        ..Trace::default()
    };
    count(&prepared, &mut trace);
    assert_eq!(prove(&bad, trace), ("validity", vec![LOG.to_string()]));
    // No argument, another slab's argument, another schema.
    let slug = |commitment: &Commitment, argument: &[u8]| {
        verify_validity("model", &tensors, commitment, argument, TOY)
            .unwrap_err()
            .slug()
    };
    assert_eq!(slug(&slab.commitment, &[]), "validity");
    assert_eq!(slug(&bad.commitment, &proof.argument), "validity");
    assert_eq!(slug(&world.slabs[1].commitment, &proof.argument), "schema");
}

#[test]
fn one_cell_of_the_witness() {
    let names = [R1, A, R2];
    for seed in 0..60u64 {
        let r = numbers(seed + 1, 4, 0, 1 << 30);
        let lie = changed(move |t, _| {
            let tensor = names[r[0] as usize % 3];
            let entry = r[1] as usize % t.tensors[tensor as usize].len();
            set(t, tensor, entry, |x| {
                x + [1, -1, 4, 1 << 20][r[2] as usize % 4]
            });
        });
        let mut lie = lie;
        let (_, answer) = tell(&mut lie);
        assert_eq!(answer, "final_claim", "seed {seed}");
        assert!(!lie.bad.is_empty(), "seed {seed}");
    }
}
