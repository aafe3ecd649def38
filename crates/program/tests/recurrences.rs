//! Rule 3 (docs/protocol/program.md section 5): zeros that carry a witness tensor along an axis, and what looks like one and is none.

use tacit_program::*;
use tacit_testkit::*;

const W: u32 = 0;
const G: u32 = 1;
const X: u32 = 2;

/// The largest integer below p/2.
const HALF: i64 = (tacit_algebra::P / 2) as i64;

/// t_axis + offset = s_axis.
fn axis(axis: u8, offset: i32) -> Link {
    affine_link(&[(axis, 1)], &[(axis, 1)], offset)
}

/// x\[t + offset\] of two axes, carried along the first.
fn x(coef: i64, offset: i32) -> Term {
    term(coef, X, vec![axis(0, offset), axis(1, 0)])
}

/// w at step c alone.
fn w(coef: i64, c: i32) -> Term {
    let here = affine_link(&[(0, 1)], &[], -c);
    term(coef, W, vec![here, affine_link(&[(1, 1)], &[(0, 1)], 0)])
}

fn g(coef: i64) -> Term {
    same(coef, G, 2)
}

/// w (3) in [-100, 90], g (5, 3) in [-7, 5], x of some shape, and a zero over (5, 3) that is to bound it.
struct Carry {
    shape: Vec<u32>,
    g: (i64, i64),
    expr: Expr,
}

impl Carry {
    /// Over four of the five steps: x\[t\] = x\[t-1\] - g\[t\], from w.
    fn good() -> Self {
        Self {
            shape: vec![4, 3],
            g: (-7, 5),
            expr: expr(0, vec![x(1, 0), x(-1, -1), w(-1, 0), g(1)]),
        }
    }

    fn terms(terms: Vec<Term>) -> Self {
        Self {
            expr: expr(0, terms),
            ..Self::good()
        }
    }

    fn builder(self) -> Builder {
        let mut p = Builder::new("carry", &[("model", true)]);
        p.tensor("w", &[3], Place::Slab(0), -100, 90);
        p.tensor("g", &[5, 3], Place::Public, self.g.0, self.g.1);
        p.tensor("x", &self.shape, Place::Witness, -HALF, HALF);
        p.zero("update", &[5, 3], self.expr);
        // Something that needs x's interval.
        p.zero(
            "use",
            &self.shape,
            expr(0, vec![same(1, X, self.shape.len() as u8)]),
        );
        p
    }

    /// x's interval; the rule that refuses, where there is none.
    fn found(self) -> Result<(i64, i64), &'static str> {
        let mut p = self.builder().program;
        // The rule alone: not what the second zero says of x.
        p.zeros.pop();
        let intervals = Prepared::new(p).map_err(|e| e.rule)?.intervals;
        intervals[X as usize].ok_or("interval_unknown")
    }

    fn rule(self) -> &'static str {
        let mut p = self.builder();
        let wide = p.program.zeros.pop().unwrap();
        p.zero("use", &wide.shape, {
            let axes = wide.shape.len() as u8;
            expr(0, vec![same(2, X, axes), same(-1, X, axes)])
        });
        rule(p)
    }
}

