//! Products of hidden values: all triples (a, b, c) satisfy a b = c.
//!
//! sum over {0,1}^z of eq(tau, x) (a(x) b(x) - c(x)) = 0 with tau drawn after every triple was sent. Three dummy triples
//! (rho1, 0, 0), (0, rho2, 0), (rho3, 1, rho3) of fresh pads make the three values at the end uniform, so they are sent in clear.
//! The prover's half is `tacit_prover::products`.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_table, Affine, K};
use tacit_transcript::Reader;

use crate::claim::{combine, difference, eq_points, pad, Claim, Triple};
use crate::error::{exactly, VerifyError};

/// Labels of the claims on the columns of the triples.
const SIDES: [&str; 3] = ["products a", "products b", "products c"];

/// Appends the four claims of the products.
///
/// # Errors
/// When the argument's bytes run out or are not canonical; `program` for more triples than 2^rounds.
pub(crate) fn verify(
    reader: &mut Reader<'_>,
    mut triples: Vec<Triple>,
    rounds: usize,
    claims: &mut Vec<Claim>,
) -> Result<(), VerifyError> {
    let [rho1, rho2, rho3] = std::array::from_fn(|_| pad(reader.take_pad()));
    let none = Affine::default;
    triples.push(Triple::new(rho1, none(), none()));
    triples.push(Triple::new(none(), rho2, none()));
    triples.push(Triple::new(rho3.clone(), Affine::constant(K::ONE), rho3));
    let tau: Vec<K> = (0..rounds).map(|_| reader.challenge("tau")).collect();
    let (point, claim) = tacit_sumcheck::verify(reader, rounds, &none())?;
    let ends: [K; 3] = exactly("products", reader.clear("products", 3)?)?;
    let [a, b, c] = ends;
    // Missing triples up to 2^z are (0, 0, 0): they add nothing to any sum below.
    let last = Affine::constant(eq_points("products", &tau, &point)? * (a * b - c));
    claims.push(Claim::new("products", difference(&claim, &last)));
    let eq = eq_table(&point);
    if triples.len() > eq.len() {
        let expected = format!("at most {} triples", eq.len());
        return Err(VerifyError::mismatch("products", expected, triples.len()));
    }
    let columns: [fn(&Triple) -> &Affine; 3] = [|t| &t.0[0], |t| &t.0[1], |t| &t.0[2]];
    for ((label, end), column) in SIDES.into_iter().zip(ends).zip(columns) {
        let column = triples.iter().map(column);
        let mut sum = combine(eq.iter().copied().zip(column));
        sum.constant -= end;
        claims.push(Claim::new(label, sum));
    }
    Ok(())
}
