//! The verifier on what is in the file.

use p3_field::{Field, PrimeCharacteristicRing};
use serde_json::{json, Value};
use tacit_algebra::{Affine, F, K};
use tacit_program::{Prepared, Publics};
use tacit_testkit::vectors::*;
use tacit_transcript::testing::{with_holes, Holes};
use tacit_transcript::Reader;
use tacit_verifier::{testing, value, verify_to_common_point};

/// What a verifier gets out of a case.
pub struct Judged {
    pub alpha: K,
    pub beta: K,
    pub r: Vec<K>,
    pub p: K,
    pub q: K,
    /// Values of the claims: of every layer, P~ - P, Q~ - Q.
    pub layers: Vec<K>,
    pub numerators: K,
    pub denominators: K,
    pub triples: Vec<[K; 3]>,
    pub state: String,
}

impl Judged {
    /// Claims that are not 0 and triples whose product is another.
    pub fn wrong(&self) -> Vec<String> {
        let all = self.layers.iter().enumerate();
        let all = all.map(|(i, &x)| (format!("layer {i}"), x)).chain([
            ("numerators".to_owned(), self.numerators),
            ("denominators".to_owned(), self.denominators),
        ]);
        let triples = self.triples.iter().enumerate();
        let triples = triples.map(|(i, &[a, b, c])| (format!("triple {i}"), a * b - c));
        let wrong = all.chain(triples).filter(|(_, x)| *x != K::ZERO);
        wrong.map(|(name, _)| name).collect()
    }

    pub fn write(&self, out: &mut Value) {
        out["claims"] = json!({
            "layers": of_ks(&self.layers),
            "numerators": of_k(self.numerators),
            "denominators": of_k(self.denominators),
        });
        out["false"] = json!(self.wrong());
    }
}

/// The verifier on a case, changed by `broken` unless that is null; or the slug of its refusal.
pub fn judge(case: &Value, broken: &Value) -> Result<Judged, &'static str> {
    let Some(change) = broken.get("challenge") else {
        return judge_plain(case, broken);
    };
    assert_eq!(change["kind"], "alpha");
    let holes = Holes::default().given("alpha", k(&change["value"]));
    with_holes(&holes, || judge_plain(case, broken))
}

fn judge_plain(case: &Value, broken: &Value) -> Result<Judged, &'static str> {
    let prepared = Prepared::from_bytes(&bytes(&case["program"])).unwrap();
    let mut cells = list(&case["cells"], elements);
    if let Some(change) = broken.get("cell") {
        cells[number(&change["slab"])][number(&change["cell"])] = f(&change["value"]);
    }
    let cells: Vec<&[F]> = cells.iter().map(Vec::as_slice).collect();
    let pads = list(broken.get("pads").unwrap_or(&case["pads"]), k);
    let argument = edited(&bytes(&case["argument"]), &broken["edit"]);
    let sponge = start(&case["start"]);
    let mut reader = Reader::resume(&argument, sponge.clone());
    let (depth, padding) = (number(&case["depth"]), number(&case["padding"]));
    let tree = testing::logup(&mut reader, depth, padding as u64).map_err(|e| e.slug())?;
    let state = hex(reader.sponge.state());
    reader.finish().map_err(|e| e.slug())?;
    // The same once more, with the leaves: no zeros and no einsums, so D_0 is Q~ - Q.
    let mut reader = Reader::resume(&argument, sponge);
    let all = verify_to_common_point(&mut reader, &prepared, &Publics::default()).unwrap();
    assert_eq!(all.common.r, tree.r);
    let value = |x: &Affine| value(x, &cells, &pads).unwrap();
    let claims: Vec<K> = all.claims.iter().map(|c| value(&c.affine)).collect();
    let layers: Vec<K> = tree.claims.iter().map(|c| value(&c.affine)).collect();
    assert_eq!(claims[..depth], layers);
    Ok(Judged {
        alpha: tree.alpha,
        beta: tree.beta,
        p: value(&tree.p),
        q: value(&tree.q),
        layers,
        numerators: claims[depth],
        denominators: value(&all.common.rest),
        triples: tree
            .triples
            .iter()
            .map(|t| t.0.each_ref().map(value))
            .collect(),
        r: tree.r,
        state,
    })
}

/// The unpadded values of every layer, with its challenges: a verifier's walk by somebody who knows the pads.
pub fn layers(argument: &[u8], case: &Value, pads: &[K]) -> (Value, Vec<Value>) {
    let mut reader = Reader::resume(argument, start(&case["start"]));
    let alpha = reader.challenge("alpha");
    let _beta = reader.challenge("beta");
    let value = |x: &Affine| value(x, &[], pads).unwrap();
    let plain = |x: &[Affine]| -> Vec<K> { x.iter().map(value).collect() };
    let root = plain(&reader.padded("root", 2).unwrap());
    let padding = K::from_usize(number(&case["padding"]));
    let (mut p, mut q) = (root[0] * padding * alpha.inverse(), root[0]);
    let mut out = Vec::new();
    for layer in 0..number(&case["depth"]) {
        let lambda = reader.challenge("lambda");
        let claim = p + lambda * q;
        let (point, last) =
            tacit_sumcheck::verify(&mut reader, layer, &Affine::constant(claim)).unwrap();
        let ends = plain(&reader.padded("ends", 7).unwrap());
        let s = reader.challenge("descend");
        p = ends[0] + s * (ends[1] - ends[0]);
        q = ends[2] + s * (ends[3] - ends[2]);
        out.push(json!({
            "lambda": of_k(lambda),
            "claim": of_k(claim),
            "point": of_ks(&point),
            "end": of_k(value(&last)),
            "ends": of_ks(&ends),
            "descend": of_k(s),
            "p": of_k(p),
            "q": of_k(q),
        }));
    }
    (of_ks(&root), out)
}
