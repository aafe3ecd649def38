//! Outputs in a slab of their own: computed by execution, committed for one proof, tied by the same constraints.

use tacit_pcs::Slab;
use tacit_program::{execute, Place, Prepared, SlabDecl, Trace, Values};
use tacit_prover::{Job, Profile};
use tacit_testkit::lie::{set, Lie};
use tacit_testkit::mlp::Y;
use tacit_testkit::*;

/// The MLP with Y in the slab "output".
fn committed() -> Case {
    let Case { prepared, givens } = mlp();
    let mut program = prepared.program.clone();
    program.slabs.push(SlabDecl {
        name: "output".into(),
        private: true,
    });
    let y = &mut program.tensors[Y as usize];
    (y.place, y.lo, y.hi) = (Place::Slab(2), -512, 511);
    let prepared = Prepared::new(program).unwrap_or_else(|e| panic!("{e}"));
    Case { prepared, givens }
}

/// Slabs whose last one holds these outputs.
fn slabs(case: &Case, y: Vec<i64>) -> Vec<Slab> {
    let mut values = slab_values(case);
    values.push((Y, Values::new(y)));
    commit_all(&case.prepared, &toy(), &values, 1, 6)
}

/// The verifier's answer to a proof of this trace with these slabs, and the claims that are false.
fn answer(case: &Case, slabs: &[Slab], trace: Trace) -> (&'static str, Vec<String>) {
    let geometry = toy();
    let job = Job {
        prepared: &case.prepared,
        geometry: &geometry,
        slabs: &slabs.iter().collect::<Vec<_>>(),
        context: CONTEXT,
    };
    let mut lie = Lie::default();
    let proof = job
        .prove_trace(trace, &mut lie, Profile::start())
        .unwrap_or_else(|e| panic!("{e}"));
    let found = verify(
        &case.prepared,
        &geometry,
        &commitments(slabs),
        &proof.publics,
        CONTEXT,
        &proof.argument,
        TOY,
    );
    (found.map_or_else(|e| e.slug(), |_| "accepted"), lie.bad)
}

#[test]
fn the_committed_output_is_the_programs() {
    let case = committed();
    let honest = execute(&case.prepared, case.givens.clone()).unwrap();
    let y = honest.tensors[Y as usize].to_vec();
    let mut other = y.clone();
    other[4] += 1;
    let (right, wrong) = (slabs(&case, y), slabs(&case, other));
    assert_eq!(answer(&case, &right, honest.clone()), ("accepted", vec![]));

    let zeros = vec!["einsums, lookup inputs and zeros".to_owned()];
    let refused = ("final_claim", zeros);
    assert_eq!(answer(&case, &wrong, honest.clone()), refused);
    let mut trace = honest.clone();
    set(&mut trace, Y, 4, |y| y + 1);
    assert_eq!(answer(&case, &wrong, trace), refused);

    // An honest prover computes the outputs where their slab is missing, and refuses a slab with others.
    let geometry = toy();
    let execute = |slabs: &[Slab]| {
        let job = Job {
            prepared: &case.prepared,
            geometry: &geometry,
            slabs: &slabs.iter().collect::<Vec<_>>(),
            context: CONTEXT,
        };
        let none: [(u32, Values); 0] = [];
        job.execute(none).map_err(|e| e.to_string())
    };
    assert_eq!(execute(&right[..2]), Ok(honest.clone()));
    assert_eq!(execute(&right), Ok(honest));
    let error = execute(&wrong).unwrap_err();
    assert!(error.contains("as computed"), "{error}");
}
