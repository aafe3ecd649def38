//! What is accepted, and what it states; what is not, and why.

mod common;

use common::*;
use tacit_verifier::files::{seal, unseal, Body, CommitmentFile, FileKind, ProofFile};
use tacit_verify::{verify, Given, Known, Numbers, Place, Request};

#[test]
fn a_plain_proof_states_input_and_output_in_real_units() {
    let files = files(Kind::Plain);
    let statement = files.verify().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(statement.name, "scores");
    assert_eq!(statement.inputs[0].values(), Some(vec![0.5, 1.0, -1.5]));
    assert_eq!(statement.outputs[0].values(), Some(vec![-3.0, 0.0]));
    assert_eq!(statement.outputs[0].integers, Some(Y.to_vec()));
    assert!(
        statement.security >= f64::from(BITS),
        "{}",
        statement.security
    );
    assert_eq!(
        statement.hidden,
        ["the values of model", "every value in between"]
    );
    assert_eq!(statement.context, CONTEXT);
    assert_eq!(
        statement.inputs[0].says(),
        "x is public: it is the one that is shown"
    );
    let model = CommitmentFile::from_file(&files.commitments[0]).unwrap();
    assert_eq!(
        statement.commitments[0].identity,
        model.commitment.identity()
    );
    assert_eq!(statement.commitments[0].role, "model");
}

#[test]
fn a_private_input_is_some_input() {
    let statement = files(Kind::PrivateInput)
        .verify()
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(statement.inputs[0].place, Place::Private);
    assert_eq!(statement.inputs[0].values(), None);
    assert_eq!(
        statement.inputs[0].says(),
        "x is private: some input in [-4, 3.5] gives this output; whoever proves may choose it"
    );
    assert_eq!(statement.hidden[0], "input x");
}

#[test]
fn committed_inputs_and_outputs_are_named_by_their_identities() {
    let files = files(Kind::Committed);
    let statement = files.verify().unwrap_or_else(|e| panic!("{e}"));
    let roles: Vec<&str> = statement
        .commitments
        .iter()
        .map(|c| c.role.as_str())
        .collect();
    assert_eq!(roles, ["model", "data", "output"]);
    let Place::Committed { role, identity } = &statement.inputs[0].place else {
        panic!("{:?}", statement.inputs[0].place);
    };
    assert_eq!(
        (role.as_str(), *identity),
        ("data", statement.commitments[1].identity)
    );
    assert_eq!(statement.outputs[0].integers, None);
    assert_eq!(statement.hidden[..2], ["input x", "output y"]);
    // In any order.
    let mut turned = files;
    turned.commitments.reverse();
    assert_eq!(turned.slug(), "accepted");
}

#[test]
fn public_weights_are_compared() {
    let mut files = files(Kind::PublicModel);
    let statement = files.verify().unwrap_or_else(|e| panic!("{e}"));
    assert!(!statement.commitments[0].private);
    assert_eq!(statement.hidden, ["every value in between"]);
    for (values, want) in [
        (&[1, -2, 3, 3, 3, 2][..], "commitments"),
        (&[1, -2, 3, 3, 3, 4], "range"),
        (&[1, -2, 3], "shape"),
    ] {
        files.commitments = vec![public_weights(values).to_file().unwrap()];
        assert_eq!(files.slug(), want, "{values:?}");
    }
    let honest = public_weights(&[1, -2, 3, 3, 3, 3]);
    let mut changed = vec![honest.clone(); 4];
    changed[0].program[0] ^= 1;
    changed[1].slab = "data".into();
    changed[2].tensors[0].0 = "V".into();
    changed[3].tensors.push(("V".into(), vec![]));
    for (file, want) in changed
        .iter()
        .zip(["weights", "commitments", "tensor", "tensor"])
    {
        files.commitments = vec![file.to_file().unwrap()];
        assert_eq!(files.slug(), want);
    }
}

/// A commitment file says nothing of values that everybody may know.
#[test]
fn a_commitment_to_public_values_is_not_enough() {
    let mut files = files(Kind::PublicModel);
    let weights = files.commitments.remove(0);
    assert_eq!(files.slug(), "commitments");
    let given = tacit_verifier::files::WeightsFile::from_file(&weights).unwrap();
    assert_eq!(given.slab, "model");
    let deployment = tacit_owner::Deployment::of_file(
        tacit_verifier::files::ProgramFile::from_file(&files.program).unwrap(),
    );
    let one = tacit_owner::Allowance::proofs(1);
    let made = tacit_owner::commit(&deployment.unwrap(), "model", given.tensors, one).unwrap();
    files.commitments = vec![made.public().to_file().unwrap()];
    let refused = files.verify().unwrap_err();
    assert_eq!(refused.slug, "commitments");
    assert!(refused.remedy.contains("weights file"), "{refused}");
    files.commitments = vec![weights];
    assert_eq!(files.slug(), "accepted");
}