#[test]
fn a_recurrence_bounds_what_it_carries() {
    // w once, g four times, with 0 in every interval; x is minus their sum for e = 1.
    assert_eq!(Carry::good().found(), Ok((-100 - 4 * 5, 90 + 4 * 7)));
    assert_eq!(Carry::good().rule(), "accepted");
    let other_sign = vec![x(-1, 0), x(1, -1), w(1, 0), g(3)];
    assert_eq!(
        Carry::terms(other_sign).found(),
        Ok((-100 - 4 * 21, 90 + 4 * 15))
    );
    // The order of the terms says nothing.
    let backwards = vec![g(1), w(-1, 0), x(-1, -1), x(1, 0)];
    assert_eq!(Carry::terms(backwards).found(), Ok((-120, 118)));
    // All five steps, and one.
    for (steps, n) in [(5u32, 5i64), (1, 1)] {
        let carry = Carry {
            shape: vec![steps, 3],
            ..Carry::good()
        };
        assert_eq!(carry.found(), Ok((-100 - n * 5, 90 + n * 7)));
    }
    // The constant counts at every step.
    let mut carry = Carry::good();
    carry.expr.constant = -2;
    assert_eq!(carry.found(), Ok((-120, 118 + 8)));
    // Beyond x's last step a term does not count, nor before the first.
    for c in [4, 5, -1, i32::MAX, i32::MIN + 1] {
        let far = vec![x(1, 0), x(-1, -1), w(-1, c), g(1)];
        assert_eq!(Carry::terms(far).found(), Ok((-20, 28)), "{c}");
    }
    let last = vec![x(1, 0), x(-1, -1), w(-1, 3), g(1)];
    assert_eq!(Carry::terms(last).found(), Ok((-120, 118)));
    // A step that is fixed by another link counts as every step: t + s = 3, 2 t = 4, s = 1.
    for link in [
        affine_link(&[(0, 1)], &[(0, -1)], 3),
        affine_link(&[(0, 2)], &[(0, 1)], 4),
        affine_link(&[], &[(0, 1)], 1),
    ] {
        let terms = vec![x(1, 0), x(-1, -1), term(1, W, vec![link])];
        assert_eq!(Carry::terms(terms).found(), Ok((-4 * 90, 4 * 100)));
    }
}

#[test]
fn along_any_axis() {
    let mut p = Builder::new("second", &[]);
    p.tensor("w", &[3], Place::Public, 0, 0);
    p.tensor("g", &[3, 5], Place::Public, -1, 2);
    p.tensor("x", &[3, 4], Place::Witness, -HUGE, HUGE);
    let before = term(-1, X, vec![axis(0, 0), axis(1, -1)]);
    let zero = expr(0, vec![same(1, X, 2), before, same(-1, G, 2)]);
    p.zero("update", &[3, 5], zero);
    assert_eq!(p.prepare().intervals[X as usize], Some((-4, 8)));
    // The only axis: a sum of prefixes.
    let mut p = Builder::new("prefixes", &[]);
    p.tensor("w", &[3], Place::Public, 0, 0);
    p.tensor("g", &[6], Place::Public, 3, 4);
    p.tensor("x", &[6], Place::Witness, -HUGE, HUGE);
    let zero = vec![
        same(1, X, 1),
        term(-1, X, vec![axis(0, -1)]),
        same(-1, G, 1),
    ];
    p.zero("sum", &[6], expr(0, zero));
    assert_eq!(p.prepare().intervals[X as usize], Some((0, 24)));
}

