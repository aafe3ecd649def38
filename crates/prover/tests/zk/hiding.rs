//! The exact hiding test. Two sets of cells that agree with every padded message differ by a vector d that every claim sends to
//! zero. The view hides which of them it came from iff noise can make up for every such d: iff every combination of the view in
//! which the noise cancels is, on the cells, a combination of the claims.

use std::collections::{BTreeMap, BTreeSet};

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::k_limbs;
use tacit_algebra::{F, K};

use super::elimination::{eliminate, rank};
use super::record::Run;
use super::view::{claims, folded_weights, values, view, Var};

/// What is taken away from the construction.
pub struct Without<'a> {
    /// Rank-one terms of the blinding form that are left.
    pub terms: usize,
    /// Which blinding cells and mask entries exist.
    pub keep: &'a dyn Fn(Var) -> bool,
    /// What the reader knows, blinding too: somebody's own slabs, or all columns but one.
    pub known: &'a dyn Fn(Var) -> bool,
    /// The one name of a cell that stands in several slabs.
    pub name: &'a dyn Fn(Var) -> Var,
}

impl Default for Without<'_> {
    fn default() -> Self {
        Self {
            terms: usize::MAX,
            keep: &|_| true,
            known: &|_| false,
            name: &|v| v,
        }
    }
}

/// Numbers of a hiding test, and its answer.
#[derive(Debug)]
#[allow(dead_code)]
pub struct Answer {
    pub hides: bool,
    /// Whether the claims leave anything to hide.
    pub secret: bool,
    view: usize,
    noise: usize,
    cells: usize,
    left: usize,
    claims: usize,
    with_claims: usize,
}

/// The forms are those of the real proof: each gives what was sent.
pub fn check_against_messages(run: &Run) {
    let values = values(run);
    assert!(folded_weights(run) == run.record.weights, "W'");
    for shown in view(run, usize::MAX) {
        // Rows behind the blinding are zero in a column.
        let value = |v: &Var| values.get(v).copied().unwrap_or(F::ZERO);
        let predicted: F = shown.terms.iter().map(|(v, w)| *w * value(v)).sum();
        assert_eq!(predicted, shown.sent, "{}", shown.what);
    }
}

/// Whether all runs together hide their cells.
pub fn test(runs: &[Run], without: &Without) -> Answer {
    let r = runs[0].geometry.r();
    let is_noise = |v: &Var| match v {
        Var::Mask { .. } => true,
        Var::Cell { row, .. } => *row >= r,
    };
    // The cells of a public slab are known to everybody.
    let salted = |slab: usize| {
        let mut all = runs.iter().flat_map(|r| &r.slabs);
        all.all(|s| s.id != slab || s.salted)
    };
    let public = |v: &Var| match v {
        Var::Mask { .. } => false,
        Var::Cell { slab, .. } => !salted(*slab) || (without.known)(*v),
    };
    let mut exists: BTreeMap<Var, usize> = BTreeMap::new();
    for run in runs {
        let kept = values(run).into_keys().filter(|v| !public(v));
        let kept = kept.filter(|v| !is_noise(v) || (without.keep)(*v));
        exists.extend(kept.map(|v| ((without.name)(v), 0)));
    }
    // Masks first: their pivots are sparse. Then blinding, then cells.
    let (noise, cells): (Vec<Var>, Vec<Var>) = exists.keys().copied().partition(is_noise);
    for (i, v) in noise.iter().chain(&cells).enumerate() {
        exists.insert(*v, i);
    }
    let width = exists.len();
    let mut rows: Vec<Vec<F>> = Vec::new();
    for run in runs {
        let mut shown = view(run, without.terms);
        shown.sort_by_key(|s| !s.what.starts_with('h'));
        for form in shown {
            let mut row = vec![F::ZERO; width];
            for (v, w) in form.terms {
                if let Some(&i) = exists.get(&(without.name)(v)) {
                    row[i] += w;
                }
            }
            rows.push(row);
        }
    }
    let shown = rows.len();
    let (_, left) = eliminate(rows, noise.len());
    let left: Vec<Vec<F>> = left
        .into_iter()
        .map(|row| row[noise.len()..].to_vec())
        .filter(|row| row.iter().any(|x| *x != F::ZERO))
        .collect();
    let mut forms = Vec::new();
    for form in runs.iter().flat_map(claims) {
        let mut limbs = vec![vec![F::ZERO; cells.len()]; 3];
        for (v, w) in form.into_iter().filter(|(v, _)| !public(v)) {
            for (row, x) in limbs.iter_mut().zip(k_limbs(&w)) {
                row[exists[&(without.name)(v)] - noise.len()] += x;
            }
        }
        forms.extend(limbs);
    }
    let claimed = rank(forms.clone(), cells.len());
    let count = left.len();
    let with_claims = rank([forms, left].concat(), cells.len());
    Answer {
        hides: with_claims == claimed,
        secret: claimed < cells.len(),
        view: shown,
        noise: noise.len(),
        cells: cells.len(),
        left: count,
        claims: claimed,
        with_claims,
    }
}