#[test]
fn a_child_is_accepted_alone_and_with_its_master() {
    let mut files = rotated();
    let statement = files.verify().unwrap_or_else(|e| panic!("{e}"));
    let master = CommitmentFile::from_file(files.master.as_ref().unwrap()).unwrap();
    let trusted = master.commitment.identity();
    assert_eq!(statement.commitments[0].master, Some(trusted));
    assert_eq!(statement.commitments[0].origin(), trusted);
    files.commitments.push(files.master.take().unwrap());
    files.commitments.reverse();
    assert_eq!(files.slug(), "accepted", "in any order");
    let master = files.commitments.remove(0);
    assert_eq!(files.slug(), "accepted", "alone");
    let child = std::mem::replace(&mut files.commitments, vec![master]);
    assert_eq!(
        files.slug(),
        "commitments",
        "the proof was made with the child"
    );
    files.commitments = rotated().commitments;
    files.commitments.extend(child);
    let refused = files.verify().unwrap_err();
    assert!(refused.to_string().contains("a child of"), "{refused}");
}

#[test]
fn commitments_that_are_missing_extra_or_others_are_refused() {
    let mut files = files(Kind::Plain);
    let model = files.commitments[0].clone();
    let others = common::files(Kind::Committed);
    files.commitments = vec![];
    assert_eq!(files.slug(), "commitments");
    files.commitments = vec![model.clone(), others.commitments[1].clone()];
    assert_eq!(files.slug(), "commitments");
    files.commitments = vec![model.clone(), model.clone(), model.clone()];
    assert_eq!(files.slug(), "commitments");
    files.commitments = vec![common::files(Kind::Plain).commitments[0].clone()];
    assert_eq!(
        files.slug(),
        "commitments",
        "the same values under another blinding"
    );
    let mut committed = common::files(Kind::Committed);
    committed.commitments.pop();
    assert_eq!(committed.slug(), "commitments");
    // The data's commitment under the model's name.
    let mut renamed = CommitmentFile::from_file(&others.commitments[1]).unwrap();
    renamed.slab = "model".into();
    files.commitments = vec![renamed.to_file().unwrap()];
    assert_eq!(files.slug(), "schema");
    let mut unproven = CommitmentFile::from_file(&model).unwrap();
    unproven.validity.clear();
    files.commitments = vec![unproven.to_file().unwrap()];
    assert_eq!(files.slug(), "validity");
}

#[test]
fn wrong_kinds_of_files_are_named() {
    let honest = files(Kind::Plain);
    let mut files = common::files(Kind::Plain);
    files.program = honest.proof.clone();
    let refused = files.verify().unwrap_err();
    assert_eq!(refused.slug, "file_kind");
    let text = refused.to_string();
    assert!(
        text.contains("expected a program file, got a proof file"),
        "{text}"
    );
    files.program = honest.program.clone();
    files.proof = honest.commitments[0].clone();
    assert_eq!(files.slug(), "file_kind");
    files.proof = honest.proof.clone();
    files.commitments = vec![honest.proof.clone()];
    assert_eq!(files.slug(), "file_kind");
    files.commitments = vec![b"not one of ours".to_vec()];
    assert_eq!(files.slug(), "magic");
}

#[test]
fn another_context_program_or_security_is_refused() {
    let files = files(Kind::Plain);
    assert_eq!(slug(files.verify_with(b"nonce 2", BITS, &[])), "grinding");
    // The commitment is looked at first.
    assert_eq!(slug(files.verify_with(CONTEXT, 160, &[])), "validity");
    for bits in [0, 161] {
        assert_eq!(slug(files.verify_with(CONTEXT, bits, &[])), "security");
    }
    let mut other = common::files(Kind::PrivateInput);
    other.proof = files.proof;
    assert_eq!(other.slug(), "program");
}

