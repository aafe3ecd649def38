//! An allowance is enforced: proofs, children, refusals and the reserve, each to its end and no further.

mod common;

use common::*;
use tacit_owner::{renew, rotate, Allowance, Secret};
use tacit_verifier::files::{Body, CommitmentFile};

#[test]
fn proofs_end_where_the_allowance_does() {
    let deployment = deployment();
    let secret = committed(&deployment, Allowance::proofs(2));
    assert_eq!(secret.proofs_left().unwrap(), Some(2));
    for left in [1, 0] {
        prove(&deployment, &secret).unwrap();
        assert_eq!(secret.proofs_left().unwrap(), Some(left));
    }
    let spent = prove(&deployment, &secret).unwrap_err();
    assert!(spent.remedy.contains("renew"), "{spent}");
    assert_eq!(secret.proofs_left().unwrap(), Some(0));
}

#[test]
fn values_without_a_proof_spend_none_but_are_counted() {
    let deployment = deployment();
    let allowance = Allowance {
        refusals: 1,
        ..Allowance::proofs(2)
    };
    let secret = committed(&deployment, allowance);
    // The input is to blame: everybody can see that.
    assert_eq!(
        slug(prove_input(&deployment, &secret, [8, 0, 0])),
        "execution"
    );
    assert_eq!(secret.tally().unwrap().unwrap().refusals, 0);
    // Only the weights tell why this one has none.
    assert_eq!(
        slug(prove_input(&deployment, &secret, NO_ROOM)),
        "execution"
    );
    let tally = secret.tally().unwrap().unwrap();
    assert_eq!((tally.refusals, tally.refusals_left()), (1, 0));
    assert_eq!(secret.proofs_left().unwrap(), Some(2));
    assert_eq!(slug(prove(&deployment, &secret)), "refusals");
}

#[test]
fn a_computation_counts_refusals_and_no_proof() {
    let deployment = deployment();
    let secret = committed(&deployment, Allowance::proofs(1));
    let given = vec![(X, NO_ROOM.to_vec())];
    // The model is given; nothing is left to compute.
    let refused = tacit_owner::compute(&deployment, &[&secret], given, "model");
    assert_eq!(slug(refused), "commitments");
    assert_eq!(secret.proofs_left().unwrap(), Some(1));
}

#[test]
fn a_master_makes_children_and_no_proof() {
    let deployment = deployment();
    let allowance = Allowance::children(2);
    let master = committed(&deployment, allowance);
    assert_eq!(slug(prove(&deployment, &master)), "master");
    assert_eq!(master.children_left().unwrap(), 2);
    let child = rotate(&master, Some(1), None).unwrap();
    assert_eq!(master.children_left().unwrap(), 1);
    assert_eq!(child.public().master(), Some(master.identity()));
    child.public().accept(BITS).unwrap();
    prove(&deployment, &child).unwrap();
    assert!(prove(&deployment, &child)
        .unwrap_err()
        .remedy
        .contains("rotate its master"));
    // A child has no children and no reserve of its own.
    assert_eq!(slug(rotate(&child, None, None)), "master");
    assert_eq!(slug(renew(&child)), "reserve");
    rotate(&master, None, None).unwrap();
    assert!(rotate(&master, None, None)
        .unwrap_err()
        .remedy
        .contains("renew it"));
}

#[test]
fn a_child_takes_no_more_proofs_than_have_room() {
    let deployment = deployment();
    let allowance = Allowance::children(1);
    let master = committed(&deployment, allowance);
    for proofs in [0, u32::MAX] {
        assert_eq!(slug(rotate(&master, Some(proofs), None)), "proofs");
    }
    assert_eq!(master.children_left().unwrap(), 1, "nothing was counted");
    let plain = committed(&deployment, Allowance::proofs(1));
    assert_eq!(slug(rotate(&plain, None, None)), "master");
}

#[test]
fn children_need_room_and_private_values() {
    let too_many = Allowance::children(u16::try_from(PROOFS).unwrap() + 1);
    let refused = tacit_owner::commit(&deployment(), "model", weights(), too_many);
    assert_eq!(slug(refused), "children");
    let one = Allowance::children(1);
    let refused = tacit_owner::commit(&public_deployment(), "model", weights(), one);
    assert_eq!(slug(refused), "children");
}

#[test]
fn a_spent_commitment_is_renewed_once() {
    let deployment = deployment();
    let old = committed(&deployment, Allowance::proofs(1));
    prove(&deployment, &old).unwrap();
    let new = renew(&old).unwrap();
    assert_eq!(new.proofs_left().unwrap(), Some(1));
    let shown = CommitmentFile::from_file(new.renewal_file()).unwrap();
    assert_eq!(shown.master(), Some(old.identity()));
    shown.accept(BITS).unwrap();
    new.public().accept(BITS).unwrap();
    assert_eq!(slug(renew(&old)), "renewed");
    assert_eq!(slug(prove(&deployment, &old)), "renewed");
    prove(&deployment, &new).unwrap();
    // The renewed one is renewed again, with the same allowance.
    let newest = renew(&new).unwrap();
    assert_eq!(newest.proofs_left().unwrap(), Some(1));
    assert_ne!(newest.identity(), new.identity());
}

/// An owner who restored a backup renews twice: the same commitment comes of it, byte for byte, so nothing new is shown.
#[test]
fn renewing_twice_from_a_backup_shows_nothing_new() {
    let folder = Folder::new("backup");
    let deployment = deployment();
    let (here, there) = (folder.path("a.secret"), folder.path("b.secret"));
    save(&committed(&deployment, Allowance::proofs(1)), &here);
    for suffix in ["", ".journal"] {
        let name = |path: &std::path::Path| format!("{}{suffix}", path.display());
        std::fs::copy(name(&here), name(&there)).unwrap();
    }
    let files = [here, there].map(|path| {
        let renewed = renew(&Secret::load(&path).unwrap()).unwrap();
        let public = renewed.public().to_file().unwrap();
        (public, renewed.renewal_file().to_vec())
    });
    assert!(files[0] == files[1]);
}

#[test]
fn public_values_have_no_allowance() {
    let deployment = public_deployment();
    let secret = committed(&deployment, Allowance::proofs(1));
    assert_eq!(secret.proofs_left().unwrap(), None);
    assert_eq!(slug(renew(&secret)), "renewal");
    for _ in 0..2 {
        prove(&deployment, &secret).unwrap();
    }
    assert!(!secret.is_locked());
}

#[test]
fn values_that_do_not_fit_are_not_committed() {
    let deployment = deployment();
    let one = |name: &str, values: &[i64]| vec![(name.to_owned(), values.to_vec())];
    for (given, want) in [
        (one("V", &[0; 6]), "tensor"),
        (one("W", &[0; 5]), "shape"),
        (one("W", &[4; 6]), "range"),
        (vec![], "tensor"),
    ] {
        let made = tacit_owner::commit(&deployment, "model", given, Allowance::proofs(1));
        assert_eq!(slug(made), want);
    }
    let made = tacit_owner::commit(&deployment, "data", weights(), Allowance::proofs(1));
    assert_eq!(slug(made), "commitments");
    let most = tacit_owner::commit(&deployment, "model", weights(), Allowance::proofs(1 << 20));
    assert!(most.unwrap_err().remedy.contains("compile for more proofs"));
}
