#![no_main]

use tacit_testkit::fuzz::files;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    files::commitment_file(data);
});
