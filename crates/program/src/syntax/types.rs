//! The program's objects, exactly as docs/protocol/program.md section 1; borsh in the order of the fields.

use borsh::{BorshDeserialize, BorshSerialize};

/// Bytes of the one version that this crate reads and writes.
pub const VERSION: u16 = 2;

/// What is proven: tensors, their owners, and the relations between them. Holds no private number.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Program {
    pub version: u16,
    pub name: String,
    pub slabs: Vec<SlabDecl>,
    pub tensors: Vec<Tensor>,
    pub tables: Vec<Table>,
    pub einsums: Vec<Einsum>,
    pub lookups: Vec<Lookup>,
    pub zeros: Vec<Zero>,
    pub hints: Vec<Hint>,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// Digest of the readable architecture that the program was lowered from; zeros where it carries none.
    pub architecture: [u8; 32],
}

/// A long-lived commitment that the program reads.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct SlabDecl {
    pub name: String,
    pub private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Tensor {
    pub name: String,
    pub shape: Vec<u32>,
    pub place: Place,
    pub lo: i64,
    pub hi: i64,
}

/// Where a tensor's integers are: in the program, in the statement, in a long-lived slab, or in the proof's own slab.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Place {
    Constant(Vec<i64>),
    Public,
    Slab(u8),
    Witness,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Table {
    pub name: String,
    pub kind: TableKind,
}

/// Row i is (lo + i, out): a function of its input by construction.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum TableKind {
    Range {
        lo: i64,
        len: u32,
    },
    Relu {
        lo: i64,
        len: u32,
    },
    Sign {
        lo: i64,
        len: u32,
    },
    Values {
        lo: i64,
        outs: Vec<i64>,
    },
    Clamp {
        lo: i64,
        len: u32,
        low: i64,
        high: i64,
    },
}

/// An affine map of tensors over a target shape that the context gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Expr {
    pub constant: i64,
    pub terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Term {
    pub coef: i64,
    pub source: Source,
    pub links: Vec<Link>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Source {
    Tensor(u32),
    Einsum(u32),
}

/// sum stride * target index + offset = sum stride * source index; with an index, a tensor that the verifier knows,
/// index\[target\] + offset = stride * source index.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Link {
    pub target: Vec<(u8, i32)>,
    pub source: Vec<(u8, i32)>,
    pub offset: i32,
    pub index: Option<u32>,
}

/// out[out_axes] = sum over contraction labels of a[a_axes] * b[b_axes].
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Einsum {
    pub name: String,
    pub extents: Vec<u32>,
    pub a_axes: Vec<u8>,
    pub b_axes: Vec<u8>,
    pub out_axes: Vec<u8>,
    pub a: Expr,
    pub b: Expr,
}

/// (input / 2^shift, output) is a row of the table at every valid index of the shape.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Lookup {
    pub name: String,
    pub table: u32,
    pub shape: Vec<u32>,
    pub input: Expr,
    pub shift: u8,
    pub output: Expr,
}

#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Zero {
    pub name: String,
    pub shape: Vec<u32>,
    pub expr: Expr,
}

/// The outside's name of a tensor; real value = integer * 2^-frac.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Port {
    pub name: String,
    pub tensor: u32,
    pub frac: i32,
}

/// How a prover computes the witness; never trusted.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Hint {
    Linear {
        dst: u32,
        expr: Expr,
    },
    Digits {
        shape: Vec<u32>,
        expr: Expr,
        digits: Vec<(u32, u8)>,
        quotient: Option<u32>,
    },
    Lookup {
        dst: u32,
        table: u32,
        expr: Expr,
        shift: u8,
    },
    Divide {
        shape: Vec<u32>,
        num: Expr,
        den: Expr,
        quotient: u32,
        remainder: u32,
    },
    Max {
        shape: Vec<u32>,
        axes: u8,
        expr: Expr,
        shift: u8,
        digits: Vec<(u32, u8)>,
        quotient: u32,
    },
    OneHotMax {
        shape: Vec<u32>,
        expr: Expr,
        dst: u32,
    },
    Clamp {
        shape: Vec<u32>,
        expr: Expr,
        shift: u8,
        low: i64,
        high: i64,
        inside: Option<u32>,
        outside: Option<u32>,
    },
}

impl Hint {
    /// The tensors that it computes.
    pub fn writes(&self) -> Vec<u32> {
        match self {
            Self::Linear { dst, .. } | Self::Lookup { dst, .. } | Self::OneHotMax { dst, .. } => {
                vec![*dst]
            }
            Self::Digits {
                digits, quotient, ..
            } => digits
                .iter()
                .map(|(dst, _)| *dst)
                .chain(*quotient)
                .collect(),
            Self::Max {
                digits, quotient, ..
            } => digits
                .iter()
                .map(|(dst, _)| *dst)
                .chain([*quotient])
                .collect(),
            Self::Clamp {
                inside, outside, ..
            } => inside.iter().chain(outside).copied().collect(),
            Self::Divide {
                quotient,
                remainder,
                ..
            } => vec![*quotient, *remainder],
        }
    }
}