#[test]
fn what_is_no_recurrence() {
    let none = |terms: Vec<Term>| {
        assert_eq!(Carry::terms(terms).rule(), "interval_unknown");
    };
    let rest = || vec![w(-1, 0), g(1)];
    let with = |own: Vec<Term>| [own, rest()].concat();
    // 2 x[t] - 2 x[t-1] = g: division in F. Coefficients that are not opposite.
    for (a, b) in [
        (2, -1),
        (2, -2),
        (1, -3),
        (1, 1),
        (-1, -1),
        (3, -3),
        (1, i64::MIN),
    ] {
        none(with(vec![x(a, 0), x(b, -1)]));
    }
    none(with(vec![x(i64::MIN, 0), x(1, -1)]));
    // Two steps back, one ahead, none.
    for offset in [-2, 1, 0, 2] {
        none(with(vec![x(1, 0), x(-1, offset)]));
    }
    none(with(vec![x(1, -1), x(-1, -2)]));
    // Once, and three times: x[t] - x[t-1] + 5 x[t-3].
    none(with(vec![x(1, 0), x(-1, -1), x(5, -3)]));
    none(with(vec![x(1, 0), x(-1, -1), x(0x7fff, -1)]));
    none(with(vec![x(1, -1)]));
    // Moved on both axes, on the other one, turned round, doubled, summed over one axis.
    let second = |b: Vec<Link>| with(vec![x(1, 0), term(-1, X, b)]);
    none(second(vec![axis(0, -1), axis(1, -1)]));
    none(second(vec![axis(0, -1), axis(1, 1)]));
    none(second(vec![
        axis(0, -1),
        affine_link(&[(1, -1)], &[(1, 1)], 2),
    ]));
    none(second(vec![
        affine_link(&[(0, 2)], &[(0, 1)], -1),
        axis(1, 0),
    ]));
    none(second(vec![
        affine_link(&[(0, 1)], &[(0, 2)], -1),
        axis(1, 0),
    ]));
    none(second(vec![
        affine_link(&[(0, -1)], &[(0, 1)], -1),
        axis(1, 0),
    ]));
    none(second(vec![
        affine_link(&[(0, 1)], &[(0, -1)], -1),
        axis(1, 0),
    ]));
    none(second(vec![affine_link(&[(0, 1), (1, 1)], &[(0, 1)], -1)]));
    none(second(vec![axis(0, -1)]));
    none(second(vec![]));
    // The links in another order say the same, but are not what the rule reads.
    none(second(vec![axis(1, 0), axis(0, -1)]));
    let first = |a: Vec<Link>| with(vec![term(1, X, a), x(-1, -1)]);
    none(first(vec![axis(1, 0), axis(0, 0)]));
    none(first(vec![axis(0, 1), axis(1, 0)]));
    none(first(vec![axis(0, 0)]));
}

#[test]
fn shapes_that_leave_entries_free() {
    let of = |shape: &[u32]| {
        let carry = Carry {
            shape: shape.to_vec(),
            ..Carry::good()
        };
        carry.rule()
    };
    assert_eq!(of(&[5, 3]), "accepted");
    // Longer than the zero, wider, narrower (then entries of x[t-1] are missing), of more axes.
    assert_eq!(of(&[6, 3]), "interval_unknown");
    assert_eq!(of(&[4, 4]), "interval_unknown");
    assert_eq!(of(&[4, 2]), "interval_unknown");
    assert_eq!(of(&[4, 3, 2]), "interval_unknown");
    // What is not the prover's to choose is not narrowed.
    let mut slab = Carry::good().builder().program;
    (
        slab.tensors[2].place,
        slab.tensors[2].lo,
        slab.tensors[2].hi,
    ) = (Place::Slab(0), -999, 999);
    assert_eq!(Prepared::new(slab).unwrap().intervals[2], Some((-999, 999)));
}

