//! What is fuzzed: one function a target, total on any bytes; it says whether they were accepted. `cargo fuzz` drives them from
//! fuzz/fuzz_targets, and `cargo test` drives them with some thousand mutations of honest bytes.

#[cfg(feature = "testing")]
pub mod files;
#[cfg(feature = "owner")]
pub mod owner;
