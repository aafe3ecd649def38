//! What the einsum sumcheck needs to know of one einsum (docs/protocol/protocol.md sections 5 and 6).

use crate::error::{ProgramError, Result};
use crate::syntax::shape::{axis_points, shape_bits};
use crate::syntax::types::{Einsum, Expr, Place, Program, Source};
use tacit_algebra::K;

/// Which operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

/// Which operand values are sent at the end of the sumcheck.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Both operands are public.
    None,
    /// b is public: a.
    A,
    /// a is public: b.
    B,
    /// The same operand twice: a and the product.
    Same,
    /// a, b and the product.
    Both,
}

impl Ends {
    /// Values sent.
    pub fn count(self) -> u32 {
        match self {
            Ends::None => 0,
            Ends::A | Ends::B => 1,
            Ends::Same => 2,
            Ends::Both => 3,
        }
    }

    /// Whether a triple (a, b, c) is proven.
    pub fn is_product(self) -> bool {
        matches!(self, Ends::Same | Ends::Both)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EinsumPlan {
    /// Batch labels in the order of out_axes.
    pub batch: Vec<u8>,
    /// Contraction labels in the order of a_axes.
    pub contract: Vec<u8>,
    /// Free labels of a, in the order of a_axes.
    pub free_a: Vec<u8>,
    /// Free labels of b, in the order of b_axes.
    pub free_b: Vec<u8>,
    /// n_e: bits of the batch and contraction labels.
    pub bits: u32,
    pub ends: Ends,
    pub a_shape: Vec<u32>,
    pub b_shape: Vec<u32>,
    pub out_shape: Vec<u32>,
    extents: Vec<u32>,
    axes: [Vec<u8>; 3],
}

impl EinsumPlan {
    /// The einsum has passed validation.
    pub(crate) fn new(program: &Program, e: &Einsum) -> Self {
        let (a, b, out) = (&e.a_axes, &e.b_axes, &e.out_axes);
        let pick = |from: &[u8], keep: &dyn Fn(&u8) -> bool| {
            from.iter().copied().filter(keep).collect::<Vec<u8>>()
        };
        let batch = pick(out, &|l| a.contains(l) && b.contains(l));
        let contract = pick(a, &|l| !out.contains(l));
        let shape = |axes: &[u8]| {
            axes.iter()
                .map(|&l| e.extents[l as usize])
                .collect::<Vec<u32>>()
        };
        let ends = match (is_public(program, &e.a), is_public(program, &e.b)) {
            (true, true) => Ends::None,
            (false, true) => Ends::A,
            (true, false) => Ends::B,
            (false, false) if a == b && e.a == e.b => Ends::Same,
            (false, false) => Ends::Both,
        };
        Self {
            bits: shape_bits(&shape(&batch)) + shape_bits(&shape(&contract)),
            free_a: pick(a, &|l| !b.contains(l)),
            free_b: pick(b, &|l| !a.contains(l)),
            batch,
            contract,
            ends,
            a_shape: shape(a),
            b_shape: shape(b),
            out_shape: shape(out),
            extents: e.extents.clone(),
            axes: [a.clone(), b.clone(), out.clone()],
        }
    }

    /// The extent of one of the einsum's labels.
    pub fn extent(&self, label: u8) -> u32 {
        self.extents[label as usize]
    }

    /// Labels of an operand in the order of its axes.
    pub fn operand_axes(&self, side: Side) -> &[u8] {
        &self.axes[side as usize]
    }

    pub fn out_axes(&self) -> &[u8] {
        &self.axes[2]
    }

    pub fn operand_shape(&self, side: Side) -> &[u32] {
        match side {
            Side::A => &self.a_shape,
            Side::B => &self.b_shape,
        }
    }

    /// The coordinates of the batch labels in a point over the output's shape.
    ///
    /// # Errors
    /// `program` when the point is not one over that shape.
    pub fn batch_point(&self, out_point: &[K]) -> Result<Vec<K>> {
        let at = self.output_coordinates(out_point)?;
        let mut out = Vec::new();
        for &label in &self.batch {
            out.extend_from_slice(at(label)?);
        }
        Ok(out)
    }

    /// The point of an operand: batch and contraction labels read the sumcheck's point (its last `bits` coordinates are
    /// given here), free labels the output's point.
    ///
    /// # Errors
    /// `program` when the points are not ones over the output and over batch and contraction.
    pub fn operand_point(
        &self,
        side: Side,
        out_point: &[K],
        sumcheck_point: &[K],
    ) -> Result<Vec<K>> {
        let inner: Vec<u8> = self.batch.iter().chain(&self.contract).copied().collect();
        let inner_shape: Vec<u32> = inner.iter().map(|&l| self.extent(l)).collect();
        let inner_points = axis_points(&inner_shape, sumcheck_point)?;
        let at = self.output_coordinates(out_point)?;
        let mut out = Vec::new();
        for &label in self.operand_axes(side) {
            match inner.iter().position(|&l| l == label) {
                Some(i) => out.extend_from_slice(inner_points[i]),
                None => out.extend_from_slice(at(label)?),
            }
        }
        Ok(out)
    }

    /// Coordinates by label in a point over the output's shape; an error for a label that is not the output's.
    pub(crate) fn output_coordinates<'a>(
        &'a self,
        out_point: &'a [K],
    ) -> Result<impl Fn(u8) -> Result<&'a [K]> + 'a> {
        let points = axis_points(&self.out_shape, out_point)?;
        Ok(move |label| {
            let at = self.out_axes().iter().position(|&l| l == label);
            let found = at.and_then(|i| points.get(i).copied());
            found.ok_or_else(|| {
                let got = format!("label {label}");
                ProgramError::mismatch("einsum", "a label of the output", got)
            })
        })
    }
}

/// All sources are constant or public tensors.
pub(crate) fn is_public(program: &Program, expr: &Expr) -> bool {
    expr.terms.iter().all(|term| match term.source {
        Source::Tensor(t) => {
            matches!(
                program.tensors.get(t as usize).map(|t| &t.place),
                Some(Place::Constant(_) | Place::Public)
            )
        }
        Source::Einsum(_) => false,
    })
}
