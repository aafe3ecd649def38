//! What every step of the opening has at hand: the writer, the tests' hooks, and the slabs.

use crate::code::encode::Column;
use crate::prove::hooks::OpeningHooks;
use crate::slab::committed::Slab;
use crate::slab::witness::WitnessSlab;
use tacit_algebra::K;
use tacit_transcript::Writer;

/// The writer with somebody beside it.
pub(crate) struct Sender<'a, H> {
    pub w: &'a mut Writer,
    pub hooks: &'a mut H,
}

impl<H: OpeningHooks> Sender<'_, H> {
    pub fn clear(&mut self, kind: &'static str, values: &[K]) {
        self.w.send_clear(kind, values);
        self.hooks.sent(kind, values);
    }

    pub fn challenge(&mut self, kind: &'static str) -> K {
        let mut x = self.w.challenge(kind);
        self.hooks.freeze(kind, &mut x);
        self.hooks.challenge(kind, x);
        x
    }
}

/// All slabs of a proof, column by column.
pub(crate) struct Vectors<'a> {
    pub slabs: &'a [&'a Slab],
    pub witness: &'a WitnessSlab,
}

impl<'a> Vectors<'a> {
    /// The rows of every column, in order.
    pub fn columns(&self) -> Vec<Column<'a>> {
        let mut out = Vec::new();
        for slab in self.slabs {
            let n = slab.commitment.header.columns as usize;
            out.extend((0..n).map(|c| slab.column(c)));
        }
        let n = self.witness.columns() as usize;
        out.extend((0..n).map(|c| self.witness.column(c)));
        out
    }
}
