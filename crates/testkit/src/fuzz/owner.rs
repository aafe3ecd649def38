//! An owner's files. `cargo test` drives these targets in crates/owner/tests/fuzz_smoke.rs.

use std::path::PathBuf;
use std::sync::LazyLock;

use tacit_owner::{
    commit, journal_path, read_journal, Allowance, Deployment, Journal, Secret, Tensors,
};
use tacit_params::{Geometry, Level};
use tacit_program::{slab_program, Prepared};
use tacit_verifier::files::{seal, unseal, FileKind};

/// Proofs that the honest secret has.
const PROOFS: u32 = 3;

/// Honest bytes of every target, and the folder that the secret's journal lies in.
pub struct Seeds {
    path: PathBuf,
    journal: Journal,
    pub owner_secret: Vec<Vec<u8>>,
    pub owner_journal: Vec<Vec<u8>>,
}

/// A few rows and queries, and no grinding: reading a file of it takes no time.
fn geometry() -> Geometry {
    let level = |fold, log_domain| Level {
        fold,
        log_domain,
        queries: 5,
    };
    Geometry {
        target: 1,
        log_rows: 5,
        rows: 224,
        log_domain: 9,
        queries: 6,
        grind: 0,
        levels: vec![level(3, 6), level(2, 5)],
    }
}

fn secret(private: bool) -> Secret {
    let tensors = [("W".to_owned(), vec![2, 3], -4, 3)];
    let mut program = slab_program("toy", "model", &tensors);
    program.slabs[0].private = private;
    let deployment = Deployment {
        prepared: Prepared::new(program).unwrap().into(),
        geometry: geometry(),
        proofs: PROOFS,
        notes: String::new(),
        architecture: Vec::new(),
    };
    let given: Tensors = vec![("W".into(), vec![1, -2, 3, -4, 0, 2])];
    commit(&deployment, "model", given, Allowance::proofs(PROOFS)).unwrap_or_else(|e| panic!("{e}"))
}

pub static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("tacit-owner-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("m.secret");
    let _ = std::fs::remove_file(journal_path(&path));
    let made = secret(true);
    made.start_journal(&path).unwrap();
    for note in 0..PROOFS {
        let _ = made.spend(&[note as u8; 32]).unwrap();
    }
    let body = |secret: &Secret| {
        unseal(FileKind::Secret, &secret.to_bytes().unwrap())
            .unwrap()
            .to_vec()
    };
    let journal = std::fs::read(journal_path(&path)).unwrap();
    Seeds {
        journal: read_journal(&journal).unwrap(),
        owner_secret: vec![body(&made), body(&secret(false))],
        owner_journal: vec![journal],
        path,
    }
});

/// Any body of a secret file, in an honest container: the checksum guards nothing here. What is accepted comes
/// back.
pub fn owner_secret(body: &[u8]) -> bool {
    let seeds = &*SEEDS;
    // Its journal is held by nobody, or by the honest secret of another thread: either is the journal's matter, not the file's.
    match Secret::of_bytes(&seal(FileKind::Secret, body), &seeds.path) {
        Ok(secret) => {
            let again = secret.to_bytes().unwrap();
            if secret.is_private() {
                assert_eq!(unseal(FileKind::Secret, &again).unwrap(), body);
            } else {
                // Only its values are believed: the code is computed from them.
                let twice = Secret::of_bytes(&again, &seeds.path).unwrap();
                assert_eq!(twice.to_bytes().unwrap(), again);
            }
            true
        }
        Err(e) => ["allowance_locked", "allowance_other"].contains(&e.slug.as_str()),
    }
}

/// Any bytes as the journal of the honest secret: what is accepted is the honest one, or where it stood before, which no file
/// can rule out.
pub fn owner_journal(bytes: &[u8]) -> bool {
    let seeds = &*SEEDS;
    let Ok(found) = read_journal(bytes) else {
        return false;
    };
    if (found.identity, found.tally.allowance)
        != (seeds.journal.identity, seeds.journal.tally.allowance)
    {
        return false;
    }
    assert!(found.tally.openings <= seeds.journal.tally.openings);
    assert!(seeds.owner_journal[0].starts_with(bytes));
    true
}
