//! `vectors/sumcheck.json`: the padded sumcheck alone, honest and broken (vectors/README.md). Made here, judged from what is in the file.
//!
//! `TACIT_WRITE_VECTORS=1 cargo test -p tacit-sumcheck --test vectors` writes it anew.

use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use std::sync::LazyLock;
use tacit_algebra::{eq_table, Affine, K, P};
use tacit_pcs::random::{Stream, PADS};
use tacit_sumcheck::{rounds::send, verify, RoundError};
use tacit_testkit::vectors::*;
use tacit_transcript::{Reader, Writer};
use tacit_verifier::{value, VerifyError};

/// The extension of a table at a point.
fn extension(table: &[K], point: &[K]) -> K {
    let weights = eq_table(point);
    assert_eq!(weights.len(), table.len());
    weights.iter().zip(table).map(|(&e, &x)| e * x).sum()
}

/// The prover: sum over {0,1}^n of the product of three tables, front variable first. Returns the unpadded values.
fn prove(writer: &mut Writer, mut tables: Vec<Vec<K>>, rounds: usize) -> Vec<[K; 3]> {
    let mut sent = Vec::new();
    for _ in 0..rounds {
        let half = tables[0].len() / 2;
        let line = |t: &[K], i: usize, x: K| t[i] + x * (t[half + i] - t[i]);
        let values = [0u8, 1, 2, 3].map(|x| {
            let at = |i| {
                tables
                    .iter()
                    .map(|t| line(t, i, K::from_u8(x)))
                    .product::<K>()
            };
            (0..half).map(at).sum::<K>()
        });
        sent.push([values[0], values[2], values[3]]);
        let rho = send(writer, values);
        for t in &mut tables {
            *t = (0..half).map(|i| line(t, i, rho)).collect();
        }
    }
    sent
}

/// `first`: pads that are used before; they are in the claim.
fn case(note: &str, rounds: usize, first: usize, padded: bool) -> Value {
    let mut rng = Stream::new(&[rounds as u8; 32], PADS);
    let factors: Vec<Vec<K>> = (0..3).map(|_| rng.k_vec(1 << rounds)).collect();
    let pads = if padded {
        rng.k_vec(first + 3 * rounds)
    } else {
        vec![K::ZERO; first + 3 * rounds]
    };
    let sum: K = (0..1 << rounds)
        .map(|i| factors.iter().map(|t| t[i]).product::<K>())
        .sum();
    let mut claim = Affine {
        pads: (0..first as u32).map(|i| (i, rng.next_k())).collect(),
        ..Affine::default()
    };
    claim.constant = sum - value(&claim, &[], &pads).unwrap();
    let start_of = of_start(&[("context", format!("sumcheck of {rounds}").into_bytes())]);
    let mut writer = Writer::new();
    writer.sponge = start(&start_of);
    writer.set_pads(pads.clone());
    for _ in 0..first {
        let _ = writer.take_pad();
    }
    let sent = prove(&mut writer, factors.clone(), rounds);
    let end = hex(writer.sponge.state());
    let mut case = json!({
        "note": note,
        "rounds": rounds,
        "first_pad": first,
        "pads": of_ks(&pads),
        "factors": factors.iter().map(|t| of_ks(t)).collect::<Vec<_>>(),
        "claim": of_affine(&claim),
        "claim_value": of_k(sum),
        "start": start_of,
        "values": sent.iter().map(|m| of_ks(m)).collect::<Vec<_>>(),
        "argument": hex(&writer.into_proof()),
        "end_state": end,
    });
    let judged = judge(&case, &Value::Null).unwrap();
    assert_eq!(judged.value, judged.evaluation);
    case["challenges"] = of_ks(&judged.point);
    case["final"] = of_affine(&judged.last);
    case["final_value"] = of_k(judged.value);
    case
}

/// Where a verifier ends.
struct Judged {
    point: Vec<K>,
    last: Affine,
    /// `last` with the pads.
    value: K,
    /// f at the point: what an honest claim ends in.
    evaluation: K,
    state: String,
}

/// The verifier on a case, changed by `broken` unless that is null; or the slug of its refusal.
fn judge(case: &Value, broken: &Value) -> Result<Judged, &'static str> {
    let changed = |part: &str| broken.get(part).unwrap_or(&case[part]).clone();
    let (claim, pads) = (affine(&changed("claim")), each(&changed("pads"), k));
    let argument = edited(&bytes(&case["argument"]), &broken["edit"]);
    let mut reader = Reader::resume(&argument, start(&case["start"]));
    for _ in 0..number(&case["first_pad"]) {
        let _ = reader.take_pad();
    }
    let rounds = number(&case["rounds"]);
    let refused = |e: RoundError| VerifyError::from(e).slug();
    let (point, last) = verify(&mut reader, rounds, &claim).map_err(refused)?;
    let state = hex(reader.sponge.state());
    reader.finish().map_err(|e| e.slug())?;
    let factors = list(&case["factors"], |t| list(t, k));
    Ok(Judged {
        value: value(&last, &[], &pads).unwrap(),
        evaluation: factors.iter().map(|t| extension(t, &point)).product(),
        point,
        last,
        state,
    })
}

