//! The structure of a program, rule by rule: names, limits, tensors, tables, expressions, relations, hints.

use tacit_program::*;
use tacit_testkit::program::net::{first_term, program, rule};
use tacit_testkit::program::*;

#[test]
fn a_bad_head_is_refused() {
    assert_eq!(rule(|p| p.version = 1), "version");
    assert_eq!(rule(|p| p.name = "n".repeat(129)), "name");
    assert_eq!(rule(|p| p.slabs[0].name.clear()), "slab_name");
    assert_eq!(rule(|p| p.slabs.push(p.slabs[0].clone())), "slab_name");
    assert_eq!(rule(|p| p.slabs = vec![p.slabs[0].clone(); 17]), "limit");
    assert_eq!(
        rule(|p| p.hints = vec![p.hints[0].clone(); (1 << 16) + 1]),
        "limit"
    );
    assert_eq!(rule(|p| p.tensors[1].name.clear()), "tensor_name");
    assert_eq!(rule(|p| p.lookups.clear()), "tables_without_lookups");
    assert_eq!(rule(|p| p.inputs[0].tensor = 5), "port");
    assert_eq!(rule(|p| p.outputs[0].tensor = 6), "port");
    assert_eq!(rule(|p| p.inputs[0].name.clear()), "port_name");
    assert_eq!(rule(|p| p.outputs[0].name.clear()), "port_name");
    let twice = |ports: &mut Vec<Port>| {
        let mut other = ports[0].clone();
        other.frac += 1;
        ports.push(other);
    };
    assert_eq!(rule(|p| twice(&mut p.inputs)), "port_name");
    assert_eq!(rule(|p| twice(&mut p.outputs)), "port_name");
    assert_eq!(rule(|p| p.outputs[0].frac = -513), "port_frac");
    assert_eq!(rule(|p| p.inputs[0].frac = i32::MIN), "port_frac");
    let mut p = program();
    (p.inputs[0].frac, p.outputs[0].frac) = (512, -512);
    p.outputs[0].name = p.inputs[0].name.clone();
    assert!(validate(&p).is_ok(), "inputs and outputs are apart");
}

/// A place is one slab, or all tensors in none.
#[test]
fn names_of_tensors_are_unique_within_a_place() {
    // "w" is the slab's, "x" is public, the others are witness tensors and a constant.
    let call = |p: &mut Program, tensor: usize, name: &str| p.tensors[tensor].name = name.into();
    let mut p = program();
    let own: Vec<usize> = (0..p.tensors.len())
        .filter(|&t| !matches!(p.tensors[t].place, Place::Slab(_)))
        .collect();
    for (&a, &b) in own.iter().zip(&own[1..]) {
        assert_eq!(
            rule(|p| call(p, a, &p.tensors[b].name.clone())),
            "tensor_name"
        );
    }
    let twice = |p: &mut Program| p.tensors.push(p.tensors[0].clone());
    assert_eq!(rule(twice), "tensor_name");
    for &tensor in &own {
        let mut p = program();
        call(&mut p, tensor, "w");
        assert!(validate(&p).is_ok(), "the slab's is another place");
    }
    p.slabs.push(SlabDecl {
        name: "next".into(),
        private: true,
    });
    twice(&mut p);
    p.tensors.last_mut().unwrap().place = Place::Slab(1);
    assert!(validate(&p).is_ok(), "two slabs of one schema");
    let prepared = Prepared::new(p).unwrap();
    assert_eq!(prepared.schema(0), prepared.schema(1));
}

