//! A validated program with everything that follows from it alone, built once and shared.

use crate::error::Result;
use crate::layout::cells::{schema_digest, schema_tensors, Layout};
use crate::layout::einsums::{is_public, EinsumPlan, Side};
use crate::layout::sizes::Sizes;
use crate::syntax::bytes::{digest_of_bytes, encode, parse};
use crate::syntax::types::{Place, Program};
use crate::validate::bounds::Interval;
use crate::validate::checked;
#[cfg(feature = "prove")]
use std::sync::Arc;
use tacit_algebra::hash::Digest;

#[derive(Clone, Debug)]
pub struct Prepared {
    pub program: Program,
    /// Canonical bytes.
    pub bytes: Vec<u8>,
    pub digest: Digest,
    pub sizes: Sizes,
    pub einsums: Vec<EinsumPlan>,
    /// One a slab, the witness slab's last.
    pub layouts: Vec<Layout>,
    /// Digests of the slabs' schemas, likewise.
    schemas: Vec<Digest>,
    /// What is known of each tensor (None: nothing).
    pub intervals: Vec<Option<Interval>>,
    /// The public tensors in order.
    pub publics: Vec<u32>,
    /// Values of the constant tensors, shared with every trace; empty for other tensors.
    #[cfg(feature = "prove")]
    pub(crate) constants: Vec<Arc<Vec<i64>>>,
}

impl Prepared {
    /// Validates.
    pub fn new(program: Program) -> Result<Self> {
        let bytes = encode(&program)?;
        Self::build(program, bytes)
    }

    /// Decodes and validates.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::build(parse(bytes)?, bytes.to_vec())
    }

    fn build(program: Program, bytes: Vec<u8>) -> Result<Self> {
        let intervals = checked(&program)?;
        let einsums: Vec<_> = program
            .einsums
            .iter()
            .map(|e| EinsumPlan::new(&program, e))
            .collect();
        #[cfg(feature = "prove")]
        let constants = program.tensors.iter().map(|t| match &t.place {
            Place::Constant(values) => Arc::new(values.clone()),
            _ => Arc::default(),
        });
        let of_place = |want: &dyn Fn(&Place) -> bool| {
            (0u32..)
                .zip(&program.tensors)
                .filter(|(_, t)| want(&t.place))
                .map(|(i, _)| i)
                .collect::<Vec<u32>>()
        };
        let layouts: Vec<Layout> = (0..=program.slabs.len())
            .map(|s| Layout::new(&program, s))
            .collect();
        let schemas = layouts
            .iter()
            .map(|l| schema_digest(&schema_tensors(&program, l)));
        Ok(Self {
            schemas: schemas.collect::<Result<_>>()?,
            digest: digest_of_bytes(&bytes),
            sizes: Sizes::new(&program, &einsums),
            layouts,
            publics: of_place(&|p| matches!(p, Place::Public)),
            #[cfg(feature = "prove")]
            constants: constants.collect(),
            einsums,
            intervals,
            bytes,
            program,
        })
    }

    /// The slab of committed tensors that live as long as a proof.
    pub fn witness_slab(&self) -> usize {
        self.program.slabs.len()
    }

    /// `slab == witness_slab()` is the witness. Panics when there is no such slab.
    pub fn slab_layout(&self, slab: usize) -> &Layout {
        &self.layouts[slab]
    }

    /// (name, shape, lo, hi) of a long-lived slab's tensors in layout order.
    pub fn schema_tensors(&self, slab: usize) -> Vec<(String, Vec<u32>, i64, i64)> {
        self.layouts
            .get(slab)
            .map_or_else(Vec::new, |l| schema_tensors(&self.program, l))
    }

    /// What a commitment of this slab must have been made for; zeros, which no hash gives, where there is no such slab.
    pub fn schema(&self, slab: usize) -> Digest {
        self.schemas.get(slab).copied().unwrap_or_default()
    }

    /// An operand that the verifier evaluates alone.
    pub fn public_operand(&self, einsum: usize, side: Side) -> bool {
        self.program
            .einsums
            .get(einsum)
            .is_some_and(|e| match side {
                Side::A => is_public(&self.program, &e.a),
                Side::B => is_public(&self.program, &e.b),
            })
    }
}
