//! One Reed-Solomon code in the Johnson regime: what it proves, as a pure function of (rows, length, target).
//!
//! Everything is computed with the five correctly rounded operations of binary64 (+ - * / sqrt) in the order written
//! here and in docs/protocol/security.md, and a base-2 logarithm made of them: every implementation gets the same integers.

/// Bits are counted in units of 2^-20.
pub const UNIT_BITS: u32 = 20;
/// One bit in units.
pub const UNITS: i64 = 1 << UNIT_BITS;
/// log2 of the size of K, rounded up; `error_units` takes off what that and all rounding can be worth.
const FIELD_BITS: i64 = 192;
/// Smallest and largest multiplicity considered. The theorem needs at least 3. Above 100 a position gains less than 1/100 of
/// a bit, and the error of a fold grows with the fifth power (docs/adr/0012).
const M_MIN: u32 = 3;
const M_MAX: u32 = 100;
/// The proximity error is kept this many bits below the target when the multiplicity is chosen.
const SLACK_BITS: u16 = 2;

/// A code with its proximity parameters.
///
/// With rho = (rows - 1)/n, s = sqrt(rho), h = m + 1/2: words are "close" when they agree on a share `a = s (1 + 1/m)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Code {
    /// m, the multiplicity of the interpolation behind the theorem.
    pub multiplicity: u32,
    /// Number of exceptional challenges on a line (Theorem 4.6 with M = 1).
    pub exceptional: f64,
    /// Upper bound of the list size at that radius.
    pub list: f64,
    /// What one position proves, in units, rounded down.
    pub query_units: i64,
}

/// floor(2^20 log2 x) up to one unit, for positive normal x: exponent, then 20 squarings of the mantissa.
///
/// Zero and what is too small to be normal have the least value there is. What has no logarithm (negative, not a number) has
/// the largest, as infinity: an error of that size is worth no bit.
#[must_use]
pub fn log2_units(x: f64) -> i64 {
    if !x.is_normal() || x < 0.0 {
        return if (0.0..1.0).contains(&x) {
            -2048 * UNITS
        } else {
            2048 * UNITS
        };
    }
    let raw = x.to_bits();
    let exponent = ((raw >> 52) & 0x7ff) as i64 - 1023;
    let mut mantissa = f64::from_bits((raw & ((1 << 52) - 1)) | (1023 << 52));
    let mut units = exponent;
    for _ in 0..UNIT_BITS {
        mantissa *= mantissa;
        units *= 2;
        if mantissa >= 2.0 {
            mantissa /= 2.0;
            units += 1;
        }
    }
    units
}

/// -log2(count / |K|) in units, rounded down: one unit for the logarithm's floor, one for |K| < 2^192, two for rounding.
#[must_use]
pub fn error_units(count: f64) -> i64 {
    FIELD_BITS * UNITS - 4 - log2_units(count)
}

/// X(m) = (2 h^5 + 3 h d rho) / (3 rho s) * n + h / s, with d = 1 - s (1 + 1/m).
fn exceptional(m: u32, rho: f64, s: f64, n: f64) -> f64 {
    let m = f64::from(m);
    let h = m + 0.5;
    let d = 1.0 - s * (1.0 + 1.0 / m);
    let h2 = h * h;
    let h5 = h2 * h2 * h;
    (2.0 * h5 + 3.0 * h * d * rho) / (3.0 * rho * s) * n + h / s
}

impl Code {
    /// The code of `rows` coefficients over 2^log_domain points, at the largest multiplicity up to 100 whose proximity error
    /// stays two bits below the target. `None` when the theorem has no such code: fewer than two rows, or a rate of 1/2 or more.
    #[must_use]
    pub fn new(rows: usize, log_domain: u8, target: u16) -> Option<Code> {
        if rows < 2 || log_domain > 62 || 2 * (rows as u64 - 1) >= 1u64 << log_domain {
            return None;
        }
        let n = (1u64 << log_domain) as f64;
        let rho = (rows as u64 - 1) as f64 / n;
        let s = rho.sqrt();
        let spare = FIELD_BITS as u16 - SLACK_BITS;
        let limit = if target < spare {
            (0..spare - target).fold(1.0, |x: f64, _| x * 2.0)
        } else {
            0.0
        };
        // X grows with m: the largest m with X(m) <= limit, by bisection.
        let (mut low, mut high) = (M_MIN, M_MAX + 1);
        while high - low > 1 {
            let middle = (low + high) / 2;
            if exceptional(middle, rho, s, n) <= limit {
                low = middle;
            } else {
                high = middle;
            }
        }
        let m = f64::from(low);
        Some(Code {
            multiplicity: low,
            exceptional: exceptional(low, rho, s, n),
            list: (m + 0.5) / (2.0 * s),
            query_units: -log2_units(s * (1.0 + 1.0 / m)) - 3,
        })
    }

    /// Positions needed for `target` bits after `grind` bits of grinding; `None` above 1024.
    #[must_use]
    pub fn queries_for(&self, target: u16, grind: u8) -> Option<u16> {
        let need = (i64::from(target) - i64::from(grind)).max(0) * UNITS;
        if self.query_units <= 0 {
            return None;
        }
        let count = ((need + self.query_units - 1) / self.query_units).max(1);
        u16::try_from(count)
            .ok()
            .filter(|c| *c <= crate::geometry::MAX_QUERIES)
    }
}
