//! Malicious provers against roundings that saturate (`tacit.integer.operators.saturation`), on the real verifier: another excess, another
//! clamp, a low digit or a bit that is not the number's. Each is tried twice: on the program, and *frozen*, on one where the
//! relation that guards says only what its values lie in. There the same trace is accepted, so it is that relation that refuses.

use tacit_program::*;
use tacit_testkit::lie::{contract, count, set, Lie};
use tacit_testkit::*;

const LOG: &str = "logup layer 0";
/// y = round(x / 4) of the first entries, clamped to [0, 15] mostly.
const Y: [i64; 6] = [5, 15, 23, -6, 16, 400];
const INSIDE: usize = 0;
const BORDER: usize = 1;
const ABOVE: usize = 2;
const BELOW: usize = 3;
const NEXT: usize = 4;
const FAR: usize = 5;

/// A program of the vectors.
fn vector(name: &str) -> Program {
    let path = format!(
        "{}/../../vectors/proof_accept_{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let vector: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let text = vector["program"].as_str().unwrap();
    let byte = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
    Prepared::from_bytes(&bytes).unwrap().program
}

/// `selected`'s number as *again* clamps it: q is t = floor(y / 8), but at most one step beyond the bounds; a is the clamp of
/// low + 8 q.
fn again() -> Program {
    let mut p = vector("selected");
    let (q, low, a) = (id(&p, "z"), id(&p, "low"), id(&p, "a"));
    p.einsums.clear();
    p.tensors[q as usize].name = "q".into();
    (p.tensors[q as usize].lo, p.tensors[q as usize].hi) = (-1, 2);
    let clamp = |lo, len, low, high| TableKind::Clamp { lo, len, low, high };
    p.tables[2].kind = clamp(-65, 131, -1, 2);
    p.tables[3].kind = clamp(-8, 32, 0, 15);
    let [.., part, last] = p.lookups.as_mut_slice() else {
        panic!("two lookups of t");
    };
    part.name = "part".into();
    last.name = "again".into();
    last.input = expr(0, vec![same(1, low, 2), same(8, q, 2)]);
    last.shift = 0;
    last.output = expr(0, vec![same(1, a, 2)]);
    p
}

fn program(name: &str) -> Program {
    if name == "again" {
        again()
    } else {
        vector(name)
    }
}

fn id(program: &Program, tensor: &str) -> u32 {
    let at = program.tensors.iter().position(|t| t.name == tensor);
    at.unwrap() as u32
}

/// One relation, and what is left of it: each of its sides lies in an interval.
struct Hole {
    lookup: &'static str,
    /// (lo, rows) of its input and of its output.
    input: (i64, u32),
    output: Option<(i64, u32)>,
    /// What the tensors are declared to lie in then.
    tensors: &'static [(&'static str, i64, i64)],
}

impl Hole {
    /// The program with this relation weakened.
    fn dig(&self, mut program: Program) -> Program {
        let at = program.lookups.iter().position(|l| l.name == self.lookup);
        let strict = program.lookups[at.unwrap()].clone();
        let sides = [
            (Some(self.input), strict.input, strict.shift),
            (self.output, strict.output, 0),
        ];
        program.lookups.retain(|l| l.name != self.lookup);
        for (side, (range, input, shift)) in ["in", "out"].into_iter().zip(sides) {
            let Some((lo, len)) = range else { continue };
            let name = format!("{} {side}", self.lookup);
            let kind = TableKind::Range { lo, len };
            program.lookups.push(Lookup {
                name: name.clone(),
                table: program.tables.len() as u32,
                shape: strict.shape.clone(),
                input,
                shift,
                output: Expr::default(),
            });
            program.tables.push(Table { name, kind });
        }
        for &(name, lo, hi) in self.tensors {
            let i = id(&program, name) as usize;
            (program.tensors[i].lo, program.tensors[i].hi) = (lo, hi);
        }
        program
    }
}

/// What a prover adds to one entry of the honest trace: to these tensors so much, to y what it adds to a.
type Forgery = (usize, &'static [(&'static str, i64)]);

