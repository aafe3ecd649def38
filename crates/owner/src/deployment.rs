//! From a program to a deployment: the geometry that fits its proofs and its slabs' validity proofs.

use std::sync::Arc;

use tacit_params::{derive_all, Geometry, Optimize, SlabSize, Work, Works};
use tacit_pcs::Columns;
use tacit_program::Prepared;
use tacit_prover::FIRST_CHILD;
use tacit_verifier::files::ProgramFile;
use tacit_verifier::{prepare_rotation, prepare_validity, relations_of};

use crate::error::{Kind, OwnerError, Result};

/// A validated program with its geometry, for so many proofs of each private commitment.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub prepared: Arc<Prepared>,
    pub geometry: Geometry,
    pub proofs: u32,
    /// JSON for people; part of no statement.
    pub notes: String,
    /// Canonical bytes of what the program was lowered from; empty: it carries none.
    pub architecture: Vec<u8>,
}

impl Deployment {
    /// Derives the geometry: `target` proven bits for the program, its validity proofs and its rotations.
    ///
    /// # Errors
    /// `geometry` when there is none.
    pub fn derive(
        prepared: Prepared,
        proofs: u32,
        target: u16,
        optimize: Optimize,
    ) -> Result<Self> {
        let geometry = geometry(std::slice::from_ref(&prepared), proofs, target, optimize)?;
        Ok(Self::with(prepared, geometry, proofs))
    }

    /// Derives one geometry for several programs, each over its own slabs: what one of them makes another one opens. The first
    /// program's cost decides.
    ///
    /// # Errors
    /// `geometry` when there is none, or no program.
    pub fn derive_all(
        programs: Vec<Prepared>,
        proofs: u32,
        target: u16,
        optimize: Optimize,
    ) -> Result<Vec<Self>> {
        let geometry = geometry(&programs, proofs, target, optimize)?;
        let all = programs.into_iter();
        Ok(all
            .map(|prepared| Self::with(prepared, geometry.clone(), proofs))
            .collect())
    }

    fn with(prepared: Prepared, geometry: Geometry, proofs: u32) -> Self {
        Self {
            prepared: Arc::new(prepared),
            geometry,
            proofs,
            notes: String::new(),
            architecture: Vec::new(),
        }
    }

    /// The deployment of a program file.
    ///
    /// # Errors
    /// `encoding`, `program`, `geometry`.
    pub fn of_file(file: ProgramFile) -> Result<Self> {
        let prepared = file.prepare()?;
        Ok(Self {
            prepared: Arc::new(prepared),
            geometry: file.geometry,
            proofs: file.proofs,
            notes: file.notes,
            architecture: file.architecture,
        })
    }

    #[must_use]
    pub fn file(&self) -> ProgramFile {
        ProgramFile {
            program: self.prepared.bytes.clone(),
            geometry: self.geometry.clone(),
            proofs: self.proofs,
            notes: self.notes.clone(),
            architecture: self.architecture.clone(),
        }
    }

    /// The place of the commitment with this role.
    ///
    /// # Errors
    /// `slabs` when the program has none such.
    pub fn slab(&self, role: &str) -> Result<usize> {
        let slabs = &self.prepared.program.slabs;
        slabs.iter().position(|s| s.name == role).ok_or_else(|| {
            let has: Vec<&str> = slabs.iter().map(|s| s.name.as_str()).collect();
            let reason = format!("the program has no such slab; it has: {}", has.join(", "));
            OwnerError::input("commitments", role, reason)
        })
    }
}

/// Openings that the blinding of a plain commitment is made for: the proofs (or children) asked for, the validity proof, and the
/// one in reserve for a renewal.
#[must_use]
pub fn allowance_of(proofs: u32) -> u32 {
    proofs.saturating_add(2)
}

/// That of a renewed one: its rotation from the one before comes on top.
#[must_use]
pub fn renewed_allowance_of(proofs: u32) -> u32 {
    allowance_of(proofs).saturating_add(1)
}

/// That of a child, which its master renews: the proofs and the rotation.
#[must_use]
pub fn child_allowance_of(proofs: u32) -> u32 {
    proofs.saturating_add(1)
}

/// Link cells of a plain commitment with room for so many children.
#[must_use]
pub fn links_of(children: u16) -> u16 {
    children.saturating_add(FIRST_CHILD)
}

/// The most children that a deployment for so many proofs is made for: a master spends its allowance on children.
#[must_use]
pub fn most_children(proofs: u32) -> u16 {
    u16::try_from(proofs.max(1))
        .unwrap_or(u16::MAX)
        .min(u16::MAX - FIRST_CHILD)
}

