//! The lowest layer of the tree, where half of the work is: most numerators are 1 and are never stored.
//!
//! The numerators are a list of segments, each constant (p0 = p1 = c) or stored. Where both halves of a segment are constant,
//! with k(X) = c(X) / lambda,
//!
//! ```text
//! p0 q1 + p1 q0 + lambda q0 q1 = lambda ((q0 + k) (q1 + k) - k^2):
//! ```
//!
//! one product a pair instead of three. Elsewhere the sum is as in any layer. Denominators beyond the stored ones are 1, numerators 0.

use std::ops::Range;

use p3_field::{Field, PrimeCharacteristicRing};
use rayon::prelude::*;
use tacit_algebra::K;
use tacit_transcript::Writer;

use crate::lookup_tree::layer::{above, Layer};
use crate::lookup_tree::state::State;
use tacit_sumcheck::eq_tables::{EqTables, Sums, GRAIN, SERIAL};
use tacit_sumcheck::lanes::{PF, PK};

/// Vectors left at which the layer becomes a plain one.
const PLAIN: usize = 6;

/// Numerators of a range of vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// p0 = p1 = c.
    Constant(K),
    /// In `p` from this place on.
    Stored(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    pub end: usize,
    pub kind: Kind,
}

/// 2^log vectors of pairs of leaves.
#[derive(Clone, Debug)]
pub struct LeafLayer {
    pub log: usize,
    /// (q0, q1) of the first vectors; the others are 1.
    pub q: Vec<[PK; 2]>,
    /// (p0, p1) of the stored segments.
    pub p: Vec<[PK; 2]>,
    /// From 0 on, one after the other; the last one ends at 2^log.
    pub segments: Vec<Segment>,
}

/// Numerators at x, read where they are.
#[derive(Clone, Copy)]
enum Numerators<'a> {
    Constant(PK),
    Stored(&'a [[PK; 2]]),
}

impl Numerators<'_> {
    #[inline(always)]
    fn at(&self, x: usize) -> [PK; 2] {
        match self {
            Self::Constant(c) => [*c; 2],
            Self::Stored(p) => p[x],
        }
    }
}

/// A range of the lower half, and the kinds there and in the upper half.
struct Piece {
    range: Range<usize>,
    low: Kind,
    high: Kind,
}

impl LeafLayer {
    pub fn push(&mut self, len: usize, kind: Kind) {
        let end = self.segments.last().map_or(0, |s| s.end) + len;
        push(&mut self.segments, Segment { end, kind });
    }

    /// The pairs of the layer above.
    pub fn parent(&self) -> Layer<PF> {
        let mut kinds: Vec<(usize, Kind)> = Vec::new();
        let mut start = 0;
        for s in &self.segments {
            kinds.push((start, s.kind));
            start = s.end;
        }
        let fraction = |i: usize| {
            let Some([q0, q1]) = self.q.get(i).copied() else {
                return (PK::ZERO, PK::ONE);
            };
            let p = match kinds[kinds.partition_point(|k| k.0 <= i) - 1] {
                (_, Kind::Constant(c)) if c == K::ONE => q0 + q1,
                (_, Kind::Constant(c)) => (q0 + q1) * PK::splat(c),
                (first, Kind::Stored(at)) => {
                    let [p0, p1] = self.p[at + i - first];
                    p0.mul_add(q1, p1, q0)
                }
            };
            (p, q0 * q1)
        };
        above(self.log - 1, self.q.len().div_ceil(2), fraction)
    }

    /// Proves the layer's sumcheck on the vectors' variables; the scalars' are left to the caller.
    pub fn rounds(mut self, writer: &mut Writer, state: &mut State<'_>) -> Layer<PF> {
        let left = state.left();
        let eq = EqTables::<PF>::new(&left[..self.log]);
        let lanes = PK::pack(&tacit_algebra::eq_table(&left[self.log..]));
        while self.log > PLAIN {
            let (at0, top) = self.sums(&eq, state.lambda, lanes);
            let lambda = state.lambda;
            let rho = state.send(writer, at0, top, || self.at_one(&eq, lambda, lanes));
            self.bind_front(rho);
        }
        let mut layer = self.plain();
        layer.rounds(writer, state, false);
        layer
    }

    /// The layer with all its numerators.
    pub fn plain(self) -> Layer<PF> {
        let mut pairs = Vec::with_capacity(self.q.len());
        let mut start = 0;
        for segment in &self.segments {
            let p = self.numerators(segment.kind);
            let rows = self.q.iter().enumerate().take(segment.end).skip(start);
            pairs.extend(rows.map(|(i, &[q0, q1])| {
                let [p0, p1] = p.at(i - start);
                [p0, p1, q0, q1]
            }));
            start = segment.end;
        }
        Layer {
            log: self.log,
            pairs,
        }
    }

