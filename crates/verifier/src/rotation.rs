//! Rotation: a child commitment holds its master's values, cell by cell (docs/protocol/protocol.md, section 7).
//!
//! With r and z1 drawn from both identities, either side opens by itself to one public v:
//!
//! ```text
//! v = sum over valid entries of eq_table(r)[cell] * value + z1 * rotation
//! ```
//!
//! `rotation` is uniform and the same in both, so v says nothing; values that differ anywhere give another v.

use borsh::{BorshDeserialize, BorshSerialize};
use tacit_algebra::field::k_units;
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::{bits, eq_bits, k_from_bytes, Affine, ProductForm, K};
use tacit_pcs::Commitment;
use tacit_program::{shape_bits, slab_program, Expr, Link, Prepared, Publics, Source, Term};

use crate::argument::verify_argument;
use crate::claim::Claim;
use crate::common_point::usize_of;
use crate::error::{Slug, VerifyError};
use crate::statement::Statement;
use crate::validity::{prepare_validity, Schema};

/// First bytes of the context of either side's argument.
const CONTEXT: &[u8] = b"tacit link";

/// Proof that a child holds its master's values.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Rotation {
    /// The master's rotation cell.
    pub index: u16,
    /// What both sides open to, 24 bytes of K.
    pub v: [u8; 24],
    /// The master's argument.
    pub master: Vec<u8>,
    /// The child's argument.
    pub child: Vec<u8>,
}

/// What both sides of a rotation are about; it follows from public things.
#[derive(Clone, Debug)]
pub struct RotationStatement {
    /// The program of either side: the slab and its tensors, no relation.
    pub prepared: Prepared,
    key: Digest,
    z1: K,
    /// bits(cells) coordinates.
    r: Vec<K>,
}

impl RotationStatement {
    /// The rotation of this master's cell number `index` and this child; `tensors` in layout order.
    ///
    /// # Errors
    /// `program` and the like when slab and tensors make no program.
    pub fn new(
        slab: &str,
        tensors: &Schema,
        master: &Commitment,
        child: &Commitment,
        index: u16,
    ) -> Result<Self, VerifyError> {
        let prepared = prepare_rotation(slab, tensors)?;
        let layout = prepared
            .layouts
            .first()
            .ok_or_else(|| VerifyError::mismatch("rotation", "a layout of the slab", "none"))?;
        let cells = layout.cells;
        let parts: [&[u8]; 3] = [
            &master.identity(),
            &child.identity(),
            &u64::from(index).to_be_bytes(),
        ];
        let key = hash(Tag::Binding, 1, &parts);
        let mut words = Words::new(key);
        let z1 = words.next_k();
        let variables = bits(u64::try_from(cells).unwrap_or(u64::MAX));
        let r = (0..variables).map(|_| words.next_k()).collect();
        Ok(Self {
            prepared,
            key,
            z1,
            r,
        })
    }

    /// What either side's argument is bound to beside its commitment.
    #[must_use]
    pub fn context(&self, v: &[u8; 24]) -> Vec<u8> {
        [CONTEXT, &self.key, v].concat()
    }

    /// The form of v minus v, for the side whose rotation value lies in its cell number `index`.
    ///
    /// # Errors
    /// `program` when the layout is not the program's.
    pub fn claim(&self, index: u16, v: K) -> Result<Claim, VerifyError> {
        let mut form = Affine::constant(-v);
        let tensors = &self.prepared.program.tensors;
        let bad = || VerifyError::mismatch("rotation", "a layout of all tensors", "another");
        let layout = self.prepared.layouts.first().ok_or_else(bad)?;
        if layout.order.len() != layout.offsets.len() || layout.order.len() != tensors.len() {
            return Err(bad());
        }
        for (&tensor, &offset) in layout.order.iter().zip(&layout.offsets) {
            let declared = tensors.get(usize_of(tensor)).ok_or_else(bad)?;
            // The tensor's block is aligned: its place is the high bits of the cell, its entries are the low ones.
            let size = shape_bits(&declared.shape);
            let cut = self.r.len().checked_sub(usize_of(size)).ok_or_else(bad)?;
            let (high, low) = self.r.split_at_checked(cut).ok_or_else(bad)?;
            let place = u64::try_from(offset).ok().and_then(|o| o.checked_shr(size));
            let place = place.ok_or_else(bad)?;
            let all = identity(tensor, declared.shape.len())?;
            let entries = self
                .prepared
                .expr_at(&all, &declared.shape, low, &Publics::default())?;
            form.add_scaled(&entries.affine, eq_bits(high, place));
        }
        let first = layout
            .cells
            .saturating_add(3)
            .saturating_add(usize::from(index).saturating_mul(3));
        form.forms
            .extend((first..).zip(k_units()).map(|(offset, unit)| ProductForm {
                slab: 0,
                offset,
                scale: self.z1 * unit,
                groups: std::sync::Arc::default(),
            }));
        Ok(Claim::new("rotation", form))
    }
}

