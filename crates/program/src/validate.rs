//! The rules of docs/program.md sections 1 to 5.
use crate::error::Result;
use crate::interval::Interval;
use crate::types::Program;

/// Refuses a program that breaks a rule.
pub fn validate(program: &Program) -> Result<()> {
    checked(program).map(|_| ())
}

pub(crate) fn checked(_program: &Program) -> Result<Vec<Option<Interval>>> {
    todo!()
}
