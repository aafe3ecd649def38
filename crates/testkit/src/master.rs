//! A master slab, its children and their links.

use tacit_algebra::{F, K};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Slab};
use tacit_prover::{child_of, slab_cells, Job, ProveOptions, Rotating};
use tacit_verifier::files::CommitmentFile;
use tacit_verifier::{prepare_validity, verify_rotation, Rotation, VALIDITY_CONTEXT};

use crate::cases::{linear, Case};
use crate::geometry::{toy, TOY};
use crate::world::slab_values;

const FOLD: u8 = 6;

/// The master of a case's first slab, with rotation cells for three children.
pub struct Master {
    pub case: Case,
    pub slab: Slab,
    pub name: String,
    pub tensors: Vec<(String, Vec<u32>, i64, i64)>,
}

/// A random value for each rotation cell.
pub fn rotation_cells(seed: u8, count: usize) -> Vec<K> {
    Stream::new(&[seed; 32], PADS).k_vec(count)
}

pub fn cells(case: &Case) -> Vec<F> {
    slab_cells(&case.prepared, 0, &slab_values(case)).unwrap()
}

/// A slab of these cells and rotation values, blinded for two proofs.
pub fn slab(case: &Case, cells: &[F], links: &[K], seed: u8) -> Slab {
    let schema = case.prepared.schema(0);
    commit(&toy(), true, schema, cells, links, 2, FOLD, [seed; 32]).unwrap()
}

impl Master {
    pub fn new(seed: u8) -> Self {
        let case = linear();
        Self {
            slab: slab(&case, &cells(&case), &rotation_cells(seed, 3), seed),
            name: case.prepared.program.slabs[0].name.clone(),
            tensors: case.prepared.schema_tensors(0),
            case,
        }
    }

    pub fn rotating<'a>(&'a self, child: &'a Slab, index: u16) -> Rotating<'a> {
        Rotating {
            slab: &self.name,
            tensors: &self.tensors,
            master: &self.slab,
            child,
            index,
        }
    }

    /// The verifier's answer: "accepted", or the side that it refused.
    pub fn judge(&self, child: &Slab, rotation: &Rotation) -> String {
        let (child, master) = (&child.commitment, &self.slab.commitment);
        match verify_rotation(&self.name, &self.tensors, child, master, rotation, TOY) {
            Ok(()) => "accepted".to_owned(),
            Err(e) => {
                assert_eq!(e.slug(), "rotation");
                e.place.replace("commitment model", "refused")
            }
        }
    }

    pub fn validity(&self) -> Vec<u8> {
        let prepared = prepare_validity(&self.name, &self.tensors).unwrap();
        let job = Job {
            prepared: &prepared,
            geometry: &toy(),
            slabs: &[&self.slab],
            context: VALIDITY_CONTEXT,
        };
        let none: [(u32, Vec<i64>); 0] = [];
        job.prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
            .unwrap()
            .argument
    }

    pub fn file(&self, child: &Slab, rotation: Rotation) -> CommitmentFile {
        CommitmentFile {
            slab: self.name.clone(),
            tensors: self.tensors.clone(),
            commitment: child.commitment.clone(),
            validity: self.validity(),
            rotation: Some((self.slab.commitment.clone(), rotation)),
        }
    }
}

/// A master, a child of its rotation cell `index`, and the rotation.
pub fn honest(index: u16) -> (Master, Slab, Rotation) {
    let master = Master::new(1);
    let child = child_of(&master.slab, index, 2, [9; 32]).unwrap();
    let rotation = master.rotating(&child, index).prove_uncounted().unwrap();
    (master, child, rotation)
}
