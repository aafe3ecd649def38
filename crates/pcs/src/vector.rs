//! Vectors over K as three planes of F: limb d of entry i at place i of plane d, so that whole machine words hold one limb.

use p3_field::{BasedVectorSpace, ExtensionField, Field, PackedValue, PrimeCharacteristicRing};
use tacit_algebra::field::{k_limbs, k_new};
use tacit_algebra::{F, K};

type Packed = <F as Field>::Packing;
type PackedK = <K as ExtensionField<F>>::ExtensionPacking;
const WIDTH: usize = Packed::WIDTH;

/// Three planes to read.
#[derive(Clone, Copy)]
pub struct Planes<'a>(pub [&'a [F]; 3]);

/// Three planes to write.
pub struct PlanesMut<'a>(pub [&'a mut [F]; 3]);

/// An owned vector over K.
#[derive(Clone, Default)]
pub struct KVec(pub [Vec<F>; 3]);

#[inline]
fn packed(p: &[&[Packed]; 3], i: usize) -> PackedK {
    PackedK::from_basis_coefficients_fn(|d| p[d][i])
}

#[inline]
fn coefficients(x: &PackedK) -> &[Packed] {
    x.as_basis_coefficients_slice()
}

/// The sum of all lanes.
#[inline]
fn lanes_sum(x: PackedK) -> K {
    let c = coefficients(&x);
    k_new([0, 1, 2].map(|d| c[d].as_slice().iter().copied().sum()))
}

/// a b + c d: each limb is one reduction of six products (u^3 = u + 1).
#[inline(always)]
fn two_products([[a, b], [c, d]]: [[PackedK; 2]; 2]) -> PackedK {
    // What the limbs of the other factor meet in each limb of the product.
    let meet = |b: &PackedK| {
        let b = coefficients(b);
        let (b0, b1, b2) = (b[0], b[1], b[2]);
        let (b02, b12) = (b0 + b2, b1 + b2);
        [[b0, b2, b1], [b1, b02, b12], [b2, b1, b02]]
    };
    let (b, d) = (meet(&b), meet(&d));
    let (a, c) = (coefficients(&a), coefficients(&c));
    let left = [a[0], a[1], a[2], c[0], c[1], c[2]];
    PackedK::from_basis_coefficients_fn(|k| {
        let ([x, y, z], [u, v, w]) = (b[k], d[k]);
        Packed::dot_product(&left, &[x, y, z, u, v, w])
    })
}

/// The sums over i < n of S products f(i).
#[inline(always)]
fn sum_in_pairs<const S: usize>(n: usize, f: impl Fn(usize) -> [[PackedK; 2]; S]) -> [PackedK; S] {
    let mut sums = [PackedK::ZERO; S];
    for i in (0..n - n % 2).step_by(2) {
        let (x, y) = (f(i), f(i + 1));
        for (k, sum) in sums.iter_mut().enumerate() {
            *sum += two_products([x[k], y[k]]);
        }
    }
    if n % 2 == 1 {
        for ([a, b], sum) in f(n - 1).into_iter().zip(&mut sums) {
            *sum += a * b;
        }
    }
    sums
}

/// The sums over i of f_i a_i, limb by limb: one reduction for four products.
#[inline(always)]
fn sum_in_fours(f: &[Packed], x: &[Packed]) -> Packed {
    let (fs, f) = f.as_chunks::<4>();
    let (xs, x) = x.as_chunks::<4>();
    let mut sum = Packed::ZERO;
    for (f, x) in fs.iter().zip(xs) {
        sum += Packed::dot_product(f, x);
    }
    for (f, x) in f.iter().zip(x) {
        sum += *f * *x;
    }
    sum
}

impl<'a> Planes<'a> {
    pub fn len(&self) -> usize {
        self.0[0].len()
    }

    #[inline]
    pub fn get(&self, i: usize) -> K {
        k_new(self.0.map(|p| p[i]))
    }

