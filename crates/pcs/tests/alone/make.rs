//! Slabs, claims about them, and an honest opening.

use crate::common::{geometry, toy, Shape, World};
use p3_field::PrimeCharacteristicRing;
use serde_json::{json, Value};
use std::sync::Arc;
use tacit_algebra::{Affine, Group, ProductForm, K};
use tacit_params::{Geometry, Level};
use tacit_pcs::random::Stream;
use tacit_pcs::*;
use tacit_testkit::vectors::*;
use tacit_transcript::Writer;

/// Blocks of every size with groups of up to two bits, single cells, pads, several slabs in one claim, and a claim of nothing.
fn small_claims(world: &World, rng: &mut Stream) -> Vec<Affine> {
    let mut form = |slab: usize, offset: usize, groups: &[&[u8]]| {
        let groups = groups.iter().map(|bits| Group {
            bits: bits.to_vec(),
            table: rng.k_vec(1 << bits.len()),
        });
        ProductForm {
            slab,
            offset,
            groups: Arc::new(groups.collect()),
            scale: rng.next_k(),
        }
    };
    let witness = world.slabs.len();
    let mut forms = vec![vec![form(witness, 8, &[&[2, 0], &[1]])]];
    for slab in 0..=witness {
        let n = world.data(slab).len();
        let top = n.ilog2() as u8;
        let pairs: Vec<Vec<u8>> = (0..top)
            .rev()
            .collect::<Vec<u8>>()
            .chunks(2)
            .map(<[u8]>::to_vec)
            .collect();
        let pairs: Vec<&[u8]> = pairs.iter().map(Vec::as_slice).collect();
        let both = vec![form(slab, 0, &pairs), form(witness, 4, &[&[0, 1]])];
        forms.extend([both, vec![form(slab, n - 1, &[])]]);
    }
    forms.push(Vec::new());
    let pads = world.pads.len() as u32;
    let with_pads = |(i, forms): (usize, Vec<ProductForm>)| {
        let first = i as u32 % pads;
        let numbers = (first..pads).step_by(2);
        let mut claim = Affine {
            constant: K::ZERO,
            pads: if forms.is_empty() {
                Vec::new()
            } else {
                numbers.map(|p| (p, rng.next_k())).collect()
            },
            forms,
        };
        claim.constant = -world.value(&claim);
        claim
    };
    forms.into_iter().enumerate().map(with_pads).collect()
}

/// Slabs, claims about them, and what the transcript holds before the opening.
pub struct Made {
    pub note: &'static str,
    pub world: World,
}

impl Made {
    pub fn new(note: &'static str, geometry: &Geometry, shape: &Shape, seed: u8) -> Self {
        let mut world = World::new(geometry, shape, seed);
        world.claims = small_claims(
            &world,
            &mut Stream::new(&[seed; 32], *b"claims\0\0\0\0\0\0"),
        );
        Self { note, world }
    }

    pub fn start(&self) -> Value {
        let world = &self.world;
        let geometry = borsh::to_vec(&world.geometry).unwrap();
        let mut absorbed = vec![("geometry", geometry)];
        for slab in &world.slabs {
            absorbed.push(("slab", slab.commitment.identity().to_vec()));
        }
        absorbed.push(("context", b"an opening alone".to_vec()));
        absorbed.push(("witness", world.witness.root().to_vec()));
        of_start(&absorbed)
    }

    /// The argument of a prover, honest or not.
    pub fn prove(&self, hooks: &mut impl OpeningHooks) -> (Vec<u8>, Value) {
        let (world, roots) = (&self.world, self.world.roots());
        let slabs: Vec<&Slab> = world.slabs.iter().collect();
        let mut w = Writer::new();
        w.sponge = start(&self.start());
        let (st, mut profile) = (world.statement(&roots), Profile::default());
        prove_opening(&mut w, &st, &slabs, &world.witness, hooks, &mut profile);
        let state = json!(hex(w.sponge.state()));
        (w.into_proof(), state)
    }