fn world(program: Program) -> World {
    let x = id(&program, "x");
    let tensor = &program.tensors[x as usize];
    let mut values = numbers(7, entries(&tensor.shape), tensor.lo, tensor.hi);
    for (value, y) in values.iter_mut().zip(Y) {
        *value = (4 * y + 1).min(tensor.hi);
    }
    World::new(Case {
        prepared: Prepared::new(program).unwrap_or_else(|e| panic!("{e}")),
        givens: vec![(x, values)],
    })
}

/// The real prover with that trace; the verifier's answer, and the claims that are false.
fn answer(program: Program, (entry, changes): Forgery) -> (&'static str, Vec<String>) {
    let world = world(program);
    let prepared = world.case.prepared.clone();
    let trace = move |trace: &mut Trace, publics: &mut Publics| {
        for &(name, d) in changes {
            set(trace, id(&prepared.program, name), entry, |v| v + d);
            if name == "a" {
                set(trace, id(&prepared.program, "y"), entry, |v| v + d);
            }
        }
        contract(&prepared, trace);
        count(&prepared, trace);
        *publics = tacit_prover::public_values(&prepared, trace);
    };
    let mut lie = Lie {
        trace: Some(Box::new(trace)),
        ..Lie::default()
    };
    let proof = world.prove_with(&mut lie).unwrap();
    let slug = world
        .verify(&proof)
        .map_or_else(|e| e.slug(), |()| "accepted");
    (slug, lie.bad)
}

#[track_caller]
fn refused(program: Program, forgery: Forgery) {
    let expected = ("final_claim", vec![LOG.to_string()]);
    assert_eq!(answer(program, forgery), expected, "{forgery:?}");
}

#[track_caller]
fn guarded_by(hole: &Hole, name: &str, forgery: Forgery) {
    refused(program(name), forgery);
    let without = answer(hole.dig(program(name)), forgery);
    assert_eq!(without, ("accepted", vec![]), "{forgery:?}");
}

#[test]
fn honest_provers_are_accepted() {
    for name in ["clamped", "gated", "selected", "again"] {
        assert_eq!(answer(program(name), (0, &[])), ("accepted", vec![]));
    }
}

/// *whole*: (y, a) in one table.
#[test]
fn another_clamp_is_refused() {
    let hole = Hole {
        lookup: "a",
        input: (-26, 53),
        output: Some((-5, 15)),
        tensors: &[],
    };
    // 5; and 9, the upper bound there.
    guarded_by(&hole, "clamped", (INSIDE, &[("a", 1)]));
    guarded_by(&hole, "clamped", (INSIDE, &[("a", -10)]));
    guarded_by(&hole, "clamped", (ABOVE, &[("a", -1)]));
}

/// *gated*: (v, v a) in the table of the excess. With another excess a is the clamp of another number, u = y - 8 v.
#[test]
fn another_excess_is_refused() {
    let hole = Hole {
        lookup: "end",
        input: (-64, 128),
        output: None,
        tensors: &[],
    };
    // u is -3, 7, 2 and 8.
    guarded_by(&hole, "gated", (INSIDE, &[("v", 1), ("a", -5)]));
    guarded_by(&hole, "gated", (BORDER, &[("v", 1), ("a", -8)]));
    guarded_by(&hole, "gated", (BELOW, &[("v", -1), ("a", 2)]));
    guarded_by(&hole, "gated", (FAR, &[("v", 1), ("a", -7)]));
    // Near a border it may be another, and a is the same: u = 23 and u = 15.
    let border = answer(program("gated"), (ABOVE, &[("v", 1)]));
    assert_eq!(border, ("accepted", vec![]));
}

