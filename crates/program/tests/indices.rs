//! Index links (docs/protocol/program.md sections 2 and 5): what they pick, at every point; what is refused; what follows of intervals.

use proptest::prelude::{prop_assert_eq, proptest, ProptestConfig};
use tacit_program::*;
use tacit_testkit::program::{extension, naive, publics, slabs, value_of};
use tacit_testkit::*;

const Q: u32 = 0;
const X: u32 = 1;

/// q (2, 3) and x (5, 4); y = x\[q\[t, b\], i\] over (2, 3, 4), public.
fn picked(link: Link) -> Builder {
    let mut p = Builder::new("picked", &[("data", true)]);
    p.tensor("q", &[2, 3], Place::Public, -9, 9);
    p.tensor("x", &[5, 4], Place::Slab(0), -50, 60);
    p.tensor("y", &[2, 3, 4], Place::Public, -HUGE, HUGE);
    let term = term(1, X, vec![link, affine_link(&[(2, 1)], &[(1, 1)], 0)]);
    let read = expr(0, vec![term, same(-1, 2, 3)]);
    p.zero("picked", &[2, 3, 4], read);
    p
}

fn good() -> Link {
    index_link(&[0, 1], 0, 0, Q)
}

fn values(p: Builder, expr: &Expr, shape: &[u32], tensors: Vec<Vec<i64>>) -> Vec<i64> {
    let trace = Trace {
        tensors: tensors.into_iter().map(Into::into).collect(),
        ..Trace::default()
    };
    dense(&p.prepare(), expr, shape, &trace).into_owned()
}

#[test]
fn rows_are_picked() {
    let read = |link: Link, q: Vec<i64>| {
        let p = picked(link.clone());
        let x: Vec<i64> = (0..20).collect();
        let read = expr(0, vec![term(1, X, vec![link])]);
        values(p, &read, &[2, 3], vec![q, x])
    };
    // Axis 1 of x is in no link: rows are summed.
    let rows = [6, 22, 38, 54, 70];
    let of = |entries: [usize; 6]| entries.map(|i| rows[i]).to_vec();
    assert_eq!(read(good(), vec![4, 0, 2, 2, 1, 3]), of([4, 0, 2, 2, 1, 3]));
    // The index' axes are those of the link, in the link's order.
    let mut turned = picked(good());
    turned.program.tensors[0].shape = vec![3, 2];
    let link = index_link(&[1, 0], 0, 0, Q);
    let read_turned = expr(0, vec![term(1, X, vec![link.clone()])]);
    turned.program.zeros[0].expr.terms[0].links[0] = link;
    let q = vec![4, 2, 0, 1, 2, 3];
    let got = values(turned, &read_turned, &[2, 3], vec![q, (0..20).collect()]);
    assert_eq!(got, of([4, 0, 2, 2, 1, 3]));
    // Offset, flip, entries beyond either end, far beyond, and all the same.
    let moved = index_link(&[0, 1], 0, -3, Q);
    assert_eq!(
        read(moved, vec![3, 4, 5, 6, 7, 8]),
        vec![6, 22, 38, 54, 70, 0]
    );
    let mut flipped = index_link(&[0, 1], 0, -4, Q);
    flipped.source[0].1 = -1;
    assert_eq!(
        read(flipped, vec![0, 1, 2, 3, 4, 5]),
        vec![70, 54, 38, 22, 6, 0]
    );
    assert_eq!(
        read(good(), vec![-1, 5, -9, 9, 4, 0]),
        vec![0, 0, 0, 0, 70, 6]
    );
    assert_eq!(read(good(), vec![1; 6]), vec![22; 6]);
    for far in [i64::MIN, i64::MAX, 1 << 40, -(1 << 40)] {
        assert_eq!(
            read(good(), vec![far, 0, far, 0, 0, far]),
            vec![0, 6, 0, 6, 6, 0]
        );
    }
}

