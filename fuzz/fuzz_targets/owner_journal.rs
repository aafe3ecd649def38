#![no_main]

#[path = "../owner_targets.rs"]
#[allow(dead_code)]
mod owner_targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    owner_targets::owner_journal(data);
});
