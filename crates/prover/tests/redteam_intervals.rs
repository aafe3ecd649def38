//! Intervals that do not follow: what a prover could wrap modulo p if `validate` believed it. Each names the rule that refuses.

mod common;

use common::*;
use tacit_program::*;

/// The rule that `validate` refuses a program by, or "accepted".
fn rule(p: Builder) -> &'static str {
    Prepared::new(p.program).map_or_else(|e| e.rule, |_| "accepted")
}
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

const HUGE: i64 = 1 << 61;

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

/// Sums are bounded by how many entries an index can meet: just inside, just outside.
#[test]
fn many_entries_at_one_index() {
    // 2^12 entries in [0, 2^50]: 2^62 is inside p/2, twice as many are not.
    let sum = |n: u32, links: Vec<Link>, target: &[u32], shape: &[u32]| {
        assert_eq!(shape.iter().product::<u32>(), n);
        let mut p = Builder::new("sum", &[("data", true)]);
        let x = p.tensor("x", shape, Place::Slab(0), 0, 1 << 50);
        p.zero("sum", target, expr(0, vec![term(1, x, links)]));
        rule(p)
    };
    assert_eq!(sum(1 << 12, vec![], &[1], &[1 << 12]), "accepted");
    assert_eq!(sum(1 << 13, vec![], &[1], &[1 << 13]), "zero_bound");
    // The same number of entries behind a link of two source axes: t = a + b meets up to min(extents).
    let diagonal = || vec![affine_link(&[(0, 1)], &[(0, 1), (1, 1)], 0)];
    assert_eq!(
        sum(1 << 14, diagonal(), &[255], &[1 << 7, 1 << 7]),
        "accepted"
    );
    // A link without a target axis fixes a source axis; the other one is summed.
    let fixed = || vec![affine_link(&[], &[(0, 1)], 1)];
    assert_eq!(sum(1 << 13, fixed(), &[1], &[2, 1 << 12]), "accepted");
    assert_eq!(sum(1 << 14, fixed(), &[1], &[2, 1 << 13]), "zero_bound");
    // i64 at its ends in coefficients and constants.
    let ends = |coef: i64, constant: i64, lo: i64, hi: i64| {
        let mut p = Builder::new("ends", &[("data", true)]);
        let x = p.tensor("x", &[1], Place::Slab(0), lo, hi);
        p.zero("ends", &[1], expr(constant, vec![same(coef, x, 1)]));
        rule(p)
    };
    let half = (tacit_algebra::P / 2) as i64;
    assert_eq!(ends(1, 0, -half, half), "accepted");
    assert_eq!(ends(1, 1, -half, half), "zero_bound");
    assert_eq!(ends(-1, -1, -half, half), "zero_bound");
    assert_eq!(ends(i64::MIN, 0, 0, 0), "accepted");
    assert_eq!(ends(i64::MIN, 0, 0, 1), "zero_bound");
    assert_eq!(ends(i64::MIN, 0, -1, 0), "zero_bound");
    assert_eq!(ends(1, i64::MIN, 0, 1), "zero_bound");
    assert_eq!(ends(1, i64::MAX, 0, 0), "zero_bound");
    assert_eq!(ends(1, 0, i64::MIN, 0), "tensor_interval");
    assert_eq!(ends(1, 0, 0, i64::MAX), "tensor_interval");
    assert_eq!(ends(i64::MAX, 0, i64::MIN / 2, i64::MAX / 2), "zero_bound");
}

