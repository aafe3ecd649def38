//! Rotation: a child with its master's values is accepted, anything else is refused by name.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_inverse;
use tacit_algebra::{f_to_i64, k_from_bytes, k_to_bytes, F, K};
use tacit_params::Geometry;
use tacit_pcs::Slab;
use tacit_prover::{child_of, child_under, rotation_cell, Job, ProveOptions};
use tacit_testkit::master::{cells, honest, rotation_cells, slab, Master};
use tacit_testkit::*;
use tacit_verifier::{value, Claim, Rotation};

#[test]
fn a_child_is_accepted_and_makes_proofs() {
    for index in 0..3 {
        let (master, child, rotation) = honest(index);
        assert_eq!(rotation.index, index);
        assert_eq!(rotation_cell(&child, 0), rotation_cell(&master.slab, index));
        assert_eq!(master.judge(&child, &rotation), "accepted");
        master.file(&child, rotation).accept(TOY).unwrap();
    }
    let (master, child, _) = honest(1);
    let mut world = World::new(linear());
    world.slabs = vec![child];
    let proof = world.prove();
    world.verify(&proof).unwrap();
    // Nobody takes it for a proof of the master.
    world.slabs = vec![master.slab];
    assert!(world.verify(&proof).is_err());
}

#[test]
fn a_child_is_fresh() {
    let master = Master::new(1);
    let one = child_of(&master.slab, 0, 2, [8; 32]).unwrap();
    let two = child_of(&master.slab, 1, 2, [9; 32]).unwrap();
    assert_ne!(one.commitment.root, two.commitment.root);
    assert_ne!(one.commitment.y, two.commitment.y);
    // Also where the operating system repeats itself.
    let repeated = child_of(&master.slab, 1, 2, [8; 32]).unwrap();
    assert_ne!(one.seed(), repeated.seed());
    assert!(
        child_of(&master.slab, 3, 2, [9; 32]).is_err(),
        "no such cell"
    );
    assert!(child_of(&master.slab, 0, 4000, [9; 32]).is_err(), "no room");
}

#[test]
fn other_values_are_refused() {
    let master = Master::new(1);
    let rotation = rotation_cell(&master.slab, 1).unwrap();
    for (entry, _) in cells(&master.case).iter().enumerate().take(20) {
        let mut other = cells(&master.case);
        // Within the interval [-4, 3], where an honest prover would stop.
        let up = f_to_i64(other[entry]) < 3;
        other[entry] += if up { F::ONE } else { F::NEG_ONE };
        let child = slab(&master.case, &other, &[rotation], 9);
        let proof = master.rotating(&child, 1).prove_uncounted().unwrap();
        // Cells outside valid entries are in no form: a program never reads them (attacks on padding are tested there).
        let valid =
            value(&claim(&master, &child, &proof).affine, &[child.data()], &[]) != Some(K::ZERO);
        let want = if valid { "refused, child" } else { "accepted" };
        assert_eq!(master.judge(&child, &proof), want, "cell {entry}");
    }
    let other = slab(&master.case, &cells(&master.case), &rotation_cells(7, 1), 9);
    let proof = master.rotating(&other, 1).prove_uncounted().unwrap();
    assert_eq!(master.judge(&other, &proof), "refused, child", "link value");
}

/// Master and child each open under their own geometry: the same value, or a refusal of the child.
#[test]
fn a_child_under_another_geometry_holds_the_same() {
    let master = Master::new(1);
    let wide = Geometry {
        log_rows: 6,
        rows: 128,
        ..toy()
    };
    let child = child_under(&master.slab, 1, &wide, 6, 2, [9; 32]).unwrap();
    assert_eq!(child.commitment.header.geometry, wide);
    assert_eq!(rotation_cell(&child, 0), rotation_cell(&master.slab, 1));
    let rotation = master.rotating(&child, 1).prove_uncounted().unwrap();
    assert_eq!(master.judge(&child, &rotation), "accepted");
    master.file(&child, rotation.clone()).accept(TOY).unwrap();
    // Of the same geometry as the master it is another commitment.
    let same = child_of(&master.slab, 1, 2, [9; 32]).unwrap();
    assert_eq!(master.judge(&same, &rotation), "refused, master");
    let mut other = cells(&master.case);
    let up = f_to_i64(other[0]) < 3;
    other[0] += if up { F::ONE } else { F::NEG_ONE };
    let (schema, links) = (
        master.case.prepared.schema(0),
        [rotation_cell(&master.slab, 1).unwrap()],
    );
    let made = tacit_pcs::commit(&wide, true, schema, &other, &links, 2, 6, [9; 32]).unwrap();
    let rotation = master.rotating(&made, 1).prove_uncounted().unwrap();
    assert_eq!(master.judge(&made, &rotation), "refused, child");
}

