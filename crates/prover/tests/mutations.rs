//! Hostile bytes: every byte of a small argument changed, cut, or added to; every part of the statement changed.

use rayon::prelude::*;
use std::collections::BTreeMap;
use tacit_pcs::Slab;
use tacit_program::Publics;
use tacit_prover::{Job, ProveOptions};
use tacit_testkit::*;
use tacit_verifier::files::{seal, unseal, Body, CommitmentFile, FileKind, ProofFile};
use tacit_verifier::{prepare_validity, Accepted, VALIDITY_CONTEXT};

/// The verifier's answer for a changed argument of the linear program.
fn answer(
    world: &World,
    named: &[tacit_pcs::Commitment],
    publics: &Publics,
    argument: &[u8],
) -> &'static str {
    world
        .verify_against(named, publics, CONTEXT, argument)
        .map_or_else(|e| e.slug(), |()| "accepted")
}

#[test]
fn every_byte_of_an_argument_counts() {
    for case in [linear(), mlp()] {
        let world = World::new(case);
        let proof = world.prove();
        let named = commitments(&world.slabs);
        assert_eq!(
            answer(&world, &named, &proof.publics, &proof.argument),
            "accepted"
        );
        let slugs: Vec<&str> = (0..proof.argument.len())
            .into_par_iter()
            .map(|i| {
                let mut bytes = proof.argument.clone();
                bytes[i] ^= 1 << (i % 8);
                answer(&world, &named, &proof.publics, &bytes)
            })
            .collect();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        slugs.iter().for_each(|s| *seen.entry(s).or_default() += 1);
        assert!(!seen.contains_key("accepted"), "{seen:?}");
        println!("{} bytes: {seen:?}", proof.argument.len());
    }
}

#[test]
fn other_lengths_are_refused() {
    let world = &*MLP;
    let proof = world.prove();
    let named = commitments(&world.slabs);
    let answer = |bytes: &[u8]| answer(world, &named, &proof.publics, bytes);
    let whole = &proof.argument;
    for cut in [0, 1, 31, 32, 33, 100, whole.len() / 2, whole.len() - 1] {
        assert_eq!(answer(&whole[..cut]), "truncated", "cut at {cut}");
    }
    assert_eq!(answer(&[&whole[..], &[0]].concat()), "trailing_bytes");
    assert_eq!(answer(&[&whole[..], &whole[..]].concat()), "trailing_bytes");
    // The first number after the root is not below p.
    let high = [&whole[..32], &[0xff; 8], &whole[40..]].concat();
    assert_eq!(answer(&high), "non_canonical");
}

#[test]
fn another_statement_is_refused() {
    let world = &*MLP;
    let proof = world.prove();
    let named = commitments(&world.slabs);
    let bound = |slug: &str| {
        matches!(
            slug,
            "grinding" | "merkle" | "final_claim" | "last_query" | "non_canonical"
        )
    };
    let publics = |change: &dyn Fn(&mut Publics)| {
        let mut publics = proof.publics.clone();
        change(&mut publics);
        answer(world, &named, &publics, &proof.argument)
    };
    assert!(bound(publics(&|p| p.0[0][0] += 1)));
    assert_eq!(publics(&|p| p.0[0][0] = 301), "public_interval");
    assert_eq!(publics(&|p| p.0[0].push(0)), "public_shape");
    assert_eq!(publics(&|p| p.0.truncate(1)), "public_shape");
    let context = world.verify_against(&named, &proof.publics, b"nonce 2", &proof.argument);
    assert!(bound(context.unwrap_err().slug()));
    let check = |geometry: &tacit_params::Geometry, target: u16| {
        let prepared = &world.case.prepared;
        verify(
            prepared,
            geometry,
            &named,
            &proof.publics,
            CONTEXT,
            &proof.argument,
            target,
        )
        .map_or_else(|e| e.slug(), |_| "accepted")
    };
    assert_eq!(check(&world.geometry, TOY), "accepted");
    assert_eq!(check(&world.geometry, TOY + 1), "target");
    let changed = |change: &dyn Fn(&mut tacit_params::Geometry)| {
        let mut geometry = world.geometry.clone();
        change(&mut geometry);
        geometry
    };
    // A geometry that promises more than it is worth; one that is not well formed; one that the slabs do not have.
    let mut boast = named.clone();
    boast
        .iter_mut()
        .for_each(|c| c.header.geometry.target = 128);
    let promised = changed(&|g| g.target = 128);
    let prepared = &world.case.prepared;
    let got = verify(
        prepared,
        &promised,
        &boast,
        &proof.publics,
        CONTEXT,
        &proof.argument,
        128,
    );
    assert_eq!(got.unwrap_err().slug(), "security");
    assert_eq!(check(&changed(&|g| g.levels.clear()), TOY), "geometry");
    assert_eq!(check(&changed(&|g| g.queries += 1), TOY), "header");
}

