//! Real provers with one step replaced, and bytes that no prover sent: each names the guard that must fire.

mod common;
use common::{slug, toy, unit, verify, Shape, World};
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{Affine, Wiped, F, K};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::testing::{commit_witness_changed, half_and_half};
use tacit_pcs::{commit, commit_witness, NoHooks, OpeningHooks, PcsError, Slab};
use tacit_transcript::Sponge;

const SHAPE: Shape = Shape {
    slabs: &[(70, true), (30, false)],
    witness: 60,
    pads: 5,
    budget: 2,
};

fn world() -> World {
    World::new(&toy(), &SHAPE, 1)
}

/// Adds 1 to one step of the prover.
#[derive(Clone, Copy, PartialEq)]
enum Step {
    S,
    Mu,
    Ood(usize),
    Final,
    Shifted,
    Kept,
}

struct Lie(Step);

impl OpeningHooks for Lie {
    fn blinding_sum(&mut self, s: &mut K) {
        if self.0 == Step::S {
            *s += unit();
        }
    }
    fn mask_sum(&mut self, mu: &mut K) {
        if self.0 == Step::Mu {
            *mu += unit();
        }
    }
    fn out_of_domain(&mut self, level: usize, o: &mut K) {
        if self.0 == Step::Ood(level) {
            *o += unit();
        }
    }
    fn final_vector(&mut self, v: &mut [K]) {
        if self.0 == Step::Final {
            v[0] += unit();
        }
    }
    fn wants_masked(&self) -> bool {
        matches!(self.0, Step::Shifted | Step::Kept)
    }
    fn masked(&mut self, h: &mut [K], weights: &[K]) {
        match self.0 {
            Step::Shifted => h[0] += unit(),
            // <h, W'> is the same.
            Step::Kept => {
                h[0] += weights[1];
                h[1] -= weights[0];
            }
            _ => (),
        }
    }
}

#[test]
fn one_step_replaced() {
    let w = world();
    for (step, want) in [
        (Step::S, "final_claim"),
        (Step::Mu, "final_claim"),
        (Step::Ood(0), "final_claim"),
        (Step::Ood(1), "final_claim"),
        (Step::Shifted, "final_claim"),
        (Step::Kept, "final_claim"),
        (Step::Final, "last_query"),
    ] {
        assert_eq!(slug(w.verify(&w.prove(&mut Lie(step)))), want);
    }
}

#[test]
fn false_claims() {
    for which in 0..world().claims.len() {
        let mut w = world();
        w.claims[which].constant += K::ONE;
        assert_eq!(slug(w.verify(&w.prove(&mut NoHooks))), "final_claim");
    }
    // The claims of another statement than the one that was proven.
    let (w, mut other) = (world(), world());
    let proof = w.prove(&mut NoHooks);
    other.claims.swap(0, 1);
    assert_eq!(slug(other.verify(&proof)), "final_claim");
    other.claims.swap(0, 1);
    assert_eq!(slug(other.verify(&proof)), "accepted");
    // An empty claim holds, but it moves the bindings' powers of sigma.
    other.claims.push(Affine::default());
    assert_eq!(slug(other.verify(&proof)), "final_claim");
}

#[test]
fn published_y_is_false() {
    let mut w = world();
    let c = &mut w.slabs[0].commitment;
    let y = c.y().unwrap() + K::ONE;
    c.y = tacit_algebra::k_to_bytes(&y);
    assert_eq!(slug(w.verify(&w.prove(&mut NoHooks))), "final_claim");
    w.slabs[1].commitment.y = [0xff; 24];
    let c = &w.slabs[1].commitment;
    assert_eq!(c.binding(1, 30).unwrap_err().slug(), "non_canonical");
}

