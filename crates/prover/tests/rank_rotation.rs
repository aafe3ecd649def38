//! Zero knowledge of rotation, exactly: a master, its children and the proofs of these show nothing together, although they hold
//! the same values; nor do the values that are published beside them (y of each commitment, v of each rotation).

mod zk;

use tacit_prover::child_of;
use tacit_testkit::*;
use zk::family::Family;
use zk::hiding::{check_against_messages, column_alone, published_hide, test, Without};
use zk::view::Var;

const MASTER: usize = 0;

/// A master and its children, each with one proof. `indices`: the master's rotation cell of each child.
fn family(indices: &[u16]) -> Family {
    let mut family = Family::new(toy(), 2, 1 + indices.len() as u32);
    family.validity(MASTER, false);
    for (child, &index) in (1u8..).zip(indices) {
        let slab = child_of(&family.members[MASTER].slab, index, 2, [child; 32]).unwrap();
        let id = family.add(slab, MASTER, index);
        family.rotation(id, false);
        family.proof(id);
    }
    family
}

#[test]
fn a_master_and_its_children_hide_together() {
    let family = family(&[0, 1]);
    family.runs.iter().for_each(check_against_messages);
    let name = family.name();
    let without = Without {
        name: &name,
        ..Without::default()
    };
    let answer = test(&family.runs, &without);
    println!("{answer:?}");
    assert!(answer.hides);
    // With fewer rows in the master than positions opened they do not.
    let keep = |v: Var| !matches!(v, Var::Cell { slab: MASTER, row, .. } if row >= toy().r() + 14);
    let fewer = Without {
        keep: &keep,
        ..without
    };
    assert!(!test(&family.runs, &fewer).hides);
}

/// A column of the master and the same of its children, which hold the same values, when all other columns are known: with as
/// many rows as the lemma asks for, and no longer with one less in a child.
#[test]
fn columns_of_a_family_hide_alone() {
    let family = family(&[0, 1]);
    let name = family.name();
    for column in 0..2 {
        let slabs = [MASTER, 1, 2];
        let [enough, fewer] = column_alone(&family.runs, &slabs, column, &name);
        println!("column {column}: {enough:?}, {fewer:?}");
        assert!(enough.secret && enough.hides, "column {column}");
        assert!(!fewer.hides, "column {column}: a row fewer");
    }
}

#[test]
fn published_values_say_nothing() {
    let family = family(&[0, 1]);
    let forms = family.forms();
    // Two links, both sides of each: v and y; master and child open to the same v.
    assert_eq!(forms.len(), 8);
    assert_eq!((&forms[0], &forms[4]), (&forms[2], &forms[6]));
    assert!(published_hide(&forms, &family.reserved()));
    // Without the pad of any one of them: y's, or a rotation cell.
    let reserved = family.reserved();
    for missing in 0..3 {
        let gone = family.reserved_cell(MASTER, missing);
        let kept = |v: Var| reserved(v) && !gone(v);
        assert!(!published_hide(&forms, &kept), "reserved cell {missing}");
    }
}

/// One rotation cell for two children: two values of v with one pad.
#[test]
fn a_rotation_cell_for_two_children_leaks() {
    let family = family(&[0, 0]);
    assert!(!published_hide(&family.forms(), &family.reserved()));
}
