//! Arrays of real numbers.

/// Real numbers with a shape, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbers {
    pub shape: Vec<usize>,
    pub values: Vec<f64>,
}
