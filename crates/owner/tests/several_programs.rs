//! One deployment of several programs: the slab that one of them makes is the slab that another one opens.

mod common;

use common::{slug, BITS, PROOFS};
use tacit_owner::{
    commit, commit_for, prove, renew, rotate, rotate_for, Allowance, Deployment, Secret,
};
use tacit_params::Optimize;
use tacit_program::Publics;
use tacit_prover::Proof;
use tacit_testkit::steps::{answer, step, RECORDS};
use tacit_verifier::{verify, Accepted, VerifyError};

const W: [i64; 6] = [1, -2, 3, 3, 3, -3];
const CONTEXT: &[u8] = b"round 1";

struct World {
    train: Deployment,
    infer: Deployment,
}

impl World {
    fn new() -> Self {
        let all = vec![step(), answer()];
        let all = Deployment::derive_all(all, PROOFS, BITS, Optimize::Balanced).unwrap();
        let [train, infer] = <[Deployment; 2]>::try_from(all).unwrap();
        assert_eq!(train.geometry, infer.geometry);
        Self { train, infer }
    }

    fn committed(&self, role: &str, name: &str, values: &[i64], allowance: Allowance) -> Secret {
        let given = vec![(name.into(), values.to_vec())];
        commit_for(&self.train, &[&self.infer], role, given, allowance)
            .unwrap_or_else(|e| panic!("{e}"))
    }

    fn step(&self, slabs: [&Secret; 3]) -> tacit_owner::Result<Proof> {
        let given = vec![(self.train.prepared.program.tensor("c").unwrap(), vec![1; 6])];
        prove(&self.train, &slabs, given, CONTEXT)
    }

    fn answer(&self, model: &Secret) -> tacit_owner::Result<Proof> {
        prove(&self.infer, &[model], vec![(1, vec![1, 2, 3])], CONTEXT)
    }
}

fn verified(deployment: &Deployment, slabs: &[&Secret], proof: &Proof) -> Result<(), VerifyError> {
    let accepted: Vec<Accepted> = slabs
        .iter()
        .map(|s| s.public().accept(BITS))
        .collect::<Result<_, _>>()?;
    let accepted: Vec<&Accepted> = accepted.iter().collect();
    let (prepared, geometry) = (&deployment.prepared, &deployment.geometry);
    let Publics(publics) = &proof.publics;
    let publics = Publics(publics.clone());
    verify(
        prepared,
        geometry,
        &accepted,
        &publics,
        CONTEXT,
        &proof.argument,
        BITS,
    )
    .map(|_| ())
}

#[test]
fn what_training_makes_is_what_inference_opens() {
    let world = World::new();
    let numbers = vec![3; RECORDS as usize];
    let data = world.committed("data", "d", &numbers, Allowance::proofs(3));
    let base = world.committed("base", "W", &W.map(|w| w.max(-2)), Allowance::proofs(2));
    let after = W.map(|w| w.max(-2) - 1);
    let next = world.committed("next", "W", &after, Allowance::proofs(2));
    let proof = world
        .step([&base, &data, &next])
        .unwrap_or_else(|e| panic!("{e}"));
    verified(&world.train, &[&base, &data, &next], &proof).unwrap();
    // The next's file says "next": its validity holds under that name, and its place is the caller's to say.
    let proof = world.answer(&next).unwrap_or_else(|e| panic!("{e}"));
    verified(&world.infer, &[&next], &proof).unwrap();
    assert!(verified(&world.infer, &[&base], &proof).is_err());
    // So do a child of a master of the next, and what renews it.
    let master = world.committed("next", "W", &after, Allowance::children(2));
    for secret in [
        rotate(&master, Some(2), None).unwrap(),
        renew(&next).unwrap(),
    ] {
        let proof = world.answer(&secret).unwrap_or_else(|e| panic!("{e}"));
        verified(&world.infer, &[&secret], &proof).unwrap();
        let again = world.committed("next", "W", &after.map(|w| w - 1), Allowance::proofs(1));
        let slabs = [&secret, &data, &again];
        let proof = world.step(slabs).unwrap_or_else(|e| panic!("{e}"));
        verified(&world.train, &slabs, &proof).unwrap();
    }
}

