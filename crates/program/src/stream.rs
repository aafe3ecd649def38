//! Integers streamed against extension-field weights.

use crate::dense::PARALLEL;
use crate::pack::field;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::K;

/// out[o, c] = sum over f of weights[f] * data[o, f, c], c < inner.
pub(crate) fn sum_rows(data: &[i64], weights: &[K], inner: usize) -> Vec<K> {
    let block = weights.len() * inner;
    let one = |block: &[i64]| -> Vec<K> {
        let mut out = vec![K::ZERO; inner];
        for (row, &w) in block.chunks(inner).zip(weights) {
            out.iter_mut()
                .zip(row)
                .for_each(|(o, &x)| *o += w * field(x));
        }
        out
    };
    if data.len() < PARALLEL {
        return data.chunks(block).flat_map(one).collect();
    }
    data.par_chunks(block).flat_map_iter(one).collect()
}
