//! Fields, multilinear tools, the hash, and linear forms on committed cells.
//!
//! Everything here is shared by provers and verifiers; nothing here knows what is proven.

pub mod encoding;
pub mod field;
pub mod form;
pub mod hash;
pub mod keccak;
pub mod mle;
mod wiped;

pub use encoding::TooLarge;
pub use field::{f_from_i64, f_to_i64, k_from_bytes, k_to_bytes, powers, two_adic, F, K, P};
pub use form::{Affine, Group, ProductForm};
pub use mle::{bits, eq, eq_bits, eq_low, eq_table, valid_weight};
pub use wiped::{Key, Wiped};
