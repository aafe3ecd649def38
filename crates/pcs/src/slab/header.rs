//! Headers, commitments, identities and the binding claim (docs/protocol/protocol.md, section 3).

use crate::claims::Binding;
use crate::PcsError;
use borsh::{BorshDeserialize, BorshSerialize};
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::{k_from_bytes, K};
use tacit_params::Geometry;

/// Widest fold over columns that a header may promise blinding for.
pub const MAX_K0: u8 = 16;

/// What a slab is, in public.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Header {
    pub geometry: Geometry,
    /// C.
    pub columns: u32,
    /// T, blinding rows a column.
    pub blinding: u32,
    /// n, proofs the blinding is made for.
    pub budget: u32,
    /// Largest k0 the blinding is made for.
    pub max_fold: u8,
    /// Link cells (rotation).
    pub links: u16,
    /// 1; two-level leaves are reserved.
    pub leaf_groups: u16,
    pub private: bool,
    pub schema: Digest,
}

/// A long-lived slab as the world knows it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Commitment {
    pub header: Header,
    pub root: Digest,
    /// The binding value, 24 bytes of K.
    pub y: [u8; 24],
}

/// What a program and a proof's geometry ask of a slab.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    pub geometry: &'a Geometry,
    pub private: bool,
    pub schema: Digest,
    /// End of the slab's tensors (docs/protocol/program.md, section 4).
    pub cells: usize,
    /// The proof's column variables.
    pub k0: u32,
}

/// 3 (k0 + 1): the rows that hide what a proof's S and column fold show of a column, k0 + 1 values of K (security.md, section 5).
pub(crate) fn fold_rows(k0: u32) -> u64 {
    3 * (u64::from(k0) + 1)
}

/// C = ceil((cells + 3 + 3 links) / R).
pub(crate) fn slab_columns(geometry: &Geometry, cells: usize, links: usize) -> u64 {
    let needed = (cells as u64).saturating_add(3 + 3 * links as u64);
    needed.div_ceil(geometry.r().max(1) as u64)
}

/// C_w = ceil((cells + 3 pads) / R).
#[must_use]
pub fn witness_columns(geometry: &Geometry, cells: usize, pads: usize) -> u32 {
    let needed = (cells as u64).saturating_add(3 * pads as u64);
    u32::try_from(needed.div_ceil(geometry.r().max(1) as u64)).unwrap_or(u32::MAX)
}

/// T_w = t + 3 (k0 + 1).
#[must_use]
pub fn witness_blinding(geometry: &Geometry, k0: u32) -> u32 {
    u32::from(geometry.queries).saturating_add(fold_rows(k0) as u32)
}

fn differs<T: std::fmt::Debug>(field: &'static str, expected: T, got: T) -> PcsError {
    PcsError::Header {
        field,
        expected: format!("{expected:?}"),
        got: format!("{got:?}"),
    }
}

impl Header {
    /// z and z0: the first two K of words(H(T(6,0) || borsh(header) || root)).
    pub(crate) fn binding_points(&self, root: &Digest) -> (K, K) {
        let mut words = Words::new(hash(Tag::Binding, 0, &[&self.bytes(), root]));
        let z = words.next_k();
        (z, words.next_k())
    }

    /// borsh; like a geometry's it cannot fail.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.geometry.bytes();
        out.extend(self.columns.to_le_bytes());
        out.extend(self.blinding.to_le_bytes());
        out.extend(self.budget.to_le_bytes());
        out.push(self.max_fold);
        out.extend(self.links.to_le_bytes());
        out.extend(self.leaf_groups.to_le_bytes());
        out.push(u8::from(self.private));
        out.extend(self.schema);
        out
    }
}

impl Commitment {
    /// H(T(5,0) || borsh(header) || root || y).
    #[must_use]
    pub fn identity(&self) -> Digest {
        hash(
            Tag::Identity,
            0,
            &[&self.header.bytes(), &self.root, &self.y],
        )
    }