    pub fn slab(&self, number: usize) -> Value {
        let (slab, c) = (
            &self.world.slabs[number],
            &self.world.slabs[number].commitment,
        );
        let binding = c.binding(number, slab.cells()).unwrap();
        json!({
            "private": c.header.private,
            "columns": c.header.columns,
            "pad_cell": slab.cells(),
            "cells": of_elements(slab.data()),
            "commitment": hex(&borsh::to_vec(c).unwrap()),
            "identity": hex(&c.identity()),
            "root": hex(&c.root),
            "z": of_k(binding.z),
            "z0": of_k(binding.z0),
            "y": of_k(binding.y),
        })
    }

    pub fn case(&self) -> Value {
        let world = &self.world;
        let mut seen = Seen::default();
        let (argument, end) = self.prove(&mut seen);
        let slabs: Vec<Value> = (0..world.slabs.len()).map(|i| self.slab(i)).collect();
        json!({
            "note": self.note,
            "geometry": of_geometry(&world.geometry),
            "slabs": slabs,
            "witness": {
                "columns": world.witness.columns(),
                "first_pad_cell": world.pad_base,
                "cells": of_elements(world.witness.data()),
                "root": hex(&world.witness.root()),
            },
            "pads": of_ks(&world.pads),
            "claims": world.claims.iter().map(of_claim).collect::<Vec<_>>(),
            "start": self.start(),
            "argument": hex(&argument),
            "draws": seen.draws,
            "end_state": end,
        })
    }
}

/// Everything that is drawn, and the first messages of two kinds.
#[derive(Default)]
pub struct Seen {
    pub draws: Vec<Value>,
    pub ood: Option<K>,
    pub last: Option<K>,
}

impl OpeningHooks for Seen {
    fn challenge(&mut self, kind: &'static str, x: K) {
        self.draws.push(json!({"kind": kind, "value": of_k(x)}));
    }
    fn positions(&mut self, _code: usize, positions: &[usize]) {
        self.draws
            .push(json!({"kind": "queries", "positions": positions}));
    }
    fn out_of_domain(&mut self, level: usize, o: &mut K) {
        if level == 0 {
            self.ood = Some(*o);
        }
    }
    fn final_vector(&mut self, v: &mut [K]) {
        self.last = Some(v[0]);
    }
}

fn of_geometry(g: &Geometry) -> Value {
    let level =
        |l: &Level| json!({"fold": l.fold, "log_domain": l.log_domain, "queries": l.queries});
    json!({
        "target": g.target,
        "log_rows": g.log_rows,
        "rows": g.rows,
        "log_domain": g.log_domain,
        "queries": g.queries,
        "grind": g.grind,
        "levels": g.levels.iter().map(level).collect::<Vec<_>>(),
    })
}

fn of_claim(claim: &Affine) -> Value {
    let group = |g: &Group| json!({"bits": g.bits, "table": of_ks(&g.table)});
    let form = |f: &ProductForm| {
        let groups: Vec<Value> = f.groups.iter().map(group).collect();
        json!({"slab": f.slab, "offset": f.offset, "scale": of_k(f.scale), "groups": groups})
    };
    let mut out = of_affine(claim);
    out["forms"] = claim.forms.iter().map(form).collect();
    out
}

pub fn made() -> [Made; 3] {
    let shape = |slabs, witness, pads| Shape {
        slabs,
        witness,
        pads,
        budget: 1,
    };
    [
        Made::new(
            "a private slab, a public one and the witness; two levels, grinding",
            &toy(),
            &shape(&[(70, true), (30, false)], 40, 4),
            1,
        ),
        Made::new(
            "one column: no column fold; one level, no grinding",
            &geometry(4, 48, 7, 3, 0, &[(1, 6, 2)]),
            &shape(&[], 10, 2),
            2,
        ),
        Made::new(
            "three levels, a final vector of five",
            &geometry(3, 40, 8, 4, 2, &[(1, 6, 3), (1, 5, 3), (1, 4, 3)]),
            &shape(&[(9, false), (20, true)], 17, 2),
            3,
        ),
    ]
}
