//! What one proof shows, as linear forms on cells, blinding rows and g, with its challenges fixed.
//!
//! Padded messages are uniform one by one and fix the pads as a function of the data (see `pads.rs`). What is left of the view
//! is S, the messages of the column fold, mu, h (everything after h is a function of h and of public challenges) and the opened
//! rows. Everything is computed here from the page, not from the prover's code, and then compared with what was sent.

use std::collections::BTreeMap;

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::{k_limbs, k_units};
use tacit_algebra::{eq_low, powers, Affine, F, K};
use tacit_pcs::{testing, Binding};

use super::record::{elements, Run};

/// A number that the prover holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Var {
    /// A limb of g's row in the proof whose witness slab has this id.
    Mask {
        witness: usize,
        row: usize,
        limb: usize,
    },
    /// Row `row` (data below R, blinding from R on) of a column.
    Cell {
        slab: usize,
        column: usize,
        row: usize,
    },
}

/// A linear form with the value that was sent for it.
pub struct Shown {
    pub what: String,
    pub terms: Vec<(Var, F)>,
    pub sent: F,
}

/// The weights of an opening before the collapse scalars: claims, then bindings, as forms on (global column, row).
fn forms(run: &Run) -> Vec<BTreeMap<(usize, usize), K>> {
    let claims = run.record.claims.iter().map(|c| claim_form(run, &c.affine));
    let bindings = run.bindings.iter().map(|b| binding_form(run, b));
    claims.chain(bindings).collect()
}

fn place(run: &Run, slab: usize, cell: usize) -> (usize, usize) {
    let r = run.geometry.r();
    (run.columns.base[slab] + cell / r, cell % r)
}

fn claim_form(run: &Run, claim: &Affine) -> BTreeMap<(usize, usize), K> {
    let mut out: BTreeMap<(usize, usize), K> = BTreeMap::new();
    for form in &claim.forms {
        for cell in form.offset..form.offset + (1 << form.block_bits()) {
            *out.entry(place(run, form.slab, cell)).or_default() += form.weight(cell);
        }
    }
    let witness = run.slabs.len() - 1;
    for &(pad, weight) in &claim.pads {
        for (d, unit) in k_units().into_iter().enumerate() {
            let cell = run.pad_base + 3 * pad as usize + d;
            *out.entry(place(run, witness, cell)).or_default() += weight * unit;
        }
    }
    out
}

fn binding_form(run: &Run, b: &Binding) -> BTreeMap<(usize, usize), K> {
    let units = k_units();
    let mut power = K::ONE;
    let weight = |j: usize| {
        power *= b.z;
        let pad = j.checked_sub(b.pad_cell).filter(|&d| d < 3);
        (
            place(run, b.slab, j),
            pad.map_or(power, |d| b.z0 * units[d]),
        )
    };
    (0..b.cells).map(weight).collect()
}

/// The claims of a proof as forms on its cells.
pub fn claims(run: &Run) -> Vec<BTreeMap<Var, K>> {
    let named = |form: BTreeMap<(usize, usize), K>| {
        let cells = form.into_iter().filter(|(_, w)| *w != K::ZERO);
        cells.map(|((c, row), w)| (cell(run, c, row), w)).collect()
    };
    forms(run).into_iter().map(named).collect()
}

fn cell(run: &Run, global: usize, row: usize) -> Var {
    let s = run.columns.base.partition_point(|&b| b <= global) - 1;
    Var::Cell {
        slab: run.slabs[s].id,
        column: global - run.columns.base[s],
        row,
    }
}

/// Challenges of the opening and the weights that follow from them.
struct Weights {
    /// The blinding form alone, [column][row].
    blinding: Vec<Vec<K>>,
    /// W, [column][row].
    all: Vec<Vec<K>>,
    rho: Vec<K>,
    mask: K,
}

