//! Einsums and their folds: random ones, a convolution, values out of any interval.

use p3_field::PrimeCharacteristicRing;
use proptest::prelude::{proptest, ProptestConfig};
use tacit_algebra::{eq_table, f_from_i64, K};
use tacit_program::*;
use tacit_testkit::program::mlp::{mlp, run_mlp};
use tacit_testkit::program::*;
use tacit_testkit::Rng;

/// A random einsum of two committed tensors as they are (labels dealt at random).
fn random_einsum(rng: &mut Rng) -> (Prepared, Trace) {
    let labels = rng.range(1, 6) as u8;
    let extents: Vec<u32> = (0..labels).map(|_| rng.range(1, 5) as u32).collect();
    let (mut a, mut b, mut out) = (vec![], vec![], vec![]);
    for l in 0..labels {
        let kind = rng.range(0, 3);
        let mut put = |list: &mut Vec<u8>| list.insert(rng.range(0, list.len() as i64) as usize, l);
        if kind != 3 {
            put(&mut a);
        }
        if kind != 2 {
            put(&mut b);
        }
        if kind != 1 {
            put(&mut out);
        }
    }
    let shape = |axes: &[u8]| {
        axes.iter()
            .map(|&l| extents[l as usize])
            .collect::<Vec<u32>>()
    };
    let mut program = empty("einsum");
    program.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    let big = 1 << 20;
    program.tensors = vec![
        tensor("a", &shape(&a), Place::Slab(0), -big, big),
        tensor("b", &shape(&b), Place::Slab(0), -big, big),
    ];
    let values = [&a, &b].map(|axes| rng.values(entries(&shape(axes)), -big, big));
    program.einsums.push(Einsum {
        name: "e".into(),
        a: whole(0, a.len()),
        b: whole(1, b.len()),
        extents,
        a_axes: a,
        b_axes: b,
        out_axes: out,
    });
    let prepared = Prepared::new(program).unwrap();
    let givens = [(0, values[0].clone()), (1, values[1].clone())];
    let trace = execute(&prepared, givens).unwrap();
    (prepared, trace)
}

/// Every assignment of the labels, with the flat index of some axes in it.
fn assignments(e: &Einsum) -> Vec<Vec<i64>> {
    indices(&e.extents)
}

