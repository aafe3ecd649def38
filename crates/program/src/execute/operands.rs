//! Operands summed over their free labels: what is left of an einsum for its sumcheck.
//!
//! A term's coefficients are a product with one factor a link, so a term is summed axis by axis of its *source*: patches of a
//! convolution are never laid out. Only terms that do not factor this way are written out first.

use crate::error::Result;
use crate::execute::contraction::{contract_runs, Run};
use crate::execute::dense::dense;
use crate::execute::trace::Trace;
use crate::layout::einsums::{EinsumPlan, Side};
use crate::layout::prepared::Prepared;
use crate::syntax::links::{combinations, unlinked, Joint};
use crate::syntax::shape::{entries, low_bits, strides};
use crate::syntax::types::{Expr, Link, Source, Term};
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_table, f_from_i64, K};

/// Kept tuples of a link up to which its coefficients are a small matrix.
const MAX_ROWS: usize = 32;

/// a_e(x) for all x in {0,1}^n_e: the sum over the operand's free indices of eq(r_free, .) * operand, a padded table over
/// batch then contraction labels, most significant first. `out_point`: the relation's point over the output's shape.
///
/// # Errors
/// `program` when the point is not one over that shape. Panics when the trace has not all values of a source.
pub fn reduce_operand(
    prepared: &Prepared,
    einsum: usize,
    side: Side,
    trace: &Trace,
    out_point: &[K],
) -> Result<Vec<K>> {
    let (decl, plan) = (&prepared.program.einsums[einsum], &prepared.einsums[einsum]);
    let expr = match side {
        Side::A => &decl.a,
        Side::B => &decl.b,
    };
    let reduction = Reduction::new(plan, side, out_point)?;
    let mut out = Vec::new();
    if expr.constant != 0 {
        let all: Vec<usize> = (0..reduction.axes.len()).collect();
        let scale = reduction.broadcast(&all) * f_from_i64(expr.constant);
        reduction.place(
            &mut out,
            Reduced {
                labels: Vec::new(),
                values: vec![K::ONE],
                scale,
            },
        );
    }
    for term in &expr.terms {
        let reduced = reduction.term(prepared, term, trace).unwrap_or_else(|| {
            let alone = Expr {
                constant: 0,
                terms: vec![term.clone()],
            };
            let values = dense(prepared, &alone, plan.operand_shape(side), trace);
            reduction.written_out(&values)
        });
        reduction.place(&mut out, reduced);
    }
    if out.is_empty() {
        out.resize(1 << plan.bits, K::ZERO);
    }
    Ok(out)
}

/// A term without its free labels.
struct Reduced {
    /// Kept labels that the values depend on; the values are row-major over their valid extents.
    labels: Vec<u8>,
    values: Vec<K>,
    scale: K,
}

struct Reduction<'a> {
    plan: &'a EinsumPlan,
    /// The operand's labels by axis, and the eq tables of those that are free.
    axes: &'a [u8],
    eq: Vec<Option<Vec<K>>>,
    shape: &'a [u32],
    /// Batch and contraction labels in the order of the result.
    order: Vec<u8>,
}

impl<'a> Reduction<'a> {
    fn new(plan: &'a EinsumPlan, side: Side, out_point: &[K]) -> Result<Self> {
        let at = plan.output_coordinates(out_point)?;
        let free = match side {
            Side::A => &plan.free_a,
            Side::B => &plan.free_b,
        };
        let axes = plan.operand_axes(side);
        let table_of = |&label: &u8| {
            if !free.contains(&label) {
                return Ok(None);
            }
            let mut table = eq_table(at(label)?);
            table.truncate(plan.extent(label) as usize);
            Ok(Some(table))
        };
        Ok(Self {
            axes,
            eq: axes.iter().map(table_of).collect::<Result<_>>()?,
            shape: plan.operand_shape(side),
            order: plan.batch.iter().chain(&plan.contract).copied().collect(),
            plan,
        })
    }

    /// The coefficient of a term that some axes do not occur in: the sum of each free axis' eq table.
    fn broadcast(&self, axes: &[usize]) -> K {
        let sums = axes.iter().filter_map(|&a| self.eq[a].as_ref());
        sums.map(|w| w.iter().copied().sum::<K>()).product()
    }

    /// The operand's values as they are.
    fn written_out(&self, values: &[i64]) -> Reduced {
        let runs = self
            .eq
            .iter()
            .zip(self.shape)
            .map(|(eq, &extent)| match eq {
                Some(eq) => Run::Free(eq.clone()),
                None => Run::Kept(extent as usize),
            });
        let kept = self.axes.iter().zip(&self.eq).filter(|(_, w)| w.is_none());
        Reduced {
            labels: kept.map(|(&l, _)| l).collect(),
            values: contract_runs(values, runs.collect()),
            scale: K::ONE,
        }
    }

