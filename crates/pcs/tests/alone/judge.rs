//! The verifier on what is in the file.

use crate::common::slug;
use serde_json::{json, Value};
use std::sync::Arc;
use tacit_algebra::{Affine, Group, ProductForm};
use tacit_params::{Geometry, Level};
use tacit_pcs::{verify_opening, Binding, Columns, Opened, OpeningClaims};
use tacit_testkit::vectors::*;
use tacit_transcript::Reader;

pub fn read_geometry(v: &Value) -> Geometry {
    let small = |v: &Value| number(v) as u16;
    Geometry {
        target: small(&v["target"]),
        log_rows: small(&v["log_rows"]) as u8,
        rows: number(&v["rows"]) as u32,
        log_domain: small(&v["log_domain"]) as u8,
        queries: small(&v["queries"]),
        grind: small(&v["grind"]) as u8,
        levels: list(&v["levels"], |l| Level {
            fold: small(&l["fold"]) as u8,
            log_domain: small(&l["log_domain"]) as u8,
            queries: small(&l["queries"]),
        }),
    }
}

pub fn read_claim(v: &Value) -> Affine {
    let group = |g: &Value| Group {
        bits: list(&g["bits"], |b| number(b) as u8),
        table: list(&g["table"], k),
    };
    let form = |f: &Value| ProductForm {
        slab: number(&f["slab"]),
        offset: number(&f["offset"]),
        scale: k(&f["scale"]),
        groups: Arc::new(each(&f["groups"], group)),
    };
    Affine {
        forms: each(&v["forms"], form),
        ..affine(v)
    }
}

/// The verifier's answer and, if it accepts, its last state. `broken` may be null.
pub fn judge(case: &Value, broken: &Value) -> (&'static str, Option<Value>) {
    let geometry = read_geometry(&case["geometry"]);
    let witness = &case["witness"];
    let mut slabs = case["slabs"].as_array().unwrap().clone();
    let mut claims = list(&case["claims"], read_claim);
    slabs.push(witness.clone());
    if let Some(change) = broken.get("constant") {
        claims[number(&change["claim"])].constant = k(&change["value"]);
    }
    for part in ["root", "y"] {
        if let Some(change) = broken.get(part) {
            slabs[number(&change["slab"])][part] = change["value"].clone();
        }
    }
    let roots = list(&json!(slabs), |s| array::<32>(&s["root"]));
    let columns = Columns::new(slabs.iter().map(|s| number(&s["columns"]) as u32).collect());
    let opened = slabs.iter().zip(&roots).map(|(s, root)| Opened {
        root,
        columns: number(&s["columns"]) as u32,
        salted: s["private"].as_bool().unwrap_or(true),
    });
    let binding = |(slab, s): (usize, &Value)| Binding {
        slab,
        z: k(&s["z"]),
        z0: k(&s["z0"]),
        pad_cell: number(&s["pad_cell"]),
        cells: number(&s["columns"]) << geometry.log_rows,
        y: k(&s["y"]),
    };
    let st = OpeningClaims {
        geometry: &geometry,
        opened: opened.collect(),
        k0: columns.k0,
        pad_base: number(&witness["first_pad_cell"]),
        claims: &claims,
        bindings: slabs[..slabs.len() - 1]
            .iter()
            .enumerate()
            .map(binding)
            .collect(),
    };
    let argument = edited(&bytes(&case["argument"]), &broken["edit"]);
    let mut reader = Reader::resume(&argument, start(&case["start"]));
    let answer = verify_opening(&mut reader, &st).and_then(|()| {
        let state = json!(hex(reader.sponge.state()));
        reader.finish()?;
        Ok(state)
    });
    match answer {
        Ok(state) => ("accepted", Some(state)),
        Err(e) => (slug(Err(e)), None),
    }
}