#[test]
fn roots_and_slabs() {
    let w = world();
    let proof = w.prove(&mut NoHooks);
    for tree in 0..3 {
        let mut roots = w.roots();
        roots[tree][5] ^= 1;
        let e = verify(&w.statement(&roots), &proof).unwrap_err();
        assert_eq!(e, PcsError::Merkle { tree });
    }
    // Slabs of one shape, swapped.
    let shape = Shape {
        slabs: &[(70, true), (70, true)],
        ..SHAPE
    };
    let mut two = World::new(&toy(), &shape, 2);
    let proof = two.prove(&mut NoHooks);
    let roots = two.roots();
    let mut st = two.statement(&roots);
    st.opened.swap(0, 1);
    assert_eq!(slug(verify(&st, &proof)), "merkle");
    two.slabs.swap(0, 1);
    // The honest prover on swapped slabs proves other claims.
    assert_eq!(slug(two.verify(&two.prove(&mut NoHooks))), "final_claim");
    let roots = w.roots();
    let mut st = w.statement(&roots);
    st.opened[0].salted = false;
    assert_eq!(slug(verify(&st, &w.prove(&mut NoHooks))), "merkle");
}

/// A witness whose words were changed at some positions, under claims that hold.
fn far(change: impl Fn(usize, usize) -> bool) -> World {
    let mut w = world();
    let mut rng = Stream::new(&[44; 32], PADS);
    let cells = w.witness.data()[..SHAPE.witness].to_vec();
    let g = rng.k_vec(w.geometry.m());
    w.witness = commit_witness_changed(
        &w.geometry,
        w.columns.k0,
        &cells,
        &w.pads,
        g,
        [8; 32],
        |words| {
            for j in 0..words.positions() {
                for c in 0..words.width() {
                    if change(j, c) {
                        words.set(j, c, rng.next_f());
                    }
                }
            }
        },
    )
    .unwrap();
    w
}

#[test]
fn words_far_from_the_code() {
    let w = far(|_, _| false);
    assert_eq!(slug(w.verify(&w.prove(&mut NoHooks))), "accepted");
    let width = w.witness.columns() as usize + 3;
    for column in [0, width - 1] {
        let w = far(|_, c| c == column);
        assert_eq!(slug(w.verify(&w.prove(&mut NoHooks))), "final_claim");
        // Half of the positions: refused unless every query misses them.
        let w = far(|j, c| c == column && j % 2 == 0);
        assert_eq!(slug(w.verify(&w.prove(&mut NoHooks))), "final_claim");
    }
}

/// Grinds until all of the slabs' positions lie in one half.
struct Wish {
    upper: bool,
    half: usize,
    count: usize,
    log: u8,
}

impl OpeningHooks for Wish {
    fn wants_nonce(&self) -> bool {
        true
    }
    fn accept_nonce(&mut self, code: usize, after: &Sponge) -> bool {
        let mut s = after.clone();
        code > 0
            || s.positions("queries", self.count, self.log)
                .into_iter()
                .all(|j| (j >= self.half) == self.upper)
    }
}

/// Half a code word of u, half of v: both can be opened, but only one has the published y.
#[test]
fn half_and_half_slab() {
    let mut w = World::new(
        &toy(),
        &Shape {
            slabs: &[(70, true)],
            ..SHAPE
        },
        3,
    );
    let g = w.geometry.clone();
    let make = |cells: &[F]| {
        commit(
            &g,
            true,
            [0; 32],
            cells,
            &[],
            2,
            w.columns.k0 as u8,
            [9; 32],
        )
        .unwrap()
    };
    let cells = w.data(0)[..70].to_vec();
    let mut changed = cells.clone();
    changed[3] += F::ONE;
    let (first, second) = half_and_half(make(&cells), make(&changed));
    assert_eq!(first.commitment, second.commitment);
    let wish = |upper| Wish {
        upper,
        half: 128,
        count: 6,
        log: 8,
    };
    w.slabs = vec![first];
    assert_eq!(slug(w.verify(&w.prove(&mut wish(false)))), "accepted");
    w.slabs = vec![second];
    let value: K = w.claims.iter().map(|c| w.value(c)).sum();
    assert_ne!(value, K::ZERO);
    // Claims that hold for v.
    for i in 0..w.claims.len() {
        let v = w.value(&w.claims[i]);
        w.claims[i].constant -= v;
    }
    let roots = w.roots();
    let mut st = w.statement(&roots);
    let proof = w.prove_as(&st, &mut wish(true));
    assert_eq!(slug(verify(&st, &proof)), "final_claim");
    // The attack works where the binding claim is missing.
    st.bindings.clear();
    let proof = w.prove_as(&st, &mut wish(true));
    assert_eq!(slug(verify(&st, &proof)), "accepted");
}

