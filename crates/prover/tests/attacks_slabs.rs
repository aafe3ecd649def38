//! Malicious provers, whose values are right but not the committed ones: another model, another input, a false identity, a wrong
//! opening, a slab out of its intervals. Each lie names the slug that must fire and the claims that it makes false.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{k_from_bytes, k_to_bytes, K};
use tacit_pcs::{Commitment, Slab};
use tacit_program::*;
use tacit_prover::{Job, Profile, ProveError, ProveOptions};
use tacit_testkit::lie::{count, expect, Lie, EIN, LOG};
use tacit_testkit::*;
use tacit_verifier::{prepare_validity, verify_validity, VALIDITY_CONTEXT};

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
fn another_model_is_refused() {
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
fn another_input_is_refused() {
    let mut givens = MLP.case.givens.clone();
    givens[4].1.iter_mut().for_each(|x| *x /= 2);
    let (slug, lie) = foreign_trace(execute(&MLP.case.prepared, givens).unwrap());
    assert_eq!((slug, bad_of(&lie)), ("final_claim", vec!["einsum acc1 a"]));
}

/// A trace that is not about the committed slabs.
fn foreign_trace(trace: Trace) -> (&'static str, Lie) {
    let slabs = MLP.slab_refs();
    let job = MLP.job(&slabs);
    let mut lie = Lie::default();
    let proof = job.prove_trace(trace, &mut lie, Profile::start()).unwrap();
    (
        MLP.verify(&proof)
            .map_or_else(|e| e.slug(), |()| "accepted"),
        lie,
    )
}

#[test]
fn commitments_that_do_not_fit_are_refused() {
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
    assert_eq!(answer(&|c| c.truncate(1)), "commitments");
    assert_eq!(answer(&|c| c.push(c[0].clone())), "commitments");
    assert_eq!(answer(&|c| c.swap(0, 1)), "header");
    // Fewer blinding rows than the budget asks for would be a statement about another slab.
    let slug = answer(&|c| c[0].header.budget -= 1);
    assert!(matches!(slug, "grinding" | "merkle"), "{slug}");
}

/// next = base - x: both slabs have one schema.
fn step(x: i64) -> World {
    let mut p = Builder::new("step", &[("base", true), ("next", true)]);
    let base = p.tensor("w", &[2, 3], Place::Slab(0), -8, 7);
    let next = p.tensor("w", &[2, 3], Place::Slab(1), -8, 7);
    let public = p.tensor("x", &[2, 3], Place::Public, -1, 1);
    let difference = [(1, base), (-1, next), (-1, public)];
    let terms = difference.map(|(coef, tensor)| same(coef, tensor, 2));
    p.zero("update", &[2, 3], expr(0, terms.to_vec()));
    p.program.inputs.push(Port {
        name: "x".into(),
        tensor: public,
        frac: 0,
    });
    let w = numbers(21, 6, -7, 7);
    let after = w.iter().map(|v| v - x).collect();
    let givens = vec![(base, w), (next, after), (public, vec![x; 6])];
    World::new(Case {
        prepared: p.prepare(),
        givens,
    })
}

#[test]
fn one_commitment_for_two_slabs_is_refused() {
    for moved in [step(1), step(0)] {
        moved.verify(&moved.prove()).unwrap();
        assert_eq!(moved.case.prepared.schema(0), moved.case.prepared.schema(1));
    }
    // Nothing moved: base and next hold the same, and one commitment in both places would say nothing false.
    let world = step(0);
    let twice = [&world.slabs[0], &world.slabs[0]];
    let job = world.job(&twice);
    let options = || ProveOptions::of([(2, vec![0; 6])]);
    let honest = job.prove_uncounted(options(), &mut tacit_pcs::NoHooks);
    assert_eq!(honest.unwrap_err().slug(), "commitments");
    let counted = job.prove::<ProveError>(options(), || unreachable!("nothing is counted"));
    assert_eq!(counted.unwrap_err().slug(), "commitments");
    let mut lie = Lie {
        ignores_checks: true,
        ..Lie::default()
    };
    let proof = job.prove_uncounted(options(), &mut lie).unwrap();
    assert!(lie.bad.is_empty(), "every claim holds");
    let named = vec![world.slabs[0].commitment.clone(); 2];
    let answer = world.verify_against(&named, &proof.publics, CONTEXT, &proof.argument);
    let e = answer.unwrap_err();
    assert_eq!(
        (e.slug(), e.place.as_str()),
        ("commitments", "commitment next")
    );
}

#[test]
fn a_false_binding_value_is_refused() {
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
fn lies_in_the_opening_are_refused() {
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
fn values_out_of_their_intervals_have_no_validity() {
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
    let proof = job
        .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
        .unwrap();
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