/// (x / 2^s, y) with x as large as the field lets it be: one more step and x + p would do as well as x.
#[test]
fn a_shifted_lookup_at_the_end_of_the_field() {
    let shifted = |shift: u8, lo: i64, len: u32, reach: i64| {
        let mut p = Builder::new("shifted", &[("data", true)]);
        let x = p.tensor("x", &[1], Place::Slab(0), -reach, reach);
        let t = p.table("t", TableKind::Range { lo, len });
        p.lookup(
            "l",
            t,
            &[1],
            expr(0, vec![same(1, x, 1)]),
            shift,
            Expr::default(),
        );
        rule(p)
    };
    let half = (tacit_algebra::P / 2) as i64;
    // 2^40 * 2^20 = 2^60.
    assert_eq!(
        shifted(40, -(1 << 20), 1 << 20, half - (1 << 60)),
        "accepted"
    );
    assert_eq!(
        shifted(40, -(1 << 20), 1 << 20, half - (1 << 60) + 1),
        "lookup_bound"
    );
    assert_eq!(shifted(62, -1, 2, half - (1 << 62)), "accepted");
    assert_eq!(shifted(62, -2, 2, 1), "lookup_bound");
    assert_eq!(shifted(62, 1 << 40, 1 << 10, 1), "lookup_bound");
    assert_eq!(shifted(63, 0, 2, 1), "lookup_shift");
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

/// Every value that an expression takes lies in the interval that `validate` derives for a tensor equal to it.
#[test]
fn intervals_contain_every_value() {
    let mut state = 7u64;
    let mut draw = move |n: u64| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % n
    };
    let mut met = 0;
    for round in 0..3000 {
        let extents = |draw: &mut dyn FnMut(u64) -> u64| -> Vec<u32> {
            let axes = draw(4);
            (0..axes).map(|_| 1 + draw(4) as u32).collect()
        };
        let target = extents(&mut draw);
        let mut p = Builder::new("fuzz", &[]);
        let mut terms = vec![];
        let mut givens: Givens = vec![];
        for k in 0..1 + draw(2) {
            let source = extents(&mut draw);
            let (a, b) = (draw(41) as i64 - 20, draw(41) as i64 - 20);
            let (lo, hi) = (a.min(b), a.max(b));
            let x = p.tensor(&format!("x{k}"), &source, Place::Public, lo, hi);
            p.program.inputs.push(Port {
                name: format!("x{k}"),
                tensor: x,
                frac: 0,
            });
            // Extremes mostly, so that a bound that is too narrow shows.
            let values = (0..entries(&source))
                .map(|_| [lo, hi, hi, lo + draw((hi - lo + 1) as u64) as i64][draw(4) as usize]);
            givens.push((x, values.collect()));
            let (mut t, mut s): (Vec<u8>, Vec<u8>) = (
                (0..target.len() as u8).collect(),
                (0..source.len() as u8).collect(),
            );
            let mut links = vec![];
            for _ in 0..draw(4) {
                let mut side = |axes: &mut Vec<u8>, most: u64| -> Vec<(u8, i32)> {
                    let n = draw(most + 1).min(axes.len() as u64);
                    (0..n)
                        .map(|_| {
                            let axis = axes.remove(draw(axes.len() as u64) as usize);
                            (axis, [1, 1, -1, 2, 3, -2][draw(6) as usize])
                        })
                        .collect()
                };
                let (target, source) = (side(&mut t, 2), side(&mut s, 2));
                if !target.is_empty() || !source.is_empty() {
                    links.push(affine_link(&target, &source, draw(7) as i32 - 3));
                }
            }
            let coef = [1, -1, 3, -5][draw(4) as usize];
            terms.push(term(coef, x, links));
        }
        let y = p.tensor("y", &target, Place::Witness, -HUGE, HUGE);
        let value = expr(draw(9) as i64 - 4, terms);
        let less = expr(
            value.constant,
            value
                .terms
                .iter()
                .cloned()
                .chain([same(-1, y, target.len() as u8)])
                .collect(),
        );
        p.zero("y", &target, less);
        p.hint(Hint::Linear {
            dst: y,
            expr: value,
        });
        let prepared = p.prepare();
        let (lo, hi) =
            prepared.intervals[y as usize].unwrap_or_else(|| panic!("round {round}: no interval"));
        let trace = execute(&prepared, givens).unwrap_or_else(|e| panic!("round {round}: {e}"));
        for &v in trace.tensors[y as usize].iter() {
            assert!(
                (lo..=hi).contains(&v),
                "round {round}: {v} outside [{lo}, {hi}]: {:?}",
                prepared.program
            );
            met += usize::from(v == lo || v == hi);
        }
    }
    assert!(
        met > 100,
        "bounds are met, so that they are not only wide: {met}"
    );
}

/// x <= y - 1 and y <= x in turn, from `reach` down to 0, where it ends: looks are counted, and readers that wait already too.
/// The same programs stand in `tests/reference/test_steps.py`, which counts the steps: the last one, and one more.
#[test]
fn the_last_step_and_one_more() {
    let creep = |reach: u32, copies: usize, padding: usize| {
        let mut p = Builder::new("creep", &[]);
        let range = TableKind::Range {
            lo: -8,
            len: reach + 9,
        };
        let range = p.table("range", range);
        let relu = p.table("relu", TableKind::Relu { lo: -8, len: 16 });
        let one = |id| expr(0, vec![same(1, id, 1)]);
        let [x, y] = ["x", "y"].map(|name| {
            let id = p.tensor(name, &[2], Place::Witness, -8, reach as i64);
            p.lookup(name, range, &[2], one(id), 0, Expr::default());
            id
        });
        let square = p.tensor("square", &[2], Place::Witness, -HUGE, HUGE);
        let moved = p.tensor("moved", &[2], Place::Witness, -HUGE, HUGE);
        let known = p.tensor("known", &[2], Place::Public, 0, 1);
        let output = expr(0, vec![same(1, moved, 1), same(-1, y, 1)]);
        p.lookup("moved", relu, &[2], one(known), 0, output);
        let yy = p.einsum("yy", "a,a->a", &[('a', 2)], one(y), one(y));
        let terms = vec![same(1, square, 1), product(-1, yy, 1)];
        p.zero("square", &[2], expr(0, terms));
        let next = |id| term(-1, id, vec![affine_link(&[(0, 1)], &[(0, 1)], 1)]);
        for _ in 0..copies {
            p.zero("x", &[2], expr(1, vec![same(1, x, 1), next(y)]));
            p.zero("y", &[2], expr(0, vec![same(1, y, 1), next(x)]));
        }
        p.zero("padding", &[2], expr(0, vec![same(1, known, 1); padding]));
        rule(p)
    };
    assert_eq!(creep(11_814, 20, 27), "accepted");
    assert_eq!(creep(11_897, 20, 145), "interval_settle");
    assert_eq!(creep(1 << 19, 2000, 0), "interval_settle");
}
