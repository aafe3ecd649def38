//! From a program to a deployment: the geometry that fits its proofs and its slabs' validity proofs.

use tacit_params::{derive, Geometry, Optimize, SlabSize, Work};
use tacit_pcs::Columns;
use tacit_program::Prepared;
use tacit_verifier::{prepare_validity, relations_of};

use crate::failure::{Fail, Result};

/// Proofs that the blinding is made for: those asked for and the validity proof.
pub fn budget_of(proofs: u32) -> u32 {
    proofs.saturating_add(1)
}

/// The long-lived slabs as a geometry sees them.
pub fn slab_sizes(prepared: &Prepared, proofs: u32) -> Vec<SlabSize> {
    let sizes = prepared.program.slabs.iter().zip(&prepared.layouts);
    sizes
        .map(|(slab, layout)| SlabSize {
            cells: layout.cells as u64,
            private: slab.private,
            proofs: if slab.private { budget_of(proofs) } else { 0 },
            links: 0,
        })
        .collect()
}

/// What a proof of the program costs.
pub fn work_of(prepared: &Prepared) -> Work {
    let witness = prepared.layouts.last().map_or(0, |l| l.cells);
    Work {
        relations: relations_of(prepared),
        witness_cells: witness as u64,
    }
}

/// The validity programs of the private slabs, in order (None: a public slab).
pub fn validities(prepared: &Prepared) -> Result<Vec<Option<Prepared>>> {
    let slabs = prepared.program.slabs.iter().enumerate();
    slabs
        .map(|(i, slab)| {
            let make = || prepare_validity(&slab.name, &prepared.schema_tensors(i));
            slab.private.then(make).transpose().map_err(Fail::from)
        })
        .collect()
}

/// The cheapest geometry for the program that also carries its validity proofs.
pub fn geometry(
    prepared: &Prepared,
    proofs: u32,
    target: u16,
    optimize: Optimize,
) -> Result<Geometry> {
    let mut works = vec![work_of(prepared)];
    works.extend(validities(prepared)?.iter().flatten().map(work_of));
    let derived = derive(&slab_sizes(prepared, proofs), &works, target, optimize).map_err(|e| {
        Fail::new("program", "geometry", "", e.to_string()).hint("fewer proofs, or 100 bits")
    })?;
    Ok(derived.geometry)
}

/// The largest k0 of the program's proofs and of one slab's validity proof under a geometry.
pub fn max_fold(prepared: &Prepared, geometry: &Geometry, slab: usize) -> Result<u8> {
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
    let sizes = slab_sizes(prepared, 1);
    let mut k0 = columns(&sizes, &work_of(prepared));
    if let Some(validity) = validities(prepared)?.get(slab).and_then(Option::as_ref) {
        k0 = k0.max(columns(&sizes[slab..=slab], &work_of(validity)));
    }
    Ok(k0.min(255) as u8)
}

fn clamp(n: u64) -> u32 {
    n.min(u64::from(u32::MAX)) as u32
}
