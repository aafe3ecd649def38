//! Whether the claims of an opening lie on the committed cells.

use crate::claims::{Columns, OpeningClaims};
use crate::forms::folded::check_entries;
use crate::PcsError;

/// The columns of all slabs.
///
/// # Errors
/// `geometry`; `program` for claims that fit no slab. They come from a validated program: this is a bug in one.
pub fn check_claims(st: &OpeningClaims) -> Result<Columns, PcsError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::{Binding, Opened};
    use crate::verify_opening;
    use p3_field::PrimeCharacteristicRing;
    use tacit_algebra::{Affine, K};
    use tacit_params::{Geometry, Level};
    use tacit_transcript::Reader;

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
            let st = OpeningClaims {
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
