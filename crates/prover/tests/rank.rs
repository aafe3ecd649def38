//! Zero knowledge, exactly, on whole proofs of the real prover at toy size: what is sent hides the cells, and hides them no
//! longer when any one part of the construction is taken away.

mod common;
mod zk;

use common::*;
use rayon::prelude::*;
use tacit_pcs::Slab;
use tacit_prover::Job;
use tacit_verifier::{prepare_validity, VALIDITY_CONTEXT};
use zk::hiding::{check_against_messages, test, Answer, Without};
use zk::record::{run, Run};
use zk::view::Var;

const MODEL: usize = 0;
const DATA: usize = 1;
/// The witness slab of proof i is called WITNESS + i.
const WITNESS: usize = 2;

/// Slabs of the MLP that are made for `budget` proofs, and k0 = 5 as the proofs have.
fn slabs(case: &Case, budget: u32) -> Vec<Slab> {
    let max_fold = if case.prepared.program.slabs.len() > 1 {
        6
    } else {
        5
    };
    commit_all(&case.prepared, &toy(), &slab_values(case), budget, max_fold)
}

/// An inference with the MLP.
fn inference(case: &Case, slabs: &[Slab], number: usize) -> Run {
    let refs: Vec<&Slab> = slabs.iter().collect();
    let geometry = toy();
    let context = [number as u8];
    let job = Job {
        prepared: &case.prepared,
        geometry: &geometry,
        slabs: &refs,
        context: &context,
    };
    run(job, case.givens.clone(), &[MODEL, DATA], WITNESS + number)
}

/// The validity proof of the model slab.
fn validity(case: &Case, slabs: &[Slab], number: usize) -> Run {
    let tensors = case.prepared.schema_tensors(MODEL);
    let prepared = prepare_validity("model", &tensors).unwrap();
    let geometry = toy();
    let job = Job {
        prepared: &prepared,
        geometry: &geometry,
        slabs: &[&slabs[MODEL]],
        context: VALIDITY_CONTEXT,
    };
    run(job, Vec::new(), &[MODEL], WITNESS + number)
}

fn inferences(budget: u32, proofs: usize) -> Vec<Run> {
    let case = mlp();
    let slabs = slabs(&case, budget);
    (0..proofs).map(|i| inference(&case, &slabs, i)).collect()
}

/// Distinct positions opened in all proofs together.
fn opened(runs: &[Run]) -> usize {
    runs.iter().map(|r| r.record.positions.len()).sum()
}

#[track_caller]
fn expect(name: &str, hides: bool, answer: Answer) {
    println!("{name:60} {answer:?}");
    assert_eq!(answer.hides, hides, "{name}");
}

#[test]
fn the_forms_are_those_of_the_proof() {
    inferences(2, 2).iter().for_each(check_against_messages);
    let case = mlp();
    check_against_messages(&validity(&case, &slabs(&case, 1), 0));
    // A program without lookups; a program with a public slab.
    for case in [linear(), links()] {
        let slabs = slabs(&case, 1);
        check_against_messages(&inference(&case, &slabs, 0));
    }
}

#[test]
fn one_proof_hides() {
    expect(
        "one proof",
        true,
        test(&inferences(1, 1), &Without::default()),
    );
    for case in [linear(), links()] {
        let runs = [inference(&case, &slabs(&case, 1), 0)];
        expect("another program", true, test(&runs, &Without::default()));
    }
}

#[test]
fn proofs_on_the_same_slabs_hide_together() {
    expect(
        "two proofs",
        true,
        test(&inferences(2, 2), &Without::default()),
    );
    let case = mlp();
    let slabs = slabs(&case, 2);
    let runs = [validity(&case, &slabs, 0), inference(&case, &slabs, 1)];
    expect(
        "validity and inference",
        true,
        test(&runs, &Without::default()),
    );
}

/// A budget of one pays for 16 rows of the model slab here, and each proof opens up to six.
#[test]
fn proofs_beyond_the_budget_leak() {
    expect(
        "four proofs, made for one",
        false,
        test(&inferences(1, 4), &Without::default()),
    );
}

/// What is taken away from one proof, how many rank-one terms of the blinding form are left, and whether it still hides.
type Ablation<'a> = (&'a str, bool, usize, Box<dyn Fn(Var) -> bool + Sync>);

fn expect_all(runs: &[Run], cases: &[Ablation]) {
    let answers: Vec<Answer> = cases
        .par_iter()
        .map(|(_, _, terms, keep)| {
            let without = Without {
                terms: *terms,
                keep: &|v| keep(v),
            };
            test(runs, &without)
        })
        .collect();
    for ((name, hides, ..), answer) in cases.iter().zip(answers) {
        expect(name, *hides, answer);
    }
}

/// Everything but blinding rows of some slabs from a row on.
fn rows(slab: Option<usize>, kept: usize) -> Box<dyn Fn(Var) -> bool + Sync> {
    let first = toy().r() + kept;
    Box::new(
        move |v| !matches!(v, Var::Cell { slab: s, row, .. } if slab.is_none_or(|x| x == s) && row >= first),
    )
}

/// Everything but the mask from a row on.
fn mask(kept: usize) -> Box<dyn Fn(Var) -> bool + Sync> {
    Box::new(move |v| !matches!(v, Var::Mask { row, .. } if row >= kept))
}

#[test]
fn without_any_one_part_it_leaks() {
    let runs = inferences(1, 1);
    let r = toy().r();
    let q = opened(&runs);
    let all = || Box::new(|_: Var| true);
    let slabs = &runs[0].slabs;
    let longest = slabs.iter().map(|s| r + s.blinding[0].len()).max().unwrap();
    expect_all(
        &runs,
        &[
            ("two rank-one terms: the third is a margin", true, 2, all()),
            ("one rank-one term", false, 1, all()),
            ("no blinding form", false, 0, all()),
            ("rows for the queries only", false, 3, rows(None, q)),
            (
                "model: rows for the queries only, others have more",
                true,
                3,
                rows(Some(MODEL), q),
            ),
            (
                "model: one row fewer than opened",
                false,
                3,
                rows(Some(MODEL), q - 1),
            ),
            (
                "data: one row fewer than opened",
                false,
                3,
                rows(Some(DATA), q - 1),
            ),
            (
                "witness: one row fewer than opened",
                false,
                3,
                rows(Some(WITNESS), q - 1),
            ),
            ("no blinding in the model", false, 3, rows(Some(MODEL), 0)),
            ("no mask", false, 3, mask(0)),
            ("a mask of the data rows", false, 3, mask(r)),
            (
                "a mask of the data rows and of those for the queries",
                false,
                3,
                mask(r + q),
            ),
            ("a mask as long as the longest slab", true, 3, mask(longest)),
        ],
    );
}

/// Slabs with no more than they need: rows for the queries, and two further ones in the witness slab.
#[test]
fn a_mask_shorter_than_the_longest_slab_leaks() {
    let runs = inferences(1, 1);
    let first = toy().r() + opened(&runs);
    let masked = move |kept: usize| -> Box<dyn Fn(Var) -> bool + Sync> {
        Box::new(move |v| match v {
            Var::Cell { slab, row, .. } => row < first + if slab == WITNESS { 2 } else { 0 },
            Var::Mask { row, .. } => row < kept,
        })
    };
    expect_all(
        &runs,
        &[
            (
                "a mask as long as the longest slab",
                true,
                3,
                masked(first + 2),
            ),
            ("a mask two rows shorter", false, 3, masked(first)),
        ],
    );
}