#[test]
fn every_byte_counts() {
    let w = world();
    let proof = w.prove(&mut NoHooks);
    assert_eq!(slug(w.verify(&proof)), "accepted");
    let mut seen = std::collections::BTreeMap::new();
    for i in 0..proof.len() {
        let mut bad = proof.clone();
        bad[i] ^= 1 << (i % 8);
        let answer = slug(w.verify(&bad));
        assert_ne!(answer, "accepted", "byte {i}");
        *seen.entry(answer).or_insert(0) += 1;
    }
    for want in ["grinding", "merkle"] {
        assert!(seen.contains_key(want), "{seen:?}");
    }
    for n in (0..proof.len()).step_by(7) {
        assert_eq!(slug(w.verify(&proof[..n])), "truncated");
    }
    let mut long = proof.clone();
    long.push(0);
    assert_eq!(slug(w.verify(&long)), "trailing_bytes");
    // S is the first message: its first limb.
    let mut bad = proof.clone();
    bad[..8].fill(0xff);
    assert_eq!(slug(w.verify(&bad)), "non_canonical");
    bad.fill(0xff);
    assert_eq!(slug(w.verify(&bad)), "non_canonical");
    bad.fill(0);
    assert_eq!(slug(w.verify(&bad)), "grinding");
}

#[test]
fn statements_that_fit_no_slab() {
    let w = world();
    let proof = w.prove(&mut NoHooks);
    let roots = w.roots();
    let st = w.statement(&roots);
    let mut bad = st.clone();
    bad.k0 += 1;
    assert_eq!(slug(verify(&bad, &proof)), "program");
    let mut bad = st.clone();
    bad.pad_base = usize::MAX;
    assert_eq!(slug(verify(&bad, &proof)), "program");
    let mut bad = st.clone();
    bad.bindings[0].slab = 7;
    assert_eq!(slug(verify(&bad, &proof)), "program");
    let mut bad = st.clone();
    bad.opened.clear();
    assert_eq!(slug(verify(&bad, &proof)), "program");
    let mut g = w.geometry.clone();
    g.levels.clear();
    let mut bad = st.clone();
    bad.geometry = &g;
    assert_eq!(slug(verify(&bad, &proof)), "geometry");
}

#[test]
fn slabs_that_do_not_fit() {
    let g = toy();
    let cells = vec![F::ONE; 30];
    let make =
        |budget, fold| commit(&g, true, [0; 32], &cells, &[], budget, fold, [1; 32]).map(|_| ());
    assert_eq!(slug(make(2, 3)), "accepted");
    assert_eq!(slug(make(0, 3)), "header");
    assert_eq!(slug(make(2, 17)), "header");
    assert_eq!(slug(make(64, 3)), "geometry");
    let witness = |m| {
        commit_witness(
            &g,
            3,
            Wiped::new(cells.clone()),
            &[],
            vec![K::ONE; m],
            [1; 32],
        )
        .map(|_| ())
    };
    assert_eq!(slug(witness(128)), "accepted");
    assert_eq!(slug(witness(127)), "geometry");
    assert_eq!(slug(witness(129)), "geometry");
}

#[test]
fn equal_data_gives_distinct_commitments() {
    let g = toy();
    let make =
        |seed, private| commit(&g, private, [0; 32], &[F::ONE; 30], &[], 1, 2, [seed; 32]).unwrap();
    let root = |s: &Slab| s.commitment.root;
    assert_ne!(root(&make(1, true)), root(&make(2, true)));
    assert_eq!(root(&make(1, true)), root(&make(1, true)));
    assert_eq!(make(1, false).commitment, make(2, false).commitment);
}
