//! Geometry from a target: the cheapest one that is well formed and sound, found by a deterministic search.
//!
//! For every (rows R, grinding g, total fold Kf, length of the slabs' code) the slabs' part is a closed formula; the later
//! codes are an optimal sequence of folds, found by dynamic programming over (bits folded, length of the previous code).

use crate::cost::{first_code, grinding, Columns, Paths, ENTRY, LEAF};
use crate::fold_plan::{Codes, FoldPlan};
use crate::geometry::{MAX_FINAL, MAX_LOG_DOMAIN, MAX_LOG_ROWS, MAX_ROWS};
use crate::relations::{t_blinding, SlabSize, Work};
use crate::{budget, Geometry};

/// What a millisecond of proving is worth in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optimize {
    /// 1 ms = 20 KB.
    Time,
    /// 1 ms = 4 KB.
    Balanced,
    /// 1 ms = 0.5 KB.
    Size,
}

impl Optimize {
    fn bytes_per_second(self) -> f64 {
        match self {
            Optimize::Time => 20e6,
            Optimize::Balanced => 4e6,
            Optimize::Size => 0.5e6,
        }
    }
}

/// A geometry and the fold its slabs' blinding has to be made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// The geometry.
    pub geometry: Geometry,
    /// The header's max_fold: the largest k0 among the works.
    pub max_fold: u8,
}

/// Why there is no geometry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeriveError {
    #[error("no program is given")]
    NoWork,
    #[error("a private slab has a budget of 0 proofs")]
    NoProofs,
    #[error("no geometry within the limits reaches {target} bits for these sizes")]
    None { target: u16 },
}

/// Seconds of committing count by their share of one proof; a public slab is taken to serve this many.
const PUBLIC_PROOFS: f64 = 64.0;
/// Lengths tried for a code: from twice the rows to this many doublings more.
const RATES: u8 = 9;
/// Share of the cheapest later codes seen that any later codes are expected to cost.
const TAIL_SHARE: f64 = 0.7;
/// Grinding of the first pass, and the most of the second.
const GRIND_FIRST: u8 = 16;
const GRIND_MOST: u8 = 20;

/// Kinds of proofs over the same slabs: a program's, and those of its slabs' validity and rotations.
#[derive(Clone, Copy, Debug)]
pub struct Works<'a> {
    /// Every work is taken to open all of them (a validity program opens one, which only asks for less).
    pub slabs: &'a [SlabSize],
    pub works: &'a [Work],
}

/// As [`derive_all`] for works over the same slabs.
///
/// # Errors
/// As there.
pub fn derive(
    slabs: &[SlabSize],
    works: &[Work],
    target: u16,
    optimize: Optimize,
) -> Result<Derived, DeriveError> {
    derive_all(&[Works { slabs, works }], target, optimize)
}

/// The cheapest geometry for the very first work that is sound for all works, each over its own slabs. Deterministic.
///
/// # Errors
/// No work, a private slab without proofs, or no geometry within the limits.
pub fn derive_all(
    all: &[Works<'_>],
    target: u16,
    optimize: Optimize,
) -> Result<Derived, DeriveError> {
    let first = all.first().ok_or(DeriveError::NoWork)?;
    if all.iter().any(|w| w.works.is_empty()) {
        return Err(DeriveError::NoWork);
    }
    let mut slabs = all.iter().flat_map(|w| w.slabs);
    if slabs.any(|s| s.private && s.proofs == 0) {
        return Err(DeriveError::NoProofs);
    }
    let mut search = Search {
        all,
        slabs: first.slabs,
        target,
        price: optimize.bytes_per_second(),
        codes: Codes::new(target),
        paths: Paths::default(),
        candidates: Vec::new(),
        least_tail: f64::INFINITY,
        best: None,
    };
    for log_rows in 1..=MAX_LOG_ROWS {
        search.gather(log_rows, GRIND_FIRST, 0..=log_rows);
    }
    search.settle();
    // Second pass: other grinding, near the geometry found.
    let (center, folds) = search
        .best
        .as_ref()
        .map_or((12, 8), |b| (b.geometry.log_rows, b.geometry.fold_bits()));
    for grind in (0..=GRIND_MOST).rev().filter(|g| *g != GRIND_FIRST) {
        for log_rows in center.saturating_sub(1).max(1)..=(center + 1).min(MAX_LOG_ROWS) {
            search.gather(
                log_rows,
                grind,
                folds.saturating_sub(1)..=(folds + 1).min(log_rows),
            );
        }
    }
    search.settle();
    search
        .best
        .map(|b| Derived {
            geometry: b.geometry,
            max_fold: b.max_fold,
        })
        .ok_or(DeriveError::None { target })
}

struct Best {
    cost: f64,
    geometry: Geometry,
    max_fold: u8,
}

/// A first code whose later ones are not chosen yet.
struct Candidate {
    /// Bytes, and seconds at their price, without the later codes.
    first: f64,
    log_rows: u8,
    rows: u32,
    log_domain: u8,
    queries: u16,
    grind: u8,
    fold: u8,
    max_fold: u8,
}

struct Search<'a> {
    all: &'a [Works<'a>],
    /// Those of the work whose cost decides.
    slabs: &'a [SlabSize],
    target: u16,
    /// Bytes a second is worth.
    price: f64,
    codes: Codes,
    paths: Paths,
    candidates: Vec<Candidate>,
    /// Cost of the cheapest later codes seen.
    least_tail: f64,
    best: Option<Best>,
}

