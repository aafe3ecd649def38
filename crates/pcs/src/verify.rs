//! The verifier's half of the opening (docs/protocol/protocol.md, section 6). `open.rs` and `levels.rs` are its mirror.
//!
//! Weights stay factored: the blinding form, bindings and queries are geometric progressions over rows, everything else is
//! bound at the end (`forms.rs`). No work grows with the cells of a slab.

use crate::code::points;
use crate::error::{pairs, OTHER_LENGTH};
use crate::forms::{check_entries, final_weights, Folded};
use crate::multi_opening::{read_rows, TreeInfo};
use crate::statement::{Columns, Opened, Statement};
use crate::vector::evaluate_many;
use crate::weights::{check_scalars, collapse_constant, collapse_powers};
use crate::PcsError;
use p3_field::PrimeCharacteristicRing;
use std::ops::Mul;
use tacit_algebra::field::k_new;
use tacit_algebra::hash::Digest;
use tacit_algebra::{eq_low, F, K};
use tacit_transcript::Reader;

/// Row x in first .. end weighs scale base^(x - first).
struct Geometric<B> {
    scale: K,
    base: B,
    first: usize,
    end: usize,
}

impl<B> Geometric<B>
where
    B: Copy + Mul<Output = B>,
    K: Mul<B, Output = K>,
{
    /// Rows 2i and 2i + 1 fold to scale (1 - r + r base) (base^2)^(i - first / 2): first and end are even.
    fn fold(&mut self, r: K) {
        self.scale *= K::ONE - r + r * self.base;
        self.base = self.base * self.base;
        self.first /= 2;
        self.end /= 2;
    }
}

impl Geometric<K> {
    /// sum over its rows of weight * v; `None` where v has not all of them.
    fn dot(&self, v: &[K]) -> Option<K> {
        let rows = v.get(self.first..self.end)?.iter().rev();
        Some(self.scale * rows.fold(K::ZERO, |acc, &c| acc * self.base + c))
    }
}

/// The quadratic with values s0, s1, s2 at 0, 1, 2, at x: s0 + x d1 + x (x - 1) / 2 d2 by its differences.
fn quadratic(s0: K, s1: K, s2: K, x: K) -> K {
    let (d1, d2) = (s1 - s0, s2 - s1 - s1 + s0);
    s0 + x * d1 + (x * (x - K::ONE) * d2).halve()
}

/// s0, s2 = clear(kind, 2), then the challenge and A's next value.
fn round(r: &mut Reader, kind: &'static str, claim: &mut K) -> Result<K, PcsError> {
    let [s0, s2] = values(r, kind)?;
    let x = r.challenge(kind);
    *claim = quadratic(s0, *claim - s0, s2, x);
    Ok(x)
}

/// A message of N values.
fn values<const N: usize>(r: &mut Reader, kind: &'static str) -> Result<[K; N], PcsError> {
    let wrong = |_| OTHER_LENGTH;
    r.clear(kind, N)?.try_into().map_err(wrong)
}

fn one(r: &mut Reader, kind: &'static str) -> Result<K, PcsError> {
    let [value] = values(r, kind)?;
    Ok(value)
}

/// Everything that is known between messages.
struct Verifier<'a> {
    st: &'a Statement<'a>,
    columns: Columns,
    /// <h, W'> of the current vector.
    claim: K,
    rho: Vec<K>,
    mask: K,
    /// Challenges of the folds so far; those of the last level made the current previous code's row combination.
    low: Vec<K>,
    in_k: Vec<Geometric<K>>,
    in_f: Vec<Geometric<F>>,
}

