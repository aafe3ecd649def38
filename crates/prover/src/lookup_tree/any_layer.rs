//! A layer of the tree, however it is stored: its sumcheck, and the layer above it.

use tacit_algebra::{F, K};
use tacit_transcript::Writer;

use crate::lookup_tree::layer::{above, finish, pairs, Layer, Pair};
use crate::lookup_tree::leaf_layer::LeafLayer;
use crate::lookup_tree::state::State;
use tacit_sumcheck::lanes::{Base, Ext, PF, W};

/// Layers by size: small ones are scalars, the largest one knows which of its numerators are 1.
pub enum AnyLayer {
    Scalar(Layer<F>),
    Packed(Layer<PF>),
    LeafLayer(LeafLayer),
}

impl AnyLayer {
    /// The layer above; `None` above the root.
    pub fn parent(&self) -> Option<Self> {
        match self {
            Self::Scalar(layer) => (layer.log > 0).then(|| Self::Scalar(parent(layer))),
            Self::Packed(layer) if layer.log > 0 => Some(Self::Packed(parent(layer))),
            Self::Packed(layer) => {
                let (p, q) = top(layer);
                let (p, q): (Vec<K>, Vec<K>) = (p.lanes().collect(), q.lanes().collect());
                (W > 1).then(|| Self::Scalar(pairs(&p, &q)))
            }
            Self::LeafLayer(layer) if layer.log > 0 => Some(Self::Packed(layer.parent())),
            Self::LeafLayer(layer) => Self::Packed(layer.clone().plain()).parent(),
        }
    }

    /// Proves sum over x of eq(r, x) (p0 q1 + p1 q0 + lambda q0 q1) = claim. Returns the point and p0, p1, q0, q1 there; leaves
    /// a layer's memory in `memory`, for the next one.
    pub fn prove(
        self,
        writer: &mut Writer,
        (lambda, r, claim): (K, &[K], K),
        memory: &mut Vec<Pair<PF>>,
    ) -> (Vec<K>, [K; 4]) {
        let mut state = State::new(lambda, r, claim);
        let (last, joined) = match self {
            Self::Scalar(layer) => (layer, false),
            Self::Packed(mut layer) => {
                layer.rounds(writer, &mut state, false);
                let last = layer.unpack();
                *memory = layer.pairs;
                (last, true)
            }
            Self::LeafLayer(layer) => (layer.rounds(writer, &mut state).unpack(), true),
        };
        finish(last, writer, state, joined)
    }
}

/// p = p0 q1 + p1 q0, q = q0 q1.
#[inline(always)]
pub fn fraction<B: Base>([p0, p1, q0, q1]: Pair<B>) -> (Ext<B>, Ext<B>) {
    (p0.mul_add(q1, p1, q0), q0 * q1)
}

/// The values of the one vector of a layer with log = 0.
pub fn top<B: Base>(layer: &Layer<B>) -> (Ext<B>, Ext<B>) {
    layer
        .pairs
        .first()
        .map_or((Ext::ZERO, Ext::ONE), |&pair| fraction(pair))
}

/// The values of the layer above, again in pairs. What is not stored is p = 0, q = 1 above as well.
pub fn parent<B: Base>(child: &Layer<B>) -> Layer<B> {
    let at = |i: usize| {
        child
            .pairs
            .get(i)
            .map_or((Ext::ZERO, Ext::ONE), |&pair| fraction(pair))
    };
    above(child.log - 1, child.pairs.len().div_ceil(2), at)
}
