//! The codes after the slabs': the cheapest sequence of folds, by dynamic programming over (bits folded, length of the
//! previous code, levels made).

use std::collections::HashMap;

use crate::cost::{folded_code, grinding, Paths, ELEMENT};
use crate::geometry::MAX_LEVELS;
use crate::johnson::{error_units, Code, UNITS};
use crate::relations::bits;
use crate::Level;

/// Lengths tried for a later code: from twice the rows to this many doublings more.
const RATES: u8 = 6;
/// Widest fold tried (a leaf of 2^fold K elements).
const FOLD_MOST: u8 = 5;

/// Positions that a code needs, each computed once.
pub(crate) struct Codes {
    target: u16,
    known: HashMap<(usize, u8, u8), Option<u16>>,
}

impl Codes {
    pub fn new(target: u16) -> Codes {
        Codes {
            target,
            known: HashMap::new(),
        }
    }

    /// Positions for a code of `rows` over 2^log_domain points after `grind` bits; `None` when it cannot reach the target.
    pub fn queries(&mut self, rows: usize, log_domain: u8, grind: u8) -> Option<u16> {
        let target = self.target;
        let find = || {
            let code = Code::new(rows, log_domain, target)?;
            // A code whose proximity error misses the target is of no use, however many positions are drawn.
            let round = error_units(code.exceptional + 2.0 * code.list);
            let sound = round >= i64::from(target) * UNITS;
            sound.then(|| code.queries_for(target, grind)).flatten()
        };
        *self
            .known
            .entry((rows, log_domain, grind))
            .or_insert_with(find)
    }
}

/// Cost in bytes from a state on, and the first level, if it folds at all. `None`: there is no way to the end.
type Tail = Option<(f64, Option<Level>)>;

/// One dynamic programme.
pub(crate) struct FoldPlan<'a> {
    codes: &'a mut Codes,
    paths: &'a mut Paths,
    /// Bytes a second is worth.
    price: f64,
    rows: u32,
    grind: u8,
    /// Kf, the bits to fold in all.
    fold: u8,
    /// By (bits folded, log2 of the previous length, levels made): 32 * 32 * 8 states.
    memo: Vec<Option<Tail>>,
}

impl<'a> FoldPlan<'a> {
    /// For columns of `rows` rows, `grind` bits of grinding and `fold` bits to fold.
    pub fn new(
        codes: &'a mut Codes,
        paths: &'a mut Paths,
        price: f64,
        choice: (u32, u8, u8),
    ) -> FoldPlan<'a> {
        let (rows, grind, fold) = choice;
        FoldPlan {
            codes,
            paths,
            price,
            rows,
            grind,
            fold,
            memo: vec![None; 1 << 13],
        }
    }

    /// The cheapest levels after a first code of 2^log_domain points, and their cost in bytes.
    pub fn best(&mut self, log_domain: u8) -> Option<(f64, Vec<Level>)> {
        let (cost, mut next) = self.tail(0, log_domain, 0)?;
        let (mut levels, mut done) = (Vec::new(), 0);
        while let Some(level) = next {
            levels.push(level);
            done += level.fold;
            next = self
                .tail(done, level.log_domain, levels.len())
                .and_then(|(_, level)| level);
        }
        Some((cost, levels))
    }

    /// The best later codes after `done` bits of fold in `level` levels, the previous code having 2^previous points.
    fn tail(&mut self, done: u8, previous: u8, level: usize) -> Tail {
        if done == self.fold {
            return Some((ELEMENT * f64::from(self.rows >> done), None));
        }
        if level == MAX_LEVELS {
            return None;
        }
        // done <= 24, previous <= 28, level < 8
        let state = (usize::from(done) << 8) | (usize::from(previous) << 3) | level;
        if let Some(known) = self.memo[state] {
            return known;
        }
        let mut best: Tail = None;
        for fold in 1..=FOLD_MOST.min(self.fold - done) {
            let rows = self.rows >> (done + fold);
            let shortest = bits(2 * u64::from(rows)) as u8;
            for log_domain in shortest..=previous.min(shortest + RATES) {
                let Some(t) = self.codes.queries(rows as usize, log_domain, self.grind) else {
                    continue;
                };
                let (seconds, bytes, _) = folded_code(self.paths, fold, log_domain, t);
                let here = bytes + self.price * (seconds + grinding(self.grind));
                if best.is_some_and(|b| here >= b.0) {
                    continue;
                }
                let Some((rest, _)) = self.tail(done + fold, log_domain, level + 1) else {
                    continue;
                };
                if best.is_none_or(|b| here + rest < b.0) {
                    best = Some((
                        here + rest,
                        Some(Level {
                            fold,
                            log_domain,
                            queries: t,
                        }),
                    ));
                }
            }
        }
        self.memo[state] = Some(best);
        best
    }
}
