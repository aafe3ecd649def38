//! Malicious provers: a real prover with one value or message replaced. Each lie names the slug that must fire and, since nearly
//! every lie ends in `final_claim`, the claims that it makes false, told by an audit that knows the secrets.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{f_from_i64, f_to_i64, F, K};
use tacit_program::*;
use tacit_testkit::lie::{contract, count, divided, expect, set, tell, Lie, EIN, LOG};
use tacit_testkit::mlp::*;
use tacit_testkit::*;

const PRODUCTS: [&str; 4] = ["products", "products a", "products b", "products c"];

fn honest() -> Trace {
    execute(&MLP.case.prepared, MLP.case.givens.clone()).unwrap()
}

/// A changed trace; einsum values and multiplicities follow from it.
fn changed(change: impl Fn(&mut Trace, &mut Publics) + 'static) -> Lie {
    let trace = move |trace: &mut Trace, publics: &mut Publics| {
        change(trace, publics);
        contract(&MLP.case.prepared, trace);
        count(&MLP.case.prepared, trace);
    };
    Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    }
}

/// An entry of a with ReLU's input above 1, one below 0.
fn positive() -> usize {
    honest().tensors[A as usize]
        .iter()
        .position(|&x| x > 1)
        .unwrap()
}

fn negative() -> usize {
    honest().tensors[A as usize]
        .iter()
        .position(|&x| x == 0)
        .unwrap()
}

#[test]
fn an_honest_prover_is_accepted() {
    expect(Lie::default(), "accepted", &[]);
    expect(changed(|_, _| ()), "accepted", &[]);
}

#[test]
fn false_remainders_are_refused() {
    let i = positive();
    expect(
        changed(move |t, _| set(t, R1, i, |x| x + 1)),
        "final_claim",
        &[LOG],
    );
    let lie = changed(move |t, _| {
        set(t, R1, i, |x| x + 4);
        set(t, A, i, |x| x - 1);
    });
    expect(lie, "final_claim", &[LOG, EIN]);
}

#[test]
fn false_activations_are_refused() {
    let (i, j) = (positive(), negative());
    expect(
        changed(move |t, _| set(t, A, i, |x| x + 1)),
        "final_claim",
        &[LOG, EIN],
    );
    expect(
        changed(move |t, _| set(t, A, j, |_| 3)),
        "final_claim",
        &[LOG, EIN],
    );
    // A wrong ReLU output carried on honestly: the outputs follow from it.
    let lie = changed(move |t, publics| {
        set(t, A, i, |x| x + 1);
        contract(&MLP.case.prepared, t);
        let bias = t.tensors[B2 as usize].clone();
        for (k, &acc) in t.einsums[1].clone().iter().enumerate() {
            let acc = acc + bias[k % 3] + 2;
            set(t, R2, k, |_| acc.rem_euclid(4));
            set(t, Y, k, |_| acc.div_euclid(4));
        }
        t.tensors[E as usize] = t.einsums[2].clone().into();
        *publics = tacit_prover::public_values(&MLP.case.prepared, t);
    });
    expect(lie, "final_claim", &[LOG]);
}

#[test]
fn padding_influences_nothing() {
    let prepared = &MLP.case.prepared;
    let layout = prepared.slab_layout(prepared.witness_slab());
    // a[0, 6] is not valid (6 columns of 8); table relu has 88 rows of 128.
    let cell = layout.offset_of(A).unwrap() + 6;
    let row = layout
        .offset_of(prepared.program.tensors.len() as u32 + 1)
        .unwrap()
        + 100;
    for at in [cell, row] {
        let witness = move |cells: &mut [F]| cells[at] = F::from_u64(5);
        expect(
            Lie {
                witness: Some(Box::new(witness)),
                ..Lie::default()
            },
            "accepted",
            &[],
        );
    }
}

#[test]
fn false_multiplicities_are_refused() {
    let lie = |trace: fn(&mut Trace, &mut Publics)| Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    };
    expect(
        lie(|t, _| t.multiplicities[1][50] += 1),
        "final_claim",
        &[LOG],
    );
    // Taken from one row and given to another: the sums of counts agree.
    let moved = |t: &mut Trace, _: &mut Publics| {
        t.multiplicities[0][0] += 1;
        t.multiplicities[0][1] -= 1;
    };
    expect(lie(moved), "final_claim", &[LOG]);
}

#[test]
fn false_public_values_are_refused() {
    let lie = |tensor: u32, index: usize| {
        changed(move |t, publics| {
            set(t, tensor, 1, |x| x + 1);
            publics.0[index][1] += 1;
        })
    };
    expect(lie(Y, 0), "final_claim", &[EIN]);
    expect(lie(E, 1), "final_claim", &[EIN]);
    // r2 + 1 stays in [0, 4) and y = (acc - r2 - 1) / 4 in the field: every relation holds, only y's interval does not.
    let i = honest().tensors[R2 as usize]
        .iter()
        .position(|&x| x < 3)
        .unwrap();
    let mut wrap = changed(move |t, publics| {
        set(t, R2, i, |x| x + 1);
        let y = f_from_i64(publics.0[0][i]) - f_from_i64(divided(1, 2));
        set(t, Y, i, |_| f_to_i64(y));
        publics.0[0][i] = f_to_i64(y);
    });
    wrap.ignores_checks = true;
    expect(wrap, "public_interval", &[]);
}

#[test]
fn false_products_of_hidden_values_are_refused() {
    let d = K::from_u64(5);
    // Triples 1 + 3 j ..: the products of layer j. The sum in the layer's claim is kept.
    let lie = Lie {
        products: [(4, d), (5, -d)].into(),
        ..Lie::default()
    };
    expect(lie, "final_claim", &PRODUCTS[..1]);
    expect(
        Lie {
            inverse: Some(K::ZERO),
            ..Lie::default()
        },
        "final_claim",
        &PRODUCTS[..1],
    );
    expect(
        Lie {
            products_end: Some(K::ONE),
            ..Lie::default()
        },
        "final_claim",
        &PRODUCTS,
    );
    // The product of an einsum's ends.
    let last = MLP.case.prepared.sizes.triples as usize - 4;
    expect(
        Lie {
            products: [(last, d)].into(),
            ..Lie::default()
        },
        "final_claim",
        &[EIN, "products"],
    );
}

#[test]
fn one_false_cell_of_the_witness_is_refused() {
    let names = [R1, A, R2];
    for seed in 0..60u64 {
        let r = numbers(seed + 1, 4, 0, 1 << 30);
        let lie = changed(move |t, _| {
            let tensor = names[r[0] as usize % 3];
            let entry = r[1] as usize % t.tensors[tensor as usize].len();
            set(t, tensor, entry, |x| {
                x + [1, -1, 4, 1 << 20][r[2] as usize % 4]
            });
        });
        let mut lie = lie;
        let (_, answer) = tell(&mut lie);
        assert_eq!(answer, "final_claim", "seed {seed}");
        assert!(!lie.bad.is_empty(), "seed {seed}");
    }
}
