//! The program that proves a slab's intervals (docs/protocol/protocol.md section 7).

use crate::error::{ProgramError, Result};
use crate::syntax::shape::entries;
use crate::syntax::types::*;
use std::collections::HashMap;

/// One private slab with its tensors (name, shape, lo, hi) in layout order, and no relation.
pub fn slab_program(name: &str, slab: &str, tensors: &[(String, Vec<u32>, i64, i64)]) -> Program {
    let declared = tensors.iter().map(|(name, shape, lo, hi)| Tensor {
        name: name.clone(),
        shape: shape.clone(),
        place: Place::Slab(0),
        lo: *lo,
        hi: *hi,
    });
    Program {
        version: VERSION,
        name: name.into(),
        slabs: vec![SlabDecl {
            name: slab.into(),
            private: true,
        }],
        tensors: declared.collect(),
        tables: Vec::new(),
        einsums: Vec::new(),
        lookups: Vec::new(),
        zeros: Vec::new(),
        hints: Vec::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
        architecture: [0; 32],
    }
}

/// From the slab's name and its tensors (name, shape, lo, hi) in layout order.
pub fn validity_program(slab: &str, tensors: &[(String, Vec<u32>, i64, i64)]) -> Result<Program> {
    let n = tensors
        .iter()
        .fold(0usize, |n, (_, shape, ..)| n.saturating_add(entries(shape)));
    let program = slab_program("validity", slab, tensors);
    let width = if n < 1 << 15 { 8 } else { 16 };
    let mut builder = Builder {
        program,
        width,
        tables: HashMap::new(),
    };
    for (index, tensor) in (0u32..).zip(tensors) {
        builder.add(index, tensor)?;
    }
    Ok(builder.program)
}

struct Builder {
    program: Program,
    width: u32,
    tables: HashMap<(i64, u32), u32>,
}

impl Builder {
    fn add(
        &mut self,
        index: u32,
        (name, shape, lo, hi): &(String, Vec<u32>, i64, i64),
    ) -> Result<()> {
        let span = *hi as i128 - *lo as i128 + 1;
        if span <= 0 {
            return Err(refuse(name, "lo <= hi", format!("[{lo}, {hi}]")));
        }
        if span <= 1 << self.width {
            let input = identity(index, shape.len(), 1);
            self.range(name.clone(), *lo, span as u32, shape, vec![input]);
            return Ok(());
        }
        let bits = 127 - span.leading_zeros();
        if span != 1 << bits {
            let expected = format!(
                "an interval of at most {} values, or of a power of two",
                1u64 << self.width
            );
            return Err(refuse(name, expected, format!("{span} values")));
        }
        let Some(constant) = lo.checked_neg() else {
            return Err(refuse(name, "a lower end above -2^63", format!("{lo}")));
        };
        self.split(index, name, shape, constant, bits)
    }

    /// tensor - lo = sum 2^(w i) digit_i, every digit in its own lookup.
    fn split(
        &mut self,
        index: u32,
        name: &str,
        shape: &[u32],
        constant: i64,
        bits: u32,
    ) -> Result<()> {
        let width = self.width;
        let start = Expr {
            constant,
            terms: vec![identity(index, shape.len(), 1)],
        };
        let mut zero = start.clone();
        let mut digits = Vec::new();
        for i in 0..bits.div_ceil(width) {
            let own = width.min(bits - width * i);
            let digit = self.program.tensors.len() as u32;
            let digit_name = format!("{name}.digit{i}");
            let hi = (1i64 << own) - 1;
            self.program.tensors.push(Tensor {
                name: digit_name.clone(),
                shape: shape.to_vec(),
                place: Place::Witness,
                lo: 0,
                hi,
            });
            self.range(
                digit_name,
                0,
                1 << own,
                shape,
                vec![identity(digit, shape.len(), 1)],
            );
            zero.terms
                .push(identity(digit, shape.len(), -(1i64 << (width * i))));
            digits.push((digit, own as u8));
        }
        self.program.zeros.push(Zero {
            name: name.into(),
            shape: shape.to_vec(),
            expr: zero,
        });
        self.program.hints.push(Hint::Digits {
            shape: shape.to_vec(),
            expr: start,
            digits,
            quotient: None,
        });
        Ok(())
    }

    /// A lookup in the shared table of [lo, lo + len).
    fn range(&mut self, name: String, lo: i64, len: u32, shape: &[u32], terms: Vec<Term>) {
        let tables = &mut self.program.tables;
        let table = *self.tables.entry((lo, len)).or_insert_with(|| {
            let kind = TableKind::Range { lo, len };
            tables.push(Table {
                name: format!("range{lo}+{len}"),
                kind,
            });
            tables.len() as u32 - 1
        });
        self.program.lookups.push(Lookup {
            name,
            table,
            shape: shape.to_vec(),
            input: Expr { constant: 0, terms },
            shift: 0,
            output: Expr::default(),
        });
    }
}

fn identity(tensor: u32, axes: usize, coef: i64) -> Term {
    let links = (0..axes).map(|i| Link {
        target: vec![(i as u8, 1)],
        source: vec![(i as u8, 1)],
        offset: 0,
        index: None,
    });
    Term {
        coef,
        source: Source::Tensor(tensor),
        links: links.collect(),
    }
}

fn refuse(tensor: &str, expected: impl Into<String>, got: String) -> ProgramError {
    ProgramError::new("schema", "validity_interval", tensor, expected, got)
}
