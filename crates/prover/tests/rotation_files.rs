//! Commitment files of masters and children, whole: what is accepted, and what each change of one is refused by.
//!
//! `TACIT_WRITE_VECTORS=1 cargo test -p tacit-prover --test rotation_files` writes `vectors/file_*.json`.

use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use std::fmt::Write;
use std::path::PathBuf;
use tacit_algebra::{f_to_i64, F};
use tacit_prover::rotation_cell;
use tacit_testkit::master::{cells, honest, slab, Master};
use tacit_testkit::*;
use tacit_verifier::files::{Body, CommitmentFile};
use tacit_verifier::Rotation;

fn slug(file: &CommitmentFile) -> &'static str {
    file.accept(TOY).map_or_else(|e| e.slug(), |_| "accept")
}

/// (name, note, file, what is expected)
fn files() -> Vec<(&'static str, &'static str, CommitmentFile, &'static str)> {
    let (master, child, rotation) = honest(1);
    let good = master.file(&child, rotation.clone());
    let with = |change: &dyn Fn(&mut CommitmentFile)| {
        let mut file = good.clone();
        change(&mut file);
        file
    };
    let mut shifted = cells(&master.case);
    let up = f_to_i64(shifted[1]) < 3;
    shifted[1] += if up { F::ONE } else { F::NEG_ONE };
    let liar = slab(
        &master.case,
        &shifted,
        &[rotation_cell(&child, 0).unwrap()],
        9,
    );
    let lie = master.rotating(&liar, 1).prove_uncounted().unwrap();
    let link_of = |file: &mut CommitmentFile, change: &dyn Fn(&mut Rotation)| {
        if let Some((_, rotation)) = &mut file.rotation {
            change(rotation);
        }
    };
    let mut plain = good.clone();
    plain.commitment = master.slab.commitment.clone();
    plain.rotation = None;
    vec![
        ("child", "a child", good.clone(), "accept"),
        ("master", "a master with three link cells", plain, "accept"),
        (
            "child_other_value",
            "a child with one other value",
            master.file(&liar, lie),
            "rotation",
        ),
        (
            "child_other_index",
            "another link cell is named",
            with(&|f| link_of(f, &|l| l.index = 0)),
            "rotation",
        ),
        (
            "child_swapped",
            "the two arguments swapped",
            with(&|f| link_of(f, &|l| std::mem::swap(&mut l.master, &mut l.child))),
            "rotation",
        ),
        (
            "child_wrong_v",
            "another v",
            with(&|f| link_of(f, &|l| l.v[23] ^= 1)),
            "rotation",
        ),
        (
            "child_other_master",
            "the master of another commitment",
            with(&|f| {
                f.rotation = f
                    .rotation
                    .take()
                    .map(|(_, l)| (Master::new(2).slab.commitment.clone(), l))
            }),
            "rotation",
        ),
        (
            "child_without_validity",
            "the master's validity proof is missing",
            with(&|f| f.validity.clear()),
            "validity",
        ),
        (
            "child_without_link",
            "the master's validity proof, but no link to it",
            with(&|f| f.rotation = None),
            "validity",
        ),
        (
            "child_other_tensors",
            "a tensor of another interval",
            with(&|f| f.tensors[0].3 += 1),
            "schema",
        ),
        (
            "public_with_link",
            "a public slab with a link",
            with(&|f| f.commitment.header.private = false),
            "validity",
        ),
    ]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

#[test]
fn whole_files_are_accepted() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    for (name, note, file, expected) in files() {
        assert_eq!(slug(&file), expected, "{name}");
        let bytes = file.to_file().unwrap();
        assert_eq!(CommitmentFile::from_file(&bytes).unwrap(), file);
        if std::env::var_os("TACIT_WRITE_VECTORS").is_some() {
            let vector =
                json!({"note": note, "file": hex(&bytes), "target": TOY, "expected": expected});
            let text = serde_json::to_string_pretty(&vector).unwrap() + "\n";
            std::fs::write(folder.join(format!("file_{name}.json")), text).unwrap();
        }
    }
    let mut count = 0;
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !name.starts_with("file_") || !name.ends_with(".json") {
            continue;
        }
        let vector: Value =
            serde_json::from_str(&std::fs::read_to_string(entry.path()).unwrap()).unwrap();
        let text = vector["file"].as_str().unwrap();
        let bytes: Vec<u8> = (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
            .collect();
        let target = vector["target"].as_u64().unwrap() as u16;
        let answer = CommitmentFile::from_file(&bytes).and_then(|f| f.accept(target));
        let slug = answer.as_ref().map_or_else(|e| e.slug(), |_| "accept");
        assert_eq!(slug, vector["expected"].as_str().unwrap(), "{name}");
        count += 1;
    }
    println!("{count} files");
}

/// Every byte of a child's file, as its checksum is made anew: an error or the same file, never a panic.
#[test]
fn changed_files_are_refused() {
    let (master, child, rotation) = honest(1);
    let file = master.file(&child, rotation);
    let body = borsh::to_vec(&file).unwrap();
    for i in (0..body.len()).step_by(61) {
        let mut other = body.clone();
        other[i] ^= 1 << (i % 8);
        let sealed = tacit_verifier::files::seal(CommitmentFile::KIND, &other);
        let answer = CommitmentFile::from_file(&sealed).and_then(|f| f.accept(TOY));
        assert!(answer.is_err(), "byte {i}");
    }
}
