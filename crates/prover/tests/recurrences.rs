//! Steps of a training that are one witness tensor, carried along an axis: trainers that cheat at a step and go on honestly from
//! there. `execute` names the zero; a prover that skips it is refused by the real verifier, since one claim is false.

use tacit_program::*;
use tacit_testkit::lie::{contract, count, set, Lie, EIN};
use tacit_testkit::training::*;
use tacit_testkit::*;

fn world() -> World {
    World::new(trained())
}

/// Proves a run that was never executed; the verifier's answer and the claims that are false.
fn told(world: &World, run: Vec<(u32, Vec<i64>)>) -> (&'static str, Vec<String>) {
    let trace = {
        let prepared = descent().prepare();
        move |trace: &mut Trace, publics: &mut Publics| {
            for (tensor, values) in &run {
                trace.tensors[*tensor as usize] = values.clone().into();
            }
            contract(&prepared, trace);
            count(&prepared, trace);
            *publics = tacit_prover::public_values(&prepared, trace);
        }
    };
    let mut lie = Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    };
    let proof = world.prove_with(&mut lie).unwrap();
    let answer = world.verify(&proof);
    (answer.map_or_else(|e| e.slug(), |()| "accepted"), lie.bad)
}

#[test]
fn an_honest_training_is_accepted() {
    let world = world();
    // Rule 3: base, and at most 32 a step.
    assert_eq!(
        world.case.prepared.intervals[MID as usize],
        Some((-146, 146))
    );
    world.verify(&world.prove()).unwrap();
    assert_eq!(told(&world, train(&honest)), ("accepted", vec![]));
}

#[test]
fn trainers_that_cheat_are_refused() {
    let world = world();
    let last = STEPS - 1;
    let cheats: [(&str, Update); 8] = [
        ("a weight injected at step 1", &|t, w, g| {
            let mut out = honest(t, w, g);
            out[0] += if t == 1 { 5 } else { 0 };
            out
        }),
        ("nothing moves", &|_, w, _| w.to_vec()),
        ("a step left out", &|t, w, g| {
            if t == 2 {
                w.to_vec()
            } else {
                honest(t, w, g)
            }
        }),
        ("a weight frozen", &|t, w, g| {
            let mut out = honest(t, w, g);
            out[1] = w[1];
            out
        }),
        ("the last update doubled", &|t, w, g| {
            let n = if t == last { 2 } else { 1 };
            w.iter().zip(g).map(|(w, g)| w - n * g).collect()
        }),
        ("the last update negated", &|t, w, g| {
            let n = if t == last { -1 } else { 1 };
            w.iter().zip(g).map(|(w, g)| w - n * g).collect()
        }),
        ("the first from another base", &|t, w, g| {
            let mut out = honest(t, w, g);
            out[2] -= if t == 0 { 1 } else { 0 };
            out
        }),
        ("the last weight off by one", &|t, w, g| {
            let mut out = honest(t, w, g);
            out[2] += if t == last { 1 } else { 0 };
            out
        }),
    ];
    let truth = train(&honest);
    for (name, cheat) in cheats {
        let run = train(cheat);
        assert_ne!(run[3..5], truth[3..5], "{name}");
        let error = execute(&world.case.prepared, run[..5].to_vec()).unwrap_err();
        assert!(error.to_string().contains("update"), "{name}: {error}");
        let expected = ("final_claim", vec![EIN.to_string()]);
        assert_eq!(told(&world, run), expected, "{name}");
    }
}

/// One false entry of the carried tensor, at every place, with everything else as it was.
#[test]
fn every_entry_is_forced() {
    let world = world();
    for entry in 0..(STEPS - 1) * WEIGHTS {
        let trace = move |trace: &mut Trace, _: &mut Publics| set(trace, MID, entry, |w| w + 1);
        let mut lie = Lie {
            trace: Some(Box::new(trace)),
            ..Lie::default()
        };
        let proof = world.prove_with(&mut lie).unwrap();
        assert_eq!(world.verify(&proof).unwrap_err().slug(), "final_claim");
        assert!(!lie.bad.is_empty());
    }
}