/// A proof of one program says nothing of another that has the same slabs and public tensors.
#[test]
fn another_program_is_refused() {
    let world = &*MLP;
    let proof = world.prove();
    let mut program = world.case.prepared.program.clone();
    program.zeros[0].expr.constant += 1;
    let other = tacit_program::Prepared::new(program).unwrap();
    let named = commitments(&world.slabs);
    let got = verify(
        &other,
        &world.geometry,
        &named,
        &proof.publics,
        CONTEXT,
        &proof.argument,
        TOY,
    );
    let slug = got.unwrap_err().slug();
    assert!(
        matches!(slug, "grinding" | "merkle" | "non_canonical"),
        "{slug}"
    );
}

/// Every byte of a body changed, its container made anew: what `judge` says of each, counted.
fn every_byte(
    kind: FileKind,
    file: &[u8],
    judge: impl Fn(&[u8]) -> &'static str + Sync,
) -> BTreeMap<&'static str, usize> {
    let body = unseal(kind, file).unwrap();
    let slugs: Vec<&str> = (0..body.len())
        .into_par_iter()
        .map(|i| {
            let mut bytes = body.to_vec();
            bytes[i] ^= 1 << (i % 8);
            judge(&seal(kind, &bytes))
        })
        .collect();
    let mut seen = BTreeMap::new();
    slugs
        .into_iter()
        .for_each(|s| *seen.entry(s).or_default() += 1);
    seen
}

/// The file of the world's model.
fn commitment_file(world: &World) -> CommitmentFile {
    let tensors = world.case.prepared.schema_tensors(0);
    let prepared = prepare_validity("model", &tensors).unwrap();
    let slab: &Slab = &world.slabs[0];
    let job = Job {
        prepared: &prepared,
        geometry: &world.geometry,
        slabs: &[slab],
        context: VALIDITY_CONTEXT,
    };
    let none: [(u32, Vec<i64>); 0] = [];
    CommitmentFile {
        slab: "model".into(),
        tensors,
        commitment: slab.commitment.clone(),
        validity: job
            .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
            .unwrap()
            .argument,
        rotation: None,
    }
}

/// A proof is worth no more bits than its commitments were accepted at.
#[test]
fn a_commitment_accepted_at_fewer_bits_is_refused_with_the_proof() {
    let (world, file) = (&*MLP, commitment_file(&MLP));
    let proof = world.prove();
    let data = Accepted::unchecked("data", world.slabs[1].commitment.clone());
    let answer = |accepted: &Accepted| {
        let (case, argument) = (&world.case, &proof.argument);
        let (publics, given) = (&proof.publics, &[accepted, &data]);
        let found = tacit_verifier::verify(
            &case.prepared,
            &world.geometry,
            given,
            publics,
            CONTEXT,
            argument,
            TOY,
        );
        found.map_or_else(|e| e.slug(), |_| "accepted")
    };
    let accepted = file.accept(TOY).unwrap();
    assert_eq!(accepted.identity(), file.commitment.identity());
    assert!(accepted.validity().is_some());
    assert_eq!(answer(&accepted), "accepted");
    assert_eq!(answer(&file.accept(TOY - 1).unwrap()), "target");
}

#[test]
fn every_byte_of_a_commitment_counts() {
    let file = commitment_file(&MLP).to_file().unwrap();
    let judge = |bytes: &[u8]| match CommitmentFile::from_file(bytes).and_then(|f| f.accept(TOY)) {
        Ok(_) => "accepted",
        Err(e) => e.slug(),
    };
    assert_eq!(judge(&file), "accepted");
    let seen = every_byte(FileKind::Commitment, &file, judge);
    assert!(!seen.contains_key("accepted"), "{seen:?}");
    for slug in ["encoding", "schema", "validity"] {
        assert!(seen.contains_key(slug), "{seen:?}");
    }
}

#[test]
fn every_byte_of_a_proof_file_counts() {
    let world = &*MLP;
    let proof = world.prove();
    let program = world.case.prepared.digest;
    let named = commitments(&world.slabs);
    let file = ProofFile {
        program,
        slabs: named.iter().map(|c| c.identity()).collect(),
        publics: proof.publics.0,
        argument: proof.argument,
    }
    .to_file()
    .unwrap();
    let accepted = unchecked(&named);
    let accepted: Vec<&Accepted> = accepted.iter().collect();
    let (prepared, geometry) = (&world.case.prepared, &world.geometry);
    let judge = |bytes: &[u8]| {
        let file = ProofFile::from_file(bytes);
        match file.and_then(|f| f.verify(prepared, geometry, &accepted, CONTEXT, TOY)) {
            Ok(_) => "accepted",
            Err(e) => e.slug(),
        }
    };
    assert_eq!(judge(&file), "accepted");
    let seen = every_byte(FileKind::Proof, &file, judge);
    assert!(!seen.contains_key("accepted"), "{seen:?}");
    for slug in [
        "encoding",
        "program",
        "commitments",
        "public_interval",
        "merkle",
    ] {
        assert!(seen.contains_key(slug), "{seen:?}");
    }
}
