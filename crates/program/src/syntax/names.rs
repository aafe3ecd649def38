//! How the outside addresses tensors: names are unique within a place only.

use crate::error::{ProgramError, Result};
use crate::syntax::types::{Place, Program, Tensor};
use std::borrow::Cow;

impl Program {
    /// Address of a tensor: its name; `slab/name` where another place has that name too, `/name` for a tensor in no slab. Empty
    /// for an index that is none.
    pub fn address(&self, tensor: u32) -> Cow<'_, str> {
        let Some(own) = self.tensors.get(tensor as usize) else {
            return Cow::Borrowed("");
        };
        let namesakes = self.tensors.iter().filter(|t| t.name == own.name);
        match namesakes.count() {
            0 | 1 => Cow::Borrowed(&own.name),
            _ => Cow::Owned(format!("{}/{}", self.slab_of(own), own.name)),
        }
    }

    /// The one tensor with this address.
    ///
    /// # Errors
    /// `tensor` when there is none, or more than one.
    pub fn tensor(&self, address: &str) -> Result<u32> {
        let is_it = |t: &Tensor| {
            let name = address
                .strip_prefix(self.slab_of(t))
                .and_then(|rest| rest.strip_prefix('/'));
            t.name == address || name == Some(t.name.as_str())
        };
        let mut found = (0u32..).zip(&self.tensors).filter(|(_, t)| is_it(t));
        let refuse = |got: &str| ProgramError::new("tensor", "address", address, "a tensor", got);
        match (found.next(), found.next()) {
            (Some((tensor, _)), None) => Ok(tensor),
            (None, _) => Err(refuse("a name that the program does not have")),
            _ => Err(refuse("a name that several places have")
                .with_remedy("say slab/name, or /name for a tensor in no slab")),
        }
    }

    /// Name of the slab that a tensor lies in; empty, which no slab's is, for one in none.
    fn slab_of(&self, tensor: &Tensor) -> &str {
        match tensor.place {
            Place::Slab(s) => self.slabs.get(usize::from(s)).map_or("", |s| &s.name),
            Place::Constant(_) | Place::Public | Place::Witness => "",
        }
    }
}
