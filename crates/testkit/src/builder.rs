//! Programs written by hand, relation by relation.

use std::collections::HashMap;

use tacit_program::*;

/// Wider than any interval that follows in a test.
pub const HUGE: i64 = 1 << 61;

pub struct Builder {
    pub program: Program,
}

impl Builder {
    pub fn new(name: &str, slabs: &[(&str, bool)]) -> Self {
        let slabs = slabs
            .iter()
            .map(|&(n, private)| SlabDecl {
                name: n.into(),
                private,
            })
            .collect();
        let program = Program {
            version: VERSION,
            name: name.into(),
            slabs,
            tensors: vec![],
            tables: vec![],
            einsums: vec![],
            lookups: vec![],
            zeros: vec![],
            hints: vec![],
            inputs: vec![],
            outputs: vec![],
            architecture: [0; 32],
        };
        Self { program }
    }

    pub fn tensor(&mut self, name: &str, shape: &[u32], place: Place, lo: i64, hi: i64) -> u32 {
        self.program.tensors.push(Tensor {
            name: name.into(),
            shape: shape.to_vec(),
            place,
            lo,
            hi,
        });
        self.program.tensors.len() as u32 - 1
    }

    pub fn table(&mut self, name: &str, kind: TableKind) -> u32 {
        self.program.tables.push(Table {
            name: name.into(),
            kind,
        });
        self.program.tables.len() as u32 - 1
    }

    /// "bk,jk->bj" with one extent a letter.
    pub fn einsum(
        &mut self,
        name: &str,
        spec: &str,
        extents: &[(char, u32)],
        a: Expr,
        b: Expr,
    ) -> u32 {
        let (inputs, out) = spec.split_once("->").unwrap();
        let (left, right) = inputs.split_once(',').unwrap();
        let labels: HashMap<char, u8> = extents
            .iter()
            .zip(0u8..)
            .map(|(&(c, _), i)| (c, i))
            .collect();
        let axes = |s: &str| s.chars().map(|c| labels[&c]).collect::<Vec<u8>>();
        self.program.einsums.push(Einsum {
            name: name.into(),
            extents: extents.iter().map(|e| e.1).collect(),
            a_axes: axes(left),
            b_axes: axes(right),
            out_axes: axes(out),
            a,
            b,
        });
        self.program.einsums.len() as u32 - 1
    }

    pub fn lookup(
        &mut self,
        name: &str,
        table: u32,
        shape: &[u32],
        input: Expr,
        shift: u8,
        output: Expr,
    ) {
        self.program.lookups.push(Lookup {
            name: name.into(),
            table,
            shape: shape.to_vec(),
            input,
            shift,
            output,
        });
    }

    pub fn zero(&mut self, name: &str, shape: &[u32], expr: Expr) {
        self.program.zeros.push(Zero {
            name: name.into(),
            shape: shape.to_vec(),
            expr,
        });
    }

    pub fn hint(&mut self, hint: Hint) {
        self.program.hints.push(hint);
    }

    pub fn prepare(self) -> Prepared {
        Prepared::new(self.program).unwrap_or_else(|e| panic!("{e}"))
    }
}

pub fn expr(constant: i64, terms: Vec<Term>) -> Expr {
    Expr { constant, terms }
}

/// coef * tensor, axis by axis.
pub fn same(coef: i64, tensor: u32, axes: u8) -> Term {
    Term {
        coef,
        source: Source::Tensor(tensor),
        links: (0..axes).map(|i| link(i, i)).collect(),
    }
}

/// coef * einsum.
pub fn product(coef: i64, einsum: u32, axes: u8) -> Term {
    Term {
        coef,
        source: Source::Einsum(einsum),
        links: (0..axes).map(|i| link(i, i)).collect(),
    }
}

pub fn term(coef: i64, tensor: u32, links: Vec<Link>) -> Term {
    Term {
        coef,
        source: Source::Tensor(tensor),
        links,
    }
}

/// t_target = s_source.
pub fn link(target: u8, source: u8) -> Link {
    affine_link(&[(target, 1)], &[(source, 1)], 0)
}

pub fn affine_link(target: &[(u8, i32)], source: &[(u8, i32)], offset: i32) -> Link {
    Link {
        target: target.to_vec(),
        source: source.to_vec(),
        offset,
        index: None,
    }
}

/// index\[target\] + offset = s_source: target axes in the order of the index' own.
pub fn index_link(target: &[u8], source: u8, offset: i32, index: u32) -> Link {
    Link {
        target: target.iter().map(|&axis| (axis, 1)).collect(),
        source: vec![(source, 1)],
        offset,
        index: Some(index),
    }
}

/// The rule that `validate` refuses a program by, or "accepted".
pub fn rule(p: Builder) -> &'static str {
    Prepared::new(p.program).map_or_else(|e| e.rule, |_| "accepted")
}