/// *gated*: (u, a) in the table of the clamp.
#[test]
fn another_clamp_beside_the_excess_is_refused() {
    let hole = Hole {
        lookup: "clamp",
        input: (-8, 512),
        output: Some((0, 16)),
        tensors: &[],
    };
    guarded_by(&hole, "gated", (INSIDE, &[("a", 1)]));
    guarded_by(&hole, "gated", (INSIDE, &[("a", -5)]));
    guarded_by(&hole, "gated", (ABOVE, &[("a", -1)]));
    // An excess that is kept quiet, or on the other side: u = 400 and 408, no rows.
    guarded_by(&hole, "gated", (FAR, &[("v", -48), ("a", -8)]));
    guarded_by(&hole, "gated", (FAR, &[("v", -49), ("a", -15)]));
    // With an excess its own table says what a is, this one or not.
    refused(hole.dig(program("gated")), (FAR, &[("a", -1)]));
}

/// *select*: z for another t. a - z low stays what t says.
#[test]
fn another_bit_is_refused() {
    let hole = Hole {
        lookup: "inside",
        input: (-65, 131),
        output: Some((0, 2)),
        tensors: &[],
    };
    guarded_by(&hole, "selected", (INSIDE, &[("z", -1), ("a", -5)]));
    guarded_by(&hole, "selected", (ABOVE, &[("z", 1), ("a", 7)]));
    guarded_by(&hole, "selected", (BELOW, &[("z", 1), ("a", 2)]));
}

/// *select*: G for another t.
#[test]
fn another_base_is_refused() {
    let hole = Hole {
        lookup: "ends",
        input: (-65, 131),
        output: Some((0, 16)),
        tensors: &[],
    };
    guarded_by(&hole, "selected", (INSIDE, &[("a", 8)]));
    guarded_by(&hole, "selected", (BORDER, &[("a", -8)]));
    guarded_by(&hole, "selected", (BELOW, &[("a", 15)]));
    guarded_by(&hole, "selected", (FAR, &[("a", -15)]));
}

/// *select* and *again*: low beyond its bits is the y of another t.
#[test]
fn a_low_part_without_its_range_is_refused() {
    let hole = Hole {
        lookup: "low",
        input: (-8, 24),
        output: None,
        tensors: &[("low", -8, 15), ("a", -8, 30)],
    };
    // 5 = 13 - 8 is below, 16 = 8 + 8 is inside.
    guarded_by(
        &hole,
        "selected",
        (INSIDE, &[("low", 8), ("z", -1), ("a", -5)]),
    );
    guarded_by(&hole, "selected", (NEXT, &[("low", 8), ("z", 1), ("a", 1)]));
    // 400 = 408 - 8 comes back inside from one step beyond: -8 + 8 * 2. So does -6 = 10 - 16: 10 - 8.
    guarded_by(&hole, "again", (FAR, &[("low", -8), ("a", -7)]));
    guarded_by(&hole, "again", (BELOW, &[("low", 8), ("a", 2)]));
}

/// *again*: q for another t, a for another number.
#[test]
fn another_part_is_refused() {
    let part = Hole {
        lookup: "part",
        input: (-65, 131),
        output: Some((-1, 4)),
        tensors: &[],
    };
    guarded_by(&part, "again", (INSIDE, &[("q", 1), ("a", 8)]));
    guarded_by(&part, "again", (FAR, &[("q", -1), ("a", -7)]));
    let last = Hole {
        lookup: "again",
        input: (-8, 32),
        output: Some((0, 16)),
        tensors: &[],
    };
    guarded_by(&last, "again", (INSIDE, &[("a", 1)]));
    guarded_by(&last, "again", (FAR, &[("a", -1)]));
}

/// All: r beyond its bits is the remainder of another y.
#[test]
fn a_remainder_without_its_range_is_refused() {
    let hole = Hole {
        lookup: "r",
        input: (0, 8),
        output: None,
        tensors: &[("r", 0, 7)],
    };
    guarded_by(&hole, "gated", (INSIDE, &[("r", 4), ("a", -1)]));
    for name in ["selected", "again"] {
        let forgery: Forgery = (INSIDE, &[("r", 4), ("low", -1), ("a", -1)]);
        guarded_by(&hole, name, forgery);
    }
    // Another remainder that is no other y's: X - r is no multiple of 4, so y is in no row of any table.
    for name in ["clamped", "gated", "selected", "again"] {
        for d in [&[("r", -1)], &[("r", -3)]] {
            refused(program(name), (INSIDE, d));
        }
    }
}