/// Verifies every claim and binding of `st`. The caller then asks the reader whether the argument ends here.
///
/// # Errors
/// `truncated`, `non_canonical`, `grinding`, `merkle`, `last_query`, `final_claim`; `geometry`, `program` and `encoding` for a
/// statement that fits no slab.
pub fn verify_opening(r: &mut Reader, st: &Statement) -> Result<(), PcsError> {
    let columns = check_statement(st)?;
    let lams = r.sponge.challenges("blinding", st.blinding_rank());
    let mus = r.sponge.challenges("blinding", st.blinding_rank());
    let s = one(r, "S")?;
    let sigma = r.challenge("collapse");
    let scalars = collapse_powers(st, sigma);
    let mut v = Verifier {
        st,
        columns,
        claim: sigma * s - collapse_constant(st, &scalars)?,
        rho: Vec::new(),
        mask: K::ZERO,
        low: Vec::new(),
        in_k: Vec::new(),
        in_f: Vec::new(),
    };
    for _ in 0..st.k0 {
        let x = round(r, "columns", &mut v.claim)?;
        v.rho.push(x);
    }
    v.rank_one(sigma, &lams, &mus, &scalars)?;
    let mu = one(r, "mu")?;
    v.mask = r.challenge("mask");
    v.claim = mu + v.mask * v.claim;
    let last = v.levels(r)?;
    v.finish(&last, &scalars)
}

fn check_statement(st: &Statement) -> Result<Columns, PcsError> {
    st.geometry.check_well_formed()?;
    let bad = |reason| PcsError::Statement {
        claim: st.claims.len(),
        reason,
    };
    // 2^16 columns are 2^16 elements a row; a well-formed program has far fewer.
    let total: u64 = st.opened.iter().map(|o| u64::from(o.columns)).sum();
    if total == 0 || total > 1 << 16 || st.opened.iter().any(|o| o.columns == 0) {
        return Err(bad(
            "between 1 and 2^16 columns are needed, some in every slab",
        ));
    }
    let columns = Columns::new(st.opened.iter().map(|o| o.columns).collect());
    if columns.k0 != st.k0 {
        return Err(bad("k0 is not bits(number of columns)"));
    }
    let cells = |s: usize| {
        columns
            .columns
            .get(s)
            .map(|&c| c as usize * st.geometry.r())
    };
    let pads = st.claims.iter().flat_map(|c| &c.pads);
    let pads = pads.map(|p| p.0 as usize + 1).max().unwrap_or(0);
    let pad_end = st.pad_base.checked_add(3 * pads);
    if pad_end.is_none_or(|end| cells(columns.columns.len() - 1).is_none_or(|w| end > w)) {
        return Err(bad("a pad lies outside the witness slab"));
    }
    for b in &st.bindings {
        let end = b.pad_cell.checked_add(3);
        if cells(b.slab) != Some(b.cells) || end.is_none_or(|e| e > b.cells) {
            return Err(bad("a binding does not fit its slab"));
        }
    }
    check_entries(st)?;
    Ok(columns)
}

