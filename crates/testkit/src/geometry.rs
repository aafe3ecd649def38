//! A geometry of a few queries, and the context of the tests' proofs.

use tacit_params::{Geometry, Level};

pub const CONTEXT: &[u8] = b"nonce 1";

/// Bits that the toy geometry reaches: a few queries, four bits of grinding.
pub const TOY: u16 = 5;

/// 32 data rows, 96 in all, rate 3/8: small enough to try every byte of a proof.
pub fn toy() -> Geometry {
    Geometry {
        target: TOY,
        log_rows: 5,
        rows: 96,
        log_domain: 8,
        queries: 6,
        grind: 4,
        levels: vec![
            Level {
                fold: 3,
                log_domain: 6,
                queries: 5,
            },
            Level {
                fold: 2,
                log_domain: 5,
                queries: 5,
            },
        ],
    }
}
