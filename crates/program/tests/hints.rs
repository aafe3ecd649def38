//! Hints: what each of them computes, and into which tensors.

use tacit_program::*;
use tacit_testkit::program::mlp::mlp;
use tacit_testkit::program::*;

/// Every hint, on the values of a public input.
#[test]
fn hints_compute_what_they_say() {
    let mut p = empty("hints");
    p.tensors = vec![
        tensor("x", &[2, 3], Place::Public, -100, 100),
        tensor("max", &[2], Place::Witness, -100, 100),
        tensor("hot", &[2, 3], Place::Witness, 0, 1),
        tensor("q", &[2, 3], Place::Witness, -100, 100),
        tensor("r", &[2, 3], Place::Witness, 0, 6),
        tensor("half", &[2, 3], Place::Witness, -1, 1),
        tensor("d0", &[2, 3], Place::Witness, 0, 3),
        tensor("d1", &[2, 3], Place::Witness, 0, 7),
        tensor("low", &[], Place::Witness, 0, 7),
        tensor("high", &[], Place::Witness, -100, 100),
    ];
    p.tables = vec![Table {
        name: "sign".into(),
        kind: TableKind::Sign { lo: -100, len: 201 },
    }];
    let x = whole(0, 2);
    let twice = expr(0, vec![identity(Source::Tensor(0), 2, 2)]);
    p.lookups.push(Lookup {
        name: "s".into(),
        table: 0,
        shape: vec![2, 3],
        input: twice.clone(),
        shift: 1,
        output: whole(5, 2),
    });
    let shape = vec![2, 3];
    p.hints = vec![
        Hint::Max {
            shape: shape.clone(),
            axes: 1,
            expr: x.clone(),
            shift: 0,
            digits: vec![],
            quotient: 1,
        },
        Hint::Max {
            shape: shape.clone(),
            axes: 2,
            expr: expr(-40, vec![identity(Source::Tensor(0), 2, 1)]),
            shift: 1,
            digits: vec![(8, 3)],
            quotient: 9,
        },
        Hint::OneHotMax {
            shape: shape.clone(),
            expr: x.clone(),
            dst: 2,
        },
        Hint::Divide {
            shape: shape.clone(),
            num: x.clone(),
            den: expr(7, vec![]),
            quotient: 3,
            remainder: 4,
        },
        Hint::Lookup {
            dst: 5,
            table: 0,
            expr: twice,
            shift: 1,
        },
        Hint::Digits {
            shape,
            expr: x,
            digits: vec![(6, 2), (7, 3)],
            quotient: None,
        },
    ];
    p.inputs.push(Port {
        name: "x".into(),
        tensor: 0,
        frac: 4,
    });
    let prepared = Prepared::new(p.clone()).unwrap();
    let trace = execute(&prepared, [(0, vec![-8, 13, 13, 5, -1, 0])]).unwrap();
    let values: Vec<&[i64]> = trace.tensors.iter().map(|v| v.as_slice()).collect();
    assert_eq!(values[1], [13, 5]);
    assert_eq!(values[2], [0, 1, 0, 1, 0, 0]);
    assert_eq!(
        (values[3], values[4]),
        (&[-2, 1, 1, 0, -1, 0][..], &[6, 6, 6, 5, 6, 0][..])
    );
    assert_eq!(values[5], [0, 1, 1, 1, 0, 1]);
    assert_eq!(values[6], [0, 1, 1, 1, 3, 0]);
    assert_eq!(values[7], [6, 3, 3, 1, 7, 0]);
    // The largest is 13: floor((13 - 40) / 2) = -14 = 2 - 2 * 8.
    assert_eq!((values[8], values[9]), (&[2][..], &[-2][..]));
    assert_eq!(trace.multiplicities[0][100 - 8], 1);

    let Hint::Divide { den, .. } = &mut p.hints[3] else {
        unreachable!()
    };
    den.constant = 0;
    let prepared = Prepared::new(p).unwrap();
    assert_eq!(
        execute(&prepared, [(0, vec![0; 6])]).unwrap_err().rule,
        "divide"
    );
}