/// The child's claim of a rotation.
fn claim(master: &Master, child: &Slab, rotation: &Rotation) -> Claim {
    let statement = master.rotating(child, rotation.index).statement().unwrap();
    statement
        .claim(0, k_from_bytes(&rotation.v).unwrap())
        .unwrap()
}

/// A layout that is not the program's is refused: a tensor left out would not be tied to the master's.
#[test]
fn a_layout_of_fewer_tensors_makes_no_claim() {
    let (master, child, rotation) = honest(0);
    let refused = |change: &dyn Fn(&mut Vec<tacit_program::Layout>)| {
        let mut statement = master.rotating(&child, rotation.index).statement().unwrap();
        change(&mut statement.prepared.layouts);
        let error = statement.claim(0, K::default()).unwrap_err();
        (error.slug(), error.place)
    };
    let at = ("program", "rotation".to_owned());
    assert_eq!(refused(&|all| all.clear()), at);
    assert_eq!(refused(&|all| all[0].order.truncate(1)), at);
    assert_eq!(refused(&|all| all[0].offsets.truncate(1)), at);
    assert_eq!(refused(&|all| all[0].order[0] = 99), at);
}

/// Every valid entry weighs in the form, nothing else does but the rotation cell.
#[test]
fn the_form_is_over_valid_entries() {
    let (master, child, rotation) = honest(0);
    let form = claim(&master, &child, &rotation).affine;
    let weight = |cell: usize| form.forms.iter().map(|f| f.weight(cell)).sum::<K>();
    let mut valid = vec![false; child.data().len()];
    let layout = &master.case.prepared.layouts[0];
    for (&tensor, &offset) in layout.order.iter().zip(&layout.offsets) {
        match master.case.prepared.program.tensors[tensor as usize].shape[..] {
            [rows, columns] => {
                let stride = columns.next_power_of_two();
                let at = |i: u32, j: u32| offset + (i * stride + j) as usize;
                (0..rows).for_each(|i| (0..columns).for_each(|j| valid[at(i, j)] = true));
            }
            [extent] => (0..extent as usize).for_each(|i| valid[offset + i] = true),
            _ => unreachable!(),
        }
    }
    valid[layout.cells + 3..layout.cells + 6].fill(true);
    for (cell, &counts) in valid.iter().enumerate() {
        assert_eq!(weight(cell) != K::ZERO, counts, "cell {cell}");
    }
}

/// A value shifted, and the rotation cell made to absorb it for the challenge of an honest child: with that challenge frozen the
/// lie would stand, but the liar's own commitment draws another one.
#[test]
fn a_rotation_cell_absorbs_nothing() {
    let (master, child, rotation) = honest(1);
    let frozen = claim(&master, &child, &rotation);
    let weight = |cell: usize| {
        frozen
            .affine
            .forms
            .iter()
            .map(|f| f.weight(cell))
            .sum::<K>()
    };
    let first = child.cells() + 3;
    let z1 = weight(first);
    let mut shifted = cells(&master.case);
    let up = f_to_i64(shifted[0]) < 3;
    let change = if up { F::ONE } else { F::NEG_ONE };
    shifted[0] += change;
    let absorbed = rotation_cell(&child, 0).unwrap() - weight(0) * k_inverse(z1).unwrap() * change;
    let liar = slab(&master.case, &shifted, &[absorbed], 9);
    assert_eq!(value(&frozen.affine, &[liar.data()], &[]), Some(K::ZERO));
    let proof = master.rotating(&liar, 1).prove_uncounted().unwrap();
    assert_eq!(master.judge(&liar, &proof), "refused, child");
    assert!(
        master.judge(&liar, &rotation).starts_with("refused"),
        "replay"
    );
}

