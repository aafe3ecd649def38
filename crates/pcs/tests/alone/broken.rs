//! Arguments and statements with one thing changed, and the guard that must see it.

use crate::alone::make::{Made, Seen};
use crate::common::unit;
use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use tacit_algebra::{k_to_bytes, K, P};
use tacit_pcs::OpeningHooks;
use tacit_testkit::vectors::*;

/// One step of the prover moved by a constant.
enum Lie {
    Final,
    LastOod,
}

impl OpeningHooks for Lie {
    fn final_vector(&mut self, v: &mut [K]) {
        if matches!(self, Self::Final) {
            v[0] += unit();
        }
    }
    fn out_of_domain(&mut self, level: usize, o: &mut K) {
        if matches!(self, Self::LastOod) && level == 1 {
            *o += unit();
        }
    }
}

/// Where a value that was sent in clear lies.
fn find(argument: &[u8], value: Option<K>) -> usize {
    let bytes = k_to_bytes(&value.unwrap());
    let mut places = argument.windows(24).enumerate();
    places.find(|(_, w)| *w == bytes).unwrap().0
}

/// (slug, note, what is changed, how).
type Change = (&'static str, &'static str, &'static str, Value);

/// Bytes of an honest argument changed.
fn edits(made: &Made) -> Vec<Change> {
    let mut seen = Seen::default();
    let (argument, _) = made.prove(&mut seen);
    // The first level's answer, its nonce, the opening of slab 0: rows and salts first.
    let nonce = find(&argument, seen.ood) + 24;
    let (opening, last) = (nonce + 8, find(&argument, seen.last));
    let salt = opening + 8 * made.world.columns.columns[0] as usize;
    let end = argument.len();
    let flip = |at: usize| edit(at, 1, &[argument[at] ^ 1]);
    let lie = |mut lie: Lie| edit_between(&argument, &made.prove(&mut lie).0);
    let p = P.to_be_bytes();
    let cut = edit(opening + 3, end - opening - 3, &[]);
    let all = [
        ("truncated", "nothing", edit(0, end, &[])),
        ("truncated", "one byte less", edit(end - 1, 1, &[])),
        ("truncated", "cut in a row", cut),
        ("trailing_bytes", "one byte more", edit(end, 0, &[0])),
        ("non_canonical", "S is p", edit(0, 8, &p)),
        (
            "non_canonical",
            "p in a row of slab 0",
            edit(opening, 8, &p),
        ),
        (
            "non_canonical",
            "p in the final vector",
            edit(last + 16, 8, &p),
        ),
        ("grinding", "another nonce", flip(nonce + 7)),
        (
            "grinding",
            "S changed: what follows is drawn anew, and the nonce no longer fits",
            flip(23),
        ),
        ("merkle", "a row changed", flip(opening + 7)),
        ("merkle", "a salt changed", flip(salt)),
        ("merkle", "the last sibling changed", flip(end - 1)),
        (
            "last_query",
            "a final vector that is not the fold",
            lie(Lie::Final),
        ),
        (
            "final_claim",
            "a wrong answer out of the domain",
            lie(Lie::LastOod),
        ),
    ];
    all.map(|(slug, note, edit)| (slug, note, "edit", edit))
        .into()
}

/// The honest argument under another statement.
fn statements(made: &Made) -> Vec<Change> {
    let world = &made.world;
    let root = |(slab, mut root): (usize, [u8; 32])| {
        root[5] ^= 1;
        let change = json!({"slab": slab, "value": hex(&root)});
        (
            "merkle",
            "another root than the one that was opened",
            "root",
            change,
        )
    };
    let claim = |claim: usize| {
        let value = of_k(world.claims[claim].constant + K::ONE);
        let change = json!({"claim": claim, "value": value});
        (
            "final_claim",
            "a claim that does not hold",
            "constant",
            change,
        )
    };
    let y = |slab: usize| {
        let value = of_k(world.slabs[slab].commitment.y().unwrap() + unit());
        let change = json!({"slab": slab, "value": value});
        ("final_claim", "a y that is not the slab's", "y", change)
    };
    let roots = world.roots().into_iter().enumerate().map(root);
    let claims = [0, world.claims.len() - 1].map(claim);
    roots
        .chain(claims)
        .chain((0..world.slabs.len()).map(y))
        .collect()
}

/// All broken ones of the first case.
pub fn broken(made: &Made) -> Vec<Value> {
    let all = edits(made).into_iter().chain(statements(made));
    all.map(|(expected, note, what, change)| {
        let mut out = json!({"case": 0, "note": note, "expected": expected});
        out[what] = change;
        out
    })
    .collect()
}
