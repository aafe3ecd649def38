//! Zero knowledge of proofs of training, exactly: steps along an axis, batches that a public order picks, a base and data that
//! several rounds open, and a next that the round after it opens as its base.

mod zk;

use rayon::prelude::*;
use tacit_params::{Geometry, Level};
use tacit_pcs::Slab;
use tacit_prover::Job;
use tacit_testkit::batches::{batches, ORDER as BATCHES, Q};
use tacit_testkit::training::{round_from, trained};
use tacit_testkit::*;
use tacit_verifier::{prepare_validity, VALIDITY_CONTEXT};
use zk::hiding::{check_against_messages, column_alone, opened, rows_used, test, Without};
use zk::record::{run, Run};
use zk::view::Var;

/// Proofs' own slabs are WITNESS, WITNESS + 1, ..
const WITNESS: usize = 10;
/// Slabs of the rounds.
const BASE: usize = 0;
const DATA: usize = 1;
const NEXT: usize = 2;

/// 128 data rows and 96 others: room for three proofs of 6 + 3 (5 + 1) rows.
fn geometry() -> Geometry {
    let level = |fold, log_domain| Level {
        fold,
        log_domain,
        queries: 5,
    };
    Geometry {
        log_rows: 7,
        rows: 224,
        log_domain: 9,
        levels: vec![level(3, 6), level(2, 5)],
        ..toy()
    }
}

fn prove(geometry: &Geometry, case: &Case, slabs: &[&Slab], ids: &[usize], number: usize) -> Run {
    let context = [number as u8];
    let job = Job {
        prepared: &case.prepared,
        geometry,
        slabs,
        context: &context,
    };
    run(job, case.givens.clone(), ids, WITNESS + number)
}

/// Proofs of cases that differ in their public tensors only, all on the same slabs.
fn proofs(geometry: &Geometry, cases: &[Case], max_fold: u8) -> Vec<Run> {
    let first = &cases[0];
    let budget = cases.len() as u32;
    let slabs = commit_all(
        &first.prepared,
        geometry,
        &slab_values(first),
        budget,
        max_fold,
    );
    let refs: Vec<&Slab> = slabs.iter().collect();
    let ids: Vec<usize> = (0..refs.len()).collect();
    let each = cases.iter().enumerate();
    each.map(|(i, case)| prove(geometry, case, &refs, &ids, i))
        .collect()
}

/// All hide together; they leak with a row fewer in any slab than positions are opened in it, or without a part of the blinding.
#[track_caller]
fn hide_but_for_a_row(runs: &[Run]) {
    runs.iter().for_each(check_against_messages);
    let answer = test(runs, &Without::default());
    println!("{answer:?}");
    assert!(answer.secret && answer.hides);
    let r = runs[0].geometry.r();
    for slab in private_slabs(runs) {
        let rows = r + opened(runs, slab) - 1;
        let keep =
            |v: Var| !matches!(v, Var::Cell { slab: s, row, .. } if s == slab && row >= rows);
        let fewer = Without {
            keep: &keep,
            ..Without::default()
        };
        assert!(!test(runs, &fewer).hides, "slab {slab}: a row fewer");
    }
    let one_term = Without {
        terms: 1,
        ..Without::default()
    };
    assert!(!test(runs, &one_term).hides, "one rank-one term");
    let no_mask = Without {
        keep: &|v| !matches!(v, Var::Mask { .. }),
        ..Without::default()
    };
    assert!(!test(runs, &no_mask).hides, "no mask");
}

/// Every column of every private slab, all others being known: with as many rows as the lemma asks for, and not with one less.
#[track_caller]
fn columns_hide_alone(runs: &[Run]) {
    for slab in private_slabs(runs) {
        let all = runs.iter().flat_map(|r| &r.slabs);
        let own = all.clone().find(|s| s.id == slab).unwrap();
        (0..own.blinding.len()).into_par_iter().for_each(|column| {
            let [enough, fewer] = column_alone(runs, &[slab], column, &|v| v);
            let place = format!("slab {slab}, column {column}: {enough:?}, {fewer:?}");
            assert!(enough.secret && enough.hides, "{place}");
            assert!(!fewer.hides, "{place}: a row fewer");
        });
        println!("slab {slab}: {} rows a column", rows_used(runs, slab));
    }
}

fn private_slabs(runs: &[Run]) -> Vec<usize> {
    let all = runs.iter().flat_map(|r| &r.slabs);
    let mut ids: Vec<usize> = all.filter(|s| s.salted).map(|s| s.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[test]
fn one_training_hides() {
    let runs = proofs(&toy(), &[trained()], 6);
    hide_but_for_a_row(&runs);
    columns_hide_alone(&runs);
}

#[test]
fn one_proof_over_picked_records_hides() {
    let runs = proofs(&toy(), &[batches()], 5);
    hide_but_for_a_row(&runs);
    columns_hide_alone(&runs);
}

/// One data set, two orders: some record is in both, and its place in the batches is another one.
#[test]
fn two_orders_of_one_data_set_hide_together() {
    let mut other = batches();
    let q = other.givens.iter_mut().find(|(t, _)| *t == Q).unwrap();
    q.1 = BATCHES.iter().rev().map(|&i| (i + 1) % 5).collect();
    let runs = proofs(&toy(), &[batches(), other], 5);
    hide_but_for_a_row(&runs);
    columns_hide_alone(&runs);
}

#[test]
fn two_trainings_on_the_same_slabs_hide_together() {
    let runs = proofs(&geometry(), &[trained(), trained()], 5);
    hide_but_for_a_row(&runs);
    columns_hide_alone(&runs);
}

/// A round from a committed base to a committed next, the validity of that, and a round that has the next as its base: both rounds
/// on the same data, in two orders.
fn rounds() -> Vec<Run> {
    let geometry = geometry();
    let orders = [[0, 1, 2, 3, 4, 5, 6, 7], [6, 1, 4, 0, 7, 3, 2, 5]];
    let (first, next) = round_from(numbers(1, 3, -50, 50), &orders[0], true);
    let (second, _) = round_from(next, &orders[1], false);
    let slabs = commit_all(&first.prepared, &geometry, &slab_values(&first), 3, 5);
    let all: Vec<&Slab> = slabs.iter().collect();
    let tensors = first.prepared.schema_tensors(NEXT);
    assert_eq!(tensors, second.prepared.schema_tensors(BASE));
    let validity = Job {
        prepared: &prepare_validity("next", &tensors).unwrap(),
        geometry: &geometry,
        slabs: &[all[NEXT]],
        context: VALIDITY_CONTEXT,
    };
    let again = [all[NEXT], all[DATA]];
    vec![
        prove(&geometry, &first, &all, &[BASE, DATA, NEXT], 0),
        run(validity, vec![], &[NEXT], WITNESS + 1),
        prove(&geometry, &second, &again, &[NEXT, DATA], 2),
    ]
}

#[test]
fn a_next_and_the_round_after_it_hide_together() {
    let runs = rounds();
    let folds: Vec<u32> = runs.iter().map(|r| r.columns.k0).collect();
    assert_eq!(folds, [5, 3, 5]);
    hide_but_for_a_row(&runs);
    columns_hide_alone(&runs);
}
