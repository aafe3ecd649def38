//! The soundness budget: every round of the protocol, its error in bits, and which one binds (docs/protocol/security.md, section 3).

use crate::johnson::{error_units, log2_units, Code, UNITS, UNIT_BITS};
use crate::{Geometry, Shape};

/// The proximity regime of every budget.
pub const REGIME: &str = "Johnson, mutual correlated agreement (eprint 2025/2055, Theorem 4.6)";

/// One kind of round.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// What the round does.
    pub name: String,
    /// Its security in units of 2^-20 bits, rounded down. Decisions are taken on this integer.
    pub units: i64,
    /// `units` in bits.
    pub bits: f64,
    /// How many rounds have this error.
    pub rounds: u32,
    /// The error's numerator over |K|, or the chance that all positions agree.
    pub formula: String,
}

/// The soundness of a geometry for a program.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// Every round, in the order of the protocol.
    pub terms: Vec<Term>,
    /// The weakest round, in bits (round-by-round soundness).
    pub minimum: f64,
    /// The weakest round in units of 2^-20 bits.
    pub minimum_units: i64,
    /// -log2 of the sum of all errors, for information.
    pub union: f64,
    /// The name of the weakest round.
    pub binding: String,
    /// The proximity regime.
    pub regime: &'static str,
}

impl Budget {
    /// Whether every round has at least `target` bits: an exact comparison of integers.
    #[must_use]
    pub fn reaches(&self, target: u16) -> bool {
        self.minimum_units >= i64::from(target) * UNITS
    }
}

/// Collects terms; an error of zero (a part that the program does not have) is no term.
struct Ledger {
    terms: Vec<Term>,
}

impl Ledger {
    fn push(&mut self, name: String, units: i64, rounds: u32, formula: String) {
        let units = units.max(0);
        self.terms.push(Term {
            name,
            units,
            bits: units as f64 / UNITS as f64,
            rounds,
            formula,
        });
    }

    /// A round whose error is `count / |K|`. Only what is exactly zero is no term: not a number is worth 0 bits.
    fn challenge(&mut self, name: impl Into<String>, count: f64, rounds: u32, formula: &str) {
        if count != 0.0 && rounds > 0 {
            self.push(name.into(), error_units(count), rounds, formula.to_owned());
        }
    }

    /// The draw of positions in code `j`: 2^-grind a^t.
    fn queries(&mut self, j: usize, code: &Code, queries: u16, grind: u8) {
        let units = i64::from(grind) * UNITS + i64::from(queries) * code.query_units;
        self.push(
            format!("queries {j}"),
            units,
            1,
            "2^-grind (sqrt(rho) (1 + 1/m))^t".to_owned(),
        );
    }
}

/// The budget of `geometry` for a program of this shape. Total: a code outside the theorem is worth 0 bits.
#[must_use]
pub fn budget(geometry: &Geometry, shape: &Shape) -> Budget {
    let codes: Option<Vec<Code>> = geometry
        .codes()
        .map(|(rows, log_domain, _)| Code::new(rows, log_domain, geometry.target))
        .collect();
    let mut ledger = Ledger { terms: Vec::new() };
    match codes.as_deref().and_then(<[Code]>::split_first) {
        // A code for the slabs and one for each level: a zip with fewer would forget rounds.
        Some((first, later)) if later.len() == geometry.levels.len() => {
            relation_terms(&mut ledger, shape, first);
            opening_terms(&mut ledger, geometry, shape, first, later);
        }
        _ => ledger.push(
            "code".to_owned(),
            0,
            1,
            "no theorem: fewer than two rows, or rate 1/2 or more".to_owned(),
        ),
    }
    summary(ledger.terms)
}

/// Everything before the column fold. The witness has no out-of-domain sample: each error is charged for L candidates.
fn relation_terms(ledger: &mut Ledger, shape: &Shape, first: &Code) {
    let list = first.list;
    for (i, cells) in shape.slab_cells.iter().enumerate() {
        let name = format!("binding {i}");
        ledger.challenge(name, list * list * 0.5 * *cells as f64, 1, "L^2/2 * C R");
    }
    let entries = shape.lookup_entries as f64;
    ledger.challenge(
        "lookup",
        list * 2.0 * entries,
        1,
        "L * 2 (lookup entries + table rows)",
    );
    // A round of the tree also fixes one coordinate of the point at which the zeros are taken.
    let tree = if shape.lookup_entries > 0 {
        shape.depth.saturating_mul(shape.depth.saturating_add(3)) / 2
    } else {
        0
    };
    ledger.challenge("tree", list * 4.0, tree, "L * (3 + 1)");
    let point = f64::from(shape.arity) + f64::from(shape.zeros);
    ledger.challenge("point", list * point, 1, "L * (arity + zeros)");
    ledger.challenge("einsum", list * 3.0, shape.einsum_rounds, "L * 3");
    ledger.challenge(
        "triples",
        list * f64::from(shape.product_rounds),
        1,
        "L * z",
    );
    ledger.challenge("products", list * 3.0, shape.product_rounds, "L * 3");
    ledger.challenge(
        "collapse",
        list * (f64::from(shape.claims) + 1.0),
        1,
        "L * (claims + 1)",
    );
}

/// The column fold, the mask and every level.
fn opening_terms(
    ledger: &mut Ledger,
    geometry: &Geometry,
    shape: &Shape,
    first: &Code,
    later: &[Code],
) {
    ledger.challenge(
        "columns",
        first.exceptional + 2.0 * first.list,
        shape.k0,
        "X + 2 L",
    );
    ledger.challenge("mask", first.exceptional + first.list, 1, "X + L");
    let mut previous = (first, geometry.queries);
    for (j, (level, code)) in geometry.levels.iter().zip(later).enumerate() {
        let j = j + 1;
        let degree = geometry.rows_at(j - 1) as f64 - 1.0;
        ledger.challenge(
            format!("ood {j}"),
            code.list * code.list * 0.5 * degree,
            1,
            "L^2/2 * (M - 1)",
        );
        ledger.queries(j - 1, previous.0, previous.1, geometry.grind);
        let batch = code.list * (f64::from(previous.1) + 1.0);
        ledger.challenge(format!("batch {j}"), batch, 1, "L * (t + 1)");
        ledger.challenge(
            format!("fold {j}"),
            code.exceptional + 2.0 * code.list,
            u32::from(level.fold),
            "X + 2 L",
        );
        previous = (code, level.queries);
    }
    ledger.queries(
        geometry.levels.len(),
        previous.0,
        previous.1,
        geometry.grind,
    );
}

/// Minimum, union and the binding term.
fn summary(terms: Vec<Term>) -> Budget {
    let weakest = terms.iter().min_by_key(|t| t.units);
    let (minimum_units, binding) =
        weakest.map_or((0, String::new()), |t| (t.units, t.name.clone()));
    // sum of rounds * 2^-units = 2^-minimum * sum of rounds * 2^-(units - minimum)
    let total: f64 = terms
        .iter()
        .map(|t| f64::from(t.rounds) * exp2_down((t.units - minimum_units) >> UNIT_BITS))
        .sum();
    let union_units = if terms.is_empty() {
        0
    } else {
        minimum_units - log2_units(total) - 1
    };
    Budget {
        minimum: minimum_units as f64 / UNITS as f64,
        minimum_units,
        union: union_units.max(0) as f64 / UNITS as f64,
        binding,
        regime: REGIME,
        terms,
    }
}

/// 2^-bits for a whole number of bits.
fn exp2_down(bits: i64) -> f64 {
    (0..bits.min(1000)).fold(1.0, |x: f64, _| x * 0.5)
}
