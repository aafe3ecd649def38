//! Intervals that do not follow: what a prover could wrap modulo p if `validate` believed it. Each names the rule that refuses.

use tacit_program::*;
use tacit_testkit::*;

/// x with a lookup in [0, 15], u that only `relate` speaks of, and a zero that needs u's interval.
fn claimed(relate: impl Fn(&mut Builder, u32, u32)) -> &'static str {
    let mut p = Builder::new("claimed", &[]);
    let x = p.tensor("x", &[4], Place::Witness, 0, 15);
    let u = p.tensor("u", &[4], Place::Witness, -HUGE, HUGE);
    let y = p.tensor("y", &[4], Place::Public, -HUGE, HUGE);
    let table = p.table("range16", TableKind::Range { lo: 0, len: 16 });
    p.lookup(
        "x",
        table,
        &[4],
        expr(0, vec![same(1, x, 1)]),
        0,
        Expr::default(),
    );
    relate(&mut p, x, u);
    p.zero(
        "use",
        &[4],
        expr(0, vec![same(1 << 20, u, 1), same(-1, y, 1)]),
    );
    rule(p)
}

#[test]
fn definitions_that_bound_nothing() {
    let zero = |terms: Vec<Term>| {
        move |p: &mut Builder, _: u32, _: u32| p.zero("u", &[4], expr(0, terms.clone()))
    };
    // What bounds u: u = x, u = -x + 5, u = x shifted (a link).
    assert_eq!(
        claimed(zero(vec![same(1, 1, 1), same(-1, 0, 1)])),
        "accepted"
    );
    assert_eq!(
        claimed(zero(vec![same(-1, 1, 1), same(-1, 0, 1)])),
        "accepted"
    );
    let shifted = term(-1, 0, vec![affine_link(&[(0, 1)], &[(0, 1)], 2)]);
    assert_eq!(claimed(zero(vec![same(1, 1, 1), shifted])), "accepted");
    // 2 u = x has the solution x / 2 mod p.
    assert_eq!(
        claimed(zero(vec![same(2, 1, 1), same(-1, 0, 1)])),
        "interval_unknown"
    );
    // u twice: 2 u in disguise; u - u: nothing is said.
    assert_eq!(
        claimed(zero(vec![same(1, 1, 1), same(1, 1, 1), same(-1, 0, 1)])),
        "interval_unknown"
    );
    assert_eq!(
        claimed(zero(vec![same(1, 1, 1), same(-1, 1, 1), same(-1, 0, 1)])),
        "interval_unknown"
    );
    // u and its own reverse: u_0 + u_3 is known, u_0 is not.
    let flipped = term(1, 1, vec![affine_link(&[(0, -1)], &[(0, 1)], 3)]);
    assert_eq!(
        claimed(zero(vec![same(1, 1, 1), flipped, same(-1, 0, 1)])),
        "interval_unknown"
    );
    // Only a slice of u, only its sum, only its first half.
    let slice = term(1, 1, vec![affine_link(&[(0, 1)], &[(0, 1)], 1)]);
    assert_eq!(
        claimed(zero(vec![slice, same(-1, 0, 1)])),
        "interval_unknown"
    );
    assert_eq!(
        claimed(zero(vec![term(1, 1, vec![]), same(-1, 0, 1)])),
        "interval_unknown"
    );
    let half = |p: &mut Builder, _: u32, u: u32| {
        p.zero("u", &[2], expr(0, vec![term(1, u, vec![link(0, 0)])]))
    };
    assert_eq!(claimed(half), "interval_unknown");
    // Through an einsum that reads u itself: u u = x.
    let square = |p: &mut Builder, x: u32, u: u32| {
        let t = |id| expr(0, vec![same(1, id, 1)]);
        let e = p.einsum("square", "a,a->a", &[('a', 4)], t(u), t(u));
        p.zero("u", &[4], expr(0, vec![product(1, e, 1), same(-1, x, 1)]));
    };
    assert_eq!(claimed(square), "interval_unknown");
    // u = u u, that is boolean, but only when u is known to be small.
    let boolean = |p: &mut Builder, _: u32, u: u32| {
        let t = |id| expr(0, vec![same(1, id, 1)]);
        let e = p.einsum("square", "a,a->a", &[('a', 4)], t(u), t(u));
        p.zero("u", &[4], expr(0, vec![product(1, e, 1), same(-1, u, 1)]));
    };
    assert_eq!(claimed(boolean), "interval_unknown");
    // A circle of definitions bounds nobody.
    let circle = |p: &mut Builder, _: u32, u: u32| {
        let w = p.tensor("w", &[4], Place::Witness, -HUGE, HUGE);
        p.zero("u", &[4], expr(0, vec![same(1, u, 1), same(-1, w, 1)]));
        p.zero("w", &[4], expr(0, vec![same(1, w, 1), same(-1, u, 1)]));
    };
    assert_eq!(claimed(circle), "interval_unknown");
}