    /// `None` when the coefficients do not factor over the source's axes, or the factors are too large to be worth it.
    fn term(&self, prepared: &Prepared, term: &Term, trace: &Trace) -> Option<Reduced> {
        let Source::Tensor(id) = term.source else {
            return None;
        };
        let shape = &prepared.program.tensors[id as usize].shape;
        let data = &trace.tensors[id as usize];
        assert_eq!(data.len(), entries(shape), "values of a tensor");
        // An index picks few of many entries: what it picks is less than a matrix of all.
        let written_out = |l: &Link| l.source.len() != 1 || l.index.is_some();
        if term.links.iter().any(written_out) {
            return None;
        }
        let (mut runs, mut labels) = (Vec::new(), Vec::new());
        for (axis, &extent) in shape.iter().enumerate() {
            match term.links.iter().find(|l| l.source[0].0 as usize == axis) {
                None => runs.push(Run::Free(vec![K::ONE; extent as usize])),
                Some(link) => {
                    let (run, kept) = self.factor(&Joint::new(link, self.shape, shape, None))?;
                    runs.push(run);
                    labels.extend(kept.into_iter().map(|a| self.axes[a]));
                }
            }
        }
        let scale = self.broadcast(&unlinked(term, self.shape.len(), true)) * f_from_i64(term.coef);
        Some(Reduced {
            labels,
            values: contract_runs(data, runs),
            scale,
        })
    }

    /// A link with one source axis: coefficients [kept target tuples, source index], and the kept target axes.
    fn factor(&self, joint: &Joint) -> Option<(Run, Vec<usize>)> {
        let target = &joint.target;
        let kept: Vec<usize> = target
            .axes
            .iter()
            .copied()
            .filter(|&a| self.eq[a].is_none())
            .collect();
        if joint.is_identity() {
            let run = match &self.eq[target.axes[0]] {
                Some(eq) => Run::Free(eq.clone()),
                None => Run::Kept(target.extents[0] as usize),
            };
            return Some((run, kept));
        }
        let kept_shape: Vec<u32> = kept.iter().map(|&a| self.shape[a]).collect();
        let rows = entries(&kept_shape);
        // Without a free axis nothing is summed: only few rows are worth a matrix.
        if rows > MAX_ROWS {
            return None;
        }
        let kept_steps = strides(&kept_shape);
        let step = |axis: &usize| {
            kept.iter()
                .position(|a| a == axis)
                .map_or(0, |i| kept_steps[i] as i64)
        };
        let steps: Vec<i64> = target.axes.iter().map(step).collect();
        let row_of = combinations(&target.extents, &steps, 0);
        let mut coefficients = vec![K::ONE];
        for (&axis, &extent) in target.axes.iter().zip(&target.extents) {
            let axis = self.eq[axis]
                .clone()
                .unwrap_or_else(|| vec![K::ONE; extent as usize]);
            coefficients = coefficients
                .iter()
                .flat_map(|&w| axis.iter().map(move |&x| w * x))
                .collect();
        }
        let (extent, stride) = joint.source.single()?;
        let mut matrix = vec![vec![K::ZERO; extent as usize]; rows];
        for ((v, row), w) in joint
            .target_values()
            .into_iter()
            .zip(row_of)
            .zip(coefficients)
        {
            // v = stride * s
            if v % stride == 0 && (0..extent as i64).contains(&(v / stride)) {
                matrix[row as usize][(v / stride) as usize] += w;
            }
        }
        Some((Run::Matrix(matrix), kept))
    }

    /// out += scale * the values, repeated along kept labels that they do not depend on; from valid extents to padded.
    fn place(&self, out: &mut Vec<K>, reduced: Reduced) {
        let size = 1usize << self.plan.bits;
        let Reduced {
            labels,
            values,
            scale,
        } = reduced;
        if out.is_empty() && scale == K::ONE && labels == self.order && values.len() == size {
            *out = values;
            return;
        }
        out.resize(size, K::ZERO);
        let padded: Vec<u32> = self.order.iter().map(|&l| self.plan.extent(l)).collect();
        let low = low_bits(&padded);
        let cells = |labels: &[u8]| {
            let extents: Vec<u32> = labels.iter().map(|&l| self.plan.extent(l)).collect();
            let step = |l: &u8| {
                self.order
                    .iter()
                    .position(|o| o == l)
                    .map_or(0, |i| 1i64 << low[i])
            };
            combinations(&extents, &labels.iter().map(step).collect::<Vec<i64>>(), 0)
        };
        let rest: Vec<u8> = self
            .order
            .iter()
            .copied()
            .filter(|l| !labels.contains(l))
            .collect();
        let cells_of_values = cells(&labels);
        assert_eq!(values.len(), cells_of_values.len(), "values of a term");
        for start in cells(&rest) {
            for (&v, cell) in values.iter().zip(&cells_of_values) {
                out[(start + cell) as usize] += scale * v;
            }
        }
    }
}
