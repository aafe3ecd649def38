//! The vectors of an opening alone: made, broken, and judged.

pub mod broken;
pub mod judge;
pub mod make;
