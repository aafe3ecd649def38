//! Hints: what they write exists and has the shape that they compute; their expressions are checked as a relation's are.

use crate::error::{ProgramError, Result};
use crate::syntax::types::*;
use crate::validate::costs::Costs;
use crate::validate::rules::{check_shape, require, MAX_LIST, MAX_SHIFT};

impl Costs<'_> {
    /// A hint writes whole tensors of the right shape; what it computes is checked by execution only.
    pub fn check_hint(&mut self, index: usize, hint: &Hint) -> Result<()> {
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
                self.check_digits(&place, digits, shape)?;
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
                let expected = "a table of the program";
                require(known, "lookup_table", &place, expected, table)?;
                check_shift("lookup_shift", &place, *shift)?;
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
            Hint::Max {
                shape,
                axes,
                expr,
                shift,
                digits,
                quotient,
            } => {
                let kept = kept_axes(&place, shape, *axes)?;
                check_shift("hint_shift", &place, *shift)?;
                self.check_digits(&place, digits, kept)?;
                self.destination(&place, *quotient, Some(kept))?;
                self.check_expr(&place, expr, shape, true)
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
                check_shape(&place, shape)?;
                check_shift("hint_shift", &place, *shift)?;
                let got = format!("[{low}, {high}]");
                require(low <= high, "hint_clamp", &place, "low <= high", got)?;
                for dst in inside.iter().chain(outside) {
                    self.destination(&place, *dst, Some(shape))?;
                }
                self.check_expr(&place, expr, shape, true)
            }
            Hint::OneHotMax { shape, expr, dst } => {
                check_shape(&place, shape)?;
                let some = !shape.is_empty();
                let expected = "a shape with a last axis";
                require(some, "hint_shape", &place, expected, "a scalar")?;
                self.destination(&place, *dst, Some(shape))?;
                self.check_expr(&place, expr, shape, true)
            }
        }
    }

    /// Digits of at most 62 bits, each into a tensor of this shape.
    fn check_digits(&self, place: &str, digits: &[(u32, u8)], shape: &[u32]) -> Result<()> {
        require(
            digits.len() <= MAX_LIST,
            "limit",
            place,
            "at most 65536 digits",
            digits.len(),
        )?;
        for &(dst, bits) in digits {
            self.destination(place, dst, Some(shape))?;
            require(
                bits <= MAX_SHIFT,
                "hint_digits",
                place,
                "digits of at most 62 bits",
                bits,
            )?;
        }
        Ok(())
    }

    /// The shape of a tensor that a hint may write.
    fn destination(&self, place: &str, dst: u32, shape: Option<&[u32]>) -> Result<Vec<u32>> {
        let tensor = self.program.tensors.get(dst as usize);
        let written = tensor.filter(|t| !matches!(t.place, Place::Constant(_)));
        let Some(tensor) = written else {
            let expected = "a tensor to write that is not a constant";
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

fn check_shift(rule: &'static str, place: &str, shift: u8) -> Result<()> {
    let holds = shift <= MAX_SHIFT;
    require(holds, rule, place, "a shift of at most 62", shift)
}

/// The axes of a shape before the last `axes`, over which a maximum is taken.
fn kept_axes<'a>(place: &str, shape: &'a [u32], axes: u8) -> Result<&'a [u32]> {
    check_shape(place, shape)?;
    let axes = usize::from(axes);
    require(
        (1..=shape.len()).contains(&axes),
        "hint_shape",
        place,
        "a maximum over some of the shape's axes",
        format!("{axes} of {}", shape.len()),
    )?;
    Ok(&shape[..shape.len() - axes])
}
