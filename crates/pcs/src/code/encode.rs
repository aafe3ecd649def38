//! Reed-Solomon code words (docs/protocol/protocol.md, section 4): the values of a column's polynomial at x_j = 7 w^j.
//!
//! The domain of N = B m points is cut into B cosets of m points: j = B a + b, x_j = (7 w^b) (w^B)^a. On one coset x^m is
//! constant, so a column of M coefficients is folded to m of them, scaled, and transformed in the cache. A block holds one
//! coset of one column; inside it the point a lies at the bit reversal of a, where a decimation in frequency leaves it.

use crate::code::domain::point;
use crate::code::memory::Bytes;
use crate::vector::wipe;
use p3_field::{
    Field, PackedField, PackedFieldPow2, PackedValue, PrimeCharacteristicRing, PrimeField64,
};
use rayon::prelude::*;
use tacit_algebra::{two_adic, F};

type Packed = <F as Field>::Packing;
const WIDTH: usize = Packed::WIDTH;
/// Transforms of at most this many entries run layer by layer; longer ones are halved first.
const CACHED: usize = 1 << 12;
/// Smallest block (of a code that has so many points); fixed, so that salts do not depend on the machine.
pub const MIN_BLOCK: usize = 8;

/// How the positions of a code lie in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub log_n: u8,
    pub log_m: u8,
}

impl Shape {
    /// For columns of `rows` coefficients: the largest power of two m <= rows, at least MIN_BLOCK, at most N.
    pub fn new(rows: usize, log_n: u8) -> Self {
        let log_m = rows.max(1).ilog2().max(MIN_BLOCK.ilog2()) as u8;
        Self {
            log_n,
            log_m: log_m.min(log_n),
        }
    }

    pub fn n(&self) -> usize {
        1 << self.log_n
    }

    pub fn m(&self) -> usize {
        1 << self.log_m
    }

    /// log2 B.
    pub fn log_b(&self) -> u8 {
        self.log_n - self.log_m
    }

    /// The block and the place in it of position j.
    #[inline]
    pub fn place(&self, j: usize) -> (usize, usize) {
        let a = j >> self.log_b();
        (j & ((1 << self.log_b()) - 1), reverse(a, self.log_m))
    }
}

/// The low `bits` bits of a, reversed.
#[inline]
pub fn reverse(a: usize, bits: u8) -> usize {
    if bits == 0 {
        0
    } else {
        a.reverse_bits() >> (usize::BITS - u32::from(bits))
    }
}

/// The coefficients of one column, in two pieces; zeros follow.
#[derive(Clone, Copy)]
pub struct Column<'a>(pub &'a [F], pub &'a [F]);

/// All code words of one tree.
#[cfg_attr(feature = "testing", derive(Clone))]
pub struct Code {
    pub shape: Shape,
    pub width: usize,
    /// Block b of column c at element (b width + c) m: eight bytes an element, big-endian, as leaves are hashed.
    pub values: Bytes,
}

impl Code {
    /// The row at position j, in column order: eight bytes an element.
    pub fn row(&self, j: usize) -> impl Iterator<Item = &[u8]> + '_ {
        let (b, at) = self.shape.place(j);
        let (m, width) = (self.shape.m(), self.width);
        (0..width).map(move |c| &self.values[8 * ((b * width + c) * m + at)..][..8])
    }
}

/// Encodes `columns`, each of at most N coefficients.
pub fn encode(columns: &[Column], shape: Shape) -> Code {
    let (width, m) = (columns.len(), shape.m());
    let mut values = Bytes::zeroed(8 * width * shape.n());
    let twiddles = twiddles(shape.log_m);
    let rows = columns.iter().map(|c| c.0.len() + c.1.len()).max();
    values
        .par_chunks_exact_mut(8 * width * m)
        .enumerate()
        .for_each(|(b, out)| {
            // The coset's shift x_b: coefficient i counts x_b^i.
            let powers = powers(point(shape.log_n, b), rows.unwrap_or(0));
            let mut block = vec![F::ZERO; m];
            for (column, out) in columns.iter().zip(out.chunks_exact_mut(8 * m)) {
                fill_block(&mut block, *column, &powers);
                transform(&mut block, &twiddles);
                for (x, bytes) in block.iter().zip(out.chunks_exact_mut(8)) {
                    bytes.copy_from_slice(&x.as_canonical_u64().to_be_bytes());
                }
            }
            wipe(&mut block);
        });
    Code {
        shape,
        width,
        values,
    }
}

