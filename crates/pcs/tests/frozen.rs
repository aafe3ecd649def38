//! Frozen challenges: attacks that work where one guard is missing, and are refused where it is there. Prover and verifier are
//! the real ones; only the oracle has a hole (`tacit_transcript::testing`), or the statement names its own binding point.

mod common;

use common::{geometry, slug, toy, verify, Shape, World};
use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::field::{k_limbs, k_units};
use tacit_algebra::hash::{Digest, Words};
use tacit_algebra::{powers, F, K};
use tacit_params::Geometry;
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::testing::{commit_witness_changed, half_and_half, point};
use tacit_pcs::{commit, Binding, NoHooks, OpeningHooks};
use tacit_transcript::testing::{with_holes, Holes};
use tacit_transcript::Sponge;

const SHAPE: Shape = Shape {
    slabs: &[(70, true), (30, false)],
    witness: 60,
    pads: 5,
    budget: 2,
};
const SEED: Digest = [7; 32];

/// The attack against the protocol with this hole is accepted; the same attack against the real one, and the accepted bytes
/// there, are refused.
#[track_caller]
fn only_with<H: OpeningHooks>(holes: &Holes, w: &World, attacker: impl Fn() -> H, refused: &str) {
    let proof = with_holes(holes, || {
        let proof = w.prove(&mut attacker());
        assert_eq!(slug(w.verify(&proof)), "accepted", "with the hole");
        proof
    });
    assert_ne!(slug(w.verify(&proof)), "accepted", "the same bytes");
    assert_eq!(slug(w.verify(&w.prove(&mut attacker()))), refused);
}

/// Row 9: two claims change places. sigma^2 d - sigma^3 d is not 0, but a prover that knows sigma makes up for it with a third
/// claim, before anything is sent. Guard: sigma is drawn after S, and S after all claims.
#[test]
fn swapped_claims_when_sigma_is_known() {
    let mut w = World::new(&toy(), &SHAPE, 1);
    let sigma = Words::new(SEED).next_k();
    let d = w.claims[1].constant - w.claims[0].constant;
    w.claims[0].constant += d;
    w.claims[1].constant -= d;
    w.claims[2].constant += d * (sigma - K::ONE) * (sigma * sigma).inverse();
    assert!((0..3).all(|i| w.value(&w.claims[i]) != K::ZERO));
    let holes = Holes::default().known("collapse", SEED);
    only_with(&holes, &w, || NoHooks, "final_claim");
}

/// A prover of a false first claim that adds to h, or to the final vector, a multiple of prod (X - x_j): nothing changes at the
/// positions it expects, and <h, W'> becomes what the false claim says.
struct Unseen {
    /// The code whose positions are expected, 0 is the slabs'.
    code: usize,
    expected: Vec<F>,
    /// Positions of the slabs' code that were drawn.
    drawn: Vec<usize>,
    log: u8,
    /// A - <h, W'> of the honest vector.
    error: K,
    weights: Vec<K>,
    zeta: K,
}

impl Unseen {
    /// Positions as an oracle without an argument would draw them: with the hole, those of every argument.
    fn new(g: &Geometry, code: usize) -> Self {
        let drawn_in = |queries: u16, log: u8| {
            let positions = Sponge::new().positions("queries", usize::from(queries), log);
            positions.into_iter().map(|j| point(log, j)).collect()
        };
        let expected = match code {
            0 => drawn_in(g.queries, g.log_domain),
            l => drawn_in(g.levels[l - 1].queries, g.levels[l - 1].log_domain),
        };
        Self {
            code,
            expected,
            drawn: Vec::new(),
            log: g.log_domain,
            error: -K::ONE,
            weights: Vec::new(),
            zeta: K::ZERO,
        }
    }

    /// v += s prod (X - x_j) with <v, W'> larger by the error.
    fn add(&self, v: &mut [K]) {
        let mut z = vec![F::ONE];
        for &x in &self.expected {
            z.insert(0, F::ZERO);
            for i in 1..z.len() {
                let high = z[i];
                z[i - 1] -= x * high;
            }
        }
        assert!(z.len() <= v.len(), "a vector that the positions determine");
        let moved: K = z.iter().zip(&self.weights).map(|(&z, &w)| w * z).sum();
        let s = self.error * moved.inverse();
        v.iter_mut().zip(z).for_each(|(v, z)| *v += s * z);
    }
}

