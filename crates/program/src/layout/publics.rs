//! Public tensors: the part of a statement that changes from proof to proof.

use crate::error::{ProgramError, Result};
use crate::layout::prepared::Prepared;
use crate::syntax::shape::entries;
use tacit_algebra::{f_from_i64, F};

/// One list a public tensor, in order; valid entries, row-major.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Publics(pub Vec<Vec<i64>>);

impl Publics {
    /// Every tensor is there, has as many entries as its shape, each in its interval.
    pub fn check(&self, prepared: &Prepared) -> Result<()> {
        let expected = prepared.publics.len();
        if self.0.len() != expected {
            let count = |n: usize| format!("{n} public tensors");
            return Err(ProgramError::new(
                "public_shape",
                "public_count",
                "statement",
                count(expected),
                count(self.0.len()),
            ));
        }
        for (values, &id) in self.0.iter().zip(&prepared.publics) {
            let Some(tensor) = prepared.program.tensors.get(id as usize) else {
                let expected = "public tensors of the program";
                return Err(ProgramError::mismatch("statement", expected, id));
            };
            let n = entries(&tensor.shape);
            if values.len() != n {
                let got = format!("{} entries", values.len());
                return Err(ProgramError::new(
                    "public_shape",
                    "public_shape",
                    &tensor.name,
                    format!("{n} entries"),
                    got,
                ));
            }
            if let Some((i, v)) = values
                .iter()
                .enumerate()
                .find(|(_, v)| !(tensor.lo..=tensor.hi).contains(v))
            {
                let expected = format!("entries in [{}, {}]", tensor.lo, tensor.hi);
                let got = format!("{v} at {i}");
                return Err(ProgramError::new(
                    "public_interval",
                    "public_interval",
                    &tensor.name,
                    expected,
                    got,
                ));
            }
        }
        Ok(())
    }

    /// The entries of a public tensor, by its place in the list of public tensors, as field elements.
    ///
    /// # Errors
    /// `public_shape` when there is no such tensor.
    pub fn field(&self, index: usize) -> Result<Vec<F>> {
        let values = self.0.get(index).ok_or_else(|| self.missing(index))?;
        Ok(values.iter().map(|&v| f_from_i64(v)).collect())
    }

    /// The entries of a public tensor; as many as its shape has.
    pub(crate) fn of_tensor<'a>(&'a self, prepared: &Prepared, tensor: u32) -> Result<&'a [i64]> {
        let at = prepared.publics.binary_search(&tensor);
        let at = at.map_err(|_| ProgramError::mismatch("statement", "a public tensor", tensor))?;
        let values = self.0.get(at).ok_or_else(|| self.missing(at))?;
        Ok(values)
    }

    fn missing(&self, index: usize) -> ProgramError {
        let expected = format!("more than {index} public tensors");
        let got = self.0.len().to_string();
        ProgramError::new("public_shape", "public_count", "statement", expected, got)
    }
}
