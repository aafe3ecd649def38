//! Intervals that follow from the relations, and bounds that nothing may leave.

use tacit_program::*;
use tacit_testkit::program::net::{first_term, program, rule};
use tacit_testkit::program::*;

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