/// Where training is far larger than inference, a child of the next lies in inference's own geometry.
#[test]
fn a_child_under_another_geometry() {
    let world = World::new();
    let master = world.committed("next", "W", &W, Allowance::children(2));
    let alone = Deployment::derive(answer(), PROOFS, BITS, Optimize::Balanced).unwrap();
    let child = rotate_for(&master, &alone, &[], Some(2), None).unwrap();
    let header = &child.public().commitment.header;
    assert_eq!(header.geometry, alone.geometry);
    assert_ne!(header.geometry, world.train.geometry);
    assert_eq!(child.proofs_left().unwrap(), Some(2));
    let given = || vec![(1, vec![1, 2, 3])];
    let proof = prove(&alone, &[&child], given(), CONTEXT).unwrap_or_else(|e| panic!("{e}"));
    verified(&alone, &[&child], &proof).unwrap();
    assert_eq!(child.public().master(), Some(master.identity()));
    // Neither opens under the other's geometry.
    assert_eq!(slug(world.answer(&child)), "header");
    let own = rotate(&master, Some(1), None).unwrap();
    assert_eq!(slug(prove(&alone, &[&own], given(), CONTEXT)), "header");
    world.answer(&own).unwrap_or_else(|e| panic!("{e}"));
    // Both cells are spent: what cannot be opened is refused before anything is counted.
    assert_eq!(
        slug(rotate_for(&master, &alone, &[], Some(1), None)),
        "allowance"
    );
    let master = world.committed("next", "W", &W, Allowance::children(1));
    let data = world.committed(
        "data",
        "d",
        &vec![0; RECORDS as usize],
        Allowance::children(1),
    );
    assert_eq!(
        slug(rotate_for(&data, &alone, &[], Some(1), None)),
        "header"
    );
    assert_eq!(
        slug(rotate_for(&master, &alone, &[&world.train], Some(1), None)),
        "geometry"
    );
    assert_eq!(
        slug(rotate_for(&master, &alone, &[], Some(100_000), None)),
        "proofs"
    );
    assert_eq!(
        (master.children_left(), data.children_left()),
        (Ok(1), Ok(1))
    );
    let plain = world.committed("next", "W", &W, Allowance::proofs(1));
    assert_eq!(slug(rotate_for(&plain, &alone, &[], None, None)), "master");
}

/// A blinding is made for the largest proof of all programs that read the slab.
#[test]
fn a_commitment_for_one_program_is_too_short_for_another() {
    let world = World::new();
    let given = || vec![("W".into(), W.to_vec())];
    let small = commit(&world.infer, "model", given(), Allowance::proofs(3)).unwrap();
    let both = commit_for(
        &world.infer,
        &[&world.train],
        "model",
        given(),
        Allowance::proofs(3),
    );
    let both = both.unwrap();
    let fold = |s: &Secret| s.public().commitment.header.max_fold;
    assert!(fold(&small) < fold(&both));
    assert_eq!(
        fold(&both),
        fold(&world.committed("base", "W", &W, Allowance::proofs(2)))
    );
    let data = world.committed(
        "data",
        "d",
        &vec![0; RECORDS as usize],
        Allowance::proofs(2),
    );
    let next = world.committed("next", "W", &W.map(|w| w - 1), Allowance::proofs(2));
    assert_eq!(slug(world.step([&small, &data, &next])), "header");
    world
        .step([&both, &data, &next])
        .unwrap_or_else(|e| panic!("{e}"));
    world.answer(&small).unwrap_or_else(|e| panic!("{e}"));
    world.answer(&both).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(slug(world.step([&both, &data, &both])), "commitments");
}

#[test]
fn programs_of_another_geometry_are_no_others() {
    let world = World::new();
    let alone = Deployment::derive(answer(), PROOFS, BITS, Optimize::Balanced).unwrap();
    assert_ne!(alone.geometry, world.infer.geometry);
    let given = vec![("W".into(), W.to_vec())];
    let made = commit_for(
        &alone,
        &[&world.train],
        "model",
        given,
        Allowance::proofs(1),
    );
    assert_eq!(slug(made), "geometry");
    let none = Deployment::derive_all(vec![], PROOFS, BITS, Optimize::Balanced);
    assert_eq!(slug(none), "geometry");
}
