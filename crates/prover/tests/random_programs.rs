//! Random small programs: executed as a naive reference executes them, proven, accepted; and refused when one cell is wrong.

use p3_field::PrimeCharacteristicRing;
use proptest::prelude::*;
use tacit_algebra::F;
use tacit_program::*;
use tacit_testkit::lie::{contract, set, Lie};
use tacit_testkit::random::dice::Dice;
use tacit_testkit::random::generator::random_case;
use tacit_testkit::random::naive::Naive;
use tacit_testkit::*;

fn same_as_naive(prepared: &Prepared, givens: &Givens) -> Trace {
    let trace = execute(prepared, givens.clone()).unwrap_or_else(|e| panic!("{e}"));
    let naive = Naive::run(&prepared.program, givens);
    for (t, tensor) in prepared.program.tensors.iter().enumerate() {
        let expected = naive.tensors[t].as_ref().unwrap();
        assert_eq!(&*trace.tensors[t], expected, "tensor {}", tensor.name);
    }
    for (e, einsum) in prepared.program.einsums.iter().enumerate() {
        let expected = naive.einsums[e].as_ref().unwrap();
        assert_eq!(&trace.einsums[e], expected, "{}", einsum.name);
    }
    assert_eq!(trace.multiplicities, naive.multiplicities);
    let (first, rest) = givens.split_at(givens.len() / 2);
    let shared = Shared::new(prepared, first.iter().cloned()).unwrap();
    let again = shared.execute(rest.iter().cloned()).unwrap();
    assert_eq!(again.tensors, trace.tensors);
    trace
}

fn world(prepared: Prepared, givens: Givens) -> World {
    let geometry = toy();
    let case = Case { prepared, givens };
    let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 1, 9);
    World {
        case,
        geometry,
        slabs,
    }
}

/// One wrong cell: in the trace, in what is committed, or in a multiplicity.
fn corruption(prepared: &Prepared, dice: &mut Dice) -> Option<Lie> {
    let program = &prepared.program;
    let witness: Vec<u32> = (0..program.tensors.len() as u32)
        .filter(|&t| matches!(program.tensors[t as usize].place, Place::Witness))
        .collect();
    let delta = dice.nonzero(1 << 20);
    let kind = dice.below(4);
    let mut lie = Lie::default();
    if kind == 3 || witness.is_empty() {
        if program.tables.is_empty() {
            return None;
        }
        let table = dice.below(program.tables.len());
        let row = dice.below(table_len(&program.tables[table].kind) as usize);
        lie.trace = Some(Box::new(move |t, _| t.multiplicities[table][row] += delta));
        return Some(lie);
    }
    let tensor = *dice.pick(&witness);
    let shape = &program.tensors[tensor as usize].shape;
    let entry = dice.below(entries(shape));
    if kind == 2 {
        // The committed cell alone: the messages are those of the honest trace.
        let layout = prepared.slab_layout(prepared.witness_slab());
        let at = layout.offset_of(tensor).unwrap() + padded(shape, entry);
        lie.witness = Some(Box::new(move |cells| cells[at] += F::from_i64(delta)));
        return Some(lie);
    }
    let owned = prepared.clone();
    lie.trace = Some(Box::new(move |t, _| {
        set(t, tensor, entry, |x| x + delta);
        if kind == 1 {
            contract(&owned, t);
        }
    }));
    Some(lie)
}

/// The cell, within its block, of a row-major entry.
fn padded(shape: &[u32], mut entry: usize) -> usize {
    let (mut at, mut stride) = (0, 1);
    for &extent in shape.iter().rev() {
        at += entry % extent as usize * stride;
        entry /= extent as usize;
        stride *= extent.next_power_of_two() as usize;
    }
    at
}