#[test]
fn tensors_are_addressed_by_place_and_name() {
    let mut p = program();
    let last = p.tensors.len() as u32;
    let slab = p.slabs[0].name.clone();
    assert_eq!((p.address(0), p.tensor("w")), ("w".into(), Ok(0)));
    assert_eq!(p.tensor(&format!("{slab}/w")), Ok(0));
    assert_eq!(p.tensor("/x"), Ok(1));
    p.slabs.push(SlabDecl {
        name: "next".into(),
        private: true,
    });
    let of = |name: &str, place: Place| Tensor {
        name: name.into(),
        place,
        ..program().tensors[0].clone()
    };
    p.tensors.push(of("w", Place::Slab(1)));
    p.tensors.push(of("w", Place::Witness));
    for (tensor, address) in [
        (0, format!("{slab}/w")),
        (last, "next/w".into()),
        (last + 1, "/w".into()),
    ] {
        assert_eq!(p.address(tensor), address);
        assert_eq!(p.tensor(&address), Ok(tensor));
    }
    let refused = |p: &Program, address: &str| p.tensor(address).unwrap_err();
    let e = refused(&p, "w");
    assert_eq!((e.slug, e.place.as_str()), ("tensor", "w"));
    assert!(e.remedy.is_some_and(|r| r.contains("slab/name")));
    assert_eq!(
        refused(&p, "next/x").got,
        "a name that the program does not have"
    );
    assert_eq!(p.address(99), "");
    // A name that looks like an address is none: neither tensor is taken for the other.
    p.tensors.push(of("next/w", Place::Witness));
    assert_eq!(refused(&p, "next/w").got, "a name that several places have");
}

/// Closed-form tables take 21 bytes of a file and up to 2^20 rows of a verifier's memory.
#[test]
fn rows_of_all_tables_are_bounded() {
    let with = |n: usize, len: u32| {
        let mut p = program();
        let table = |i| Table {
            name: format!("t{i}"),
            kind: TableKind::Range { lo: 0, len },
        };
        p.tables.extend((0..n).map(table));
        p
    };
    // 256, 1024, 4 and 8 rows are the program's own.
    assert!(validate(&with(15, 1 << 20)).is_ok());
    let refused = |p: &Program| validate(p).unwrap_err().rule;
    assert_eq!(refused(&with(16, 1 << 20)), "table_total");
    assert_eq!(refused(&with(16, (1 << 19) + 1)), "table_total");
    assert_eq!(refused(&with(65000, 1 << 20)), "table_total");
}

#[test]
fn bad_tensors_and_tables_are_refused() {
    assert_eq!(rule(|p| p.tensors[4].shape = vec![1; 9]), "shape");
    assert_eq!(rule(|p| p.tensors[4].shape = vec![2, 0]), "shape");
    assert_eq!(
        rule(|p| p.tensors[4].shape = vec![(1 << 15) + 1, 1 << 15]),
        "shape"
    );
    assert_eq!(rule(|p| p.tensors[4].shape = vec![u32::MAX; 8]), "shape");
    assert_eq!(rule(|p| p.tensors[0].lo = 128), "tensor_interval");
    assert_eq!(rule(|p| p.tensors[0].lo = i64::MIN), "tensor_interval");
    assert_eq!(rule(|p| p.tensors[0].place = Place::Slab(1)), "tensor_slab");
    assert_eq!(
        rule(|p| p.tensors[5].place = Place::Constant(vec![1])),
        "constant_values"
    );
    assert_eq!(
        rule(|p| p.tensors[5].place = Place::Constant(vec![1, 2, 4])),
        "constant_values"
    );
    assert_eq!(
        rule(|p| p.tables[0].kind = TableKind::Range { lo: 0, len: 0 }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[0].kind = TableKind::Range {
            lo: 0,
            len: (1 << 20) + 1
        }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Values {
            lo: 0,
            outs: vec![]
        }),
        "table_rows"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Range {
            lo: i64::MAX,
            len: 2
        }),
        "table_values"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Sign {
            lo: i64::MIN,
            len: 2
        }),
        "table_values"
    );
    assert_eq!(
        rule(|p| p.tables[2].kind = TableKind::Values {
            lo: 0,
            outs: vec![i64::MIN]
        }),
        "table_values"
    );
}

