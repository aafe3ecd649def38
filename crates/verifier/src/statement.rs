//! The statement: what is checked and absorbed before the first challenge (docs/protocol/protocol.md, sections 3 and 6).

use std::collections::HashMap;

use tacit_algebra::hash::Digest;
use tacit_params::{budget, Budget, Geometry, Relations, Shape, SlabSize};
use tacit_pcs::{
    witness_blinding, witness_columns, Columns, Commitment, Expectation, Opened, PcsError,
};
use tacit_program::{entries, table_len, Ends, Prepared, ProgramError, Publics};
use tacit_transcript::Sponge;

use crate::common_point::usize_of;
use crate::error::{Slug, VerifyError};
use crate::publics;

/// Columns of a proof.
const MAX_COLUMNS: usize = 1 << 16;

/// Everything public that a proof is about.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    pub prepared: &'a Prepared,
    pub geometry: &'a Geometry,
    /// One a slab, in the order of the program.
    pub commitments: &'a [Commitment],
    pub publics: &'a Publics,
    /// The caller's bytes: a nonce, a chain, a recipient.
    pub context: &'a [u8],
}

impl Statement<'_> {
    /// Absorbs geometry, program, identities, public tensors and context, in this order.
    ///
    /// Call it after [`Self::check`]: how long public tensors are is the program's matter.
    pub fn absorb(&self, sponge: &mut Sponge) {
        sponge.absorb("geometry", &self.geometry.bytes());
        sponge.absorb("program", &self.prepared.digest);
        for commitment in self.commitments {
            sponge.absorb("slab", &commitment.identity());
        }
        for values in &self.publics.0 {
            publics::absorb(sponge, values);
        }
        sponge.absorb("context", self.context);
    }

    /// No slab stands twice in a proof, which would show twice as much of its columns as its blinding is made for
    /// (docs/protocol/security.md, section 5). Schemas do not tell slabs apart: tensor names are unique within a slab only.
    fn check_distinct(&self) -> Result<(), VerifyError> {
        let mut seen: HashMap<Digest, &str> = HashMap::new();
        for (commitment, slab) in self.commitments.iter().zip(&self.prepared.program.slabs) {
            if let Some(other) = seen.insert(commitment.identity(), &slab.name) {
                let got = format!("the one of {other} again");
                let place = format!("commitment {}", slab.name);
                return Err(
                    VerifyError::new(Slug::Slabs, place, "another commitment", got).with_remedy(
                        "each slab of a proof has a commitment of its own, also where values are equal: commit them once more",
                    ),
                );
            }
        }
        Ok(())
    }

    /// R + T_w <= M: without it no prover could hide the witness slab.
    fn check_witness_room(&self, columns: &Columns) -> Result<(), VerifyError> {
        let blinding = witness_blinding(self.geometry, columns.k0);
        let (data, rows) = (self.geometry.r(), self.geometry.m());
        if usize_of(blinding).saturating_add(data) <= rows {
            return Ok(());
        }
        let expected = format!("{data} data and {blinding} blinding rows within {rows}");
        Err(VerifyError::new(
            Slug::Geometry,
            "witness slab",
            expected,
            "too few rows",
        ))
    }

    /// At most 2^16 columns: they are what a row of the slabs' code holds, and the relations are evaluated after this.
    fn check_columns(columns: &Columns) -> Result<(), VerifyError> {
        let total = columns.total();
        if total <= MAX_COLUMNS {
            return Ok(());
        }
        Err(VerifyError::new(
            Slug::Geometry,
            "statement",
            "at most 2^16 columns",
            total,
        ))
    }

    /// Everything but the argument: public values, geometry, slabs, headers. Returns the columns of the proof.
    ///
    /// # Errors
    /// `geometry`, `public_shape`, `public_interval`, `slabs`, `header`, `non_canonical`.
    pub fn check(&self) -> Result<Columns, VerifyError> {
        self.publics.check(self.prepared)?;
        self.check_slabs()
    }

    /// Geometry, slabs and headers: what does not change from proof to proof.
    ///
    /// # Errors
    /// `geometry`, `slabs`, `header`, `non_canonical`.
    pub fn check_slabs(&self) -> Result<Columns, VerifyError> {
        self.geometry
            .check_well_formed()
            .map_err(|e| VerifyError::from(PcsError::from(e)))?;
        check_count(self.prepared, self.commitments)?;
        self.check_distinct()?;
        let columns = columns(self.prepared, self.geometry, self.commitments)?;
        Self::check_columns(&columns)?;
        self.check_witness_room(&columns)?;
        for (index, (commitment, slab)) in self
            .commitments
            .iter()
            .zip(&self.prepared.program.slabs)
            .enumerate()
        {
            let expectation = Expectation {
                geometry: self.geometry,
                private: slab.private,
                schema: self.prepared.schema(index),
                cells: self.cells(index)?,
                k0: columns.k0,
            };
            commitment
                .check(&expectation)
                .map_err(|e| VerifyError::from(e).inside(&format!("commitment {}", slab.name)))?;
        }
        Ok(columns)
    }

    /// The soundness of the geometry for this program, these slabs, and `further` claims.
    ///
    /// # Errors
    /// `slabs` when commitments and slabs differ in number.
    pub fn budget(&self, further: u32) -> Result<Budget, VerifyError> {
        let mut shape = soundness_shape(self.prepared, self.geometry, self.commitments)?;
        shape.claims = shape.claims.saturating_add(further);
        Ok(budget(self.geometry, &shape))
    }

    /// End of a slab's tensors.
    ///
    /// # Errors
    /// `program` when there is no such slab.
    pub fn cells(&self, slab: usize) -> Result<usize, VerifyError> {
        cells(self.prepared, slab)
    }

    /// The trees of the opening, the witness last.
    ///
    /// # Errors
    /// `program` when the columns are not those of the commitments and the witness.
    pub fn opened<'b>(
        &'b self,
        witness: &'b Digest,
        columns: &Columns,
    ) -> Result<Vec<Opened<'b>>, VerifyError> {
        let [of_slabs @ .., last] = columns.columns.as_slice() else {
            return Err(VerifyError::mismatch("statement", "columns", "none"));
        };
        if of_slabs.len() != self.commitments.len() {
            let expected = format!("columns of {} slabs", self.commitments.len());
            let got = of_slabs.len();
            return Err(VerifyError::mismatch("statement", expected, got));
        }
        let slabs = self.commitments.iter().map(|c| Opened {
            root: &c.root,
            columns: c.header.columns,
            salted: c.header.private,
        });
        let last = Opened {
            root: witness,
            columns: *last,
            salted: true,
        };
        Ok(slabs.chain([last]).collect())
    }
}

