#![no_main]

use tacit_testkit::fuzz::owner;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    owner::owner_secret(data);
});
