//! The coefficients on the data cells as a short sum of products u(column) v(row).
//!
//! Most forms are products over bits of the cell index, and many share their row factor: tensors that are read at one point
//! differ only in their columns. For such a sum the fold over columns needs one pass over the cells a row factor, and no
//! coefficients are written out (`prove/columns.rs`). Where the sum is not short, `written.rs` writes them out.

use crate::claims::{Columns, OpeningClaims};
use crate::forms::collapse::single_cells;
use crate::forms::place::place;
use crate::forms::written::add_form;
use crate::vector::{KVec, PlanesMut};
use p3_field::{Field, PrimeCharacteristicRing};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use tacit_algebra::{Group, ProductForm, K};

/// Rows of all factors together, in units of R, above which writing the coefficients out is cheaper.
const MOST_ROWS: usize = 8;
/// Products that one form may become.
const MOST_PRODUCTS: usize = 4;

/// u over all 2^k0 columns times v over the rows `first ..`.
pub struct Term {
    pub u: Vec<K>,
    pub first: usize,
    pub v: KVec,
}

/// Row factors as they are met: the groups that make one, and what they weigh in the columns.
struct Wide {
    rows: Vec<Group>,
    u: Vec<K>,
}

/// What lies within one column.
#[derive(Default)]
struct Narrow<'a> {
    forms: Vec<(&'a ProductForm, K)>,
    cells: Vec<(usize, K)>,
}

/// All claims' forms and single cells, without the bindings' powers of z; `None` when the sum is not short.
pub fn terms(st: &OpeningClaims, columns: &Columns, scalars: &[K]) -> Option<Vec<Term>> {
    let r = st.geometry.r();
    let log_r = u32::from(st.geometry.log_rows);
    let mut wide: Vec<Wide> = Vec::new();
    let mut narrow: BTreeMap<usize, Narrow> = BTreeMap::new();
    for (claim, &s) in st.claims.iter().zip(scalars) {
        for form in &claim.forms {
            let first = columns.base[form.slab] + (form.offset >> log_r);
            if form.block_bits() <= log_r as usize {
                narrow.entry(first).or_default().forms.push((form, s));
            } else {
                for (rows, across) in products(form, log_r as u8)? {
                    add_wide(&mut wide, rows, &across, first, form.scale * s, st.k0);
                }
                if wide.len() > MOST_ROWS {
                    return None;
                }
            }
        }
    }
    for (slab, cell, w) in single_cells(st, scalars) {
        let column = columns.base[slab] + (cell >> log_r);
        narrow
            .entry(column)
            .or_default()
            .cells
            .push((cell & (r - 1), w));
    }
    let spans: Vec<(usize, usize)> = narrow.values().map(|n| n.span(r)).collect();
    let rows = wide.len() * r + spans.iter().map(|s| s.1 - s.0).sum::<usize>();
    if rows > MOST_ROWS * r {
        return None;
    }
    let narrow: Vec<_> = narrow.into_iter().zip(spans).collect();
    let mut out: Vec<Term> = wide.into_par_iter().map(|w| w.term(r)).collect();
    out.par_extend(
        narrow
            .into_par_iter()
            .map(|((c, n), span)| n.term(c, span, st.k0, r)),
    );
    Some(out)
}

impl Wide {
    fn term(self, r: usize) -> Term {
        let form = ProductForm {
            slab: 0,
            offset: 0,
            scale: K::ONE,
            groups: Arc::new(self.rows),
        };
        let mut v = KVec::zeros(r);
        add_form(&mut v.planes_mut(), 0, &form, K::ONE);
        Term {
            u: self.u,
            first: 0,
            v,
        }
    }
}

impl Narrow<'_> {
    /// The rows that anything weighs.
    fn span(&self, r: usize) -> (usize, usize) {
        let forms = self.forms.iter().map(|(f, _)| {
            let at = f.offset & (r - 1);
            (at, at + (1 << f.block_bits()))
        });
        let cells = self.cells.iter().map(|c| (c.0, c.0 + 1));
        let join = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
        forms.chain(cells).reduce(join).unwrap_or((0, 0))
    }

    fn term(&self, column: usize, span: (usize, usize), k0: u32, r: usize) -> Term {
        let mut u = vec![K::ZERO; 1 << k0];
        u[column] = K::ONE;
        let mut v = KVec::zeros(span.1 - span.0);
        let mut planes: PlanesMut = v.planes_mut();
        for (form, s) in &self.forms {
            // Offsets within the column, less the first row of the term.
            let start = form.offset & !(r - 1);
            add_form(&mut planes, start + span.0, form, *s);
        }
        for &(row, w) in &self.cells {
            planes.add(row - span.0, w);
        }
        Term {
            u,
            first: span.0,
            v,
        }
    }
}

