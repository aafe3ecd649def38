//! The derivation: every result is well formed and sound, cheap enough for small models, and found quickly.
use std::time::Instant;
use tacit_params::*;

fn small(cells: u64) -> Work {
    let relations = Relations {
        entries: 8000,
        depth: 13,
        arity: 13,
        zeros: 4,
        einsums: 2,
        einsum_rounds: 6,
        ends: 6,
        products: 2,
    };
    Work {
        relations,
        witness_cells: cells,
    }
}

#[test]
fn print_points() {
    let model = |cells, proofs| SlabSize {
        cells,
        private: true,
        proofs,
        links: 0,
    };
    for (cells, proofs, witness) in [
        (4000, 64, 4000),
        (4000, 64, 10_000),
        (264_000, 64, 300_000),
        (4_000_000, 64, 70_000),
        (124_000_000, 64, 20_000_000),
        (4000, 1, 4000),
        (4000, 1024, 4000),
    ] {
        for optimize in [Optimize::Time, Optimize::Balanced, Optimize::Size] {
            let slabs = [model(cells, proofs)];
            let at = Instant::now();
            let d = derive(&slabs, &[small(witness)], 128, optimize).unwrap();
            let took = at.elapsed();
            let e = estimate(&d.geometry, &small(witness), &slabs);
            let b = budget(
                &d.geometry,
                &small(witness).relations.shape(&d.geometry, &slabs, witness),
            );
            println!("{cells} {proofs} {witness} {optimize:?}: {:.1} ms prove, {:.2} ms verify, {:.0} KB proof, {:.0} KB opening, {:.1} MB peak, {:.1} MB encoded, {took:?}; min {:.2} union {:.2} {}\n   {:?}",
                e.prove_seconds * 1e3, e.verify_seconds * 1e3, e.proof_bytes / 1e3, e.opening_bytes / 1e3, e.peak_bytes / 1e6, e.encoded_bytes / 1e6, b.minimum, b.union, b.binding, d.geometry);
        }
    }
}