impl OpeningHooks for Unseen {
    fn wants_masked(&self) -> bool {
        true
    }
    fn masked(&mut self, h: &mut [K], weights: &[K]) {
        self.weights = weights.to_vec();
        if self.code == 0 {
            self.add(h);
        }
    }
    fn positions(&mut self, code: usize, positions: &[usize]) {
        if code == 0 {
            self.drawn = positions.to_vec();
        }
    }
    fn challenge(&mut self, kind: &'static str, x: K) {
        match kind {
            // A = .. - sigma^2 (const + 1).
            "collapse" => self.error *= x * x,
            // The middle value of three, s(1) = A - s(0), weighs x (2 - x).
            "columns" => self.error *= x * (K::TWO - x),
            "mask" => self.error *= x,
            "ood" => self.zeta = x,
            "batch" => {
                let n = self.weights.len();
                let mut points = vec![self.zeta];
                points.extend(self.drawn.iter().map(|&j| K::from(point(self.log, j))));
                for (p, s) in points.iter().zip(&powers(x, points.len() + 1)[1..]) {
                    let row = powers(*p, n);
                    self.weights
                        .iter_mut()
                        .zip(row)
                        .for_each(|(w, y)| *w += *s * y);
                }
            }
            "fold" => {
                self.error *= x * (K::TWO - x);
                let pairs = self.weights.chunks(2);
                self.weights = pairs.map(|w| w[0] + x * (w[1] - w[0])).collect();
            }
            _ => (),
        }
    }
    fn final_vector(&mut self, v: &mut [K]) {
        if self.code > 0 {
            self.add(v);
        }
    }
}

fn false_claim(g: &Geometry) -> World {
    let mut w = World::new(g, &SHAPE, 1);
    w.claims[0].constant += K::ONE;
    w
}

/// Rows 3 and 11: positions of the slabs' code known before h is committed. Guard: they are drawn after its root.
#[test]
fn another_h_when_positions_are_known() {
    let w = false_claim(&toy());
    let holes = Holes::default().known("queries", SEED);
    only_with(&holes, &w, || Unseen::new(&w.geometry, 0), "final_claim");
}

/// Rows 2, 3 and 11: positions of the last code known before the final vector is sent. Guard: they are drawn after it.
#[test]
fn another_end_when_positions_are_known() {
    let w = false_claim(&geometry(5, 128, 8, 6, 4, &[(3, 6, 5)]));
    let holes = Holes::default().known("queries", SEED);
    only_with(&holes, &w, || Unseen::new(&w.geometry, 1), "last_query");
}

/// The end again: the final vector is sent before the positions are known, but it is not absorbed. Without work (no nonce is
/// asked for) the positions are then a function of what comes before it.
#[test]
fn another_end_when_it_is_not_absorbed() {
    let g = geometry(5, 128, 8, 6, 0, &[(3, 6, 5)]);
    let w = false_claim(&g);
    let holes = Holes::default().deaf("final");
    let seen = |x: Vec<F>| Unseen {
        expected: x,
        ..Unseen::new(&g, 1)
    };
    // A first run learns the positions, a second one uses them.
    let attack = || {
        let mut first = LastPositions::default();
        w.prove(&mut first);
        let expected = first.0.iter().map(|&j| point(6, j)).collect();
        slug(w.verify(&w.prove(&mut seen(expected))))
    };
    assert_eq!(with_holes(&holes, attack), "accepted");
    assert_eq!(attack(), "last_query");
}

#[derive(Default)]
struct LastPositions(Vec<usize>);

impl OpeningHooks for LastPositions {
    fn positions(&mut self, _code: usize, positions: &[usize]) {
        self.0 = positions.to_vec();
    }
}

