//! Completeness: every kind of program is proven and accepted, and no claim of an honest prover is false.

use tacit_params::{derive, Optimize, SlabSize, Work};
use tacit_pcs::Slab;
use tacit_program::*;
use tacit_prover::{Job, ProveOptions};
use tacit_testkit::*;
use tacit_verifier::relations_of;

fn round_trip(case: Case) {
    let world = World::new(case);
    let mut audit = Audit::default();
    let proof = world
        .prove_with(&mut audit)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(audit.bad, Vec::<String>::new());
    world.verify(&proof).unwrap_or_else(|e| panic!("{e}"));
}

#[test]
fn an_mlp_is_proven() {
    round_trip(mlp());
}

#[test]
fn a_linear_program_without_lookups_is_proven() {
    round_trip(linear());
}

#[test]
fn links_public_slabs_and_operands_of_all_kinds_are_proven() {
    round_trip(links());
}

/// Lookups of many lanes over extents that are not powers of two, a table of 8,193 rows, an elementwise product.
fn wide() -> Case {
    let mut p = Builder::new("wide", &[("data", true)]);
    let shape = [40, 33];
    let x = p.tensor("x", &shape, Place::Slab(0), -64, 63);
    let square = p.tensor("square", &shape, Place::Witness, 0, 4096);
    let small = p.tensor("small", &[5], Place::Witness, 0, 15);
    let sum = p.tensor("sum", &[], Place::Public, 0, 1 << 30);
    let relu = p.table(
        "relu",
        TableKind::Relu {
            lo: -4096,
            len: 8193,
        },
    );
    let range = p.table("range", TableKind::Range { lo: 0, len: 16 });
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    let sizes = [('i', 40), ('j', 33)];
    let product = p.einsum("product", "ij,ij->ij", &sizes, t(x, 2), t(x, 2));
    let value = expr(0, vec![tacit_testkit::product(1, product, 2)]);
    p.lookup("square", relu, &shape, value.clone(), 0, t(square, 2));
    p.lookup(
        "x",
        relu,
        &shape,
        t(x, 2),
        0,
        expr(
            0,
            vec![same(1, x, 2), term(-1, x, vec![link(0, 0), link(1, 1)])],
        ),
    );
    p.lookup("small", range, &[5], t(small, 1), 0, Expr::default());
    let all = expr(0, vec![term(1, square, vec![])]);
    p.zero(
        "sum",
        &[],
        expr(0, vec![term(1, square, vec![]), same(-1, sum, 0)]),
    );
    p.hint(Hint::Lookup {
        dst: square,
        table: relu,
        expr: value,
        shift: 0,
    });
    p.hint(Hint::Linear {
        dst: small,
        expr: expr(7, vec![]),
    });
    p.hint(Hint::Linear {
        dst: sum,
        expr: all,
    });
    // The second lookup's output is 0: only x <= 0 has a row.
    Case {
        givens: vec![(x, numbers(3, 40 * 33, -64, 0))],
        prepared: p.prepare(),
    }
}

/// 128 bits, with the geometry that is derived for the program.
fn round_trip_at_128_bits(case: Case) {
    let prepared = &case.prepared;
    let layouts = &prepared.layouts;
    let slabs: Vec<SlabSize> = prepared
        .program
        .slabs
        .iter()
        .zip(layouts)
        .map(|(s, l)| SlabSize {
            cells: l.cells as u64,
            private: s.private,
            proofs: 4,
            links: 0,
        })
        .collect();
    let witness_cells = layouts[slabs.len()].cells as u64;
    let work = Work {
        relations: relations_of(prepared),
        witness_cells,
    };
    let derived =
        derive(&slabs, &[work], 128, Optimize::Balanced).unwrap_or_else(|e| panic!("{e}"));
    let geometry = derived.geometry;
    let slabs = commit_all(
        prepared,
        &geometry,
        &slab_values(&case),
        4,
        derived.max_fold,
    );
    let named = commitments(&slabs);
    let slabs: Vec<&Slab> = slabs.iter().collect();
    let job = Job {
        prepared,
        geometry: &geometry,
        slabs: &slabs,
        context: CONTEXT,
    };
    let mut audit = Audit::default();
    let proof = job
        .prove_uncounted(ProveOptions::of(case.givens.clone()), &mut audit)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(audit.bad, Vec::<String>::new());
    let verified = verify(
        prepared,
        &geometry,
        &named,
        &proof.publics,
        CONTEXT,
        &proof.argument,
        128,
    )
    .unwrap_or_else(|e| panic!("{e}"));
    assert!(verified.budget.minimum >= 128.0);
    assert_eq!(verified.bytes, proof.argument.len());
    let again = job
        .prove_uncounted(
            ProveOptions::of(case.givens.clone()),
            &mut tacit_pcs::NoHooks,
        )
        .unwrap_or_else(|e| panic!("{e}"));
    assert_ne!(
        again.argument[..32],
        proof.argument[..32],
        "every proof commits a fresh witness"
    );
}

#[test]
fn an_mlp_is_proven_at_128_bits() {
    round_trip_at_128_bits(mlp());
}

#[test]
fn many_lookups_are_proven_at_128_bits() {
    round_trip_at_128_bits(wide());
}
