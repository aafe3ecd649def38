//! The prover's half of the opening (docs/protocol/protocol.md, section 6). `verify/opening.rs` is its mirror.

use crate::claims::{Binding, Columns, OpeningClaims};
use crate::code::encode::Column;
use crate::forms::collapse::collapse_powers;
use crate::forms::products::{terms, Term};
use crate::forms::written::data_coefficients;
use crate::prove::codes::prove_codes;
use crate::prove::columns::{products, ColumnFold, RankOne};
use crate::prove::hooks::OpeningHooks;
use crate::prove::profile::Profile;
use crate::prove::sender::{Sender, Vectors};
use crate::slab::committed::Slab;
use crate::slab::witness::WitnessSlab;
use crate::vector::KVec;
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{eq_low, powers, F, K};
use tacit_transcript::Writer;

/// Proves every claim and binding of `st`. `slabs` are the long-lived ones, in the order of `st.opened`.
///
/// # Panics
/// When the slabs are not those that the statement speaks of.
pub fn prove_opening<H: OpeningHooks>(
    w: &mut Writer,
    st: &OpeningClaims,
    slabs: &[&Slab],
    witness: &WitnessSlab,
    hooks: &mut H,
    profile: &mut Profile,
) {
    let vectors = Vectors { slabs, witness };
    let mut t = Sender { w, hooks };
    let (h, coefficients) = fold_columns(&mut t, st, &vectors.columns(), witness.mask(), profile);
    prove_codes(&mut t, st.geometry, &vectors, h, coefficients, profile);
}

/// From the claims to h = g + c_m f' and its coefficients W'.
pub(crate) fn fold_columns<H: OpeningHooks>(
    t: &mut Sender<H>,
    st: &OpeningClaims,
    all: &[Column],
    g: &KVec,
    profile: &mut Profile,
) -> (KVec, KVec) {
    let columns = Columns::new(st.opened.iter().map(|o| o.columns).collect());
    assert_eq!(all.len(), columns.total(), "the slabs of the statement");
    assert_eq!(columns.k0, st.k0, "the column variables of the statement");

    let challenges: Vec<K> = (0..2 * st.blinding_rank())
        .map(|_| t.challenge("blinding"))
        .collect();
    let (lams, mus) = challenges.split_at(st.blinding_rank());
    // S = sum over columns c, rows x >= R of (sum_i lam_i^c mu_i^(x-R+1)) f_c[x].
    let mut rank_one = profile.time("blinding", || blinding_terms(all, lams, mus, st.k0));
    let mut s = rank_one.iter().map(RankOne::total).sum();
    t.hooks.blinding_sum(&mut s);
    t.clear("S", &[s]);
    let sigma = t.challenge("collapse");
    for term in &mut rank_one {
        term.u.iter_mut().for_each(|u| *u *= sigma);
    }
    let data: Vec<&[F]> = all.iter().map(|c| c.0).collect();
    let (terms, dense) = claim_coefficients(st, &columns, &data, sigma, &mut rank_one, profile);

    let (rho, vector, coefficients, rank_one) = profile.time("columns", || {
        let mut fold = ColumnFold::new(st.geometry.r(), data, dense, rank_one);
        let mut rho = Vec::new();
        for _ in 0..st.k0 {
            t.clear("columns", &fold.message());
            let x = t.challenge("columns");
            fold.fold(x);
            rho.push(x);
        }
        let (vector, coefficients, rank_one) = fold.finish();
        (rho, vector, coefficients, rank_one)
    });

    profile.time("mask", || {
        let coefficients = folded_coefficients(st, coefficients, &rank_one, mus, &terms);
        let h = masked(t, all, g, &rho, &vector, &coefficients);
        (h, coefficients)
    })
}

/// The coefficients of claims and bindings on the data rows: products u v, whose y go to `rank_one` behind the blinding terms,
/// and what had to be written out.
fn claim_coefficients(
    st: &OpeningClaims,
    columns: &Columns,
    data: &[&[F]],
    sigma: K,
    rank_one: &mut Vec<RankOne>,
    profile: &mut Profile,
) -> (Vec<Term>, Option<KVec>) {
    let scalars = collapse_powers(st, sigma);
    let (terms, dense) = profile.time("coefficients", || match terms(st, columns, &scalars) {
        Some(terms) => (terms, None),
        None => (Vec::new(), Some(data_coefficients(st, columns, &scalars))),
    });
    let terms = profile.time("products", || {
        let bindings = binding_terms(st, columns, &scalars[st.claims.len()..]);
        let terms: Vec<Term> = terms.into_iter().chain(bindings).collect();
        let factors: Vec<_> = terms.iter().map(|t| (t.first, t.v.planes())).collect();
        let y = products(data, &factors, st.k0);
        let rank_one_of = |(t, y): (&Term, Vec<K>)| RankOne { u: t.u.clone(), y };
        rank_one.extend(terms.iter().zip(y).map(rank_one_of));
        terms
    });
    (terms, dense)
}

