//! Expressions: values and extensions against the definition.

use p3_field::PrimeCharacteristicRing;
use proptest::prelude::{prop_assert_eq, proptest, ProptestConfig};
use tacit_algebra::{f_from_i64, K};
use tacit_program::*;
use tacit_testkit::program::*;
use tacit_testkit::Rng;

/// dense() is the definition, and the affine form on the cells is the extension of the dense values.
fn check(prepared: &Prepared, expr: &Expr, shape: &[u32], trace: &Trace, rng: &mut Rng) {
    let values = dense(prepared, expr, shape, trace);
    assert_eq!(
        *values,
        naive(&prepared.program, expr, shape, trace),
        "{expr:?} over {shape:?}"
    );
    let point = rng.point(shape_bits(shape));
    let at = prepared
        .expr_at(expr, shape, &point, &publics(prepared, trace))
        .unwrap();
    let einsums: K = at
        .einsums
        .iter()
        .map(|&(e, c)| {
            c * extension(
                &prepared.einsums[e as usize].out_shape,
                &trace.einsums[e as usize],
                &point,
            )
        })
        .sum();
    let got = value_of(&at.affine, &slabs(prepared, trace)) + einsums;
    assert_eq!(
        got,
        extension(shape, &values, &point),
        "{expr:?} over {shape:?}"
    );
    let ones = vec![1; entries(shape)];
    assert_eq!(
        prepared.valid_at(shape, &point).unwrap(),
        extension(shape, &ones, &point)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn random_links_are_those_of_the_definition(seed: u64) {
        let mut rng = Rng(seed);
        let (program, trace) = random_tensors(&mut rng, 3, 6);
        let prepared = Prepared::new(program).unwrap();
        let shape = rng.shape(3, 6);
        let terms = (0..rng.range(0, 3)).map(|_| {
            let t = rng.range(0, 7) as u32;
            random_term(&mut rng, &shape, t, &prepared.program.tensors[t as usize].shape.clone())
        });
        let terms = terms.collect();
        let expr = expr(rng.range(-9, 9), terms);
        check(&prepared, &expr, &shape, &trace, &mut rng);
    }
}

/// What, the source's shape, the target's shape, links.
type Kind = (&'static str, Vec<u32>, Vec<u32>, Vec<Link>);

fn kinds() -> Vec<Kind> {
    vec![
        (
            "identity",
            vec![3, 5],
            vec![3, 5],
            vec![link(&[(0, 1)], &[(0, 1)], 0), link(&[(1, 1)], &[(1, 1)], 0)],
        ),
        (
            "transpose",
            vec![3, 5],
            vec![5, 3],
            vec![link(&[(0, 1)], &[(1, 1)], 0), link(&[(1, 1)], &[(0, 1)], 0)],
        ),
        (
            "slice",
            vec![9],
            vec![3],
            vec![link(&[(0, 2)], &[(0, 1)], 3)],
        ),
        (
            "pad",
            vec![3],
            vec![7],
            vec![link(&[(0, 1)], &[(0, 1)], -2)],
        ),
        (
            "patches",
            vec![6],
            vec![3, 3],
            vec![link(&[(0, 2), (1, 1)], &[(0, 1)], -1)],
        ),
        (
            "split",
            vec![12],
            vec![4, 3],
            vec![link(&[(0, 3), (1, 1)], &[(0, 1)], 0)],
        ),
        (
            "merge",
            vec![4, 3],
            vec![12],
            vec![link(&[(0, 1)], &[(0, 3), (1, 1)], 0)],
        ),
        (
            "broadcast",
            vec![5],
            vec![4, 5],
            vec![link(&[(1, 1)], &[(0, 1)], 0)],
        ),
        (
            "sum",
            vec![4, 5],
            vec![4],
            vec![link(&[(0, 1)], &[(0, 1)], 0)],
        ),
        (
            "sum of the first axis",
            vec![4, 5],
            vec![5],
            vec![link(&[(0, 1)], &[(1, 1)], 0)],
        ),
        (
            "flip",
            vec![5],
            vec![5],
            vec![link(&[(0, -1)], &[(0, 1)], 4)],
        ),
        (
            "pairs",
            vec![3, 4],
            vec![6],
            vec![link(&[(0, 1)], &[(0, 1), (1, 1)], 0)],
        ),
        (
            "upsample",
            vec![3],
            vec![6],
            vec![link(&[(0, 1)], &[(0, 2)], 0)],
        ),
        (
            "mask of the target",
            vec![],
            vec![3, 3],
            vec![link(&[(0, 1), (1, -1)], &[], 0)],
        ),
        (
            "diagonal sum",
            vec![4, 4],
            vec![],
            vec![link(&[], &[(0, 1), (1, -1)], 0)],
        ),
        ("scalar", vec![], vec![], vec![]),
        (
            "far strides",
            vec![2, 2],
            vec![4],
            vec![link(&[(0, 1 << 30)], &[(0, i32::MAX), (1, 1 << 30)], 0)],
        ),
    ]
}

#[test]
fn every_kind_of_link_means_the_same_in_every_place() {
    let mut rng = Rng(7);
    for (what, source, target, links) in kinds() {
        for place in 0..4 {
            let values = rng.values(entries(&source), -50, 50);
            let place = match place {
                0 => Place::Slab(0),
                1 => Place::Witness,
                2 => Place::Public,
                _ => Place::Constant(values.clone()),
            };
            let mut program = empty(what);
            program.slabs.push(SlabDecl {
                name: "model".into(),
                private: true,
            });
            program
                .tensors
                .push(tensor("before", &[3, 3], Place::Witness, 0, 1));
            program.tensors.push(tensor("x", &source, place, -50, 50));
            let prepared = Prepared::new(program).unwrap();
            let tensors = vec![vec![0; 9].into(), values.into()];
            let trace = Trace {
                tensors,
                ..Trace::default()
            };
            let term = Term {
                coef: -3,
                source: Source::Tensor(1),
                links: links.clone(),
            };
            check(&prepared, &expr(11, vec![term]), &target, &trace, &mut rng);
        }
    }
}

#[test]
fn concat_is_one_term_a_piece() {
    let mut program = empty("concat");
    program.tensors = vec![
        tensor("x", &[2, 3], Place::Witness, 0, 9),
        tensor("y", &[2, 2], Place::Public, 0, 9),
    ];
    let prepared = Prepared::new(program).unwrap();
    let tensors = vec![vec![1, 2, 3, 4, 5, 6].into(), vec![7, 8, 9, 0].into()];
    let trace = Trace {
        tensors,
        ..Trace::default()
    };
    let piece = |t: u32, start: i32| Term {
        coef: 1,
        source: Source::Tensor(t),
        links: vec![
            link(&[(0, 1)], &[(0, 1)], 0),
            link(&[(1, 1)], &[(1, 1)], -start),
        ],
    };
    let joined = expr(0, vec![piece(0, 0), piece(1, 3)]);
    assert_eq!(
        *dense(&prepared, &joined, &[2, 5], &trace),
        [1, 2, 3, 7, 8, 4, 5, 6, 9, 0]
    );
    check(&prepared, &joined, &[2, 5], &trace, &mut Rng(1));
}

#[test]
fn identity_is_borrowed() {
    let mut program = empty("borrow");
    program.tensors = vec![tensor("x", &[4], Place::Witness, 0, 9)];
    let prepared = Prepared::new(program).unwrap();
    let trace = Trace {
        tensors: vec![vec![1, 2, 3, 4].into()],
        ..Trace::default()
    };
    assert!(matches!(
        dense(&prepared, &whole(0, 1), &[4], &trace),
        std::borrow::Cow::Borrowed(_)
    ));
}

#[test]
fn padding_cells_occur_in_no_expression() {
    let mut rng = Rng(3);
    for (what, source, target, links) in kinds() {
        let mut program = empty(what);
        program
            .tensors
            .push(tensor("x", &source, Place::Witness, -50, 50));
        let prepared = Prepared::new(program).unwrap();
        let term = Term {
            coef: 2,
            source: Source::Tensor(0),
            links,
        };
        let point = rng.point(shape_bits(&target));
        let at = prepared
            .expr_at(&expr(0, vec![term]), &target, &point, &Publics::default())
            .unwrap();
        let ones = Trace {
            tensors: vec![vec![1; entries(&source)].into()],
            ..Trace::default()
        };
        for (cell, &valid) in pack(&prepared, 0, &ones).unwrap().iter().enumerate() {
            if valid == f_from_i64(0) {
                assert_eq!(
                    at.affine.forms[0].weight(cell),
                    K::from(f_from_i64(0)),
                    "{what} cell {cell}"
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn columns_of_tables_extend_their_rows(seed: u64, lo in -40i64..40, len in 1u32..70, low in -120i64..120, width in 0i64..120) {
        let mut rng = Rng(seed);
        let outs = rng.values(len as usize, -1000, 1000);
        let kinds = [
            TableKind::Range { lo, len },
            TableKind::Relu { lo, len },
            TableKind::Sign { lo, len },
            TableKind::Values { lo, outs },
            TableKind::Clamp { lo, len, low, high: low + width },
        ];
        let mut program = empty("tables");
        program.tensors = vec![tensor("x", &[1], Place::Public, lo, lo)];
        for (i, kind) in kinds.iter().enumerate() {
            program.tables.push(Table { name: "t".into(), kind: kind.clone() });
            let (_, out) = table_row(kind, 0);
            program.lookups.push(Lookup {
                name: "l".into(), table: i as u32, shape: vec![1], input: whole(0, 1), shift: 0, output: expr(out, vec![]),
            });
        }
        let prepared = Prepared::new(program).unwrap();
        let point = rng.point(shape_bits(&[len]));
        let counts = rng.values(len as usize, 0, 50);
        let trace = Trace { tensors: vec![vec![lo].into()], multiplicities: vec![counts.clone(); 5], einsums: vec![] };
        let cells = slabs(&prepared, &trace);
        for (i, kind) in kinds.iter().enumerate() {
            let rows: Vec<(i64, i64)> = (0..len).map(|r| table_row(kind, r)).collect();
            let column = |f: &dyn Fn(&(i64, i64)) -> i64| extension(&[len], &rows.iter().map(f).collect::<Vec<_>>(), &point);
            let expected = (column(&|_| 1), column(&|r| r.0), column(&|r| r.1));
            prop_assert_eq!(prepared.table_at(i, &point).unwrap(), expected);
            let m = prepared.multiplicity_at(i, &point).unwrap();
            prop_assert_eq!(value_of(&m, &cells), extension(&[len], &counts, &point));
        }
    }
}

/// Points and publics of other sizes: an error, never a coordinate or an entry that is left out.
#[test]
fn sizes_that_differ_are_errors() {
    let mut p = empty("sizes");
    p.tensors = vec![
        tensor("x", &[4], Place::Public, -8, 8),
        tensor("w", &[4], Place::Witness, 0, 7),
    ];
    p.tables.push(Table {
        name: "t".into(),
        kind: TableKind::Range { lo: 0, len: 8 },
    });
    p.lookups.push(Lookup {
        name: "l".into(),
        table: 0,
        shape: vec![4],
        input: whole(1, 1),
        shift: 0,
        output: Expr::default(),
    });
    let prepared = Prepared::new(p).unwrap();
    let read = whole(0, 1);
    let at = |n: usize, publics: Vec<Vec<i64>>| {
        prepared.expr_at(&read, &[4], &vec![K::TWO; n], &Publics(publics))
    };
    let one = vec![vec![1, 2, 3, 4]];
    assert!(at(2, one.clone()).is_ok());
    for wrong in [at(1, one.clone()), at(3, one), at(2, vec![vec![1, 2, 3]])] {
        assert_eq!(wrong.unwrap_err().rule, "mismatch");
    }
    assert_eq!(at(2, vec![]).unwrap_err().slug, "public_shape");
    assert!(Publics(vec![]).field(0).is_err());
    let short = [K::TWO; 2];
    assert!(prepared.valid_at(&[4, 2], &short).is_err());
    assert!(prepared.table_at(0, &short).is_err() && prepared.multiplicity_at(0, &short).is_err());
    let point = [K::TWO; 3];
    assert!(prepared.table_at(0, &point).is_ok() && prepared.multiplicity_at(0, &point).is_ok());
    assert!(prepared.table_at(1, &point).is_err() && prepared.multiplicity_at(1, &point).is_err());
}