#[test]
fn a_known_value_must_be_the_one_that_is_shown() {
    let files = files(Kind::Plain);
    let known = |name: &str, values: &[f64]| {
        let numbers = Numbers {
            shape: vec![values.len()],
            values: values.to_vec(),
        };
        let name = name.to_owned();
        slug(files.verify_with(CONTEXT, BITS, &[Known { name, numbers }]))
    };
    assert_eq!(known("x", &[0.5, 1.0, -1.5]), "accepted");
    assert_eq!(known("y", &[-3.0, 0.0]), "accepted");
    assert_eq!(known("y", &[-3.0, 0.25]), "public_value");
    assert_eq!(known("y", &[-3.0]), "shape");
    assert_eq!(known("z", &[-3.0]), "name");
}

/// With a checksum that is right: what was changed are the values.
#[test]
fn changed_public_values_are_refused() {
    let mut files = files(Kind::Plain);
    let honest = ProofFile::from_file(&files.proof).unwrap();
    for (index, entry, value, want) in [
        (1, 0, -11, "grinding"),
        (0, 2, 3, "grinding"),
        (1, 0, 101, "public_interval"),
    ] {
        let mut proof = honest.clone();
        proof.publics[index][entry] = value;
        files.proof = proof.to_file().unwrap();
        assert_eq!(files.slug(), want, "{index} {entry} {value}");
    }
    let mut proof = honest;
    proof.publics[1].pop();
    files.proof = proof.to_file().unwrap();
    assert_eq!(files.slug(), "public_shape");
}

/// Each file, cut off at every 997th byte and at its ends; and changed there.
#[test]
fn a_file_that_is_cut_off_or_changed_is_refused() {
    let honest = files(Kind::Plain);
    let choose = |files: &mut Files, which: usize, bytes: Vec<u8>| match which {
        0 => files.program = bytes,
        1 => files.proof = bytes,
        _ => files.commitments[0] = bytes,
    };
    for which in 0..3 {
        let whole = [&honest.program, &honest.proof, &honest.commitments[0]][which].clone();
        let places = || {
            (0..48)
                .chain((48..whole.len()).step_by(997))
                .chain([whole.len() - 1])
        };
        for at in places() {
            let mut files = clone(&honest);
            choose(&mut files, which, whole[..at].to_vec());
            let cut = files.slug();
            assert!(
                ["truncated", "checksum"].contains(&cut),
                "file {which} cut at {at}: {cut}"
            );
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            choose(&mut files, which, bytes);
            let changed = files.slug();
            let known = ["magic", "file_kind", "version", "checksum"];
            assert!(
                known.contains(&changed),
                "file {which} changed at {at}: {changed}"
            );
        }
        // The same below an honest checksum.
        let kind = [FileKind::Program, FileKind::Proof, FileKind::Commitment][which];
        let body = unseal(kind, &whole).unwrap();
        for at in (0..body.len()).step_by(997).chain([body.len() - 1]) {
            let mut files = clone(&honest);
            choose(&mut files, which, seal(kind, &body[..at]));
            assert_ne!(files.slug(), "accepted", "file {which} cut at {at}");
            let mut bytes = body.to_vec();
            bytes[at] ^= 1;
            choose(&mut files, which, seal(kind, &bytes));
            // Notes are for people, and part of no statement.
            let notes = which == 0 && at + 4 >= body.len();
            assert!(
                notes || files.slug() != "accepted",
                "file {which} changed at {at}"
            );
        }
    }
}

fn clone(files: &Files) -> Files {
    Files {
        program: files.program.clone(),
        proof: files.proof.clone(),
        commitments: files.commitments.clone(),
        master: None,
    }
}

/// A child that is named as such needs the master that it is a child of.
#[test]
fn a_rotation_without_its_master_is_refused() {
    let files = rotated();
    let other = common::files(Kind::Plain);
    let given = |bytes| Given {
        place: "given",
        bytes,
        role: None,
    };
    let with = |commitments: &[Given<'_>]| {
        slug(verify(&Request {
            program: &files.program,
            proof: &files.proof,
            commitments,
            rotation: Some(given(&files.commitments[0])),
            context: CONTEXT,
            security: BITS,
            known: &[],
        }))
    };
    let master = files.master.as_ref().unwrap();
    assert_eq!(with(&[given(master)]), "accepted");
    assert_eq!(with(&[]), "commitments");
    assert_eq!(with(&[given(&other.commitments[0])]), "rotation");
    let wrong = Given {
        role: Some("data"),
        ..given(master)
    };
    assert_eq!(with(&[wrong]), "commitments");
}
