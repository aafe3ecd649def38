//! A statement and an error, for people and as JSON. The JSON is that of the command `tacit verify --json`.

use std::fmt::Write;

use serde_json::{json, Map, Value};

use crate::refusal::{Kind, Reason, Refusal};
use crate::statement::{hex, short, Place, Stated, Statement};

/// Entries of a value that are shown to people.
const MOST_ENTRIES: usize = 64;

fn number(x: f64) -> Value {
    serde_json::Number::from_f64(x).map_or_else(|| Value::String(x.to_string()), Value::Number)
}

/// Nested lists of the shape.
fn nested(shape: &[u32], values: &[Value]) -> Value {
    match shape {
        [] => values.first().cloned().unwrap_or(Value::Null),
        [_, rest @ ..] => {
            let width = rest.iter().map(|&n| n as usize).product::<usize>().max(1);
            values
                .chunks(width)
                .map(|part| nested(rest, part))
                .collect()
        }
    }
}

fn by_name<'a>(
    ports: impl IntoIterator<Item = &'a Stated>,
    value: impl Fn(&Stated) -> Option<Value>,
) -> Value {
    let named = ports.into_iter();
    let named = named.filter_map(|port| Some((port.name.clone(), value(port)?)));
    Value::Object(named.collect())
}

fn reals(port: &Stated) -> Option<Value> {
    let values: Vec<Value> = port.values()?.into_iter().map(number).collect();
    Some(nested(&port.shape, &values))
}

fn integers(port: &Stated) -> Option<Value> {
    let values: Vec<Value> = port.integers.as_ref()?.iter().map(|&v| v.into()).collect();
    Some(nested(&port.shape, &values))
}

fn claim(port: &Stated) -> Value {
    let (low, high) = port.range();
    let (kind, identity) = match &port.place {
        Place::Public => ("public", Value::Null),
        Place::Private => ("private", Value::Null),
        Place::Committed { identity, .. } => ("committed", hex(identity).into()),
    };
    json!({
        "kind": kind,
        "range": [number(low), number(high)],
        "identity": identity,
        "says": port.says(),
    })
}

/// The digests by their names: the program's, each commitment's, each master's.
fn digests(statement: &Statement) -> Vec<(String, String)> {
    let mut all = vec![("program".to_owned(), hex(&statement.program))];
    let own = statement.commitments.iter();
    all.extend(own.map(|c| (c.role.clone(), hex(&c.identity))));
    let masters = statement.commitments.iter();
    all.extend(masters.filter_map(|c| Some((format!("master of {}", c.role), hex(&c.master?)))));
    all
}

/// The statement as data: real values, the exact integers, identities, what is hidden.
#[must_use]
pub fn statement_json(statement: &Statement) -> Value {
    let ports = || statement.inputs.iter().chain(&statement.outputs);
    let digests = digests(statement).into_iter();
    let digests: Map<String, Value> = digests.map(|(name, d)| (name, d.into())).collect();
    let predicate = |port: &Stated| {
        let found = port.predicate()?;
        Some(json!({"asks": found.asks, "holds": found.holds, "says": found.says()}))
    };
    json!({
        "outputs": by_name(&statement.outputs, reals),
        "inputs": by_name(&statement.inputs, reals),
        "integers": by_name(ports(), integers),
        "digests": digests,
        "hidden": statement.hidden,
        "context": hex(&statement.context),
        "security": number(statement.security),
        "input_claims": by_name(&statement.inputs, |port| Some(claim(port))),
        "predicates": by_name(&statement.outputs, predicate),
        "architecture": if statement.architecture { "not checked" } else { "none" },
    })
}

/// What is known of an error; absent parts are left out.
#[must_use]
pub fn error_json(error: &Refusal) -> Value {
    let kind = match error.kind {
        Kind::Refused => "refused",
        Kind::Input => "error",
        Kind::Bug => "bug",
    };
    let mut all = Map::new();
    let mut put = |name: &str, text: &str| {
        if !text.is_empty() {
            all.insert(name.to_owned(), text.into());
        }
    };
    put("kind", kind);
    put("slug", error.slug);
    put("reason", &error.reason.to_string());
    put("where", &error.place);
    if let Reason::Differs { expected, got } = &error.reason {
        put("expected", expected);
        put("got", got);
    }
    put("next", &error.remedy);
    json!({ "error": all })
}

