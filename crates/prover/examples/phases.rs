//! Where the time of a proof goes: 2^n values through a shift and a ReLU (two lookups each), and a matrix product.
//!
//! `cargo run --release -p tacit-prover --example phases -- 16 18 20`

use std::time::Instant;
use tacit_params::{derive, Optimize, SlabSize, Work};
use tacit_pcs::Slab;
use tacit_program::*;
use tacit_prover::Job;
use tacit_testkit::*;
use tacit_verifier::relations_of;

/// acc = W x; acc = 2^8 y + r; a = relu(y): 2^n entries of acc.
fn case(n: u32) -> Case {
    let (rows, inner) = (1u32 << (n / 2), 64u32);
    let cols = 1u32 << (n - n / 2);
    let mut p = Builder::new("phases", &[("model", true), ("data", true)]);
    let w = p.tensor("W", &[cols, inner], Place::Slab(0), -128, 127);
    let x = p.tensor("x", &[rows, inner], Place::Slab(1), -128, 127);
    let r = p.tensor("r", &[rows, cols], Place::Witness, 0, 255);
    let a = p.tensor("a", &[rows, cols], Place::Witness, 0, 4096);
    let range = p.table("range", TableKind::Range { lo: 0, len: 256 });
    let relu = p.table(
        "relu",
        TableKind::Relu {
            lo: -4097,
            len: 8194,
        },
    );
    let t = |id| expr(0, vec![same(1, id, 2)]);
    let sizes = [('b', rows), ('k', inner), ('o', cols)];
    let acc = p.einsum("acc", "bk,ok->bo", &sizes, t(x), t(w));
    let sum = expr(0, vec![product(1, acc, 2)]);
    let input = expr(0, vec![product(1, acc, 2), same(-1, r, 2)]);
    p.lookup("r", range, &[rows, cols], t(r), 0, Expr::default());
    p.lookup("relu", relu, &[rows, cols], input.clone(), 8, t(a));
    p.hint(Hint::Digits {
        shape: vec![rows, cols],
        expr: sum,
        digits: vec![(r, 8)],
        quotient: None,
    });
    p.hint(Hint::Lookup {
        dst: a,
        table: relu,
        expr: input,
        shift: 8,
    });
    let givens = vec![
        (w, numbers(1, (cols * inner) as usize, -128, 127)),
        (x, numbers(2, (rows * inner) as usize, -128, 127)),
    ];
    Case {
        prepared: p.prepare(),
        givens,
    }
}

fn main() {
    let sizes: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    for n in if sizes.is_empty() { vec![16] } else { sizes } {
        run(n);
    }
}

fn run(n: u32) {
    let case = case(n);
    let prepared = &case.prepared;
    let slab = |i: usize| SlabSize {
        cells: prepared.slab_layout(i).cells as u64,
        private: true,
        proofs: 8,
        links: 0,
    };
    let witness = prepared.slab_layout(prepared.witness_slab()).cells as u64;
    let work = Work {
        relations: relations_of(prepared),
        witness_cells: witness,
    };
    let derived = derive(&[slab(0), slab(1)], &[work], 128, Optimize::Balanced)
        .unwrap_or_else(|e| panic!("{e}"));
    let geometry = derived.geometry;
    let slabs = commit_all(
        prepared,
        &geometry,
        &slab_values(&case),
        8,
        derived.max_fold,
    );
    let refs: Vec<&Slab> = slabs.iter().collect();
    let job = Job {
        prepared,
        geometry: &geometry,
        slabs: &refs,
        context: CONTEXT,
    };
    let mut best = None;
    for _ in 0..3 {
        let proof = job
            .prove_uncounted(
                tacit_prover::ProveOptions::of(case.givens.clone()),
                &mut tacit_pcs::NoHooks,
            )
            .unwrap_or_else(|e| panic!("{e}"));
        let faster = best
            .as_ref()
            .is_none_or(|b: &tacit_prover::Proof| proof.profile.total < b.profile.total);
        if faster {
            best = Some(proof);
        }
    }
    let Some(proof) = best else { return };
    let start = Instant::now();
    let verified = verify(
        prepared,
        &geometry,
        &commitments(&slabs),
        &proof.publics,
        CONTEXT,
        &proof.argument,
        128,
    )
    .unwrap_or_else(|e| panic!("{e}"));
    let leaves: u64 = prepared.sizes.blocks.iter().map(|b| 1u64 << b.bits).sum();
    println!(
        "2^{n}: {leaves} leaves, tree 2^{}, {} bytes, {:.1} bits; prove {:.1} ms, verify {:.2} ms, peak {} MB",
        prepared.sizes.depth,
        proof.argument.len(),
        verified.budget.minimum,
        proof.profile.total.as_secs_f64() * 1e3,
        start.elapsed().as_secs_f64() * 1e3,
        proof.profile.peak_memory >> 20,
    );
    for (phase, time) in &proof.profile.phases {
        let ns = time.as_secs_f64() * 1e9 / leaves as f64;
        println!(
            "  {phase:24} {:9.2} ms {ns:8.1} ns a leaf",
            time.as_secs_f64() * 1e3
        );
    }
}
