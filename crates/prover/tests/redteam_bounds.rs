//! Programs and geometries of a few bytes that ask for more than a verifier is willing to do.

mod common;
use common::*;
use tacit_params::{Geometry, Level};
use tacit_program::*;
use tacit_verifier::verify;

/// A witness of 2^21 cells in columns of 16: refused before any relation is looked at, so also without an argument.
#[test]
fn columns_are_bounded_before_the_argument_is_read() {
    let slug = |rows: u32| {
        let mut p = Builder::new("wide", &[]);
        p.tensor("x", &[rows, 1 << 8], Place::Witness, 0, 1);
        let y = p.tensor("y", &[1], Place::Public, 0, 0);
        p.zero("z", &[1], expr(0, vec![same(1, y, 1)]));
        let geometry = Geometry {
            target: 0,
            log_rows: 4,
            rows: 256,
            log_domain: 12,
            queries: 1,
            grind: 0,
            levels: vec![Level {
                fold: 4,
                log_domain: 8,
                queries: 1,
            }],
        };
        let prepared = p.prepare();
        let publics = Publics(vec![vec![0]]);
        let refused = verify(&prepared, &geometry, &[], &publics, b"", &[], 0).unwrap_err();
        refused.slug()
    };
    assert_eq!(slug(1 << 11), "truncated");
    assert_eq!(slug(1 << 13), "geometry");
}
