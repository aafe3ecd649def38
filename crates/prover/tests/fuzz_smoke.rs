//! The fuzz targets on mutations of honest bytes, the same in every run. `fuzz/` looks for more with a coverage-guided fuzzer.

use tacit_testkit::fuzz::files::{self, SEEDS};
use tacit_testkit::random::generator::random_case;
use tacit_testkit::{mutated, smoke, Rng};
use tacit_verifier::files::{seal, FileKind};

/// Programs by hand and from the generator of random ones.
fn programs_of_all_kinds() -> Vec<Vec<u8>> {
    let random = (0..40).map(|seed| {
        let list = tacit_testkit::numbers(seed + 1, 300, 0, 1 << 30);
        let (program, _) = random_case(list.into_iter().map(|x| x as u32).collect());
        tacit_program::encode(&program).unwrap()
    });
    SEEDS.program.iter().cloned().chain(random).collect()
}

/// `TACIT_WRITE_SEEDS=1 cargo test -p tacit-prover --test fuzz_smoke seeds` gives the fuzzer honest bytes to start from.
#[test]
fn seeds() {
    let s = &*SEEDS;
    let all = [
        ("argument", &s.argument),
        ("program", &programs_of_all_kinds()),
        ("program_file", &s.program_file),
        ("weights_file", &s.weights_file),
        ("commitment_file", &s.commitment_file),
        ("secret_file", &s.secret_file),
        ("proof_file", &s.proof_file),
        ("journal", &s.journal),
    ];
    assert!(all.iter().all(|(_, seeds)| !seeds.is_empty()));
    if std::env::var_os("TACIT_WRITE_SEEDS").is_none() {
        return;
    }
    for (target, seeds) in all {
        tacit_testkit::write_seeds(target, seeds);
    }
}

#[test]
fn changed_arguments_end_in_an_answer() {
    smoke("argument", files::argument, &SEEDS.argument, 5000, true);
}

#[test]
fn changed_programs_end_in_an_answer() {
    let seeds = programs_of_all_kinds();
    smoke("program", files::program, &seeds, 20_000, false);
    let valid = |i| tacit_program::Prepared::from_bytes(&mutated(&seeds, &mut Rng(i))).is_ok();
    let valid = (0..2000).filter(|&i| valid(i)).count();
    assert!(valid > 100, "{valid} of 2000 mutations are programs");
}

#[test]
fn changed_files_end_in_an_answer() {
    let s = &*SEEDS;
    smoke(
        "program file",
        files::program_file,
        &s.program_file,
        3000,
        false,
    );
    smoke(
        "weights file",
        files::weights_file,
        &s.weights_file,
        3000,
        false,
    );
    smoke(
        "commitment file",
        files::commitment_file,
        &s.commitment_file,
        2000,
        true,
    );
    smoke("proof file", files::proof_file, &s.proof_file, 2000, true);
    smoke(
        "secret file",
        files::secret_file,
        &s.secret_file,
        1000,
        false,
    );
    smoke("journal", files::journal, &s.journal, 5000, false);
    let sealed: Vec<Vec<u8>> = s
        .proof_file
        .iter()
        .map(|body| seal(FileKind::Proof, body))
        .collect();
    smoke("container", files::container, &sealed, 1000, true);
}
