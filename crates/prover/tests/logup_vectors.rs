//! `vectors/logup.json`: LogUp alone, from "alpha" to the last "descend", honest and broken (vectors/README.md). Made here, judged
//! from what is in the file.
//!
//! `TACIT_WRITE_VECTORS=1 cargo test -p tacit-prover --test logup_vectors` writes it anew.

mod logup;

use logup::judge::{judge, layers};
use logup::leaves::leaves;
use logup::make::vectors;
use p3_field::{Field, PrimeCharacteristicRing};
use serde_json::{json, Value};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use tacit_algebra::{eq_table, K};
use tacit_testkit::vectors::*;

static STORED: LazyLock<Value> = LazyLock::new(|| stored("logup", &vectors()));

#[test]
fn the_vectors_are_current() {
    assert!(*STORED == vectors(), "TACIT_WRITE_VECTORS=1 makes others");
}

/// The extension of a table at a point.
fn extension(table: &[K], point: &[K]) -> K {
    let weights = eq_table(point);
    assert_eq!(weights.len(), table.len());
    weights.iter().zip(table).map(|(&e, &x)| e * x).sum()
}

#[test]
fn cases_give_what_is_written() {
    let mut wrong = Vec::new();
    for case in list(&STORED["cases"], Value::clone) {
        let judged = judge(&case, &Value::Null).unwrap();
        let mut written = json!({});
        judged.write(&mut written);
        assert_eq!(written["claims"], case["claims"]);
        assert_eq!(written["false"], case["false"]);
        let triples: Value = judged.triples.iter().map(|t| of_ks(t)).collect();
        assert_eq!(triples, case["triples"]);
        assert_eq!(judged.state, case["end_state"]);
        assert_eq!(judged.r, list(&case["r"], k));
        let (alpha, beta) = (k(&case["alpha"]), k(&case["beta"]));
        assert_eq!((judged.alpha, judged.beta), (alpha, beta));
        let (argument, pads) = (bytes(&case["argument"]), list(&case["pads"], k));
        let (root, steps) = layers(&argument, &case, &pads);
        assert_eq!((&root, &json!(steps)), (&case["root"], &case["layers"]));
        let last = &steps[steps.len() - 1];
        assert_eq!((judged.p, judged.q), (k(&last["p"]), k(&last["q"])));
        // The forms on committed cells say what the leaves say.
        let (p, q) = leaves(&case, alpha, beta);
        assert_eq!(p, list(&case["leaves"]["numerators"], k));
        assert_eq!(q, list(&case["leaves"]["denominators"], k));
        assert_eq!(judged.numerators, extension(&p, &judged.r) - judged.p);
        assert_eq!(judged.denominators, extension(&q, &judged.r) - judged.q);
        assert_eq!(q.iter().copied().product::<K>(), k(&root[0]));
        let sum: K = p.iter().zip(&q).map(|(&p, &q)| p * q.inverse()).sum();
        let padding = K::from_usize(number(&case["padding"]));
        wrong.push(judged.wrong());
        assert_eq!(sum == padding * alpha.inverse(), judged.wrong().is_empty());
    }
    let none: [&str; 0] = [];
    assert!(wrong[..3].iter().all(|w| *w == none));
    assert!(wrong[3..].iter().all(|w| *w == ["layer 0"]));
}

#[test]
fn broken_ones_are_refused_or_false() {
    let cases = STORED["cases"].as_array().unwrap();
    let (mut slugs, mut wrong) = (BTreeSet::new(), BTreeSet::new());
    for broken in list(&STORED["broken"], Value::clone) {
        match judge(&cases[number(&broken["case"])], &broken) {
            Err(slug) => {
                assert_eq!(slug, broken["expected"], "{broken}");
                slugs.insert(slug);
            }
            Ok(judged) => {
                let mut written = json!({});
                judged.write(&mut written);
                assert_eq!(written["claims"], broken["claims"], "{broken}");
                assert_eq!(written["false"], broken["false"], "{broken}");
                wrong.extend(judged.wrong());
            }
        }
    }
    let all = ["alpha", "non_canonical", "trailing_bytes", "truncated"];
    assert!(slugs.into_iter().eq(all));
    for name in [
        "layer 0",
        "layer 2",
        "numerators",
        "denominators",
        "triple 0",
    ] {
        assert!(wrong.contains(name), "nothing breaks {name}");
    }
}
