//! Once all intervals are known: every bound that keeps a relation from wrapping modulo p.

use super::Solver;
use crate::error::{ProgramError, Result};
use crate::syntax::types::Source;
use crate::validate::bare::{bare_product, only_bare};
use crate::validate::bounds::{expr_bound, inputs, show, ExprBound, Interval, Wide, HALF};

impl Solver<'_> {
    /// A declared interval of a witness tensor contains the derived one.
    pub(super) fn check_declared(&self) -> Result<()> {
        for (i, (tensor, found)) in (0u32..).zip(self.program.tensors.iter().zip(&self.tensors)) {
            let Some((lo, hi)) = *found else { continue };
            if lo < tensor.lo || hi > tensor.hi {
                let expected = format!(
                    "declared [{}, {}] to contain what follows",
                    tensor.lo, tensor.hi
                );
                return Err(ProgramError::program(
                    "interval_declared",
                    self.program.address(i),
                    expected,
                    format!("[{lo}, {hi}]"),
                ));
            }
        }
        Ok(())
    }

    /// Operands, and outputs that some relation reads as numbers.
    pub(super) fn check_einsums(&self) -> Result<()> {
        let bare = only_bare(self.program);
        for (e, decl) in self.program.einsums.iter().enumerate() {
            for (side, bound) in ["a", "b"].iter().zip(&self.operands[e]) {
                let place = || format!("einsum {} operand {side}", decl.name);
                self.check("einsum_bound", place, bound, self.expr(bound), 0)?;
            }
            let value = self.einsums[e];
            if bare[e] {
                continue;
            }
            if !value.is_some_and(|(lo, hi)| lo >= -HALF && hi <= HALF) {
                let place = format!("einsum {} output", decl.name);
                return Err(ProgramError::program(
                    "einsum_bound",
                    place,
                    "an interval within (-p/2, p/2)",
                    show(value),
                ));
            }
        }
        Ok(())
    }

    /// All but bare products: their factors are bounded, as operands.
    pub(super) fn check_zeros(&self) -> Result<()> {
        let (_, zeros) = self.sums.split_at(self.program.lookups.len());
        for (decl, (bound, _)) in self.program.zeros.iter().zip(zeros) {
            if bare_product(self.program, decl).is_some() {
                continue;
            }
            self.check(
                "zero_bound",
                || format!("zero {}", decl.name),
                bound,
                self.expr(bound),
                0,
            )?;
        }
        Ok(())
    }

    pub(super) fn check_lookups(&self) -> Result<()> {
        let (outputs, _) = self.sums.split_at(self.program.lookups.len());
        for (decl, (output, outs)) in self.program.lookups.iter().zip(outputs) {
            let kind = &self.program.tables[decl.table as usize].kind;
            let largest = |(lo, hi): Interval| (lo as i128).abs().max((hi as i128).abs());
            let input = expr_bound(self.program, &decl.input, &decl.shape, &self.tensors);
            let shifted = largest(inputs(kind)) << decl.shift;
            self.check(
                "lookup_bound",
                || format!("lookup {} input", decl.name),
                &input,
                self.expr(&input),
                shifted,
            )?;
            let place = || format!("lookup {} output", decl.name);
            self.check(
                "lookup_bound",
                place,
                output,
                self.expr(output),
                largest(*outs),
            )?;
        }
        Ok(())
    }

    /// |value| + slack < p/2, with a name for the tensor that nothing is known of.
    fn check(
        &self,
        rule: &'static str,
        place: impl Fn() -> String,
        bound: &ExprBound,
        value: Wide,
        slack: i128,
    ) -> Result<()> {
        let room = HALF - slack;
        if value.is_some_and(|(lo, hi)| lo >= -room && hi <= room) {
            return Ok(());
        }
        let unknown = bound.terms.iter().find_map(|term| match term.source {
            Source::Tensor(t) if self.tensors[t as usize].is_none() => {
                self.program.tensors.get(t as usize)
            }
            _ => None,
        });
        if let Some(tensor) = unknown {
            let got = format!(
                "witness tensor {} that no lookup or zero bounds",
                tensor.name
            );
            return Err(ProgramError::program(
                "interval_unknown",
                place(),
                "tensors with known intervals",
                got,
            ));
        }
        let expected = format!("an interval within [-{room}, {room}]");
        Err(ProgramError::program(rule, place(), expected, show(value)))
    }
}