impl Search<'_> {
    /// Every first code with this R and grinding.
    fn gather(&mut self, log_rows: u8, grind: u8, folds: std::ops::RangeInclusive<u8>) {
        let of = |w: &Works<'_>| {
            let each = w.works.iter();
            each.map(|work| Columns::new(log_rows, w.slabs, work))
                .collect::<Vec<_>>()
        };
        let sets: Vec<Columns> = self.all.iter().flat_map(of).collect();
        let k0 = sets.iter().map(Columns::k0).max().unwrap_or(0);
        // The header allows a fold of at most 16 rounds.
        if k0 > 16 {
            return;
        }
        for fold in folds.filter(|f| *f >= 1) {
            for log_domain in log_rows + 2..=(log_rows + 2 + RATES).min(MAX_LOG_DOMAIN) {
                let Some((rows, queries)) = self.fit(log_rows, grind, fold, log_domain, k0) else {
                    continue;
                };
                let (seconds, bytes, _) = first_code(
                    &sets[0],
                    &mut self.paths,
                    rows as usize,
                    log_domain,
                    queries,
                );
                let seconds = seconds + grinding(grind) + self.commit_seconds(&sets[0], log_domain);
                let first = bytes + self.price * seconds;
                let max_fold = k0 as u8;
                self.candidates.push(Candidate {
                    first,
                    log_rows,
                    rows,
                    log_domain,
                    queries,
                    grind,
                    fold,
                    max_fold,
                });
            }
        }
    }

    /// Completes the gathered first codes, cheapest first, until none can be expected to beat the best geometry: later
    /// codes cost at least `TAIL_SHARE` of the cheapest ones seen (a rule of thumb, it only ends the search early).
    fn settle(&mut self) {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.sort_by(|a, b| a.first.total_cmp(&b.first));
        for c in &candidates {
            let floor = if self.least_tail.is_finite() {
                TAIL_SHARE * self.least_tail
            } else {
                0.0
            };
            if self
                .best
                .as_ref()
                .is_some_and(|b| c.first + floor >= b.cost)
            {
                break;
            }
            self.complete(c);
        }
    }

    /// M and t for these choices: M = R + max T rounded up to 2^Kf, t for the rate that gives; the smallest fixed point.
    fn fit(
        &mut self,
        log_rows: u8,
        grind: u8,
        fold: u8,
        log_domain: u8,
        k0: u32,
    ) -> Option<(u32, u16)> {
        let data = 1u64 << log_rows;
        let step = 1u64 << fold;
        let mut rows = data + step;
        for _ in 0..64 {
            if rows > u64::from(MAX_ROWS)
                || 2 * rows > 1 << log_domain
                || rows >> fold > u64::from(MAX_FINAL)
            {
                return None;
            }
            let t = self.codes.queries(rows as usize, log_domain, grind)?;
            let need = (data + u64::from(self.blinding(t, k0))).div_ceil(step) * step;
            if need <= rows {
                return Some((rows as u32, t));
            }
            rows = need;
        }
        None
    }

    /// The largest T of any private slab, the witness's among them.
    fn blinding(&self, t: u16, k0: u32) -> u32 {
        let long = self.all.iter().flat_map(|w| w.slabs);
        let long = long.filter(|s| s.private);
        let proofs = long.map(|s| s.proofs).max().unwrap_or(0).max(1);
        t_blinding(proofs, t, k0)
    }

    /// Completes one first code by the best later ones and keeps it when it is the cheapest so far.
    fn complete(&mut self, c: &Candidate) {
        let choice = (c.rows, c.grind, c.fold);
        let mut plan = FoldPlan::new(&mut self.codes, &mut self.paths, self.price, choice);
        let Some((tail, levels)) = plan.best(c.log_domain) else {
            return;
        };
        self.least_tail = self.least_tail.min(tail);
        let cost = c.first + tail;
        if self.best.as_ref().is_some_and(|b| cost >= b.cost) {
            return;
        }
        let geometry = Geometry {
            target: self.target,
            log_rows: c.log_rows,
            rows: c.rows,
            log_domain: c.log_domain,
            queries: c.queries,
            grind: c.grind,
            levels,
        };
        if self.sound(&geometry) {
            self.best = Some(Best {
                cost,
                geometry,
                max_fold: c.max_fold,
            });
        }
    }

    /// A proof's share of the long-lived slabs' commitments.
    fn commit_seconds(&self, columns: &Columns, log_domain: u8) -> f64 {
        let n = (1u64 << log_domain) as f64;
        let share = |s: &SlabSize| {
            1.0 / if s.private {
                f64::from(s.proofs)
            } else {
                PUBLIC_PROOFS
            }
        };
        self.slabs
            .iter()
            .zip(&columns.slabs)
            .map(|(s, (c, _))| share(s) * n * (*c as f64 * ENTRY + LEAF))
            .sum()
    }

    /// Well formed, and every work reaches the target.
    fn sound(&self, geometry: &Geometry) -> bool {
        geometry.check_well_formed().is_ok()
            && self.all.iter().all(|w| {
                w.works.iter().all(|work| {
                    let shape = work.relations.shape(geometry, w.slabs, work.witness_cells);
                    budget(geometry, &shape).reaches(self.target)
                })
            })
    }
}
