//! Expressions and the relations that hold them (hints: `hints`): indices, links, shapes, and what evaluating them costs.

use crate::error::Result;
use crate::syntax::links::{is_identity, unlinked, Joint};
use crate::syntax::shape::{entries, shape_bits};
use crate::syntax::types::*;
use crate::validate::rules::{check_shape, require, MAX_AXES, MAX_LIST, MAX_SHIFT};
use std::collections::HashSet;

/// Valid target tuples and source cells of one link, entries of one axis.
const MAX_LINK_WORK: u64 = 1 << 24;
/// Entries of one table of weights over padded extents.
const MAX_TABLE: u64 = 1 << 26;
/// All of these together, the rows of all tables, and the entries of constants and publics that expressions read.
const MAX_WORK: u64 = 1 << 27;

/// Checks expressions and adds up what evaluating them costs.
pub(crate) struct Costs<'a> {
    pub(super) program: &'a Program,
    work: u64,
}

impl<'a> Costs<'a> {
    pub fn new(program: &'a Program) -> Self {
        Self { program, work: 0 }
    }

    /// Rows of tables: the weights of their multiplicities.
    pub fn add_rows(&mut self, rows: u64) -> Result<()> {
        self.work += rows;
        self.check_total("tables")
    }

    fn check_total(&self, place: &str) -> Result<()> {
        require(
            self.work <= MAX_WORK,
            "total_cost",
            place,
            "expressions and tables of at most 2^27 steps in all",
            self.work,
        )
    }

    pub fn check_expr(
        &mut self,
        place: &str,
        expr: &Expr,
        shape: &[u32],
        einsums: bool,
    ) -> Result<()> {
        require(
            expr.terms.len() <= MAX_LIST,
            "limit",
            place,
            "at most 65536 terms",
            expr.terms.len(),
        )?;
        for (i, term) in expr.terms.iter().enumerate() {
            let place = format!("{place} term {i}");
            require(
                term.coef != 0,
                "term_coef",
                &place,
                "a coefficient that is not zero",
                0,
            )?;
            match term.source {
                Source::Tensor(t) => self.check_tensor_term(&place, term, t, shape)?,
                Source::Einsum(e) if einsums => self.check_einsum_term(&place, term, e, shape)?,
                Source::Einsum(_) => require(
                    false,
                    "einsum_operand",
                    &place,
                    "operands of tensors only",
                    "an einsum",
                )?,
            }
        }
        Ok(())
    }

    /// The tensor exists, its links are sound, and they cost little.
    fn check_tensor_term(
        &mut self,
        place: &str,
        term: &Term,
        tensor: u32,
        shape: &[u32],
    ) -> Result<()> {
        let Some(found) = self.program.tensors.get(tensor as usize) else {
            return require(
                false,
                "term_source",
                place,
                "a tensor of the program",
                tensor,
            );
        };
        check_links(place, term, shape.len(), found.shape.len())?;
        for link in &term.links {
            self.check_index(place, link, shape)?;
        }
        self.add_cost(place, term, shape, found)
    }

    /// The index of a link, if it has one, is a tensor that a verifier knows, with an entry for every tuple of its target axes.
    fn check_index(&self, place: &str, link: &Link, shape: &[u32]) -> Result<()> {
        let Some(index) = link.index else {
            return Ok(());
        };
        let one = matches!(link.source[..], [(_, 1 | -1)]);
        let plain = link.target.iter().all(|&(_, stride)| stride == 1);
        let expected = "an index link of target strides 1 and one source axis of stride 1 or -1";
        let got = format!("{:?}, {:?}", link.target, link.source);
        require(one && plain, "link_index", place, expected, got)?;
        let tensor = self.program.tensors.get(index as usize);
        let known = tensor.filter(|t| matches!(t.place, Place::Constant(_) | Place::Public));
        let Some(known) = known else {
            let expected = "an index that is a constant or a public tensor";
            return require(false, "link_index", place, expected, index);
        };
        let axes = link.target.iter();
        let extents: Vec<u32> = axes.map(|&(axis, _)| shape[axis as usize]).collect();
        let (expected, got) = (format!("an index of shape {extents:?}"), &known.shape);
        let fits = *got == extents;
        require(fits, "link_index", place, &expected, format!("{got:?}"))
    }

    /// The einsum exists and is read as it is, in its own shape.
    fn check_einsum_term(
        &self,
        place: &str,
        term: &Term,
        einsum: u32,
        shape: &[u32],
    ) -> Result<()> {
        let Some(found) = self.program.einsums.get(einsum as usize) else {
            return require(
                false,
                "term_source",
                place,
                "an einsum of the program",
                einsum,
            );
        };
        let out = shape_of(found, &found.out_axes);
        let holds = out.is_some_and(|out| is_identity(term, shape, &out));
        let got = format!("{} over {shape:?}", found.name);
        require(
            holds,
            "einsum_term",
            place,
            "an einsum's output as it is, in its own shape",
            got,
        )
    }

