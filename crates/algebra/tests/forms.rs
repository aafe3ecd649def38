//! Multilinear weights and affine values against their definitions.

use p3_field::{Field, PrimeCharacteristicRing};
use std::sync::Arc;
use tacit_algebra::field::{half_power, k_inverse, k_limbs, k_new, k_units};
use tacit_algebra::hash::Words;
use tacit_algebra::mle::eq_table_scaled;
use tacit_algebra::*;

fn points(seed: u8, n: usize) -> Vec<K> {
    let mut words = Words::new([seed; 32]);
    (0..n).map(|_| words.next_k()).collect()
}

fn bit(i: usize, j: usize, n: usize) -> K {
    K::from_usize(i >> (n - 1 - j) & 1)
}

#[test]
fn tables_are_lagrange_weights() {
    for n in 0..6 {
        let (point, scale) = (points(1, n), points(2, 1)[0]);
        let table = eq_table(&point);
        let scaled = eq_table_scaled(&point, scale);
        assert_eq!(table.iter().copied().sum::<K>(), K::ONE);
        for (i, &w) in table.iter().enumerate() {
            let vertex: Vec<K> = (0..n).map(|j| bit(i, j, n)).collect();
            assert_eq!(w, eq(&point, &vertex));
            assert_eq!(w, eq_bits(&point, i as u64));
            let low: Vec<K> = point.iter().rev().copied().collect();
            assert_eq!(w, eq_low(&low, i as u64));
            assert_eq!(scaled[i], scale * w);
        }
        for extent in 0..=1usize << n {
            let want: K = table[..extent].iter().copied().sum();
            assert_eq!(valid_weight(&point, extent as u64), want, "{n} {extent}");
        }
    }
}

#[test]
fn bits_and_small_constants() {
    let want = [
        (0, 0),
        (1, 0),
        (2, 1),
        (3, 2),
        (4, 2),
        (5, 3),
        (1 << 20, 20),
        ((1 << 20) + 1, 21),
    ];
    for (n, b) in want {
        assert_eq!(bits(n), b);
    }
    for n in 0..70 {
        assert_eq!(half_power(n) * F::TWO.exp_u64(u64::from(n)), F::ONE);
    }
    assert_eq!(powers(K::TWO, 5), [1, 2, 4, 8, 16].map(K::from_u64));
    assert!(powers(K::TWO, 0).is_empty());
    for log in 1..=32u8 {
        let w = two_adic(log);
        assert_eq!(w.exp_power_of_2(usize::from(log) - 1), -F::ONE);
    }
}

#[test]
fn numbers_and_bytes() {
    for x in [
        0,
        1,
        -1,
        5,
        -77,
        i64::from(i32::MAX),
        -(1 << 62),
        (1 << 62) + 3,
    ] {
        assert_eq!(f_to_i64(f_from_i64(x)), x);
        assert_eq!(f_from_i64(x) + f_from_i64(-x), F::ZERO);
    }
    assert_eq!(f_from_i64(i64::MIN), -F::from_u64(1 << 63));
    let u = k_units()[1];
    assert_eq!(u * u * u, u + K::ONE);
    assert_eq!(u * u, k_units()[2]);
    for x in points(3, 20) {
        assert_eq!(k_from_bytes(&k_to_bytes(&x)), Some(x));
        assert_eq!(k_new(k_limbs(&x)), x);
        assert_eq!(k_inverse(x).map(|y| x * y), Some(K::ONE));
        assert_eq!(x.inverse() * x, K::ONE);
    }
    assert_eq!(k_inverse(K::ZERO), None);
    for limb in 0..3 {
        let mut bytes = [0; 24];
        bytes[8 * limb..8 * limb + 8].copy_from_slice(&P.to_be_bytes());
        assert_eq!(k_from_bytes(&bytes), None);
        bytes[8 * limb..8 * limb + 8].copy_from_slice(&(P - 1).to_be_bytes());
        assert!(k_from_bytes(&bytes).is_some());
    }
}

#[test]
fn product_forms_weigh_cells() {
    let t = points(4, 6);
    let form = ProductForm {
        slab: 0,
        offset: 8,
        scale: t[5],
        groups: Arc::new(vec![
            Group {
                bits: vec![2, 0],
                table: t[..4].to_vec(),
            },
            Group {
                bits: vec![1],
                table: vec![t[4], K::ONE],
            },
        ]),
    };
    assert_eq!(form.block_bits(), 3);
    for cell in 0..24usize {
        let inside = (8..16).contains(&cell);
        let first = t[(cell >> 2 & 1) << 1 | cell & 1];
        let second = if cell >> 1 & 1 == 0 { t[4] } else { K::ONE };
        let want = if inside {
            t[5] * first * second
        } else {
            K::ZERO
        };
        assert_eq!(form.weight(cell), want);
    }
}

#[test]
fn affine_values_add_up() {
    let t = points(5, 8);
    let form = |scale| ProductForm {
        slab: 1,
        offset: 3,
        scale,
        groups: Arc::new(vec![]),
    };
    let a = Affine {
        constant: t[0],
        pads: vec![(1, t[1]), (4, t[2])],
        forms: vec![form(t[3])],
    };
    let b = Affine {
        constant: t[4],
        pads: vec![(0, t[5]), (4, t[6]), (9, K::ONE)],
        forms: vec![],
    };
    let mut sum = a.clone();
    sum.add_scaled(&b, t[7]);
    assert_eq!(sum.constant, t[0] + t[7] * t[4]);
    let pads = vec![
        (0, t[7] * t[5]),
        (1, t[1]),
        (4, t[2] + t[7] * t[6]),
        (9, t[7]),
    ];
    assert_eq!(sum.pads, pads);
    assert_eq!(sum.forms, vec![form(t[3])]);
    let twice = Affine::combine([(t[7], &b), (K::ONE, &a)]);
    assert_eq!(twice.constant, sum.constant);
    assert_eq!(twice.pads, sum.pads);
    assert_eq!(a.scaled(t[7]).forms, vec![form(t[3] * t[7])]);
    assert!(Affine::constant(t[0]).is_constant());
    assert!(!Affine::padded(t[0], 7).is_constant());
    assert_eq!(Affine::padded(t[0], 7).pads, vec![(7, K::ONE)]);
}
