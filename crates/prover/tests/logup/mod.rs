//! The vectors of LogUp: made, and judged.

pub mod judge;
pub mod leaves;
pub mod make;
pub mod programs;