    pub fn slice(&self, from: usize, to: usize) -> Planes<'a> {
        Planes(self.0.map(|p| &p[from..to]))
    }

    fn split(&self) -> ([&'a [Packed]; 3], Planes<'a>) {
        let cut = self.len() - self.len() % WIDTH;
        (
            self.0.map(|p| Packed::pack_slice(&p[..cut])),
            self.slice(cut, self.len()),
        )
    }

    /// sum a_i b_i.
    ///
    /// # Panics
    /// For vectors of different lengths; so do all that take two.
    pub fn dot(&self, b: Planes) -> K {
        assert_eq!(self.len(), b.len(), "two vectors of one length");
        let ((x, xs), (y, ys)) = (self.split(), b.split());
        let sum = sum_in_pairs(x[0].len(), |i| [[packed(&x, i), packed(&y, i)]]);
        let sum = sum[0];
        let tail: K = (0..xs.len()).map(|i| xs.get(i) * ys.get(i)).sum();
        lanes_sum(sum) + tail
    }

    /// sum f_i a_i for f over F.
    pub fn dot_base(&self, f: &[F]) -> K {
        assert_eq!(self.len(), f.len(), "two vectors of one length");
        let (x, xs) = self.split();
        let (fp, fs) = Packed::pack_slice_with_suffix(f);
        let sum = x.map(|x| sum_in_fours(fp, x));
        let tail: K = fs.iter().enumerate().map(|(i, &f)| xs.get(i) * f).sum();
        let packed = PackedK::from_basis_coefficients_fn(|d| sum[d]);
        lanes_sum(packed) + tail
    }
}

impl PlanesMut<'_> {
    pub fn len(&self) -> usize {
        self.0[0].len()
    }

    #[inline]
    pub fn get(&self, i: usize) -> K {
        k_new([self.0[0][i], self.0[1][i], self.0[2][i]])
    }

    #[inline]
    pub fn set(&mut self, i: usize, x: K) {
        for (p, c) in self.0.iter_mut().zip(k_limbs(&x)) {
            p[i] = c;
        }
    }

    #[inline]
    pub fn add(&mut self, i: usize, x: K) {
        for (p, c) in self.0.iter_mut().zip(k_limbs(&x)) {
            p[i] += c;
        }
    }

    pub fn slice(&mut self, from: usize, to: usize) -> PlanesMut<'_> {
        PlanesMut(self.0.each_mut().map(|p| &mut p[from..to]))
    }

    /// self_i = f(i-th packed self, i) on whole machine words, then entry by entry.
    #[inline]
    fn update(&mut self, wide: impl Fn(PackedK, usize) -> PackedK, narrow: impl Fn(K, usize) -> K) {
        let cut = self.len() - self.len() % WIDTH;
        {
            let [a, b, c] = &mut self.0;
            let a = Packed::pack_slice_mut(&mut a[..cut]);
            let b = Packed::pack_slice_mut(&mut b[..cut]);
            let c = Packed::pack_slice_mut(&mut c[..cut]);
            for i in 0..a.len() {
                let old = PackedK::from_basis_coefficients_fn(|d| [a[i], b[i], c[i]][d]);
                let new = wide(old, i);
                let new = coefficients(&new);
                (a[i], b[i], c[i]) = (new[0], new[1], new[2]);
            }
        }
        for i in cut..self.len() {
            let new = narrow(self.get(i), i);
            self.set(i, new);
        }
    }

    /// self += s b.
    pub fn add_scaled(&mut self, b: Planes, s: K) {
        assert_eq!(self.len(), b.len(), "two vectors of one length");
        let (y, _) = b.split();
        let scale = PackedK::from(s);
        self.update(|x, i| x + packed(&y, i) * scale, |x, i| x + b.get(i) * s);
    }

    /// self += s f for f over F.
    pub fn add_scaled_base(&mut self, f: &[F], s: K) {
        assert_eq!(self.len(), f.len(), "two vectors of one length");
        let (fp, _) = Packed::pack_slice_with_suffix(f);
        let scale = k_limbs(&s).map(Packed::from);
        let product = |i: usize| PackedK::from_basis_coefficients_fn(|d| scale[d] * fp[i]);
        self.update(|x, i| x + product(i), |x, i| x + s * f[i]);
    }

    /// self += r (b - self): the line through self at 0 and b at 1, at r.
    pub fn fold(&mut self, b: Planes, r: K) {
        assert_eq!(self.len(), b.len(), "two vectors of one length");
        let (y, _) = b.split();
        let scale = PackedK::from(r);
        self.update(
            |x, i| x + (packed(&y, i) - x) * scale,
            |x, i| x + (b.get(i) - x) * r,
        );
    }

    /// self = a + r (b - a) for a, b over F.
    pub fn fold_base(&mut self, a: &[F], b: &[F], r: K) {
        assert!(
            self.len() == a.len() && a.len() == b.len(),
            "vectors of one length"
        );
        let (ap, _) = Packed::pack_slice_with_suffix(a);
        let (bp, _) = Packed::pack_slice_with_suffix(b);
        let scale = k_limbs(&r).map(Packed::from);
        let line = |i: usize| {
            let step = bp[i] - ap[i];
            PackedK::from_basis_coefficients_fn(|d| {
                let y = scale[d] * step;
                if d == 0 {
                    y + ap[i]
                } else {
                    y
                }
            })
        };
        self.update(|_, i| line(i), |_, i| r * (b[i] - a[i]) + a[i]);
    }

    /// self *= s.
    pub fn scale(&mut self, s: K) {
        let scale = PackedK::from(s);
        self.update(|x, _| x * scale, |x, _| x * s);
    }

    /// self_i += start base^i.
    pub fn add_powers(&mut self, base: K, start: K) {
        let first: Vec<K> = powers_from(start, base, WIDTH);
        let mut at =
            PackedK::from_basis_coefficients_fn(|d| Packed::from_fn(|l| k_limbs(&first[l])[d]));
        let step = PackedK::from(base.exp_u64(WIDTH as u64));
        let cut = self.len() - self.len() % WIDTH;
        {
            let [a, b, c] = &mut self.0;
            let a = Packed::pack_slice_mut(&mut a[..cut]);
            let b = Packed::pack_slice_mut(&mut b[..cut]);
            let c = Packed::pack_slice_mut(&mut c[..cut]);
            for i in 0..a.len() {
                let now = coefficients(&at);
                a[i] += now[0];
                b[i] += now[1];
                c[i] += now[2];
                at *= step;
            }
        }
        let mut power = start * base.exp_u64(cut as u64);
        for i in cut..self.len() {
            self.add(i, power);
            power *= base;
        }
    }
}

