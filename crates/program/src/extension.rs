//! Extensions of expressions at a point.
use crate::prepared::Prepared;
use crate::publics::Publics;
use crate::types::Expr;
use tacit_algebra::{Affine, K};

/// An expression's extension at a point: affine in committed cells, plus unknown einsum values with their coefficients.
#[derive(Clone, Debug, Default)]
pub struct ExprAt {
    pub affine: Affine,
    pub einsums: Vec<(u32, K)>,
}

impl Prepared {
    /// The extension at `point` (bits(shape) coordinates, axes in order) of an expression over `shape`.
    pub fn expr_at(
        &self,
        _expr: &Expr,
        _shape: &[u32],
        _point: &[K],
        _publics: &Publics,
    ) -> ExprAt {
        todo!()
    }

    /// V: the weight at `point` of the valid indices of a shape.
    pub fn valid_at(&self, _shape: &[u32], _point: &[K]) -> K {
        todo!()
    }

    /// The extension at `point` (bits(len) coordinates) of a table's multiplicities, over its rows only.
    pub fn multiplicity_at(&self, _table: usize, _point: &[K]) -> Affine {
        todo!()
    }
}
