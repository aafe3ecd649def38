//! The prover's half of the products: sum over {0,1}^z of eq(tau, x) (a(x) b(x) - c(x)) = 0 (see `tacit_verifier`, products).

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_table, K};
use tacit_transcript::Writer;

use crate::hooks::Hooks;
use tacit_sumcheck::rounds;

/// Dummies, padding, the sumcheck, and the three values in clear. A few hundred triples: plain tables.
pub fn prove<H: Hooks>(
    writer: &mut Writer,
    mut triples: Vec<[K; 3]>,
    rounds: usize,
    hooks: &mut H,
) {
    let [rho1, rho2, rho3] = std::array::from_fn(|_| writer.take_pad());
    triples.push([rho1, K::ZERO, K::ZERO]);
    triples.push([K::ZERO, rho2, K::ZERO]);
    triples.push([rho3, K::ONE, rho3]);
    triples.resize(1 << rounds, [K::ZERO; 3]);
    let tau: Vec<K> = (0..rounds).map(|_| writer.challenge("tau")).collect();
    let mut rows: Vec<[K; 4]> = eq_table(&tau)
        .into_iter()
        .zip(triples)
        .map(|(e, [a, b, c])| [e, a, b, c])
        .collect();
    for _ in 0..rounds {
        let half = rows.len() / 2;
        let (low, high) = rows.split_at(half);
        let mut values = [K::ZERO; 4];
        for (x, y) in low.iter().zip(high) {
            let step: [K; 4] = std::array::from_fn(|i| y[i] - x[i]);
            let mut at = *x;
            for value in &mut values {
                *value += at[0] * (at[1] * at[2] - at[3]);
                at.iter_mut().zip(step).for_each(|(v, s)| *v += s);
            }
        }
        let rho = rounds::send(writer, values);
        for i in 0..half {
            let high = rows[half + i];
            rows[i]
                .iter_mut()
                .zip(high)
                .for_each(|(x, y)| *x += rho * (y - *x));
        }
        rows.truncate(half);
    }
    let [_, a, b, c] = rows[0];
    let ends = hooks.products_end([a, b, c]);
    writer.send_clear("products", &ends);
}