/// Everything that is checked of one program.
fn round_trip(numbers: Vec<u32>, lies: Vec<u32>) {
    let (program, givens) = random_case(numbers);
    let prepared = Prepared::new(program.clone()).unwrap_or_else(|e| panic!("{e}\n{program:#?}"));
    let again = Prepared::from_bytes(&prepared.bytes).unwrap();
    assert_eq!((again.digest, &again.program), (prepared.digest, &program));
    same_as_naive(&prepared, &givens);
    let world = world(prepared, givens);
    let mut audit = Audit::default();
    let proof = world
        .prove_with(&mut audit)
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(audit.bad, Vec::<String>::new());
    world.verify(&proof).unwrap_or_else(|e| panic!("{e}"));
    let mut dice = Dice::new(lies);
    if let Some(mut lie) = corruption(&world.case.prepared, &mut dice) {
        let wrong = world.prove_with(&mut lie).unwrap_or_else(|e| panic!("{e}"));
        let slug = world.verify(&wrong).unwrap_err().slug();
        assert_eq!(slug, "final_claim", "{:?}", lie.bad);
        assert!(!lie.bad.is_empty());
    }
    // The honest argument says nothing of other public values.
    let mut publics = proof.publics.clone();
    if let Some(values) = publics.0.iter_mut().find(|v| !v.is_empty()) {
        let i = dice.below(values.len());
        values[i] += dice.nonzero(3);
        let named = commitments(&world.slabs);
        assert!(world
            .verify_against(&named, &publics, CONTEXT, &proof.argument)
            .is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256,
        failure_persistence: None,
        max_shrink_iters: 400,
        ..ProptestConfig::default()
    })]

    #[test]
    fn random_programs_are_proven_and_lies_refused(
        numbers in proptest::collection::vec(any::<u32>(), 0..400),
        lies in proptest::collection::vec(any::<u32>(), 8),
    ) {
        round_trip(numbers, lies);
    }
}

/// The expressions of all relations.
fn every_expr(program: &Program) -> impl Iterator<Item = &Expr> {
    let operands = program.einsums.iter().flat_map(|e| [&e.a, &e.b]);
    let sides = program.lookups.iter().flat_map(|l| [&l.input, &l.output]);
    operands
        .chain(sides)
        .chain(program.zeros.iter().map(|z| &z.expr))
}

/// The simplest program of the generator, and that the generator reaches everything it is meant to reach.
#[test]
fn the_generator_reaches_everything() {
    round_trip(vec![], vec![]);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..400 {
        let numbers = numbers(seed + 1, 400, 0, 1 << 30)
            .into_iter()
            .map(|x| x as u32)
            .collect();
        let (program, _) = random_case(numbers);
        seen.extend(program.slabs.iter().map(|s| {
            if s.private {
                "private slab"
            } else {
                "public slab"
            }
        }));
        seen.extend(program.tables.iter().map(|t| match t.kind {
            TableKind::Range { .. } => "range",
            TableKind::Relu { .. } => "relu",
            TableKind::Sign { .. } => "sign",
            TableKind::Values { .. } => "values",
            TableKind::Clamp { .. } => "clamp",
        }));
        seen.extend(program.hints.iter().map(|h| match h {
            Hint::Linear { .. } => "linear",
            Hint::Digits { quotient: None, .. } => "digits",
            Hint::Digits { .. } => "digits with a quotient",
            Hint::Lookup { expr, shift, .. }
                if *shift > 0 && program.lookups.iter().all(|l| l.input != *expr) =>
            {
                "lookup of what is rounded down"
            }
            Hint::Lookup { .. } => "lookup",
            Hint::Divide { .. } => "divide",
            Hint::Max { digits, .. } if !digits.is_empty() => "max in digits",
            Hint::Max { axes, .. } if *axes > 1 => "max over two axes",
            Hint::Max { .. } => "max",
            Hint::OneHotMax { .. } => "one hot",
            Hint::Clamp { .. } => "clamp by a hint",
        }));
        seen.extend(
            program
                .lookups
                .iter()
                .filter(|l| l.shift > 0)
                .map(|_| "shift"),
        );
        // With a constant no zero is bare, and the large products are refused.
        let mut read = program.clone();
        (read.zeros.iter_mut()).for_each(|zero| zero.expr.constant += 1);
        if validate(&read).is_err_and(|e| e.rule == "einsum_bound") {
            seen.insert("bare product");
        }
        for term in every_expr(&program).flat_map(|e| &e.terms) {
            for index in term.links.iter().filter_map(|l| l.index) {
                let constant = matches!(program.tensors[index as usize].place, Place::Constant(_));
                seen.insert(if constant {
                    "constant index"
                } else {
                    "public index"
                });
            }
        }
        if program.slabs.is_empty() {
            seen.insert("no slab");
        }
        if program.lookups.is_empty() {
            seen.insert("no lookup");
        }
        if let Ok(prepared) = Prepared::new(program) {
            seen.extend(prepared.einsums.iter().map(|e| match e.ends {
                Ends::None => "public einsum",
                Ends::A => "b public",
                Ends::B => "a public",
                Ends::Same => "same operand",
                Ends::Both => "private einsum",
            }));
        }
    }
    println!("{seen:?}");
    assert_eq!(seen.len(), 29, "{seen:?}");
}
