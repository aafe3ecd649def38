//! Renewal: a fresh commitment to the same values, from the old one's seed alone; made twice, it is the same one.

use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Slab};
use tacit_prover::{
    renewal_of, rotation_cell, slab_cells, Count, Entry, Job, Permit, ProveError, ProveOptions,
    Randomness, Rotating, ORIGIN, RENEWAL,
};
use tacit_testkit::*;
use tacit_verifier::{prepare_validity, verify_rotation, Rotation, Schema, VALIDITY_CONTEXT};

/// The largest k0 of the proofs here, the validity proof's.
const FOLD: u8 = 4;
/// Validity and the reserve; a renewed one has its rotation besides.
const BUDGET: u32 = 2;

struct Owned {
    case: Case,
    tensors: Vec<(String, Vec<u32>, i64, i64)>,
    slab: Slab,
}

/// A permit for one opening; what it counts is of no concern here.
fn permit(slab: &Slab) -> Permit {
    let entry = Entry::Opening([0; 32]);
    let mut count = Count::fresh(slab, 0, 1);
    count.record(entry, "model").unwrap().unwrap()
}

impl Owned {
    fn new(seed: u8) -> Self {
        let case = linear();
        let cells = slab_cells(&case.prepared, 0, &slab_values(&case)).unwrap();
        let links = Stream::new(&[seed; 32], PADS).k_vec(2);
        let (schema, seed) = (case.prepared.schema(0), [seed; 32]);
        Self {
            tensors: case.prepared.schema_tensors(0),
            slab: commit(&toy(), true, schema, &cells, &links, BUDGET, FOLD, seed).unwrap(),
            case,
        }
    }

    fn rotating<'a>(&'a self, old: &'a Slab, new: &'a Slab) -> Rotating<'a> {
        Rotating {
            slab: &self.case.prepared.program.slabs[0].name,
            tensors: &self.tensors,
            master: old,
            child: new,
            index: RENEWAL,
        }
    }

    fn rotation(&self, old: &Slab, new: &Slab) -> Rotation {
        let permits = [permit(old), permit(new)];
        self.rotating(old, new)
            .prove(permits, Randomness::Repeatable)
            .unwrap()
    }

    fn judge(&self, old: &Slab, new: &Slab, rotation: &Rotation) -> &'static str {
        let (name, tensors): (_, &Schema) =
            (&self.case.prepared.program.slabs[0].name, &self.tensors);
        verify_rotation(
            name,
            tensors,
            &new.commitment,
            &old.commitment,
            rotation,
            TOY,
        )
        .map_or_else(|e| e.slug(), |()| "accepted")
    }
}

#[test]
fn a_renewed_commitment_is_renewed_again() {
    let owned = Owned::new(1);
    let first = &owned.slab;
    let second = renewal_of(first, BUDGET + 1).unwrap();
    let third = renewal_of(&second, BUDGET + 1).unwrap();
    for (old, new) in [(first, &second), (&second, &third)] {
        assert_eq!(rotation_cell(new, ORIGIN), rotation_cell(old, RENEWAL));
        assert_ne!(rotation_cell(new, RENEWAL), rotation_cell(old, RENEWAL));
        assert_ne!(new.seed(), old.seed());
        let rotation = owned.rotation(old, new);
        assert_eq!(owned.judge(old, new, &rotation), "accepted");
        // Links are of two commitments, in this order.
        assert_eq!(owned.judge(new, old, &rotation), "rotation");
    }
    let rotation = owned.rotation(&second, &third);
    assert_eq!(owned.judge(first, &third, &rotation), "rotation");
    // What was renewed makes proofs as any other.
    let mut world = World::new(linear());
    world.slabs = vec![third];
    let proof = world.prove();
    world.verify(&proof).unwrap();
}

/// The validity proof of a slab, without fresh randomness.
fn validity(owned: &Owned, slab: &Slab) -> Vec<u8> {
    let prepared = prepare_validity("model", &owned.tensors).unwrap();
    let (geometry, slabs) = (toy(), [slab]);
    let job = Job {
        prepared: &prepared,
        geometry: &geometry,
        slabs: &slabs,
        context: VALIDITY_CONTEXT,
    };
    {
        let options = ProveOptions {
            randomness: Randomness::Repeatable,
            ..ProveOptions::default()
        };
        job.prove(options, || Ok::<_, ProveError>(vec![permit(slab)]))
            .unwrap()
    }
    .argument
}

/// From a backup: nothing that another renewal publishes is new, so nothing is opened twice.
#[test]
fn a_second_renewal_is_the_first_one() {
    let owned = Owned::new(1);
    let backup = Slab::from_whole_bytes(&owned.slab.to_bytes(true).unwrap()).unwrap();
    let renew = |old: &Slab| {
        let new = renewal_of(old, BUDGET + 1).unwrap();
        let rotation = owned.rotation(old, &new);
        let valid = validity(&owned, &new);
        (new.commitment.clone(), rotation, valid)
    };
    assert_eq!(renew(&owned.slab), renew(&backup));
    // Another seed, another budget: another commitment.
    let (other, again) = (Owned::new(2), renewal_of(&backup, BUDGET).unwrap());
    assert_ne!(renew(&other.slab).0, renew(&backup).0);
    assert_ne!(
        again.seed(),
        renewal_of(&backup, BUDGET + 1).unwrap().seed()
    );
}

#[test]
fn without_a_cell_for_it_there_is_no_renewal() {
    let owned = Owned::new(1);
    let cells = slab_cells(&owned.case.prepared, 0, &slab_values(&owned.case)).unwrap();
    let schema = owned.case.prepared.schema(0);
    for links in 0..2 {
        let links = Stream::new(&[3; 32], PADS).k_vec(links);
        let slab = commit(&toy(), true, schema, &cells, &links, 2, FOLD, [3; 32]).unwrap();
        let refused = renewal_of(&slab, 2).err().map(|e| e.slug());
        assert_eq!(refused, Some("header"));
    }
}
