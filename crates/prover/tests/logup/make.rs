//! Cases from programs and a prover, honest and with one step replaced.

use crate::logup::judge::{judge, layers};
use crate::logup::leaves::leaves;
use crate::logup::programs;
use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use tacit_algebra::{F, K, P};
use tacit_pcs::random::{Stream, PADS};
use tacit_program::*;
use tacit_prover::testing::prove_logup;
use tacit_testkit::lie::{count, set, Lie};
use tacit_testkit::vectors::*;
use tacit_transcript::Writer;

/// Lookups and tables by their numbers, blocks and counts.
fn of_relations(prepared: &Prepared, trace: &Trace) -> Value {
    let lookup = |l: &Lookup| {
        let column = |e| dense(prepared, e, &l.shape, trace).into_owned();
        json!({
            "shape": l.shape,
            "table": l.table,
            "shift": l.shift,
            "inputs": column(&l.input),
            "outputs": column(&l.output),
        })
    };
    let table = |t: &Table| {
        let rows = (0..table_len(&t.kind)).map(|i| table_row(&t.kind, i));
        let (ins, outs): (Vec<i64>, Vec<i64>) = rows.unzip();
        json!({"ins": ins, "outs": outs})
    };
    let block = |b: &Block| match b.item {
        Item::Lookup(i) => json!({"lookup": i, "offset": b.offset, "bits": b.bits}),
        Item::Table(i) => json!({"table": i, "offset": b.offset, "bits": b.bits}),
    };
    let (program, sizes) = (&prepared.program, &prepared.sizes);
    json!({
        "program": hex(&prepared.bytes),
        "lookups": program.lookups.iter().map(lookup).collect::<Vec<_>>(),
        "tables": program.tables.iter().map(table).collect::<Vec<_>>(),
        "multiplicities": trace.multiplicities,
        "blocks": sizes.blocks.iter().map(block).collect::<Vec<_>>(),
        "depth": sizes.depth,
        "padding": sizes.n_pad,
    })
}

/// What a prover sends for a trace.
fn argument(
    prepared: &Prepared,
    trace: &Trace,
    pads: &[K],
    from: &Value,
    lie: &mut Lie,
) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.sponge = start(from);
    writer.set_pads(pads.to_vec());
    prove_logup(&mut writer, prepared, trace, lie);
    assert_eq!(writer.pads_used(), pads.len());
    writer.into_proof()
}

fn case(note: &str, (prepared, trace): &(Prepared, Trace)) -> Value {
    let d = prepared.sizes.depth as usize;
    let seed = [note.len() as u8; 32];
    let pads = Stream::new(&seed, PADS).k_vec(2 + 3 * d * (d - 1) / 2 + 7 * d);
    let mut case = of_relations(prepared, trace);
    case["note"] = json!(note);
    case["pads"] = of_ks(&pads);
    case["cells"] = (0..2)
        .map(|slab| of_elements(&pack(prepared, slab, trace).unwrap()))
        .collect();
    case["start"] = of_start(&[
        ("program", prepared.digest.to_vec()),
        ("context", note.into()),
    ]);
    let argument = argument(prepared, trace, &pads, &case["start"], &mut Lie::default());
    case["argument"] = json!(hex(&argument));
    let judged = judge(&case, &Value::Null).unwrap();
    let (p, q) = leaves(&case, judged.alpha, judged.beta);
    case["alpha"] = of_k(judged.alpha);
    case["beta"] = of_k(judged.beta);
    case["leaves"] = json!({"numerators": of_ks(&p), "denominators": of_ks(&q)});
    let (root, layers) = layers(&argument, &case, &pads);
    case["root"] = root;
    case["layers"] = json!(layers);
    case["r"] = of_ks(&judged.r);
    case["triples"] = judged.triples.iter().map(|t| of_ks(t)).collect();
    case["end_state"] = json!(judged.state);
    judged.write(&mut case);
    case
}

/// The first byte of a layer's messages.
fn offset(layer: usize) -> usize {
    48 + (0..layer).map(|j| 72 * j + 168).sum::<usize>()
}

