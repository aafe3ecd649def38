//! What an accepted proof states.

use tacit_algebra::hash::Digest;
use tacit_program::{Port, Prepared};

/// What an accepted proof says.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// Digest of the program.
    pub program: Digest,
    /// The model's name, as the program gives it.
    pub name: String,
    /// In the order of the program.
    pub commitments: Vec<Committed>,
    pub inputs: Vec<Stated>,
    pub outputs: Vec<Stated>,
    /// What the proof does not reveal.
    pub hidden: Vec<String>,
    /// The bytes that the proof is bound to.
    pub context: Vec<u8>,
    /// Proven bits, the weakest round's.
    pub security: f64,
    /// Whether the program names the layers that it was lowered from. Nothing here checks that it computes them.
    pub architecture: bool,
}

/// A commitment that the proof was made with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    pub role: String,
    pub identity: Digest,
    /// Of the commitment whose values this one holds, where it is a child.
    pub master: Option<Digest>,
    pub private: bool,
}

impl Committed {
    /// The identity of the values: the master's, whose values a child holds.
    #[must_use]
    pub fn origin(&self) -> Digest {
        self.master.unwrap_or(self.identity)
    }
}

/// Where a value of the outside stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It is shown.
    Public,
    /// Some value that only whoever proved knows.
    Private,
    /// It lies in a commitment.
    Committed { role: String, identity: Digest },
}

/// An input or an output. Real value = integer * 2^-frac.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    pub name: String,
    /// Name of its tensor.
    pub tensor: String,
    pub shape: Vec<u32>,
    pub frac: i32,
    /// The integers' range.
    pub lo: i64,
    pub hi: i64,
    pub place: Place,
    /// The integers where they are public, row-major.
    pub integers: Option<Vec<i64>>,
}

/// What a threshold's bits say: of what is asked, such as "y[3] >= 0.5", whether it holds, for each of the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicate {
    pub asks: String,
    pub holds: Vec<bool>,
}

impl Predicate {
    #[must_use]
    pub fn says(&self) -> String {
        let holds: Vec<&str> = self
            .holds
            .iter()
            .map(|&b| if b { "true" } else { "false" })
            .collect();
        format!("{}: {}", self.asks, holds.join(", "))
    }
}

impl Stated {
    pub(crate) fn new(
        prepared: &Prepared,
        port: &Port,
        commitments: &[Committed],
        publics: &[Vec<i64>],
    ) -> Option<Self> {
        let tensor = prepared
            .program
            .tensors
            .get(usize::try_from(port.tensor).ok()?)?;
        let place = match tensor.place {
            tacit_program::Place::Slab(slab) => {
                let found = commitments.get(usize::from(slab))?;
                Place::Committed {
                    role: found.role.clone(),
                    identity: found.origin(),
                }
            }
            tacit_program::Place::Witness => Place::Private,
            tacit_program::Place::Public | tacit_program::Place::Constant(_) => Place::Public,
        };
        let shown = prepared.publics.iter().position(|&t| t == port.tensor);
        let integers = match &tensor.place {
            tacit_program::Place::Constant(values) => Some(values.clone()),
            _ => shown.and_then(|i| publics.get(i).cloned()),
        };
        Some(Self {
            name: port.name.clone(),
            tensor: tensor.name.clone(),
            shape: tensor.shape.clone(),
            frac: port.frac,
            lo: tensor.lo,
            hi: tensor.hi,
            place,
            integers,
        })
    }

    /// A real value.
    #[must_use]
    pub fn real(&self, integer: i64) -> f64 {
        // Exact where a float64 holds the integer, as in the package.
        #[allow(clippy::cast_precision_loss)]
        let value = integer as f64;
        value * 2f64.powi(-self.frac)
    }

    /// The real values that the program takes or gives.
    #[must_use]
    pub fn range(&self) -> (f64, f64) {
        (self.real(self.lo), self.real(self.hi))
    }

    /// The real values where they are public.
    #[must_use]
    pub fn values(&self) -> Option<Vec<f64>> {
        let integers = self.integers.as_ref()?;
        Some(integers.iter().map(|&v| self.real(v)).collect())
    }

    /// Of an input: what the proof shows of it, and what it does not.
    #[must_use]
    pub fn says(&self) -> String {
        let name = &self.name;
        match &self.place {
            Place::Private => {
                let (low, high) = self.range();
                let (low, high) = (short(low), short(high));
                format!("{name} is private: some input in [{low}, {high}] gives this output; whoever proves may choose it")
            }
            Place::Public => format!("{name} is public: it is the one that is shown"),
            Place::Committed { identity, .. } => {
                let identity = hex(identity);
                format!("{name} is committed: it is the one that was committed under {identity}")
            }
        }
    }

    /// What an output says that is a threshold's answer; it stands in the program, as the name of the output's tensor.
    #[must_use]
    pub fn predicate(&self) -> Option<Predicate> {
        let asks = self.tensor.strip_prefix("output ").unwrap_or(&self.tensor);
        let index = asks.strip_prefix(&format!("{}[", self.name))?;
        let (index, value) = index.split_once("] >= ")?;
        let numbers = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let well = index.is_empty() || index.split(", ").all(numbers);
        let said = !value.is_empty() && !value.contains(char::is_whitespace);
        if (self.lo, self.hi, self.frac, self.shape.len()) != (0, 1, 0, 1) || !well || !said {
            return None;
        }
        let bits = self.integers.as_ref()?.iter().map(|&bit| bit != 0);
        Some(Predicate {
            asks: asks.to_owned(),
            holds: bits.collect(),
        })
    }
}

/// Hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Six digits, without zeros at the end: the `%g` of C.
#[must_use]
pub fn short(x: f64) -> String {
    if x == 0.0 || !x.is_finite() {
        return format!("{x}").to_lowercase();
    }
    let scientific = format!("{x:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        return trim(&format!("{x:.places$}"));
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim(digits), exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_digits_as_printf_writes_them() {
        for (x, text) in [
            (0.0, "0"),
            (-4.0, "-4"),
            (0.5, "0.5"),
            (3.996_093_75, "3.99609"),
            (123_456.7, "123457"),
            (1_234_567.0, "1.23457e+06"),
            (0.000_123_4, "0.0001234"),
            (0.000_012_34, "1.234e-05"),
            (1e-300, "1e-300"),
            (999_999.9, "1e+06"),
        ] {
            assert_eq!(short(x), text, "{x}");
        }
    }

    fn bit(name: &str, tensor: &str) -> Stated {
        Stated {
            name: name.into(),
            tensor: tensor.into(),
            shape: vec![2],
            frac: 0,
            lo: 0,
            hi: 1,
            place: Place::Public,
            integers: Some(vec![1, 0]),
        }
    }

    #[test]
    fn a_thresholds_answer_reads_as_a_predicate() {
        let says = |name, tensor| bit(name, tensor).predicate().map(|p| p.says());
        let found = says("y", "output y[3] >= 0.5");
        assert_eq!(found.as_deref(), Some("y[3] >= 0.5: true, false"));
        assert!(says("y", "y[0, 12] >= -1e-05").is_some());
        assert!(says("y", "y[] >= 2").is_some());
        for tensor in [
            "y",
            "output z[3] >= 0.5",
            "y[a] >= 1",
            "y[1,2] >= 1",
            "y[1] >= 1 or not",
            "y[1] > 2",
        ] {
            assert_eq!(says("y", tensor), None, "{tensor}");
        }
        let wide = Stated {
            hi: 2,
            ..bit("y", "y[3] >= 0.5")
        };
        assert_eq!(wide.predicate(), None);
    }
}
