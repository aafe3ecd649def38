//! Commitments stand for the slabs that have their tensors, whatever role they were made in.

mod common;

use common::{slug, BITS, CONTEXT};
use tacit_owner::{commit_for, prove, rotate, Allowance, Deployment, Secret};
use tacit_params::Optimize;
use tacit_testkit::steps::{answer, step, RECORDS};
use tacit_verifier::files::{Body, ProofFile};
use tacit_verify::{verify, Given, Refusal, Request, Statement};

const W: [i64; 6] = [3, 2, 1, 0, -1, 2];

struct World {
    step: Deployment,
    answer: Deployment,
    data: Secret,
}

impl World {
    fn new() -> Self {
        let all = vec![step(), answer()];
        let all = Deployment::derive_all(all, 3, BITS, Optimize::Balanced).unwrap();
        let [step, answer] = <[Deployment; 2]>::try_from(all).unwrap();
        let given = vec![("d".to_owned(), vec![1; RECORDS as usize])];
        let data = commit_for(&step, &[], "data", given, Allowance::proofs(3)).unwrap();
        Self { step, answer, data }
    }

    /// Weights after so many steps, as the next of a step.
    fn next(&self, steps: i64, allowance: Allowance) -> Secret {
        let values = W.map(|w| w - steps).to_vec();
        let given = vec![("W".to_owned(), values)];
        commit_for(&self.step, &[&self.answer], "next", given, allowance).unwrap()
    }
}

struct Made<'a> {
    program: &'a Deployment,
    proof: ProofFile,
}

fn made<'a>(program: &'a Deployment, slabs: &[&Secret], given: Vec<i64>) -> Made<'a> {
    let input = program.prepared.program.inputs[0].tensor;
    let proof = prove(program, slabs, vec![(input, given)], CONTEXT);
    let proof = proof.unwrap_or_else(|e| panic!("{e}"));
    let proof = ProofFile {
        program: program.prepared.digest,
        slabs: slabs.iter().map(|s| s.identity()).collect(),
        publics: proof.publics.0,
        argument: proof.argument,
    };
    Made { program, proof }
}

impl Made<'_> {
    fn verify(&self, given: &[(Option<&str>, &Secret)]) -> Result<Statement, Refusal> {
        let files: Vec<Vec<u8>> = given
            .iter()
            .map(|(_, secret)| secret.public().to_file().unwrap())
            .collect();
        let given = given.iter().zip(&files);
        let commitments: Vec<Given<'_>> = given
            .map(|((role, _), bytes)| Given {
                place: "given",
                bytes,
                role: *role,
            })
            .collect();
        verify(&Request {
            program: &self.program.file().to_file().unwrap(),
            proof: &self.proof.to_file().unwrap(),
            commitments: &commitments,
            rotation: None,
            context: CONTEXT,
            security: BITS,
            known: &[],
        })
    }

    fn slug(&self, given: &[(Option<&str>, &Secret)]) -> &'static str {
        slug(self.verify(given))
    }
}

fn roles(statement: &Statement) -> Vec<(&str, [u8; 32])> {
    let all = statement.commitments.iter();
    all.map(|c| (c.role.as_str(), c.identity)).collect()
}

#[test]
fn a_next_is_the_base_of_what_follows() {
    let world = World::new();
    let [first, second] = [0, 1].map(|steps| world.next(steps, Allowance::proofs(2)));
    let proof = made(&world.step, &[&first, &world.data, &second], vec![1; 6]);
    // Both were made as a next: the proof names which is which, in any order.
    let mut given = [(None, &second), (None, &world.data), (None, &first)];
    let statement = proof.verify(&given).unwrap_or_else(|e| panic!("{e}"));
    let wanted = [
        ("base", first.identity()),
        ("data", world.data.identity()),
        ("next", second.identity()),
    ];
    assert_eq!(roles(&statement), wanted);
    given.reverse();
    assert_eq!(roles(&proof.verify(&given).unwrap()), wanted);
    let said = [
        (Some("base"), &first),
        (Some("data"), &world.data),
        (Some("next"), &second),
    ];
    assert_eq!(roles(&proof.verify(&said).unwrap()), wanted);
    let swapped = [
        (Some("base"), &second),
        (Some("data"), &world.data),
        (Some("next"), &first),
    ];
    assert_eq!(proof.slug(&swapped), "commitments");
    assert_eq!(proof.slug(&given[1..]), "commitments");
    let third = world.next(1, Allowance::proofs(1));
    given[0].1 = &third;
    assert_eq!(proof.slug(&given), "commitments");
}

#[test]
fn a_model_by_another_name_is_the_one_of_its_tensors() {
    let world = World::new();
    let next = world.next(1, Allowance::proofs(1));
    let proof = made(&world.answer, &[&next], vec![1, 2, 3]);
    let statement = proof
        .verify(&[(None, &next)])
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(roles(&statement), [("model", next.identity())]);
    assert_eq!(proof.slug(&[(Some("model"), &next)]), "accepted");
    assert_eq!(proof.slug(&[(Some("next"), &next)]), "commitments");
    // Another one of the same tensors is not the one that the proof names; one of other tensors has no place.
    let other = world.next(2, Allowance::proofs(1));
    assert_eq!(proof.slug(&[(None, &other)]), "commitments");
    assert_eq!(proof.slug(&[(None, &world.data)]), "commitments");
    let refused = proof.verify(&[(Some("model"), &world.data)]).unwrap_err();
    assert_eq!(refused.slug, "commitments");
    assert!(refused.to_string().contains("one of data"), "{refused}");
}

#[test]
fn a_child_by_another_name_stands_beside_its_master() {
    let world = World::new();
    let master = world.next(1, Allowance::children(1));
    let child = rotate(&master, Some(2), None).unwrap();
    let proof = made(&world.answer, &[&child], vec![1, 2, 3]);
    for given in [
        vec![(None, &child)],
        vec![(None, &child), (None, &master)],
        vec![(None, &master), (None, &child)],
        vec![(Some("model"), &master), (Some("model"), &child)],
    ] {
        let statement = proof.verify(&given).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(statement.commitments[0].role, "model");
        assert_eq!(statement.commitments[0].origin(), master.identity());
    }
    assert_eq!(proof.slug(&[(None, &master)]), "commitments");
}
