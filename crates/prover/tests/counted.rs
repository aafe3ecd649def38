//! Nothing that users build proves uncounted: every private slab's permit comes from its count, and serves one proof.

use tacit_prover::{
    child_of, Count, Entry, Permit, ProveError, ProveOptions, Randomness, Rotating,
};
use tacit_testkit::*;

fn permit(count: &mut Count) -> Permit {
    count
        .record(Entry::Opening([1; 32]), "model")
        .unwrap()
        .unwrap()
}

fn left(count: &Count) -> Option<u32> {
    count.tally().map(|tally| tally.left())
}

fn prove(world: &World, permits: Vec<Permit>) -> Result<(), ProveError> {
    let slabs = world.slab_refs();
    let job = world.job(&slabs);
    let counted = || Ok::<_, ProveError>(permits);
    let proof = job.prove(ProveOptions::of(world.case.givens.clone()), counted)?;
    world.verify(&proof).map_err(ProveError::Statement)
}

#[test]
fn a_proof_takes_the_permit_of_its_slab() {
    let (world, other) = (World::new(linear()), World::new(mlp()));
    let mut count = Count::fresh(&world.slabs[0], 0, 1);
    let mut foreign = Count::fresh(&other.slabs[0], 0, 1);
    assert_eq!(left(&count), Some(2));
    for permits in [vec![], vec![permit(&mut foreign)]] {
        let refused = prove(&world, permits).unwrap_err();
        assert!(matches!(refused, ProveError::Uncounted { slab: 0 }));
        assert_eq!(refused.slug(), "uncounted");
    }
    prove(&world, vec![permit(&mut count)]).unwrap();
    assert_eq!(left(&count), Some(1));
    let _ = permit(&mut count);
    let refused = count.record(Entry::Opening([1; 32]), "model").unwrap_err();
    assert_eq!(refused.slug(), "allowance");
}

#[test]
fn a_rotation_takes_both_permits() {
    let case = linear();
    let geometry = toy();
    let cells = tacit_prover::slab_cells(&case.prepared, 0, &slab_values(&case)).unwrap();
    let links = tacit_pcs::random::Stream::new(&[3; 32], tacit_pcs::random::PADS).k_vec(2);
    let schema = case.prepared.schema(0);
    let master = tacit_pcs::commit(&geometry, true, schema, &cells, &links, 2, 6, [3; 32]).unwrap();
    let child = child_of(&master, 0, 2, [4; 32]).unwrap();
    let rotating = Rotating {
        slab: "model",
        tensors: &case.prepared.schema_tensors(0),
        master: &master,
        child: &child,
        index: 0,
    };
    let (mut old, mut new) = (Count::fresh(&master, 0, 1), Count::fresh(&child, 0, 1));
    let swapped = rotating.prove([permit(&mut new), permit(&mut old)], Randomness::Fresh);
    assert_eq!(swapped.unwrap_err().slug(), "uncounted");
    rotating
        .prove([permit(&mut old), permit(&mut new)], Randomness::Fresh)
        .unwrap();
    assert_eq!((left(&old), left(&new)), (Some(0), Some(0)));
}

#[test]
fn a_public_slab_needs_none() {
    let case = linear();
    let cells = tacit_prover::slab_cells(&case.prepared, 0, &slab_values(&case)).unwrap();
    let schema = case.prepared.schema(0);
    let slab = tacit_pcs::commit(&toy(), false, schema, &cells, &[], 0, 0, [0; 32]).unwrap();
    let mut count = Count::fresh(&slab, 0, 1);
    assert_eq!(left(&count), None);
    assert!(count
        .record(Entry::Opening([1; 32]), "model")
        .unwrap()
        .is_none());
}

/// A renewal's permit opens the reserve, once; a refusal and what else a journal says open nothing.
#[test]
fn the_reserve_has_one_permit() {
    let world = World::new(linear());
    let mut count = Count::fresh(&world.slabs[0], 1, 2);
    assert_eq!(left(&count), Some(1));
    for entry in [Entry::Refusal, Entry::Counter, Entry::MostRefusals(3)] {
        assert!(count.record(entry, "model").unwrap().is_none());
    }
    prove(&world, vec![permit(&mut count)]).unwrap();
    let opening = Entry::Opening([1; 32]);
    assert_eq!(
        count.check(opening, "model").unwrap_err().slug(),
        "allowance"
    );
    let renewal = count.record(Entry::Renewal, "model").unwrap().unwrap();
    assert_eq!(renewal.number(), 1);
    prove(&world, vec![renewal]).unwrap();
    for entry in [Entry::Renewal, opening] {
        assert_eq!(count.record(entry, "model").unwrap_err().slug(), "renewed");
    }
}
