//! The weights W of an opening on the data cells, written out for the prover (docs/protocol.md, section 6 "Opening").
//!
//! Cell j of slab s has place base_s R + j: one flat vector over all slabs' data rows.

use crate::statement::{Columns, Statement};
use crate::vector::{KVec, PlanesMut};
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::field::k_units;
use tacit_algebra::{powers, ProductForm, K};

/// Cells that one task writes.
const CHUNK: usize = 1 << 13;

/// table * scale at `start ..`.
struct Item<'a> {
    start: usize,
    scale: K,
    table: &'a KVec,
}

/// sigma^2, sigma^3, ..: one for each claim, then for each binding.
pub fn collapse_powers(st: &Statement, sigma: K) -> Vec<K> {
    powers(sigma, st.claims.len() + st.bindings.len() + 2).split_off(2)
}

/// sum over claims and bindings of sigma^(k+2) const_k; a binding's constant is -y.
pub fn collapse_constant(st: &Statement, scalars: &[K]) -> K {
    let claims = st.claims.iter().map(|c| c.constant);
    let bindings = st.bindings.iter().map(|b| -b.y);
    claims
        .chain(bindings)
        .zip(scalars)
        .map(|(c, &s)| c * s)
        .sum()
}

/// Single cells with a weight, as (slab, cell, weight): pads, and what the y pads weigh beside the powers of z.
pub fn single_cells(st: &Statement, scalars: &[K]) -> Vec<(usize, usize, K)> {
    let units = k_units();
    let witness = st.opened.len().saturating_sub(1);
    let mut pads: Vec<K> = Vec::new();
    for (claim, &s) in st.claims.iter().zip(scalars) {
        for &(pad, c) in &claim.pads {
            let i = pad as usize;
            if i >= pads.len() {
                pads.resize(i + 1, K::ZERO);
            }
            if let Some(p) = pads.get_mut(i) {
                *p += c * s;
            }
        }
    }
    let mut out = Vec::with_capacity(3 * (pads.len() + st.bindings.len()));
    for (i, &p) in pads.iter().enumerate() {
        if p != K::ZERO {
            out.extend((0..3).map(|d| (witness, st.pad_base + 3 * i + d, p * units[d])));
        }
    }
    for (b, &s) in st.bindings.iter().zip(scalars.iter().skip(st.claims.len())) {
        let mut power = b.z.exp_u64(b.pad_cell as u64);
        for (d, &unit) in units.iter().enumerate() {
            power *= b.z;
            out.push((b.slab, b.pad_cell + d, s * (b.z0 * unit - power)));
        }
    }
    out
}

/// All claims' forms and single cells; not the powers of z of the bindings, which stay geometric.
pub fn data_weights(st: &Statement, columns: &Columns, scalars: &[K]) -> KVec {
    let r = st.geometry.r();
    let mut out = KVec::zeros(columns.total() * r);
    let mut tables = Vec::new();
    let mut forms = Vec::new();
    for (claim, &s) in st.claims.iter().zip(scalars) {
        for form in &claim.forms {
            let inner = inner_group(form);
            let table = inner.map_or_else(|| vec![K::ONE], |i| form.groups[i].table.clone());
            tables.push(KVec::from_slice(&table));
            forms.push((form, inner, s));
        }
    }
    let mut items: Vec<Vec<Item>> = Vec::new();
    let longest = tables.iter().map(KVec::len).max().unwrap_or(1);
    let chunk = CHUNK.max(longest);
    items.resize_with(out.len().div_ceil(chunk), Vec::new);
    for ((form, inner, s), table) in forms.into_iter().zip(&tables) {
        let base = columns.base[form.slab] * r;
        for (at, w) in outer_weights(form, inner, s) {
            let start = base + at;
            let mut from = 0;
            // A block may cross a task's border: slabs start at any multiple of R.
            while from < table.len() {
                let i = (start + from) / chunk;
                let to = table.len().min((i + 1) * chunk - start);
                if to - from == table.len() {
                    items[i].push(Item {
                        start,
                        scale: w,
                        table,
                    });
                } else {
                    add_plain(&mut out.planes_mut(), start + from, table, from, to, w);
                }
                from = to;
            }
        }
    }
    write_items(&mut out, &items, chunk);
    for (slab, cell, w) in single_cells(st, scalars) {
        out.planes_mut().add(columns.base[slab] * r + cell, w);
    }
    out
}

/// Adds a form's weights times s; cell `origin` is the first entry of `out`.
pub fn add_form(out: &mut PlanesMut, origin: usize, form: &ProductForm, s: K) {
    let inner = inner_group(form);
    let table = inner.map(|i| KVec::from_slice(&form.groups[i].table));
    for (at, w) in outer_weights(form, inner, s) {
        match &table {
            Some(table) => add_plain(out, at - origin, table, 0, table.len(), w),
            None => out.add(at - origin, w),
        }
    }
}

fn add_plain(out: &mut PlanesMut, at: usize, table: &KVec, from: usize, to: usize, scale: K) {
    out.slice(at, at + to - from)
        .add_scaled(table.planes().slice(from, to), scale);
}

fn write_items(out: &mut KVec, items: &[Vec<Item>], chunk: usize) {
    let [a, b, c] = &mut out.0;
    a.par_chunks_mut(chunk)
        .zip(b.par_chunks_mut(chunk))
        .zip(c.par_chunks_mut(chunk))
        .zip(items)
        .enumerate()
        .for_each(|(i, (((a, b), c), items))| {
            let mut planes = PlanesMut([a, b, c]);
            for item in items {
                let at = item.start - i * chunk;
                if item.table.len() == 1 {
                    planes.add(at, item.scale * item.table.planes().get(0));
                } else {
                    add_plain(&mut planes, at, item.table, 0, item.table.len(), item.scale);
                }
            }
        });
}

/// The group that covers the lowest bits of the block in order, so that its table lies in memory as it is.
fn inner_group(form: &ProductForm) -> Option<usize> {
    form.groups.iter().position(|g| {
        let n = g.bits.len();
        n > 0
            && g.bits
                .iter()
                .enumerate()
                .all(|(i, &b)| usize::from(b) == n - 1 - i)
    })
}

/// Every product of the other groups' weights, with the cell where its inner block starts.
fn outer_weights(form: &ProductForm, inner: Option<usize>, s: K) -> Vec<(usize, K)> {
    let mut list = vec![(form.offset, form.scale * s)];
    for (i, group) in form.groups.iter().enumerate() {
        if Some(i) == inner {
            continue;
        }
        let n = group.bits.len();
        let places: Vec<usize> = (0..group.table.len())
            .map(|t| {
                let bit = |(j, &b): (usize, &u8)| (t >> (n - 1 - j) & 1) << b;
                group.bits.iter().enumerate().map(bit).sum()
            })
            .collect();
        list = list
            .iter()
            .flat_map(|&(at, w)| {
                places
                    .iter()
                    .zip(&group.table)
                    .map(move |(&p, &t)| (at + p, w * t))
            })
            .collect();
    }
    list
}
