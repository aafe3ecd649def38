//! Completeness: every kind of program is proven and accepted, and no claim of an honest prover is false.

mod common;

use common::*;

fn round_trip(case: Case) {
    let world = World::new(case);
    let mut audit = Audit::default();
    let proof = world
        .prove_with(&mut audit)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(audit.bad, Vec::<String>::new());
    world.verify(&proof).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn an_mlp() {
    round_trip(mlp());
}

#[test]
fn a_linear_program_without_lookups() {
    round_trip(linear());
}

#[test]
fn links_public_slabs_and_operands_of_all_kinds() {
    round_trip(links());
}
