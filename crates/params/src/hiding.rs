//! What the blinding of a private slab is worth: how seldom challenges are unlucky for it (docs/protocol/security.md, section 5).

use crate::johnson::{error_units, UNITS};

/// 2^64, above p.
const P_ABOVE: f64 = 18_446_744_073_709_551_616.0;

/// -log2 of hide(n, k) in units of 2^-20 bits, rounded down: n proofs of at most k column rounds, over one slab's life.
///
/// ```text
/// hide(n, k) = n q / p^2 + (3 (n q)^2 + n q 4^k) / |K|,      q = k + 1
/// ```
///
/// The witness slab of a proof has n = 1.
#[must_use]
pub fn hiding_units(proofs: u32, max_fold: u8) -> i64 {
    let drawn = f64::from(proofs.max(1)) * (f64::from(max_fold) + 1.0);
    let columns = (0..max_fold).fold(1.0, |x: f64, _| x * 4.0);
    // All over |K| = p^3.
    error_units(drawn * P_ABOVE + 3.0 * drawn * drawn + drawn * columns).max(0)
}

/// `hiding_units` in bits.
#[must_use]
pub fn hiding_bits(proofs: u32, max_fold: u8) -> f64 {
    hiding_units(proofs, max_fold) as f64 / UNITS as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::MAX_ROWS;

    #[test]
    fn the_bits_of_usual_budgets() {
        for (proofs, fold, tenths) in [(1, 0, 1279), (65, 5, 1193), (1024, 16, 1139)] {
            let bits = hiding_bits(proofs, fold);
            assert_eq!((bits * 10.0) as u32, tenths, "{proofs} proofs, k0 {fold}");
        }
        assert_eq!(hiding_units(0, 3), hiding_units(1, 3));
        assert_eq!(hiding_units(u32::MAX, u8::MAX), 0, "never below zero");
    }

    /// R + T <= M <= 2^26 and T >= n (t + 3 (k + 1)) with t >= 1: no header that is accepted promises more proofs.
    #[test]
    fn no_header_is_below_103_bits() {
        for fold in 0..=16u8 {
            let one = 1 + 3 * (u32::from(fold) + 1);
            assert!(hiding_units(MAX_ROWS / one, fold) >= 103 * UNITS, "{fold}");
        }
    }
}