/// One number picks a row: an index without axes.
#[test]
fn a_scalar_index() {
    let mut p = picked(good());
    let s = p.tensor("s", &[], Place::Public, 0, 4);
    let row = index_link(&[], 0, 0, s);
    let read = expr(
        0,
        vec![term(1, X, vec![row, affine_link(&[(0, 1)], &[(1, 1)], 0)])],
    );
    let tensors = vec![vec![0; 6], (0..20).collect(), vec![0; 24], vec![3]];
    assert_eq!(values(p, &read, &[4], tensors), vec![12, 13, 14, 15]);
}

/// A random source, index and target, of which other axes are linked as well.
fn random(rng: &mut Rng) -> (Builder, Trace, Expr, Vec<u32>) {
    let shape = rng.shape(3, 4);
    let mut source = rng.shape(2, 5);
    source.push(rng.range(1, 6) as u32);
    let axis = rng.below(source.len()) as u8;
    let mut axes: Vec<u8> = (0..shape.len() as u8).collect();
    for i in (1..axes.len()).rev() {
        axes.swap(i, rng.below(i + 1));
    }
    let others = axes.split_off(rng.below(axes.len() + 1));
    let extents: Vec<u32> = axes.iter().map(|&a| shape[a as usize]).collect();
    let last = i64::from(source[axis as usize]);
    let flip = rng.range(0, 3) == 0;
    let (lo, hi) = if flip { (-last, 1) } else { (-1, last) };
    let q = rng.values(entries(&extents), lo, hi);
    let x = rng.values(entries(&source), -50, 50);
    let mut p = Builder::new("random", &[("data", true)]);
    let place = [Place::Public, Place::Constant(q.clone())][rng.below(2)].clone();
    p.tensor("q", &extents, place, lo, hi);
    let place = [
        Place::Slab(0),
        Place::Public,
        Place::Constant(x.clone()),
        Place::Witness,
    ];
    p.tensor("x", &source, place[rng.below(4)].clone(), -50, 50);
    p.tensor("w", &[2], Place::Slab(0), 0, 1);
    let mut link = index_link(&axes, axis, rng.range(-1, 1) as i32, Q);
    link.source[0].1 = if flip { -1 } else { 1 };
    let mut links = vec![link];
    let free = (0..source.len() as u8).filter(|&s| s != axis);
    for (s, t) in free.zip(others) {
        if rng.range(0, 2) > 0 {
            links.push(affine_link(&[(t, 1)], &[(s, 1)], rng.range(-1, 1) as i32));
        }
    }
    let terms = vec![term(rng.range(1, 3), X, links), term(-2, X, vec![])];
    let trace = Trace {
        tensors: vec![q.into(), x.into(), vec![0, 1].into()],
        ..Trace::default()
    };
    (p, trace, expr(rng.range(-9, 9), terms), shape)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn values_and_extensions_are_those_of_the_definition(seed: u64) {
        let mut rng = Rng(seed);
        let (p, trace, expr, shape) = random(&mut rng);
        let prepared = p.prepare();
        let values = dense(&prepared, &expr, &shape, &trace);
        prop_assert_eq!(&*values, &naive(&prepared.program, &expr, &shape, &trace)[..]);
        let point = rng.point(shape_bits(&shape));
        let at = prepared.expr_at(&expr, &shape, &point, &publics(&prepared, &trace)).unwrap();
        let got = value_of(&at.affine, &slabs(&prepared, &trace));
        prop_assert_eq!(got, extension(&shape, &values, &point));
    }
}