fn weights(run: &Run, terms: usize) -> Weights {
    let (r, m) = (run.geometry.r(), run.geometry.m());
    let columns = 1usize << run.columns.k0;
    let drawn = run.record.drawn("blinding");
    let (lams, mus) = drawn.split_at(drawn.len() / 2);
    let sigma = run.record.drawn("collapse")[0];
    let mut blinding = vec![vec![K::ZERO; m]; columns];
    for (&lam, &mu) in lams.iter().zip(mus).take(terms) {
        let (by_column, by_row) = (powers(lam, columns), powers(mu, m - r + 1));
        for (column, &c) in blinding.iter_mut().zip(&by_column) {
            for (w, &x) in column[r..].iter_mut().zip(&by_row[1..]) {
                *w += c * x;
            }
        }
    }
    let mut all = blinding.clone();
    all.iter_mut().flatten().for_each(|w| *w *= sigma);
    let forms = forms(run);
    let scalars = powers(sigma, forms.len() + 2);
    for (form, &scalar) in forms.iter().zip(&scalars[2..]) {
        form.iter()
            .for_each(|(&(c, x), &w)| all[c][x] += scalar * w);
    }
    Weights {
        blinding,
        all,
        rho: run.record.drawn("columns"),
        mask: run.record.drawn("mask")[0],
    }
}

/// W after `i` rounds of the column fold.
fn folded(weights: &Weights, i: usize) -> Vec<Vec<K>> {
    let mut w = weights.all.clone();
    for &rho in &weights.rho[..i] {
        w = w
            .chunks_exact(2)
            .map(|p| {
                p[0].iter()
                    .zip(&p[1])
                    .map(|(&a, &b)| a + rho * (b - a))
                    .collect()
            })
            .collect();
    }
    w
}

/// Collects linear forms limb by limb.
#[derive(Default)]
struct Collector {
    terms: BTreeMap<(String, usize), Vec<(Var, F)>>,
}

impl Collector {
    fn add(&mut self, what: &str, var: Var, weight: K) {
        for (limb, w) in k_limbs(&weight).into_iter().enumerate() {
            self.add_limb(what, limb, var, w);
        }
    }

    fn add_limb(&mut self, what: &str, limb: usize, var: Var, w: F) {
        if w != F::ZERO {
            self.terms
                .entry((what.into(), limb))
                .or_default()
                .push((var, w));
        }
    }
}

/// Every form of the view. `terms` is how many of its rank-one terms the blinding form keeps.
pub fn view(run: &Run, terms: usize) -> Vec<Shown> {
    let w = weights(run, terms);
    let mut out = Collector::default();
    column_messages(run, &w, &mut out);
    masked_vector(run, &w, &mut out);
    let sent = sent(run);
    let shown = out.terms.into_iter().map(|((what, limb), terms)| Shown {
        sent: sent[&(what.clone(), limb)],
        what,
        terms,
    });
    let mut shown: Vec<Shown> = shown.collect();
    shown.extend(opened_rows(run));
    shown
}

/// S and s0, s2 of every round of the column fold.
fn column_messages(run: &Run, w: &Weights, out: &mut Collector) {
    for (c, column) in w.blinding.iter().enumerate().take(run.columns.total()) {
        for (x, &weight) in column.iter().enumerate() {
            out.add("S", cell(run, c, x), weight);
        }
    }
    for i in 0..w.rho.len() {
        let folded = folded(w, i);
        let (s0, s2) = (format!("fold {i} at 0"), format!("fold {i} at 2"));
        for c in 0..run.columns.total() {
            let (j, low) = (c >> i, eq_low(&w.rho[..i], (c & ((1 << i) - 1)) as u64));
            let (even, odd) = (&folded[j & !1], &folded[j | 1]);
            for x in 0..run.geometry.m() {
                // At 2 a pair (v0, v1) is 2 v1 - v0.
                let at_two = odd[x].double() - even[x];
                if j % 2 == 0 {
                    out.add(&s0, cell(run, c, x), low * even[x]);
                    out.add(&s2, cell(run, c, x), -low * at_two);
                } else {
                    out.add(&s2, cell(run, c, x), (low * at_two).double());
                }
            }
        }
    }
}