fn with(runs: &[Run], slab: usize) -> impl Iterator<Item = &Run> {
    let holds = move |r: &&Run| r.slabs.iter().any(|s| s.id == slab);
    runs.iter().filter(holds)
}

/// Positions of a slab that these runs open, each once.
pub fn opened(runs: &[Run], slab: usize) -> usize {
    let all = with(runs, slab).flat_map(|r| r.record.positions.clone());
    all.collect::<BTreeSet<usize>>().len()
}

/// Blinding rows of a slab that these runs use up of every column: one for each opened position, 3 (k0 + 1) for each run, with the
/// k0 of that run (docs/protocol/security.md, section 5).
pub fn rows_used(runs: &[Run], slab: usize) -> usize {
    let fold = with(runs, slab).map(|r| 3 * (r.columns.k0 as usize + 1));
    opened(runs, slab) + fold.sum::<usize>()
}

/// Whether one column of each of these slabs hides, all other columns being known: with exactly the rows that are used up, and
/// with one row less in the last of the slabs.
pub fn column_alone(
    runs: &[Run],
    slabs: &[usize],
    column: usize,
    name: &dyn Fn(Var) -> Var,
) -> [Answer; 2] {
    let r = runs[0].geometry.r();
    let rows: BTreeMap<usize, usize> = slabs.iter().map(|&s| (s, rows_used(runs, s))).collect();
    let known = |v: Var| match v {
        Var::Mask { .. } => false,
        Var::Cell {
            slab, column: c, ..
        } => c != column || !rows.contains_key(&slab),
    };
    let last = slabs.last().copied();
    [0, 1].map(|less| {
        let keep = |v: Var| match v {
            Var::Mask { .. } => true,
            Var::Cell { slab, row, .. } => {
                let less = if Some(slab) == last { less } else { 0 };
                row < r + rows.get(&slab).copied().unwrap_or(0) - less
            }
        };
        let without = Without {
            known: &known,
            keep: &keep,
            name,
            ..Without::default()
        };
        test(runs, &without)
    })
}

/// Values that are published beside the proofs, as forms on cells (an element of K each): whether they say nothing of the cells
/// that are no `pad`. Forms that are the same on the same cells are one value.
pub fn published_hide(forms: &[BTreeMap<Var, K>], pad: &dyn Fn(Var) -> bool) -> bool {
    let all: BTreeSet<Var> = forms.iter().flat_map(|f| f.keys().copied()).collect();
    let (pads, cells): (Vec<Var>, Vec<Var>) = all.into_iter().partition(|v| pad(*v));
    let order: BTreeMap<Var, usize> = pads.iter().chain(&cells).copied().zip(0..).collect();
    let mut rows = Vec::new();
    for form in forms {
        let mut limbs = vec![vec![F::ZERO; order.len()]; 3];
        for (v, w) in form {
            for (row, x) in limbs.iter_mut().zip(k_limbs(w)) {
                row[order[v]] += x;
            }
        }
        rows.extend(limbs);
    }
    let (_, left) = eliminate(rows, pads.len());
    left.iter().flatten().all(|x| *x == F::ZERO)
}
