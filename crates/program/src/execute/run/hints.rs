//! What each hint computes.

use super::Run;
use crate::error::{ProgramError, Result};
use crate::execute::elementwise::{beyond, low_digit, outside, table_rows, Rest};
use crate::syntax::shape::entries;
use crate::syntax::tables::{table_lo, table_out};
use crate::syntax::types::{Expr, Hint, Tensor};
use std::sync::Arc;

impl Run<'_> {
    pub(super) fn hint(&mut self, hint: &Hint) -> Result<()> {
        match hint {
            Hint::Linear { dst, expr } => {
                let shape = self.shape(*dst);
                let values = self.values(expr, shape)?.into_owned();
                self.compute(*dst, Arc::new(values))
            }
            Hint::Digits {
                shape,
                expr,
                digits,
                quotient,
            } => {
                let rest = self.values(expr, shape)?.into_owned();
                self.digits(rest, digits, *quotient)
            }
            Hint::Lookup {
                dst,
                table,
                expr,
                shift,
            } => self.hint_lookup(*dst, *table, expr, *shift),
            Hint::Divide {
                shape,
                num,
                den,
                quotient,
                remainder,
            } => {
                let num = self.values(num, shape)?.into_owned();
                let den = self.values(den, shape)?.into_owned();
                self.divide(&num, &den, [*quotient, *remainder])
            }
            Hint::Max {
                shape,
                axes,
                expr,
                shift,
                digits,
                quotient,
            } => {
                let kept = shape.len().saturating_sub(usize::from(*axes));
                let values = self.values(expr, shape)?;
                let max = values
                    .chunks(entries(&shape[kept..]))
                    .filter_map(|window| window.iter().copied().max())
                    .map(|max| max >> shift)
                    .collect();
                self.digits(max, digits, Some(*quotient))
            }
            Hint::OneHotMax { shape, expr, dst } => {
                let values = self.values(expr, shape)?.into_owned();
                self.one_hot(values, shape, *dst)
            }
            Hint::Clamp {
                shape,
                expr,
                shift,
                low,
                high,
                inside,
                outside,
            } => {
                let values = self.values(expr, shape)?.into_owned();
                self.clamp(values, *shift, (*low, *high), [*inside, *outside])
            }
        }
    }

    /// Quotient and remainder by denominators above 0.
    fn divide(&mut self, num: &[i64], den: &[i64], [quotient, remainder]: [u32; 2]) -> Result<()> {
        if let Some(d) = den.iter().find(|&&d| d <= 0) {
            let (name, got) = (self.name(quotient), d.to_string());
            let expected = "denominators above 0";
            return Err(ProgramError::execution("divide", name, expected, got));
        }
        let pairs = num.iter().zip(den);
        let (q, r) = pairs
            .map(|(n, d)| (n.div_euclid(*d), n.rem_euclid(*d)))
            .unzip();
        self.compute(quotient, Arc::new(q))?;
        self.compute(remainder, Arc::new(r))
    }

    /// 1 at the first largest entry of each row of the last axis, 0 elsewhere.
    fn one_hot(&mut self, mut values: Vec<i64>, shape: &[u32], dst: u32) -> Result<()> {
        let n = shape.last().copied().unwrap_or(1) as usize;
        for row in values.chunks_mut(n) {
            let max = row.iter().copied().max();
            let first = row.iter().position(|v| Some(*v) == max);
            row.iter_mut()
                .enumerate()
                .for_each(|(i, v)| *v = (Some(i) == first) as i64);
        }
        self.compute(dst, Arc::new(values))
    }

    /// The digits of values, low first, then what is left of them.
    fn digits(
        &mut self,
        mut rest: Vec<i64>,
        digits: &[(u32, u8)],
        quotient: Option<u32>,
    ) -> Result<()> {
        for &(dst, bits) in digits {
            let digit = low_digit(&mut rest, bits);
            self.compute(dst, Arc::new(digit))?;
        }
        let Some(dst) = quotient else {
            return Ok(());
        };
        let rest = Arc::new(rest);
        self.compute(dst, rest.clone()).map_err(|error| {
            let decl = &self.prepared.program.tensors[dst as usize];
            match outside(&rest, decl.lo, decl.hi) {
                Some((i, left)) if error.rule == "tensor_interval" => {
                    self.beyond_digits(decl, digits, i, left)
                }
                _ => error,
            }
        })
    }

    /// What is left at entry i is beyond its interval: the error speaks of the whole value, whose digits are written.
    fn beyond_digits(
        &self,
        decl: &Tensor,
        digits: &[(u32, u8)],
        i: usize,
        left: i64,
    ) -> ProgramError {
        let (mut low, mut place) = (0i128, 0u32);
        for &(dst, bits) in digits {
            let digit = self.trace.tensors[dst as usize][i];
            low = low.wrapping_add(i128::from(digit) << place.min(62));
            place += u32::from(bits);
        }
        let whole = |v: i64| i128::from(v) << place.min(62);
        let (lo, hi) = (whole(decl.lo), whole(decl.hi) + whole(1) - 1);
        let value = whole(left).wrapping_add(low);
        beyond("tensor_interval", &decl.name, (lo, hi), value, i)
    }

    fn hint_lookup(&mut self, dst: u32, table: u32, expr: &Expr, shift: u8) -> Result<()> {
        let shape = self.shape(dst);
        let kind = &self.prepared.program.tables[table as usize].kind;
        let program = &self.prepared.program;
        let input = self.values(expr, shape)?;
        let rows = table_rows(kind, &input, shift, Rest::Dropped)
            .map_err(|miss| miss.error("table_input", &program.address(dst), kind, shift))?;
        let lo = table_lo(kind);
        let out = rows
            .iter()
            .map(|&row| table_out(kind, row, lo + row as i64))
            .collect();
        self.compute(dst, Arc::new(out))
    }

    /// Of v = floor(value / 2^shift) the part within the ends, then the part beyond them.
    fn clamp(
        &mut self,
        mut values: Vec<i64>,
        shift: u8,
        (low, high): (i64, i64),
        [inside, outside]: [Option<u32>; 2],
    ) -> Result<()> {
        let clamped = |v: i64| v.max(low).min(high);
        values.iter_mut().for_each(|v| *v >>= shift.min(62));
        if let Some(dst) = inside {
            let part = values.iter().map(|&v| clamped(v)).collect();
            self.compute(dst, Arc::new(part))?;
        }
        let Some(dst) = outside else {
            return Ok(());
        };
        // Beyond 64 bits it ends at one that is in no tensor's interval.
        values
            .iter_mut()
            .for_each(|v| *v = v.saturating_sub(clamped(*v)));
        self.compute(dst, Arc::new(values))
    }
}
