//! Random programs, and a slow execution of them.
pub mod dice;
pub mod expressions;
pub mod generator;
pub mod maximum;
pub mod naive;
pub mod picked;
pub mod products;
