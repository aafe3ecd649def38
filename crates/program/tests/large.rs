//! Sizes at which work is shared between threads or packed, against direct formulas.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_table, f_from_i64, K};
use tacit_program::*;
use tacit_testkit::program::*;
use tacit_testkit::Rng;

/// dense() of one tensor of this shape through the links, its values being their own indices.
fn view(source: &[u32], target: &[u32], links: Vec<Link>, coef: i64) -> Vec<i64> {
    let mut p = empty("view");
    let n = entries(source) as i64;
    p.tensors.push(tensor("x", source, Place::Public, 0, n));
    let prepared = Prepared::new(p).unwrap();
    let tensors = vec![(0..n).collect::<Vec<i64>>().into()];
    let trace = Trace {
        tensors,
        ..Trace::default()
    };
    let term = Term {
        coef,
        source: Source::Tensor(0),
        links,
    };
    dense(&prepared, &expr(1, vec![term]), target, &trace).into_owned()
}

#[test]
fn large_views_are_exact() {
    let transposed = view(
        &[300, 200],
        &[200, 300],
        vec![link(&[(0, 1)], &[(1, 1)], 0), link(&[(1, 1)], &[(0, 1)], 0)],
        2,
    );
    assert!(transposed
        .iter()
        .enumerate()
        .all(|(i, &v)| v == 1 + 2 * ((i % 300) * 200 + i / 300) as i64));

    let patches = vec![
        link(&[(0, 1)], &[(0, 1)], 0),
        link(&[(3, 1)], &[(1, 1)], 0),
        link(&[(1, 2), (4, 1)], &[(2, 1)], -1),
        link(&[(2, 2), (5, 1)], &[(3, 1)], -1),
    ];
    let (source, target) = ([3u32, 4, 40, 40], [3u32, 20, 20, 4, 3, 3]);
    let values = view(&source, &target, patches, 1);
    for (at, &v) in indices(&target).iter().zip(&values) {
        let (y, x) = (2 * at[1] + at[4] - 1, 2 * at[2] + at[5] - 1);
        let inside = (0..40).contains(&y) && (0..40).contains(&x);
        let pixel = ((at[0] * 4 + at[3]) * 40 + y) * 40 + x;
        assert_eq!(v, 1 + if inside { pixel } else { 0 });
    }

    let rows = view(&[400], &[400, 100], vec![link(&[(0, 1)], &[(0, 1)], 0)], 1);
    assert!(rows
        .iter()
        .enumerate()
        .all(|(i, &v)| v == 1 + (i / 100) as i64));
    let ends = view(&[2], &[1 << 16], vec![link(&[(0, 1)], &[(0, 65535)], 0)], 1);
    assert_eq!((ends[0], ends[1], ends[65535]), (1, 1, 2));
    // s0 + s1 = t: up to 200 entries each.
    let sums = view(
        &[200, 200],
        &[399, 90],
        vec![link(&[(0, 1)], &[(0, 1), (1, 1)], 0)],
        1,
    );
    for (i, &v) in sums.iter().enumerate() {
        let t = (i / 90) as i64;
        let expected: i64 = (0.max(t - 199)..=t.min(199)).map(|s| s * 200 + t - s).sum();
        assert_eq!(v, 1 + expected);
    }
    let diagonals = view(
        &[300, 300],
        &[40_000],
        vec![link(&[], &[(0, 1), (1, -1)], 0)],
        1,
    );
    let diagonal: i64 = (0..300).map(|i| i * 301).sum();
    assert!(diagonals.iter().all(|&v| v == 1 + diagonal));
}

