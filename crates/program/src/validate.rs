//! The rules of docs/program.md: names, indices, shapes and limits here; expressions and their cost in [`Costs`];
//! what could wrap modulo p in `interval`.

use crate::error::{ProgramError, Result};
use crate::interval::{inputs, outputs, Interval, Solver, HALF};
use crate::link::{is_identity, unlinked, Joint};
use crate::shape::{entries, shape_bits};
use crate::table::table_len;
use crate::types::*;
use std::collections::HashSet;

pub(crate) const MAX_NAME: usize = 128;
pub(crate) const MAX_SLABS: usize = 16;
pub(crate) const MAX_LIST: usize = 1 << 16;
pub(crate) const MAX_AXES: usize = 8;
pub(crate) const MAX_SHAPE_BITS: u32 = 30;
pub(crate) const MAX_ROWS: usize = 1 << 20;
pub(crate) const MAX_SHIFT: u8 = 62;
const MAX_LOOKUP_ENTRIES: u128 = 1 << 40;
/// Entries of one table of weights (a link's tuples on both sides, or an axis).
const MAX_LINK_WORK: u64 = 1 << 24;
/// All of them together, and the entries of constants and publics that expressions read.
const MAX_WORK: u64 = 1 << 27;

/// Refuses a program that breaks a rule.
pub fn validate(program: &Program) -> Result<()> {
    checked(program).map(|_| ())
}

/// The same, giving the intervals that follow.
pub(crate) fn checked(program: &Program) -> Result<Vec<Option<Interval>>> {
    check_head(program)?;
    for tensor in &program.tensors {
        check_tensor(program, tensor)?;
    }
    for table in &program.tables {
        check_table(table)?;
    }
    let mut costs = Costs { program, work: 0 };
    for einsum in &program.einsums {
        costs.check_einsum(einsum)?;
    }
    let mut lookups = 0u128;
    for lookup in &program.lookups {
        costs.check_lookup(lookup)?;
        lookups += entries(&lookup.shape) as u128;
    }
    require(
        lookups < MAX_LOOKUP_ENTRIES,
        "lookup_count",
        "lookups",
        "fewer than 2^40 entries",
        lookups,
    )?;
    for zero in &program.zeros {
        let place = format!("zero {}", zero.name);
        check_shape(&place, &zero.shape)?;
        costs.check_expr(&place, &zero.expr, &zero.shape, true)?;
    }
    for (i, hint) in program.hints.iter().enumerate() {
        costs.check_hint(i, hint)?;
    }
    Solver::new(program).solve()
}

pub(crate) fn require(
    holds: bool,
    rule: &'static str,
    place: &str,
    expected: &str,
    got: impl std::fmt::Display,
) -> Result<()> {
    if holds {
        return Ok(());
    }
    Err(ProgramError::program(
        rule,
        place,
        expected,
        got.to_string(),
    ))
}

fn check_head(p: &Program) -> Result<()> {
    require(p.version == VERSION, "version", "version", "1", p.version)?;
    require(
        p.name.len() <= MAX_NAME,
        "name",
        "name",
        "at most 128 bytes",
        p.name.len(),
    )?;
    let lists = [
        ("slabs", p.slabs.len(), MAX_SLABS),
        ("tensors", p.tensors.len(), MAX_LIST),
        ("tables", p.tables.len(), MAX_LIST),
        ("einsums", p.einsums.len(), MAX_LIST),
        ("lookups", p.lookups.len(), MAX_LIST),
        ("zeros", p.zeros.len(), MAX_LIST),
        ("hints", p.hints.len(), MAX_LIST),
        ("inputs", p.inputs.len(), MAX_LIST),
        ("outputs", p.outputs.len(), MAX_LIST),
    ];
    for (list, len, most) in lists {
        require(
            len <= most,
            "limit",
            list,
            &format!("at most {most} of them"),
            len,
        )?;
    }
    unique("slab_name", "slab", p.slabs.iter().map(|s| s.name.as_str()))?;
    unique(
        "tensor_name",
        "tensor",
        p.tensors.iter().map(|t| t.name.as_str()),
    )?;
    let orphan = p.lookups.is_empty() && !p.tables.is_empty();
    require(
        !orphan,
        "tables_without_lookups",
        "tables",
        "no tables without lookups",
        p.tables.len(),
    )?;
    for port in p.inputs.iter().chain(&p.outputs) {
        let place = format!("port {}", port.name);
        let tensor = p.tensors.get(port.tensor as usize);
        let known = tensor.is_some_and(|t| !matches!(t.place, Place::Constant(_)));
        require(
            known,
            "port",
            &place,
            "a tensor that is not a constant",
            port.tensor,
        )?;
    }
    Ok(())
}

