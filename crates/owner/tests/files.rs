//! Secret files and journals that are torn, changed, exchanged or gone: what is left of an allowance is then refused, never guessed.

mod common;

use std::path::Path;

use common::*;
use tacit_owner::{journal_path, read_journal, Allowance, Secret, SecretFile};
use tacit_verifier::files::{seal, unseal, Body, FileKind};

/// Written through the journal: the first proof before it was there, one after.
fn saved(folder: &Folder) -> (std::path::PathBuf, Secret) {
    let path = folder.path("m.secret");
    let secret = committed(&deployment(), Allowance::proofs(PROOFS));
    save(&secret, &path);
    (path, secret)
}

#[test]
fn a_secret_comes_back_with_what_is_left() {
    let folder = Folder::new("back");
    let (path, secret) = saved(&folder);
    let deployment = deployment();
    let identity = secret.identity();
    prove(&deployment, &secret).unwrap();
    // The journal is held by one at a time.
    assert_eq!(slug(Secret::load(&path)), "allowance_locked");
    drop(secret);
    let again = Secret::load(&path).unwrap();
    assert_eq!(again.identity(), identity);
    assert_eq!(again.proofs_left().unwrap(), Some(PROOFS - 1));
    let journal = read_journal(&std::fs::read(journal_path(&path)).unwrap()).unwrap();
    assert_eq!(journal.identity, identity);
    assert_eq!(
        Some(journal.tally.openings),
        Some(2),
        "validity, and a proof"
    );
    assert_eq!(
        slug(again.start_journal(&folder.path("n.secret"))),
        "exists"
    );
    prove(&deployment, &again).unwrap();
}

/// At every byte: a whole journal that ends there is one that stood there once; anything else is damage, and no proof is left.
#[test]
fn a_journal_torn_at_any_byte_is_refused() {
    const HEADER: usize = 44;
    const RECORD: usize = 68;
    let folder = Folder::new("torn");
    let (path, secret) = saved(&folder);
    prove(&deployment(), &secret).unwrap();
    drop(secret);
    let journal = journal_path(&path);
    let whole = std::fs::read(&journal).unwrap();
    assert_eq!((whole.len() - HEADER) % RECORD, 0);
    for end in 0..whole.len() {
        std::fs::write(&journal, &whole[..end]).unwrap();
        let loaded = Secret::load(&path);
        let records = end.saturating_sub(HEADER) / RECORD;
        let whole_records = end == HEADER + records * RECORD;
        // Without a first opening it never stood on the disk: every commitment begins with the one of its own proof.
        let opened = read_journal(&whole[..end]).is_ok_and(|j| j.tally.openings > 0);
        if whole_records && opened {
            assert!(loaded.unwrap().proofs_left().unwrap() <= Some(PROOFS));
        } else {
            let error = loaded.err().unwrap();
            assert_eq!(error.slug, "allowance_damaged", "cut at {end}: {error}");
        }
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        std::fs::write(&journal, &bytes).unwrap();
        let refused = slug(Secret::load(&path));
        let known = ["allowance_damaged", "allowance_other"];
        assert!(known.contains(&refused.as_str()), "byte {at}: {refused}");
    }
}

#[test]
fn a_journal_that_is_gone_or_anothers_is_refused() {
    let folder = Folder::new("other");
    let (path, secret) = saved(&folder);
    drop(secret);
    let journal = journal_path(&path);
    let own = std::fs::read(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    assert_eq!(slug(Secret::load(&path)), "allowance_missing");
    let old = folder.path("m.secret.budget");
    std::fs::write(&old, &own).unwrap();
    let error = Secret::load(&path).err().unwrap();
    assert!(error.remedy.contains("rename"), "{error}");
    std::fs::remove_file(&old).unwrap();
    let other = folder.path("o.secret");
    save(&committed(&deployment(), Allowance::proofs(PROOFS)), &other);
    std::fs::copy(journal_path(&other), &journal).unwrap();
    assert_eq!(slug(Secret::load(&path)), "allowance_other");
    std::fs::write(&journal, own).unwrap();
    assert_eq!(
        Secret::load(&path).unwrap().proofs_left().unwrap(),
        Some(PROOFS)
    );
}

/// The slugs of a container and of what lies in it; the journal is there and whole.
#[test]
fn a_secret_file_cut_or_changed_anywhere_is_refused() {
    let folder = Folder::new("changed");
    let (path, secret) = saved(&folder);
    drop(secret);
    let whole = std::fs::read(&path).unwrap();
    let load = |bytes: &[u8]| Secret::of_bytes(bytes, &path);
    let cuts = (0..64).chain((64..whole.len()).step_by(997));
    for end in cuts.chain([whole.len() - 1]) {
        let refused = slug(load(&whole[..end]));
        let known = ["truncated", "checksum"];
        assert!(known.contains(&refused.as_str()), "cut at {end}: {refused}");
    }
    for at in (0..64).chain((64..whole.len()).step_by(997)) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        let want = match at {
            0..6 => "magic",
            6 => "file_kind",
            7 => "version",
            _ => "checksum",
        };
        assert_eq!(slug(load(&bytes)), want, "byte {at}");
    }
    assert!(load(&whole).is_ok());
}