    /// What the weights of a term cost: its links' tuples on both sides, its axes, and a known source's entries.
    fn add_cost(&mut self, place: &str, term: &Term, shape: &[u32], tensor: &Tensor) -> Result<()> {
        let summed = unlinked(term, tensor.shape.len(), false)
            .into_iter()
            .map(|a| {
                let extent = tensor.shape[a];
                (extent as u64, 1 << shape_bits(&[extent]))
            });
        let links = term.links.iter().map(|link| {
            let joint = Joint::new(link, shape, &tensor.shape, None);
            (
                joint.target.tuples() + joint.source.tuples(),
                joint.source.padded(),
            )
        });
        for (valid, padded) in summed.chain(links) {
            let small = valid <= MAX_LINK_WORK && padded <= MAX_TABLE;
            let expected = "links and axes of at most 2^24 steps, 2^26 with padding";
            require(
                small,
                "link_cost",
                place,
                expected,
                format!("{valid}, {padded}"),
            )?;
            self.work += valid + padded;
        }
        if matches!(tensor.place, Place::Constant(_) | Place::Public) {
            self.work += entries(&tensor.shape) as u64;
        }
        // An index' entries are read besides the tuples that they stand for.
        for link in term.links.iter().filter(|l| l.index.is_some()) {
            self.work += Joint::new(link, shape, &tensor.shape, None).target.tuples();
        }
        self.check_total(place)
    }

    pub fn check_einsum(&mut self, e: &Einsum) -> Result<()> {
        let place = format!("einsum {}", e.name);
        let sides = [("a", &e.a_axes), ("b", &e.b_axes), ("out", &e.out_axes)];
        require(
            e.extents.len() <= 3 * MAX_AXES,
            "einsum_labels",
            &place,
            "at most 24 labels",
            e.extents.len(),
        )?;
        for (side, axes) in sides {
            let place = format!("{place} {side}");
            let distinct = axes.iter().collect::<HashSet<_>>().len() == axes.len();
            require(
                distinct,
                "einsum_labels",
                &place,
                "every label at most once",
                format!("{axes:?}"),
            )?;
            let shape = shape_of(e, axes);
            require(
                shape.is_some(),
                "einsum_labels",
                &place,
                "labels that have an extent",
                format!("{axes:?}"),
            )?;
            check_shape(&place, &shape.unwrap_or_default())?;
        }
        for label in 0..e.extents.len() as u8 {
            let has = sides.map(|(_, axes)| axes.contains(&label));
            let known = matches!(
                has,
                [true, true, _] | [true, false, true] | [false, true, true]
            );
            let got = format!("label {label} in a, b, out: {has:?}");
            require(
                known,
                "einsum_labels",
                &place,
                "batch, contraction and free labels only",
                got,
            )?;
        }
        for (side, axes, expr) in [("a", &e.a_axes, &e.a), ("b", &e.b_axes, &e.b)] {
            let shape = shape_of(e, axes).unwrap_or_default();
            self.check_expr(&format!("{place} operand {side}"), expr, &shape, false)?;
        }
        Ok(())
    }

    pub fn check_lookup(&mut self, l: &Lookup) -> Result<()> {
        let place = format!("lookup {}", l.name);
        check_shape(&place, &l.shape)?;
        let known = (l.table as usize) < self.program.tables.len();
        require(
            known,
            "lookup_table",
            &place,
            "a table of the program",
            l.table,
        )?;
        require(
            l.shift <= MAX_SHIFT,
            "lookup_shift",
            &place,
            "a shift of at most 62",
            l.shift,
        )?;
        self.check_expr(&format!("{place} input"), &l.input, &l.shape, true)?;
        self.check_expr(&format!("{place} output"), &l.output, &l.shape, true)
    }
}

/// Extents of some labels; `None` when a label has none.
pub(crate) fn shape_of(e: &Einsum, axes: &[u8]) -> Option<Vec<u32>> {
    axes.iter()
        .map(|&l| e.extents.get(l as usize).copied())
        .collect()
}

/// Axes exist and occur once, strides are not zero, a link has an axis.
fn check_links(place: &str, term: &Term, target_axes: usize, source_axes: usize) -> Result<()> {
    let (mut targets, mut sources) = (0u16, 0u16);
    for link in &term.links {
        let some = !link.target.is_empty() || !link.source.is_empty();
        require(some, "link_empty", place, "a link with an axis", "none")?;
        for (list, seen, n) in [
            (&link.target, &mut targets, target_axes),
            (&link.source, &mut sources, source_axes),
        ] {
            for &(axis, stride) in list {
                require(
                    (axis as usize) < n,
                    "link_axis",
                    place,
                    "axes that exist",
                    axis,
                )?;
                require(
                    *seen >> axis & 1 == 0,
                    "link_axis",
                    place,
                    "an axis in one link only",
                    axis,
                )?;
                require(
                    stride != 0,
                    "link_stride",
                    place,
                    "strides that are not zero",
                    0,
                )?;
                *seen |= 1 << axis;
            }
        }
    }
    Ok(())
}