#[test]
fn every_part_of_a_rotation_counts() {
    let (master, child, rotation) = honest(1);
    let judge = |change: &dyn Fn(&mut Rotation)| {
        let mut other = rotation.clone();
        change(&mut other);
        master.judge(&child, &other)
    };
    assert_eq!(judge(&|_| ()), "accepted");
    let swapped = judge(&|l| std::mem::swap(&mut l.master, &mut l.child));
    assert_eq!(swapped, "refused, master");
    assert_eq!(judge(&|l| l.index = 0), "refused, master");
    assert_eq!(judge(&|l| l.index = 2), "refused, master");
    assert_eq!(judge(&|l| l.index = 3), "refused", "no such cell");
    assert_eq!(judge(&|l| l.index = u16::MAX), "refused");
    assert_eq!(judge(&|l| l.v = [0xff; 24]), "refused", "not canonical");
    assert_eq!(judge(&|l| l.v[23] ^= 1), "refused, master");
    assert_eq!(judge(&|l| l.master.push(0)), "refused, master");
    assert_eq!(judge(&|l| l.child.clear()), "refused, child");
    for i in (0..rotation.child.len()).step_by(97) {
        assert_eq!(judge(&|l| l.child[i] ^= 1), "refused, child", "byte {i}");
    }
    // Another v on purpose: the arguments are for it, the claims are not true.
    let v = k_from_bytes(&rotation.v).unwrap() + K::ONE;
    let lie = master.rotating(&child, 1).prove_value(v).unwrap();
    assert_eq!(lie.v, k_to_bytes(&v));
    assert_eq!(master.judge(&child, &lie), "refused, master");
    // Another cell on purpose: the child holds the value of cell 1.
    let lie = master.rotating(&child, 0).prove_uncounted().unwrap();
    assert_eq!(master.judge(&child, &lie), "refused, child");
}

#[test]
fn commitments_that_do_not_belong_together_are_refused() {
    let (master, child, rotation) = honest(1);
    let other = Master::new(2);
    assert!(other.judge(&child, &rotation).starts_with("refused"));
    // A child has one master: the same values under another commitment have another rotation value.
    let stranger = other.rotating(&child, 1).prove_uncounted().unwrap();
    assert_eq!(other.judge(&child, &stranger), "refused, child");
    assert!(master.judge(&child, &stranger).starts_with("refused"));
    // Without a rotation cell, public, of another schema.
    let bare = slab(&master.case, &cells(&master.case), &[], 9);
    assert_eq!(master.judge(&bare, &rotation), "refused");
    let change = |change: &dyn Fn(&mut Slab)| {
        let mut other = child_of(&master.slab, 1, 2, [9; 32]).unwrap();
        change(&mut other);
        master.judge(&other, &rotation)
    };
    assert_eq!(change(&|_| ()), "accepted");
    assert_eq!(change(&|s| s.commitment.header.private = false), "refused");
    assert_eq!(change(&|s| s.commitment.header.schema[0] ^= 1), "refused");
    assert_eq!(change(&|s| s.commitment.root[0] ^= 1), "refused, master");
    assert_eq!(change(&|s| s.commitment.y[23] ^= 1), "refused, master");
    assert_eq!(
        change(&|s| s.commitment.header.links = 2),
        "refused, master"
    );
}

/// The claim of a rotation is no part of another proof, and a rotation's argument is no proof of its program.
#[test]
fn a_rotation_is_not_another_proof() {
    let (master, child, rotation) = honest(1);
    let statement = master.rotating(&child, 1).statement().unwrap();
    let (commitments, context) = ([child.commitment.clone()], statement.context(&rotation.v));
    let (prepared, none) = (&statement.prepared, Default::default());
    let answer = verify(
        prepared,
        &toy(),
        &commitments,
        &none,
        &context,
        &rotation.child,
        TOY,
    );
    assert_eq!(answer.unwrap_err().slug(), "final_claim");
    // Nor does a proof of the program without the claim make a rotation.
    let job = Job {
        prepared,
        geometry: &toy(),
        slabs: &[&child],
        context: &context,
    };
    let bare = job
        .prove_uncounted(ProveOptions::default(), &mut tacit_pcs::NoHooks)
        .unwrap()
        .argument;
    verify(prepared, &toy(), &commitments, &none, &context, &bare, TOY).unwrap();
    let lie = Rotation {
        child: bare,
        ..rotation
    };
    assert_eq!(master.judge(&child, &lie), "refused, child");
}
