//! Whole proofs as JSON: those of the other implementation must be judged as it judges them, and ours are written for it.
//!
//! `TACIT_WRITE_VECTORS=1 cargo test -p tacit-prover --test vectors` writes `vectors/rust_*.json`.

use serde_json::{json, Value};
use std::fmt::Write;
use std::path::PathBuf;
use tacit_params::Geometry;
use tacit_pcs::Slab;
use tacit_program::{Prepared, Publics};
use tacit_prover::{Job, Proof, ProveOptions};
use tacit_testkit::batches::batches;
use tacit_testkit::training::trained;
use tacit_testkit::*;
use tacit_verifier::{
    order_commitments, prepare_validity, verify, Accepted, VerifyError, VALIDITY_CONTEXT,
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap();
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
        .collect()
}

/// The verifier's answer for a vector.
fn judge(vector: &Value) -> Result<(), VerifyError> {
    let prepared = Prepared::from_bytes(&unhex(&vector["program"]))?;
    let geometry: Geometry = borsh::from_slice(&unhex(&vector["geometry"])).unwrap();
    let named: Vec<Accepted> = vector["commitments"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, bytes)| Accepted::unchecked(name, borsh::from_slice(&unhex(bytes)).unwrap()))
        .collect();
    let ints = |v: &Value| {
        v.as_array()
            .unwrap()
            .iter()
            .map(|x| x.as_i64().unwrap())
            .collect()
    };
    let publics = Publics(
        vector["publics"]
            .as_array()
            .unwrap()
            .iter()
            .map(ints)
            .collect(),
    );
    let commitments = order_commitments(&prepared, &named)?;
    let (context, argument) = (unhex(&vector["context"]), unhex(&vector["argument"]));
    let target = vector["target"].as_u64().unwrap() as u16;
    verify(
        &prepared,
        &geometry,
        &commitments,
        &publics,
        &context,
        &argument,
        target,
    )
    .map(|_| ())
}

#[test]
fn both_implementations_judge_alike() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !(name.starts_with("proof_") || name.starts_with("rust_")) || !name.ends_with(".json") {
            continue;
        }
        let vector: Value =
            serde_json::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
        let answer = judge(&vector);
        let slug = answer.as_ref().map_or_else(|e| e.slug(), |()| "accept");
        assert_eq!(
            slug,
            vector["expected"].as_str().unwrap(),
            "{name}: {answer:?}"
        );
        count += 1;
    }
    println!("{count} vectors");
}

/// A statement of the toy geometry as a vector; what is expected is what this verifier says.
fn vector(
    note: &str,
    prepared: &Prepared,
    slabs: &[&Slab],
    context: &[u8],
    proof: &Proof,
) -> Value {
    let named: serde_json::Map<String, Value> = prepared
        .program
        .slabs
        .iter()
        .zip(slabs)
        .map(|(d, s)| {
            (
                d.name.clone(),
                json!(hex(&borsh::to_vec(&s.commitment).unwrap())),
            )
        })
        .collect();
    let mut vector = json!({
        "note": note,
        "program": hex(&prepared.bytes),
        "geometry": hex(&borsh::to_vec(&toy()).unwrap()),
        "commitments": named,
        "publics": proof.publics.0,
        "context": hex(context),
        "argument": hex(&proof.argument),
        "target": TOY,
        "expected": "",
    });
    let expected = judge(&vector).map_or_else(|e| e.slug(), |()| "accept");
    vector["expected"] = json!(expected);
    vector
}

fn all() -> Vec<(&'static str, Value)> {
    let cases = [
        ("mlp", mlp()),
        ("linear", linear()),
        ("links", links()),
        ("training", trained()),
        ("batches", batches()),
    ];
    let mut out = Vec::new();
    for (name, case) in cases {
        let world = World::new(case);
        let slabs: Vec<&Slab> = world.slabs.iter().collect();
        let proof = world.prove();
        out.push((
            name,
            vector(
                "an honest proof",
                &world.case.prepared,
                &slabs,
                CONTEXT,
                &proof,
            ),
        ));
        if name == "mlp" {
            let mut changed = proof.clone();
            let middle = changed.argument.len() / 2;
            changed.argument[middle] ^= 1;
            out.push((
                "mlp_changed",
                vector(
                    "one bit in the middle changed",
                    &world.case.prepared,
                    &slabs,
                    CONTEXT,
                    &changed,
                ),
            ));
            out.push((
                "mlp_context",
                vector(
                    "another context",
                    &world.case.prepared,
                    &slabs,
                    b"nonce 2",
                    &proof,
                ),
            ));
            let prepared =
                prepare_validity("model", &world.case.prepared.schema_tensors(0)).unwrap();
            let job = Job {
                prepared: &prepared,
                geometry: &world.geometry,
                slabs: &slabs[..1],
                context: VALIDITY_CONTEXT,
            };
            let none: [(u32, Vec<i64>); 0] = [];
            let proof = job
                .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
                .unwrap();
            out.push((
                "mlp_validity",
                vector(
                    "the validity of the MLP's model",
                    &prepared,
                    &slabs[..1],
                    VALIDITY_CONTEXT,
                    &proof,
                ),
            ));
        }
    }
    out
}

#[test]
fn our_own_vectors_are_accepted() {
    for (name, vector) in all() {
        let expected = vector["expected"].as_str().unwrap();
        let refused = name.ends_with("changed") || name.ends_with("context");
        assert_eq!(expected != "accept", refused, "{name}: {expected}");
        if std::env::var_os("TACIT_WRITE_VECTORS").is_some() {
            let path = folder().join(format!("rust_{name}.json"));
            std::fs::write(path, serde_json::to_string_pretty(&vector).unwrap() + "\n").unwrap();
        }
    }
}