#[test]
fn lookups_that_bound_nothing() {
    let lookup = |shape: &'static [u32], input: Expr, shift: u8, output: Expr| {
        claimed(move |p, _, _| p.lookup("u", 0, shape, input.clone(), shift, output.clone()))
    };
    let u = |coef| expr(0, vec![same(coef, 1, 1)]);
    assert_eq!(lookup(&[4], u(1), 0, Expr::default()), "accepted");
    // Range: out = 0, so u = 0.
    assert_eq!(
        lookup(&[4], expr(0, vec![same(1, 0, 1)]), 0, u(1)),
        "accepted"
    );
    // A multiple, a shift, a neighbour, a constant, a slice or a sum is not the tensor alone.
    assert_eq!(lookup(&[4], u(2), 0, Expr::default()), "interval_unknown");
    assert_eq!(lookup(&[4], u(-1), 0, Expr::default()), "interval_unknown");
    assert_eq!(lookup(&[4], u(1), 1, Expr::default()), "interval_unknown");
    assert_eq!(
        lookup(&[4], expr(1, vec![same(1, 1, 1)]), 0, Expr::default()),
        "interval_unknown"
    );
    assert_eq!(
        lookup(
            &[4],
            expr(0, vec![same(1, 1, 1), same(1, 0, 1)]),
            0,
            Expr::default()
        ),
        "interval_unknown"
    );
    assert_eq!(
        lookup(&[3], expr(0, vec![same(1, 1, 1)]), 0, Expr::default()),
        "interval_unknown"
    );
    let next = term(1, 1, vec![affine_link(&[(0, 1)], &[(0, 1)], 1)]);
    assert_eq!(
        lookup(&[4], expr(0, vec![next]), 0, Expr::default()),
        "interval_unknown"
    );
    assert_eq!(
        lookup(&[4], expr(0, vec![term(1, 1, vec![])]), 0, Expr::default()),
        "interval_unknown"
    );
}