fn powers_from(start: K, base: K, n: usize) -> Vec<K> {
    std::iter::successors(Some(start), |&p| Some(p * base))
        .take(n)
        .collect()
}

impl KVec {
    pub fn zeros(n: usize) -> Self {
        Self([0, 1, 2].map(|_| vec![F::ZERO; n]))
    }

    pub fn from_slice(v: &[K]) -> Self {
        Self([0, 1, 2].map(|d| v.iter().map(|x| k_limbs(x)[d]).collect()))
    }

    pub fn to_vec(&self) -> Vec<K> {
        (0..self.len()).map(|i| self.planes().get(i)).collect()
    }

    pub fn len(&self) -> usize {
        self.0[0].len()
    }

    pub fn planes(&self) -> Planes<'_> {
        Planes(self.0.each_ref().map(|p| &p[..]))
    }

    pub fn planes_mut(&mut self) -> PlanesMut<'_> {
        PlanesMut(self.0.each_mut().map(|p| &mut p[..]))
    }

    /// 1, base, base^2, .. times `start`.
    pub fn powers(base: K, start: K, n: usize) -> Self {
        let mut out = Self::zeros(n);
        out.planes_mut().add_powers(base, start);
        out
    }

    /// Forgets the content.
    pub fn wipe(&mut self) {
        self.0.iter_mut().for_each(|p| wipe(p));
    }
}

/// Overwrites secrets; the compiler must assume that the zeros are read.
pub fn wipe(x: &mut [F]) {
    x.fill(F::ZERO);
    std::hint::black_box(x);
}