/// Operands that an index picks: products, and what the sumcheck of an einsum starts from.
#[test]
fn operands_may_be_picked() {
    let mut rng = Rng(5);
    let mut p = picked(good());
    p.program.zeros.clear();
    let batch = term(1, X, vec![good(), affine_link(&[(2, 1)], &[(1, 1)], 0)]);
    let weights = p.tensor("w", &[2, 4], Place::Slab(0), -3, 3);
    let a = expr(0, vec![batch]);
    let labels = [('t', 2), ('b', 3), ('i', 4)];
    let b = expr(0, vec![same(1, weights, 2)]);
    let e = p.einsum("forward", "tbi,ti->tb", &labels, a, b);
    let y = p.tensor("z", &[2, 3], Place::Public, -HUGE, HUGE);
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, vec![product(1, e, 2)]),
    });
    p.zero(
        "z",
        &[2, 3],
        expr(0, vec![product(1, e, 2), same(-1, y, 2)]),
    );
    for (name, tensor) in [("q", Q), ("y", 2)] {
        let name = name.into();
        p.program.inputs.push(Port {
            name,
            tensor,
            frac: 0,
        });
    }
    let prepared = p.prepare();
    let (q, x, w) = (
        vec![4, 0, 2, 9, 1, 3],
        rng.values(20, -50, 60),
        rng.values(8, -3, 3),
    );
    let given = [
        (Q, q.clone()),
        (X, x.clone()),
        (2, vec![0; 24]),
        (weights, w.clone()),
    ];
    let trace = execute(&prepared, given).unwrap();
    for (i, z) in trace.tensors[y as usize].iter().enumerate() {
        let (t, row) = (i / 3, q[i] as usize);
        let products = (0..4).map(|k| x.get(row * 4 + k).map_or(0, |x| x * w[t * 4 + k]));
        assert_eq!(*z, products.sum::<i64>());
    }
    // The reduced operand is the extension of the picked values over the free label b, t and i kept.
    let point = rng.point(1 + 2);
    let reduced = reduce_operand(&prepared, e as usize, Side::A, &trace, &point).unwrap();
    let values = dense(
        &prepared,
        &prepared.program.einsums[e as usize].a,
        &[2, 3, 4],
        &trace,
    );
    for (at, got) in reduced.iter().enumerate() {
        let (t, i) = (at / 4, at % 4);
        let column: Vec<i64> = (0..3).map(|b| values[(t * 3 + b) * 4 + i]).collect();
        assert_eq!(*got, extension(&[3], &column, &point[1..]));
    }
}

/// The link of `picked`.
fn first(p: &mut Program) -> &mut Link {
    &mut p.zeros[0].expr.terms[0].links[0]
}

#[test]
fn what_is_no_index_link() {
    let of = |change: fn(&mut Program)| {
        let mut p = picked(good());
        change(&mut p.program);
        rule(p)
    };
    assert_eq!(of(|_| ()), "accepted");
    // The index: none of the program, committed, a witness.
    for index in [3, 4, u32::MAX, X] {
        let mut p = picked(good());
        first(&mut p.program).index = Some(index);
        assert_eq!(rule(p), "link_index", "{index}");
    }
    assert_eq!(of(|p| p.tensors[0].place = Place::Slab(0)), "link_index");
    assert_eq!(of(|p| p.tensors[0].place = Place::Witness), "link_index");
    assert_eq!(
        of(|p| p.tensors[0].place = Place::Constant(vec![0; 6])),
        "accepted"
    );
    // Its shape: turned, too long, as many entries otherwise, padded with an axis of one.
    for shape in [
        &[3, 2][..],
        &[2, 4],
        &[6],
        &[2, 3, 1],
        &[1, 2, 3],
        &[2],
        &[],
    ] {
        let mut p = picked(good());
        p.program.tensors[0].shape = shape.to_vec();
        assert_eq!(rule(p), "link_index", "{shape:?}");
    }
    assert_eq!(of(|p| first(p).target.swap(0, 1)), "link_index");
    assert_eq!(of(|p| first(p).target.truncate(1)), "link_index");
    // Strides; more than one source axis, none.
    assert_eq!(of(|p| first(p).target[0].1 = 2), "link_index");
    assert_eq!(of(|p| first(p).target[1].1 = -1), "link_index");
    assert_eq!(of(|p| first(p).source[0].1 = -1), "accepted");
    assert_eq!(of(|p| first(p).source[0].1 = 2), "link_index");
    assert_eq!(of(|p| first(p).source[0].1 = i32::MIN), "link_index");
    assert_eq!(of(|p| first(p).source.clear()), "link_index");
    assert_eq!(
        of(|p| {
            let terms = &mut p.zeros[0].expr.terms;
            terms[0].links[0].source.push((1, 1));
            terms[0].links.pop();
        }),
        "link_index"
    );
    // Axes are counted as of any link.
    assert_eq!(of(|p| first(p).target[1].0 = 2), "link_axis");
    assert_eq!(of(|p| first(p).source[0].0 = 1), "link_axis");
    assert_eq!(of(|p| first(p).source[0].0 = 2), "link_axis");
    assert_eq!(of(|p| first(p).source[0].1 = 0), "link_stride");
    // Hints as well.
    let mut p = picked(index_link(&[0, 1], 0, 0, Q));
    let mut read = p.program.zeros[0].expr.clone();
    read.terms.pop();
    read.terms[0].links[0].index = Some(X);
    p.hint(Hint::Linear { dst: 2, expr: read });
    assert_eq!(rule(p), "link_index");
}

