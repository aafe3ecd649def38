//! Attacks on the parts between the relations: degenerate shapes, replays between programs, slabs and
//! targets, headers at their limits, what two proofs share. Each names the slug that refuses it.

use tacit_algebra::{f_from_i64, F, K};
use tacit_pcs::{Commitment, OpeningHooks, WitnessSlab};
use tacit_program::*;
use tacit_prover::{Hooks, Job, ProveOptions};
use tacit_testkit::lie::Lie;
use tacit_testkit::*;
use tacit_verifier::{prepare_validity, verify_validity, VALIDITY_CONTEXT};

// ---------------------------------------------------------------- degenerate shapes

/// Scalars, a table of one row, labels of extent one, an einsum without labels: sumchecks of no rounds.
fn scalars() -> Case {
    let mut p = Builder::new("scalars", &[("model", true)]);
    let w = p.tensor("w", &[], Place::Slab(0), -3, 4);
    let v = p.tensor("v", &[1, 1], Place::Slab(0), -3, 4);
    let one = p.tensor("one", &[], Place::Witness, -7, -7);
    let sq = p.tensor("square", &[], Place::Public, 0, 100);
    let y = p.tensor("y", &[1], Place::Public, -100, 100);
    let t = |id, n| expr(0, vec![same(1, id, n)]);
    let table = p.table("one", TableKind::Range { lo: -7, len: 1 });
    p.lookup("one", table, &[], t(one, 0), 0, Expr::default());
    let square = p.einsum("square", ",->", &[], t(w, 0), t(w, 0));
    let mixed = p.einsum(
        "mixed",
        "ab,b->a",
        &[('a', 1), ('b', 1)],
        t(v, 2),
        expr(0, vec![term(1, one, vec![])]),
    );
    let (a, b) = (vec![product(1, square, 0)], vec![product(1, mixed, 1)]);
    p.zero(
        "square",
        &[],
        expr(0, [a.clone(), vec![same(-1, sq, 0)]].concat()),
    );
    p.zero(
        "y",
        &[1],
        expr(0, [b.clone(), vec![same(-1, y, 1)]].concat()),
    );
    p.hint(Hint::Linear {
        dst: one,
        expr: expr(-7, vec![]),
    });
    p.hint(Hint::Linear {
        dst: sq,
        expr: expr(0, a),
    });
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, b),
    });
    let givens = vec![(w, vec![-3]), (v, vec![4])];
    Case {
        prepared: p.prepare(),
        givens,
    }
}

#[test]
fn shapes_without_variables_are_proven_too() {
    let (case, geometry) = (scalars(), toy());
    // One column of 64 rows of blinding: for one proof.
    let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 1, 4);
    let world = World {
        case,
        geometry,
        slabs,
    };
    assert_eq!(world.case.prepared.sizes.einsum_rounds, 0);
    assert_eq!(world.case.prepared.sizes.depth, 1);
    let proof = world.prove();
    world.verify(&proof).unwrap();
    assert_eq!(proof.publics.0, [vec![9], vec![-28]]);
    // Every cell of the witness (the tensor and the multiplicity) and every public value counts.
    let cells = world.case.prepared.layouts[1].cells;
    assert_eq!(cells, 2);
    for cell in 0..cells {
        let mut lie = Lie {
            witness: Some(Box::new(move |c: &mut [F]| c[cell] += f_from_i64(1))),
            ..Lie::default()
        };
        let proof = world.prove_with(&mut lie).unwrap();
        assert_eq!(
            world.verify(&proof).unwrap_err().slug(),
            "final_claim",
            "cell {cell}"
        );
        assert!(!lie.bad.is_empty());
    }
    for public in 0..2 {
        let mut lie = Lie {
            trace: Some(Box::new(move |_: &mut Trace, p: &mut Publics| {
                p.0[public][0] += 1
            })),
            ..Lie::default()
        };
        let proof = world.prove_with(&mut lie).unwrap();
        assert_eq!(
            world.verify(&proof).unwrap_err().slug(),
            "final_claim",
            "public {public}"
        );
    }
}

// ---------------------------------------------------------------- replays