impl Verifier<'_> {
    /// What the blinding form and the bindings weigh after the column fold.
    fn rank_one(&mut self, sigma: K, lams: &[K], mus: &[K], scalars: &[K]) -> Result<(), PcsError> {
        let (r, m) = (self.st.geometry.r(), self.st.geometry.m());
        for (&lam, &mu) in pairs(lams, mus)? {
            // sum over all 2^k0 columns of eq_low(rho, c) lam^c = prod_i (1 - rho_i + rho_i lam^(2^i)).
            let (mut scale, mut power) = (sigma * mu, lam);
            for &x in &self.rho {
                scale *= K::ONE - x + x * power;
                power *= power;
            }
            self.in_k.push(Geometric {
                scale,
                base: mu,
                first: r,
                end: m,
            });
        }
        let claims = self.st.claims.len();
        let bad = |reason| PcsError::Statement {
            claim: claims,
            reason,
        };
        check_scalars(self.st, scalars)?;
        for (b, &s) in pairs(&self.st.bindings, &scalars[claims..])? {
            // Cell c R + x weighs z^(c R) z^(x+1).
            let step = b.z.exp_u64(r as u64);
            let first = self.columns.base.get(b.slab).copied();
            let first = first.ok_or_else(|| bad("a binding does not fit its slab"))?;
            let mut power = s * b.z;
            let mut scale = K::ZERO;
            for c in 0..b.cells / r {
                scale += power * eq_low(&self.rho, (first + c) as u64);
                power *= step;
            }
            self.in_k.push(Geometric {
                scale,
                base: b.z,
                first: 0,
                end: r,
            });
        }
        Ok(())
    }

    /// All levels, then the last code's queries; the final vector.
    fn levels(&mut self, r: &mut Reader) -> Result<Vec<K>, PcsError> {
        let g = self.st.geometry;
        let (mut previous, mut queries, mut log) = (None, g.queries, g.log_domain);
        let mut fold = 0;
        for level in &g.levels {
            let root: Digest = r.bytes("root", 32)?.try_into().map_err(|_| OTHER_LENGTH)?;
            let zeta = r.challenge("ood");
            let o = one(r, "ood")?;
            r.check_work(g.grind)?;
            let positions = r.sponge.positions("queries", usize::from(queries), log);
            let answers = self.answers(r, previous.as_ref(), fold, &positions, log)?;
            let xi = r.challenge("batch");
            let rows = self.rows();
            self.batch(zeta, o, &points(log, &positions), &answers, xi, rows)?;
            for _ in 0..level.fold {
                let x = round(r, "fold", &mut self.claim)?;
                self.low.push(x);
                self.in_k.iter_mut().for_each(|t| t.fold(x));
                self.in_f.iter_mut().for_each(|t| t.fold(x));
            }
            fold = usize::from(level.fold);
            (previous, queries, log) = (Some(root), level.queries, level.log_domain);
        }
        let last = r.clear("final", self.rows())?;
        r.check_work(g.grind)?;
        let positions = r.sponge.positions("queries", usize::from(queries), log);
        let answers = self.answers(r, previous.as_ref(), fold, &positions, log)?;
        let folded = evaluate_many(&last, &points(log, &positions));
        for (&position, (answer, folded)) in pairs(&positions, pairs(&answers, &folded)?)? {
            if answer != folded {
                return Err(PcsError::LastQuery { position });
            }
        }
        Ok(last)
    }

    /// Length of the current vector.
    fn rows(&self) -> usize {
        self.st.geometry.m() >> self.low.len()
    }

    /// A += xi o + xi^2 answer_1 + ..., and the same of the weights.
    fn batch(
        &mut self,
        zeta: K,
        o: K,
        points: &[F],
        answers: &[K],
        xi: K,
        rows: usize,
    ) -> Result<(), PcsError> {
        self.claim += xi * o;
        self.in_k.push(Geometric {
            scale: xi,
            base: zeta,
            first: 0,
            end: rows,
        });
        let mut power = xi;
        for (&base, &answer) in pairs(points, answers)? {
            power *= xi;
            self.claim += power * answer;
            self.in_f.push(Geometric {
                scale: power,
                base,
                first: 0,
                end: rows,
            });
        }
        Ok(())
    }

    /// Opens the previous code at the positions; each answer is the value of the current vector's polynomial there.
    fn answers(
        &self,
        r: &mut Reader,
        previous: Option<&Digest>,
        fold: usize,
        positions: &[usize],
        log_n: u8,
    ) -> Result<Vec<K>, PcsError> {
        let Some(root) = previous else {
            return self.slab_answers(r, positions, log_n);
        };
        let tree = TreeInfo {
            number: self.st.opened.len(),
            root,
            width: 3 << fold,
            log_n,
            salted: false,
        };
        let rows = read_rows(r, &tree, positions)?;
        let start = self.low.len().checked_sub(fold);
        let low = start.and_then(|start| self.low.get(start..));
        let low = low.ok_or(OTHER_LENGTH)?;
        let eq: Vec<K> = (0..1u64 << fold).map(|b| eq_low(low, b)).collect();
        let combine = |row: &[F]| {
            let entries = pairs(&eq, row.as_chunks::<3>().0)?;
            Ok(entries.map(|(&e, &c)| e * k_new(c)).sum())
        };
        rows.iter().map(combine).collect()
    }

    /// g(x) + c_m sum over columns of eq_low(rho, c) row_c.
    fn slab_answers(
        &self,
        r: &mut Reader,
        positions: &[usize],
        log_n: u8,
    ) -> Result<Vec<K>, PcsError> {
        let mut out = vec![K::ZERO; positions.len()];
        let mut first = 0;
        for (number, tree) in self.st.opened.iter().enumerate() {
            let witness = number + 1 == self.st.opened.len();
            let Opened {
                root,
                columns,
                salted,
            } = *tree;
            let info = TreeInfo {
                number,
                root,
                width: columns as usize + if witness { 3 } else { 0 },
                log_n,
                salted,
            };
            let rows = read_rows(r, &info, positions)?;
            let eq: Vec<K> = (first..first + u64::from(columns))
                .map(|c| self.mask * eq_low(&self.rho, c))
                .collect();
            for (o, row) in pairs(&mut out, rows.iter())? {
                let split = row.split_at_checked(columns as usize);
                let (cells, g) = split.ok_or(OTHER_LENGTH)?;
                *o += pairs(&eq, cells)?.map(|(&e, &x)| e * x).sum::<K>();
                if witness {
                    *o += k_new(g.try_into().map_err(|_| OTHER_LENGTH)?);
                }
            }
            first += u64::from(columns);
        }
        Ok(out)
    }

    /// sum final_i W'_i = A.
    fn finish(&self, last: &[K], scalars: &[K]) -> Result<(), PcsError> {
        let folded = Folded {
            columns: &self.columns,
            log_rows: u32::from(self.st.geometry.log_rows),
            rho: &self.rho,
            low: &self.low,
            final_len: last.len(),
        };
        let forms = final_weights(self.st, &folded, scalars)?;
        let dense: K = pairs(last, &forms)?.map(|(&v, &w)| v * w).sum();
        let mut in_k = K::ZERO;
        for progression in &self.in_k {
            in_k += progression.dot(last).ok_or(PcsError::FinalClaim)?;
        }
        // Every query's progression runs over all rows.
        let bases: Vec<F> = self.in_f.iter().map(|t| t.base).collect();
        let values = evaluate_many(last, &bases);
        let in_f: K = pairs(&self.in_f, values)?.map(|(t, v)| t.scale * v).sum();
        if dense + in_k + in_f == self.claim {
            Ok(())
        } else {
            Err(PcsError::FinalClaim)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Binding;
    use tacit_algebra::Affine;
    use tacit_params::{Geometry, Level};

    /// What fits is refused at the first message of an empty argument; what does not, before it.
    #[test]
    fn a_statement_that_fits_no_slab_is_refused() {
        let geometry = Geometry {
            target: 1,
            log_rows: 5,
            rows: 48,
            log_domain: 7,
            queries: 1,
            grind: 0,
            levels: vec![Level {
                fold: 2,
                log_domain: 6,
                queries: 1,
            }],
        };
        let root = [0; 32];
        let opened = |columns| Opened {
            root: &root,
            columns,
            salted: false,
        };
        let pads = |numbers: &[u32]| Affine {
            pads: numbers.iter().map(|&n| (n, K::ONE)).collect(),
            ..Affine::default()
        };
        let binding = |slab, pad_cell, cells| Binding {
            slab,
            z: K::ONE,
            z0: K::ONE,
            pad_cell,
            cells,
            y: K::ONE,
        };
        let slug = |columns: &[u32], k0, pad_base, claim: Affine, binding| {
            let st = Statement {
                geometry: &geometry,
                opened: columns.iter().map(|&c| opened(c)).collect(),
                k0,
                pad_base,
                claims: &[claim],
                bindings: vec![binding],
            };
            verify_opening(&mut Reader::new(&[]), &st)
                .unwrap_err()
                .slug()
        };
        // Two columns of 32 cells, then the witness slab of one.
        let (two, fits) = ([2, 1], binding(0, 61, 64));
        assert_eq!(slug(&two, 2, 0, pads(&[9]), fits), "truncated");
        assert_eq!(slug(&two, 2, 5, pads(&[0, 8]), fits), "truncated");
        for (columns, k0, pad_base, claim, bound) in [
            (&two[..], 1, 0, pads(&[9]), fits),
            (&[], 0, 0, pads(&[]), fits),
            (&[2, 0], 1, 0, pads(&[]), fits),
            (&two, 2, 0, pads(&[10]), fits),
            (&two, 2, 6, pads(&[8]), fits),
            // The largest number of a pad, wherever it stands.
            (&two, 2, 0, pads(&[10, 0]), fits),
            (&two, 2, usize::MAX, pads(&[0]), fits),
            (&two, 2, 0, pads(&[]), binding(2, 0, 32)),
            (&two, 2, 0, pads(&[]), binding(0, 0, 32)),
            (&two, 2, 0, pads(&[]), binding(0, 62, 64)),
            (&two, 2, 0, pads(&[]), binding(0, usize::MAX, 64)),
        ] {
            assert_eq!(slug(columns, k0, pad_base, claim, bound), "program");
        }
    }
}
