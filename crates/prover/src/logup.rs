//! The prover's half of LogUp: build the tree from its leaves, then prove it layer by layer from the root (see `tacit_verifier`, logup).

use p3_field::{Field, PrimeCharacteristicRing};
use rayon::prelude::*;
use tacit_algebra::K;
use tacit_transcript::Writer;

use crate::hooks::Hooks;
use crate::lanes::{lanes, split_pairs, PK};
use crate::layer::{AnyLayer, Layer};

/// Pairs of vectors below which a layer is computed on one thread.
const SERIAL: usize = 1 << 8;

/// The layers from the leaves up. A layer of 2^(j+1) values is stored as 2^j pairs.
pub struct Tree {
    /// Layer j is proven by j rounds; the last one holds the leaves.
    layers: Vec<AnyLayer>,
    root: (K, K),
}

impl Tree {
    /// From the layer of the leaves, 2^(depth-1) pairs.
    pub fn new(leaves: AnyLayer) -> Self {
        let mut layers = vec![leaves];
        loop {
            let next = match layers.last() {
                Some(AnyLayer::Packed(layer)) => packed_parent(layer),
                Some(AnyLayer::Scalar(layer)) if layer.log > 0 => scalar_parent(layer),
                _ => break,
            };
            layers.push(next);
        }
        let root = match layers.last() {
            Some(AnyLayer::Scalar(top)) => fraction(top.columns.each_ref().map(|c| c[0])),
            _ => (K::ZERO, K::ONE),
        };
        layers.reverse();
        Self { layers, root }
    }

    /// A tree of one leaf.
    pub fn single(p: K, q: K) -> Self {
        Self {
            layers: Vec::new(),
            root: (p, q),
        }
    }

    /// Sends the whole argument of the tree and records its triples. Returns r.
    pub fn prove<H: Hooks>(
        self,
        writer: &mut Writer,
        triples: &mut Vec<[K; 3]>,
        hooks: &mut H,
    ) -> Vec<K> {
        let (mut p, mut q) = self.root;
        let inverse = hooks.inverse(q.try_inverse().unwrap_or(K::ZERO));
        writer.send_padded("root", &[q, inverse]);
        triples.push([q, inverse, K::ONE]);
        let mut r = Vec::new();
        for layer in self.layers {
            let lambda = writer.challenge("lambda");
            let (mut point, [p0, p1, q0, q1]) = layer.prove(writer, lambda, &r, p + lambda * q);
            let mut sent = vec![p0, p1, q0, q1];
            for (a, b) in [(p0, q1), (p1, q0), (q0, q1)] {
                let c = hooks.product(triples.len(), a * b);
                triples.push([a, b, c]);
                sent.push(c);
            }
            writer.send_padded("ends", &sent);
            let s = writer.challenge("descend");
            (p, q) = (p0 + s * (p1 - p0), q0 + s * (q1 - q0));
            point.push(s);
            r = point;
        }
        r
    }
}

/// p = p0 q1 + p1 q0, q = q0 q1.
fn fraction<V>([p0, p1, q0, q1]: [V; 4]) -> (V, V)
where
    V: Copy + std::ops::Mul<Output = V> + std::ops::Add<Output = V>,
{
    (p0 * q1 + p1 * q0, q0 * q1)
}

/// The values of the layer above, again in pairs. Below two vectors the layer becomes scalar.
fn packed_parent(child: &Layer<PK>) -> AnyLayer {
    let at = |i: usize| match i < child.live() {
        true => fraction(child.columns.each_ref().map(|c| c[i])),
        false => (PK::ZERO, PK::ONE),
    };
    let Some(log) = child.log.checked_sub(1) else {
        let (p, q) = at(0);
        return AnyLayer::Scalar(pairs(&lanes(p), &lanes(q)));
    };
    let live = child.live().div_ceil(2);
    let mut columns: [Vec<PK>; 4] = std::array::from_fn(|_| Vec::with_capacity(live));
    let one = |i: usize| {
        let ((pa, qa), (pb, qb)) = (at(2 * i), at(2 * i + 1));
        let ((p0, p1), (q0, q1)) = (split_pairs(pa, pb), split_pairs(qa, qb));
        [p0, p1, q0, q1]
    };
    if live < SERIAL {
        for i in 0..live {
            columns.iter_mut().zip(one(i)).for_each(|(c, v)| c.push(v));
        }
    } else {
        columns.iter_mut().for_each(|c| c.resize(live, PK::ZERO));
        let [p0, p1, q0, q1] = &mut columns;
        let all = p0
            .par_iter_mut()
            .zip(p1)
            .zip(q0)
            .zip(q1)
            .enumerate()
            .with_min_len(SERIAL);
        all.for_each(|(i, (((p0, p1), q0), q1))| [*p0, *p1, *q0, *q1] = one(i));
    }
    AnyLayer::Packed(Layer { log, columns })
}

fn scalar_parent(child: &Layer<K>) -> AnyLayer {
    let size = 1usize << child.log;
    let value = |i: usize| match i < child.live() {
        true => fraction(child.columns.each_ref().map(|c| c[i])),
        false => (K::ZERO, K::ONE),
    };
    let (p, q): (Vec<K>, Vec<K>) = (0..size).map(value).unzip();
    AnyLayer::Scalar(pairs(&p, &q))
}

/// Values at even and at odd places, all 2^n of them.
pub fn pairs(p: &[K], q: &[K]) -> Layer<K> {
    let pick = |v: &[K], odd: usize| v.iter().skip(odd).step_by(2).copied().collect::<Vec<K>>();
    let log = (p.len() / 2).trailing_zeros() as usize;
    Layer {
        log,
        columns: [pick(p, 0), pick(p, 1), pick(q, 0), pick(q, 1)],
    }
}
