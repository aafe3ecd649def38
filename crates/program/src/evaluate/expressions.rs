//! Extensions of expressions at a point (docs/protocol/program.md section 2).

use crate::error::{ProgramError, Result};
use crate::layout::prepared::Prepared;
use crate::layout::publics::Publics;
use crate::syntax::links::{unlinked, Buckets, Joint};
use crate::syntax::shape::{axis_points, entries, low_bits, strides};
use crate::syntax::tables::table_len;
use crate::syntax::types::{Expr, Place, Source, Tensor, Term};
use p3_field::PrimeCharacteristicRing;
use std::cell::OnceCell;
use std::sync::Arc;
use tacit_algebra::{bits, eq_table, f_from_i64, mle::valid_weight, Affine, Group, ProductForm, K};

/// An expression's extension at a point: affine in committed cells, plus unknown einsum values with their coefficients.
#[derive(Clone, Debug, Default)]
pub struct ExprAt {
    pub affine: Affine,
    pub einsums: Vec<(u32, K)>,
}

impl Prepared {
    /// The extension at `point` (bits(shape) coordinates, axes in order) of an expression over `shape`.
    ///
    /// # Errors
    /// `program` when point, shape and expression do not fit each other or the program; `public_shape` when a public
    /// tensor is missing.
    pub fn expr_at(
        &self,
        expr: &Expr,
        shape: &[u32],
        point: &[K],
        publics: &Publics,
    ) -> Result<ExprAt> {
        let eq = EqTables::new(shape, point)?;
        let mut out = ExprAt::default();
        out.affine.constant = eq.valid() * f_from_i64(expr.constant);
        for term in &expr.terms {
            match term.source {
                Source::Einsum(e) => out.einsums.push((e, K::from(f_from_i64(term.coef)))),
                Source::Tensor(t) => self.add_term(&mut out.affine, term, t, &eq, publics)?,
            }
        }
        Ok(out)
    }

    fn add_term(
        &self,
        out: &mut Affine,
        term: &Term,
        id: u32,
        at: &EqTables,
        publics: &Publics,
    ) -> Result<()> {
        let tensors = &self.program.tensors;
        let Some(tensor) = tensors.get(id as usize) else {
            let expected = format!("one of {} tensors", tensors.len());
            return Err(ProgramError::mismatch("expression", expected, id));
        };
        check_axes(term, at.shape, tensor)?;
        let index = |q: u32| self.index_entries(q, publics);
        let indices = term.links.iter().map(|l| l.index.map(index).transpose());
        let indices: Vec<Option<&[i64]>> = indices.collect::<Result<_>>()?;
        check_indices(term, at.shape, tensor, &indices)?;
        let (scale, groups) = source_coefficients(term, &tensor.shape, at, &indices);
        let slab = match &tensor.place {
            Place::Constant(_) | Place::Public => {
                let values = self.entries_of(id, tensor, publics)?;
                out.constant += scale * weigh(values, &tensor.shape, &groups);
                return Ok(());
            }
            Place::Slab(s) => *s as usize,
            Place::Witness => self.witness_slab(),
        };
        let offset = self.offset(slab, id, &tensor.name)?;
        out.forms
            .push(product_form(slab, offset, scale, &tensor.shape, groups));
        Ok(())
    }

    /// The entries of an index.
    fn index_entries<'a>(&'a self, id: u32, publics: &'a Publics) -> Result<&'a [i64]> {
        let tensors = &self.program.tensors;
        let Some(tensor) = tensors.get(id as usize) else {
            let expected = format!("an index among {} tensors", tensors.len());
            return Err(ProgramError::mismatch("expression", expected, id));
        };
        self.entries_of(id, tensor, publics)
    }

