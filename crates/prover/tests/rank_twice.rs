//! Why no commitment stands for two slabs of a proof: its columns would be folded at two places, and their blinding is made for one.

mod zk;

use tacit_params::{Geometry, Level};
use tacit_program::{Place, Values};
use tacit_prover::Job;
use tacit_testkit::*;
use zk::hiding::{check_against_messages, column_alone, rows_used};
use zk::record::{run, run_unchecked};

const WITNESS: usize = 10;

fn geometry() -> Geometry {
    let level = |fold, log_domain| Level {
        fold,
        log_domain,
        queries: 5,
    };
    Geometry {
        log_rows: 5,
        rows: 128,
        log_domain: 9,
        levels: vec![level(3, 6), level(2, 5)],
        ..toy()
    }
}

/// One proof, of two slabs that hold the same or of one that stands in both places; its first column hides with the rows that one
/// place takes up.
fn hides(twice: bool) -> bool {
    let mut p = Builder::new("step", &[("base", true), ("next", true)]);
    // Two columns each: the places of a column are no siblings.
    let [base, next] = [0, 1].map(|slab| p.tensor("w", &[60], Place::Slab(slab), -8, 7));
    let difference = vec![same(1, base, 1), same(-1, next, 1)];
    p.zero("update", &[60], expr(0, difference));
    let prepared = p.prepare();
    let w = Values::new(numbers(31, 60, -8, 7));
    let values = [base, next].map(|tensor| (tensor, w.clone()));
    let geometry = geometry();
    let slabs = commit_all(&prepared, &geometry, &values, 1, 4);
    let (ids, second) = if twice { ([0, 0], 0) } else { ([0, 1], 1) };
    let job = Job {
        prepared: &prepared,
        geometry: &geometry,
        slabs: &[&slabs[0], &slabs[second]],
        context: CONTEXT,
    };
    let prove = if twice { run_unchecked } else { run };
    let runs = [prove(job, vec![], &ids, WITNESS)];
    check_against_messages(&runs[0]);
    let [enough, fewer] = column_alone(&runs, &[0], 0, &|v| v);
    println!("{} rows: {enough:?}, {fewer:?}", rows_used(&runs, 0));
    assert!(enough.secret && !fewer.hides);
    enough.hides
}

#[test]
fn a_slab_that_stands_twice_leaks() {
    assert!(hides(false), "equal values, two commitments");
    assert!(!hides(true), "one commitment");
}
