//! Execution of whole programs, and what it refuses by name: relations, givens, public values, validity.

use std::collections::BTreeMap;
use tacit_algebra::f_from_i64;
use tacit_program::*;
use tacit_testkit::program::mlp::{mlp, run_mlp};
use tacit_testkit::program::*;
use tacit_testkit::Rng;

#[test]
fn an_mlp_executes_as_by_hand() {
    let p = mlp(2, 5, 3);
    let (prepared, trace) = run_mlp(&p, 5);
    for (i, y) in trace.tensors[5].iter().enumerate() {
        let (n, o) = (i / 3, i % 3);
        let sum: i64 = (0..5)
            .map(|k| trace.tensors[0][o * 5 + k] * trace.tensors[2][n * 5 + k])
            .sum();
        assert_eq!(*y, ((sum + trace.tensors[1][o] + 128) >> 8).max(0));
    }
    assert_eq!(
        trace
            .multiplicities
            .iter()
            .map(|m| m.iter().sum::<i64>())
            .collect::<Vec<_>>(),
        [6, 6]
    );
    assert_eq!(prepared.intervals[3], Some((0, 255)));
    assert_eq!(prepared.intervals[4], Some((-(1 << 15), (1 << 15) - 1)));

    // Sizes, counted by hand: tables of 2^16 and 2^8 leaves, two lookups of 2^3.
    let s = &prepared.sizes;
    let blocks: Vec<_> = s
        .blocks
        .iter()
        .map(|b| (b.item, b.offset, b.bits))
        .collect();
    let (relu, byte) = ((Item::Table(1), 0, 16), (Item::Table(0), 1 << 16, 8));
    let lookup = |i: u32| (Item::Lookup(i), (1 << 16) + 256 + 8 * i as u64, 3);
    assert_eq!(blocks, [relu, byte, lookup(0), lookup(1)]);
    assert_eq!((s.depth, s.n_pad, s.arity, s.einsum_rounds), (17, 4, 17, 3));
    assert_eq!(prepared.einsums[0].ends, Ends::A);
    assert_eq!(
        (s.products, s.triples, s.product_rounds),
        (0, 1 + 51 + 3, 6)
    );
    assert_eq!(s.pads, 2 + 3 * 17 * 16 / 2 + 7 * 17 + 3 * 3 + 1 + 3 + 3 * 6);

    // Layout: largest padded block first, multiplicities after the tensors.
    let witness = prepared.slab_layout(1);
    assert_eq!(witness.order, [7, 6, 3, 4]);
    assert_eq!(
        witness.offsets,
        [0, 1 << 16, (1 << 16) + 256, (1 << 16) + 264]
    );
    assert_eq!(witness.cells, (1 << 16) + 256 + 16);
    assert_eq!(witness.offset_of(4), Some((1 << 16) + 264));
    let model = prepared.slab_layout(0);
    assert_eq!((&model.order[..], model.cells), (&[0, 1][..], 32 + 4));
    let cells = pack(&prepared, 0, &trace).unwrap();
    assert_eq!(cells[8 + 4], f_from_i64(trace.tensors[0][5 + 4]));
    assert_eq!((cells[5], cells.len()), (f_from_i64(0), 36));
}

#[test]
fn execution_names_what_does_not_hold() {
    let refuse = |p: Program, givens: Vec<(u32, Vec<i64>)>| {
        let prepared = Prepared::new(p).unwrap();
        let e = execute(&prepared, givens.clone()).unwrap_err();
        assert_eq!(e.slug, "execution");
        for cut in 0..=givens.len() {
            let (first, rest) = givens.split_at(cut);
            let shared = Shared::new(&prepared, first.iter().cloned());
            let again = shared.and_then(|s| s.execute(rest.iter().cloned()));
            assert_eq!(again.unwrap_err(), e);
        }
        (e.rule, e.place)
    };
    let p = mlp(1, 1, 1);
    let good = vec![(0, vec![2]), (1, vec![3]), (2, vec![4])];
    let with = |t: u32, v: Vec<i64>| {
        good.iter()
            .cloned()
            .map(|(i, old)| (i, if i == t { v.clone() } else { old }))
            .collect()
    };
    assert_eq!(
        refuse(p.clone(), with(0, vec![200])),
        ("tensor_interval", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), with(0, vec![2, 3])),
        ("given_shape", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), good[..2].to_vec()),
        ("given_missing", "x".into())
    );
    assert_eq!(
        refuse(p.clone(), [&good[..], &[(0, vec![2])]].concat()),
        ("written_twice", "w".into())
    );
    assert_eq!(
        refuse(p.clone(), [&good[..], &[(3, vec![2])]].concat()),
        ("given_unknown", "givens".into())
    );

    let mut q = p.clone();
    q.hints.pop();
    assert_eq!(refuse(q, good.clone()), ("unwritten", "y".into()));
    let mut q = p.clone();
    q.hints.swap(0, 1);
    assert_eq!(refuse(q, good.clone()), ("unwritten", "high".into()));
    let mut q = p.clone();
    q.hints[1] = Hint::Linear {
        dst: 5,
        expr: expr(7, vec![]),
    };
    assert_eq!(
        refuse(q, good.clone()),
        ("lookup_output", "lookup act".into())
    );
    let mut q = p.clone();
    let Hint::Digits { expr: sum, .. } = &mut q.hints[0] else {
        unreachable!()
    };
    sum.constant += 1;
    assert_eq!(refuse(q, good.clone()), ("zero", "zero shift".into()));
    let mut q = p.clone();
    q.tables[0].kind = TableKind::Range { lo: 0, len: 100 };
    assert_eq!(
        refuse(q, good.clone()),
        ("lookup_input", "lookup low".into())
    );
    let mut q = p.clone();
    q.tables[1].kind = TableKind::Relu { lo: 5, len: 9 };
    assert_eq!(refuse(q, good.clone()), ("table_input", "y".into()));
}