/// mu = <g, W'> and h = g + c_m f'.
fn masked_vector(run: &Run, w: &Weights, out: &mut Collector) {
    let folded = &folded(w, w.rho.len())[0];
    let witness = run.slabs.last().unwrap().id;
    for (row, &weight) in folded.iter().enumerate() {
        let h = format!("h {row}");
        for (limb, unit) in k_units().into_iter().enumerate() {
            let var = Var::Mask { witness, row, limb };
            out.add("mu", var, weight * unit);
            out.add(&h, var, unit);
        }
        for c in 0..run.columns.total() {
            out.add(&h, cell(run, c, row), w.mask * eq_low(&w.rho, c as u64));
        }
    }
}

fn opened_rows(run: &Run) -> Vec<Shown> {
    let mut out = Vec::new();
    let (m, log) = (run.geometry.m(), run.geometry.log_domain);
    let witness = run.slabs.len() - 1;
    for (s, rows) in run.opened_rows().into_iter().enumerate() {
        for (&position, row) in run.record.positions.iter().zip(&rows) {
            let x = testing::point(log, position);
            let powers: Vec<F> = x.powers().take(m).collect();
            for (c, &sent) in row.iter().enumerate() {
                let var = |row: usize| match c.checked_sub(run.columns.columns[s] as usize) {
                    Some(limb) => Var::Mask {
                        witness: run.slabs[witness].id,
                        row,
                        limb,
                    },
                    None => Var::Cell {
                        slab: run.slabs[s].id,
                        column: c,
                        row,
                    },
                };
                out.push(Shown {
                    what: format!("row {s} {c} at {position}"),
                    terms: powers
                        .iter()
                        .enumerate()
                        .map(|(i, &p)| (var(i), p))
                        .collect(),
                    sent,
                });
            }
        }
    }
    out
}

/// W' as the page has it.
pub fn folded_weights(run: &Run) -> Vec<K> {
    let w = weights(run, usize::MAX);
    folded(&w, w.rho.len()).swap_remove(0)
}

/// What the argument really says for each message in clear.
fn sent(run: &Run) -> BTreeMap<(String, usize), F> {
    let mut out = BTreeMap::new();
    let mut put = |what: String, x: K| {
        for (limb, value) in k_limbs(&x).into_iter().enumerate() {
            out.insert((what.clone(), limb), value);
        }
    };
    // S, the messages of the fold, mu: as they stand in the argument.
    let clear = elements(&run.argument[run.relations..][..24 * (2 + 2 * run.columns.k0 as usize)]);
    put("S".into(), clear[0]);
    put("mu".into(), clear[clear.len() - 1]);
    for (i, pair) in clear[1..]
        .chunks_exact(2)
        .enumerate()
        .take(run.columns.k0 as usize)
    {
        put(format!("fold {i} at 0"), pair[0]);
        put(format!("fold {i} at 2"), pair[1]);
    }
    for (i, &x) in run.record.h.iter().enumerate() {
        put(format!("h {i}"), x);
    }
    out
}

/// The values of all variables, to compare the forms with what was sent.
pub fn values(run: &Run) -> BTreeMap<Var, F> {
    let (r, mut out) = (run.geometry.r(), BTreeMap::new());
    for slab in &run.slabs {
        for (column, (data, blinding)) in slab.data.chunks_exact(r).zip(&slab.blinding).enumerate()
        {
            for (row, &x) in data.iter().chain(blinding).enumerate() {
                out.insert(
                    Var::Cell {
                        slab: slab.id,
                        column,
                        row,
                    },
                    x,
                );
            }
        }
    }
    let witness = run.slabs.last().unwrap().id;
    for (row, x) in run.record.g.iter().enumerate() {
        for (limb, value) in k_limbs(x).into_iter().enumerate() {
            out.insert(Var::Mask { witness, row, limb }, value);
        }
    }
    out
}