/// Rests that are unknown, or that leave the field; a rest that reads x itself, directly or through an einsum or a tensor.
#[test]
fn rests_that_bound_nothing() {
    let part = HALF / 4;
    let wide = |most: i64, constant: i64| {
        let mut carry = Carry {
            g: (0, most),
            ..Carry::terms(vec![x(1, 0), x(-1, -1), g(1)])
        };
        carry.expr.constant = constant;
        carry.found()
    };
    // x follows, but the zero that says so reads it twice and could wrap.
    assert_eq!(wide(part, 0), Err("zero_bound"));
    assert_eq!(wide(part, -part), Err("zero_bound"));
    assert_eq!(wide(part / 2, 0), Ok((-part / 2 * 4, 0)));
    assert_eq!(wide(part / 4, -part / 4), Ok((-part / 4 * 4, part / 4 * 4)));
    assert_eq!(wide(part + 1, 0), Err("interval_unknown"));
    assert_eq!(wide(0, part + 1), Err("interval_unknown"));
    assert_eq!(wide(0, i64::MIN), Err("interval_unknown"));
    let long = |coef: i64| Carry::terms(vec![x(1, 0), x(-1, -1), g(coef)]).found();
    assert_eq!(long(i64::MAX), Err("interval_unknown"));
    assert_eq!(long(i64::MIN), Err("interval_unknown"));
    // Each step is known and 0 in sum, but the terms count one by one.
    let both = vec![x(1, 0), x(-1, -1), g(1), g(-1)];
    assert_eq!(Carry::terms(both).found(), Ok((-48, 48)));
    // Through an einsum: x[t] = x[t-1] - x[t]^2.
    let mut p = Carry::good().builder();
    let square = p.einsum(
        "square",
        "ab,ab->ab",
        &[('a', 4), ('b', 3)],
        expr(0, vec![same(1, X, 2)]),
        expr(0, vec![same(1, X, 2)]),
    );
    p.program.zeros.clear();
    let own = vec![x(1, 0), x(-1, -1), product(1, square, 2)];
    p.zero("update", &[4, 3], expr(0, own));
    assert_eq!(rule(p), "interval_unknown");
    // Through a tensor that equals x.
    let mut p = Carry::good().builder();
    let y = p.tensor("y", &[4, 3], Place::Witness, -HUGE, HUGE);
    p.program.zeros.clear();
    p.zero(
        "copy",
        &[4, 3],
        expr(0, vec![same(1, y, 2), same(-1, X, 2)]),
    );
    p.zero(
        "update",
        &[4, 3],
        expr(0, vec![x(1, 0), x(-1, -1), same(1, y, 2)]),
    );
    assert_eq!(rule(p), "interval_unknown");
    // Two that carry each other.
    let mut p = Carry::good().builder();
    let y = p.tensor("y", &[4, 3], Place::Witness, -HUGE, HUGE);
    p.program.zeros.clear();
    let pair = |a: u32, b: u32| {
        vec![
            same(1, a, 2),
            term(-1, a, vec![axis(0, -1), axis(1, 0)]),
            same(1, b, 2),
        ]
    };
    p.zero("x", &[4, 3], expr(0, pair(X, y)));
    p.zero("y", &[4, 3], expr(0, pair(y, X)));
    assert_eq!(rule(p), "interval_unknown");
}

/// Two tensors that one zero carries: the first of them follows once the second is known.
#[test]
fn the_first_of_two() {
    let with = |first: u32, looked_up: u32| {
        let mut p = Builder::new("two", &[]);
        for name in ["a", "b"] {
            p.tensor(name, &[3], Place::Witness, -HUGE, HUGE);
        }
        let table = p.table("range", TableKind::Range { lo: 0, len: 8 });
        let looked = expr(0, vec![same(1, looked_up, 1)]);
        p.lookup("known", table, &[3], looked, 0, Expr::default());
        let pair = |t: u32| [same(1, t, 1), term(-1, t, vec![axis(0, -1)])];
        let terms = [pair(first), pair(1 - first)].concat();
        p.zero("both", &[3], expr(0, terms));
        Prepared::new(p.program).map_or_else(|e| Err(e.rule), |p| Ok(p.intervals))
    };
    let known = Some((0, 7));
    assert_eq!(with(0, 1), Ok(vec![Some((-21, 21)), known]));
    assert_eq!(with(1, 0), Ok(vec![known, Some((-21, 21))]));
    assert_eq!(with(0, 0), Err("interval_unknown"));
}

/// What rule 2 says of another tensor in such a zero holds as well, once x is known.
#[test]
fn others_are_still_narrowed() {
    let mut p = Builder::new("others", &[]);
    p.tensor("a", &[3], Place::Public, 0, 1);
    p.tensor("b", &[3], Place::Witness, -HUGE, HUGE);
    p.tensor("x", &[3], Place::Witness, -HUGE, HUGE);
    let table = p.table("range", TableKind::Range { lo: 0, len: 8 });
    p.lookup(
        "x",
        table,
        &[3],
        expr(0, vec![same(1, X, 1)]),
        0,
        Expr::default(),
    );
    let terms = vec![
        same(1, X, 1),
        term(-1, X, vec![axis(0, -1)]),
        same(-1, 1, 1),
        same(1, 0, 1),
    ];
    p.zero("both", &[3], expr(0, terms));
    let intervals = p.prepare().intervals;
    // b = x[t] - x[t-1] + a; then x[t] = sum of b - a, which says no more than the table.
    assert_eq!(intervals[1], Some((-7, 8)));
    assert_eq!(intervals[X as usize], Some((0, 7)));
}