/// Adds `scale across` to the columns of the factor that these row groups make.
fn add_wide(
    wide: &mut Vec<Wide>,
    rows: Vec<Group>,
    across: &[Group],
    first: usize,
    scale: K,
    k0: u32,
) {
    let at = wide.iter().position(|w| w.rows == rows).unwrap_or_else(|| {
        wide.push(Wide {
            rows,
            u: vec![K::ZERO; 1 << k0],
        });
        wide.len() - 1
    });
    let mut list = vec![(first, scale)];
    for g in across {
        let expand = |&(c, w): &(usize, K)| {
            let entries = g.table.iter().enumerate();
            entries
                .map(|(t, &x)| (c + place(&g.bits, t), w * x))
                .collect::<Vec<_>>()
        };
        list = list.iter().flat_map(expand).collect();
    }
    for (c, w) in list {
        wide[at].u[c] += w;
    }
}

/// A form as a sum of products: groups over row bits in a fixed order, and groups over column bits (numbered from 0).
fn products(form: &ProductForm, log_r: u8) -> Option<Vec<(Vec<Group>, Vec<Group>)>> {
    let mut out = vec![(Vec::new(), Vec::new())];
    for group in form.groups.iter() {
        let parts = split(group, log_r)?;
        if out.len() * parts.len() > MOST_PRODUCTS {
            return None;
        }
        out = out
            .iter()
            .flat_map(|(rows, across): &(Vec<Group>, Vec<Group>)| {
                parts.iter().map(move |(row, over)| {
                    let (mut rows, mut across) = (rows.clone(), across.clone());
                    rows.extend(row.clone().filter_bits());
                    across.extend(over.clone().filter_bits());
                    (rows, across)
                })
            })
            .collect();
    }
    for (rows, _) in &mut out {
        rows.sort_by_key(|g| g.bits[0]);
    }
    Some(out)
}

trait FilterBits {
    /// Nothing for a group of no bits and coefficient 1.
    fn filter_bits(self) -> Option<Group>;
}

impl FilterBits for Group {
    fn filter_bits(self) -> Option<Group> {
        let one = self.bits.is_empty() && self.table == [K::ONE];
        (!one).then_some(self)
    }
}

/// One group as a sum of (over row bits) x (over column bits): by rank-one pieces where it has bits of both.
fn split(group: &Group, log_r: u8) -> Option<Vec<(Group, Group)>> {
    let one = || Group {
        bits: vec![],
        table: vec![K::ONE],
    };
    let down = |bits: &[u8]| bits.iter().map(|b| b - log_r).collect::<Vec<u8>>();
    let (across, rows): (Vec<u8>, Vec<u8>) = group.bits.iter().partition(|&&b| b >= log_r);
    if group.bits.is_empty() {
        return Some(vec![(one(), group.clone())]);
    }
    if across.is_empty() {
        return Some(vec![(group.clone(), one())]);
    }
    if rows.is_empty() {
        let table = group.table.clone();
        let bits = down(&across);
        return Some(vec![(one(), Group { bits, table })]);
    }
    let pieces = rank_one_pieces(&sorted_table(group, log_r), 1 << rows.len())?;
    let piece = |(row, over): (Vec<K>, Vec<K>)| {
        let row = Group {
            bits: rows.clone(),
            table: row,
        };
        let over = Group {
            bits: down(&across),
            table: over,
        };
        (row, over)
    };
    Some(pieces.into_iter().map(piece).collect())
}

/// A matrix with n columns as one or two products (row, column), if it is such a sum.
fn rank_one_pieces(matrix: &[K], n: usize) -> Option<Vec<(Vec<K>, Vec<K>)>> {
    let mut rest = KVec::from_slice(matrix);
    let height = rest.len() / n;
    let mut out = Vec::new();
    // The first entry that is not zero: its row, scaled to 1 there, times its column.
    while let Some(at) = (0..rest.len()).find(|&i| rest.planes().get(i) != K::ZERO) {
        if out.len() == 2 {
            return None;
        }
        let (i, j) = (at / n, at % n);
        let inverse = rest.planes().get(at).inverse();
        let column: Vec<K> = (0..height).map(|c| rest.planes().get(c * n + j)).collect();
        let mut row = KVec::zeros(n);
        row.planes_mut()
            .add_scaled(rest.planes().slice(i * n, (i + 1) * n), inverse);
        let mut planes = rest.planes_mut();
        for (c, &w) in column.iter().enumerate() {
            planes
                .slice(c * n, (c + 1) * n)
                .add_scaled(row.planes(), -w);
        }
        out.push((row.to_vec(), column));
    }
    if out.is_empty() {
        out.push((vec![K::ZERO; n], vec![K::ZERO; height]));
    }
    Some(out)
}

