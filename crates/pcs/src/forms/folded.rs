//! The claims' coefficients on the final vector (docs/protocol/protocol.md, sections 2 of program.md and 6).
//!
//! Every form is bound in what was folded: row bit i below Kf by the i-th fold challenge, columns by eq_low(rho, c).
//! A group's table is contracted over its bound bits first, so the work is that of the tables and of the cells / 2^Kf.

use crate::claims::{Columns, OpeningClaims};
use crate::forms::collapse::{check_scalars, single_cells};
use crate::forms::place::place;
use crate::PcsError;
use p3_field::PrimeCharacteristicRing;
use tacit_algebra::{eq_low, Group, ProductForm, K};

/// What was folded, and how a cell's index splits.
pub(crate) struct Folded<'a> {
    pub columns: &'a Columns,
    pub log_rows: u32,
    /// Challenges of the column fold.
    pub rho: &'a [K],
    /// Challenges of all later folds; the i-th binds row bit i.
    pub low: &'a [K],
    pub final_len: usize,
}

/// eq_low(rho, c) of columns and rows, in tables.
struct Tables {
    columns: Vec<K>,
    /// Row bits below Kf in two halves.
    halves: [Vec<K>; 2],
    split: u32,
    mask: usize,
}

/// eq_low(point, c) for all 2^len c.
fn eq_low_table(point: &[K]) -> Vec<K> {
    let mut out = Vec::with_capacity(1 << point.len());
    out.push(K::ONE);
    for &r in point {
        let high: Vec<K> = out.iter().map(|&low| low * r).collect();
        out.iter_mut().zip(&high).for_each(|(l, h)| *l -= *h);
        out.extend(high);
    }
    out
}

impl Tables {
    fn new(f: &Folded) -> Self {
        let split = f.low.len() / 2;
        let (a, b) = f.low.split_at(split);
        Self {
            columns: eq_low_table(f.rho),
            halves: [eq_low_table(a), eq_low_table(b)],
            split: split as u32,
            mask: (1 << split) - 1,
        }
    }

    /// eq_low of the row's low Kf bits; `None` for a number of more bits.
    fn row(&self, low: usize) -> Option<K> {
        let [a, b] = &self.halves;
        Some(*a.get(low & self.mask)? * *b.get(low >> self.split)?)
    }
}

/// Entries of the final vector's coefficients that all forms may have together.
const MAX_ENTRIES: u64 = 1 << 26;

/// Refuses forms whose entries after the folds, sum over the forms of 2^max(0, block bits - Kf), are more than 2^26: a few
/// bytes of a program name a large block, and a geometry may hardly fold it.
pub(crate) fn check_entries(st: &OpeningClaims) -> Result<(), PcsError> {
    let kf: u32 = st.geometry.levels.iter().map(|l| u32::from(l.fold)).sum();
    let mut entries = 0u64;
    for (claim, affine) in st.claims.iter().enumerate() {
        for form in &affine.forms {
            let free = (form.block_bits() as u64).saturating_sub(u64::from(kf));
            entries = entries.saturating_add(1u64.checked_shl(free as u32).unwrap_or(u64::MAX));
            if entries > MAX_ENTRIES {
                let reason = "the forms have more than 2^26 entries after the folds";
                return Err(PcsError::Statement { claim, reason });
            }
        }
    }
    Ok(())
}

/// sum_k scalar_k form_k (pads and the bindings' single cells too) on the entries of the final vector.
pub(crate) fn final_coefficients(
    st: &OpeningClaims,
    f: &Folded,
    scalars: &[K],
) -> Result<Vec<K>, PcsError> {
    check_scalars(st, scalars)?;
    let tables = Tables::new(f);
    let mut out = vec![K::ZERO; f.final_len];
    for (k, (claim, &s)) in st.claims.iter().zip(scalars).enumerate() {
        for form in &claim.forms {
            add_form(&mut out, f, &tables, form, s)
                .map_err(|reason| PcsError::Statement { claim: k, reason })?;
        }
    }
    for (slab, cell, w) in single_cells(st, scalars) {
        add_cell(&mut out, f, &tables, slab, cell, w).ok_or(PcsError::Statement {
            claim: st.claims.len(),
            reason: "a single cell lies outside its slab",
        })?;
    }
    Ok(out)
}