/// block[i mod m] = sum of powers_i column_i.
fn fill_block(block: &mut [F], column: Column, powers: &[F]) {
    let m = block.len();
    let head = column.0.len().min(m);
    multiply(&mut block[..head], &column.0[..head], powers, false);
    block[head..].fill(F::ZERO);
    let mut at = head;
    for mut rest in [&column.0[head..], column.1] {
        while !rest.is_empty() {
            let start = at % m;
            let (now, later) = rest.split_at(rest.len().min(m - start));
            let out = &mut block[start..start + now.len()];
            multiply(out, now, &powers[at..], true);
            at += now.len();
            rest = later;
        }
    }
}

/// out_i = (out_i if add) + powers_i input_i.
fn multiply(out: &mut [F], input: &[F], powers: &[F], add: bool) {
    let cut = out.len() - out.len() % WIDTH;
    let (head, tail) = out.split_at_mut(cut);
    let x = Packed::pack_slice(&input[..cut]);
    let p = Packed::pack_slice(&powers[..cut]);
    for ((o, x), p) in Packed::pack_slice_mut(head).iter_mut().zip(x).zip(p) {
        let y = *x * *p;
        *o = if add { *o + y } else { y };
    }
    for ((o, x), p) in tail.iter_mut().zip(&input[cut..]).zip(&powers[cut..]) {
        let y = *x * *p;
        *o = if add { *o + y } else { y };
    }
}

/// 1, x, x^2, ..: n of them.
fn powers(x: F, n: usize) -> Vec<F> {
    let mut out = vec![F::ZERO; n.next_multiple_of(WIDTH)];
    let all = Packed::packed_powers(x);
    for (o, p) in Packed::pack_slice_mut(&mut out).iter_mut().zip(all) {
        *o = p;
    }
    out
}

/// Level k: the powers of a root of order 2^(k+1), 2^k of them.
fn twiddles(log_m: u8) -> Vec<Vec<F>> {
    let mut out: Vec<Vec<F>> = Vec::with_capacity(usize::from(log_m));
    if log_m > 0 {
        let root = two_adic(log_m);
        let mut longest = powers(root, 1 << (log_m - 1));
        longest.truncate(1 << (log_m - 1));
        out.push(longest);
        for _ in 1..log_m {
            let half = out[out.len() - 1].iter().step_by(2).copied().collect();
            out.push(half);
        }
        out.reverse();
    }
    out
}

/// Decimation in frequency: natural order in, bit-reversed out.
fn transform(x: &mut [F], twiddles: &[Vec<F>]) {
    let log = x.len().ilog2() as usize;
    if x.len() > CACHED {
        layer(x, &twiddles[log - 1]);
        let (low, high) = x.split_at_mut(x.len() / 2);
        transform(low, twiddles);
        transform(high, twiddles);
        return;
    }
    if x.len() < 2 * WIDTH || WIDTH == 1 {
        for k in (0..log).rev() {
            for pair in x.chunks_exact_mut(2 << k) {
                scalar_layer(pair, &twiddles[k]);
            }
        }
        return;
    }
    let narrow = WIDTH.ilog2() as usize;
    let mut k = log;
    while k >= narrow + 2 {
        k -= 2;
        for quad in x.chunks_exact_mut(4 << k) {
            two_layers(quad, &twiddles[k + 1], &twiddles[k]);
        }
    }
    if k > narrow {
        for pair in x.chunks_exact_mut(2 * WIDTH) {
            layer(pair, &twiddles[narrow]);
        }
    }
    narrow_layers(x, twiddles);
}

fn scalar_layer(x: &mut [F], twiddles: &[F]) {
    let (low, high) = x.split_at_mut(twiddles.len());
    for ((a, b), w) in low.iter_mut().zip(high).zip(twiddles) {
        (*a, *b) = (*a + *b, (*a - *b) * *w);
    }
}

/// (a, b) -> (a + b, (a - b) w^i) over both halves; each half is whole vectors, or the code is tiny.
fn layer(x: &mut [F], twiddles: &[F]) {
    let (low, high) = x.split_at_mut(twiddles.len());
    let (low, high) = (Packed::pack_slice_mut(low), Packed::pack_slice_mut(high));
    for ((a, b), w) in low.iter_mut().zip(high).zip(Packed::pack_slice(twiddles)) {
        (*a, *b) = (*a + *b, (*a - *b) * *w);
    }
}