/// A slab, its validity argument, and the same tensors under another name, another schema, another target.
#[test]
fn validity_of_another_slab_is_refused() {
    let case = mlp();
    let prepared = &case.prepared;
    let tensors = prepared.schema_tensors(1);
    let geometry = toy();
    let slab = commit_one(prepared, &geometry, 1, &slab_values(&case), 2, 5, [9; 32]);
    let validity = prepare_validity("data", &tensors).unwrap();
    let job = Job {
        prepared: &validity,
        geometry: &geometry,
        slabs: &[&slab],
        context: VALIDITY_CONTEXT,
    };
    let none: [(u32, Vec<i64>); 0] = [];
    let argument = job
        .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
        .unwrap()
        .argument;
    let answer = |name: &str, tensors: &[(String, Vec<u32>, i64, i64)], c: &Commitment, target| {
        verify_validity(name, tensors, c, &argument, target)
            .map_or_else(|e| e.slug(), |_| "accepted")
    };
    let own = &slab.commitment;
    assert_eq!(answer("data", &tensors, own, TOY), "accepted");
    assert_eq!(answer("model", &tensors, own, TOY), "validity");
    // Accepted for five bits is not accepted for 128.
    assert_eq!(answer("data", &tensors, own, 128), "validity");
    // Wider or narrower intervals, another shape with as many cells, another name: other schemas.
    for change in [
        |t: &mut (String, Vec<u32>, i64, i64)| t.3 += 1,
        |t: &mut (String, Vec<u32>, i64, i64)| t.2 -= 1,
        |t: &mut (String, Vec<u32>, i64, i64)| t.1.swap(0, 1),
        |t: &mut (String, Vec<u32>, i64, i64)| t.0.push('x'),
    ] {
        let mut other = tensors.clone();
        change(&mut other[0]);
        assert_eq!(answer("data", &other, own, TOY), "schema");
        // And when the header says so too, it is another commitment, which nothing was proven of.
        let mut renamed = own.clone();
        renamed.header.schema = schema_digest(&other).unwrap();
        assert_eq!(answer("data", &other, &renamed, TOY), "validity");
    }
    // Budget and blinding rows are part of the identity.
    let mut larger = own.clone();
    larger.header.budget -= 1;
    assert_eq!(answer("data", &tensors, &larger, TOY), "validity");
}

/// An argument is for one geometry, one target, one context, one program; a context that imitates validity is only a context.
#[test]
fn an_argument_elsewhere_is_refused() {
    let proof = MLP.prove();
    let named = commitments(&MLP.slabs);
    let prepared = &MLP.case.prepared;
    let answer =
        |geometry: &tacit_params::Geometry, commitments: &[Commitment], context: &[u8], target| {
            verify(
                prepared,
                geometry,
                commitments,
                &proof.publics,
                context,
                &proof.argument,
                target,
            )
            .map_or_else(|e| e.slug(), |_| "accepted")
        };
    assert_eq!(answer(&toy(), &named, CONTEXT, TOY), "accepted");
    assert_eq!(answer(&toy(), &named, CONTEXT, TOY + 1), "target");
    for context in [&b""[..], b"nonce 2", b"nonce 1\0", VALIDITY_CONTEXT] {
        let slug = answer(&toy(), &named, context, TOY);
        assert!(matches!(slug, "grinding" | "merkle" | "alpha"), "{slug}");
    }
    // A geometry that says more bits than it has.
    let mut more = toy();
    more.target = 128;
    let mut renamed = named.clone();
    renamed
        .iter_mut()
        .for_each(|c| c.header.geometry.target = 128);
    assert_eq!(answer(&more, &named, CONTEXT, 128), "header");
    assert_eq!(answer(&more, &renamed, CONTEXT, 128), "security");
    // A geometry that is weaker than the commitments': it must be theirs.
    let mut fewer = toy();
    fewer.queries = 1;
    fewer.grind = 0;
    assert_eq!(answer(&fewer, &named, CONTEXT, 0), "header");
}

