//! Slabs: their headers, which everybody knows, and what their owners keep.

#[cfg(feature = "prove")]
pub mod committed;
pub mod header;
#[cfg(feature = "prove")]
pub mod secret_file;
#[cfg(feature = "prove")]
pub mod witness;
