//! Public values that a verifier knows otherwise: they must be the proof's.

use crate::numbers::Numbers;
use crate::refusal::{Kind, Refusal, Result};
use crate::statement::{Stated, Statement};

/// What an input or output is known to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub name: String,
    pub numbers: Numbers,
}

/// Each known value is the one that the proof shows.
///
/// # Errors
/// `name` for no input or output of the program, `hidden` for one that the proof does not show, `shape`, `range`,
/// `public_value` where it shows another.
pub(crate) fn check_known(statement: &Statement, known: &[Known]) -> Result<()> {
    known.iter().try_for_each(|one| check_one(statement, one))
}

fn check_one(statement: &Statement, known: &Known) -> Result<()> {
    let name = known.name.as_str();
    let mut ports = statement.inputs.iter().chain(&statement.outputs);
    let port = ports.find(|p| p.name == name).ok_or_else(|| {
        let all = statement.inputs.iter().chain(&statement.outputs);
        let names: Vec<&str> = all.map(|p| p.name.as_str()).collect();
        let expected = format!("one of: {}", names.join(", "));
        Refusal::differs(Kind::Input, "name", "--public", expected, name)
            .remedy("name an input or an output of the program")
    })?;
    let Some(shown) = &port.integers else {
        let expected = "a value that the proof shows";
        return Err(
            Refusal::differs(Kind::Input, "hidden", name, expected, "one that it hides")
                .remedy("only public inputs and outputs can be compared"),
        );
    };
    let wanted = quantize(port, &known.numbers)?;
    let differs = shown.iter().zip(&wanted).position(|(a, b)| a != b);
    let Some(at) = differs else {
        return Ok(());
    };
    let value = |v: i64| format!("{} (the integer {v})", port.real(v));
    let place = format!("{name}, entry {at}");
    let (expected, got) = (value(wanted[at]), value(shown[at]));
    Err(
        Refusal::differs(Kind::Refused, "public_value", place, expected, got)
            .remedy("the proof holds, but of another value than the one you know"),
    )
}

/// The integers that the program has for these numbers: the nearest ones, halves up.
fn quantize(port: &Stated, numbers: &Numbers) -> Result<Vec<i64>> {
    let shape: Vec<usize> = port.shape.iter().map(|&n| n as usize).collect();
    let squeezed =
        |shape: &[usize]| -> Vec<usize> { shape.iter().copied().filter(|&n| n != 1).collect() };
    let n: usize = shape.iter().product();
    if squeezed(&shape) != squeezed(&numbers.shape) || numbers.values.len() != n {
        let (expected, got) = (format!("shape {shape:?}"), format!("{:?}", numbers.shape));
        return Err(
            Refusal::differs(Kind::Input, "shape", &port.name, expected, got)
                .remedy("give the value in the shape that the program takes or gives"),
        );
    }
    let one = |&x: &f64| {
        let exact = x * 2f64.powi(port.frac);
        // exact + 0.5 could round up by itself.
        let whole = exact.floor() + f64::from(exact - exact.floor() >= 0.5);
        let (low, high) = port.range();
        #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
        let inside = whole.is_finite() && whole >= port.lo as f64 && whole <= port.hi as f64;
        if !inside {
            let expected = format!("values in [{low}, {high}]");
            return Err(
                Refusal::differs(Kind::Input, "range", &port.name, expected, x)
                    .remedy("the program cannot have taken or given such a value"),
            );
        }
        #[allow(clippy::cast_possible_truncation)]
        Ok(whole as i64)
    };
    numbers.values.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrays::read_numbers;
    use crate::statement::Place;

    fn port(integers: Option<Vec<i64>>) -> Stated {
        Stated {
            name: "y".into(),
            tensor: "y".into(),
            shape: vec![1, 2],
            frac: 1,
            lo: -8,
            hi: 7,
            place: Place::Public,
            integers,
        }
    }

    fn statement(integers: Option<Vec<i64>>) -> Statement {
        Statement {
            program: [0; 32],
            name: "toy".into(),
            commitments: vec![],
            inputs: vec![],
            outputs: vec![port(integers)],
            hidden: vec![],
            context: vec![],
            security: 128.0,
            architecture: false,
        }
    }

    fn slug(json: &str, integers: Option<Vec<i64>>) -> String {
        let check = |numbers| {
            let name = "y".to_owned();
            check_known(&statement(integers), &[Known { name, numbers }])
        };
        let checked = read_numbers(json.as_bytes()).and_then(check);
        checked.map_or_else(|e| e.slug.to_owned(), |()| "same".into())
    }

    #[test]
    fn a_known_value_is_compared_after_rounding() {
        let shown = || Some(vec![3, -2]);
        for (json, want) in [
            ("[[1.5, -1]]", "same"),
            ("[1.5, -1]", "same"),
            ("[1.25, -1.25]", "same"),
            ("[1.7499, -1]", "same"),
            ("[1.75, -1]", "public_value"),
            ("[1.5, -1.2501]", "public_value"),
            ("[1.5, -5]", "range"),
            ("[1.5, 1e400]", "arrays"),
            ("[1.5]", "shape"),
            ("[[1.5], [-1, 2]]", "arrays"),
            ("[1.5, null]", "arrays"),
            ("[1.5, \"-1\"]", "arrays"),
            ("1.5", "shape"),
            ("{}", "arrays"),
            ("[1.5, -1", "arrays"),
            ("", "arrays"),
        ] {
            assert_eq!(slug(json, shown()), want, "{json}");
        }
        assert_eq!(slug("[1.5, -1]", None), "hidden");
    }

    #[test]
    fn halves_round_up_and_nothing_else_does() {
        let shown = || Some(vec![1, 0]);
        // 0.49999999999999994 + 0.5 is 1.0 in float64.
        assert_eq!(slug("[0.5, 0.24999999999999997]", shown()), "same");
        assert_eq!(slug("[0.25, -0.25]", shown()), "same");
    }

    #[test]
    fn a_name_that_the_program_lacks_is_an_error() {
        let numbers = Numbers {
            shape: vec![],
            values: vec![0.0],
        };
        let name = "z".to_owned();
        let error = check_known(&statement(None), &[Known { name, numbers }]).unwrap_err();
        assert_eq!((error.slug, error.kind), ("name", Kind::Input));
    }
}