    fn numerators(&self, kind: Kind) -> Numerators<'_> {
        match kind {
            Kind::Constant(c) => Numerators::Constant(PK::splat(c)),
            Kind::Stored(at) => Numerators::Stored(&self.p[at..]),
        }
    }

    #[inline(always)]
    fn denominators(&self, i: usize) -> [PK; 2] {
        self.q.get(i).copied().unwrap_or([PK::ONE; 2])
    }

    /// The lower half cut where either half changes its kind, and where the upper half's denominators end.
    fn pieces(&self) -> Vec<Piece> {
        let half = 1usize << (self.log - 1);
        let mut cuts: Vec<usize> = self
            .segments
            .iter()
            .flat_map(|s| [s.end, s.end.saturating_sub(half)])
            .chain([self.q.len(), self.q.len().saturating_sub(half), half])
            .filter(|&c| c > 0 && c <= half)
            .collect();
        cuts.sort_unstable();
        cuts.dedup();
        let mut start = 0;
        cuts.into_iter()
            .map(|end| {
                let range = std::mem::replace(&mut start, end)..end;
                Piece {
                    low: self.kind(range.start),
                    high: self.kind(half + range.start),
                    range,
                }
            })
            .collect()
    }

    /// The kind at a vector, its storage from there on.
    fn kind(&self, at: usize) -> Kind {
        let i = self.segments.partition_point(|s| s.end <= at);
        let start = i.checked_sub(1).map_or(0, |i| self.segments[i].end);
        match self.segments[i].kind {
            Kind::Stored(first) => Kind::Stored(first + at - start),
            constant => constant,
        }
    }

    /// t(0) and the leading coefficient of t.
    fn sums(&self, eq: &EqTables<PF>, lambda: K, lanes: PK) -> (K, K) {
        let (half, log) = (1usize << (self.log - 1), self.log - 1);
        let inverse = lambda.try_inverse();
        let (mut at0, mut top) = (K::ZERO, K::ZERO);
        for piece in self.pieces() {
            let weight = eq.total(log, piece.range.clone());
            match (piece.low, piece.high, inverse) {
                _ if piece.range.start >= self.q.len() => at0 += lambda * weight,
                (Kind::Constant(low), Kind::Constant(high), Some(inverse)) => {
                    let (k, d) = (low * inverse, (high - low) * inverse);
                    let (u, v) = self.constant(eq, &piece.range, half, (k, d));
                    at0 += lambda * (u.dot(lanes) - k * k * weight);
                    top += lambda * (v.dot(lanes) - d * d * weight);
                }
                _ => {
                    let (u, v) = self.general(eq, &piece, half, lambda);
                    at0 += u.dot(lanes);
                    top += v.dot(lanes);
                }
            }
        }
        (at0, top)
    }

    /// sums of (q0 + k) (q1 + k) and (q0' + d) (q1' + d), ' the difference of the halves.
    fn constant(
        &self,
        eq: &EqTables<PF>,
        range: &Range<usize>,
        half: usize,
        (k, d): (K, K),
    ) -> Sums<PF> {
        let (k, d) = (PK::splat(k), PK::splat(d));
        let low = &self.q[..];
        let high = self.q.get(half..).unwrap_or(&[]);
        let one = |l: [PK; 2], h: [PK; 2]| {
            (
                (l[0] + k) * (l[1] + k),
                (h[0] - l[0] + d) * (h[1] - l[1] + d),
            )
        };
        if range.end <= high.len() {
            eq.sum(self.log - 1, range.clone(), |x| one(low[x], high[x]))
        } else {
            // Pieces are cut where the upper half ends.
            eq.sum(self.log - 1, range.clone(), |x| one(low[x], [PK::ONE; 2]))
        }
    }

    /// sums of (p0 + lambda q0) q1 + p1 q0 and its leading coefficient.
    fn general(&self, eq: &EqTables<PF>, piece: &Piece, half: usize, lambda: K) -> Sums<PF> {
        let (low, high) = (self.numerators(piece.low), self.numerators(piece.high));
        let (first, lambda) = (piece.range.start, PK::splat(lambda));
        eq.sum(self.log - 1, piece.range.clone(), |x| {
            let (p, q) = (low.at(x - first), self.denominators(x));
            let (pp, qq) = (high.at(x - first), self.denominators(half + x));
            let d = [pp[0] - p[0], pp[1] - p[1], qq[0] - q[0], qq[1] - q[1]];
            let at0 = (p[0] + q[0] * lambda).mul_add(q[1], p[1], q[0]);
            (at0, (d[0] + d[2] * lambda).mul_add(d[3], d[1], d[2]))
        })
    }

    /// t(1), summed as it is.
    fn at_one(&self, eq: &EqTables<PF>, lambda: K, lanes: PK) -> K {
        let half = 1usize << (self.log - 1);
        let lambda = PK::splat(lambda);
        let mut sum = PK::ZERO;
        for piece in self.pieces() {
            let (p, first) = (self.numerators(piece.high), piece.range.start);
            let (part, _) = eq.sum(self.log - 1, piece.range, |x| {
                let (p, q) = (p.at(x - first), self.denominators(half + x));
                ((p[0] + q[0] * lambda).mul_add(q[1], p[1], q[0]), PK::ZERO)
            });
            sum += part;
        }
        sum.dot(lanes)
    }

    /// Binds the front variable to rho, in place.
    fn bind_front(&mut self, rho: K) {
        let pieces = self.pieces();
        let mut segments = Vec::with_capacity(pieces.len());
        let step = PK::splat(rho);
        for piece in pieces {
            let kind = self.bind_numerators(&piece, rho, step);
            push(
                &mut segments,
                Segment {
                    end: piece.range.end,
                    kind,
                },
            );
        }
        self.segments = segments;
        let half = 1usize << (self.log - 1);
        let stored = self.q.len().min(half);
        let (low, high) = self.q.split_at_mut(stored);
        let (both, alone) = low.split_at_mut(high.len());
        bind_pairs(both, high, step);
        let ones = vec![[PK::ONE; 2]; GRAIN];
        for chunk in alone.chunks_mut(GRAIN) {
            bind_pairs(chunk, &ones[..chunk.len()], step);
        }
        self.q.truncate(half);
        self.log -= 1;
    }

    /// The numerators of a piece once bound: in the place of the lower half if that is stored, else of the upper half.
    fn bind_numerators(&mut self, piece: &Piece, rho: K, step: PK) -> Kind {
        let n = piece.range.len();
        match (piece.low, piece.high) {
            (Kind::Constant(low), Kind::Constant(high)) => Kind::Constant(low + rho * (high - low)),
            (Kind::Stored(at), Kind::Constant(c)) => {
                let c = PK::splat(c);
                self.p[at..at + n]
                    .iter_mut()
                    .flatten()
                    .for_each(|l| *l += (c - *l) * step);
                Kind::Stored(at)
            }
            (Kind::Constant(c), Kind::Stored(at)) => {
                let c = PK::splat(c);
                self.p[at..at + n]
                    .iter_mut()
                    .flatten()
                    .for_each(|h| *h = c + (*h - c) * step);
                Kind::Stored(at)
            }
            (Kind::Stored(low), Kind::Stored(high)) => {
                let (first, second) = (low.min(high), low.max(high));
                let (head, tail) = self.p.split_at_mut(second);
                let (first, second) = (&mut head[first..first + n], &mut tail[..n]);
                let (l, h) = if low < high {
                    (first, second)
                } else {
                    (second, first)
                };
                bind_pairs(l, h, step);
                Kind::Stored(low)
            }
        }
    }
}

/// l += rho (h - l).
fn bind_pairs(low: &mut [[PK; 2]], high: &[[PK; 2]], rho: PK) {
    let one = |(l, h): (&mut [PK; 2], &[PK; 2])| {
        l[0] += (h[0] - l[0]) * rho;
        l[1] += (h[1] - l[1]) * rho;
    };
    if low.len() < SERIAL * GRAIN {
        low.iter_mut().zip(high).for_each(one);
    } else {
        low.par_iter_mut()
            .zip(high)
            .with_min_len(GRAIN)
            .for_each(one);
    }
}

/// Appends a segment, joined to the one before where it goes on.
fn push(segments: &mut Vec<Segment>, next: Segment) {
    let start = segments.len().checked_sub(2).map_or(0, |i| segments[i].end);
    if let Some(last) = segments.last_mut() {
        let goes_on = match (last.kind, next.kind) {
            (Kind::Constant(a), Kind::Constant(b)) => a == b,
            (Kind::Stored(a), Kind::Stored(b)) => a + (last.end - start) == b,
            _ => false,
        };
        if goes_on {
            last.end = next.end;
            return;
        }
    }
    segments.push(next);
}
