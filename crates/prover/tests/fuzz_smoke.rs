//! The fuzz targets on mutations of honest bytes, the same in every run. `fuzz/` looks for more with a coverage-guided fuzzer.

mod common;
mod random;
#[path = "../../../fuzz/targets.rs"]
mod targets;

use random::generator::random_case;
use rayon::prelude::*;
use tacit_verifier::files::{seal, FileKind};
use targets::SEEDS;

/// A small generator (splitmix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// One to four changes: bits, bytes, numbers of four and eight bytes, cuts, repetitions, pieces moved.
fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut data = seeds[rng.below(seeds.len())].clone();
    // Half of them keep their length: most of these still parse.
    let kinds = [5, 10][rng.below(2)];
    for _ in 0..1 + rng.below(4) {
        let at = rng.below(data.len());
        let end = data.len().min(at + 1 + rng.below(64));
        match rng.below(kinds) {
            0 | 1 if !data.is_empty() => data[at] ^= 1 << rng.below(8),
            2 if !data.is_empty() => data[at] = [0, 1, 0x7f, 0x80, 0xff][rng.below(5)],
            3 => number(&mut data, at, 4, rng),
            4 => number(&mut data, at, 8, rng),
            5 => data.truncate(at),
            6 => data
                .splice(at..at, (0..rng.below(20)).map(|i| i as u8))
                .for_each(drop),
            7 => drop(data.drain(at..end)),
            8 => {
                let piece = data[at..end].to_vec();
                let to = rng.below(data.len());
                data.splice(to..to, piece).for_each(drop);
            }
            _ => {
                // A piece of another seed in the same place.
                let other = &seeds[rng.below(seeds.len())];
                let piece = other.get(at..end.min(other.len())).unwrap_or(&[]).to_vec();
                data[at..at + piece.len().min(end - at)]
                    .copy_from_slice(&piece[..piece.len().min(end - at)]);
            }
        }
    }
    data
}

/// Writes a number that lengths and intervals dislike, little or big endian, or a small step away from what stands there.
fn number(data: &mut [u8], at: usize, size: usize, rng: &mut Rng) {
    let Some(place) = data.get_mut(at..at + size) else {
        return;
    };
    let mut word = [0; 8];
    word[..size].copy_from_slice(place);
    let old = u64::from_le_bytes(word);
    let new = match rng.below(8) {
        0 => 0,
        1 => 1 << rng.below(64),
        2 => (1 << rng.below(64)) - 1,
        3 => u64::MAX,
        4 => i64::MIN as u64,
        5 => 0xffff_ffff_0000_0001,
        6 => old.wrapping_add(1),
        _ => old.wrapping_sub(1),
    };
    place.copy_from_slice(&new.to_le_bytes()[..size]);
    if rng.below(4) == 0 {
        place.reverse();
    }
}

/// Honest bytes are accepted and no mutation panics. Where `only_honest` is said, nothing else is accepted either.
fn smoke(name: &str, target: fn(&[u8]) -> bool, seeds: &[Vec<u8>], count: u64, only_honest: bool) {
    assert!(seeds.iter().all(|s| target(s)), "{name}");
    assert!(!target(&[]), "{name}");
    let start = std::time::Instant::now();
    (0..count).into_par_iter().for_each(|i| {
        let data = mutated(seeds, &mut Rng(i));
        let outcome = std::panic::catch_unwind(|| target(&data));
        let forged = matches!(outcome, Ok(true)) && only_honest && !seeds.contains(&data);
        if outcome.is_err() || forged {
            let hex: String = data.iter().map(|b| format!("{b:02x}")).collect();
            panic!("{name}: mutation {i}: {hex}");
        }
    });
    println!("{name}: {count} in {:?}", start.elapsed());
}

/// Programs by hand and from the generator of random ones.
fn programs_of_all_kinds() -> Vec<Vec<u8>> {
    let random = (0..40).map(|seed| {
        let list = common::numbers(seed + 1, 300, 0, 1 << 30);
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
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
        let folder = std::path::Path::new(folder).join(target);
        std::fs::create_dir_all(&folder).unwrap();
        for (i, seed) in seeds.iter().enumerate() {
            std::fs::write(folder.join(format!("seed{i}")), seed).unwrap();
        }
    }
}

#[test]
fn changed_arguments_end_in_an_answer() {
    smoke("argument", targets::argument, &SEEDS.argument, 5000, true);
}

#[test]
fn changed_programs_end_in_an_answer() {
    let seeds = programs_of_all_kinds();
    smoke("program", targets::program, &seeds, 20_000, false);
    let valid = |i| tacit_program::Prepared::from_bytes(&mutated(&seeds, &mut Rng(i))).is_ok();
    let valid = (0..2000).filter(|&i| valid(i)).count();
    assert!(valid > 100, "{valid} of 2000 mutations are programs");
}

#[test]
fn changed_files_end_in_an_answer() {
    let s = &*SEEDS;
    smoke(
        "program file",
        targets::program_file,
        &s.program_file,
        3000,
        false,
    );
    smoke(
        "weights file",
        targets::weights_file,
        &s.weights_file,
        3000,
        false,
    );
    smoke(
        "commitment file",
        targets::commitment_file,
        &s.commitment_file,
        2000,
        true,
    );
    smoke("proof file", targets::proof_file, &s.proof_file, 2000, true);
    smoke(
        "secret file",
        targets::secret_file,
        &s.secret_file,
        1000,
        false,
    );
    smoke("journal", targets::journal, &s.journal, 5000, false);
    let sealed: Vec<Vec<u8>> = s
        .proof_file
        .iter()
        .map(|body| seal(FileKind::Proof, body))
        .collect();
    smoke("container", targets::container, &sealed, 1000, true);
}