/// The table with all column bits in front of all row bits.
fn sorted_table(group: &Group, log_r: u8) -> Vec<K> {
    let n = group.bits.len();
    let first_row = group.bits.iter().position(|&b| b < log_r).unwrap_or(n);
    if group.bits[first_row..].iter().all(|&b| b < log_r) {
        return group.table.clone();
    }
    // The bits of a sorted index, first those of columns, as bits of the table's own index.
    let (across, rows): (Vec<usize>, Vec<usize>) = (0..n).partition(|&j| group.bits[j] >= log_r);
    let own = |j: usize| (n - 1 - j) as u8;
    let order: Vec<u8> = across.into_iter().chain(rows).map(own).collect();
    (0..group.table.len())
        .map(|t| group.table[place(&order, t)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Opened;
    use crate::forms::collapse::collapse_powers;
    use crate::forms::written::data_coefficients;
    use crate::random::{Stream, MASK};
    use tacit_algebra::{eq_table, Affine};
    use tacit_params::{Geometry, Level};

    fn geometry() -> Geometry {
        Geometry {
            target: 1,
            log_rows: 5,
            rows: 48,
            log_domain: 7,
            queries: 1,
            grind: 0,
            levels: vec![Level {
                fold: 3,
                log_domain: 6,
                queries: 1,
            }],
        }
    }

    fn group(bits: &[u8], table: Vec<K>) -> Group {
        Group {
            bits: bits.to_vec(),
            table,
        }
    }

    /// The terms of some forms, and whether they are the coefficients written out.
    fn decompose(forms: Vec<(usize, Vec<Group>)>) -> Option<usize> {
        let mut rng = Stream::new(&[11; 32], MASK);
        let geometry = geometry();
        let forms = forms.into_iter().map(|(offset, groups)| ProductForm {
            slab: 0,
            offset,
            scale: rng.next_k(),
            groups: Arc::new(groups),
        });
        let claims: Vec<Affine> = forms
            .map(|f| Affine {
                constant: K::ZERO,
                pads: vec![(1, f.scale), (3, K::ONE)],
                forms: vec![f],
            })
            .collect();
        let root = [0; 32];
        let st = OpeningClaims {
            geometry: &geometry,
            opened: vec![Opened {
                root: &root,
                columns: 6,
                salted: true,
            }],
            k0: 3,
            pad_base: 170,
            claims: &claims,
            bindings: vec![],
        };
        let columns = Columns::new(vec![6]);
        let scalars = collapse_powers(&st, rng.next_k());
        let want = data_coefficients(&st, &columns, &scalars);
        let found = terms(&st, &columns, &scalars)?;
        let mut got = KVec::zeros(6 * 32);
        for t in &found {
            for (c, &u) in t.u.iter().enumerate().take(6) {
                let mut planes = got.planes_mut();
                let at = 32 * c + t.first;
                planes.slice(at, at + t.v.len()).add_scaled(t.v.planes(), u);
            }
            assert!(t.u[6..].iter().all(|&u| u == K::ZERO));
        }
        assert_eq!(got.to_vec(), want.to_vec());
        Some(found.len())
    }

    #[test]
    fn terms_are_the_coefficients() {
        let mut rng = Stream::new(&[12; 32], MASK);
        let mut k = |n: usize| rng.k_vec(n);
        let point = k(7);
        let eq = |from: usize, to: usize| eq_table(&point[from..to]);
        let bits = |top: u8, low: u8| (low..top).rev().collect::<Vec<u8>>();
        let whole = || vec![group(&bits(7, 0), eq(0, 7))];
        // The pads lie in one column, which adds a term.
        assert_eq!(decompose(vec![]), Some(0));
        assert_eq!(decompose(vec![(0, whole())]), Some(2));
        // One row factor for two blocks at one point, however their groups end above R.
        let upper = vec![group(&bits(6, 0), eq(1, 7))];
        assert_eq!(decompose(vec![(0, whole()), (64, upper.clone())]), Some(2));
        // A table that ends early has two pieces, of which one may be shared.
        let mut early = eq(0, 7);
        early[75..].fill(K::ZERO);
        assert_eq!(
            decompose(vec![(0, vec![group(&bits(7, 0), early)])]),
            Some(3)
        );
        // Bits of rows and columns in any order; several groups; blocks within a column, a zero group.
        let mixed = vec![
            group(&[0, 6], k(4)),
            group(&[3, 2, 1], k(8)),
            group(&[5, 4], k(4)),
        ];
        assert!(decompose(vec![(0, mixed)]).is_some());
        let narrow = vec![group(&[2, 0], k(4)), group(&[1], k(2))];
        assert_eq!(decompose(vec![(40, narrow), (33, vec![])]), Some(2));
        assert!(decompose(vec![(0, vec![group(&bits(6, 0), vec![K::ZERO; 64])])]).is_some());
        assert!(decompose(vec![(
            0,
            vec![group(&[], k(1)), group(&bits(6, 0), eq(0, 6))]
        )])
        .is_some());
        // No short sum.
        assert_eq!(decompose(vec![(0, vec![group(&bits(7, 0), k(128))])]), None);
        let many = (0..9)
            .map(|_| (0, vec![group(&bits(5, 0), k(32)), group(&[5], k(2))]))
            .collect();
        assert_eq!(decompose(many), None);
    }
}
