//! Geometries that an attacker would like: each is refused, by the rule that is meant to refuse it.

use tacit_params::*;

fn good() -> Geometry {
    Geometry {
        target: 128,
        log_rows: 10,
        rows: 5632,
        log_domain: 16,
        queries: 65,
        grind: 14,
        levels: vec![Level {
            fold: 3,
            log_domain: 13,
            queries: 65,
        }],
    }
}

fn shape() -> Shape {
    Shape {
        lookup_entries: 8000,
        depth: 13,
        arity: 13,
        zeros: 4,
        einsum_rounds: 6,
        triples: 45,
        product_rounds: 6,
        claims: 30,
        k0: 4,
        slab_cells: vec![5 << 10],
    }
}

fn refused(edit: impl Fn(&mut Geometry)) -> GeometryError {
    let mut g = good();
    edit(&mut g);
    assert!(budget(&g, &shape()).minimum.is_finite()); // total, whatever is passed
    g.check_well_formed().expect_err("not well formed")
}

#[test]
fn a_good_geometry_is_accepted() {
    let g = good();
    assert_eq!(g.check_well_formed(), Ok(()));
    let b = budget(&g, &shape());
    assert!(
        b.reaches(128) && b.minimum >= 128.0 && b.union < b.minimum,
        "{b:?}"
    );
    assert_eq!(
        (g.r(), g.m(), g.fold_bits(), g.final_len(), g.rows_at(1)),
        (1024, 5632, 3, 704, 704)
    );
}

#[test]
fn borsh_bytes_are_those_of_the_protocol() {
    let bytes = borsh::to_vec(&good()).expect("a vector");
    assert_eq!(good().bytes(), bytes);
    assert_eq!(
        bytes,
        [128, 0, 10, 0, 22, 0, 0, 16, 65, 0, 14, 1, 0, 0, 0, 3, 13, 65, 0]
    );
    assert_eq!(
        borsh::from_slice::<Geometry>(&bytes).expect("canonical"),
        good()
    );
}

#[test]
fn malformed_geometries_are_refused() {
    use GeometryError as E;
    assert!(matches!(
        refused(|g| g.levels.clear()),
        E::Levels { got: 0 }
    ));
    assert!(matches!(
        refused(|g| g.levels = vec![g.levels[0]; 9]),
        E::Levels { got: 9 }
    ));
    assert!(matches!(
        refused(|g| g.levels[0].fold = 0),
        E::Fold { got: 0, .. }
    ));
    assert!(matches!(
        refused(|g| g.levels[0].fold = 255),
        E::Fold { got: 255, .. }
    ));
    assert!(matches!(refused(|g| g.log_rows = 2), E::LogRows { .. }));
    assert!(matches!(refused(|g| g.log_rows = 255), E::LogRows { .. }));
    assert!(matches!(refused(|g| g.rows = 1024), E::Rows { .. }));
    assert!(matches!(refused(|g| g.rows = u32::MAX), E::Rows { .. }));
    assert!(matches!(refused(|g| g.rows = 0), E::Rows { .. }));
    assert!(matches!(refused(|g| g.rows = 5633), E::Multiple { .. }));
    // A rate of 1 or above 1/2, in the slabs' code and in a later one.
    assert!(matches!(
        refused(|g| g.log_domain = 13),
        E::Domain { code: 0, .. }
    ));
    assert!(matches!(
        refused(|g| g.log_domain = 255),
        E::Domain { code: 0, .. }
    ));
    assert!(matches!(
        refused(|g| g.levels[0].log_domain = 10),
        E::Domain { code: 1, .. }
    ));
    // A code that grows again.
    assert!(matches!(
        refused(|g| g.levels[0].log_domain = 17),
        E::Domain { code: 1, .. }
    ));
    assert!(matches!(
        refused(|g| g.queries = 0),
        E::Queries { code: 0, got: 0 }
    ));
    assert!(matches!(
        refused(|g| g.levels[0].queries = 0),
        E::Queries { code: 1, got: 0 }
    ));
    assert!(matches!(
        refused(|g| g.queries = 1025),
        E::Queries { code: 0, got: 1025 }
    ));
    assert!(matches!(refused(|g| g.grind = 33), E::Grind { got: 33 }));
    let long = |g: &mut Geometry| {
        (g.log_rows, g.rows, g.log_domain) = (16, 1 << 17, 20);
        g.levels[0].log_domain = 18;
    };
    assert!(matches!(refused(long), E::Final { got: 16384 }));
    assert_eq!(refused(long).slug(), "geometry");
}

#[test]
fn weak_geometries_are_well_formed_but_not_sound() {
    let weak = |name: &str, edit: &dyn Fn(&mut Geometry)| {
        let mut g = good();
        edit(&mut g);
        assert_eq!(g.check_well_formed(), Ok(()), "{name}");
        let b = budget(&g, &shape());
        assert!(!b.reaches(128), "{name}: {}", b.minimum);
        b.binding
    };
    assert_eq!(weak("one query", &|g| g.queries = 1), "queries 0");
    assert_eq!(
        weak("one query in the last code", &|g| g.levels[0].queries = 1),
        "queries 1"
    );
    assert_eq!(weak("no grinding", &|g| g.grind = 0), "queries 0");
    assert_eq!(
        weak("a longer column at the same length", &|g| g.rows = 1 << 15),
        "queries 0"
    );
    // Grinding counts at most 32 bits, whatever the geometry calls its target.
    assert_eq!(
        weak("all grinding", &|g| (g.grind, g.queries) = (32, 10)),
        "queries 0"
    );
}

#[test]
fn a_target_only_chooses_the_multiplicities() {
    // Any multiplicity gives a valid bound; lying about the target never makes a weak geometry sound.
    for target in [0, 1, 80, 100, 127, 189, 190, 191, u16::MAX] {
        let mut g = good();
        g.target = target;
        g.queries = 40;
        assert!(!budget(&g, &shape()).reaches(128), "target {target}");
    }
}

#[test]
fn huge_shapes_cost_bits_and_never_panic() {
    let huge = Shape {
        lookup_entries: u64::MAX,
        depth: u32::MAX,
        arity: u32::MAX,
        zeros: u32::MAX,
        einsum_rounds: u32::MAX,
        triples: u32::MAX,
        product_rounds: u32::MAX,
        claims: u32::MAX,
        k0: u32::MAX,
        slab_cells: vec![u64::MAX; 3],
    };
    assert!(!budget(&good(), &huge).reaches(128));
}

#[test]
fn every_part_of_a_shape_counts() {
    let base = budget(&good(), &shape());
    let units = |b: &Budget, name: &str| {
        b.terms
            .iter()
            .find(|t| t.name == name)
            .map(|t| (t.units, t.rounds))
    };
    type Edit = fn(&mut Shape);
    let edits: [(&str, Edit); 9] = [
        ("binding 0", |s| s.slab_cells[0] *= 2),
        ("lookup", |s| s.lookup_entries *= 2),
        ("tree", |s| s.depth += 1),
        ("point", |s| s.arity += 9),
        ("point", |s| s.zeros += 9),
        ("einsum", |s| s.einsum_rounds += 1),
        ("triples", |s| s.product_rounds += 1),
        ("collapse", |s| s.claims *= 2),
        ("columns", |s| s.k0 += 1),
    ];
    for (name, edit) in edits {
        let mut s = shape();
        edit(&mut s);
        assert_ne!(
            units(&budget(&good(), &s), name),
            units(&base, name),
            "{name}"
        );
    }
}
