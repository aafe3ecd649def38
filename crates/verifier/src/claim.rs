//! What a proof leaves to be opened: affine values that must be zero, and triples whose product must hold.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{Affine, K};

use crate::error::VerifyError;

/// An affine value of the committed cells that must be 0, and what it says.
#[derive(Debug, Clone)]
#[must_use = "a claim that nobody opens proves nothing"]
pub struct Claim {
    pub label: String,
    pub affine: Affine,
}

impl Claim {
    pub fn new(label: impl Into<String>, affine: Affine) -> Self {
        Self {
            label: label.into(),
            affine,
        }
    }
}

/// (a, b, c) with a * b = c, each affine in the pads.
#[derive(Debug, Clone)]
#[must_use = "a triple that nobody proves is only a promise"]
pub struct Triple(pub [Affine; 3]);

impl Triple {
    pub fn new(a: Affine, b: Affine, c: Affine) -> Self {
        Self([a, b, c])
    }
}

/// sum of c_i * x_i, in one sort instead of a merge a term.
pub(crate) fn combine<'a>(parts: impl IntoIterator<Item = (K, &'a Affine)>) -> Affine {
    let mut out = Affine::default();
    let mut pads: Vec<(u32, K)> = Vec::new();
    for (c, x) in parts {
        out.constant += c * x.constant;
        pads.extend(x.pads.iter().map(|&(pad, w)| (pad, c * w)));
        out.forms
            .extend(x.forms.iter().map(|form| tacit_algebra::ProductForm {
                scale: form.scale * c,
                ..form.clone()
            }));
    }
    pads.sort_by_key(|&(pad, _)| pad);
    for (pad, w) in pads {
        match out.pads.last_mut() {
            Some(last) if last.0 == pad => last.1 += w,
            _ => out.pads.push((pad, w)),
        }
    }
    out
}

/// a - b.
pub(crate) fn difference(a: &Affine, b: &Affine) -> Affine {
    combine([(K::ONE, a), (K::NEG_ONE, b)])
}

/// a + s (b - a): the line through a (at 0) and b (at 1).
pub(crate) fn line(a: &Affine, b: &Affine, s: K) -> Affine {
    combine([(K::ONE - s, a), (s, b)])
}

/// eq(a, b) of two points with as many coordinates each.
///
/// # Errors
/// `program` when they have not.
pub(crate) fn eq_points(place: &str, a: &[K], b: &[K]) -> Result<K, VerifyError> {
    if a.len() == b.len() {
        return Ok(tacit_algebra::eq(a, b));
    }
    let expected = format!("a point of {} coordinates", a.len());
    Err(VerifyError::mismatch(place, expected, b.len()))
}

/// A value that is nothing but pad number `pad`.
pub(crate) fn pad(pad: u32) -> Affine {
    Affine::padded(K::ZERO, pad)
}
