//! Bytes and validate(): every rule by name, and no panic on anything.

mod common;
use common::*;
use proptest::prelude::{any, prop, proptest, Just, ProptestConfig, Strategy};
use tacit_program::*;

/// y = relu((w x + b) >> 8), with a constant and every kind of hint.
fn program() -> Program {
    let mut p = empty("net");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("w", &[3, 4], Place::Slab(0), -128, 127),
        tensor("x", &[2, 4], Place::Public, -128, 127),
        tensor("low", &[2, 3], Place::Witness, 0, 255),
        tensor("high", &[2, 3], Place::Witness, -512, 511),
        tensor("y", &[2, 3], Place::Witness, 0, 511),
        tensor("one", &[3], Place::Constant(vec![1, 2, 3]), 1, 3),
    ];
    p.tables = vec![
        Table {
            name: "byte".into(),
            kind: TableKind::Range { lo: 0, len: 256 },
        },
        Table {
            name: "relu".into(),
            kind: TableKind::Relu {
                lo: -512,
                len: 1024,
            },
        },
        Table {
            name: "list".into(),
            kind: TableKind::Values {
                lo: 0,
                outs: vec![4, 5, 6],
            },
        },
        Table {
            name: "clamp".into(),
            kind: TableKind::Clamp {
                lo: -4,
                len: 8,
                low: -2,
                high: 2,
            },
        },
    ];
    p.einsums.push(Einsum {
        name: "wx".into(),
        extents: vec![2, 3, 4],
        a_axes: vec![1, 2],
        b_axes: vec![0, 2],
        out_axes: vec![0, 1],
        a: whole(0, 2),
        b: whole(1, 2),
    });
    let shape = vec![2, 3];
    let one = Term {
        coef: 9,
        source: Source::Tensor(5),
        links: vec![link(&[(1, 1)], &[(0, 1)], 0)],
    };
    let sum = expr(128, vec![identity(Source::Einsum(0), 2, 1), one]);
    let mut zero = sum.clone();
    zero.terms.push(identity(Source::Tensor(2), 2, -1));
    zero.terms.push(identity(Source::Tensor(3), 2, -256));
    p.zeros.push(Zero {
        name: "shift".into(),
        shape: shape.clone(),
        expr: zero,
    });
    let lookup = |name: &str, table, input, output| Lookup {
        name: name.into(),
        table,
        shape: shape.clone(),
        input,
        shift: 0,
        output,
    };
    p.lookups = vec![
        lookup("low", 0, whole(2, 2), Expr::default()),
        lookup("act", 1, whole(3, 2), whole(4, 2)),
    ];
    p.hints = vec![
        Hint::Digits {
            shape,
            expr: sum,
            digits: vec![(2, 8)],
            quotient: Some(3),
        },
        Hint::Lookup {
            dst: 4,
            table: 1,
            expr: whole(3, 2),
            shift: 0,
        },
    ];
    p.inputs = vec![Port {
        name: "x".into(),
        tensor: 1,
        frac: 4,
    }];
    p.outputs = vec![Port {
        name: "y".into(),
        tensor: 4,
        frac: 4,
    }];
    p
}

fn rule(edit: impl FnOnce(&mut Program)) -> &'static str {
    let mut p = program();
    edit(&mut p);
    let e = validate(&p).expect_err("a rule is broken");
    assert_eq!(e.slug, "program");
    assert!(
        e.to_string().contains(&e.place) && !e.place.is_empty() && !e.got.is_empty(),
        "{e}"
    );
    e.rule
}

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

#[test]
fn head() {
    assert_eq!(rule(|p| p.version = 2), "version");
    assert_eq!(rule(|p| p.name = "n".repeat(129)), "name");
    assert_eq!(rule(|p| p.slabs[0].name.clear()), "slab_name");
    assert_eq!(rule(|p| p.slabs.push(p.slabs[0].clone())), "slab_name");
    assert_eq!(rule(|p| p.slabs = vec![p.slabs[0].clone(); 17]), "limit");
    assert_eq!(
        rule(|p| p.hints = vec![p.hints[0].clone(); (1 << 16) + 1]),
        "limit"
    );
    assert_eq!(rule(|p| p.tensors[1].name = "w".into()), "tensor_name");
    assert_eq!(rule(|p| p.tensors[1].name.clear()), "tensor_name");
    assert_eq!(rule(|p| p.lookups.clear()), "tables_without_lookups");
    assert_eq!(rule(|p| p.inputs[0].tensor = 5), "port");
    assert_eq!(rule(|p| p.outputs[0].tensor = 6), "port");
    assert_eq!(rule(|p| p.inputs[0].name.clear()), "port_name");
    assert_eq!(rule(|p| p.outputs[0].name.clear()), "port_name");
    let twice = |ports: &mut Vec<Port>| {
        let mut other = ports[0].clone();
        other.frac += 1;
        ports.push(other);
    };
    assert_eq!(rule(|p| twice(&mut p.inputs)), "port_name");
    assert_eq!(rule(|p| twice(&mut p.outputs)), "port_name");
    assert_eq!(rule(|p| p.outputs[0].frac = -513), "port_frac");
    assert_eq!(rule(|p| p.inputs[0].frac = i32::MIN), "port_frac");
    let mut p = program();
    (p.inputs[0].frac, p.outputs[0].frac) = (512, -512);
    p.outputs[0].name = p.inputs[0].name.clone();
    assert!(validate(&p).is_ok(), "inputs and outputs are apart");
}