/// The program of either side of a rotation, ready to prove or verify.
///
/// # Errors
/// `program` and the like when slab and tensors make no program.
pub fn prepare_rotation(slab: &str, tensors: &Schema) -> Result<Prepared, VerifyError> {
    Ok(Prepared::new(slab_program("link", slab, tensors))?)
}

/// A tensor as an expression over its own shape.
fn identity(tensor: u32, axes: usize) -> Result<Expr, VerifyError> {
    let axes = u8::try_from(axes)
        .map_err(|_| VerifyError::mismatch("rotation", "a tensor of a few axes", axes))?;
    let links = (0..axes).map(|axis| Link {
        target: vec![(axis, 1)],
        source: vec![(axis, 1)],
        offset: 0,
        index: None,
    });
    Ok(Expr {
        constant: 0,
        terms: vec![Term {
            coef: 1,
            source: Source::Tensor(tensor),
            links: links.collect(),
        }],
    })
}

/// Accepts that `child` holds the values of `master`. Either side's geometry is its own and must reach the target.
///
/// # Errors
/// `rotation`.
pub fn verify_rotation(
    slab: &str,
    tensors: &Schema,
    child: &Commitment,
    master: &Commitment,
    rotation: &Rotation,
    target: u16,
) -> Result<(), VerifyError> {
    let refuse = |expected: &str, got: String| {
        VerifyError::new(Slug::Rotation, format!("commitment {slab}"), expected, got)
    };
    let (above, below) = (&master.header, &child.header);
    if !(above.private && below.private) {
        return Err(refuse(
            "private master and child",
            "a public one".to_owned(),
        ));
    }
    if above.schema != below.schema {
        return Err(refuse("one schema of master and child", "two".to_owned()));
    }
    if rotation.index >= above.links || below.links == 0 {
        let got = format!(
            "cell {} of {}, {} in the child",
            rotation.index, above.links, below.links
        );
        return Err(refuse("a link cell of either side", got));
    }
    // The master's validity is a program over the same tensors; as such its work is bounded, and so is that of the claim.
    prepare_validity(slab, tensors)
        .map_err(|e| refuse("tensors that make a validity program", e.to_string()))?;
    let v = k_from_bytes(&rotation.v)
        .ok_or_else(|| refuse("v below p", "one that is not".to_owned()))?;
    let statement = RotationStatement::new(slab, tensors, master, child, rotation.index)
        .map_err(|e| refuse("tensors that make a slab", e.to_string()))?;
    let context = statement.context(&rotation.v);
    let sides = [
        ("master", master, rotation.index, &rotation.master),
        ("child", child, 0, &rotation.child),
    ];
    for (side, commitment, cell, argument) in sides {
        let about = Statement {
            prepared: &statement.prepared,
            geometry: &commitment.header.geometry,
            commitments: std::slice::from_ref(commitment),
            publics: &Publics::default(),
            context: &context,
        };
        let further = || statement.claim(cell, v);
        verify_argument(&about, argument, target, Some(&further)).map_err(|e| {
            VerifyError::new(
                Slug::Rotation,
                format!("commitment {slab}, {side}"),
                "an argument that holds",
                e,
            )
            .with_remedy("the child is not one of this master, or one of the files was changed")
        })?;
    }
    Ok(())
}