/// w on one cell of a slab; `None` where the slab has no such cell.
fn add_cell(
    out: &mut [K],
    f: &Folded,
    tables: &Tables,
    slab: usize,
    cell: usize,
    w: K,
) -> Option<()> {
    let kf = f.low.len();
    let (column, row) = (cell >> f.log_rows, cell & ((1 << f.log_rows) - 1));
    let own = column < *f.columns.columns.get(slab)? as usize;
    let place = own.then_some(f.columns.base.get(slab)? + column)?;
    let factor = *tables.columns.get(place)? * tables.row(row & ((1 << kf) - 1))?;
    *out.get_mut(row >> kf)? += w * factor;
    Some(())
}

/// Whether a form lies on the cells of its slab: an aligned block, every bit in exactly one group.
fn check_form(f: &Folded, form: &ProductForm) -> Result<(), &'static str> {
    let columns = f.columns.columns.get(form.slab).ok_or("no such slab")?;
    let mut seen = 0u64;
    let mut count = 0u32;
    for g in form.groups.iter() {
        if g.bits.len() > 40 || g.table.len() != 1 << g.bits.len() {
            return Err("a table does not have 2^bits entries");
        }
        for &b in &g.bits {
            if b >= 40 || seen >> b & 1 == 1 {
                return Err("a bit is in two groups");
            }
            seen |= 1 << b;
            count += 1;
        }
    }
    if seen != (1u64 << count) - 1 {
        return Err("a bit of the block is in no group");
    }
    let block = 1u64 << count;
    let cells = u64::from(*columns) << f.log_rows;
    let offset = form.offset as u64;
    if offset & (block - 1) != 0 || offset.checked_add(block).is_none_or(|end| end > cells) {
        return Err("the block is not aligned or leaves its slab");
    }
    Ok(())
}

fn add_form(
    out: &mut [K],
    f: &Folded,
    tables: &Tables,
    form: &ProductForm,
    scalar: K,
) -> Result<(), &'static str> {
    check_form(f, form)?;
    let kf = f.low.len();
    let block_bits = form.block_bits();
    // Bits of the offset between the block and Kf are fixed; a block of more than Kf bits has none.
    let fixed = &f.low[block_bits.min(kf)..];
    let scale = form.scale * scalar * eq_low(fixed, (form.offset >> block_bits.min(63)) as u64);
    // Places and coefficients of each group; the largest stays apart, so that the entries are never in memory all at once.
    let mut groups: Vec<Vec<(usize, K)>> = form
        .groups
        .iter()
        .map(|group| {
            let (free, table) = contract(group, f.low);
            let places = (0..table.len()).map(|t| place(&free, t));
            places.zip(table).collect()
        })
        .collect();
    groups.sort_by_key(Vec::len);
    let inner = groups.pop().unwrap_or_else(|| vec![(0, K::ONE)]);
    let mut outer = vec![(form.offset >> kf, scale)];
    for group in &groups {
        outer = outer
            .iter()
            .flat_map(|&(at, w)| group.iter().map(move |&(p, t)| (at + p, w * t)))
            .collect();
    }
    let row_bits = (f.log_rows as usize).checked_sub(kf);
    let row_bits = row_bits.ok_or("more bits are folded than rows have")?;
    let base = *f.columns.base.get(form.slab).ok_or("no such slab")?;
    for (start, w) in outer {
        for &(place, t) in &inner {
            let at = start + place;
            let column = tables.columns.get(base + (at >> row_bits));
            let entry = out.get_mut(at & ((1 << row_bits) - 1));
            let (Some(&c), Some(entry)) = (column, entry) else {
                return Err("a cell lies outside the final vector");
            };
            *entry += w * t * c;
        }
    }
    Ok(())
}