fn unique<'a>(rule: &'static str, what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = HashSet::new();
    for name in names {
        let place = format!("{what} {name:?}");
        require(!name.is_empty(), rule, &place, "a name", "none")?;
        require(
            seen.insert(name),
            rule,
            &place,
            "unique names",
            "the name twice",
        )?;
    }
    Ok(())
}

/// At most 8 axes, extents at least 1, padded size at most 2^30.
fn check_shape(place: &str, shape: &[u32]) -> Result<()> {
    require(
        shape.len() <= MAX_AXES,
        "shape",
        place,
        "at most 8 axes",
        shape.len(),
    )?;
    require(
        !shape.contains(&0),
        "shape",
        place,
        "extents of at least 1",
        "0",
    )?;
    let bits = shape_bits(shape);
    require(
        bits <= MAX_SHAPE_BITS,
        "shape",
        place,
        "a padded size of at most 2^30",
        format!("2^{bits}"),
    )
}

fn check_tensor(p: &Program, t: &Tensor) -> Result<()> {
    let place = format!("tensor {}", t.name);
    check_shape(&place, &t.shape)?;
    let proper = t.lo <= t.hi && in_half(t.lo) && in_half(t.hi);
    require(
        proper,
        "tensor_interval",
        &place,
        "-p/2 < lo <= hi < p/2",
        format!("[{}, {}]", t.lo, t.hi),
    )?;
    match &t.place {
        Place::Constant(values) => {
            let n = entries(&t.shape);
            require(
                values.len() == n,
                "constant_values",
                &place,
                &format!("{n} values"),
                values.len(),
            )?;
            let out = values.iter().find(|v| !(t.lo..=t.hi).contains(v));
            let expected = format!("values in [{}, {}]", t.lo, t.hi);
            require(
                out.is_none(),
                "constant_values",
                &place,
                &expected,
                out.copied().unwrap_or(0),
            )
        }
        Place::Slab(s) => require(
            (*s as usize) < p.slabs.len(),
            "tensor_slab",
            &place,
            "a slab of the program",
            s,
        ),
        Place::Public | Place::Witness => Ok(()),
    }
}

fn in_half(x: i64) -> bool {
    (x as i128).abs() <= HALF
}

fn check_table(table: &Table) -> Result<()> {
    let place = format!("table {}", table.name);
    let rows = match &table.kind {
        TableKind::Values { outs, .. } => outs.len(),
        kind => table_len(kind) as usize,
    };
    require(
        (1..=MAX_ROWS).contains(&rows),
        "table_rows",
        &place,
        "1 to 2^20 rows",
        rows,
    )?;
    let lo = crate::table::table_lo(&table.kind) as i128;
    let fits = lo >= -HALF && lo + rows as i128 - 1 <= HALF;
    require(
        fits,
        "table_values",
        &place,
        "inputs within (-p/2, p/2)",
        format!("{lo} and {rows} rows"),
    )?;
    let (a, b) = outputs(&table.kind);
    debug_assert!(inputs(&table.kind).0 as i128 == lo);
    require(
        in_half(a) && in_half(b),
        "table_values",
        &place,
        "outputs within (-p/2, p/2)",
        format!("[{a}, {b}]"),
    )
}

/// Checks expressions and adds up what evaluating them costs.
struct Costs<'a> {
    program: &'a Program,
    work: u64,
}

