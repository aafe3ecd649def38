//! `vectors/opening.json`: the opening alone, honest and broken (vectors/README.md). Made here, judged from what is in the file.
//!
//! `TACIT_WRITE_VECTORS=1 cargo test -p tacit-pcs --test opening_vectors` writes it anew.

mod alone;
mod common;

use alone::broken::broken;
use alone::judge::{judge, read_claim, read_geometry};
use alone::make::{made, Made};
use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use std::sync::LazyLock;
use tacit_algebra::field::k_units;
use tacit_algebra::{ProductForm, F, K};
use tacit_pcs::{commit, Commitment};
use tacit_testkit::vectors::{self, *};

fn vectors() -> Value {
    let made = made();
    let cases: Vec<Value> = made.iter().map(Made::case).collect();
    json!({"cases": cases, "broken": broken(&made[0])})
}

static STORED: LazyLock<Value> = LazyLock::new(|| stored("opening", &vectors()));

#[test]
fn the_vectors_are_current() {
    assert!(*STORED == vectors(), "TACIT_WRITE_VECTORS=1 makes others");
}

#[test]
fn cases_are_accepted_and_broken_ones_refused() {
    let cases = STORED["cases"].as_array().unwrap();
    for case in cases {
        let (answer, state) = judge(case, &Value::Null);
        assert_eq!(answer, "accepted", "{}", case["note"]);
        assert_eq!(state.as_ref(), Some(&case["end_state"]));
    }
    let mut slugs = std::collections::BTreeSet::new();
    for broken in STORED["broken"].as_array().unwrap() {
        let (answer, _) = judge(&cases[number(&broken["case"])], broken);
        assert_eq!(answer, broken["expected"].as_str().unwrap(), "{broken}");
        slugs.insert(answer);
    }
    let all = [
        "final_claim",
        "grinding",
        "last_query",
        "merkle",
        "non_canonical",
        "trailing_bytes",
        "truncated",
    ];
    assert!(slugs.into_iter().eq(all));
}

/// Claims by brute force over the cells; y, identities and the public roots from what they are made of.
#[test]
fn cells_give_claims_and_commitments() {
    for case in STORED["cases"].as_array().unwrap() {
        let geometry = read_geometry(&case["geometry"]);
        let slabs = case["slabs"].as_array().unwrap();
        let sources = slabs.iter().chain([&case["witness"]]);
        let cells: Vec<Vec<F>> = sources.map(|s| elements(&s["cells"])).collect();
        let pads = list(&case["pads"], k);
        for claim in list(&case["claims"], read_claim) {
            let in_form = |f: &ProductForm| -> K {
                let all = cells[f.slab].iter().enumerate();
                all.map(|(j, &x)| f.weight(j) * x).sum()
            };
            let padded = claim.pads.iter().map(|&(i, c)| c * pads[i as usize]);
            let value = padded.chain(claim.forms.iter().map(in_form)).sum::<K>();
            assert_eq!(value, -claim.constant);
        }
        for (number, (slab, cells)) in slabs.iter().zip(&cells).enumerate() {
            let c: Commitment = borsh::from_slice(&bytes(&slab["commitment"])).unwrap();
            let end = vectors::number(&slab["pad_cell"]);
            let b = c.binding(number, end).unwrap();
            assert_eq!((b.z, b.z0), (k(&slab["z"]), k(&slab["z0"])));
            assert_eq!((b.y, c.root), (k(&slab["y"]), array(&slab["root"])));
            assert_eq!(c.identity(), array(&slab["identity"]));
            let private = slab["private"].as_bool().unwrap();
            assert_eq!(
                (c.header.private, c.header.geometry == geometry),
                (private, true)
            );
            let units = k_units();
            let weight = |j: usize| match j.checked_sub(end) {
                Some(d @ 0..3) => b.z0 * units[d],
                _ => b.z.exp_u64(j as u64 + 1),
            };
            let y: K = cells.iter().enumerate().map(|(j, &x)| weight(j) * x).sum();
            assert_eq!(y, b.y);
            if !private {
                let schema = c.header.schema;
                let again = commit(&geometry, false, schema, &cells[..end], &[], 0, 0, [0; 32]);
                assert_eq!(again.unwrap().commitment, c);
            }
        }
    }
}