/// Bytes, secrets and challenges of an honest case changed.
fn broken(cases: &[Value]) -> Vec<Value> {
    let small = &cases[1];
    let sent = bytes(&small["argument"]);
    let end = sent.len();
    let flip = |at: usize| edit(at, 1, &[sent[at] ^ 1]);
    let (prepared, trace) = programs::small();
    let pads = list(&small["pads"], k);
    let lie = |mut lie: Lie| {
        let lying = argument(&prepared, &trace, &pads, &small["start"], &mut lie);
        edit_between(&sent, &lying)
    };
    let product = Lie {
        products: [(4, K::ONE)].into(),
        ..Lie::default()
    };
    let inverse = Lie {
        inverse: Some(K::ONE),
        ..Lie::default()
    };
    let cell = |case: &Value, slab: usize, cell: usize| {
        let old = elements(&case["cells"][slab])[cell];
        json!({"slab": slab, "cell": cell, "value": of_elements(&[old + F::ONE])})
    };
    let mut other_pads = small["pads"].clone();
    other_pads[9] = of_k(pads[9] + K::ONE);
    let layout = &programs::blocks().0.layouts;
    // x is 3 by 3 in a block of 16: cell 3 is no valid index. Row 5 of relu's block of 8 is none of its five.
    let x = layout[0].offset_of(1).unwrap();
    let relu = layout[1].offset_of(5 + 2).unwrap();
    let all = [
        (1, "Q changed", "edit", flip(23)),
        (
            1,
            "an end of layer 1 changed",
            "edit",
            flip(offset(1) + 72 + 23),
        ),
        (
            1,
            "an end of the last layer changed",
            "edit",
            flip(offset(2) + 2 * 72 + 23),
        ),
        (
            1,
            "a round of the last layer changed",
            "edit",
            flip(offset(2) + 47),
        ),
        (
            1,
            "a prover whose first product of layer 1 is one larger",
            "edit",
            lie(product),
        ),
        (1, "a prover whose inverse of Q is 1", "edit", lie(inverse)),
        (1, "another pad", "pads", other_pads),
        (
            1,
            "another multiplicity than in the tree",
            "cell",
            cell(small, 1, 0),
        ),
        (
            1,
            "another input than in the tree",
            "cell",
            cell(small, 0, 2),
        ),
        (
            2,
            "a cell at an invalid index: in no form",
            "cell",
            cell(&cases[2], 0, x + 3),
        ),
        (
            2,
            "a multiplicity behind the table's rows: in no form",
            "cell",
            cell(&cases[2], 1, relu + 5),
        ),
        (
            2,
            "the multiplicity of the table's last row",
            "cell",
            cell(&cases[2], 1, relu + 4),
        ),
        (1, "nothing", "edit", edit(0, end, &[])),
        (1, "one byte less", "edit", edit(end - 1, 1, &[])),
        (1, "one byte more", "edit", edit(end, 0, &[0])),
        (
            1,
            "an element of p",
            "edit",
            edit(offset(1), 8, &P.to_be_bytes()),
        ),
        (
            1,
            "alpha = 0, which no argument brings about",
            "challenge",
            json!({"kind": "alpha", "value": of_k(K::ZERO)}),
        ),
    ];
    let make = |(case, note, what, change): (usize, &str, &str, Value)| {
        let mut out = json!({"case": case, "note": note});
        out[what] = change;
        match judge(&cases[case], &out) {
            Ok(judged) => judged.write(&mut out),
            Err(slug) => out["expected"] = json!(slug),
        }
        out
    };
    all.into_iter().map(make).collect()
}

pub fn vectors() -> Value {
    let mut miscounted = programs::small();
    miscounted.1.multiplicities[0][1] += 1;
    let mut outside = programs::small();
    set(&mut outside.1, 0, 3, |_| 2);
    count(&outside.0, &mut outside.1);
    let cases = [
        case("two leaves", &programs::two_leaves()),
        case("four entries, three rows", &programs::small()),
        case(
            "blocks of many sizes, padding, shift, two columns, a shared table, unused leaves",
            &programs::blocks(),
        ),
        case("a wrong multiplicity", &miscounted),
        case("a value outside the table", &outside),
    ];
    let broken = broken(&cases);
    json!({"cases": cases, "broken": broken})
}
