//! Zero knowledge of renewal, exactly: a commitment, the one that renews it and the one that renews that, each opened as often as
//! its budget says, show nothing together, although they hold the same values and nothing in a renewal is drawn afresh.

mod zk;

use tacit_params::Geometry;
use tacit_prover::{renewal_of, Count, Entry, Permit, Randomness, Rotating, ORIGIN, RENEWAL};
use tacit_testkit::*;
use zk::family::{Family, WITNESS};
use zk::hiding::{check_against_messages, column_alone, opened, published_hide, test, Without};
use zk::view::Var;

const FIRST: usize = 0;
const SECOND: usize = 1;
const THIRD: usize = 2;
/// Of the first: validity, one proof, the rotation that renews it. A renewed one has its own rotation besides.
const BUDGET: u32 = 3;

/// Room for the blinding rows of four openings.
fn geometry() -> Geometry {
    Geometry { rows: 128, ..toy() }
}

/// The first commitment with its validity and one proof.
fn first() -> Family {
    let mut family = Family::new(geometry(), 2, BUDGET);
    family.validity(FIRST, false);
    family.proof(FIRST);
    family
}

/// Renews a member: rotation, validity, and a proof of the new one.
fn renew(family: &mut Family, of: usize, budget: u32) {
    let slab = renewal_of(&family.members[of].slab, budget).unwrap();
    let id = family.add(slab, of, RENEWAL);
    family.rotation(id, true);
    family.validity(id, true);
    family.proof(id);
}

/// Renewed twice. All openings of the first two budgets are taken.
fn chain() -> Family {
    let mut family = first();
    renew(&mut family, FIRST, BUDGET + 1);
    renew(&mut family, SECOND, BUDGET + 1);
    let openings = |id: usize| {
        let with = |r: &&zk::record::Run| r.slabs.iter().any(|s| s.id == id);
        family.runs.iter().filter(with).count() as u32
    };
    let budgets = family
        .members
        .iter()
        .map(|m| m.slab.commitment.header.budget);
    let left: Vec<u32> = budgets
        .enumerate()
        .map(|(id, n)| n - openings(id))
        .collect();
    assert_eq!(left, [0, 0, 1]);
    family
}

fn permit(slab: &tacit_pcs::Slab) -> Permit {
    let entry = Entry::Opening([0; 32]);
    Count::fresh(slab, 0, 1)
        .record(entry, "model")
        .unwrap()
        .unwrap()
}

/// The runs here are what a renewal writes, byte for byte.
#[test]
fn the_recorded_rotation_is_the_real_one() {
    let family = chain();
    let tensors = family.case.prepared.schema_tensors(0);
    let (old, new) = (&family.members[FIRST].slab, &family.members[SECOND].slab);
    let rotating = Rotating {
        slab: "model",
        tensors: &tensors,
        master: old,
        child: new,
        index: RENEWAL,
    };
    let rotation = rotating
        .prove([permit(old), permit(new)], Randomness::Repeatable)
        .unwrap();
    assert_eq!(rotation.master, family.runs[2].argument);
    assert_eq!(rotation.child, family.runs[3].argument);
}

#[test]
fn a_chain_of_renewals_hides_together() {
    let family = chain();
    family.runs.iter().for_each(check_against_messages);
    let name = family.name();
    let without = Without {
        name: &name,
        ..Without::default()
    };
    let answer = test(&family.runs, &without);
    println!("{answer:?}");
    assert!(answer.secret && answer.hides);
    // With fewer rows in any one than positions opened it does not.
    for id in [FIRST, SECOND, THIRD] {
        let rows = geometry().r() + opened(&family.runs, id) - 1;
        let keep = |v: Var| !matches!(v, Var::Cell { slab, row, .. } if slab == id && row >= rows);
        let fewer = Without {
            keep: &keep,
            ..without
        };
        assert!(!test(&family.runs, &fewer).hides, "slab {id}");
    }
}

/// A column of all three, which hold the same values, when all other columns are known: with as many rows as the lemma asks for,
/// and no longer with one less in any one of them.
#[test]
fn columns_of_a_chain_hide_alone() {
    let family = chain();
    let name = family.name();
    for column in 0..2 {
        for slabs in [
            [SECOND, THIRD, FIRST],
            [THIRD, FIRST, SECOND],
            [FIRST, SECOND, THIRD],
        ] {
            let [enough, fewer] = column_alone(&family.runs, &slabs, column, &name);
            println!("column {column}, {slabs:?}: {enough:?}, {fewer:?}");
            assert!(enough.secret && enough.hides, "column {column}");
            assert!(!fewer.hides, "column {column}: a row fewer in {slabs:?}");
        }
    }
}

/// Columns of the renewal's own slabs, those of its rotation and validity proof, which draw nothing afresh.
#[test]
fn columns_of_a_renewal_hide_alone() {
    let mut family = first();
    renew(&mut family, FIRST, BUDGET + 1);
    let name = family.name();
    let renewal = family.runs.iter().enumerate().skip(2).take(3);
    for (i, run) in renewal {
        for column in 0..run.columns.columns[1] as usize {
            let [enough, fewer] = column_alone(&family.runs, &[WITNESS + i], column, &name);
            assert!(enough.secret && enough.hides, "run {i}, column {column}");
            assert!(!fewer.hides, "run {i}, column {column}: a row fewer");
        }
    }
}

#[test]
fn published_values_say_nothing() {
    let family = chain();
    let forms = family.forms();
    // Two links, both sides of each: v and y; old and new open to the same v, the second has one y in both links.
    assert_eq!(forms.len(), 8);
    assert_eq!((&forms[0], &forms[4]), (&forms[2], &forms[6]));
    assert_eq!(forms[3], forms[5]);
    let reserved = family.reserved();
    assert!(published_hide(&forms, &reserved));
    // What pads them: each y its own cell, each v one that two slabs hold. A rotation cell that no rotation takes would pad y as well.
    let (y, rotation) = (0, |index: u16| 1 + usize::from(index));
    let pads = [
        vec![(FIRST, y), (FIRST, rotation(ORIGIN))],
        vec![(SECOND, y)],
        vec![(THIRD, y), (THIRD, rotation(RENEWAL))],
        vec![(FIRST, rotation(RENEWAL))],
        vec![(SECOND, rotation(RENEWAL))],
    ];
    for missing in pads {
        let gone = |v: Var| {
            missing
                .iter()
                .any(|&(s, at)| family.reserved_cell(s, at)(v))
        };
        let kept = |v: Var| reserved(v) && !gone(v);
        assert!(!published_hide(&forms, &kept), "{missing:?}");
    }
}

/// One commitment renewed to two that differ: two values of v with one pad. Why a renewal draws nothing afresh.
#[test]
fn renewals_that_differ_leak() {
    let mut family = first();
    renew(&mut family, FIRST, BUDGET + 1);
    assert!(published_hide(&family.forms(), &family.reserved()));
    renew(&mut family, FIRST, BUDGET);
    assert!(!published_hide(&family.forms(), &family.reserved()));
}