/// Broken ones of one case: refused by the sumcheck itself, or it ends in a false claim.
fn broken(number: usize, case: &Value) -> Vec<Value> {
    let argument = bytes(&case["argument"]);
    let end = argument.len();
    let flip = |at: usize| edit(at, 1, &[argument[at] ^ 1]);
    let swapped = [&argument[72..144], &argument[..72]].concat();
    let mut claim = case["claim"].clone();
    claim["constant"] = of_k(k(&claim["constant"]) + K::ONE);
    let mut pads = case["pads"].clone();
    pads[3] = of_k(k(&pads[3]) + K::ONE);
    let all = [
        ("s(0) of the first round changed", "edit", flip(23)),
        ("s(3) of the last round changed", "edit", flip(end - 1)),
        ("two rounds swapped", "edit", edit(0, 144, &swapped)),
        ("a claim that is one larger", "claim", claim),
        ("a pad that is one larger", "pads", pads),
        ("nothing", "edit", edit(0, end, &[])),
        ("one byte less", "edit", edit(end - 1, 1, &[])),
        ("one byte more", "edit", edit(end, 0, &[0])),
        ("an element of p", "edit", edit(80, 8, &P.to_be_bytes())),
    ];
    let make = |(note, what, change): (&str, &str, Value)| {
        let mut out = json!({"case": number, "note": note});
        out[what] = change;
        match judge(case, &out) {
            Ok(j) => {
                out["expected"] = json!("false");
                out["challenges"] = of_ks(&j.point);
                out["final_value"] = of_k(j.value);
                out["evaluation"] = of_k(j.evaluation);
            }
            Err(slug) => out["expected"] = json!(slug),
        }
        out
    };
    all.into_iter().map(make).collect()
}

fn vectors() -> Value {
    let cases = [
        case("no round: the claim stays", 0, 0, true),
        case("one round", 1, 0, true),
        case("pads of zero: values as they are", 2, 0, false),
        case("three rounds; the claim has pads", 3, 2, true),
    ];
    let broken = broken(3, &cases[3]);
    json!({"cases": cases, "broken": broken})
}

static STORED: LazyLock<Value> = LazyLock::new(|| stored("sumcheck", &vectors()));

#[test]
fn the_vectors_are_current() {
    assert!(*STORED == vectors(), "TACIT_WRITE_VECTORS=1 makes others");
}

#[test]
fn cases_end_in_what_is_written() {
    for case in list(&STORED["cases"], Value::clone) {
        let judged = judge(&case, &Value::Null).unwrap();
        assert_eq!(judged.point, each(&case["challenges"], k));
        assert_eq!(of_affine(&judged.last), case["final"]);
        assert_eq!(judged.value, k(&case["final_value"]));
        assert_eq!(judged.value, judged.evaluation);
        assert_eq!(json!(judged.state), case["end_state"]);
        let (claim, pads) = (affine(&case["claim"]), each(&case["pads"], k));
        assert_eq!(value(&claim, &[], &pads).unwrap(), k(&case["claim_value"]));
        // What is sent is value - pad, in order.
        let argument = bytes(&case["argument"]);
        let sent = argument.as_chunks::<24>().0.iter();
        let pads = &pads[number(&case["first_pad"])..];
        let plain: Vec<K> = sent
            .zip(pads)
            .map(|(s, &pad)| tacit_algebra::k_from_bytes(s).unwrap() + pad)
            .collect();
        assert_eq!(plain, each(&case["values"], |m| list(m, k)).concat());
    }
}

#[test]
fn broken_ones_are_refused_or_false() {
    let cases = STORED["cases"].as_array().unwrap();
    let mut slugs = std::collections::BTreeSet::new();
    for broken in list(&STORED["broken"], Value::clone) {
        let expected = broken["expected"].as_str().unwrap();
        match judge(&cases[number(&broken["case"])], &broken) {
            Err(slug) => assert_eq!(slug, expected, "{broken}"),
            Ok(judged) => {
                assert_eq!("false", expected, "{broken}");
                assert_ne!(judged.value, judged.evaluation, "{broken}");
                assert_eq!(judged.value, k(&broken["final_value"]));
                assert_eq!(judged.evaluation, k(&broken["evaluation"]));
                assert_eq!(judged.point, list(&broken["challenges"], k));
            }
        }
        slugs.insert(expected.to_owned());
    }
    let all = ["false", "non_canonical", "trailing_bytes", "truncated"];
    assert!(slugs.into_iter().eq(all));
}