/// An einsum's output is read as it is: an index that says nothing else than the identity is none.
#[test]
fn an_einsum_is_not_picked() {
    let mut p = picked(good());
    let q = p.tensor("n", &[5], Place::Constant((0..5).collect()), 0, 4);
    let x = || expr(0, vec![term(1, X, vec![link(0, 0)])]);
    let e = p.einsum("square", "a,a->a", &[('a', 5)], x(), x());
    let mut own = product(1, e, 1);
    own.links[0].index = Some(q);
    p.zero("square", &[5], expr(0, vec![own]));
    assert_eq!(rule(p), "einsum_term");
}

/// At most one entry each; exactly one where what the index is declared to lie in says so.
#[test]
fn intervals_of_what_is_picked() {
    let found = |place: Place, (lo, hi): (i64, i64), offset: i32, stride: i32| {
        let mut p = Builder::new("interval", &[("data", true)]);
        p.tensor("q", &[6], place, lo, hi);
        p.tensor("x", &[5], Place::Slab(0), 20, 30);
        p.tensor("y", &[6], Place::Witness, -HUGE, HUGE);
        let mut link = index_link(&[0], 0, offset, Q);
        link.source[0].1 = stride;
        p.zero(
            "y",
            &[6],
            expr(0, vec![term(-2, X, vec![link]), same(1, 2, 1)]),
        );
        p.prepare().intervals[2]
    };
    let some = Some((0, 60));
    let one = Some((40, 60));
    assert_eq!(found(Place::Public, (0, 4), 0, 1), one);
    assert_eq!(found(Place::Public, (0, 5), 0, 1), some);
    assert_eq!(found(Place::Public, (-1, 4), 0, 1), some);
    assert_eq!(found(Place::Public, (0, 5), -1, 1), some);
    assert_eq!(found(Place::Public, (1, 5), -1, 1), one);
    assert_eq!(found(Place::Public, (-4, 0), 0, -1), one);
    assert_eq!(found(Place::Public, (0, 4), 0, -1), some);
    assert_eq!(found(Place::Public, (0, 4), -4, -1), one);
    // A constant's own entries count, not what is declared.
    let values = |v: [i64; 6]| Place::Constant(v.to_vec());
    assert_eq!(found(values([4, 0, 1, 2, 2, 3]), (-9, 9), 0, 1), one);
    assert_eq!(found(values([4, 0, 1, 2, 2, 5]), (-9, 9), 0, 1), some);
    let half = (tacit_algebra::P / 2) as i64;
    assert_eq!(found(Place::Public, (-half, half), i32::MIN, 1), some);
    assert_eq!(found(Place::Public, (-half, half), i32::MAX, -1), some);
}

/// The one term that picks x is no identity, for rule 2 and for rule 3.
#[test]
fn what_is_picked_is_not_narrowed() {
    let q = || Place::Constant((0..3).collect());
    let narrowed = |terms: &dyn Fn() -> Vec<Term>| {
        let mut p = Builder::new("narrowed", &[]);
        p.tensor("q", &[3], q(), 0, 2);
        p.tensor("x", &[3], Place::Witness, -HUGE, HUGE);
        p.tensor("g", &[3], Place::Public, 0, 1);
        p.zero("x", &[3], expr(0, terms()));
        rule(p)
    };
    let picked = |coef: i64, offset: i32| term(coef, X, vec![index_link(&[0], 0, offset, Q)]);
    let before = || term(-1, X, vec![affine_link(&[(0, 1)], &[(0, 1)], -1)]);
    let g = || same(-1, 2, 1);
    assert_eq!(narrowed(&|| vec![same(1, X, 1), g()]), "accepted");
    assert_eq!(narrowed(&|| vec![picked(1, 0), g()]), "interval_unknown");
    assert_eq!(narrowed(&|| vec![same(1, X, 1), before(), g()]), "accepted");
    assert_eq!(
        narrowed(&|| vec![picked(1, 0), before(), g()]),
        "interval_unknown"
    );
    assert_eq!(
        narrowed(&|| vec![same(1, X, 1), picked(-1, -1), g()]),
        "interval_unknown"
    );
}