/// End of the tensors of a slab, the witness slab's behind the others.
fn cells(prepared: &Prepared, slab: usize) -> Result<usize, VerifyError> {
    let layout = prepared.layouts.get(slab).ok_or_else(|| {
        let expected = format!("more than {slab} layouts");
        VerifyError::mismatch("statement", expected, prepared.layouts.len())
    })?;
    Ok(layout.cells)
}

/// As many commitments as the program has slabs.
fn check_count(prepared: &Prepared, commitments: &[Commitment]) -> Result<(), VerifyError> {
    let expected = prepared.program.slabs.len();
    if commitments.len() == expected {
        return Ok(());
    }
    let (expected, got) = (format!("{expected} commitments"), commitments.len());
    Err(VerifyError::new(Slug::Slabs, "statement", expected, got))
}

/// The columns of a proof: those of the headers in order, then the witness slab's, which the program alone decides.
fn columns(
    prepared: &Prepared,
    geometry: &Geometry,
    commitments: &[Commitment],
) -> Result<Columns, VerifyError> {
    let witness = cells(prepared, prepared.witness_slab())?;
    let last = witness_columns(geometry, witness, usize_of(prepared.sizes.pads));
    let slabs = commitments.iter().map(|c| c.header.columns);
    Ok(Columns::new(slabs.chain([last]).collect()))
}

/// Counts of a program's relations, as the soundness budget wants them.
#[must_use]
pub fn relations_of(prepared: &Prepared) -> Relations {
    let (program, sizes) = (&prepared.program, &prepared.sizes);
    let rows: u64 = program
        .tables
        .iter()
        .map(|t| u64::from(table_len(&t.kind)))
        .sum();
    let looked_up = program
        .lookups
        .iter()
        .map(|l| u64::try_from(entries(&l.shape)).unwrap_or(u64::MAX));
    let looked_up = looked_up.fold(0u64, u64::saturating_add);
    Relations {
        entries: if program.lookups.is_empty() {
            0
        } else {
            looked_up.saturating_add(rows)
        },
        depth: sizes.depth,
        arity: sizes.arity,
        zeros: count(program.zeros.len()),
        einsums: count(program.einsums.len()),
        einsum_rounds: sizes.einsum_rounds,
        ends: prepared.einsums.iter().map(|e| e.ends.count()).sum(),
        products: count(
            prepared
                .einsums
                .iter()
                .filter(|e| matches!(e.ends, Ends::Same | Ends::Both))
                .count(),
        ),
    }
}

/// What the soundness of a proof over these commitments depends on.
///
/// # Errors
/// `slabs` when commitments and slabs differ in number.
pub fn soundness_shape(
    prepared: &Prepared,
    geometry: &Geometry,
    commitments: &[Commitment],
) -> Result<Shape, VerifyError> {
    check_count(prepared, commitments)?;
    let size = |(slab, c): (usize, &Commitment)| {
        Ok(SlabSize {
            cells: u64::try_from(cells(prepared, slab)?).unwrap_or(u64::MAX),
            private: c.header.private,
            proofs: c.header.budget,
            links: c.header.links,
        })
    };
    let slabs = commitments.iter().enumerate().map(size);
    let slabs = slabs.collect::<Result<Vec<SlabSize>, VerifyError>>()?;
    let witness = cells(prepared, prepared.witness_slab())?;
    let witness = u64::try_from(witness).unwrap_or(u64::MAX);
    Ok(relations_of(prepared).shape(geometry, &slabs, witness))
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

impl From<ProgramError> for VerifyError {
    fn from(e: ProgramError) -> Self {
        // A program that cannot be executed is the prover's matter; a verifier only sees the slugs of the page.
        let slug = Slug::from_name(e.slug).unwrap_or(Slug::Program);
        Self::new(slug, e.place, e.expected, e.got)
    }
}

impl From<PcsError> for VerifyError {
    fn from(e: PcsError) -> Self {
        let slug = Slug::from_name(e.slug()).unwrap_or(Slug::Program);
        match e {
            PcsError::Read(read) => read.into(),
            PcsError::Header {
                field,
                expected,
                got,
            } => Self::new(slug, format!("header, {field}"), expected, got),
            PcsError::Rows {
                what,
                expected,
                got,
            } => Self::new(slug, what, format!("at most {expected} rows"), got),
            PcsError::Merkle { tree } => Self::new(
                slug,
                format!("opening of tree {tree}"),
                "its root",
                "another",
            )
            .with_remedy("the argument belongs to another commitment, or its bytes were changed"),
            PcsError::FinalClaim => Self::new(slug, "opening", "all claims to hold", "a false one")
                .with_remedy("something that the argument says is not true"),
            other => Self::new(slug, "opening", "an argument for this statement", other),
        }
    }
}
