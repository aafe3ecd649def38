//! Vectors of K elements side by side: `PK` holds W of them (SIMD lanes), K itself is the vector of one.

use p3_field::extension::PackedCubicTrinomialExtensionField;
use p3_field::{Algebra, BasedVectorSpace, Field, PackedFieldExtension, PackedValue};
use tacit_algebra::{F, K};

/// W base elements.
pub type PF = <F as Field>::Packing;
/// W extension elements, limbs apart.
pub type PK = PackedCubicTrinomialExtensionField<F, PF>;
/// Lanes of a packed vector, a power of two.
pub const W: usize = <PF as PackedValue>::WIDTH;

/// What the inner loops need of a vector.
pub trait Lanes: Algebra<K> + Copy + Send + Sync + 'static {
    const WIDTH: usize;

    /// The sum of lane * weight.
    fn dot(self, weights: Self) -> K;
}

impl Lanes for K {
    const WIDTH: usize = 1;

    #[inline]
    fn dot(self, weights: Self) -> K {
        self * weights
    }
}

impl Lanes for PK {
    const WIDTH: usize = W;

    #[inline]
    fn dot(self, weights: Self) -> K {
        let product = self * weights;
        (0..W).map(|lane| product.extract(lane)).sum()
    }
}

/// W consecutive elements as one vector.
#[inline]
pub fn pack(values: &[K]) -> PK {
    PK::from_ext_slice(values)
}

/// The elements at even and at odd places of the 2 W elements of (a, b).
#[inline]
pub fn split_pairs(a: PK, b: PK) -> (PK, PK) {
    let (a, b): (&[PF], &[PF]) = (
        a.as_basis_coefficients_slice(),
        b.as_basis_coefficients_slice(),
    );
    let pick = |limb: usize, odd: usize| {
        PF::from_fn(|lane| {
            let i = 2 * lane + odd;
            if i < W {
                a[limb].as_slice()[i]
            } else {
                b[limb].as_slice()[i - W]
            }
        })
    };
    let part = |odd| PK::from_basis_coefficients_fn(|limb| pick(limb, odd));
    (part(0), part(1))
}

/// The lanes of a vector.
pub fn lanes(v: PK) -> Vec<K> {
    (0..W).map(|lane| v.extract(lane)).collect()
}