/// The long-lived slabs as the proofs of a deployment see them, at their largest.
#[must_use]
pub fn largest_sizes(prepared: &Prepared, proofs: u32) -> Vec<SlabSize> {
    let links = links_of(most_children(proofs));
    slab_sizes(prepared, renewed_allowance_of(proofs), links)
}

/// The long-lived slabs as a geometry sees them; a private one is opened so many times and has `links` rotation cells.
#[must_use]
pub fn slab_sizes(prepared: &Prepared, openings: u32, links: u16) -> Vec<SlabSize> {
    let sizes = prepared.program.slabs.iter().zip(&prepared.layouts);
    sizes
        .map(|(slab, layout)| SlabSize {
            cells: layout.cells as u64,
            private: slab.private,
            proofs: if slab.private { openings } else { 0 },
            links: if slab.private { links } else { 0 },
        })
        .collect()
}

/// What a proof of the program costs.
#[must_use]
pub fn work_of(prepared: &Prepared) -> Work {
    let witness = prepared.layouts.last().map_or(0, |l| l.cells);
    Work {
        relations: relations_of(prepared),
        witness_cells: witness as u64,
    }
}

/// The validity programs of the private slabs, in order (None: a public slab).
pub(crate) fn validities(prepared: &Prepared) -> Result<Vec<Option<Prepared>>> {
    let slabs = prepared.program.slabs.iter().enumerate();
    slabs
        .map(|(i, slab)| {
            let make = || prepare_validity(&slab.name, &prepared.schema_tensors(i));
            slab.private
                .then(make)
                .transpose()
                .map_err(OwnerError::from)
        })
        .collect()
}

/// The programs of the private slabs' rotations: none has a relation.
fn rotation_programs(prepared: &Prepared) -> Result<Vec<Prepared>> {
    let slabs = prepared.program.slabs.iter().enumerate();
    slabs
        .filter(|(_, slab)| slab.private)
        .map(|(i, slab)| Ok(prepare_rotation(&slab.name, &prepared.schema_tensors(i))?))
        .collect()
}

/// The cheapest geometry for the first program that also carries the others, and the validity and rotation proofs of all slabs.
fn geometry(
    programs: &[Prepared],
    proofs: u32,
    target: u16,
    optimize: Optimize,
) -> Result<Geometry> {
    let own = |prepared: &Prepared| -> Result<(Vec<SlabSize>, Vec<Work>)> {
        let mut works = vec![work_of(prepared)];
        works.extend(validities(prepared)?.iter().flatten().map(work_of));
        works.extend(rotation_programs(prepared)?.iter().map(work_of));
        Ok((largest_sizes(prepared, proofs), works))
    };
    let all = programs.iter().map(own).collect::<Result<Vec<_>>>()?;
    let all: Vec<Works<'_>> = all
        .iter()
        .map(|(slabs, works)| Works { slabs, works })
        .collect();
    let derived = derive_all(&all, target, optimize).map_err(|e| {
        OwnerError::new(Kind::Program, "geometry", "", e.to_string())
            .remedy("fewer proofs, or 100 bits")
    })?;
    Ok(derived.geometry)
}

/// The largest k0 of the proofs that a slab takes part in under a geometry, with room for so many children in every private slab:
/// those of its program and of others that read a slab of its schema, its validity and its rotations.
pub(crate) fn most_fold(
    prepared: &Prepared,
    others: &[&Prepared],
    geometry: &Geometry,
    slab: usize,
    children: u16,
) -> Result<u8> {
    let columns = |sizes: &[SlabSize], work: &Work| {
        let mut all: Vec<u32> = sizes
            .iter()
            .map(|s| clamp(s.columns(geometry.log_rows)))
            .collect();
        let pads = work.relations.pads() as usize;
        all.push(tacit_pcs::witness_columns(
            geometry,
            work.witness_cells as usize,
            pads,
        ));
        Columns::new(all).k0
    };
    let sizes = slab_sizes(prepared, 1, links_of(children));
    let mut k0 = columns(&sizes, &work_of(prepared));
    let (schema, declared) = (prepared.schema(slab), &prepared.program.slabs[slab]);
    for other in others {
        let mut slabs = other.program.slabs.iter().enumerate();
        if slabs.any(|(i, s)| s.private == declared.private && other.schema(i) == schema) {
            let sizes = slab_sizes(other, 1, links_of(children));
            k0 = k0.max(columns(&sizes, &work_of(other)));
        }
    }
    let own = validities(prepared)?.into_iter().nth(slab).flatten();
    for program in own.iter().chain(&rotation_programs(prepared)?) {
        k0 = k0.max(columns(&sizes[slab..=slab], &work_of(program)));
    }
    Ok(k0.min(255) as u8)
}

fn clamp(n: u64) -> u32 {
    n.min(u64::from(u32::MAX)) as u32
}