/// Closed-form tables take 21 bytes of a file and up to 2^20 rows of a verifier's memory.
#[test]
fn rows_of_all_tables() {
    let with = |n: usize, len: u32| {
        let mut p = program();
        let table = |i| Table {
            name: format!("t{i}"),
            kind: TableKind::Range { lo: 0, len },
        };
        p.tables.extend((0..n).map(table));
        p
    };
    // 256, 1024, 4 and 8 rows are the program's own.
    assert!(validate(&with(15, 1 << 20)).is_ok());
    let refused = |p: &Program| validate(p).unwrap_err().rule;
    assert_eq!(refused(&with(16, 1 << 20)), "table_total");
    assert_eq!(refused(&with(16, (1 << 19) + 1)), "table_total");
    assert_eq!(refused(&with(65000, 1 << 20)), "table_total");
}

#[test]
fn tensors_and_tables() {
    assert_eq!(rule(|p| p.tensors[4].shape = vec![1; 9]), "shape");
    assert_eq!(rule(|p| p.tensors[4].shape = vec![2, 0]), "shape");
    assert_eq!(
        rule(|p| p.tensors[4].shape = vec![(1 << 15) + 1, 1 << 15]),
        "shape"
    );
    assert_eq!(rule(|p| p.tensors[4].shape = vec![u32::MAX; 8]), "shape");
    assert_eq!(rule(|p| p.tensors[0].lo = 128), "tensor_interval");
    assert_eq!(rule(|p| p.tensors[0].lo = i64::MIN), "tensor_interval");
    assert_eq!(rule(|p| p.tensors[0].place = Place::Slab(1)), "tensor_slab");
    assert_eq!(
        rule(|p| p.tensors[5].place = Place::Constant(vec![1])),
        "constant_values"
    );
    assert_eq!(
        rule(|p| p.tensors[5].place = Place::Constant(vec![1, 2, 4])),
        "constant_values"
    );
    assert_eq!(
        rule(|p| p.tables[0].kind = TableKind::Range { lo: 0, len: 0 }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[0].kind = TableKind::Range {
            lo: 0,
            len: (1 << 20) + 1
        }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Values {
            lo: 0,
            outs: vec![]
        }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Range {
            lo: i64::MAX,
            len: 2
        }),
        "table_values"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Sign {
            lo: i64::MIN,
            len: 2
        }),
        "table_values"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Values {
            lo: 0,
            outs: vec![i64::MIN]
        }),
        "table_values"
    );
}

/// A clamp's ends are numbers of a file: in order and within the field, whether a row takes them or not.
#[test]
fn ends_of_a_clamp() {
    let with = |lo, len, low, high| {
        let mut p = program();
        p.tables[2].kind = TableKind::Clamp { lo, len, low, high };
        validate(&p).map_or_else(|e| e.rule, |()| "accepted")
    };
    let half = (tacit_algebra::P / 2) as i64;
    assert_eq!(with(-8, 16, -2, 5), "accepted");
    assert_eq!(with(-8, 16, 5, 5), "accepted");
    assert_eq!(with(-8, 16, -half, half), "accepted");
    assert_eq!(with(half - 1, 2, half, half), "accepted");
    assert_eq!(with(-8, 16, 5, 4), "table_clamp");
    assert_eq!(with(-8, 16, i64::MAX, i64::MIN), "table_clamp");
    assert_eq!(with(-8, 16, -half - 1, 0), "table_clamp");
    assert_eq!(with(-8, 16, 0, half + 1), "table_clamp");
    assert_eq!(with(0, 1, i64::MIN, i64::MAX), "table_clamp");
    assert_eq!(with(0, 0, 0, 1), "table_rows");
    assert_eq!(with(0, u32::MAX, 0, 1), "table_rows");
    assert_eq!(with(half, 2, 0, 1), "table_values");
    assert_eq!(with(i64::MIN, 2, 0, 1), "table_values");
}