/// A table of what is left without the low bits, into a tensor that the next table's input reads.
#[test]
fn a_lookup_hint_rounds_down() {
    let mut p = empty("floor");
    p.tensors = vec![
        tensor("x", &[6], Place::Public, -2048, 2047),
        tensor("r", &[6], Place::Witness, 0, 3),
        tensor("v", &[6], Place::Witness, -64, 64),
        tensor("a", &[6], Place::Witness, 0, 15),
    ];
    let excess = |t: i64| t - t.clamp(-1, 2);
    p.tables = [
        TableKind::Range { lo: 0, len: 4 },
        TableKind::Values {
            lo: -64,
            outs: (-64..64).map(excess).collect(),
        },
        TableKind::Clamp {
            lo: -8,
            len: 32,
            low: 0,
            high: 15,
        },
        TableKind::Range { lo: -64, len: 129 },
    ]
    .into_iter()
    .map(|kind| Table {
        name: "t".into(),
        kind,
    })
    .collect();
    let x = expr(2, vec![identity(Source::Tensor(0), 1, 1)]);
    let mut inner = x.clone();
    inner.terms.push(identity(Source::Tensor(1), 1, -1));
    inner.terms.push(identity(Source::Tensor(2), 1, -32));
    let lookup = |table, input: &Expr, shift, output| Lookup {
        name: format!("table {table}"),
        table,
        shape: vec![6],
        input: input.clone(),
        shift,
        output,
    };
    p.lookups = vec![
        lookup(0, &whole(1, 1), 0, Expr::default()),
        lookup(2, &inner, 2, whole(3, 1)),
        lookup(3, &whole(2, 1), 0, Expr::default()),
    ];
    let hint = |dst, table, expr: &Expr, shift| Hint::Lookup {
        dst,
        table,
        expr: expr.clone(),
        shift,
    };
    p.hints = vec![
        Hint::Digits {
            shape: vec![6],
            expr: x.clone(),
            digits: vec![(1, 2)],
            quotient: None,
        },
        hint(2, 1, &x, 5),
        hint(3, 2, &inner, 2),
    ];
    p.inputs.push(Port {
        name: "x".into(),
        tensor: 0,
        frac: 0,
    });
    let values = vec![-2048, -3, 17, 57, 58, 2045];
    let run = |p: Program| execute(&Prepared::new(p).unwrap(), [(0, values.clone())]);
    let trace = run(p.clone()).unwrap();
    let columns: Vec<&[i64]> = trace.tensors.iter().map(|v| v.as_slice()).collect();
    assert_eq!(columns[2], [-63, 0, 0, 0, 0, 61]);
    assert_eq!(columns[3], [0, 0, 4, 14, 15, 15]);
    // Rounded down and in no row: 2047 >> 5 is 63; without its last row the table ends at 62.
    let mut q = p.clone();
    let TableKind::Values { outs, .. } = &mut q.tables[1].kind else {
        unreachable!()
    };
    outs.pop();
    let refused = run(q).unwrap_err();
    assert_eq!((refused.rule, &*refused.place), ("table_input", "v"));
    // A relation rounds nothing: its input is a multiple, or in no row.
    let mut q = p;
    q.hints[0] = Hint::Linear {
        dst: 1,
        expr: expr(0, vec![]),
    };
    let refused = run(q).unwrap_err();
    assert_eq!(
        (refused.rule, &*refused.place),
        ("lookup_input", "lookup table 2")
    );
    assert_eq!(refused.expected, "multiples of 2^2");
}