/// sum over i of (a_i, 2 b_i - a_i) against the same of W: the values at 0 and 2 of <a + X (b - a), A + X (B - A)>.
pub fn ends(a: Planes, b: Planes, wa: Planes, wb: Planes) -> [K; 2] {
    let lengths = [b, wa, wb].map(|v| v.len());
    assert_eq!(lengths, [a.len(); 3], "four vectors of one length");
    let ((a, at), (b, bt)) = (a.split(), b.split());
    let ((x, xt), (y, yt)) = (wa.split(), wb.split());
    let sums = sum_in_pairs(a[0].len(), |i| {
        let (a, b, x, y) = (packed(&a, i), packed(&b, i), packed(&x, i), packed(&y, i));
        [[a, x], [b + b - a, y + y - x]]
    });
    let mut out = sums.map(lanes_sum);
    for i in 0..at.len() {
        let (a, b, x, y) = (at.get(i), bt.get(i), xt.get(i), yt.get(i));
        out[0] += a * x;
        out[1] += (b + b - a) * (y + y - x);
    }
    out
}

/// The same for a, b over F.
pub fn ends_base(a: &[F], b: &[F], wa: Planes, wb: Planes) -> [K; 2] {
    let lengths = [b.len(), wa.len(), wb.len()];
    assert_eq!(lengths, [a.len(); 3], "four vectors of one length");
    let (ap, at) = Packed::pack_slice_with_suffix(a);
    let (bp, bt) = Packed::pack_slice_with_suffix(b);
    let ((x, xt), (y, yt)) = (wa.split(), wb.split());
    let mut sums = [[Packed::ZERO; 3]; 2];
    for i in 0..ap.len() {
        let two = bp[i] + bp[i] - ap[i];
        for d in 0..3 {
            sums[0][d] += ap[i] * x[d][i];
            sums[1][d] += two * (y[d][i] + y[d][i] - x[d][i]);
        }
    }
    let mut out = sums.map(|s| lanes_sum(PackedK::from_basis_coefficients_fn(|d| s[d])));
    for i in 0..at.len() {
        let (x, y) = (xt.get(i), yt.get(i));
        out[0] += x * at[i];
        out[1] += (y + y - x) * (bt[i] + bt[i] - at[i]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, MASK};

    #[test]
    fn planes_agree_with_entries() {
        let mut rng = Stream::new(&[5; 32], MASK);
        for n in [1, 7, 8, 9, 31, 40] {
            let [a, b, x, y] = [0; 4].map(|_| rng.k_vec(n));
            let [va, vb, vx, vy] = [&a, &b, &x, &y].map(|v| KVec::from_slice(v));
            let [f, g] = [0; 2].map(|_| (0..n).map(|_| rng.next_f()).collect::<Vec<F>>());
            let r = rng.next_k();
            let dot = |u: &[K], v: &[K]| -> K { u.iter().zip(v).map(|(&u, &v)| u * v).sum() };
            let two = |u: &[K], v: &[K]| -> Vec<K> {
                u.iter().zip(v).map(|(&u, &v)| v + v - u).collect()
            };
            assert_eq!(va.planes().dot(vb.planes()), dot(&a, &b));
            let lift = |f: &[F]| -> Vec<K> { f.iter().map(|&x| K::from(x)).collect() };
            assert_eq!(va.planes().dot_base(&f), dot(&a, &lift(&f)));
            let want = [dot(&a, &x), dot(&two(&a, &b), &two(&x, &y))];
            assert_eq!(
                ends(va.planes(), vb.planes(), vx.planes(), vy.planes()),
                want
            );
            let (lf, lg) = (lift(&f), lift(&g));
            let want = [dot(&lf, &x), dot(&two(&lf, &lg), &two(&x, &y))];
            assert_eq!(ends_base(&f, &g, vx.planes(), vy.planes()), want);

            let check = |change: &dyn Fn(&mut PlanesMut), want: &dyn Fn(usize) -> K| {
                let mut v = va.clone();
                change(&mut v.planes_mut());
                assert_eq!(v.to_vec(), (0..n).map(want).collect::<Vec<_>>());
            };
            check(&|v| v.add_scaled(vb.planes(), r), &|i| a[i] + b[i] * r);
            check(&|v| v.add_scaled_base(&f, r), &|i| a[i] + r * f[i]);
            check(&|v| v.fold(vb.planes(), r), &|i| a[i] + r * (b[i] - a[i]));
            check(&|v| v.fold_base(&f, &g, r), &|i| r * (g[i] - f[i]) + f[i]);
            check(&|v| v.scale(r), &|i| a[i] * r);
            check(&|v| v.add_powers(r, x[0]), &|i| {
                a[i] + x[0] * r.exp_u64(i as u64)
            });
        }
    }
}
