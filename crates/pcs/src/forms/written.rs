//! The coefficients W of an opening on the data cells, written out for the prover (docs/protocol/protocol.md, section 6 "Opening").
//!
//! Cell j of slab s has place base_s R + j: one flat vector over all slabs' data rows.

use crate::claims::{Columns, OpeningClaims};
use crate::forms::collapse::{check_scalars, single_cells};
use crate::forms::place::place;
use crate::vector::{KVec, PlanesMut};
use p3_field::PrimeCharacteristicRing;
use rayon::prelude::*;
use tacit_algebra::{ProductForm, K};

/// Cells that one task writes.
const CHUNK: usize = 1 << 12;
/// Bits of a table that is made of several groups.
const INNER: usize = 7;

/// table * scale at `start ..`.
struct Item<'a> {
    start: usize,
    scale: K,
    table: &'a KVec,
}

/// All claims' forms and single cells; not the powers of z of the bindings, which stay geometric. Of an even number of columns:
/// where that is one more than there are, its coefficients are zeros.
///
/// # Panics
/// For another number of scalars than of claims and bindings.
pub fn data_coefficients(st: &OpeningClaims, columns: &Columns, scalars: &[K]) -> KVec {
    assert_eq!(check_scalars(st, scalars), Ok(()));
    let r = st.geometry.r();
    let mut out = KVec::zeros(columns.total().next_multiple_of(2) * r);
    let forms: Vec<(&ProductForm, K)> = st
        .claims
        .iter()
        .zip(scalars)
        .flat_map(|(c, s)| c.forms.iter().map(move |f| (f, *s)))
        .collect();
    let blocks: Vec<Blocks> = forms.par_iter().map(|&(f, s)| Blocks::new(f, s)).collect();
    let mut items: Vec<Vec<Item>> = Vec::new();
    let longest = blocks.iter().map(|b| b.table.len()).max().unwrap_or(1);
    let chunk = CHUNK.max(longest);
    items.resize_with(out.len().div_ceil(chunk), Vec::new);
    for ((form, _), blocks) in forms.iter().zip(&blocks) {
        let (base, table) = (columns.base[form.slab] * r, &blocks.table);
        for &(at, w) in &blocks.at {
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

/// Adds a form's coefficients times s; cell `origin` is the first entry of `out`.
pub fn add_form(out: &mut PlanesMut, origin: usize, form: &ProductForm, s: K) {
    let Blocks { table, at } = Blocks::new(form, s);
    for (start, w) in at {
        add_plain(out, start - origin, &table, 0, table.len(), w);
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
                add_plain(&mut planes, at, item.table, 0, item.table.len(), item.scale);
            }
        });
}

/// A form's coefficients: one table, times a scale at each of several places.
struct Blocks {
    table: KVec,
    at: Vec<(usize, K)>,
}

impl Blocks {
    fn new(form: &ProductForm, s: K) -> Self {
        let inner = inner_groups(form);
        let table_of = |i: usize| &form.groups[i].table[..];
        let (lowest, others) = match inner.split_first() {
            Some((&lowest, others)) => (table_of(lowest), others),
            None => (&[K::ONE][..], &[][..]),
        };
        let table = (others.iter()).fold(KVec::from_slice(lowest), |table, &i| {
            outer_product(table_of(i), &table)
        });
        Self {
            table,
            at: outer_coefficients(form, &inner, s),
        }
    }
}

/// Entry i n + j is high_i low_j.
fn outer_product(high: &[K], low: &KVec) -> KVec {
    let n = low.len();
    let mut out = KVec::zeros(high.len() * n);
    let mut planes = out.planes_mut();
    for (i, &h) in high.iter().enumerate() {
        planes.slice(i * n, (i + 1) * n).add_scaled(low.planes(), h);
    }
    out
}

/// The groups that cover the lowest bits of the block in order, lowest first: the product of their tables lies in memory as it is.
/// Enough of them for whole machine words, not so many that the table costs more than its uses.
fn inner_groups(form: &ProductForm) -> Vec<usize> {
    let (mut out, mut covered) = (Vec::new(), 0);
    let next = |covered: usize| {
        form.groups.iter().position(|g| {
            let top = covered + g.bits.len();
            top > covered
                && (g.bits.iter().enumerate()).all(|(i, &b)| usize::from(b) + i + 1 == top)
        })
    };
    while let Some(i) = next(covered) {
        covered += form.groups[i].bits.len();
        if !out.is_empty() && covered > INNER {
            break;
        }
        out.push(i);
    }
    out
}

/// Every product of the other groups' coefficients that is not zero, with the cell where its inner block starts.
fn outer_coefficients(form: &ProductForm, inner: &[usize], s: K) -> Vec<(usize, K)> {
    let mut list = vec![(form.offset, form.scale * s)];
    for (i, group) in form.groups.iter().enumerate() {
        if inner.contains(&i) {
            continue;
        }
        let coefficients: Vec<(usize, K)> = (group.table.iter().enumerate())
            .filter(|(_, &w)| w != K::ZERO)
            .map(|(t, &w)| (place(&group.bits, t), w))
            .collect();
        list = list
            .iter()
            .flat_map(|&(at, w)| coefficients.iter().map(move |&(p, t)| (at + p, w * t)))
            .collect();
    }
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Stream, MASK};
    use std::sync::Arc;
    use tacit_algebra::Group;

    /// The coefficient of cell `offset + x`: a factor of each group.
    fn coefficient(form: &ProductForm, x: usize) -> K {
        let entry = |g: &Group| {
            let t = g.bits.iter().fold(0, |t, &b| t << 1 | (x >> b & 1));
            g.table[t]
        };
        form.groups.iter().fold(form.scale, |w, g| w * entry(g))
    }

    #[test]
    fn a_form_is_the_product_of_its_groups() {
        let mut rng = Stream::new(&[21; 32], MASK);
        let cases: [&[&[u8]]; 7] = [
            &[&[9, 8, 7, 6], &[5, 4, 3, 2], &[1], &[0]],
            &[&[0], &[2, 1], &[6, 5, 4, 3]],
            &[&[8, 7, 6, 5, 4, 3, 2, 1, 0], &[9]],
            &[&[0, 1], &[2]],
            &[&[3, 1], &[2, 0]],
            &[&[], &[1, 0], &[], &[2]],
            &[],
        ];
        for bits in cases {
            let group = |bits: &&[u8]| {
                let mut table = rng.k_vec(1 << bits.len());
                // Padding weighs nothing.
                if table.len() > 2 {
                    table[1] = K::ZERO;
                }
                Group {
                    bits: bits.to_vec(),
                    table,
                }
            };
            let groups: Vec<Group> = bits.iter().map(group).collect();
            let form = ProductForm {
                slab: 0,
                offset: 5,
                scale: rng.next_k(),
                groups: Arc::new(groups),
            };
            let (s, n) = (rng.next_k(), 1 << form.block_bits());
            let mut out = KVec::zeros(n + 5);
            add_form(&mut out.planes_mut(), 3, &form, s);
            let want = (0..n).map(|x| coefficient(&form, x) * s);
            assert_eq!(out.to_vec()[2..n + 2], want.collect::<Vec<_>>());
        }
    }
}
