//! The leaves as docs/protocol/protocol.md, section 6, describes them.

use p3_field::PrimeCharacteristicRing;
use serde_json::Value;
use tacit_algebra::field::half_power;
use tacit_algebra::{f_from_i64, F, K};
use tacit_testkit::vectors::*;

/// Numerators and denominators of all leaves (section 6), from a case's numbers.
pub fn leaves(case: &Value, alpha: K, beta: K) -> (Vec<K>, Vec<K>) {
    let n = 1 << number(&case["depth"]);
    let (mut p, mut q) = (vec![K::ZERO; n], vec![K::ONE; n]);
    let integers = |v: &Value| list(v, |x| f_from_i64(x.as_i64().unwrap()));
    let leaf = |tag: usize, input: F, output: F| {
        alpha - F::from_usize(tag + 1) - beta * input - beta * beta * output
    };
    for block in list(&case["blocks"], Value::clone) {
        let at = number(&block["offset"]);
        let places = at..at + (1 << number(&block["bits"]));
        q[places.clone()].fill(alpha);
        if let Some(table) = block.get("table").map(number) {
            let counts = integers(&case["multiplicities"][table]);
            let rows = &case["tables"][table];
            let rows = integers(&rows["ins"])
                .into_iter()
                .zip(integers(&rows["outs"]));
            for (i, ((x, y), m)) in rows.zip(counts).enumerate() {
                (p[at + i], q[at + i]) = (-K::from(m), leaf(table, x, y));
            }
            continue;
        }
        let lookup = &case["lookups"][number(&block["lookup"])];
        p[places].fill(K::ONE);
        let (table, half) = (
            number(&lookup["table"]),
            half_power(number(&lookup["shift"]) as u32),
        );
        let shape = each(&lookup["shape"], number);
        let rows = integers(&lookup["inputs"])
            .into_iter()
            .zip(integers(&lookup["outputs"]));
        for (i, (x, y)) in rows.enumerate() {
            q[at + padded_index(&shape, i)] = leaf(table, x * half, y);
        }
    }
    (p, q)
}

/// Row-major over the extents to row-major over their powers of two.
fn padded_index(shape: &[usize], mut i: usize) -> usize {
    let (mut out, mut step) = (0, 1);
    for &extent in shape.iter().rev() {
        out += step * (i % extent);
        i /= extent;
        step *= extent.next_power_of_two();
    }
    out
}