    /// The entries of a constant or a public tensor, as many as its shape has.
    fn entries_of<'a>(
        &'a self,
        id: u32,
        tensor: &'a Tensor,
        publics: &'a Publics,
    ) -> Result<&'a [i64]> {
        let values = match &tensor.place {
            Place::Constant(values) => values,
            _ => publics.of_tensor(self, id)?,
        };
        let n = entries(&tensor.shape);
        if values.len() != n {
            let (expected, got) = (format!("{n} entries"), values.len());
            return Err(ProgramError::mismatch(&tensor.name, expected, got));
        }
        Ok(values)
    }

    /// The first cell of what the layout of a slab calls `id`.
    fn offset(&self, slab: usize, id: u32, name: &str) -> Result<usize> {
        let layout = self.layouts.get(slab);
        let offset = layout.and_then(|l| l.offset_of(id));
        offset.ok_or_else(|| {
            let expected = format!("cells in slab {slab}");
            ProgramError::mismatch(name, expected, "none")
        })
    }

    /// V: the weight at `point` of the valid indices of a shape.
    ///
    /// # Errors
    /// `program` when the point is not one over the shape.
    pub fn valid_at(&self, shape: &[u32], point: &[K]) -> Result<K> {
        Ok(EqTables::new(shape, point)?.valid())
    }

    /// The extension at `point` (bits(len) coordinates) of a table's multiplicities, over its rows only.
    ///
    /// # Errors
    /// `program` when there is no such table, or the point has another number of coordinates.
    pub fn multiplicity_at(&self, table: usize, point: &[K]) -> Result<Affine> {
        let decl = self.table(table, point)?;
        let (slab, len) = (self.witness_slab(), table_len(&decl.kind));
        let id = self.program.tensors.len() as u32 + table as u32;
        let offset = self.offset(slab, id, &decl.name)?;
        let mut rows = eq_table(point);
        rows[len as usize..].fill(K::ZERO);
        let groups = vec![AxisGroup {
            axes: vec![0],
            table: rows,
        }];
        let form = product_form(slab, offset, K::ONE, &[len], groups);
        Ok(Affine {
            forms: vec![form],
            ..Affine::default()
        })
    }
}

/// The axes that a term's links name exist.
fn check_axes(term: &Term, shape: &[u32], tensor: &Tensor) -> Result<()> {
    let within = |list: &[(u8, i32)], n: usize| list.iter().all(|&(a, _)| (a as usize) < n);
    let fits = term
        .links
        .iter()
        .all(|link| within(&link.target, shape.len()) && within(&link.source, tensor.shape.len()));
    if fits {
        return Ok(());
    }
    let expected = format!("links of axes of {shape:?} and {:?}", tensor.shape);
    Err(ProgramError::mismatch(&tensor.name, expected, "others"))
}

/// An index has an entry for every target tuple of its link.
fn check_indices(
    term: &Term,
    shape: &[u32],
    tensor: &Tensor,
    indices: &[Option<&[i64]>],
) -> Result<()> {
    for (link, index) in term.links.iter().zip(indices) {
        let Some(index) = index else { continue };
        let extents: Vec<u32> = link
            .target
            .iter()
            .map(|&(a, _)| shape[a as usize])
            .collect();
        let n = entries(&extents);
        if index.len() != n {
            let expected = format!("an index of {n} entries");
            return Err(ProgramError::mismatch(&tensor.name, expected, index.len()));
        }
    }
    Ok(())
}

/// The eq tables of a target shape's axes at a point, computed when first needed.
struct EqTables<'a> {
    shape: &'a [u32],
    points: Vec<&'a [K]>,
    tables: Vec<OnceCell<Vec<K>>>,
}

impl<'a> EqTables<'a> {
    fn new(shape: &'a [u32], point: &'a [K]) -> Result<Self> {
        Ok(Self {
            shape,
            points: axis_points(shape, point)?,
            tables: vec![OnceCell::new(); shape.len()],
        })
    }

    /// eq(r_axis, .) over the valid indices of an axis.
    fn axis(&self, axis: usize) -> &[K] {
        let table = self.tables[axis].get_or_init(|| eq_table(self.points[axis]));
        &table[..self.shape[axis] as usize]
    }

    fn valid_axis(&self, axis: usize) -> K {
        valid_weight(self.points[axis], self.shape[axis] as u64)
    }

    fn valid(&self) -> K {
        (0..self.shape.len())
            .map(|axis| self.valid_axis(axis))
            .product()
    }

    /// prod eq(r_axis, t_axis) over all tuples of some axes, the last axis fastest.
    fn tuples(&self, axes: &[usize]) -> Vec<K> {
        let mut out = vec![K::ONE];
        for (i, &axis) in axes.iter().enumerate() {
            let table = self.axis(axis);
            if i == 0 {
                out = table.to_vec();
            } else {
                out = out
                    .iter()
                    .flat_map(|&w| table.iter().map(move |&x| w * x))
                    .collect();
            }
        }
        out
    }
}

/// Coefficients over some axes of a source, a table over their padded extents, zero outside valid indices.
struct AxisGroup {
    axes: Vec<usize>,
    table: Vec<K>,
}

