//! Secrets on the disk: a file, and the journal beside it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use tacit_algebra::hash::Digest;
use tacit_pcs::Slab;
use tacit_program::{pack, Trace};
use tacit_prover::{AllowanceError, Count, JournalFault, Tally};
use tacit_verifier::files::{unseal, Body, CommitmentFile, FileKind};
use tacit_verifier::{prepare_rotation, Slug, VerifyError};
use zeroize::Zeroizing;

use crate::disk;
use crate::error::{Kind, OwnerError, Result};
use crate::secret::{reserve_of, Secret};
use crate::secret_file::SecretFile;
use crate::values::unpack;

impl Secret {
    /// Reads the secret file at this path, and its journal beside it, which stays open and locked.
    ///
    /// # Errors
    /// `file`; those of a container (`magic`, `file_kind`, `checksum`, ..) and `encoding` for a file that is not what was
    /// written; `allowance_missing` and those of the journal.
    pub fn load(path: &Path) -> Result<Self> {
        Self::of_bytes(&disk::read(path)?, path)
    }

    /// As `load`, from the file's bytes; `path` is where it lies, its journal beside it.
    ///
    /// # Errors
    /// As `load`.
    pub fn of_bytes(bytes: &[u8], path: &Path) -> Result<Self> {
        let (slab, public, renewal) = parse(bytes, &shown(path))?;
        let journal = journal_path(path);
        let private = public.commitment.header.private;
        if private && !journal.exists() {
            let journal = journal.display();
            let reason = format!("the journal {journal} is missing: what is left is unknown");
            let remedy = if with_ending(path, OLD_ENDING).exists() {
                "an older release called it .budget: rename that file to .journal"
            } else {
                "bring the journal itself back beside the secret, never an older copy of it; or commit anew, or rotate its master"
            };
            return Err(OwnerError::limit("allowance_missing", shown(path), reason).remedy(remedy));
        }
        if private {
            keep_file_private(path)?;
        }
        let count = Count::open(&slab, &journal, reserve_of(&public))?;
        Ok(Self::new(slab, public, renewal, count))
    }

    /// The whole secret file.
    ///
    /// # Errors
    /// `too_large` for a part of 4 GiB or more.
    pub fn to_bytes(&self) -> Result<Zeroizing<Vec<u8>>> {
        let written = self.slab().to_bytes(true).and_then(|slab| {
            let public = self.public().to_file()?;
            SecretFile::seal([&public, &slab, self.renewal_file()])
        });
        written.map_err(|e| {
            OwnerError::from(e)
                .remedy("compile for fewer proofs (option proofs): a master renews them, tacit commit model --children N")
        })
    }

    /// Writes the secret file to an empty file that is there; then `start_journal`.
    ///
    /// # Errors
    /// `file`, `too_large`.
    pub fn write(&self, path: &Path) -> Result<()> {
        disk::write(path, &self.to_bytes()?)
    }

    /// From here on proofs are counted in the journal beside the secret file at `path`.
    ///
    /// # Errors
    /// `exists` when they are counted in another already, and those of the journal.
    pub fn start_journal(&self, path: &Path) -> Result<()> {
        self.count_at(&journal_path(path), &shown(path))
    }
}

/// A secret file's slab, its public part and its renewal; they belong together. `place`: what errors call the file.
fn parse(bytes: &[u8], place: &str) -> Result<(Slab, CommitmentFile, Vec<u8>)> {
    let body = unseal(FileKind::Secret, bytes)?;
    let [public, slab, renewal] = SecretFile::parts(body).ok_or_else(|| {
        VerifyError::new(Slug::Encoding, "secret file", "borsh", "another layout")
            .with_remedy("it was made by an older version, or changed: commit anew")
    })?;
    let public = CommitmentFile::from_file(public)?;
    let slab = Slab::from_whole_bytes(slab)?;
    if slab.commitment != public.commitment {
        let reason = "secret and commitment do not belong together";
        return Err(OwnerError::new(Kind::File, "encoding", place, reason));
    }
    let private = public.commitment.header.private;
    let slab = if private {
        slab
    } else {
        recommit(&slab, &public, place)?
    };
    Ok((slab, public, renewal.to_vec()))
}

/// A public slab from its cells alone. Whoever holds its secret file takes its commitment for that of known values, so
/// neither the stored root nor the values are believed.
fn recommit(slab: &Slab, public: &CommitmentFile, place: &str) -> Result<Slab> {
    let refuse = |reason: String| OwnerError::new(Kind::File, "encoding", place, reason);
    let header = &slab.commitment.header;
    let tensors = &public.tensors;
    if tacit_program::schema_digest(tensors)? != header.schema {
        return Err(refuse("the tensors are not those of the header".into()));
    }
    // Shapes are bounded from here on.
    let prepared = prepare_rotation(&public.slab, tensors)?;
    let trace = Trace {
        tensors: unpack(tensors, slab).map_err(refuse)?,
        ..Trace::default()
    };
    let cells = pack(&prepared, 0, &trace)?;
    let zero = Digest::default();
    let again = tacit_pcs::commit(
        &header.geometry,
        false,
        header.schema,
        &cells,
        &[],
        0,
        0,
        zero,
    )?;
    if again.commitment != public.commitment {
        return Err(refuse("the commitment is not that of the values".into()));
    }
    Ok(again)
}

/// The journal of the secret file at this path. Names of files need not be UTF-8.
#[must_use]
pub fn journal_path(path: &Path) -> PathBuf {
    with_ending(path, ".journal")
}

/// What journals ended in before.
const OLD_ENDING: &str = ".budget";

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// What a journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Of the commitment that it counts.
    pub identity: Digest,
    pub tally: Tally,
}

/// What a journal's bytes say.
///
/// # Errors
/// `allowance_damaged`.
pub fn read_journal(bytes: &[u8]) -> Result<Journal> {
    let (identity, tally, _) =
        tacit_prover::read(bytes, 0).map_err(|JournalFault::Damaged(reason)| {
            OwnerError::input("allowance_damaged", "journal", reason)
                .remedy("what is left is unknown: it counts as spent")
        })?;
    Ok(Journal { identity, tally })
}

/// A secret that others could read is its owner's from here on. What is no file has no mode of its own.
fn keep_file_private(path: &Path) -> Result<()> {
    let io = |source| AllowanceError::Exposed {
        path: path.to_path_buf(),
        source,
    };
    if path.is_file() {
        let file = std::fs::File::open(path).map_err(io)?;
        tacit_prover::keep_private(&file, path)?;
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
