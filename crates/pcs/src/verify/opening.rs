//! The verifier's half of the opening (docs/protocol/protocol.md, section 6). `prove/opening.rs` and `prove/codes.rs` are its mirror.
//!
//! Weights stay factored: the blinding form, bindings and queries are geometric progressions over rows, everything else is
//! bound at the end (`forms/folded.rs`). No work grows with the cells of a slab.

use crate::claims::{Columns, Opened, OpeningClaims};
use crate::code::domain::points;
use crate::error::{pairs, OTHER_LENGTH};
use crate::forms::collapse::{check_scalars, collapse_constant, collapse_powers};
use crate::forms::folded::{final_coefficients, Folded};
use crate::tree::multi_opening::{read_rows, TreeInfo};
use crate::verify::claims::check_claims;
use crate::verify::evaluate::evaluate_many;
use crate::verify::progression::Geometric;
use crate::PcsError;
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_new;
use tacit_algebra::hash::Digest;
use tacit_algebra::{eq_low, F, K};
use tacit_transcript::Reader;

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
    st: &'a OpeningClaims<'a>,
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
pub fn verify_opening(r: &mut Reader, st: &OpeningClaims) -> Result<(), PcsError> {
    let columns = check_claims(st)?;
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
    let last = v.later_codes(r)?;
    v.finish(&last, &scalars)
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
    fn later_codes(&mut self, r: &mut Reader) -> Result<Vec<K>, PcsError> {
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

    /// A += xi o + xi^2 answer_1 + ..., and the same of the coefficients.
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
        let forms = final_coefficients(self.st, &folded, scalars)?;
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
