//! Public tensors in the transcript: the states of the shared vectors, and that every entry and every order counts.

use tacit_testkit::vectors::{array, list, load, number};
use tacit_transcript::Sponge;
use tacit_verifier::testing::absorb_public;

fn state(values: &[i64]) -> [u8; 32] {
    let mut sponge = Sponge::new();
    absorb_public(&mut sponge, values);
    *sponge.state()
}

/// Entries of the shared vectors: (2654435761 i^2 + 7 i mod 2^40) - 2^39.
fn entries(count: usize) -> Vec<i64> {
    let at = |i: i64| ((i * i * 2_654_435_761 + 7 * i) % (1 << 40)) - (1 << 39);
    (0..count as i64).map(at).collect()
}

#[test]
fn states() {
    list(&load("public")["tensors"], |v| {
        let values = entries(number(&v["entries"]));
        assert_eq!(state(&values), array(&v["state"]), "{}", values.len());
    });
}

/// Every entry is in the state, whole or in blocks: beside the edges of blocks of 1,024, and of the eight hashed in one go.
#[test]
fn every_entry_counts() {
    for count in [4096, 4097, 9 * 1024, 9 * 1024 + 1] {
        let values = entries(count);
        let edges = [0, 1023, 1024, 4095, 8191, 8192, count - 1];
        for at in edges.into_iter().filter(|&at| at < count) {
            let mut other = values.clone();
            other[at] += 1;
            assert_ne!(state(&other), state(&values), "entry {at} of {count}");
        }
        let mut turned = values.clone();
        turned.swap(0, 1024);
        assert_ne!(state(&turned), state(&values), "blocks of {count}");
        let longer = [&values[..], &[0]].concat();
        assert_ne!(state(&longer), state(&values), "a zero behind {count}");
    }
}