/// Nothing bounds a product that is only said to be 0: execution looks at its factors, also where 64 bits would wrap to 0.
#[test]
fn a_product_beyond_64_bits_saturates() {
    let mut p = empty("bare");
    p.tensors = vec![
        tensor("x", &[2, 3], Place::Public, -(1 << 62), 1 << 62),
        tensor("y", &[3], Place::Public, -(1 << 62), 1 << 62),
    ];
    p.einsums.push(Einsum {
        name: "xy".into(),
        extents: vec![2, 3],
        a_axes: vec![0, 1],
        b_axes: vec![1],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(1, 1),
    });
    p.zeros.push(Zero {
        name: "xy".into(),
        shape: vec![2, 3],
        expr: expr(0, vec![identity(Source::Einsum(0), 2, -1)]),
    });
    for (tensor, name) in [(0, "x"), (1, "y")] {
        p.inputs.push(Port {
            name: name.into(),
            tensor,
            frac: 0,
        });
    }
    let prepared = Prepared::new(p).unwrap();
    let run = |x: [i64; 6], y: [i64; 3]| {
        execute(&prepared, [(0, x.to_vec()), (1, y.to_vec())])
            .map(|_| ())
            .map_err(|e| (e.rule, e.place))
    };
    let not_zero = Err(("zero", "zero xy".to_string()));
    let most = 1 << 62;
    assert_eq!(run([most, 0, 0, most, 0, 0], [0, most, -most]), Ok(()));
    assert_eq!(run([0, 0, 0, 0, 1 << 32, 0], [0, 1 << 32, 0]), not_zero);
    assert_eq!(run([0, 0, 0, 0, -most, 0], [0, most, 0]), not_zero);
    assert_eq!(run([0, 0, 0, 0, 0, 1], [most, most, 1]), not_zero);
}

#[test]
fn validity_programs_execute() {
    let tensors: Vec<(String, Vec<u32>, i64, i64)> = vec![
        ("big".into(), vec![5, 3], -(1 << 19), (1 << 19) - 1),
        ("small".into(), vec![4], -3, 96),
        ("byte".into(), vec![2], -128, 127),
        ("same".into(), vec![2], -128, 127),
    ];
    let p = validity_program("model", &tensors).unwrap();
    assert_eq!(
        p.tensors
            .iter()
            .map(|t| t.name.as_str())
            .collect::<Vec<_>>(),
        [
            "big",
            "small",
            "byte",
            "same",
            "big.digit0",
            "big.digit1",
            "big.digit2"
        ]
    );
    let tables: Vec<&str> = p.tables.iter().map(|t| t.name.as_str()).collect();
    assert_eq!(
        tables,
        ["range0+256", "range0+16", "range-3+100", "range-128+256"]
    );
    assert_eq!((p.lookups.len(), p.zeros.len(), p.hints.len()), (6, 1, 1));
    let prepared = Prepared::new(p).unwrap();
    let mut rng = Rng(1);
    let mut givens = BTreeMap::new();
    for (i, (_, shape, lo, hi)) in tensors.iter().enumerate() {
        givens.insert(i as u32, rng.values(entries(shape), *lo, *hi));
    }
    let trace = execute(&prepared, givens.clone()).unwrap();
    for (i, v) in trace.tensors[0].iter().enumerate() {
        let digits = [4, 5, 6].map(|t| trace.tensors[t][i]);
        assert_eq!(
            v + (1 << 19),
            digits[0] + 256 * digits[1] + 65536 * digits[2]
        );
    }
    assert_eq!(
        prepared
            .schema_tensors(0)
            .iter()
            .map(|t| t.0.as_str())
            .collect::<Vec<_>>(),
        ["big", "small", "byte", "same"]
    );
    givens.insert(1, vec![0, 0, 0, 97]);
    assert_eq!(
        execute(&prepared, givens).unwrap_err().rule,
        "tensor_interval"
    );

    let wide = |lo, hi| validity_program("m", &[("w".into(), vec![1 << 15], lo, hi)]);
    assert_eq!(wide(0, 65535).unwrap().tables[0].name, "range0+65536");
    assert_eq!(wide(0, 65536).unwrap_err().slug, "schema");
    assert_eq!(wide(0, (1 << 20) - 1).unwrap().tensors.len(), 3);
    assert_eq!(wide(5, 4).unwrap_err().slug, "schema");
    assert_eq!(wide(i64::MIN, i64::MAX).unwrap_err().slug, "schema");
}

#[test]
fn publics_are_checked() {
    let prepared = Prepared::new(mlp(1, 2, 2)).unwrap();
    let check = |lists: Vec<Vec<i64>>| {
        Publics(lists)
            .check(&prepared)
            .map_err(|e| (e.slug, e.rule))
    };
    assert_eq!(check(vec![vec![1, 2], vec![3, 4]]), Ok(()));
    assert_eq!(
        check(vec![vec![1, 2]]),
        Err(("public_shape", "public_count"))
    );
    assert_eq!(
        check(vec![vec![1, 2], vec![3]]),
        Err(("public_shape", "public_shape"))
    );
    assert_eq!(
        check(vec![vec![1, 128], vec![3, 4]]),
        Err(("public_interval", "public_interval"))
    );
}
