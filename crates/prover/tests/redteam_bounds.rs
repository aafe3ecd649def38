//! Programs and geometries of a few bytes that ask for more than a verifier is willing to do.

use tacit_params::{derive, Geometry, Level, Optimize, SlabSize, Work};
use tacit_pcs::{Commitment, Header};
use tacit_program::*;
use tacit_testkit::*;
use tacit_verifier::{prepare_rotation, relations_of, verify_rotation, Rotation};

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

/// A commitment to these tensors that its header allows, with one rotation cell. Nobody knows an opening of it.
fn unopened(tensors: &[(String, Vec<u32>, i64, i64)]) -> Commitment {
    let prepared = prepare_rotation("model", tensors).unwrap();
    let cells = prepared.layouts[0].cells as u64;
    let work = Work {
        relations: relations_of(&prepared),
        witness_cells: prepared.layouts[1].cells as u64,
    };
    let size = SlabSize {
        cells,
        private: true,
        proofs: 1,
        links: 1,
    };
    let geometry = derive(&[size], &[work], 128, Optimize::Size)
        .unwrap()
        .geometry;
    Commitment {
        header: Header {
            columns: (cells + 6).div_ceil(geometry.r() as u64) as u32,
            blinding: u32::from(geometry.queries) + 3 * 17,
            budget: 1,
            max_fold: 16,
            links: 1,
            leaf_groups: 1,
            private: true,
            schema: schema_digest(tensors).unwrap(),
            geometry,
        },
        root: [0; 32],
        y: [0; 24],
    }
}

/// The program "link" has no relation, so no cost of its own: a claim over a long axis would fill the memory with its table of
/// weights. What bounds it is the validity program of the same tensors, which is looked at first.
#[test]
fn rotations_are_bounded_before_their_claim_is_made() {
    let refusal = |tensors: Vec<(String, Vec<u32>, i64, i64)>| {
        let commitment = unopened(&tensors);
        let rotation = Rotation {
            index: 0,
            v: [0; 24],
            master: vec![0; 2000],
            child: vec![0; 2000],
        };
        verify_rotation("model", &tensors, &commitment, &commitment, &rotation, 128).unwrap_err()
    };
    let long = refusal(vec![("t".into(), vec![1 << 25], 0, 1)]);
    assert_eq!(long.slug(), "rotation");
    assert!(long.to_string().contains("2^24"), "{long}");
    let many = (0..32).map(|i| (format!("t{i}"), vec![1 << 23], 0, 1));
    let many = refusal(many.collect());
    assert!(many.to_string().contains("2^27"), "{many}");
    // Of an honest size: the argument is looked at, and is none.
    let small = refusal(vec![("t".into(), vec![1 << 8], 0, 1)]);
    assert!(!small.to_string().contains("validity program"), "{small}");
}
