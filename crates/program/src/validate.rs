//! The rules of docs/protocol/program.md: `declarations` of names, indices, shapes and limits; `costs` and `hints` of expressions and
//! what they cost; `intervals` of what could wrap modulo p.

mod bare;
pub(crate) mod bounds;
mod costs;
mod declarations;
mod hints;
mod intervals;
mod rules;

use crate::error::Result;
use crate::syntax::bytes::parse;
use crate::syntax::shape::entries;
use crate::syntax::types::Program;
use bounds::Interval;
use costs::Costs;
use declarations::{all_rows, check_head, check_table, check_tensor};
use intervals::Solver;
use rules::{check_shape, require};

const MAX_LOOKUP_ENTRIES: u128 = 1 << 40;

/// Refuses a program that breaks a rule.
pub fn validate(program: &Program) -> Result<()> {
    checked(program).map(|_| ())
}

/// A valid program from its canonical bytes. Memory stays within a small multiple of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Program> {
    let program = parse(bytes)?;
    validate(&program)?;
    Ok(program)
}

/// As `validate`, giving the intervals that follow.
pub(crate) fn checked(program: &Program) -> Result<Vec<Option<Interval>>> {
    check_head(program)?;
    for tensor in &program.tensors {
        check_tensor(program, tensor)?;
    }
    for table in &program.tables {
        check_table(table)?;
    }
    let mut costs = Costs::new(program);
    costs.add_rows(all_rows(&program.tables)?)?;
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
    // Verifiers never evaluate hints: they have a bound of their own.
    let mut costs = Costs::new(program);
    for (i, hint) in program.hints.iter().enumerate() {
        costs.check_hint(i, hint)?;
    }
    Solver::new(program).solve()
}