/// A clamp's ends are numbers of a file: in order and within the field, whether a row takes them or not.
#[test]
fn bad_ends_of_a_clamp_are_refused() {
    let with = |lo, len, low, high| {
        let mut p = program();
        p.tables[2].kind = TableKind::Clamp { lo, len, low, high };
        validate(&p).map_or_else(|e| e.rule, |()| "accepted")
    };
    let half = (tacit_algebra::P / 2) as i64;
    assert_eq!(with(-8, 16, -2, 5), "accepted");
    assert_eq!(with(-8, 16, 5, 5), "accepted");
    assert_eq!(with(-8, 16, -half, half), "accepted");
    assert_eq!(with(half - 1, 2, half, half), "accepted");
    assert_eq!(with(-8, 16, 5, 4), "table_clamp");
    assert_eq!(with(-8, 16, i64::MAX, i64::MIN), "table_clamp");
    assert_eq!(with(-8, 16, -half - 1, 0), "table_clamp");
    assert_eq!(with(-8, 16, 0, half + 1), "table_clamp");
    assert_eq!(with(0, 1, i64::MIN, i64::MAX), "table_clamp");
    assert_eq!(with(0, 0, 0, 1), "table_rows");
    assert_eq!(with(0, u32::MAX, 0, 1), "table_rows");
    assert_eq!(with(half, 2, 0, 1), "table_values");
    assert_eq!(with(i64::MIN, 2, 0, 1), "table_values");
}

#[test]
fn bad_expressions_are_refused() {
    assert_eq!(rule(|p| first_term(p).coef = 0), "term_coef");
    assert_eq!(
        rule(|p| first_term(p).source = Source::Tensor(6)),
        "term_source"
    );
    assert_eq!(
        rule(|p| first_term(p).source = Source::Einsum(1)),
        "term_source"
    );
    assert_eq!(
        rule(|p| first_term(p).links.push(link(&[], &[], 0))),
        "link_empty"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target[0].0 = 2),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].source[0].0 = 255),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].source[0].0 = 1),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target.push((0, 1))),
        "link_axis"
    );
    assert_eq!(
        rule(|p| first_term(p).links[0].target[0].1 = 0),
        "link_stride"
    );
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms[0].links.swap(0, 1)),
        "einsum_term"
    );
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms[0].links[0].offset = 1),
        "einsum_term"
    );
    assert_eq!(rule(|p| p.zeros[0].shape = vec![3, 2]), "einsum_term");
    assert_eq!(
        rule(|p| p.zeros[0].expr.terms = vec![first_term(p).clone(); (1 << 16) + 1]),
        "limit"
    );
    let costly = |shape: Vec<u32>, count: usize| {
        rule(|p| {
            p.tensors[4].shape = shape.clone();
            let links = vec![link(&[], &[(0, 1), (1, 1)], 0)];
            let term = Term {
                coef: 1,
                source: Source::Tensor(4),
                links,
            };
            p.zeros[0].expr.terms.extend(vec![term; count]);
        })
    };
    assert_eq!(costly(vec![1 << 12, (1 << 12) + 1], 1), "link_cost");
    assert_eq!(costly(vec![1 << 11, 1 << 11], 40), "total_cost");
    assert_eq!(
        rule(|p| {
            p.tensors
                .push(tensor("long", &[(1 << 24) + 1], Place::Slab(0), 0, 0));
            p.zeros[0].expr.terms.push(Term {
                coef: 1,
                source: Source::Tensor(6),
                links: vec![],
            });
        }),
        "link_cost"
    );
}

#[test]
fn bad_relations_are_refused() {
    assert_eq!(rule(|p| p.einsums[0].a_axes = vec![1, 1]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].a_axes = vec![1, 3]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].out_axes = vec![0]), "einsum_labels");
    assert_eq!(rule(|p| p.einsums[0].extents.push(1)), "einsum_labels");
    assert_eq!(
        rule(|p| p.einsums[0].extents = vec![1; 300]),
        "einsum_labels"
    );
    assert_eq!(rule(|p| p.einsums[0].extents[2] = 0), "shape");
    assert_eq!(
        rule(|p| p.einsums[0].a = expr(0, vec![identity(Source::Einsum(0), 2, 1)])),
        "einsum_operand"
    );
    assert_eq!(rule(|p| p.lookups[0].table = 4), "lookup_table");
    assert_eq!(rule(|p| p.lookups[0].shift = 63), "lookup_shift");
    assert_eq!(rule(|p| p.lookups[0].shape = vec![0]), "shape");
    assert_eq!(
        rule(|p| {
            let mut l = p.lookups[0].clone();
            (l.shape, l.input) = (vec![1 << 30], Expr::default());
            p.lookups = vec![l; 1 << 10];
        }),
        "lookup_count"
    );
}