/// sum over the bound bits of a group of eq times its table: the free bits less Kf, in their order, and the table over them.
fn contract(group: &Group, low: &[K]) -> (Vec<u8>, Vec<K>) {
    let mut table = group.table.clone();
    let mut free: Vec<u8> = Vec::new();
    // From the last (least significant) bit of the table index up: the free ones below stay as inner blocks.
    for &b in group.bits.iter().rev() {
        match low.get(usize::from(b)) {
            None => free.push(b - low.len() as u8),
            Some(&r) => {
                let inner = 1usize << free.len();
                let mut next = Vec::with_capacity(table.len() / 2);
                for pair in table.chunks_exact(2 * inner) {
                    let (zero, one) = pair.split_at(inner);
                    next.extend(zero.iter().zip(one).map(|(&x, &y)| x + r * (y - x)));
                }
                table = next;
            }
        }
    }
    free.reverse();
    (free, table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Opened;
    use crate::random::{Stream, MASK};
    use crate::verify_opening;
    use std::sync::Arc;
    use tacit_algebra::Affine;
    use tacit_params::{Geometry, Level};
    use tacit_transcript::Reader;

    fn opened(columns: u32) -> Opened<'static> {
        Opened {
            root: &[0; 32],
            columns,
            salted: false,
        }
    }

    /// Forms bound in the folded variables are the sum over all cells of coefficient times the factors of their row and column.
    #[test]
    fn bound_forms_are_sums_over_cells() {
        let mut rng = Stream::new(&[7; 32], MASK);
        let geometry = Geometry {
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
        };
        let columns = Columns::new(vec![2, 5]);
        let (rho, low) = (rng.k_vec(3), rng.k_vec(3));
        let f = Folded {
            columns: &columns,
            log_rows: 5,
            rho: &rho,
            low: &low,
            final_len: 6,
        };
        let shapes: [(usize, usize, &[&[u8]]); 8] = [
            (0, 0, &[&[5, 4, 3, 2, 1, 0]]),
            (1, 64, &[&[5, 2, 1], &[4, 3, 0]]),
            (1, 128, &[&[4, 3], &[2, 1, 0]]),
            (0, 12, &[&[1, 0]]),
            (1, 33, &[]),
            (1, 0, &[&[6, 0], &[1], &[2, 3, 4, 5]]),
            (1, 8, &[&[2], &[1], &[0]]),
            (0, 32, &[&[], &[4, 0, 3, 1, 2]]),
        ];
        for (slab, offset, groups) in shapes {
            let groups: Vec<Group> = groups
                .iter()
                .map(|bits| Group {
                    bits: bits.to_vec(),
                    table: rng.k_vec(1 << bits.len()),
                })
                .collect();
            let form = ProductForm {
                slab,
                offset,
                scale: rng.next_k(),
                groups: Arc::new(groups),
            };
            let claim = Affine {
                constant: K::ZERO,
                pads: vec![(0, rng.next_k()), (2, rng.next_k())],
                forms: vec![form.clone()],
            };
            let st = OpeningClaims {
                geometry: &geometry,
                opened: [2, 5].map(opened).to_vec(),
                k0: 3,
                pad_base: 0,
                claims: std::slice::from_ref(&claim),
                bindings: vec![],
            };
            let scalar = rng.next_k();
            let mut want = vec![K::ZERO; 6];
            for cell in 0..32 * columns.columns[slab] as usize {
                let (c, x) = (cell >> 5, cell & 31);
                let factor =
                    eq_low(&rho, (columns.base[slab] + c) as u64) * eq_low(&low, x as u64 & 7);
                want[x >> 3] += scalar * form.weight(cell) * factor;
            }
            let mut got = vec![K::ZERO; 6];
            add_form(&mut got, &f, &Tables::new(&f), &form, scalar).unwrap();
            assert_eq!(got, want);
            let slug = |st: &OpeningClaims, scalars: &[K]| match final_coefficients(st, &f, scalars)
            {
                Ok(_) => "fits",
                Err(e) => e.slug(),
            };
            assert_eq!(slug(&st, &[scalar]), "fits");
            // A claim without its scalar, a scalar without its claim.
            assert_eq!(slug(&st, &[]), "program");
            assert_eq!(slug(&st, &[scalar; 2]), "program");
            // Pads behind the witness slab's 5 columns of 32 cells, though other columns have numbers there.
            let pads = |slabs: &[u32], pad_base| OpeningClaims {
                opened: slabs.iter().map(|&c| opened(c)).collect(),
                pad_base,
                ..st.clone()
            };
            assert_eq!(slug(&pads(&[2, 5], 5 * 32 - 9), &[scalar]), "fits");
            assert_eq!(slug(&pads(&[2, 5], 5 * 32 - 8), &[scalar]), "program");
            assert_eq!(slug(&pads(&[2], 2 * 32 - 8), &[scalar]), "program");
            assert_eq!(slug(&pads(&[], 0), &[scalar]), "program");
        }
    }

    /// A block of 2^20 cells has 2^18 entries after two folds: 2^8 forms of it are allowed, one more is not.
    #[test]
    fn entries_of_all_forms_are_bounded() {
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
        let group = |bits: std::ops::Range<u8>| Group {
            table: vec![K::ONE; 1 << bits.len()],
            bits: bits.collect(),
        };
        let form = ProductForm {
            slab: 0,
            offset: 0,
            scale: K::ONE,
            groups: Arc::new(vec![group(10..20), group(0..10)]),
        };
        let claim = |forms| Affine {
            forms: vec![form.clone(); forms],
            ..Affine::default()
        };
        let root = [0; 32];
        let opened = Opened {
            root: &root,
            columns: 1 << 15,
            salted: false,
        };
        // Of an empty argument: what fits is refused at the first message only.
        let verify = |claims: &[Affine]| {
            let st = OpeningClaims {
                geometry: &geometry,
                opened: vec![opened],
                k0: 15,
                pad_base: 0,
                claims,
                bindings: vec![],
            };
            let refused = verify_opening(&mut Reader::new(&[]), &st).unwrap_err();
            refused.slug()
        };
        assert_eq!(verify(&[claim(200), claim(56)]), "truncated");
        assert_eq!(verify(&[claim(200), claim(57)]), "program");
        let mut huge = claim(1);
        huge.forms[0].groups = Arc::new(vec![group(0..1); 200]);
        assert_eq!(verify(&[huge]), "program");
    }

    #[test]
    fn forms_outside_their_slab_are_refused() {
        let columns = Columns::new(vec![1]);
        let f = Folded {
            columns: &columns,
            log_rows: 3,
            rho: &[],
            low: &[K::ONE],
            final_len: 5,
        };
        let form = |slab, offset, bits: &[&[u8]], len: usize| ProductForm {
            slab,
            offset,
            scale: K::ONE,
            groups: Arc::new(
                bits.iter()
                    .map(|b| Group {
                        bits: b.to_vec(),
                        table: vec![K::ONE; len],
                    })
                    .collect(),
            ),
        };
        for bad in [
            form(1, 0, &[&[0]], 2),
            form(0, 1, &[&[0]], 2),
            form(0, 8, &[&[0]], 2),
            form(0, 0, &[&[1]], 2),
            form(0, 0, &[&[0], &[0]], 2),
            form(0, 0, &[&[0]], 1),
            form(0, 0, &[&[77]], 2),
            form(0, usize::MAX - 1, &[&[0]], 2),
        ] {
            assert!(check_form(&f, &bad).is_err());
        }
    }
}