/// Two layers with one load and one store of every entry: `outer` over both halves of x, then `inner` over those of each half.
fn two_layers(x: &mut [F], outer: &[F], inner: &[F]) {
    let quarter = inner.len();
    let (low, high) = x.split_at_mut(2 * quarter);
    let (a, b) = low.split_at_mut(quarter);
    let (c, d) = high.split_at_mut(quarter);
    let (v, w) = outer.split_at(quarter);
    let [v, w, u] = [v, w, inner].map(Packed::pack_slice);
    let [a, b, c, d] = [a, b, c, d].map(Packed::pack_slice_mut);
    let entries = a.iter_mut().zip(b).zip(c.iter_mut().zip(d));
    for (((a, b), (c, d)), ((v, w), u)) in entries.zip(v.iter().zip(w).zip(u)) {
        let (p, q) = (*a + *c, *b + *d);
        let (r, s) = ((*a - *c) * *v, (*b - *d) * *w);
        (*a, *b) = (p + q, (p - q) * *u);
        (*c, *d) = (r + s, (r - s) * *u);
    }
}

/// The layers whose halves are shorter than a vector: two vectors at a time, pairs brought together by interleaving.
fn narrow_layers(x: &mut [F], twiddles: &[Vec<F>]) {
    let narrow = WIDTH.ilog2() as usize;
    let factors: Vec<Packed> = (0..narrow)
        .map(|k| Packed::from_fn(|l| twiddles[k][l & ((1 << k) - 1)]))
        .collect();
    for pair in Packed::pack_slice_mut(x).chunks_exact_mut(2) {
        let (mut p, mut q) = (pair[0], pair[1]);
        for k in (1..narrow).rev() {
            let (a, b) = p.interleave(q, 1 << k);
            (p, q) = (a + b, (a - b) * factors[k]).interleave_back(1 << k);
        }
        // The last layer's only twiddle is 1.
        let (a, b) = p.interleave(q, 1);
        (pair[0], pair[1]) = (a + b, a - b).interleave_back(1);
    }
}

/// Interleaving is its own inverse.
trait InterleaveBack: Sized {
    fn interleave_back(self, block: usize) -> (Packed, Packed);
}

impl InterleaveBack for (Packed, Packed) {
    #[inline]
    fn interleave_back(self, block: usize) -> (Packed, Packed) {
        self.0.interleave(self.1, block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, BLINDING};
    use p3_field::TwoAdicField;
    use tacit_algebra::field::f_from_bytes;

    #[test]
    fn the_domain_is_that_of_the_library() {
        for log in 0..=32 {
            assert_eq!(two_adic(log), F::two_adic_generator(usize::from(log)));
        }
    }

    #[test]
    fn code_words_are_values_of_the_polynomial() {
        for (rows, log_n) in [
            (1, 1),
            (1, 2),
            (3, 3),
            (2, 6),
            (5, 4),
            (12, 6),
            (96, 8),
            (130, 9),
            (64, 7),
            (300, 12),
            (9000, 15),
        ] {
            let mut rng = Stream::new(&[3; 32], BLINDING);
            let mut columns = vec![vec![F::ZERO; rows]; 3];
            columns.iter_mut().for_each(|c| rng.fill(c));
            let cut = [rows / 2, rows, rows - rows / 3];
            let split: Vec<Column> = columns
                .iter()
                .zip(cut)
                .map(|(c, at)| Column(&c[..at], &c[at..]))
                .collect();
            let code = encode(&split, Shape::new(rows, log_n));
            let step = (1usize << log_n).div_ceil(64);
            for j in (0..1 << log_n).step_by(step) {
                let x = point(log_n, j);
                let want: Vec<F> = columns
                    .iter()
                    .map(|c| c.iter().rev().fold(F::ZERO, |acc, &v| acc * x + v))
                    .collect();
                let got: Vec<F> = code
                    .row(j)
                    .map(|b| f_from_bytes(b.try_into().unwrap()).unwrap())
                    .collect();
                assert_eq!(got, want, "{rows} rows, 2^{log_n}, {j}");
            }
        }
    }
}