fn flat(e: &Einsum, axes: &[u8], at: &[i64]) -> usize {
    axes.iter().fold(0, |i, &l| {
        i * e.extents[l as usize] as usize + at[l as usize] as usize
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn einsums_and_their_sums_are_those_of_the_definition(seed: u64) {
        let mut rng = Rng(seed);
        let (prepared, trace) = random_einsum(&mut rng);
        let (decl, plan) = (&prepared.program.einsums[0], &prepared.einsums[0]);
        let mut expected = vec![0i64; entries(&plan.out_shape)];
        for at in assignments(decl) {
            let product = trace.tensors[0][flat(decl, &decl.a_axes, &at)] * trace.tensors[1][flat(decl, &decl.b_axes, &at)];
            expected[flat(decl, &decl.out_axes, &at)] += product;
        }
        assert_eq!(trace.einsums[0], expected);

        // The sumcheck's claim: sum over x of eq(r_batch, x_batch) a(x) b(x) is the output's extension at r.
        let r = rng.point(shape_bits(&plan.out_shape));
        let a = reduce_operand(&prepared, 0, Side::A, &trace, &r).unwrap();
        let b = reduce_operand(&prepared, 0, Side::B, &trace, &r).unwrap();
        assert_eq!(a.len(), 1 << plan.bits);
        let batch = eq_table(&plan.batch_point(&r).unwrap());
        let inner = a.len() / batch.len();
        let sum: K = (0..a.len()).map(|x| batch[x / inner] * a[x] * b[x]).sum();
        assert_eq!(sum, extension(&plan.out_shape, &trace.einsums[0], &r));

        // And a folded operand's extension is its expression's at the operand's point.
        let x = rng.point(plan.bits);
        let cells = slabs(&prepared, &trace);
        for (side, folded, expr) in [(Side::A, a, &decl.a), (Side::B, b, &decl.b)] {
            let value: K = eq_table(&x).into_iter().zip(folded).map(|(w, v)| w * v).sum();
            let point = plan.operand_point(side, &r, &x).unwrap();
            let at = prepared.expr_at(expr, plan.operand_shape(side), &point, &Publics::default()).unwrap();
            assert_eq!(value_of(&at.affine, &cells), value);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn sums_of_random_expressions_are_those_of_the_definition(seed: u64) {
        let mut rng = Rng(seed);
        let (mut program, mut trace) = random_tensors(&mut rng, 3, 5);
        let (labelled, _) = random_einsum(&mut rng);
        let mut decl = labelled.program.einsums[0].clone();
        for (axes, side) in [(&decl.a_axes, &mut decl.a), (&decl.b_axes, &mut decl.b)] {
            let shape: Vec<u32> = axes.iter().map(|&l| decl.extents[l as usize]).collect();
            let mut terms = vec![];
            for _ in 0..rng.range(0, 3) {
                let t = rng.range(0, 7) as u32;
                let source = program.tensors[t as usize].shape.clone();
                terms.push(random_term(&mut rng, &shape, t, &source));
            }
            *side = expr(rng.range(-3, 3), terms);
        }
        program.einsums.push(decl);
        // Nothing bounds the witness tensors here: make them public ones.
        program.tensors.iter_mut().filter(|t| t.place == Place::Witness).for_each(|t| t.place = Place::Public);
        for (i, t) in (0u32..).zip(&program.tensors) {
            if t.place == Place::Public {
                program.inputs.push(Port { name: t.name.clone(), tensor: i, frac: 0 });
            }
        }
        let prepared = Prepared::new(program).unwrap();
        let given = |t: &Tensor| !matches!(t.place, Place::Constant(_));
        let givens = (0u32..).zip(&prepared.program.tensors).filter(|(_, t)| given(t));
        let givens = givens.map(|(i, _)| (i, trace.tensors[i as usize].clone())).collect::<Vec<_>>();
        let executed = execute(&prepared, givens).unwrap();
        assert_eq!(executed.tensors, trace.tensors);
        trace.einsums = executed.einsums;
        let (decl, plan) = (&prepared.program.einsums[0], &prepared.einsums[0]);
        let a = naive(&prepared.program, &decl.a, &plan.a_shape, &trace);
        let b = naive(&prepared.program, &decl.b, &plan.b_shape, &trace);
        let mut out = vec![0i64; entries(&plan.out_shape)];
        for at in assignments(decl) {
            out[flat(decl, &decl.out_axes, &at)] += a[flat(decl, &decl.a_axes, &at)] * b[flat(decl, &decl.b_axes, &at)];
        }
        assert_eq!(trace.einsums[0], out);
        let r = rng.point(shape_bits(&plan.out_shape));
        let fa = reduce_operand(&prepared, 0, Side::A, &trace, &r).unwrap();
        let fb = reduce_operand(&prepared, 0, Side::B, &trace, &r).unwrap();
        let batch = eq_table(&plan.batch_point(&r).unwrap());
        let inner = fa.len() / batch.len();
        let sum: K = (0..fa.len()).map(|x| batch[x / inner] * fa[x] * fb[x]).sum();
        assert_eq!(sum, extension(&plan.out_shape, &out, &r));

        let x = rng.point(plan.bits);
        let (cells, publics) = (slabs(&prepared, &trace), publics(&prepared, &trace));
        for (side, folded, expr) in [(Side::A, fa, &decl.a), (Side::B, fb, &decl.b)] {
            let value: K = eq_table(&x).into_iter().zip(folded).map(|(w, v)| w * v).sum();
            let point = plan.operand_point(side, &r, &x).unwrap();
            let at = prepared.expr_at(expr, plan.operand_shape(side), &point, &publics).unwrap();
            assert_eq!(value_of(&at.affine, &cells), value);
        }
    }
}

/// A convolution as an einsum of a kernel with virtual patches.
fn conv(n: u32, c: u32, size: u32, out: u32) -> Program {
    let mut p = empty("conv");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    p.tensors = vec![
        tensor("kernel", &[out, c, 3, 3], Place::Slab(0), -128, 127),
        tensor("image", &[n, c, size, size], Place::Witness, -128, 127),
    ];
    p.inputs.push(Port {
        name: "image".into(),
        tensor: 1,
        frac: 7,
    });
    p.tables.push(Table {
        name: "byte".into(),
        kind: TableKind::Range { lo: -128, len: 256 },
    });
    p.lookups.push(Lookup {
        name: "image".into(),
        table: 0,
        shape: vec![n, c, size, size],
        input: whole(1, 4),
        shift: 0,
        output: Expr::default(),
    });
    // labels: n, out, oh, ow, c, kh, kw
    let patches = vec![
        link(&[(0, 1)], &[(0, 1)], 0),
        link(&[(3, 1)], &[(1, 1)], 0),
        link(&[(1, 1), (4, 1)], &[(2, 1)], -1),
        link(&[(2, 1), (5, 1)], &[(3, 1)], -1),
    ];
    p.einsums.push(Einsum {
        name: "conv".into(),
        extents: vec![n, out, size, size, c, 3, 3],
        a_axes: vec![1, 4, 5, 6],
        b_axes: vec![0, 2, 3, 4, 5, 6],
        out_axes: vec![0, 1, 2, 3],
        a: whole(0, 4),
        b: expr(
            0,
            vec![Term {
                coef: 1,
                source: Source::Tensor(1),
                links: patches,
            }],
        ),
    });
    p
}

#[test]
fn a_convolution_is_that_of_its_patches() {
    for (n, c, size, out) in [(1, 2, 5, 3), (3, 1, 4, 2), (2, 3, 9, 5)] {
        let p = conv(n, c, size, out);
        let prepared = Prepared::new(p.clone()).unwrap();
        let mut rng = Rng(4);
        let given = |t: usize, rng: &mut Rng| {
            (
                t as u32,
                rng.values(entries(&p.tensors[t].shape), -128, 127),
            )
        };
        let givens = [given(0, &mut rng), given(1, &mut rng)];
        let trace = execute(&prepared, givens).unwrap();
        let (kernel, image) = (&trace.tensors[0], &trace.tensors[1]);
        let (c, size, out) = (c as i64, size as i64, out as i64);
        let expected: Vec<i64> = indices(&prepared.einsums[0].out_shape)
            .iter()
            .map(|at| {
                let mut sum = 0;
                for k in indices(&[c as u32, 3, 3]) {
                    let (y, x) = (at[2] + k[1] - 1, at[3] + k[2] - 1);
                    if (0..size).contains(&y) && (0..size).contains(&x) {
                        let pixel = image[(((at[0] * c + k[0]) * size + y) * size + x) as usize];
                        sum +=
                            pixel * kernel[(((at[1] * c + k[0]) * 3 + k[1]) * 3 + k[2]) as usize];
                    }
                }
                sum
            })
            .collect();
        assert_eq!(trace.einsums[0], expected, "{out}");
        let plan = &prepared.einsums[0];
        let r = rng.point(shape_bits(&plan.out_shape));
        let a = reduce_operand(&prepared, 0, Side::A, &trace, &r).unwrap();
        let b = reduce_operand(&prepared, 0, Side::B, &trace, &r).unwrap();
        let sum: K = a.iter().zip(&b).map(|(&x, &y)| x * y).sum();
        assert_eq!(sum, extension(&plan.out_shape, &trace.einsums[0], &r));
        let x = rng.point(plan.bits);
        let value: K = eq_table(&x).into_iter().zip(b).map(|(w, v)| w * v).sum();
        let point = plan.operand_point(Side::B, &r, &x).unwrap();
        let at = prepared.expr_at(
            &p.einsums[0].b,
            plan.operand_shape(Side::B),
            &point,
            &Publics::default(),
        );
        let at = at.unwrap();
        assert_eq!(value_of(&at.affine, &slabs(&prepared, &trace)), value);
    }
}

#[test]
fn sums_are_exact_for_values_out_of_any_interval() {
    // A cheating prover's values still fold to what the field says.
    let p = mlp(1, 300, 70);
    let (prepared, mut trace) = run_mlp(&p, 9);
    let mut rng = Rng(2);
    let wild = (0..300 * 70).map(|_| rng.draw() as i64).collect::<Vec<_>>();
    for values in [
        wild,
        vec![i64::MIN; 300 * 70],
        vec![i64::MAX; 300 * 70],
        vec![-128; 300 * 70],
    ] {
        trace.tensors[0] = values.into();
        let r = rng.point(7);
        let folded = reduce_operand(&prepared, 0, Side::A, &trace, &r).unwrap();
        let weights = eq_table(&r);
        for (i, &v) in folded.iter().enumerate() {
            let expected = (0..70).map(|o| {
                if i < 300 {
                    weights[o] * f_from_i64(trace.tensors[0][o * 300 + i])
                } else {
                    K::ZERO
                }
            });
            assert_eq!(v, expected.sum::<K>());
        }
    }
}

#[test]
fn ends_follow_from_the_operands() {
    let ends = |edit: &dyn Fn(&mut Program)| {
        let mut p = mlp(2, 4, 4);
        edit(&mut p);
        let prepared = Prepared::new(p).unwrap();
        assert_eq!(
            prepared.public_operand(0, Side::A),
            matches!(prepared.einsums[0].ends, Ends::None | Ends::B)
        );
        prepared.einsums[0].ends
    };
    assert_eq!(ends(&|_| ()), Ends::A);
    assert_eq!(ends(&|p| p.tensors[0].place = Place::Public), Ends::None);
    assert_eq!(ends(&|p| p.tensors[2].place = Place::Slab(0)), Ends::Both);
    assert_eq!(ends(&|p| p.einsums[0].b = expr(3, vec![])), Ends::A);
    let swapped = ends(&|p| {
        let e = &mut p.einsums[0];
        std::mem::swap(&mut e.a, &mut e.b);
        std::mem::swap(&mut e.a_axes, &mut e.b_axes);
    });
    assert_eq!(swapped, Ends::B);
    let square = ends(&|p| {
        let e = &mut p.einsums[0];
        (e.a_axes, e.b_axes, e.out_axes) = (vec![0, 2], vec![0, 2], vec![0, 2]);
        (e.a, e.b) = (whole(3, 2), whole(3, 2));
        e.extents = vec![2, 4, 4];
        e.a_axes = vec![0, 1];
        e.b_axes = vec![0, 1];
        e.out_axes = vec![0, 1];
        e.extents.pop();
        p.hints.clear();
    });
    assert_eq!(square, Ends::Same);
}
