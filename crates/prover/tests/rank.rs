//! Zero knowledge, exactly, on whole proofs of the real prover at toy size: what is sent hides the cells, and hides them no
//! longer when any one part of the construction is taken away.

mod zk;

use rayon::prelude::*;
use tacit_params::{Geometry, Level};
use tacit_pcs::{Columns, Slab};
use tacit_program::{Hint, Place};
use tacit_prover::Job;
use tacit_testkit::random::generator::random_case;
use tacit_testkit::*;
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
    inference_in(&toy(), case, slabs, number)
}

fn inference_in(geometry: &Geometry, case: &Case, slabs: &[Slab], number: usize) -> Run {
    let refs: Vec<&Slab> = slabs.iter().collect();
    let ids: Vec<usize> = (0..slabs.len()).collect();
    let context = [number as u8];
    let job = Job {
        prepared: &case.prepared,
        geometry,
        slabs: &refs,
        context: &context,
    };
    run(job, case.givens.clone(), &ids, WITNESS + number)
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

/// A budget of one pays for 27 blinding rows here, and each proof opens up to six.
#[test]
fn proofs_beyond_the_allowance_leak() {
    expect(
        "six proofs, made for one",
        false,
        test(&inferences(1, 6), &Without::default()),
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
                ..Without::default()
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
            (
                "two rank-one terms: here the others are a margin",
                true,
                2,
                all(),
            ),
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

/// y = W x for a public W of many columns and a private x of one: blinding stands in two columns of nineteen.
fn public_model() -> Case {
    let mut p = Builder::new("public model", &[("model", false), ("data", true)]);
    let w = p.tensor("W", &[30, 60], Place::Slab(0), -4, 3);
    let x = p.tensor("x", &[60], Place::Slab(1), -8, 7);
    let y = p.tensor("y", &[30], Place::Public, -2000, 2000);
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    let sizes = [('k', 60), ('o', 30)];
    let acc = p.einsum("acc", "k,ok->o", &sizes, t(x, 1), t(w, 2));
    p.zero(
        "y",
        &[30],
        expr(0, vec![product(1, acc, 1), same(-1, y, 1)]),
    );
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, vec![product(1, acc, 1)]),
    });
    let givens = vec![(w, numbers(1, 1800, -4, 3)), (x, numbers(2, 60, -8, 7))];
    Case {
        prepared: p.prepare(),
        givens,
    }
}

#[test]
fn few_private_columns_among_public_ones_hide() {
    let level = |fold, log_domain| Level {
        fold,
        log_domain,
        queries: 5,
    };
    let geometry = Geometry {
        log_rows: 7,
        rows: 192,
        log_domain: 9,
        levels: vec![level(3, 6), level(2, 5)],
        ..toy()
    };
    let case = public_model();
    let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 1, 5);
    let runs = [inference_in(&geometry, &case, &slabs, 0)];
    check_against_messages(&runs[0]);
    let all = || Box::new(|_: Var| true);
    expect_all(
        &runs,
        &[
            ("a private column among public ones", true, 7, all()),
            ("with three rank-one terms", false, 3, all()),
        ],
    );
}

/// Whoever knows one slab, its blinding too, learns nothing of the others.
#[test]
fn the_owner_of_one_slab_learns_nothing_of_the_others() {
    let runs = inferences(1, 1);
    for own in [&[MODEL][..], &[DATA], &[MODEL, DATA]] {
        let without = Without {
            known: &|v| matches!(v, Var::Cell { slab, .. } if own.contains(&slab)),
            ..Without::default()
        };
        expect("slabs that the reader owns", true, test(&runs, &without));
    }
}

/// Programs of every kind, their slabs blinded for one proof of exactly their k0.
#[test]
fn random_programs_hide() {
    let mut private = 0;
    for seed in 0..24 {
        let list = numbers(seed + 1, 300, 0, 1 << 30);
        let (program, givens) = random_case(list.into_iter().map(|x| x as u32).collect());
        let case = Case {
            prepared: tacit_program::Prepared::new(program).unwrap(),
            givens,
        };
        let columns = columns(&case);
        if columns.total() > 40 {
            continue;
        }
        private += case
            .prepared
            .program
            .slabs
            .iter()
            .filter(|s| s.private)
            .count();
        let k0 = columns.k0 as u8;
        let slabs = commit_all(&case.prepared, &toy(), &slab_values(&case), 1, k0);
        let runs = [inference(&case, &slabs, 0)];
        check_against_messages(&runs[0]);
        let name = format!("random program {seed}, {} columns", columns.total());
        expect(&name, true, test(&runs, &Without::default()));
    }
    assert!(private >= 5, "{private} private slabs seen");
}

/// The columns of a proof of a case.
fn columns(case: &Case) -> Columns {
    let (prepared, r) = (&case.prepared, toy().r());
    let (witness, slabs) = prepared.layouts.split_last().unwrap();
    let pads = prepared.sizes.pads as usize;
    let last = tacit_pcs::witness_columns(&toy(), witness.cells, pads);
    let slabs = slabs.iter().map(|l| (l.cells + 3).div_ceil(r) as u32);
    Columns::new(slabs.chain([last]).collect())
}
