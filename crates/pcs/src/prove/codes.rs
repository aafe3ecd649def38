//! The later codes of an opening, for the prover: commit, query, batch, fold, until the vector is short (docs/protocol/protocol.md, section 6).

use crate::code::domain::points;
use crate::code::encode::{encode, Code, Column, Shape};
use crate::prove::grind;
use crate::prove::hooks::OpeningHooks;
use crate::prove::profile::Profile;
use crate::prove::queries::add_queries;
use crate::prove::sender::{Sender, Vectors};
use crate::tree::merkle::Tree;
use crate::vector::{ends, KVec, Planes, PlanesMut};
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{powers, K};
use tacit_params::{Geometry, Level};

/// What the next draw of positions opens.
enum Previous {
    Slabs,
    Code(Code, Tree),
}

/// <h, W> = A: h is uniform, so nothing needs hiding any more.
pub(crate) fn prove_codes<H: OpeningHooks>(
    t: &mut Sender<H>,
    geometry: &Geometry,
    vectors: &Vectors,
    mut h: KVec,
    mut coefficients: KVec,
    profile: &mut Profile,
) {
    let (mut previous, mut queries, mut log) =
        (Previous::Slabs, geometry.queries, geometry.log_domain);
    for (l, level) in geometry.levels.iter().enumerate() {
        let columns = deinterleave(&h, level.fold);
        let (code, tree) = profile.time("level code", || commit_level(&columns, level));
        t.w.send_bytes("root", &tree.root());
        let zeta = t.challenge("ood");
        let at_zeta = KVec::powers(zeta, K::ONE, h.len());
        let mut o = h.planes().dot(at_zeta.planes());
        t.hooks.out_of_domain(l, &mut o);
        t.clear("ood", &[o]);
        let positions = profile.time("grinding", || draw(t, geometry.grind, l, queries, log));
        profile.time("openings", || open(t, vectors, &previous, &positions));
        let xi = t.challenge("batch");
        let scalars = powers(xi, positions.len() + 2);
        profile.time("queries", || {
            coefficients.planes_mut().add_scaled(at_zeta.planes(), xi);
            coefficients = deinterleave(&coefficients, level.fold);
            let points = points(log, &positions);
            add_queries(&mut coefficients, level.fold, &points, &scalars[2..]);
        });
        h = columns;
        profile.time("folds", || fold(t, &mut h, &mut coefficients, level.fold));
        (previous, queries, log) = (Previous::Code(code, tree), level.queries, level.log_domain);
    }
    let mut last = h.to_vec();
    t.hooks.final_vector(&mut last);
    t.clear("final", &last);
    let code = geometry.levels.len();
    let positions = profile.time("grinding", || draw(t, geometry.grind, code, queries, log));
    open(t, vectors, &previous, &positions);
}

/// Entry i 2^k + b to place b len + i: the interleaved columns one after the other.
fn deinterleave(v: &KVec, k: u8) -> KVec {
    let n = v.len() >> k;
    KVec(v.0.each_ref().map(|plane| {
        (0..1usize << k)
            .flat_map(|b| plane[b..].iter().step_by(1 << k).take(n).copied())
            .collect()
    }))
}

/// The interleaved code: row j holds the limbs of column 0, of column 1, ...
fn commit_level(columns: &KVec, level: &Level) -> (Code, Tree) {
    let n = columns.len() >> level.fold;
    let sources: Vec<Column> = (0..1usize << level.fold)
        .flat_map(|b| {
            columns
                .0
                .each_ref()
                .map(|p| Column(&p[b * n..(b + 1) * n], &[]))
        })
        .collect();
    let code = encode(&sources, Shape::new(n, level.log_domain));
    let tree = Tree::build(&code, None, Vec::new());
    (code, tree)
}

fn draw<H: OpeningHooks>(
    t: &mut Sender<H>,
    bits: u8,
    code: usize,
    queries: u16,
    log: u8,
) -> Vec<usize> {
    if bits > 0 {
        let nonce = grind::search(&t.w.sponge, bits, code, t.hooks);
        t.w.send_bytes("nonce", &nonce);
    }
    let positions = t.w.sponge.positions("queries", usize::from(queries), log);
    t.hooks.positions(code, &positions);
    positions
}

fn open<H: OpeningHooks>(t: &mut Sender<H>, vectors: &Vectors, previous: &Previous, at: &[usize]) {
    match previous {
        Previous::Code(code, tree) => t.w.send_bytes("opening", &tree.open(code, None, at)),
        Previous::Slabs => {
            let trees = vectors.slabs.len() + 1;
            let open = |i: usize| match vectors.slabs.get(i) {
                Some(slab) => slab.open(at),
                None => vectors.witness.open(at),
            };
            let openings: Vec<Vec<u8>> = (0..trees).into_par_iter().map(open).collect();
            for opening in &openings {
                t.w.send_bytes("opening", opening);
            }
        }
    }
}

/// k rounds over interleaved columns, low bit first: columns 2b and 2b + 1 become one.
fn fold<H: OpeningHooks>(t: &mut Sender<H>, h: &mut KVec, coefficients: &mut KVec, k: u8) {
    let n = h.len() >> k;
    for round in 0..k {
        let step = n << round;
        let mut sums = [K::ZERO; 2];
        for pair in 0..1usize << (k - 1 - round) {
            let at = 2 * pair * step;
            let (even, odd) = ((at, at + n), (at + step, at + step + n));
            let [s0, s2] = ends(
                h.planes().slice(even.0, even.1),
                h.planes().slice(odd.0, odd.1),
                coefficients.planes().slice(even.0, even.1),
                coefficients.planes().slice(odd.0, odd.1),
            );
            sums[0] += s0;
            sums[1] += s2;
        }
        t.clear("fold", &sums);
        let r = t.challenge("fold");
        fold_step(h, n, step, r);
        fold_step(coefficients, n, step, r);
    }
    for v in [h, coefficients] {
        v.0.iter_mut().for_each(|p| p.truncate(n));
    }
}

/// Columns `step` entries apart, pair by pair, into the place of the first.
fn fold_step(v: &mut KVec, n: usize, step: usize, r: K) {
    let [a, b, c] = &mut v.0;
    let planes = a
        .chunks_exact_mut(2 * step)
        .zip(b.chunks_exact_mut(2 * step))
        .zip(c.chunks_exact_mut(2 * step));
    for ((a, b), c) in planes {
        let ((a, a1), (b, b1), (c, c1)) = (
            a.split_at_mut(step),
            b.split_at_mut(step),
            c.split_at_mut(step),
        );
        let odd = Planes([&a1[..n], &b1[..n], &c1[..n]]);
        PlanesMut([a, b, c]).slice(0, n).fold(odd, r);
    }
}