/// The part within the ends and the part beyond them, asked for together or alone.
#[test]
fn parts_of_a_clamp_add_up() {
    let run = |shift: u8, (low, high): (i64, i64), asked: [bool; 2]| {
        let mut p = empty("clamp");
        let wide = 1 << 62;
        p.tensors = vec![
            tensor("x", &[5], Place::Public, -wide, wide),
            tensor("inside", &[5], Place::Public, -wide, wide),
            tensor("outside", &[5], Place::Public, -wide, wide),
        ];
        p.hints = vec![Hint::Clamp {
            shape: vec![5],
            expr: whole(0, 1),
            shift,
            low,
            high,
            inside: asked[0].then_some(1),
            outside: asked[1].then_some(2),
        }];
        let zero = |dst| Hint::Linear {
            dst,
            expr: Expr::default(),
        };
        p.hints
            .extend((1..3).filter(|&i| !asked[i - 1]).map(|i| zero(i as u32)));
        p.inputs.push(Port {
            name: "x".into(),
            tensor: 0,
            frac: 0,
        });
        let prepared = Prepared::new(p).unwrap();
        let trace = execute(&prepared, [(0, vec![-wide, -5, 3, 9, wide])]);
        trace.map(|t| [t.tensors[1].to_vec(), t.tensors[2].to_vec()])
    };
    let w = 1 << 60;
    let (inside, outside) = (vec![-1, -1, 0, 2, 2], vec![1 - w, -1, 0, 0, w - 2]);
    let none = vec![0; 5];
    let both = [inside.clone(), outside.clone()];
    assert_eq!(run(2, (-1, 2), [true, true]).unwrap(), both);
    assert_eq!(
        run(2, (-1, 2), [true, false]).unwrap(),
        [inside, none.clone()]
    );
    assert_eq!(run(2, (-1, 2), [false, true]).unwrap(), [none, outside]);
    // What is left of 2^62 beyond the end -2^63 is no number of the program.
    let refused = run(0, (i64::MIN, i64::MIN), [false, true]).unwrap_err();
    assert_eq!(
        (refused.rule, &*refused.place),
        ("tensor_interval", "outside")
    );
}

/// A hint may write a slab's tensor: computed where it is not given, compared where it is.
#[test]
fn a_given_slab_tensor_is_what_its_hint_computes() {
    let mut p = mlp(1, 2, 2);
    p.slabs.push(SlabDecl {
        name: "output".into(),
        private: true,
    });
    p.tensors[5].place = Place::Slab(1);
    let prepared = Prepared::new(p.clone()).unwrap();
    let givens = [
        (0, vec![100, 2, 3, 90]),
        (1, vec![500, -7]),
        (2, vec![60, 70]),
    ];
    let trace = execute(&prepared, givens.clone()).unwrap();
    let y = vec![
        (100 * 60 + 2 * 70 + 500 + 128) >> 8,
        (3 * 60 + 90 * 70 - 7 + 128) >> 8,
    ];
    assert_eq!(*trace.tensors[5], y);
    let with = |prepared: &Prepared, y: Vec<i64>| {
        let mut givens = givens.to_vec();
        givens.push((5, y));
        execute(prepared, givens).map_err(|e| (e.rule, e.place))
    };
    assert_eq!(with(&prepared, y.clone()), Ok(trace));
    let wrong = Err(("slab_value", "y".to_owned()));
    assert_eq!(with(&prepared, vec![y[0], y[1] + 1]), wrong);
    // The tensors that no hint writes must be given; two hints may not write one tensor, given or not.
    let missing = execute(&prepared, givens[1..].to_vec()).unwrap_err();
    assert_eq!((missing.rule, &missing.place[..]), ("given_missing", "w"));
    p.hints.push(p.hints[1].clone());
    let prepared = Prepared::new(p).unwrap();
    let twice = execute(&prepared, givens.clone()).unwrap_err();
    assert_eq!((twice.rule, &twice.place[..]), ("written_twice", "y"));
    assert_eq!(with(&prepared, y), Err(("written_twice", "y".to_owned())));
}