/// An einsum of [z, m, k] and [z, n, k] (or [z, k, n]) over values of some width.
fn product(dims: [u32; 4], transposed: bool, bits: u32) {
    let [z, m, n, k] = dims;
    let mut p = empty("product");
    p.slabs.push(SlabDecl {
        name: "model".into(),
        private: true,
    });
    let (b_shape, b_axes) = if transposed {
        ([z, k, n], vec![0, 3, 2])
    } else {
        ([z, n, k], vec![0, 2, 3])
    };
    let most = 1i64 << bits;
    p.tensors = vec![
        tensor("a", &[z, m, k], Place::Slab(0), -most, most),
        tensor("b", &b_shape, Place::Slab(0), -most, most),
    ];
    p.einsums.push(Einsum {
        name: "e".into(),
        extents: vec![z, m, n, k],
        a_axes: vec![0, 1, 3],
        b_axes,
        out_axes: vec![0, 1, 2],
        a: whole(0, 3),
        b: whole(1, 3),
    });
    let prepared = Prepared::new(p).unwrap();
    let mut rng = Rng(bits as u64);
    let mut values = |n: u32| {
        let mut v = rng.values(n as usize, -most, most - 1);
        v[0] = -most;
        v[1] = -most;
        v
    };
    let (a, b) = (values(z * m * k), values(z * n * k));
    let trace = execute(&prepared, [(0, a.clone()), (1, b.clone())]).unwrap();
    let [_, m, n, k] = dims.map(|d| d as usize);
    for (i, &v) in trace.einsums[0].iter().enumerate() {
        let (z, row, col) = (i / (m * n), i / n % m, i % n);
        let entry = |c: usize| {
            if transposed {
                b[(z * k + c) * n + col]
            } else {
                b[(z * n + col) * k + c]
            }
        };
        let expected: i64 = (0..k).map(|c| a[(z * m + row) * k + c] * entry(c)).sum();
        assert_eq!(v, expected, "{dims:?} {transposed} {bits}");
    }
    // Folding: both operands against the output's extension.
    let plan = &prepared.einsums[0];
    let r = Rng(3).point(shape_bits(&plan.out_shape));
    let [fa, fb] =
        [Side::A, Side::B].map(|side| reduce_operand(&prepared, 0, side, &trace, &r).unwrap());
    let batch = eq_table(&plan.batch_point(&r).unwrap());
    let inner = fa.len() / batch.len();
    let sum: K = fa
        .iter()
        .zip(&fb)
        .enumerate()
        .map(|(x, (&a, &b))| batch[x / inner] * a * b)
        .sum();
    let weights = tensor_weights(&plan.out_shape, &r);
    let expected: K = trace.einsums[0]
        .iter()
        .zip(weights)
        .map(|(&v, w)| w * f_from_i64(v))
        .sum();
    assert_eq!(sum, expected, "{dims:?} {transposed} {bits}");
}

/// eq(r, .) at every valid index, row-major.
fn tensor_weights(shape: &[u32], r: &[K]) -> Vec<K> {
    let mut rest = r;
    shape.iter().fold(vec![K::ONE], |all, &e| {
        let (head, tail) = rest.split_at(shape_bits(&[e]) as usize);
        rest = tail;
        let axis = eq_table(head);
        all.iter()
            .flat_map(|&w| axis[..e as usize].iter().map(move |&x| w * x))
            .collect()
    })
}

#[test]
fn large_products_are_exact() {
    for transposed in [false, true] {
        for bits in [1, 7, 11, 12, 15, 20, 27] {
            product([1, 40, 70, 150], transposed, bits);
        }
        product([3, 5, 90, 300], transposed, 7);
        product([2, 90, 4, 600], transposed, 9);
        product([1, 1, 300, 200], transposed, 7);
        product([1, 300, 1, 200], transposed, 16);
        product([1, 2, 1100, 33], transposed, 24);
        product([40, 30, 2, 40], transposed, 7);
    }
}

#[test]
fn long_sums_of_extreme_values_are_exact() {
    // 2^15 rows of the most negative value: the late reductions must come in time.
    let n = 1u32 << 15;
    for bits in [7u32, 15, 23, 24, 31, 62] {
        for inner in [1u32, 3] {
            let mut p = empty("sums");
            p.slabs.push(SlabDecl {
                name: "model".into(),
                private: true,
            });
            let low = -(1i64 << bits);
            p.tensors = vec![tensor("w", &[n, inner], Place::Slab(0), low, -low)];
            p.einsums.push(Einsum {
                name: "e".into(),
                extents: vec![n, inner],
                a_axes: vec![0, 1],
                b_axes: vec![1],
                out_axes: vec![0],
                a: whole(0, 2),
                b: expr(0, vec![]),
            });
            let prepared = Prepared::new(p).unwrap();
            let tensors = vec![vec![low; (n * inner) as usize].into()];
            let trace = Trace {
                tensors,
                ..Trace::default()
            };
            // All weights the same: (1/2)^15 each, so the fold is the value itself.
            let half = tacit_algebra::field::k_inverse(K::from_u64(2)).unwrap();
            let folded = reduce_operand(&prepared, 0, Side::A, &trace, &[half; 15]).unwrap();
            assert!(
                folded[..inner as usize]
                    .iter()
                    .all(|&v| v == K::from(f_from_i64(low))),
                "{bits} {inner}"
            );
        }
    }
}