/// What stands beside a tensor in an output moves the table's outs; what is not known, or may wrap, tells nothing.
#[test]
fn outputs_that_bound_one_tensor() {
    let output = |shape: &'static [u32], output: Expr| {
        claimed(move |p, x, _| {
            let t = p.table("byte", TableKind::Relu { lo: 0, len: 16 });
            let input = expr(0, vec![term(1, x, vec![link(0, 0)])]);
            p.lookup("u", t, shape, input, 0, output.clone());
        })
    };
    let (u, x, y) = (1, 0, 2);
    let of = |constant, terms: &[(i64, u32)]| {
        let terms = terms.iter().map(|&(coef, tensor)| same(coef, tensor, 1));
        expr(constant, terms.collect())
    };
    assert_eq!(output(&[4], of(0, &[(1, u)])), "accepted");
    assert_eq!(output(&[4], of(7, &[(-1, u)])), "accepted");
    assert_eq!(output(&[4], of(0, &[(1, u), (-3, x)])), "accepted");
    // Wide, but within the field: u's interval follows, and is not what was declared.
    assert_eq!(output(&[4], of(0, &[(1, u), (3, y)])), "interval_declared");
    // A multiple, twice, a part, a rest that leaves the field, and one of which nothing is known.
    assert_eq!(output(&[4], of(0, &[(2, u)])), "interval_unknown");
    assert_eq!(output(&[4], of(0, &[(1, u), (1, u)])), "interval_unknown");
    assert_eq!(output(&[4], of(0, &[(1, u), (-1, u)])), "interval_unknown");
    assert_eq!(output(&[3], of(0, &[(1, u)])), "interval_unknown");
    assert_eq!(output(&[4], of(0, &[(1, u), (4, y)])), "interval_unknown");
    assert_eq!(output(&[4], of(i64::MAX, &[(1, u)])), "interval_unknown");
    let other = |relate: &'static [(i64, u32)]| {
        claimed(move |p, x, u| {
            let w = p.tensor("w", &[4], Place::Witness, -HUGE, HUGE);
            let t = p.table("byte", TableKind::Relu { lo: 0, len: 16 });
            let sum = of(0, &[(1, u), (-1, w)]);
            p.lookup("u", t, &[4], of(0, &[(1, x)]), 0, sum);
            if !relate.is_empty() {
                let mut zero = of(0, relate);
                zero.terms.push(same(-1, w, 1));
                p.zero("w", &[4], zero);
            }
        })
    };
    assert_eq!(other(&[]), "interval_unknown");
    assert_eq!(other(&[(5, 0)]), "accepted");
    // A circle through a table: u from w, w from u.
    assert_eq!(other(&[(1, 1)]), "interval_unknown");
}

/// Declared intervals of what a prover chooses are no proof; those of what others prove are used.
#[test]
fn a_declaration_is_no_proof() {
    let uses = |place: Place| {
        let mut p = Builder::new("declared", &[("model", true)]);
        let u = p.tensor("u", &[4], place, 0, 1);
        let y = p.tensor("y", &[4], Place::Public, 0, 1);
        p.zero("use", &[4], expr(0, vec![same(3, u, 1), same(-1, y, 1)]));
        rule(p)
    };
    assert_eq!(uses(Place::Witness), "interval_unknown");
    assert_eq!(uses(Place::Slab(0)), "accepted");
    assert_eq!(uses(Place::Public), "accepted");
}

