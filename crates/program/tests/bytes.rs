//! Bytes of programs: one encoding each, and no panic on anything.

use proptest::prelude::{any, prop, proptest, Just, ProptestConfig, Strategy};
use tacit_program::*;
use tacit_testkit::program::net::program;
use tacit_testkit::Rng;

#[test]
fn a_program_round_trips() {
    let p = program();
    let bytes = encode(&p).unwrap();
    assert_eq!(decode(&bytes).unwrap(), p);
    let prepared = Prepared::from_bytes(&bytes).unwrap();
    assert_eq!(
        (prepared.digest, &prepared.bytes),
        (digest(&p).unwrap(), &bytes)
    );
    for cut in 0..bytes.len() {
        assert_eq!(decode(&bytes[..cut]).unwrap_err().slug, "encoding", "{cut}");
    }
    assert_eq!(
        decode(&[&bytes[..], &[0]].concat()).unwrap_err().slug,
        "encoding"
    );
    // The quotient's option, written as 2.
    let mut other = bytes.clone();
    let at = other
        .windows(10)
        .position(|w| w == [2, 0, 0, 0, 8, 1, 3, 0, 0, 0])
        .unwrap();
    other[at + 5] = 2;
    assert_eq!(decode(&other).unwrap_err().slug, "encoding");
}

/// What a decoded program must survive: preparation, extensions, execution.
fn exercise(bytes: &[u8]) {
    let Ok(prepared) = Prepared::from_bytes(bytes) else {
        return;
    };
    let small = prepared
        .program
        .tensors
        .iter()
        .map(|t| entries(&t.shape))
        .sum::<usize>()
        < 1 << 12;
    let mut rng = Rng(1);
    let publics = Publics(
        prepared
            .publics
            .iter()
            .map(|&t| vec![0; entries(&prepared.program.tensors[t as usize].shape)])
            .collect(),
    );
    let _ = publics.check(&prepared);
    for zero in prepared
        .program
        .zeros
        .iter()
        .filter(|z| shape_bits(&z.shape) < 12)
    {
        let point = rng.point(shape_bits(&zero.shape));
        let _ = prepared.expr_at(&zero.expr, &zero.shape, &point, &publics);
    }
    let work: usize = prepared
        .program
        .einsums
        .iter()
        .map(|e| entries(&e.extents))
        .sum();
    if small
        && work < 1 << 16
        && prepared
            .program
            .lookups
            .iter()
            .all(|l| entries(&l.shape) < 1 << 12)
    {
        let givens = [0u32, 1].map(|t| {
            (
                t,
                vec![
                    0;
                    prepared
                        .program
                        .tensors
                        .get(t as usize)
                        .map_or(0, |t| entries(&t.shape))
                ],
            )
        });
        let _ = execute(&prepared, givens);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]
    #[test]
    fn changed_bytes_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4u8), 1..4)
    ) {
        let mut bytes = encode(&program()).unwrap();
        for (at, value, kind) in edits {
            let at = at.index(bytes.len());
            match kind {
                0 => bytes[at] = value,
                1 => bytes[at] ^= 1 << (value % 8),
                2 => bytes.insert(at, value),
                _ => drop(bytes.remove(at)),
            }
        }
        exercise(&bytes);
    }

    #[test]
    fn random_bytes_never_panic(bytes in Just(()).prop_flat_map(|()| prop::collection::vec(any::<u8>(), 0..200))) {
        assert!(decode(&bytes).is_err());
    }
}

#[test]
fn every_byte_of_a_program_counts() {
    let bytes = encode(&program()).unwrap();
    let own = digest(&program()).unwrap();
    for i in 0..bytes.len() {
        for value in [0, 1, 2, 0x7f, 0x80, 0xff] {
            let mut other = bytes.clone();
            other[i] = value;
            if other == bytes {
                continue;
            }
            exercise(&other);
            if let Ok(p) = decode(&other) {
                assert_ne!(digest(&p).unwrap(), own);
            }
        }
    }
}