/// The whole answer of the command, as data.
#[must_use]
pub fn accepted_json(statement: &Statement, seconds: f64) -> Value {
    let says: Vec<String> = statement.inputs.iter().map(Stated::says).collect();
    json!({
        "accepted": true,
        "seconds": number(seconds),
        "says": says,
        "statement": statement_json(statement),
    })
}

/// Bytes of a name that a terminal would act on are shown as what they are.
pub fn plain(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            if c.is_control() {
                c.escape_default().collect()
            } else {
                vec![c]
            }
        })
        .collect()
}

/// The first entries of a value, in real units.
fn entries(port: &Stated) -> String {
    let Some(values) = port.values() else {
        return String::new();
    };
    let shown: Vec<String> = values
        .iter()
        .take(MOST_ENTRIES)
        .map(f64::to_string)
        .collect();
    let more = values.len().saturating_sub(MOST_ENTRIES);
    let rest = if more > 0 {
        format!(", .. {more} more (--json has them)")
    } else {
        String::new()
    };
    let shape: Vec<String> = port.shape.iter().map(u32::to_string).collect();
    format!("[{}{rest}]  shape ({})", shown.join(", "), shape.join(", "))
}

/// The statement for people.
#[must_use]
pub fn statement_text(statement: &Statement, seconds: f64) -> String {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut row = |name: &str, value: String| rows.push((name.to_owned(), value));
    row("program", hex(&statement.program));
    row("name", statement.name.clone());
    for c in &statement.commitments {
        let kind = if c.private {
            "private values"
        } else {
            "public values, compared"
        };
        row(
            &format!("commitment, {}", c.role),
            format!("{}  ({kind})", hex(&c.identity)),
        );
        if let Some(master) = &c.master {
            row(&format!("master of {}", c.role), hex(master));
        }
    }
    for (kind, ports) in [("input", &statement.inputs), ("output", &statement.outputs)] {
        for port in ports {
            let text = match (&port.place, port.predicate()) {
                (_, Some(predicate)) => predicate.says(),
                (Place::Public, None) => entries(port),
                (Place::Private, None) => "private".to_owned(),
                (Place::Committed { role, identity }, None) => {
                    format!("committed in {role}, {}", hex(identity))
                }
            };
            row(&format!("{kind} {}", port.name), text);
        }
    }
    for port in &statement.inputs {
        row("it says", port.says());
    }
    row("hidden", statement.hidden.join(", "));
    if !statement.context.is_empty() {
        row("context", hex(&statement.context));
    }
    row(
        "security",
        format!("{} proven bits", short(statement.security)),
    );
    let width = rows
        .iter()
        .map(|(name, _)| name.chars().count())
        .max()
        .unwrap_or(0);
    let mut out = format!("accepted in {:.0} ms\n", 1000.0 * seconds);
    for (name, value) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(out, "  {:width$}  {}", plain(&name), plain(&value));
    }
    out.push_str(if statement.architecture {
        "Not checked: that this program computes the layers that it names. tacit check PROGRAM does that, or compare its digest.\n"
    } else {
        "Nobody says which layers this program computes: compare its digest with one that you trust.\n"
    });
    out
}

/// An error for people.
#[must_use]
pub fn error_text(error: &Refusal) -> String {
    let title = match error.kind {
        Kind::Refused => "refused",
        Kind::Input => "error",
        Kind::Bug => "a bug in tacit-verify",
    };
    let mut out = format!(
        "{title}: {}  [{}]\n",
        plain(&error.reason.to_string()),
        error.slug
    );
    for (name, text) in [("where", &error.place), ("next", &error.remedy)] {
        if !text.is_empty() {
            let _ = writeln!(out, "  {name:5}  {}", plain(text));
        }
    }
    out
}
