//! Batches that a public index picks from a committed data set: provers that take other records than the index says, and
//! statements with another index.

use tacit_program::*;
use tacit_testkit::batches::*;
use tacit_testkit::lie::{contract, Lie, EIN};
use tacit_testkit::*;

#[test]
fn what_the_index_says_is_accepted() {
    let world = World::new(batches());
    let proof = world.prove();
    world.verify(&proof).unwrap();
    assert_eq!(
        proof.publics.0,
        [ORDER.to_vec(), answers(&world.case, &ORDER)]
    );
}

/// The answers are those of other records, and so is the trace; the statement keeps the index, or shows the other one.
#[test]
fn other_records_than_the_index_says_are_refused() {
    let world = World::new(batches());
    let orders: [(&str, [i64; 6]); 6] = [
        ("reordered", [1, 4, 1, 0, 4, 9]),
        ("one repeated", [4, 4, 1, 0, 4, 9]),
        ("one left out", [4, 1, 1, 9, 4, 9]),
        ("a record where there is none", [4, 1, 1, 0, 4, 2]),
        ("moved by one", [0, 2, 2, 1, 0, 9]),
        ("all of the first", [4; 6]),
    ];
    for (name, order) in orders {
        let y = answers(&world.case, &order);
        assert_ne!(y, answers(&world.case, &ORDER), "{name}");
        let trace = {
            let prepared = batches().prepared;
            move |trace: &mut Trace, publics: &mut Publics| {
                trace.tensors[Q as usize] = order.to_vec().into();
                trace.tensors[Y as usize] = y.clone().into();
                contract(&prepared, trace);
                publics.0[1].clone_from(&y);
            }
        };
        let mut lie = Lie {
            trace: Some(Box::new(trace)),
            ..Lie::default()
        };
        let proof = world.prove_with(&mut lie).unwrap();
        assert_eq!(proof.publics.0[0], ORDER, "{name}");
        assert_eq!(
            world.verify(&proof).unwrap_err().slug(),
            "final_claim",
            "{name}"
        );
        assert!(lie.bad.contains(&EIN.to_string()), "{name}: {:?}", lie.bad);
        // Honest for the other index: another statement.
        let mut other = batches();
        other.givens[0].1 = order.to_vec();
        let slabs = world.slab_refs();
        let job = tacit_prover::Job {
            prepared: &other.prepared,
            ..world.job(&slabs)
        };
        let options = tacit_prover::ProveOptions::of(other.givens.clone());
        let proof = job
            .prove_uncounted(options, &mut tacit_pcs::NoHooks)
            .unwrap();
        world.verify(&proof).unwrap();
        let mut publics = proof.publics.clone();
        publics.0[0] = ORDER.to_vec();
        let named = commitments(&world.slabs);
        let refused = world.verify_against(&named, &publics, CONTEXT, &proof.argument);
        assert!(refused.is_err(), "{name}");
    }
}

/// An index beyond its declared interval, too short or too long is refused with the statement.
#[test]
fn an_index_is_checked_with_the_statement() {
    let world = World::new(batches());
    let proof = world.prove();
    let with = |q: Vec<i64>| {
        let mut publics = proof.publics.clone();
        publics.0[0] = q;
        let named = commitments(&world.slabs);
        let found = world.verify_against(&named, &publics, CONTEXT, &proof.argument);
        found.map_or_else(|e| e.slug(), |()| "accepted")
    };
    assert_eq!(with(ORDER.to_vec()), "accepted");
    assert_eq!(with(vec![4, 1, 1, 0, 4, 10]), "public_interval");
    assert_eq!(with(vec![4, 1, 1, 0, 4, i64::MIN]), "public_interval");
    assert_eq!(with(vec![4, 1, 1, 0, 4]), "public_shape");
    assert_eq!(with(vec![4, 1, 1, 0, 4, 9, 0]), "public_shape");
    assert_eq!(with(vec![]), "public_shape");
    // Another number that is no record either means the same, but is another statement.
    let slug = with(vec![4, 1, 1, 0, 4, 8]);
    assert!(matches!(slug, "grinding" | "merkle" | "alpha"), "{slug}");
}