/// What a clamp bounds: the corners of its rows, clamped.
#[test]
fn a_clamp_bounds_its_output() {
    let y = |lo, len, low, high| {
        let mut p = program();
        p.tables[1].kind = TableKind::Clamp { lo, len, low, high };
        p.tensors[3].lo = lo;
        p.tensors[3].hi = lo + i64::from(len) - 1;
        (p.tensors[4].lo, p.tensors[4].hi) = (-4096, 4096);
        Prepared::new(p).unwrap().intervals[4]
    };
    assert_eq!(y(-512, 1024, -100, 200), Some((-100, 200)));
    assert_eq!(y(-512, 1024, -1000, 1000), Some((-512, 511)));
    assert_eq!(y(-512, 1024, 600, 700), Some((600, 600)));
    assert_eq!(y(-512, 1024, -700, -600), Some((-600, -600)));
}

fn first_term(p: &mut Program) -> &mut Term {
    &mut p.zeros[0].expr.terms[2]
}

#[test]
fn expressions() {
    assert_eq!(rule(|p| first_term(p).coef = 0), "term_coef");
    assert_eq!(
        rule(|p| first_term(p).source = Source::Tensor(6)),
        "term_source"
    );
    assert_eq!(
        rule(|p| first_term(p).source = Source::Einsum(1)),
        "term_source"
    );
    assert_eq!(
        rule(|p| first_term(p).links.push(link(&[], &[], 0))),
        "link_empty"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target[0].0 = 2),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].source[0].0 = 255),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].source[0].0 = 1),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target.push((0, 1))),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target[0].1 = 0),
        "link_stride"
    );
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms[0].links.swap(0, 1)),
        "einsum_term"
    );
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms[0].links[0].offset = 1),
        "einsum_term"
    );
    assert_eq!(rule(|p| p.zeros[0].shape = vec![3, 2]), "einsum_term");
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms = vec![first_term(p).clone(); (1 << 16) + 1]),
        "limit"
    );
    let costly = |shape: Vec<u32>, count: usize| {
        rule(|p| {
            p.tensors[4].shape = shape.clone();
            let links = vec![link(&[], &[(0, 1), (1, 1)], 0)];
            let term = Term {
                coef: 1,
                source: Source::Tensor(4),
                links,
            };
            p.zeros[0].expr.terms.extend(vec![term; count]);
        })
    };
    assert_eq!(costly(vec![1 << 12, (1 << 12) + 1], 1), "link_cost");
    assert_eq!(costly(vec![1 << 11, 1 << 11], 40), "total_cost");
    assert_eq!(
        rule(|p| {
            p.tensors
                .push(tensor("long", &[(1 << 24) + 1], Place::Slab(0), 0, 0));
            p.zeros[0].expr.terms.push(Term {
                coef: 1,
                source: Source::Tensor(6),
                links: vec![],
            });
        }),
        "link_cost"
    );
}

#[test]
fn relations() {
    assert_eq!(rule(|p| p.einsums[0].a_axes = vec![1, 1]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].a_axes = vec![1, 3]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].out_axes = vec![0]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].extents.push(1)), "einsum_labels");
    assert_eq!(
        rule(|p| p.einsums[0].extents = vec![1; 300]),
        "einsum_labels"
    );
    assert_eq!(rule(|p| p.einsums[0].extents[2] = 0), "shape");
    assert_eq!(
        rule(|p| p.einsums[0].a = expr(0, vec![identity(Source::Einsum(0), 2, 1)])),
        "einsum_operand"
    );
    assert_eq!(rule(|p| p.lookups[0].table = 4), "lookup_table");
    assert_eq!(rule(|p| p.lookups[0].shift = 63), "lookup_shift");
    assert_eq!(rule(|p| p.lookups[0].shape = vec![0]), "shape");
    assert_eq!(
        rule(|p| {
            let mut l = p.lookups[0].clone();
            (l.shape, l.input) = (vec![1 << 30], Expr::default());
            p.lookups = vec![l; 1 << 10];
        }),
        "lookup_count"
    );
}

