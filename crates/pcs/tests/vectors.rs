//! The shared vectors, written by the second verifier from the same page.

use p3_field::{Field, PrimeCharacteristicRing, PrimeField64};
use tacit_algebra::field::{f_from_i64, f_to_bytes, f_to_i64, k_inverse};
use tacit_algebra::hash::{hash, tag_word, Digest, Tag, Words};
use tacit_algebra::{eq_low, eq_table, k_to_bytes, F, K, P};
use tacit_pcs::testing::{encode, point, read_multi_opening};
use tacit_testkit::vectors::{array, bytes, f, k, list, load, number};
use tacit_transcript::{Reader, Sponge};

/// words(key) for a key of any length.
fn words_of(key: &[u8], n: usize) -> Vec<u64> {
    (0u64..)
        .flat_map(|i| {
            let d = hash(Tag::Stream, 0, &[key, &i.to_be_bytes()]);
            d.as_chunks::<8>()
                .0
                .iter()
                .map(|c| u64::from_be_bytes(*c))
                .collect::<Vec<_>>()
        })
        .filter(|&w| w < P)
        .take(n)
        .collect()
}

#[test]
fn field() {
    let v = load("field");
    list(&v["arithmetic"], |c| {
        let (a, b) = (k(&c["a"]), k(&c["b"]));
        assert_eq!(a + b, k(&c["sum"]));
        assert_eq!(a - b, k(&c["difference"]));
        assert_eq!(a * b, k(&c["product"]));
        assert_eq!(k_to_bytes(&a), array(&c["a"]));
    });
    list(&v["inverse"], |c| {
        assert_eq!(k_inverse(k(&c["a"])), Some(k(&c["inverse"])));
    });
    list(&v["signed"], |c| {
        let x = c["integer"].as_i64().unwrap();
        assert_eq!(f_to_bytes(f_from_i64(x)), array(&c["element"]), "{x}");
        // Back only within (-p/2, p/2).
        if x.unsigned_abs() <= P / 2 {
            assert_eq!(f_to_i64(f(&c["element"])), x);
        }
    });
    list(&v["words"], |c| {
        let key = bytes(&c["key"]);
        let want = list(&c["words"], |w| f(w).as_canonical_u64());
        assert_eq!(words_of(&key, want.len()), want);
        if let Ok(key) = key.try_into() {
            let mut words = Words::new(key);
            assert!(want.iter().all(|&w| words.next_f() == F::from_u64(w)));
        }
    });
    for key in [[0; 32], [7; 32]] {
        let mut words = Words::new(key);
        assert!(words_of(&key, 50)
            .into_iter()
            .all(|w| words.next_f() == F::from_u64(w)));
    }
    list(&v["tags"], |c| {
        let all = [
            Tag::Leaf,
            Tag::Node,
            Tag::Transcript,
            Tag::Stream,
            Tag::Identity,
            Tag::Binding,
        ];
        let all = all
            .into_iter()
            .chain([Tag::Program, Tag::Schema, Tag::File]);
        let tag = all
            .into_iter()
            .find(|&t| t as usize == number(&c["tag"]))
            .unwrap();
        assert_eq!(tag_word(tag, c["n"].as_u64().unwrap()), array(&c["bytes"]));
    });
}

#[test]
fn multilinear_and_univariate() {
    let v = load("field");
    let table = list(&v["eq_table"]["table"], k);
    assert_eq!(eq_table(&list(&v["eq_table"]["point"], k)), table);
    let rho = list(&v["eq_low_table"]["rho"], k);
    let table = list(&v["eq_low_table"]["table"], k);
    for (c, want) in table.iter().enumerate() {
        assert_eq!(eq_low(&rho, c as u64), *want);
    }
    for name in ["cubic", "quadratic"] {
        let (values, x) = (list(&v[name]["values"], k), k(&v[name]["x"]));
        let lagrange = |i: usize| -> K {
            (0..values.len())
                .filter(|&j| j != i)
                .map(|j| (x - K::from_usize(j)) * (K::from_usize(i) - K::from_usize(j)).inverse())
                .product()
        };
        let sum: K = values
            .iter()
            .enumerate()
            .map(|(i, &y)| y * lagrange(i))
            .sum();
        assert_eq!(sum, k(&v[name]["value"]));
    }
}

#[test]
fn transcript() {
    let v = load("transcript");
    let mut sponge = Sponge::new();
    assert_eq!(*sponge.state(), array(&v["start"]));
    list(&v["steps"], |s| s.clone()).iter().for_each(|s| {
        let kind = s["kind"].as_str().unwrap();
        match s["op"].as_str().unwrap() {
            "absorb" => sponge.absorb(kind, &bytes(&s["data"])),
            "challenge" => assert_eq!(sponge.challenge(kind), k(&s["value"])),
            "positions" => {
                let (count, log) = (number(&s["count"]), number(&s["log"]) as u8);
                assert_eq!(
                    sponge.positions(kind, count, log),
                    list(&s["value"], number)
                );
            }
            other => panic!("an operation {other}: {s}"),
        }
        assert_eq!(*sponge.state(), array(&s["state"]), "{s}");
    });
    // A message is absorbed as it is read.
    let mut reader = Reader::new(b"abc");
    reader.bytes("x", 3).unwrap();
    let mut plain = Sponge::new();
    plain.absorb("x", b"abc");
    assert_eq!(reader.sponge, plain);
}

#[test]
fn trees() {
    list(&load("merkle")["trees"], |t| {
        let (log, width) = (number(&t["log"]) as u8, number(&t["width"]));
        let salted = t["salted"].as_bool().unwrap();
        let root: Digest = array(&t["root"]);
        let (rows, salts) = (list(&t["rows"], bytes), list(&t["salts"], bytes));
        list(&t["leaves"], array::<32>)
            .iter()
            .enumerate()
            .for_each(|(i, leaf)| {
                assert_eq!(hash(Tag::Leaf, width as u64, &[&salts[i], &rows[i]]), *leaf);
            });
        list(&t["openings"], |o| {
            let positions = list(&o["positions"], number);
            let data = bytes(&o["bytes"]);
            let got = read_multi_opening(&data, &root, width, log, salted, &positions).unwrap();
            let want: Vec<u8> = positions.iter().flat_map(|&p| rows[p].clone()).collect();
            assert_eq!(
                got.into_iter().flat_map(f_to_bytes).collect::<Vec<_>>(),
                want
            );
        });
    });
}

#[test]
fn codes() {
    let v = load("encode");
    list(&v["codes"], |c| {
        let log = number(&c["log_domain"]) as u8;
        assert_eq!(encode(&list(&c["column"], f), log), list(&c["word"], f));
    });
    list(&v["points"], |c| {
        let got = point(number(&c["log"]) as u8, number(&c["index"]));
        assert_eq!(got, f(&c["point"]));
    });
}