/// A term's coefficient of a source cell: scale * prod of groups.
fn source_coefficients(
    term: &Term,
    source_shape: &[u32],
    at: &EqTables,
    indices: &[Option<&[i64]>],
) -> (K, Vec<AxisGroup>) {
    let mut scale = K::from(f_from_i64(term.coef));
    for axis in unlinked(term, at.shape.len(), true) {
        scale *= at.valid_axis(axis);
    }
    let mut groups = Vec::with_capacity(source_shape.len());
    for (link, index) in term.links.iter().zip(indices) {
        let joint = Joint::new(link, at.shape, source_shape, *index);
        let table = link_table(&joint, at);
        groups.push(AxisGroup {
            axes: joint.source.axes,
            table,
        });
    }
    for axis in unlinked(term, source_shape.len(), false) {
        let extent = source_shape[axis];
        let mut table = vec![K::ONE; extent as usize];
        table.resize(1 << bits(extent as u64), K::ZERO);
        groups.push(AxisGroup {
            axes: vec![axis],
            table,
        });
    }
    // A group over axes of one entry each is a number.
    groups.retain(|g| {
        let scalar = g.table.len() == 1;
        if scalar {
            scale *= g.table[0];
        }
        !scalar
    });
    (scale, groups)
}

/// L(s) = sum over target tuples with the link's equation of prod eq(r_axis, t_axis), for every source tuple.
fn link_table(joint: &Joint, at: &EqTables) -> Vec<K> {
    let eq = at.tuples(&joint.target.axes);
    let mut table;
    if joint.is_identity() {
        table = eq;
        table.resize(joint.source.padded() as usize, K::ZERO);
        return table;
    }
    let targets = joint.target_values();
    let mut sums = Buckets::new(&targets, joint.source.tuples(), K::ZERO);
    for (&v, &w) in targets.iter().zip(&eq) {
        *sums.at_mut(v) += w;
    }
    table = vec![K::ZERO; joint.source.padded() as usize];
    for (v, i) in joint
        .source_values()
        .into_iter()
        .zip(joint.source.padded_indices())
    {
        if let Some(&sum) = sums.get(v) {
            table[i as usize] = sum;
        }
    }
    table
}

fn product_form(
    slab: usize,
    offset: usize,
    scale: K,
    shape: &[u32],
    groups: Vec<AxisGroup>,
) -> ProductForm {
    let low = low_bits(shape);
    let groups = groups.into_iter().map(|g| {
        let axis_bits = |&axis: &usize| {
            let (first, n) = (low[axis], bits(shape[axis] as u64));
            (first..first + n).rev().map(|b| b as u8)
        };
        Group {
            bits: g.axes.iter().flat_map(axis_bits).collect(),
            table: g.table,
        }
    });
    ProductForm {
        slab,
        offset,
        scale,
        groups: Arc::new(groups.collect()),
    }
}

/// sum over valid entries of prod of groups * value.
fn weigh(values: &[i64], shape: &[u32], groups: &[AxisGroup]) -> K {
    let joined: Vec<usize> = groups.iter().flat_map(|g| g.axes.clone()).collect();
    let in_order: Vec<usize> = (0..shape.len()).filter(|&a| shape[a] > 1).collect();
    if joined == in_order {
        return weigh_in_order(values, shape, groups);
    }
    let unit = strides(shape);
    let mut sum = K::ZERO;
    for (i, &value) in values.iter().enumerate() {
        if value == 0 {
            continue;
        }
        let index = |axis: usize| i / unit[axis] % shape[axis] as usize;
        let coefficient = groups.iter().fold(K::ONE, |acc, g| {
            // The table index: the axes' bits one after the other.
            let at = g
                .axes
                .iter()
                .fold(0, |at, &a| at << bits(shape[a] as u64) | index(a));
            acc * g.table[at]
        });
        sum += coefficient * f_from_i64(value);
    }
    sum
}

/// The same when the groups' axes follow the shape's: reduce one group after the other, the last first.
fn weigh_in_order(values: &[i64], shape: &[u32], groups: &[AxisGroup]) -> K {
    let compact = |g: &AxisGroup| -> Vec<K> {
        let extents: Vec<u32> = g.axes.iter().map(|&a| shape[a]).collect();
        let steps: Vec<i64> = low_bits(&extents).iter().map(|&b| 1i64 << b).collect();
        let valid = crate::syntax::links::combinations(&extents, &steps, 0);
        valid.into_iter().map(|i| g.table[i as usize]).collect()
    };
    let Some((last, rest)) = groups.split_last() else {
        return values.first().map_or(K::ZERO, |&v| K::from(f_from_i64(v)));
    };
    let table = compact(last);
    let row_sum = |row: &[i64]| {
        row.iter()
            .zip(&table)
            .fold(K::ZERO, |acc, (&v, &w)| acc + w * f_from_i64(v))
    };
    let mut sums: Vec<K> = values.chunks(table.len()).map(row_sum).collect();
    for group in rest.iter().rev() {
        let table = compact(group);
        let row_sum = |row: &[K]| {
            row.iter()
                .zip(&table)
                .fold(K::ZERO, |acc, (&v, &w)| acc + v * w)
        };
        sums = sums.chunks(table.len()).map(row_sum).collect();
    }
    sums.first().copied().unwrap_or(K::ZERO)
}