#[test]
fn nothing_may_wrap() {
    // Nothing bounds `high` without its lookup, whatever is declared.
    assert_eq!(
        rule(|p| {
            p.lookups.pop();
            p.hints.pop();
        }),
        "interval_unknown"
    );
    assert_eq!(rule(|p| p.lookups[1].shift = 1), "interval_unknown");
    assert_eq!(rule(|p| p.tensors[2].hi = 254), "interval_declared");
    assert_eq!(rule(|p| p.tensors[4].lo = 1), "interval_declared");
    assert_eq!(rule(|p| first_term(p).coef = 1 << 56), "zero_bound");
    assert_eq!(rule(|p| p.zeros[0].expr.constant = i64::MAX), "zero_bound");
    for (input, output) in [(i64::MAX, 0), (0, i64::MAX)] {
        assert_eq!(
            rule(|p| {
                let mut l = p.lookups[0].clone();
                (l.input, l.output) = (expr(input, vec![]), expr(output, vec![]));
                p.lookups.push(l);
            }),
            "lookup_bound"
        );
    }
    assert_eq!(
        rule(|p| {
            let (input, output) = (
                expr(0, vec![identity(Source::Tensor(2), 2, 1 << 62)]),
                Expr::default(),
            );
            p.lookups.push(Lookup {
                name: "s".into(),
                table: 0,
                shape: vec![2, 3],
                input,
                shift: 62,
                output,
            });
        }),
        "lookup_bound"
    );
    assert_eq!(
        rule(|p| (p.tensors[0].lo, p.tensors[1].hi) = (-(1 << 40), 1 << 40)),
        "einsum_bound"
    );
    assert_eq!(rule(|p| p.einsums[0].a.constant = i64::MIN), "einsum_bound");
    // An output that two tables bound to nothing.
    assert_eq!(
        rule(|p| {
            let mut l = p.lookups[0].clone();
            (l.input, l.output) = (Expr::default(), whole(4, 2));
            l.table = 2;
            p.tables[2].kind = TableKind::Values {
                lo: 0,
                outs: vec![-5],
            };
            p.lookups.push(l);
        }),
        "interval_empty"
    );
}

#[test]
fn zeros_bound_what_they_define() {
    let mut p = program();
    p.tensors
        .push(tensor("sum", &[2, 3], Place::Witness, -(1 << 20), 1 << 20));
    p.tensors.push(tensor(
        "twice",
        &[2, 3],
        Place::Witness,
        -(1 << 20),
        1 << 20,
    ));
    // Backwards on purpose: `twice` from `sum`, `sum` from the einsum.
    let twice = expr(
        1,
        vec![
            identity(Source::Tensor(7), 2, -1),
            identity(Source::Tensor(6), 2, 2),
        ],
    );
    let sum = expr(
        5,
        vec![
            identity(Source::Tensor(6), 2, 1),
            identity(Source::Einsum(0), 2, 1),
        ],
    );
    for (name, expr) in [("twice", twice), ("sum", sum)] {
        p.zeros.push(Zero {
            name: name.into(),
            shape: vec![2, 3],
            expr,
        });
    }
    let prepared = Prepared::new(p).unwrap();
    // |w x| <= 4 * 128 * 128; the corners are -65024 and 65536.
    assert_eq!(prepared.intervals[6], Some((-65541, 65019)));
    assert_eq!(prepared.intervals[7], Some((-131081, 130039)));
}

/// Rule 2 on an output: the outs, moved by what stands beside the tensor; also where that is known only later.
#[test]
fn outputs_bound_what_is_left() {
    let y = |constant: i64, terms: &[(u32, i64)]| {
        let mut p = program();
        (p.tensors[4].lo, p.tensors[4].hi) = (-(1 << 20), 1 << 20);
        p.tensors
            .push(tensor("later", &[2, 3], Place::Witness, 0, 510));
        let terms = terms
            .iter()
            .map(|&(t, coef)| identity(Source::Tensor(t), 2, coef));
        p.lookups[1].output = expr(constant, terms.collect());
        p.zeros.push(Zero {
            name: "later".into(),
            shape: vec![2, 3],
            expr: expr(
                0,
                vec![
                    identity(Source::Tensor(6), 2, 1),
                    identity(Source::Tensor(2), 2, -2),
                ],
            ),
        });
        Prepared::new(p).unwrap().intervals[4]
    };
    // The ReLU's outs are [0, 511], `low` is [0, 255], `later` twice that.
    assert_eq!(y(0, &[(4, 1)]), Some((0, 511)));
    assert_eq!(y(5, &[(4, -1)]), Some((-506, 5)));
    assert_eq!(y(0, &[(4, 1), (2, 1)]), Some((-255, 511)));
    assert_eq!(y(-1, &[(2, -3), (4, 1)]), Some((1, 1277)));
    assert_eq!(y(0, &[(4, -1), (2, 1)]), Some((-511, 255)));
    assert_eq!(y(0, &[(4, 1), (6, -1)]), Some((0, 1021)));
}

