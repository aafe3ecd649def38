//! Leaves of the LogUp tree that are made again on the way down give the messages of those that are kept.

use tacit_algebra::K;
use tacit_pcs::NoHooks;
use tacit_program::{entries, execute, Expr, Hint, Place, TableKind};
use tacit_prover::testing::prove_logup_keeping;
use tacit_testkit::training::trained;
use tacit_testkit::*;
use tacit_transcript::Writer;

/// The argument of a program's lookups, and the triples.
fn argument(case: &Case, again: usize) -> (Vec<u8>, Vec<[K; 3]>) {
    let trace = execute(&case.prepared, case.givens.clone()).unwrap();
    let mut writer = Writer::new();
    writer.set_pads(vec![K::default(); case.prepared.sizes.pads as usize]);
    let prepared = &case.prepared;
    let triples = prove_logup_keeping(&mut writer, prepared, &trace, &mut NoHooks, again);
    (writer.into_proof(), triples)
}

/// Lookups of these shapes, with outputs and without, beside tables of all kinds.
fn lookups(shapes: &[&[u32]]) -> Case {
    let mut p = Builder::new("lookups", &[("data", true)]);
    let wide = p.table("wide", TableKind::Range { lo: -128, len: 256 });
    let signs = p.table("sign", TableKind::Sign { lo: -128, len: 256 });
    let outs = (-100..=99).map(|v: i64| v * v * v).collect();
    let cubes = p.table("cubes", TableKind::Values { lo: -100, outs });
    let mut givens = Vec::new();
    for (i, &shape) in shapes.iter().enumerate() {
        let x = p.tensor(&format!("x{i}"), shape, Place::Slab(0), -100, 99);
        let input = expr(0, vec![same(1, x, shape.len() as u8)]);
        givens.push((x, numbers(i as u64 + 1, entries(shape), -100, 99)));
        let shift = expr(1, vec![same(1, x, shape.len() as u8)]);
        p.lookup("range", wide, shape, shift, 0, Expr::default());
        let (table, most) = [(signs, 1), (cubes, 1 << 20)][i % 2];
        let y = p.tensor(&format!("y{i}"), shape, Place::Witness, -most, most);
        let output = expr(0, vec![same(1, y, shape.len() as u8)]);
        p.lookup("out", table, shape, input.clone(), 0, output);
        p.hint(Hint::Lookup {
            dst: y,
            table,
            expr: input,
            shift: 0,
        });
    }
    Case {
        prepared: p.prepare(),
        givens,
    }
}

#[test]
fn leaves_made_again_are_those_that_are_kept() {
    let cases = [
        ("mlp", mlp()),
        ("links", links()),
        ("trained", trained()),
        ("one large", lookups(&[&[4096]])),
        (
            "not powers of two",
            lookups(&[&[37, 70], &[3, 5, 300], &[64], &[63], &[1]]),
        ),
        (
            "small ones",
            lookups(&[&[3], &[5], &[7, 2], &[1], &[33], &[2, 2]]),
        ),
        (
            "as large as the tree",
            lookups(&[&[1 << 12], &[1 << 11], &[100], &[31, 33]]),
        ),
    ];
    for (name, case) in cases {
        let kept = argument(&case, usize::MAX);
        assert!(!kept.0.is_empty(), "{name}");
        assert!(argument(&case, 0) == kept, "{name}");
    }
}