/// Headers at the ends of their types: refused before anything is computed with them.
#[test]
fn headers_at_their_limits() {
    let proof = MLP.prove();
    let answer = |change: &dyn Fn(&mut Commitment)| {
        let mut named = commitments(&MLP.slabs);
        change(&mut named[0]);
        MLP.verify_against(&named, &proof.publics, CONTEXT, &proof.argument)
            .unwrap_err()
            .slug()
    };
    // More columns than any proof may have are refused before headers are looked at; one too many is the header's fault.
    assert_eq!(answer(&|c| c.header.columns = u32::MAX), "geometry");
    assert_eq!(answer(&|c| c.header.columns += 1), "header");
    assert_eq!(answer(&|c| c.header.columns = 0), "header");
    assert_eq!(answer(&|c| c.header.links = u16::MAX), "header");
    // A rotation cell more fits the same columns: it is another commitment, which the argument does not speak of.
    let slug = answer(&|c| c.header.links = 1);
    assert!(matches!(slug, "grinding" | "merkle" | "alpha"), "{slug}");
    assert_eq!(answer(&|c| c.header.blinding = u32::MAX), "header");
    assert_eq!(answer(&|c| c.header.budget = u32::MAX), "header");
    assert_eq!(answer(&|c| c.header.budget = 0), "header");
    assert_eq!(answer(&|c| c.header.max_fold = u8::MAX), "header");
    assert_eq!(answer(&|c| c.header.leaf_groups = 0), "header");
    assert_eq!(answer(&|c| c.header.geometry.rows = 0), "header");
    // Every field at once, as a private and as a public slab.
    for private in [false, true] {
        let all = |c: &mut Commitment| {
            let h = &mut c.header;
            (h.blinding, h.budget) = (u32::MAX, u32::MAX);
            (h.max_fold, h.links, h.private) = (u8::MAX, u16::MAX, private);
        };
        assert_eq!(answer(&all), "header");
        let more = |c: &mut Commitment| {
            all(c);
            c.header.columns = u32::MAX;
        };
        assert_eq!(answer(&more), "geometry");
    }
}

// ---------------------------------------------------------------- what proofs share

/// Nothing of 24 bytes occurs in two arguments of one statement: no pad, no salt, no mask is used twice.
#[test]
fn two_proofs_of_one_statement_share_nothing() {
    let (a, b) = (MLP.prove(), MLP.prove());
    assert_eq!(a.publics, b.publics);
    let seen: std::collections::HashSet<&[u8]> = a.argument.windows(24).collect();
    // Rows and digests of long-lived slabs do come back: only what precedes the first opening is fresh.
    let fresh = 32 + 24 * (MLP.case.prepared.sizes.pads as usize);
    let again = b.argument[..fresh]
        .windows(24)
        .filter(|w| seen.contains(w))
        .count();
    assert_eq!(again, 0);
}

/// What the honest prover draws for one proof: mask, blinding rows and pads.
#[derive(Default)]
struct Drawn {
    mask: Vec<F>,
    blinding: Vec<F>,
    pads: Vec<F>,
}

impl OpeningHooks for Drawn {}
impl Hooks for Drawn {
    fn committed(&mut self, witness: &WitnessSlab) {
        self.mask = witness.mask().0.concat();
        self.blinding = witness.blinding().to_vec();
    }

    fn pads(&mut self, pads: &mut [K]) {
        self.pads = pads
            .iter()
            .flat_map(tacit_algebra::field::k_limbs)
            .collect();
    }
}

/// All that hides is fresh: among some tens of thousands of uniform elements no two are the same (once in 2^30 runs), so one that is
/// left out, repeated, or the same in two proofs is noticed. The rank tests take these for free variables; here they are.
#[test]
fn mask_blinding_and_pads_are_drawn_afresh() {
    let mut seen = std::collections::HashSet::new();
    let mut count = 0;
    for _ in 0..2 {
        let mut drawn = Drawn::default();
        let proof = MLP.prove_with(&mut drawn).unwrap();
        MLP.verify(&proof).unwrap();
        assert_eq!(drawn.mask.len(), 3 * MLP.geometry.m());
        assert_eq!(drawn.pads.len(), 3 * MLP.case.prepared.sizes.pads as usize);
        assert!(drawn.blinding.len() >= usize::from(MLP.geometry.queries));
        for part in [drawn.mask, drawn.blinding, drawn.pads] {
            count += part.len();
            seen.extend(part);
        }
    }
    assert_eq!(seen.len(), count);
}

/// Counts the values sent in clear before the mask: they must be those of the page, whatever the values are.
#[derive(Default)]
struct Clear(Vec<(&'static str, usize)>);

impl OpeningHooks for Clear {
    fn sent(&mut self, kind: &'static str, x: &[tacit_algebra::K]) {
        self.0.push((kind, x.len()));
    }
}
impl Hooks for Clear {}

#[test]
fn what_is_sent_does_not_depend_on_the_values() {
    let sent = |world: &World| {
        let mut clear = Clear::default();
        let proof = world.prove_with(&mut clear).unwrap();
        world.verify(&proof).unwrap();
        clear.0
    };
    let first = sent(&MLP);
    let mut case = mlp();
    for (_, values) in &mut case.givens {
        values.fill(0);
    }
    assert_eq!(sent(&World::new(case)), first);
    let columns = first
        .iter()
        .filter(|(kind, n)| *kind == "columns" && *n == 2)
        .count();
    assert_eq!(first[0], ("S", 1));
    assert!(columns > 0 && first[1..=columns].iter().all(|c| *c == ("columns", 2)));
}
