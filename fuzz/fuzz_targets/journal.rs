#![no_main]

#[path = "../../crates/prover/tests/common/mod.rs"]
mod common;
#[path = "../targets.rs"]
#[allow(dead_code)]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    targets::journal(data);
});
