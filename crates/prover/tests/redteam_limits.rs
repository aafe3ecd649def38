//! Programs at the limits of `validate`: the last number within the field and the next, the last counted step and one more; and
//! intervals as wide as the values that they contain.

use tacit_program::*;
use tacit_testkit::*;

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
