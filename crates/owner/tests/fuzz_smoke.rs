//! The owner's fuzz targets on mutations of honest bytes, the same in every run.

use tacit_testkit::fuzz::owner::{owner_journal, owner_secret, SEEDS};
use tacit_testkit::{smoke, write_seeds};

/// `TACIT_WRITE_SEEDS=1 cargo test -p tacit-owner --test fuzz_smoke seeds` gives the fuzzer honest bytes to start from.
#[test]
fn seeds_are_there() {
    let all = [
        ("owner_secret", &SEEDS.owner_secret),
        ("owner_journal", &SEEDS.owner_journal),
    ];
    assert!(all.iter().all(|(_, seeds)| !seeds.is_empty()));
    if std::env::var_os("TACIT_WRITE_SEEDS").is_some() {
        all.iter()
            .for_each(|(target, seeds)| write_seeds(target, seeds));
    }
}

#[test]
fn secret_files_never_panic_and_come_back_as_they_are() {
    smoke("secret", owner_secret, &SEEDS.owner_secret, 2000, false);
}

/// Nothing but the honest journal, or where it stood before.
#[test]
fn journals_never_panic_and_are_honest_where_they_are_accepted() {
    smoke("journal", owner_journal, &SEEDS.owner_journal, 5000, false);
}
