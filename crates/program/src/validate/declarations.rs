//! The rules of what is declared: names, indices and limits of lists, tensors, tables and ports.

use crate::error::Result;
use crate::syntax::shape::entries;
use crate::syntax::tables::{table_bits, table_len, table_lo};
use crate::syntax::types::*;
use crate::validate::bounds::{outputs, HALF};
use crate::validate::rules::{check_shape, require, MAX_LIST};
use std::collections::HashSet;

const MAX_NAME: usize = 128;
const MAX_SLABS: usize = 16;
const MAX_ROWS: usize = 1 << 20;
/// Rows of all tables, each table's rounded up to a power of two.
const MAX_ALL_ROWS: u64 = 1 << 24;
/// 2^63 * 2^512 is still a finite binary64.
const MAX_FRAC: u32 = 512;

pub(crate) fn check_head(p: &Program) -> Result<()> {
    require(
        p.version == VERSION,
        "version",
        "version",
        &VERSION.to_string(),
        p.version,
    )?;
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
    unique_tensors(p)?;
    let orphan = p.lookups.is_empty() && !p.tables.is_empty();
    require(
        !orphan,
        "tables_without_lookups",
        "tables",
        "no tables without lookups",
        p.tables.len(),
    )?;
    for (list, ports) in [("input", &p.inputs), ("output", &p.outputs)] {
        unique("port_name", list, ports.iter().map(|p| p.name.as_str()))?;
    }
    for port in p.inputs.iter().chain(&p.outputs) {
        let place = format!("port {}", port.name);
        require(
            port.frac.unsigned_abs() <= MAX_FRAC,
            "port_frac",
            &place,
            "a frac within -512..=512",
            port.frac,
        )?;
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

/// Within a place: each slab, and constants, public and witness tensors together. So base and next of one program can have one schema.
fn unique_tensors(p: &Program) -> Result<()> {
    let mut seen = HashSet::new();
    for tensor in &p.tensors {
        let place = tensor_place(p, tensor);
        let slab = match tensor.place {
            Place::Slab(s) => Some(s),
            Place::Constant(_) | Place::Public | Place::Witness => None,
        };
        require(
            !tensor.name.is_empty(),
            "tensor_name",
            &place,
            "a name",
            "none",
        )?;
        require(
            seen.insert((slab, tensor.name.as_str())),
            "tensor_name",
            &place,
            "names that are unique within their slab, or among the tensors in none",
            "the name twice",
        )?;
    }
    Ok(())
}

/// What errors call a tensor.
fn tensor_place(p: &Program, t: &Tensor) -> String {
    let slab = match t.place {
        Place::Slab(s) => p.slabs.get(usize::from(s)),
        Place::Constant(_) | Place::Public | Place::Witness => None,
    };
    match slab {
        Some(slab) => format!("tensor {}/{}", slab.name, t.name),
        None => format!("tensor {}", t.name),
    }
}

pub(crate) fn check_tensor(p: &Program, t: &Tensor) -> Result<()> {
    let place = tensor_place(p, t);
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

/// A table of a few bytes has up to 2^20 rows, and a verifier holds a weight for each of them.
pub(crate) fn all_rows(tables: &[Table]) -> Result<u64> {
    let rows = tables.iter().map(|t| 1u64 << table_bits(&t.kind)).sum();
    require(
        rows <= MAX_ALL_ROWS,
        "table_total",
        "tables",
        "at most 2^24 rows in all, each table's rounded up to a power of two",
        rows,
    )?;
    Ok(rows)
}

pub(crate) fn check_table(table: &Table) -> Result<()> {
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
    let lo = table_lo(&table.kind) as i128;
    let fits = lo >= -HALF && lo + rows as i128 - 1 <= HALF;
    require(
        fits,
        "table_values",
        &place,
        "inputs within (-p/2, p/2)",
        format!("{lo} and {rows} rows"),
    )?;
    if let TableKind::Clamp { low, high, .. } = table.kind {
        // The ends themselves, taken or not: the closed form of the output column counts from them.
        require(
            low <= high && in_half(low) && in_half(high),
            "table_clamp",
            &place,
            "-p/2 < low <= high < p/2",
            format!("[{low}, {high}]"),
        )?;
    }
    let (a, b) = outputs(&table.kind);
    require(
        in_half(a) && in_half(b),
        "table_values",
        &place,
        "outputs within (-p/2, p/2)",
        format!("[{a}, {b}]"),
    )
}