/// x and y of 41 bits: their product leaves the field, and only a zero of it alone may be believed.
#[test]
fn what_a_bare_product_may_be() {
    let with = |operand: i64, spec: &str, relate: &dyn Fn(&mut Builder, u32)| {
        let mut p = Builder::new("bare", &[("data", true)]);
        let x = p.tensor("x", &[4], Place::Slab(0), -(1 << 40), 1 << 40);
        let y = p.tensor("y", &[4], Place::Slab(0), -(1 << 40), 1 << 40);
        let (a, b) = (
            expr(0, vec![same(operand, x, 1)]),
            expr(0, vec![same(1, y, 1)]),
        );
        let labels = [('a', 4), ('b', 4)];
        let used = if spec.contains('b') { 2 } else { 1 };
        let e = p.einsum("xy", spec, &labels[..used], a, b);
        relate(&mut p, e);
        rule(p)
    };
    let alone = |coef: i64, constant: i64| {
        move |p: &mut Builder, e: u32| p.zero("xy", &[4], expr(constant, vec![product(coef, e, 1)]))
    };
    let bare = alone(1, 0);
    assert_eq!(with(1, "a,a->a", &bare), "accepted");
    assert_eq!(with(1, "a,a->a", &alone(-1, 0)), "accepted");
    let outer = |p: &mut Builder, e: u32| p.zero("xy", &[4, 4], expr(0, vec![product(1, e, 2)]));
    assert_eq!(with(1, "a,b->ab", &outer), "accepted");
    let twice = |p: &mut Builder, e: u32| {
        bare(p, e);
        bare(p, e);
    };
    assert_eq!(with(1, "a,a->a", &twice), "accepted");
    // Another coefficient, a constant, a second term.
    assert_eq!(with(1, "a,a->a", &alone(2, 0)), "einsum_bound");
    assert_eq!(with(1, "a,a->a", &alone(i64::MIN, 0)), "einsum_bound");
    assert_eq!(with(1, "a,a->a", &alone(1, 1)), "einsum_bound");
    assert_eq!(with(1, "a,a->a", &alone(-1, i64::MAX)), "einsum_bound");
    for other in [product(1, 0, 1), product(-1, 0, 1), same(1, 1, 1)] {
        let two = |p: &mut Builder, e: u32| {
            p.zero("xy", &[4], expr(0, vec![product(1, e, 1), other.clone()]))
        };
        assert_eq!(with(1, "a,a->a", &two), "einsum_bound");
    }
    // A sum of products.
    let sum = |p: &mut Builder, e: u32| p.zero("xy", &[], expr(0, vec![product(1, e, 0)]));
    assert_eq!(with(1, "a,a->", &sum), "einsum_bound");
    // Nobody reads it; a lookup or another zero does as well.
    assert_eq!(with(1, "a,a->a", &|_, _| ()), "einsum_bound");
    let looked_up = |input: bool| {
        move |p: &mut Builder, e: u32| {
            bare(p, e);
            let t = p.table("t", TableKind::Range { lo: 0, len: 1 });
            let raw = expr(0, vec![product(1, e, 1)]);
            let (a, b) = if input {
                (raw, Expr::default())
            } else {
                (Expr::default(), raw)
            };
            p.lookup("l", t, &[4], a, 0, b);
        }
    };
    assert_eq!(with(1, "a,a->a", &looked_up(true)), "einsum_bound");
    assert_eq!(with(1, "a,a->a", &looked_up(false)), "einsum_bound");
    let read = |p: &mut Builder, e: u32| {
        bare(p, e);
        p.zero("r", &[4], expr(0, vec![product(1, e, 1), same(1, 0, 1)]));
    };
    assert_eq!(with(1, "a,a->a", &read), "einsum_bound");
    // The factors: at the end of the field, beyond it, unknown.
    let half = (tacit_algebra::P / 2) as i64;
    let factor = |place: Place, reach: i64, constant: i64| {
        let mut p = Builder::new("factor", &[("data", true)]);
        let x = p.tensor("x", &[4], place, -reach, reach);
        let t = || expr(0, vec![same(1, x, 1)]);
        let mut b = t();
        b.constant = constant;
        let e = p.einsum("xx", "a,a->a", &[('a', 4)], t(), b);
        bare(&mut p, e);
        rule(p)
    };
    assert_eq!(factor(Place::Slab(0), half, 0), "accepted");
    assert_eq!(factor(Place::Slab(0), half, 1), "einsum_bound");
    assert_eq!(factor(Place::Witness, half, 0), "interval_unknown");
    assert_eq!(with(1 << 22, "a,a->a", &bare), "accepted");
    assert_eq!(with(1 << 23, "a,a->a", &bare), "einsum_bound");
}

/// A contraction of a single entry is one: the rule asks how it is written.
#[test]
fn a_contraction_of_one_entry_is_not_bare() {
    let with = |spec: &str, shape: &[u32]| {
        let mut p = Builder::new("one", &[("data", true)]);
        let x = p.tensor("x", &[1], Place::Slab(0), -(1 << 40), 1 << 40);
        let t = || expr(0, vec![same(1, x, 1)]);
        let e = p.einsum("xx", spec, &[('a', 1)], t(), t());
        let term = product(1, e, shape.len() as u8);
        p.zero("xx", shape, expr(0, vec![term]));
        rule(p)
    };
    assert_eq!(with("a,a->a", &[1]), "accepted");
    assert_eq!(with("a,a->", &[]), "einsum_bound");
}