#[test]
fn bad_hints_are_refused() {
    let hint = |h: Hint| rule(|p| p.hints[0] = h);
    let (e, shape) = (|| whole(3, 2), || vec![2, 3]);
    assert_eq!(hint(Hint::Linear { dst: 6, expr: e() }), "hint_destination");
    assert_eq!(hint(Hint::Linear { dst: 5, expr: e() }), "hint_destination");
    assert_eq!(
        hint(Hint::Lookup {
            dst: 4,
            table: 9,
            expr: e(),
            shift: 0
        }),
        "lookup_table"
    );
    assert_eq!(
        hint(Hint::Lookup {
            dst: 4,
            table: 1,
            expr: e(),
            shift: 63
        }),
        "lookup_shift"
    );
    let digits = |digits, quotient, shape| Hint::Digits {
        shape,
        expr: e(),
        digits,
        quotient,
    };
    assert_eq!(hint(digits(vec![(2, 63)], None, shape())), "hint_digits");
    assert_eq!(hint(digits(vec![(2, 8)], None, vec![3, 2])), "hint_shape");
    assert_eq!(hint(digits(vec![], Some(0), shape())), "hint_shape");
    let max = |shape, axes, shift, digits| Hint::Max {
        shape,
        axes,
        expr: expr(1, vec![]),
        shift,
        digits,
        quotient: 4,
    };
    // Tensor 4 has the shape (2, 3), so (2, 3, 5) and (2, 3, 5, 5) would do over one and two axes.
    for (shape, axes) in [
        (vec![2, 3, 5], 2),
        (vec![2, 3, 5, 5], 1),
        (vec![2, 4, 5], 1),
    ] {
        assert_eq!(hint(max(shape, axes, 0, vec![])), "hint_shape");
    }
    for (shape, axes) in [(vec![2, 3], 0), (vec![2, 3], 3), (vec![], 0), (vec![], 1)] {
        assert_eq!(hint(max(shape, axes, 0, vec![])), "hint_shape");
    }
    assert_eq!(hint(max(vec![2, 3, 5], 1, 63, vec![])), "hint_shift");
    let digit = |dst, bits| hint(max(vec![2, 3, 5, 5], 2, 62, vec![(dst, bits)]));
    assert_eq!(digit(2, 63), "hint_digits");
    assert_eq!(digit(0, 4), "hint_shape");
    assert_eq!(digit(5, 4), "hint_destination");
    assert_eq!(
        hint(Hint::OneHotMax {
            shape: vec![2, 2],
            expr: e(),
            dst: 4
        }),
        "hint_shape"
    );
    let clamp = |shift, low, inside, outside| Hint::Clamp {
        shape: shape(),
        expr: e(),
        shift,
        low,
        high: 5,
        inside,
        outside,
    };
    assert_eq!(hint(clamp(63, 0, None, None)), "hint_shift");
    assert_eq!(hint(clamp(0, 6, None, Some(4))), "hint_clamp");
    assert_eq!(hint(clamp(0, 0, Some(0), Some(4))), "hint_shape");
    assert_eq!(hint(clamp(0, 0, Some(4), Some(1))), "hint_shape");
    assert_eq!(hint(clamp(0, 0, None, Some(5))), "hint_destination");
    assert_eq!(hint(clamp(0, 0, Some(9), None)), "hint_destination");
    let divide = |q, r| Hint::Divide {
        shape: shape(),
        num: e(),
        den: expr(2, vec![]),
        quotient: q,
        remainder: r,
    };
    assert_eq!(hint(divide(4, 1)), "hint_shape");
    assert_eq!(hint(divide(9, 4)), "hint_destination");
}