    /// borsh.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = self.header.bytes();
        out.extend(self.root);
        out.extend(self.y);
        out
    }

    /// The binding value; `None` when its bytes are not canonical.
    #[must_use]
    pub fn y(&self) -> Option<K> {
        k_from_bytes(&self.y)
    }

    /// The binding claim of this slab as number `slab` of a proof; `cells` is the end of its tensors.
    ///
    /// # Errors
    /// `non_canonical` when y is not.
    pub fn binding(&self, slab: usize, cells: usize) -> Result<Binding, PcsError> {
        let y = self.y().ok_or(PcsError::NonCanonical { what: "y" })?;
        let (z, z0) = self.header.binding_points(&self.root);
        let all = (self.header.columns as usize).saturating_mul(self.header.geometry.r());
        Ok(Binding {
            slab,
            z,
            z0,
            pad_cell: cells,
            cells: all,
            y,
        })
    }

    /// Whether the header fits the program's slab.
    ///
    /// # Errors
    /// `header` with the field, what was expected and what was found; `geometry`; `non_canonical` for y.
    pub fn check(&self, e: &Expectation) -> Result<(), PcsError> {
        let h = &self.header;
        e.geometry.check_well_formed()?;
        if h.geometry != *e.geometry {
            return Err(PcsError::Header {
                field: "geometry",
                expected: "the proof's".into(),
                got: "another".into(),
            });
        }
        if h.private != e.private {
            return Err(differs("private", e.private, h.private));
        }
        if h.leaf_groups != 1 {
            return Err(differs("leaf_groups", 1, h.leaf_groups));
        }
        if h.schema != e.schema {
            return Err(differs("schema", e.schema, h.schema));
        }
        let columns = slab_columns(e.geometry, e.cells, usize::from(h.links));
        if u64::from(h.columns) != columns {
            return Err(differs("columns", columns, u64::from(h.columns)));
        }
        self.check_blinding(e)?;
        self.y()
            .map(|_| ())
            .ok_or(PcsError::NonCanonical { what: "y" })
    }

    /// private: n >= 1, k0 <= max_fold <= 16, T >= n (t + 3 (max_fold + 1)), R + T <= M; public: T = n = 0.
    fn check_blinding(&self, e: &Expectation) -> Result<(), PcsError> {
        let h = &self.header;
        if !h.private {
            if h.blinding != 0 {
                return Err(differs("blinding", 0, h.blinding));
            }
            if h.budget != 0 {
                return Err(differs("budget", 0, h.budget));
            }
            return Ok(());
        }
        if h.budget == 0 {
            return Err(differs("budget", 1, 0));
        }
        if h.max_fold > MAX_K0 || u32::from(h.max_fold) < e.k0 {
            return Err(differs("max_fold", e.k0, u32::from(h.max_fold)));
        }
        let least = blinding_rows(e.geometry, h.budget, h.max_fold);
        if u64::from(h.blinding) < least {
            return Err(differs("blinding", least, u64::from(h.blinding)));
        }
        let rows = e.geometry.r() as u64 + u64::from(h.blinding);
        if rows > u64::from(e.geometry.rows) {
            return Err(differs("blinding", u64::from(e.geometry.rows), rows));
        }
        Ok(())
    }
}

/// The largest n that a private slab can be blinded for: n (t + 3 (max_fold + 1)) <= M - R.
#[must_use]
pub fn most_proofs(geometry: &Geometry, max_fold: u8) -> u32 {
    let one = blinding_rows(geometry, 1, max_fold).max(1);
    let room = (geometry.m() as u64).saturating_sub(geometry.r() as u64);
    u32::try_from(room / one).unwrap_or(u32::MAX)
}

/// n (t + 3 (max_fold + 1)).
pub(crate) fn blinding_rows(geometry: &Geometry, budget: u32, max_fold: u8) -> u64 {
    let one = u64::from(geometry.queries) + fold_rows(u32::from(max_fold));
    u64::from(budget).saturating_mul(one)
}
