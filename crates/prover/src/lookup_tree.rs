//! The prover's half of LogUp: build the tree from its leaves, then prove it layer by layer from the root (see `tacit_verifier`, logup).

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::K;
use tacit_transcript::Writer;

use crate::hooks::Hooks;
use any_layer::{top, AnyLayer};
use layer::{Layer, Pair};
use leaves::{Ground, Leaves};
use tacit_sumcheck::lanes::{Base, PF};

mod any_layer;
mod layer;
mod leaf_layer;
pub mod leaves;
mod rows;
mod state;

/// The layers from the root down, the root, and the leaves where they and the layer above them are made again.
pub struct Tree<'a> {
    layers: Vec<AnyLayer>,
    root: (K, K),
    again: Option<Leaves<'a>>,
}

impl<'a> Tree<'a> {
    /// From the leaves, 2^(depth-1) pairs.
    pub fn new(ground: Ground<'a>) -> Self {
        let (lowest, again) = match ground {
            Ground::Kept(layer) => (layer, None),
            Ground::Again(mut leaves) => (AnyLayer::Packed(leaves.second()), Some(leaves)),
        };
        let mut layers = vec![lowest];
        while let Some(next) = layers.last().and_then(AnyLayer::parent) {
            layers.push(next);
        }
        let root = match layers.last() {
            Some(AnyLayer::Scalar(layer)) => root(layer),
            Some(AnyLayer::Packed(layer)) => root(layer),
            Some(AnyLayer::LeafLayer(layer)) => root(&layer.clone().plain()),
            None => (K::ZERO, K::ONE),
        };
        layers.reverse();
        Self {
            layers,
            root,
            again,
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
        let (mut r, mut memory) = (Vec::new(), Vec::new());
        let mut step = |layer: AnyLayer, memory: &mut Vec<Pair<PF>>| {
            let lambda = writer.challenge("lambda");
            let claim = (lambda, &r[..], p + lambda * q);
            let (mut point, [p0, p1, q0, q1]) = layer.prove(writer, claim, memory);
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
        };
        for layer in self.layers {
            step(layer, &mut memory);
        }
        if let Some(mut leaves) = self.again {
            let first = leaves.first(std::mem::take(&mut memory));
            step(AnyLayer::Packed(first), &mut memory);
            let leaves = leaves.all(std::mem::take(&mut memory));
            step(AnyLayer::LeafLayer(leaves), &mut memory);
        }
        r
    }
}

fn root<B: Base>(layer: &Layer<B>) -> (K, K) {
    let (p, q) = top(layer);
    (p.lane(0), q.lane(0))
}

#[cfg(test)]
mod tests {
    use super::layer::pairs;
    use super::leaf_layer::{Kind, LeafLayer};
    use super::*;
    use tacit_algebra::hash::Words;
    use tacit_pcs::NoHooks;
    use tacit_sumcheck::lanes::W;

    /// The argument of a tree over these leaves.
    fn argument(leaves: AnyLayer) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.set_pads(vec![K::ZERO; 2000]);
        let r = Tree::new(Ground::Kept(leaves)).prove(&mut writer, &mut Vec::new(), &mut NoHooks);
        assert!(!r.is_empty());
        writer.into_proof()
    }

    /// Blocks of leaves (size in vectors of pairs, constant numerator or any), as a leaf_layer layer and as plain scalars.
    fn both(log: usize, blocks: &[(usize, Option<u64>)]) -> (AnyLayer, AnyLayer) {
        let mut words = Words::new([blocks.len() as u8; 32]);
        let mut leaf_layer = LeafLayer {
            log,
            q: Vec::new(),
            p: Vec::new(),
            segments: Vec::new(),
        };
        let (mut p, mut q) = (Vec::new(), Vec::new());
        for &(size, constant) in blocks {
            let kind = constant.map_or(Kind::Stored(leaf_layer.p.len()), |c| {
                Kind::Constant(K::from_u64(c))
            });
            leaf_layer.push(size, kind);
            for _ in 0..size {
                let mut draw = || (0..2 * W).map(|_| words.next_k()).collect::<Vec<K>>();
                let (mut ps, qs) = (draw(), draw());
                if let Some(c) = constant {
                    ps.fill(K::from_u64(c));
                } else {
                    leaf_layer.p.push(leaves::vectors(&ps));
                }
                leaf_layer.q.push(leaves::vectors(&qs));
                p.extend(ps);
                q.extend(qs);
            }
        }
        let rest = (1usize << log) - leaf_layer.q.len();
        if rest > 0 {
            leaf_layer.push(rest, Kind::Constant(K::ZERO));
        }
        p.resize((2 * W) << log, K::ZERO);
        q.resize((2 * W) << log, K::ONE);
        (
            AnyLayer::LeafLayer(leaf_layer),
            AnyLayer::Scalar(pairs(&p, &q)),
        )
    }

    #[test]
    fn constant_numerators_change_no_message() {
        type Case = (usize, &'static [(usize, Option<u64>)]);
        let cases: [Case; 8] = [
            (0, &[(1, None)]),
            (3, &[(4, Some(1)), (3, None)]),
            (8, &[(256, Some(1))]),
            (9, &[(256, Some(1)), (128, Some(1)), (64, None), (1, None)]),
            (9, &[(256, None), (128, Some(1)), (64, None)]),
            (
                10,
                &[
                    (256, Some(1)),
                    (256, None),
                    (128, Some(1)),
                    (128, None),
                    (32, Some(1)),
                    (3, None),
                ],
            ),
            (10, &[(512, Some(1)), (1, Some(1))]),
            (
                11,
                &[
                    (512, Some(1)),
                    (512, Some(1)),
                    (512, None),
                    (256, Some(1)),
                    (200, Some(1)),
                ],
            ),
        ];
        for (log, blocks) in cases {
            let (leaf_layer, plain) = both(log, blocks);
            assert_eq!(argument(leaf_layer), argument(plain), "2^{log}: {blocks:?}");
        }
    }
}