#[test]
fn intervals_that_creep_are_refused() {
    // x = y + 1 and y = x + 1 within 2^20: narrower by 1 at a time. It would end with nothing left, but not in time.
    let refused = rule(|p| {
        let place = || Place::Witness;
        p.tensors.push(tensor("a", &[2, 3], place(), 0, 1 << 20));
        p.tensors.push(tensor("b", &[2, 3], place(), 0, 1 << 20));
        p.tables[0].kind = TableKind::Range {
            lo: 0,
            len: 1 << 20,
        };
        for (x, y) in [(6, 7), (7, 6)] {
            let terms = vec![
                identity(Source::Tensor(x), 2, -1),
                identity(Source::Tensor(y), 2, 1),
            ];
            p.zeros.push(Zero {
                name: "creep".into(),
                shape: vec![2, 3],
                expr: expr(1, terms),
            });
            let mut l = p.lookups[0].clone();
            l.input = whole(x, 2);
            p.lookups.push(l);
        }
    });
    assert_eq!(refused, "interval_settle");
}

#[test]
fn hints() {
    let hint = |h: Hint| rule(|p| p.hints[0] = h);
    let (e, shape) = (|| whole(3, 2), || vec![2, 3]);
    assert_eq!(hint(Hint::Linear { dst: 6, expr: e() }), "hint_destination");
    assert_eq!(hint(Hint::Linear { dst: 5, expr: e() }), "hint_destination");
    assert_eq!(
        hint(Hint::Lookup {
            dst: 4,
            table: 9,
            expr: e(),
            shift: 0
        }),
        "lookup_table"
    );
    assert_eq!(
        hint(Hint::Lookup {
            dst: 4,
            table: 1,
            expr: e(),
            shift: 63
        }),
        "lookup_shift"
    );
    let digits = |digits, quotient, shape| Hint::Digits {
        shape,
        expr: e(),
        digits,
        quotient,
    };
    assert_eq!(hint(digits(vec![(2, 63)], None, shape())), "hint_digits");
    assert_eq!(hint(digits(vec![(2, 8)], None, vec![3, 2])), "hint_shape");
    assert_eq!(hint(digits(vec![], Some(0), shape())), "hint_shape");
    let max = |shape, axes, shift, digits| Hint::Max {
        shape,
        axes,
        expr: expr(1, vec![]),
        shift,
        digits,
        quotient: 4,
    };
    // Tensor 4 has the shape (2, 3), so (2, 3, 5) and (2, 3, 5, 5) would do over one and two axes.
    for (shape, axes) in [
        (vec![2, 3, 5], 2),
        (vec![2, 3, 5, 5], 1),
        (vec![2, 4, 5], 1),
    ] {
        assert_eq!(hint(max(shape, axes, 0, vec![])), "hint_shape");
    }
    for (shape, axes) in [(vec![2, 3], 0), (vec![2, 3], 3), (vec![], 0), (vec![], 1)] {
        assert_eq!(hint(max(shape, axes, 0, vec![])), "hint_shape");
    }
    assert_eq!(hint(max(vec![2, 3, 5], 1, 63, vec![])), "hint_shift");
    let digit = |dst, bits| hint(max(vec![2, 3, 5, 5], 2, 62, vec![(dst, bits)]));
    assert_eq!(digit(2, 63), "hint_digits");
    assert_eq!(digit(0, 4), "hint_shape");
    assert_eq!(digit(5, 4), "hint_destination");
    assert_eq!(
        hint(Hint::OneHotMax {
            shape: vec![2, 2],
            expr: e(),
            dst: 4
        }),
        "hint_shape"
    );
    let clamp = |shift, low, inside, outside| Hint::Clamp {
        shape: shape(),
        expr: e(),
        shift,
        low,
        high: 5,
        inside,
        outside,
    };
    assert_eq!(hint(clamp(63, 0, None, None)), "hint_shift");
    assert_eq!(hint(clamp(0, 6, None, Some(4))), "hint_clamp");
    assert_eq!(hint(clamp(0, 0, Some(0), Some(4))), "hint_shape");
    assert_eq!(hint(clamp(0, 0, Some(4), Some(1))), "hint_shape");
    assert_eq!(hint(clamp(0, 0, None, Some(5))), "hint_destination");
    assert_eq!(hint(clamp(0, 0, Some(9), None)), "hint_destination");
    let divide = |q, r| Hint::Divide {
        shape: shape(),
        num: e(),
        den: expr(2, vec![]),
        quotient: q,
        remainder: r,
    };
    assert_eq!(hint(divide(4, 1)), "hint_shape");
    assert_eq!(hint(divide(9, 4)), "hint_destination");
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