/// With a checksum that is right: whoever changed it made a container of it.
#[test]
fn parts_that_do_not_belong_together_are_refused() {
    let folder = Folder::new("parts");
    let (path, secret) = saved(&folder);
    drop(secret);
    let whole = std::fs::read(&path).unwrap();
    let body = unseal(FileKind::Secret, &whole).unwrap();
    let [public, slab, renewal] = SecretFile::parts(body).unwrap();
    let other = committed(&deployment(), Allowance::proofs(PROOFS));
    let others = other.public().to_file().unwrap();
    let load = |parts: [&[u8]; 3]| Secret::of_bytes(&SecretFile::seal(parts).unwrap(), &path);
    assert!(load([public, slab, renewal]).is_ok());
    assert_eq!(slug(load([&others, slab, renewal])), "encoding");
    assert_eq!(slug(load([&public[1..], slab, renewal])), "magic");
    for end in (0..slab.len()).step_by(997) {
        assert_ne!(
            slug(load([public, &slab[..end], renewal])),
            "accepted",
            "cut at {end}"
        );
    }
    let longer = seal(FileKind::Secret, &[body, &[0]].concat());
    assert_eq!(slug(Secret::of_bytes(&longer, &path)), "encoding");
    let proof = seal(FileKind::Proof, body);
    assert_eq!(slug(Secret::of_bytes(&proof, &path)), "file_kind");
}

/// Whoever reads a public slab's secret file takes its commitment for that of known values: they are committed again.
#[test]
fn public_values_are_not_believed() {
    let folder = Folder::new("public");
    let path = folder.path("m.secret");
    let deployment = public_deployment();
    let secret = committed(&deployment, Allowance::proofs(1));
    save(&secret, &path);
    assert!(!journal_path(&path).exists(), "nothing is counted");
    assert_eq!(Secret::load(&path).unwrap().identity(), secret.identity());
    let whole = std::fs::read(&path).unwrap();
    let body = unseal(FileKind::Secret, &whole).unwrap();
    let [public, slab, renewal] = SecretFile::parts(body).unwrap();
    // Behind the commitment, the number of cells, the seed and the length stand the values; the first one is 1.
    let kept = secret.public().commitment.clone();
    let at = kept.bytes().len() + 8 + 32 + 4;
    assert_eq!(slab[at..at + 8], 1u64.to_le_bytes());
    let mut changed = slab.to_vec();
    changed[at] ^= 1;
    let parsed = tacit_pcs::Slab::from_whole_bytes(&changed);
    assert!(
        parsed.is_ok_and(|s| s.commitment == kept),
        "the change is in the values"
    );
    let file = SecretFile::seal([public, &changed, renewal]).unwrap();
    assert_eq!(slug(Secret::of_bytes(&file, &path)), "encoding");
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_could_read_is_its_owners_from_then_on() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = Folder::new("mode");
    let (path, secret) = saved(&folder);
    drop(secret);
    let journal = journal_path(&path);
    for file in [&path, &journal] {
        std::fs::set_permissions(file, PermissionsExt::from_mode(0o664)).unwrap();
    }
    drop(Secret::load(&path).unwrap());
    assert_eq!((mode(&path), mode(&journal)), (0o600, 0o600));
}

#[test]
fn a_file_that_is_not_there_is_an_error_of_its_own() {
    let refused = Secret::load(Path::new("/nowhere/m.secret")).err().unwrap();
    assert_eq!(refused.slug, "file");
    assert!(!refused.reason.contains("os error"), "{refused}");
}
