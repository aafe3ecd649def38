//! Mutations of honest bytes, the same in every run, and what drives a fuzz target with them.

use rayon::prelude::*;

use crate::Rng;

/// One to four changes: bits, bytes, numbers of four and eight bytes, cuts, repetitions, pieces moved.
pub fn mutated(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
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
pub fn smoke(
    name: &str,
    target: fn(&[u8]) -> bool,
    seeds: &[Vec<u8>],
    count: u64,
    only_honest: bool,
) {
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

/// Honest bytes for the coverage-guided fuzzer to start from: fuzz/corpus/TARGET.
pub fn write_seeds(target: &str, seeds: &[Vec<u8>]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus");
    let folder = std::path::Path::new(folder).join(target);
    std::fs::create_dir_all(&folder).unwrap();
    for (i, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(format!("seed{i}")), seed).unwrap();
    }
}
