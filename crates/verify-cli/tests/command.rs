//! The command: arguments, answers, exit codes.

mod common;

use std::ffi::OsString;
use std::process::Command;

use common::*;

struct Answer {
    code: u8,
    out: String,
    err: String,
}

fn run(arguments: &[&str]) -> Answer {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let arguments = arguments.iter().map(OsString::from);
    let code = tacit_verify::run(arguments, &mut out, &mut err);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Answer {
        code,
        out: text(out),
        err: text(err),
    }
}

/// The names of program, proof and commitment, written there.
fn written(folder: &Folder, files: &Files) -> [String; 3] {
    [
        folder.write("m.tacit", &files.program),
        folder.write("a.proof", &files.proof),
        folder.write("model.commitment", &files.commitments[0]),
    ]
}

const NONCE: &str = "6e6f6e63652031";

#[test]
fn the_answer_for_people_has_everything() {
    let folder = Folder::new("people");
    let files = files(Kind::Plain);
    let [program, proof, model] = written(&folder, &files);
    let known = folder.write("y.json", b"[[-3, 0]]");
    let known = format!("y={known}");
    let bits = ["--security", "100", "--context", NONCE, "--public", &known];
    let answer = run(&[&[program.as_str(), &proof, &model], &bits[..]].concat());
    assert_eq!((answer.code, answer.err.as_str()), (0, ""));
    let statement = files.verify().unwrap();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|b| format!("{b:02x}")).collect() };
    for part in [
        "accepted",
        &hex(&statement.program),
        &hex(&statement.commitments[0].identity),
        "commitment, model",
        "[0.5, 1, -1.5]  shape (1, 3)",
        "[-3, 0]",
        "every value in between",
        NONCE,
        "proven bits",
    ] {
        assert!(answer.out.contains(part), "{part}: {}", answer.out);
    }
}

#[test]
fn the_answer_as_data_has_everything() {
    let folder = Folder::new("data");
    let [program, proof, model] = written(&folder, &files(Kind::Plain));
    let rest = ["--json", "--security=100", "--context", "0x6e6f6e63652031"];
    let answer = run(&[&[program.as_str(), &proof, &model], &rest[..]].concat());
    assert_eq!(answer.code, 0, "{}", answer.err);
    let data: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    assert_eq!(data["accepted"], true);
    let statement = &data["statement"];
    assert_eq!(statement["outputs"]["y"], serde_json::json!([[-3.0, 0.0]]));
    assert_eq!(statement["integers"]["y"], serde_json::json!([[-12, 0]]));
    assert_eq!(
        statement["inputs"]["x"],
        serde_json::json!([[0.5, 1.0, -1.5]])
    );
    assert_eq!(statement["input_claims"]["x"]["kind"], "public");
    assert!(statement["digests"]["model"].as_str().unwrap().len() == 64);
}

#[test]
fn a_refusal_says_where_what_and_what_next() {
    let folder = Folder::new("refusal");
    let [program, proof, model] = written(&folder, &files(Kind::Plain));
    let three = [program.as_str(), &proof, &model];
    let answer = run(&[&three, &["--json", "--security", "100"][..]].concat());
    assert_eq!(answer.code, 1);
    let data: serde_json::Value = serde_json::from_str(&answer.out).unwrap();
    for part in ["kind", "slug", "reason", "where", "expected", "got", "next"] {
        assert!(
            data["error"][part].as_str().is_some_and(|t| !t.is_empty()),
            "{part}: {data}"
        );
    }
    assert_eq!(data["error"]["kind"], "refused");
    assert_eq!(data["error"]["slug"], "grinding");
    assert!(
        answer.err.starts_with("refused: expected "),
        "{}",
        answer.err
    );
    assert!(answer.err.contains("[grinding]") && answer.err.contains("next"));
}

#[test]
fn bad_input_is_an_error_with_a_next_step() {
    let folder = Folder::new("input");
    let [program, proof, model] = written(&folder, &files(Kind::Plain));
    let three = [program.as_str(), &proof, &model];
    for (rest, slug) in [
        (&["--security", "0"][..], "security"),
        (&["--security", "many"], "security"),
        (&["--context", "abc"], "context"),
        (&["--context", "zz"], "context"),
        (&["--public", "y"], "usage"),
        (&["--public", "y=/nowhere.json"], "file"),
        (&["--public"], "usage"),
        (&["--loud"], "usage"),
        (&["/nowhere.commitment"], "file"),
    ] {
        let answer = run(&[&three, rest].concat());
        assert_eq!(answer.code, 1, "{rest:?}");
        assert!(answer.err.starts_with("error: "), "{}", answer.err);
        assert!(
            answer.err.contains(&format!("[{slug}]")),
            "{rest:?}: {}",
            answer.err
        );
        assert!(answer.err.contains("next"), "{}", answer.err);
    }
    assert_eq!(run(&[&program]).code, 1);
    let folder = folder.path().display().to_string();
    assert_eq!(run(&[&program, &folder]).code, 1);
}

#[test]
fn help_and_version_are_no_errors() {
    for option in ["--help", "-h", "--version"] {
        let answer = run(&[option]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""));
        assert!(answer.out.contains("tacit-verify"));
    }
}

/// A name that a terminal would act on.
#[test]
fn control_characters_are_shown_as_what_they_are() {
    let answer = run(&["/nowhere/\u{1b}[31m", "b"]);
    assert_eq!(answer.code, 1);
    assert!(!answer.err.contains('\u{1b}'), "{:?}", answer.err);
}

#[test]
fn the_binary_answers_as_the_library_does() {
    let folder = Folder::new("binary");
    let [program, proof, model] = written(&folder, &files(Kind::Plain));
    let command = |context: &str| {
        Command::new(env!("CARGO_BIN_EXE_tacit-verify"))
            .args([&program, &proof, &model])
            .args(["--security", "100", "--context", context])
            .output()
            .unwrap()
    };
    assert_eq!(command(NONCE).status.code(), Some(0));
    let refused = command("00");
    assert_eq!(refused.status.code(), Some(1));
    assert!(refused.stdout.is_empty());
}
