//! Operands folded over their free labels.
use crate::einsum::Side;
use crate::execute::Trace;
use crate::prepared::Prepared;
use tacit_algebra::K;

/// a_e(x) for all x in {0,1}^n_e: the sum over the operand's free indices of eq(r_free, .) * operand, a padded table over
/// batch then contraction labels, most significant first. `out_point`: the relation's point over the output's shape.
pub fn fold_operand(
    _prepared: &Prepared,
    _einsum: usize,
    _side: Side,
    _trace: &Trace,
    _out_point: &[K],
) -> Vec<K> {
    todo!()
}
