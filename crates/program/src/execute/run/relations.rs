//! The end of an execution: every relation holds, and how often each row of a table is used.

use super::Run;
use crate::error::{ProgramError, Result};
use crate::execute::dense::dense;
use crate::execute::elementwise::{outside, table_rows, Rest};
use crate::syntax::tables::{table_len, table_lo, table_out};
use rayon::prelude::*;

impl Run<'_> {
    /// Everything is written, all relations hold; the rows that each lookup uses.
    pub(super) fn check(&mut self) -> Result<Vec<Vec<u32>>> {
        let program = &self.prepared.program;
        for tensor in 0..program.tensors.len() as u32 {
            self.check_written(tensor, "unwritten", "values from a hint")?;
        }
        for e in 0..program.einsums.len() {
            self.contract(e)?;
        }
        program.zeros.par_iter().try_for_each(|zero| {
            let values = dense(self.prepared, &zero.expr, &zero.shape, &self.trace);
            outside(&values, 0, 0).map_or(Ok(()), |(i, v)| {
                let place = format!("zero {}", zero.name);
                Err(ProgramError::execution(
                    "zero",
                    place,
                    "0",
                    format!("{v} at {i}"),
                ))
            })
        })?;
        self.lookup_rows()
    }

    fn lookup_rows(&self) -> Result<Vec<Vec<u32>>> {
        let (prepared, trace) = (self.prepared, &self.trace);
        let program = &prepared.program;
        program
            .lookups
            .par_iter()
            .map(|lookup| {
                let kind = &program.tables[lookup.table as usize].kind;
                let place = format!("lookup {}", lookup.name);
                let input = dense(prepared, &lookup.input, &lookup.shape, trace);
                let rows = table_rows(kind, &input, lookup.shift, Rest::Refused)
                    .map_err(|miss| miss.error("lookup_input", &place, kind, lookup.shift))?;
                let output = dense(prepared, &lookup.output, &lookup.shape, trace);
                let lo = table_lo(kind);
                let wrong = rows
                    .iter()
                    .zip(output.iter())
                    .find(|(&r, &o)| table_out(kind, r, lo + r as i64) != o);
                match wrong {
                    None => Ok(rows),
                    Some((&row, o)) => {
                        let expected = table_out(kind, row, lo + row as i64);
                        Err(ProgramError::execution(
                            "lookup_output",
                            place,
                            expected.to_string(),
                            o.to_string(),
                        ))
                    }
                }
            })
            .collect()
    }

    /// How often lookups use each row, one list a table.
    pub(super) fn counts(&self, rows: Vec<Vec<u32>>) -> Vec<Vec<i64>> {
        let program = &self.prepared.program;
        let mut counts: Vec<Vec<i64>> = program
            .tables
            .iter()
            .map(|t| vec![0; table_len(&t.kind) as usize])
            .collect();
        for (lookup, rows) in program.lookups.iter().zip(rows) {
            let count = &mut counts[lookup.table as usize];
            rows.into_iter().for_each(|row| count[row as usize] += 1);
        }
        counts
    }
}
