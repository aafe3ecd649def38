//! Proofs beyond the budget, exactly: how many equations on the cells their openings are, and from when on they are the cells
//! (docs/protocol/security.md, section 6).

mod zk;

use std::collections::{BTreeMap, BTreeSet};

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::F;
use tacit_pcs::{testing, Slab};
use tacit_prover::Job;
use tacit_testkit::*;
use zk::elimination::{eliminate, rank};
use zk::record::{run, Run};

/// Proofs of the MLP on slabs that are made for one; nothing counts them here.
fn inferences(proofs: u8) -> Vec<Run> {
    let (case, geometry) = (mlp(), toy());
    let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 1, 6);
    let refs: Vec<&Slab> = slabs.iter().collect();
    let one = |number: u8| {
        let context = [number];
        let job = Job {
            prepared: &case.prepared,
            geometry: &geometry,
            slabs: &refs,
            context: &context,
        };
        run(job, case.givens.clone(), &[0, 1], 2 + usize::from(number))
    };
    (0..proofs).map(one).collect()
}

/// What these proofs opened of a column of the model slab, as equations on its R data and T blinding rows, with the
/// value that was sent: the opening at x_j says sum over i of x_j^i row_i = value.
fn openings(runs: &[Run], column: usize, blinding: usize) -> Vec<Vec<F>> {
    let geometry = toy();
    let mut rows = BTreeMap::new();
    for run in runs {
        let opened = &run.opened_rows()[0];
        for (&j, row) in run.record.positions.iter().zip(opened) {
            rows.insert(j, row[column]);
        }
    }
    let equation = |(j, value): (usize, F)| {
        let x = testing::point(geometry.log_domain, j);
        let powers: Vec<F> = x.powers().take(geometry.r() + blinding).collect();
        // Blinding first: it is eliminated first.
        let (data, noise) = powers.split_at(geometry.r());
        [noise, data, &[value]].concat()
    };
    rows.into_iter().map(equation).collect()
}

/// What the openings beyond the budget say: o distinct positions give o - T equations on the R data rows of each column, none up
/// to o = T; a column of which all but c cells are known to be zero falls at o = T + c.
#[test]
fn openings_beyond_the_allowance_are_equations() {
    let runs = inferences(16);
    let model = &runs[0].slabs[0];
    let (r, t) = (toy().r(), model.blinding[0].len());
    let last = model.data.len() / r - 1;
    // The last column holds fewer cells than R: y's pad and what is left of the weights.
    let cells = &model.data[last * r..];
    let used = r - cells.iter().rev().take_while(|x| **x == F::ZERO).count();
    let mut seen = BTreeSet::new();
    for v in 1..=runs.len() {
        let all = openings(&runs[..v], last, t);
        let opened = all.len();
        let (noise, left) = eliminate(all, t);
        assert_eq!(
            (noise, left.len()),
            (opened.min(t), opened.saturating_sub(t))
        );
        // On the cells that are not known to be zero.
        let known: Vec<Vec<F>> = left
            .iter()
            .map(|row| [&row[t..t + used], &row[t + r..]].concat())
            .collect();
        let equations = opened.saturating_sub(t);
        assert_eq!(rank(known.clone(), used), equations.min(used), "{v} proofs");
        seen.insert(equations.min(used));
        if equations >= used {
            assert_eq!(solve(known, used), cells[..used], "the cells themselves");
        }
    }
    assert!(
        seen.contains(&0) && seen.contains(&used),
        "{seen:?} of {used}"
    );
}

/// The one solution of `rows` in n unknowns, the right side last: every unknown is what an elimination of the others leaves.
fn solve(rows: Vec<Vec<F>>, n: usize) -> Vec<F> {
    let one = |i: usize| {
        let turned = rows.iter().map(|row| {
            let others: Vec<F> = (0..n).filter(|&k| k != i).map(|k| row[k]).collect();
            [&others[..], &[row[i], row[n]]].concat()
        });
        let (_, left) = eliminate(turned.collect(), n - 1);
        let said = left.iter().find(|row| row[n - 1] != F::ZERO);
        let said = said.expect("a unique solution");
        said[n] * said[n - 1].inverse()
    };
    (0..n).map(one).collect()
}
