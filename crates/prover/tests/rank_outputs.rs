//! Zero knowledge of one slab in proofs of several programs, exactly and column by column: an output that is committed by the
//! program that computes it, then validated, then read by another program. Its columns lie at other places in each, and k0 differs.

mod zk;

use tacit_params::{Geometry, Level};
use tacit_pcs::Slab;
use tacit_program::{execute, Hint, Place, Prepared, SlabDecl, Values};
use tacit_prover::Job;
use tacit_testkit::mlp::Y;
use tacit_testkit::*;
use tacit_verifier::{prepare_validity, VALIDITY_CONTEXT};
use zk::hiding::{check_against_messages, column_alone, rows_used};
use zk::record::{run, Run};

const OUTPUT: usize = 2;
const OTHER: usize = 3;
/// Proofs' own slabs are WITNESS, WITNESS + 1, ..
const WITNESS: usize = 10;

/// 128 data rows and 64 others: room for three proofs of 6 + 3 (4 + 1) rows.
fn geometry() -> Geometry {
    let level = |fold, log_domain| Level {
        fold,
        log_domain,
        queries: 5,
    };
    Geometry {
        log_rows: 7,
        rows: 192,
        log_domain: 9,
        levels: vec![level(3, 6), level(2, 5)],
        ..toy()
    }
}

/// The MLP with y in the slab "output".
fn producer() -> Case {
    let Case { prepared, givens } = mlp();
    let mut program = prepared.program.clone();
    program.slabs.push(SlabDecl {
        name: "output".into(),
        private: true,
    });
    let y = &mut program.tensors[Y as usize];
    (y.place, y.lo, y.hi) = (Place::Slab(OUTPUT as u8), -512, 511);
    let prepared = Prepared::new(program).unwrap_or_else(|e| panic!("{e}"));
    Case { prepared, givens }
}

/// z = y v for a private v: y stands behind v, in the program's second slab.
fn consumer() -> Case {
    let mut p = Builder::new("consumer", &[("other", true), ("output", true)]);
    let v = p.tensor("v", &[70, 3], Place::Slab(0), -8, 7);
    let y = p.tensor("y", &[3, 3], Place::Slab(1), -512, 511);
    let z = p.tensor("z", &[3, 70], Place::Public, -100_000, 100_000);
    let t = |id| expr(0, vec![same(1, id, 2)]);
    let sizes = [('b', 3), ('o', 3), ('k', 70)];
    let acc = p.einsum("acc", "bo,ko->bk", &sizes, t(y), t(v));
    p.zero(
        "z",
        &[3, 70],
        expr(0, vec![product(1, acc, 2), same(-1, z, 2)]),
    );
    p.hint(Hint::Linear {
        dst: z,
        expr: expr(0, vec![product(1, acc, 2)]),
    });
    Case {
        prepared: p.prepare(),
        givens: vec![(v, numbers(7, 210, -8, 7))],
    }
}

fn prove(
    prepared: &Prepared,
    slabs: &[&Slab],
    ids: &[usize],
    context: &[u8],
    givens: Givens,
    number: usize,
) -> Run {
    let geometry = geometry();
    let job = Job {
        prepared,
        geometry: &geometry,
        slabs,
        context,
    };
    run(job, givens, ids, WITNESS + number)
}

#[test]
fn an_output_hides_in_proofs_of_three_programs() {
    let (made, read) = (producer(), consumer());
    let trace = execute(&made.prepared, made.givens.clone()).unwrap();
    let y = trace.tensors[Y as usize].to_vec();
    let mut values = slab_values(&made);
    values.push((Y, Values::new(y)));
    let slabs = commit_all(&made.prepared, &geometry(), &values, 3, 4);
    let other = commit_one(
        &read.prepared,
        &geometry(),
        0,
        &slab_values(&read),
        1,
        4,
        [9; 32],
    );
    let output = &slabs[OUTPUT];
    let validity = prepare_validity("output", &made.prepared.schema_tensors(OUTPUT)).unwrap();
    let all: Vec<&Slab> = slabs.iter().collect();
    let runs = [
        prove(
            &made.prepared,
            &all,
            &[0, 1, OUTPUT],
            CONTEXT,
            made.givens,
            0,
        ),
        prove(&validity, &[output], &[OUTPUT], VALIDITY_CONTEXT, vec![], 1),
        prove(
            &read.prepared,
            &[&other, output],
            &[OTHER, OUTPUT],
            CONTEXT,
            read.givens,
            2,
        ),
    ];
    runs.iter().for_each(check_against_messages);
    let folds: Vec<u32> = runs.iter().map(|r| r.columns.k0).collect();
    assert_eq!(folds, [4, 3, 3]);
    assert_eq!(output.commitment.header.columns, 1);
    let [enough, fewer] = column_alone(&runs, &[OUTPUT], 0, &|v| v);
    println!("{} rows: {enough:?}, {fewer:?}", rows_used(&runs, OUTPUT));
    assert!(enough.secret && enough.hides);
    assert!(!fewer.hides, "a row fewer");
}