/// mu = <g, W'>, then h = g + c_m f'.
fn masked<H: OpeningHooks>(
    t: &mut Sender<H>,
    all: &[Column],
    g: &KVec,
    rho: &[K],
    vector: &KVec,
    coefficients: &KVec,
) -> KVec {
    let mut mu = g.planes().dot(coefficients.planes());
    t.hooks.mask_sum(&mut mu);
    t.clear("mu", &[mu]);
    let mask = t.challenge("mask");
    let r = vector.len();
    let mut h = g.clone();
    let mut planes = h.planes_mut();
    planes.slice(0, r).add_scaled(vector.planes(), mask);
    for (c, column) in all.iter().enumerate() {
        let scale = mask * eq_low(rho, c as u64);
        planes
            .slice(r, r + column.1.len())
            .add_scaled_base(column.1, scale);
    }
    if t.hooks.wants_masked() {
        let mut plain = h.to_vec();
        t.hooks.masked(&mut plain, &coefficients.to_vec());
        h = KVec::from_slice(&plain);
    }
    h
}

/// lam_i^c on the columns, mu_i^(x-R+1) on the blinding rows, for each of the pairs.
fn blinding_terms(all: &[Column], lams: &[K], mus: &[K], k0: u32) -> Vec<RankOne> {
    let longest = all.iter().map(|c| c.1.len()).max().unwrap_or(0);
    let rows: Vec<KVec> = (mus.par_iter())
        .map(|&mu| KVec::powers(mu, mu, longest))
        .collect();
    // By columns, so that each is read once.
    let dots: Vec<Vec<K>> = (all.par_iter())
        .map(|c| {
            let dot = |row: &KVec| row.planes().slice(0, c.1.len()).dot_base(c.1);
            rows.iter().map(dot).collect()
        })
        .collect();
    let term = |(i, &lam): (usize, &K)| {
        let mut y: Vec<K> = dots.iter().map(|dots| dots[i]).collect();
        y.resize(1 << k0, K::ZERO);
        RankOne {
            u: powers(lam, 1 << k0),
            y,
        }
    };
    lams.iter().enumerate().map(term).collect()
}

/// A binding weighs cell c R + x of its slab z^(cR) z^(x+1).
fn binding_terms(st: &OpeningClaims, columns: &Columns, scalars: &[K]) -> Vec<Term> {
    let r = st.geometry.r();
    let term = |(b, &s): (&Binding, &K)| {
        let step = b.z.exp_u64(r as u64);
        let mut u = vec![K::ZERO; 1 << st.k0];
        let (first, n) = (columns.base[b.slab], columns.columns[b.slab] as usize);
        let mut coefficient = s;
        for u in &mut u[first..first + n] {
            *u = coefficient;
            coefficient *= step;
        }
        Term {
            u,
            first: 0,
            v: KVec::powers(b.z, b.z, r),
        }
    };
    st.bindings.iter().zip(scalars).map(term).collect()
}

/// W' over all M rows: what was written out, each term's row factor, and the blinding rows' powers.
fn folded_coefficients(
    st: &OpeningClaims,
    mut data: KVec,
    rank_one: &[RankOne],
    mus: &[K],
    terms: &[Term],
) -> KVec {
    let (r, m) = (st.geometry.r(), st.geometry.m());
    data.0
        .iter_mut()
        .for_each(|p| p.resize(m, Default::default()));
    let mut planes = data.planes_mut();
    let (blinding, others) = rank_one.split_at(mus.len());
    for (folded, &mu) in blinding.iter().zip(mus) {
        planes.slice(r, m).add_powers(mu, mu * folded.u[0]);
    }
    for (folded, term) in others.iter().zip(terms) {
        planes
            .slice(term.first, term.first + term.v.len())
            .add_scaled(term.v.planes(), folded.u[0]);
    }
    data
}
