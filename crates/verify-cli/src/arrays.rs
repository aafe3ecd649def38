//! Arrays from files: nested lists in JSON, or what NumPy saves.

use serde_json::Value;

use crate::npy;
use crate::numbers::Numbers;
use crate::refusal::{Kind, Refusal, Result};

/// Numbers of a file's bytes: .npy, or nested lists in JSON.
///
/// # Errors
/// `arrays`.
pub fn read_numbers(bytes: &[u8]) -> Result<Numbers> {
    if bytes.starts_with(npy::MAGIC) {
        return npy::read(bytes);
    }
    let value: Value = serde_json::from_slice(bytes).map_err(|e| {
        Refusal::differs(Kind::Input, "arrays", "", "JSON or an .npy file", e)
            .remedy("write nested lists of numbers, such as [[1, 2.5]], or numpy.save")
    })?;
    let mut numbers = Numbers {
        shape: shape_of(&value),
        values: Vec::new(),
    };
    let rank = numbers.shape.len();
    collect(&value, &numbers.shape[..], rank, &mut numbers.values)?;
    Ok(numbers)
}

/// Of nested lists, by the first of each.
fn shape_of(value: &Value) -> Vec<usize> {
    let mut shape = Vec::new();
    let mut at = Some(value);
    while let Some(Value::Array(items)) = at {
        shape.push(items.len());
        at = items.first();
    }
    shape
}

fn collect(value: &Value, shape: &[usize], rank: usize, out: &mut Vec<f64>) -> Result<()> {
    let place = || format!("entry {} in depth {}", out.len(), rank - shape.len());
    let bad = |place: String, expected: String| {
        Refusal::differs(Kind::Input, "arrays", place, expected, "another value")
            .remedy("every list of one depth has the same length, and holds numbers alone")
    };
    match (value, shape) {
        (Value::Array(items), [n, rest @ ..]) if items.len() == *n => items
            .iter()
            .try_for_each(|item| collect(item, rest, rank, out)),
        (Value::Number(number), []) => {
            out.push(number.as_f64().unwrap_or(f64::NAN));
            Ok(())
        }
        (_, [n, ..]) => Err(bad(place(), format!("a list of {n}"))),
        _ => Err(bad(place(), "a number".to_owned())),
    }
}