impl Costs<'_> {
    fn check_expr(&mut self, place: &str, expr: &Expr, shape: &[u32], einsums: bool) -> Result<()> {
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
                Source::Tensor(t) => {
                    let tensor = self.program.tensors.get(t as usize);
                    let Some(tensor) = tensor else {
                        return require(false, "term_source", &place, "a tensor of the program", t);
                    };
                    check_links(&place, term, shape.len(), tensor.shape.len())?;
                    self.add_cost(&place, term, shape, tensor)?;
                }
                Source::Einsum(e) => {
                    require(
                        einsums,
                        "einsum_operand",
                        &place,
                        "operands of tensors only",
                        "an einsum",
                    )?;
                    let Some(einsum) = self.program.einsums.get(e as usize) else {
                        return require(
                            false,
                            "term_source",
                            &place,
                            "an einsum of the program",
                            e,
                        );
                    };
                    let out = shape_of(einsum, &einsum.out_axes);
                    let holds = out
                        .as_deref()
                        .is_some_and(|out| is_identity(term, shape, out));
                    let got = format!("{} over {shape:?}", einsum.name);
                    require(
                        holds,
                        "einsum_term",
                        &place,
                        "an einsum's output as it is, in its own shape",
                        got,
                    )?;
                }
            }
        }
        Ok(())
    }

    /// What the weights of a term cost: its links' tuples on both sides, its axes, and a known source's entries.
    fn add_cost(&mut self, place: &str, term: &Term, shape: &[u32], tensor: &Tensor) -> Result<()> {
        let axis = |extent: u32| 1u64 << shape_bits(&[extent]);
        let free = unlinked(term, tensor.shape.len(), false)
            .into_iter()
            .map(|a| axis(tensor.shape[a]));
        let links = term.links.iter().map(|link| {
            let joint = Joint::new(link, shape, &tensor.shape);
            // Weights of single target axes are tables over padded extents.
            let axes = joint.target.extents.iter().map(|&e| axis(e)).sum::<u64>();
            joint.target.tuples() + joint.source.padded() + axes
        });
        for work in free.chain(links) {
            require(
                work <= MAX_LINK_WORK,
                "link_cost",
                place,
                "links and axes of at most 2^24 steps",
                work,
            )?;
            self.work += work;
        }
        if matches!(tensor.place, Place::Constant(_) | Place::Public) {
            self.work += entries(&tensor.shape) as u64;
        }
        require(
            self.work <= MAX_WORK,
            "total_cost",
            place,
            "expressions of at most 2^27 steps in all",
            self.work,
        )
    }

    fn check_einsum(&mut self, e: &Einsum) -> Result<()> {
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

    fn check_lookup(&mut self, l: &Lookup) -> Result<()> {
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

    /// A hint writes whole tensors of the right shape; what it computes is checked by execution only.
    fn check_hint(&mut self, index: usize, hint: &Hint) -> Result<()> {
        let place = format!("hint {index}");
        match hint {
            Hint::Linear { dst, expr } => {
                let shape = self.destination(&place, *dst, None)?;
                self.check_expr(&place, expr, &shape, true)
            }
            Hint::Digits {
                shape,
                expr,
                digits,
                quotient,
            } => {
                check_shape(&place, shape)?;
                require(
                    digits.len() <= MAX_LIST,
                    "limit",
                    &place,
                    "at most 65536 digits",
                    digits.len(),
                )?;
                for &(dst, bits) in digits {
                    self.destination(&place, dst, Some(shape))?;
                    require(
                        bits <= MAX_SHIFT,
                        "hint_digits",
                        &place,
                        "digits of at most 62 bits",
                        bits,
                    )?;
                }
                if let Some(dst) = quotient {
                    self.destination(&place, *dst, Some(shape))?;
                }
                self.check_expr(&place, expr, shape, true)
            }
            Hint::Lookup {
                dst,
                table,
                expr,
                shift,
            } => {
                let known = (*table as usize) < self.program.tables.len();
                require(
                    known,
                    "lookup_table",
                    &place,
                    "a table of the program",
                    table,
                )?;
                require(
                    *shift <= MAX_SHIFT,
                    "lookup_shift",
                    &place,
                    "a shift of at most 62",
                    shift,
                )?;
                let shape = self.destination(&place, *dst, None)?;
                self.check_expr(&place, expr, &shape, true)
            }
            Hint::Divide {
                shape,
                num,
                den,
                quotient,
                remainder,
            } => {
                check_shape(&place, shape)?;
                self.destination(&place, *quotient, Some(shape))?;
                self.destination(&place, *remainder, Some(shape))?;
                self.check_expr(&place, num, shape, true)?;
                self.check_expr(&place, den, shape, true)
            }
            Hint::Max { shape, expr, dst } | Hint::OneHotMax { shape, expr, dst } => {
                check_shape(&place, shape)?;
                require(
                    !shape.is_empty(),
                    "hint_shape",
                    &place,
                    "a shape with a last axis",
                    "a scalar",
                )?;
                let whole = matches!(hint, Hint::OneHotMax { .. });
                let kept = if whole { shape.len() } else { shape.len() - 1 };
                self.destination(&place, *dst, Some(&shape[..kept]))?;
                self.check_expr(&place, expr, shape, true)
            }
        }
    }

    /// The shape of a tensor that a hint may write.
    fn destination(&self, place: &str, dst: u32, shape: Option<&[u32]>) -> Result<Vec<u32>> {
        let tensor = self.program.tensors.get(dst as usize);
        let written = tensor.filter(|t| matches!(t.place, Place::Witness | Place::Public));
        let Some(tensor) = written else {
            let expected = "a witness or public tensor to write";
            return Err(ProgramError::program(
                "hint_destination",
                place,
                expected,
                dst.to_string(),
            ));
        };
        let fits = shape.is_none_or(|s| s == tensor.shape);
        require(
            fits,
            "hint_shape",
            place,
            &format!("the shape {shape:?}"),
            format!("{:?}", tensor.shape),
        )?;
        Ok(tensor.shape.clone())
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
