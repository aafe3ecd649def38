//! Exact hiding test on what the prover really sends.
//!
//! With the challenges fixed, padded messages are uniform one by one and fix the pads as a function of the data: they are
//! among the claims here. What is left, S, the column fold, mu, h and the opened rows, is a linear map L of (cells, noise),
//! noise being blinding rows and g. Two sets of cells that agree with all claims differ by d with <d, claim> = 0 for every
//! claim. So the proofs hide iff L_cells d lies in the image of L_noise for all such d, that is: every combination of the
//! view in which the noise cancels is, on the cells, a combination of the claims. Elimination over F, no sampling.

mod common;
use common::{geometry, Shape, World};
use std::collections::BTreeSet;

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::field::{k_limbs, k_units};
use tacit_algebra::{F, K};
use tacit_pcs::testing::{columns_of, linear_view, Recorder};
use tacit_pcs::Slab;

/// Gauss elimination on the first `columns` columns: the rank there, and the rows that are left without a pivot.
fn eliminate(mut m: Vec<Vec<F>>, columns: usize) -> (usize, Vec<Vec<F>>) {
    let mut rank = 0;
    for c in 0..columns {
        let Some(pivot) = (rank..m.len()).find(|&i| m[i][c] != F::ZERO) else {
            continue;
        };
        m.swap(rank, pivot);
        let (done, rest) = m.split_at_mut(rank + 1);
        let row = &done[rank];
        let inverse = row[c].inverse();
        for other in rest {
            let factor = other[c] * inverse;
            if factor != F::ZERO {
                for (x, &y) in other[c..].iter_mut().zip(&row[c..]) {
                    *x -= factor * y;
                }
            }
        }
        rank += 1;
    }
    (rank, m.split_off(rank))
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Variable {
    /// (slab, column in it, row); the slab of proof p's witness is `slabs + p`.
    Cell(usize, usize, usize),
    Blind(usize, usize, usize),
    /// (proof, row, limb)
    Mask(usize, usize, usize),
}

/// The joint view of several proofs as a matrix, one column a variable, and the claims on the cells.
struct View {
    variables: Vec<Variable>,
    columns: Vec<Vec<F>>,
    claims: Vec<Vec<(Variable, F)>>,
    /// Positions that are opened.
    opened: BTreeSet<usize>,
}

type Columns = Vec<(Vec<F>, Vec<F>)>;

/// The slab that a variable of slab `s` in proof `p` belongs to: witness slabs are each proof's own.
fn owner(world: &World, s: usize, p: usize) -> usize {
    s + if s == world.slabs.len() { p } else { 0 }
}

/// Every unit vector: one cell, one blinding row, or one limb of g.
fn units(
    world: &World,
    columns: &Columns,
    rows: usize,
    p: usize,
) -> Vec<(Variable, Columns, Vec<K>)> {
    let zero: Columns = columns
        .iter()
        .map(|(a, b)| (vec![F::ZERO; a.len()], vec![F::ZERO; b.len()]))
        .collect();
    let no_mask = vec![K::ZERO; rows];
    let mut out = Vec::new();
    for (slab, &first) in world.columns.base.iter().enumerate() {
        let known = world.slabs.get(slab).map(|s| s.commitment.header.private);
        if known == Some(false) {
            // Public values are no secret, and there is no blinding.
            continue;
        }
        let slab_of = owner(world, slab, p);
        for c in 0..world.columns.columns[slab] as usize {
            let (data, blind) = (columns[first + c].0.len(), columns[first + c].1.len());
            for x in 0..data + blind {
                let mut unit = zero.clone();
                let v = if x < data {
                    unit[first + c].0[x] = F::ONE;
                    Variable::Cell(slab_of, c, x)
                } else {
                    unit[first + c].1[x - data] = F::ONE;
                    Variable::Blind(slab_of, c, x - data)
                };
                out.push((v, unit, no_mask.clone()));
            }
        }
    }
    for x in 0..rows {
        for (d, unit) in k_units().into_iter().enumerate() {
            let mut mask = no_mask.clone();
            mask[x] = unit;
            out.push((Variable::Mask(p, x, d), zero.clone(), mask));
        }
    }
    out
}

/// A real proof, then the prover on every unit vector under that proof's challenges.
fn view(world: &mut World, proofs: usize, terms: usize) -> View {
    let mut out = View {
        variables: Vec::new(),
        columns: Vec::new(),
        claims: Vec::new(),
        opened: BTreeSet::new(),
    };
    let mut height = 0;
    for p in 0..proofs {
        world.renew(50 + p as u8);
        // The last claims are the witness's; more would leave nothing to hide in one column.
        let first = world.claims.len().saturating_sub(CLAIMS);
        world.claims.drain(..first);
        let mut record = Recorder::default();
        let proof = world.prove(&mut record);
        world.verify(&proof).expect("an honest proof");
        let slabs: Vec<&Slab> = world.slabs.iter().collect();
        let (columns, g) = columns_of(&slabs, &world.witness);
        let roots = world.roots();
        let st = world.statement(&roots);
        let run = |columns: &[_], g: &[K], challenges: &[K]| {
            linear_view(&st, columns, g, challenges, &record.positions)
        };
        // The map on the real vectors gives what was really sent.
        let seen = run(&columns, &g, &record.challenges);
        let sent: Vec<F> = record.sent.iter().flat_map(k_limbs).collect();
        assert_eq!(seen[..sent.len()], sent);
        let mut challenges = record.challenges.clone();
        // mu_i = 0 takes the i-th term out of the blinding form.
        let rank = st.blinding_rank();
        challenges[(rank + terms).min(2 * rank)..2 * rank].fill(K::ZERO);
        for (v, unit, mask) in units(world, &columns, g.len(), p) {
            out.put(v, height, run(&unit, &mask, &challenges));
        }
        height += seen.len();
        out.claims.extend(claims(world, p));
        out.opened.extend(&record.positions);
    }
    out.columns
        .iter_mut()
        .for_each(|c| c.resize(height, F::ZERO));
    out
}

impl View {
    /// The image of a variable in the rows `height ..`.
    fn put(&mut self, v: Variable, height: usize, image: Vec<F>) {
        let known = self.variables.iter().position(|&x| x == v);
        let i = known.unwrap_or_else(|| {
            self.variables.push(v);
            self.columns.push(Vec::new());
            self.variables.len() - 1
        });
        self.columns[i].resize(height, F::ZERO);
        self.columns[i].extend(image);
    }
}

/// Every claim and binding by brute force as base-field forms on cells, three of each.
fn claims(world: &World, p: usize) -> Vec<Vec<(Variable, F)>> {
    let r = world.geometry.r();
    let roots = world.roots();
    let st = world.statement(&roots);
    let mut forms: Vec<Vec<(usize, usize, K)>> = Vec::new();
    for claim in &world.claims {
        let mut form = Vec::new();
        for f in &claim.forms {
            let cells = world.columns.columns[f.slab] as usize * r;
            form.extend((0..cells).map(|j| (f.slab, j, f.weight(j))));
        }
        for &(pad, c) in &claim.pads {
            let at = st.pad_base + 3 * pad as usize;
            form.extend(
                k_units()
                    .into_iter()
                    .enumerate()
                    .map(|(d, u)| (world.slabs.len(), at + d, c * u)),
            );
        }
        forms.push(form);
    }
    for b in &st.bindings {
        let weight = |j: usize| match j.checked_sub(b.pad_cell) {
            Some(d) if d < 3 => b.z0 * k_units()[d],
            _ => b.z.exp_u64(j as u64 + 1),
        };
        forms.push((0..b.cells).map(|j| (b.slab, j, weight(j))).collect());
    }
    let limb = |form: &[(usize, usize, K)], d: usize| -> Vec<(Variable, F)> {
        form.iter()
            .map(|&(s, j, w)| {
                let cell = Variable::Cell(owner(world, s, p), j / r, j % r);
                (cell, k_limbs(&w)[d])
            })
            .collect()
    };
    forms
        .iter()
        .flat_map(|f| [0, 1, 2].map(|d| limb(f, d)))
        .collect()
}

/// Whether the view hides the cells when only the noise that `keep` names exists.
fn hides(view: &View, keep: impl Fn(Variable) -> bool) -> bool {
    hides_from(view, |_| false, keep)
}

/// As `hides`, for a reader who knows some variables, blinding rows of others among them.
fn hides_from(
    view: &View,
    known: impl Fn(Variable) -> bool,
    keep: impl Fn(Variable) -> bool,
) -> bool {
    let is_cell = |v: &Variable| matches!(v, Variable::Cell(..));
    let select = |want: bool| -> Vec<usize> {
        let fits = |i: &usize| {
            let v = view.variables[*i];
            is_cell(&v) == want && !known(v) && (want || keep(v))
        };
        (0..view.variables.len()).filter(fits).collect()
    };
    let (cells, noise) = (select(true), select(false));
    let height = view.columns[0].len();
    let matrix = (0..height)
        .map(|row| {
            noise
                .iter()
                .chain(&cells)
                .map(|&i| view.columns[i][row])
                .collect()
        })
        .collect();
    let (_, left) = eliminate(matrix, noise.len());
    let left: Vec<Vec<F>> = left
        .into_iter()
        .map(|r| r[noise.len()..].to_vec())
        .collect();
    let claims: Vec<Vec<F>> = view
        .claims
        .iter()
        .map(|form| {
            let mut row = vec![F::ZERO; cells.len()];
            for (v, w) in form {
                if let Some(at) = cells.iter().position(|&i| view.variables[i] == *v) {
                    row[at] += *w;
                }
            }
            row
        })
        .collect();
    let (known, _) = eliminate(claims.clone(), cells.len());
    let (both, _) = eliminate([claims, left].concat(), cells.len());
    // Otherwise there would be nothing to hide.
    assert!(known < cells.len());
    both == known
}

const T: usize = 3;

fn world(log_rows: u8, rows: u32, slabs: &[(usize, bool)], proofs: u32, columns: &[u32]) -> World {
    let g = geometry(log_rows, rows, 7, T as u16, 0, &[(2, 6, 3)]);
    let shape = Shape {
        slabs,
        witness: 3,
        pads: if columns[slabs.len()] == 1 { 4 } else { 5 },
        budget: proofs,
    };
    let w = World::new(&g, &shape, 7);
    assert_eq!(w.columns.columns, columns);
    w
}

/// Two private slabs: 3 and 2 columns, 3 of the witness, k0 = 3.
fn private(proofs: u32) -> World {
    let rows = if proofs == 1 { 36 } else { 48 };
    world(3, rows, &[(20, true), (12, true)], proofs, &[3, 2, 3])
}

/// Blinding rows of the slab `s` that are kept.
fn rows(s: usize, n: usize) -> impl Fn(Variable) -> bool {
    move |v| !matches!(v, Variable::Blind(slab, _, x) if slab == s && x >= n)
}

/// Mask rows that are kept.
fn mask(n: usize) -> impl Fn(Variable) -> bool {
    move |v| !matches!(v, Variable::Mask(_, x, _) if x >= n)
}

const ALL: usize = usize::MAX / 4;
/// Claims of each proof.
const CLAIMS: usize = 4;

#[test]
fn one_proof() {
    let v = view(&mut private(1), 1, ALL);
    assert!(hides(&v, |_| true), "the construction");
    for slab in 0..3 {
        assert!(
            !hides(&v, rows(slab, T - 1)),
            "slab {slab}: a row fewer than opened"
        );
    }
    let queries_only = |x: Variable| !matches!(x, Variable::Blind(_, _, x) if x >= T);
    assert!(!hides(&v, queries_only), "rows for the queries only");
    assert!(!hides(&v, mask(0)), "no mask");
    assert!(!hides(&v, mask(8)), "a mask over the data rows only");
    let longest = 8 + T + 12;
    assert!(
        hides(&v, mask(longest)),
        "a mask as long as the longest slab"
    );
}

/// One column of the witness alone among seven of a public slab, k0 = 3.
fn lone() -> World {
    world(4, 44, &[(109, false)], 1, &[7, 1])
}

/// A column meets k0 + 1 functionals of the values in clear, and a term gives it one value of blinding.
#[test]
fn terms_of_the_blinding_form() {
    for (n, hidden) in [(0, false), (1, false), (2, true), (4, true)] {
        let v = view(&mut private(1), 1, n);
        assert_eq!(hides(&v, |_| true), hidden, "all slabs private, {n} terms");
    }
    for (n, hidden) in [(1, false), (2, false), (3, false), (4, true), (5, true)] {
        let v = view(&mut lone(), 1, n);
        assert_eq!(
            hides(&v, |_| true),
            hidden,
            "one column among public ones, {n} terms"
        );
    }
}

#[test]
fn one_column_among_public_ones() {
    let v = view(&mut lone(), 1, ALL);
    let (longest, needed) = (16 + T + 12, v.opened.len() + 12);
    assert!(
        hides(&v, mask(longest)),
        "a mask as long as the witness slab"
    );
    assert!(!hides(&v, mask(16)), "a mask over the data rows only");
    assert!(
        !hides(&v, mask(16 + needed - 1)),
        "a mask shorter than the rows that are needed"
    );
    assert!(hides(&v, rows(1, needed)), "as many rows as are needed");
    assert!(!hides(&v, rows(1, needed - 1)), "a row fewer");
    assert!(!hides(&v, rows(1, T)), "rows for the queries only");
}

/// Slabs of three and two columns and one of the witness, k0 = 3: whoever knows all columns but one, their blinding too, learns
/// nothing of that one. What a proof shows of it takes 3 (k0 + 1) rows, beside those for what it opens.
#[test]
fn every_column_hides_alone() {
    let g = geometry(5, 64, 7, T as u16, 0, &[(2, 6, 3)]);
    let shape = Shape {
        slabs: &[(90, true), (60, true)],
        witness: 3,
        pads: 5,
        budget: 2,
    };
    let mut w = World::new(&g, &shape, 7);
    assert_eq!(
        (w.columns.columns.as_slice(), w.columns.k0),
        (&[3, 2, 1][..], 3)
    );
    let v = view(&mut w, 2, ALL);
    let fewer = view(&mut w, 2, 3);
    let fold = 3 * 4;
    for (slab, column, proofs) in [
        (0, 0, 2),
        (0, 1, 2),
        (0, 2, 2),
        (1, 0, 2),
        (1, 1, 2),
        (2, 0, 1),
    ] {
        let known = |v: Variable| match v {
            Variable::Cell(s, c, _) | Variable::Blind(s, c, _) => (s, c) != (slab, column),
            Variable::Mask(..) => false,
        };
        let rows = |n: usize| move |v: Variable| !matches!(v, Variable::Blind(_, _, x) if x >= n);
        let place = format!("slab {slab}, column {column}");
        assert!(hides_from(&v, known, |_| true), "{place}");
        assert!(!hides_from(&fewer, known, |_| true), "{place}: k0 terms");
        assert!(
            !hides_from(&v, known, rows(proofs * T)),
            "{place}: rows for the queries only"
        );
        if column == 0 && slab == 0 {
            let least = v.opened.len() + proofs * fold;
            assert!(hides_from(&v, known, rows(least)), "{place}: {least} rows");
            assert!(
                !hides_from(&v, known, rows(least - 1)),
                "{place}: a row fewer"
            );
        }
    }
}

#[test]
fn two_proofs_of_one_budget() {
    let v = view(&mut private(2), 2, ALL);
    assert!(hides(&v, |_| true), "the construction");
    assert!(!hides(&v, rows(0, 2 * T - 1)), "a row fewer than opened");
    // Blinding for one proof, spent twice.
    assert!(!hides(&v, rows(0, T)), "rows of one proof");
    let spent = view(&mut private(2), 3, ALL);
    assert!(
        !hides(&spent, |x| rows(0, 2 * T)(x) && rows(1, 2 * T)(x)),
        "a third proof"
    );
}