/// Row 11: a witness whose words are noise at all positions but those that will be asked for.
#[test]
fn a_word_far_from_the_code_when_positions_are_known() {
    let mut w = World::new(&toy(), &SHAPE, 1);
    let holes = Holes::default().known("queries", SEED);
    let asked = with_holes(&holes, || Sponge::new().positions("queries", 6, 8));
    let mut rng = Stream::new(&[44; 32], PADS);
    let cells = w.witness.data()[..SHAPE.witness].to_vec();
    let g = rng.k_vec(w.geometry.m());
    let noise = |words: &mut tacit_pcs::testing::CodeWords| {
        for j in (0..words.positions()).filter(|j| !asked.contains(j)) {
            (0..words.width()).for_each(|c| words.set(j, c, rng.next_f()));
        }
    };
    let k0 = w.columns.k0;
    w.witness =
        commit_witness_changed(&w.geometry, k0, &cells, &w.pads, g, [8; 32], noise).unwrap();
    only_with(&holes, &w, || NoHooks, "final_claim");
}

/// d with sum_i d_i a_i = 0 in K, for four elements: minors of their limbs.
fn relation(a: [K; 4]) -> [F; 4] {
    std::array::from_fn(|i| {
        let rest: Vec<[F; 3]> = (0..4).filter(|&j| j != i).map(|j| k_limbs(&a[j])).collect();
        let [x, y, z] = [rest[0], rest[1], rest[2]];
        let det = x[0] * (y[1] * z[2] - y[2] * z[1]) - x[1] * (y[0] * z[2] - y[2] * z[0])
            + x[2] * (y[0] * z[1] - y[1] * z[0]);
        [det, -det][i % 2]
    })
}

/// Grinds until all of the slabs' positions lie in one half of the 2^8.
struct Half(bool);

impl OpeningHooks for Half {
    fn wants_nonce(&self) -> bool {
        true
    }
    fn accept_nonce(&mut self, code: usize, after: &Sponge) -> bool {
        let positions = after.clone().positions("queries", 6, 8);
        code > 0 || positions.into_iter().all(|j| (j >= 128) == self.0)
    }
}

/// Row 11b: half of one word and half of another, and a binding point that is known before they are chosen. Two contents then
/// share one y, and claims about either are accepted. Guard: z and z0 follow from the root (`Commitment::binding`).
#[test]
fn two_contents_when_the_binding_point_is_known() {
    let shape = Shape {
        slabs: &[(70, true)],
        ..SHAPE
    };
    let mut w = World::new(&toy(), &shape, 3);
    let mut words = Words::new(SEED);
    let (z, z0) = (words.next_k(), words.next_k());
    let cells = w.data(0)[..70].to_vec();
    let weights = powers(z, 5);
    let d = relation([1, 2, 3, 4].map(|i| weights[i]));
    let mut others = cells.clone();
    (0..4).for_each(|i| others[i] += d[i]);
    let (g, k0) = (w.geometry.clone(), w.columns.k0 as u8);
    let make = |cells: &[F]| commit(&g, true, [0; 32], cells, &[], 2, k0, [9; 32]).unwrap();
    let (first, second) = half_and_half(make(&cells), make(&others));
    let y_of = |cells: &[F]| {
        let units = k_units();
        let row = powers(z, cells.len() + 1);
        let weight = |j: usize| match j {
            70..73 => z0 * units[j - 70],
            _ => row[j + 1],
        };
        let all = cells.iter().enumerate();
        all.map(|(j, &x)| weight(j) * x).sum::<K>()
    };
    let y = y_of(first.data());
    assert_eq!(y, y_of(second.data()));
    assert_ne!(first.data(), second.data());
    for (slab, upper) in [(first, false), (second, true)] {
        w.slabs = vec![slab];
        // The claims that hold for this content; the other one's are false.
        let values: Vec<K> = w.claims.iter().map(|c| w.value(c)).collect();
        assert_eq!(upper, values.iter().any(|&v| v != K::ZERO));
        let claims = w.claims.iter_mut().zip(values);
        claims.for_each(|(c, v)| c.constant -= v);
        let roots = w.roots();
        let real = w.statement(&roots);
        let mut known = real.clone();
        known.bindings = vec![Binding {
            z,
            z0,
            y,
            ..real.bindings[0]
        }];
        let answer = |st| slug(verify(st, &w.prove_as(st, &mut Half(upper))));
        assert_eq!(answer(&known), "accepted");
        let bound = if upper { "final_claim" } else { "accepted" };
        assert_eq!(answer(&real), bound);
    }
}