/// Entries of the index count: as target tuples, and because they are read.
#[test]
fn what_an_index_costs() {
    let of = |n: u32, terms: usize| {
        let mut p = Builder::new("costs", &[("data", true)]);
        p.tensor("q", &[n], Place::Public, 0, 1);
        p.tensor("x", &[2], Place::Slab(0), 0, 1);
        let picked = term(1, X, vec![index_link(&[0], 0, 0, Q)]);
        p.zero("many", &[n], expr(0, vec![picked; terms]));
        rule(p)
    };
    assert_eq!(of((1 << 24) - 2, 1), "accepted");
    assert_eq!(of((1 << 24) - 1, 1), "link_cost");
    // 2^27 steps are allowed: 2^24 tuples, read once more.
    assert_eq!(of(1 << 23, 7), "accepted");
    assert_eq!(of(1 << 23, 8), "total_cost");
}

/// An index must be known before it picks; one that a hint computes picks what it computed.
#[test]
fn an_index_is_read_after_it_is_written() {
    let of = |first: bool| {
        let mut p = picked(good());
        let mut read = p.program.zeros[0].expr.clone();
        read.terms.pop();
        let row = p.tensor("n", &[2], Place::Constant(vec![1, 3]), 1, 3);
        let pick = Hint::Linear { dst: 2, expr: read };
        let write = Hint::Linear {
            dst: Q,
            expr: expr(0, vec![term(1, row, vec![link(0, 0)])]),
        };
        let hints = if first { [write, pick] } else { [pick, write] };
        hints.into_iter().for_each(|hint| p.hint(hint));
        execute(&p.prepare(), [(X, (0..20).collect::<Vec<i64>>())])
    };
    assert_eq!(of(false).unwrap_err().rule, "unwritten");
    let trace = of(true).unwrap();
    let rows: Vec<i64> = trace.tensors[2].chunks(4).map(|row| row[0]).collect();
    assert_eq!(rows, [4, 4, 4, 12, 12, 12]);
}

/// Statements of other sizes are errors of whoever evaluates, never entries left out.
#[test]
fn publics_that_do_not_fit() {
    let prepared = picked(good()).prepare();
    let zero = &prepared.program.zeros[0];
    let point = Rng(1).point(1 + 2 + 2);
    let at = |publics: Vec<Vec<i64>>| {
        let found = prepared.expr_at(&zero.expr, &zero.shape, &point, &Publics(publics));
        found.map_or_else(|e| e.slug, |_| "fits")
    };
    assert_eq!(at(vec![vec![0; 6], vec![0; 24]]), "fits");
    assert_eq!(at(vec![vec![0; 5], vec![0; 24]]), "program");
    assert_eq!(at(vec![vec![], vec![0; 24]]), "program");
    assert_eq!(at(vec![]), "public_shape");
    // A link whose index is of another shape, as no valid program has it.
    let mut other = zero.expr.clone();
    other.terms[0].links[0].target.pop();
    let publics = Publics(vec![vec![0; 6], vec![0; 24]]);
    assert!(prepared
        .expr_at(&other, &zero.shape, &point, &publics)
        .is_err());
    other.terms[0].links[0].index = Some(X);
    assert!(prepared
        .expr_at(&other, &zero.shape, &point, &publics)
        .is_err());
    other.terms[0].links[0].index = Some(99);
    assert!(prepared
        .expr_at(&other, &zero.shape, &point, &publics)
        .is_err());
}
