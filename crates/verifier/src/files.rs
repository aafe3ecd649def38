//! Files: a container with a kind and a checksum, and the public bodies (docs/protocol/protocol.md, section 8).

use borsh::{BorshDeserialize, BorshSerialize};
use tacit_algebra::encoding::{encode, TooLarge};
use tacit_algebra::hash::{hash, Digest, Tag};
use tacit_params::Geometry;
use tacit_pcs::Commitment;
use tacit_program::Prepared;

use crate::error::{Slug, VerifyError};
use crate::rotation::Rotation;

const MAGIC: &[u8; 6] = b"TACIT\0";
const VERSION: u8 = 1;
const HEAD: usize = 8;
const CHECKSUM: usize = 32;

/// What a file holds; the number is its byte in the container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum FileKind {
    Program = 1,
    Weights = 2,
    Commitment = 3,
    /// The body is the slab's owner's matter (`tacit_pcs::Slab`).
    Secret = 4,
    Proof = 5,
}

impl FileKind {
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Program => 1,
            Self::Weights => 2,
            Self::Commitment => 3,
            Self::Secret => 4,
            Self::Proof => 5,
        }
    }

    /// What errors call such a file.
    #[must_use]
    pub const fn file(self) -> &'static str {
        match self {
            Self::Program => "program file",
            Self::Weights => "weights file",
            Self::Commitment => "commitment file",
            Self::Secret => "secret file",
            Self::Proof => "proof file",
        }
    }
}

/// H(T(10, kind) || body).
fn checksum(kind: u8, body: &[&[u8]]) -> Digest {
    hash(Tag::File, u64::from(kind), body)
}

/// A body in its container.
#[must_use]
pub fn seal(kind: FileKind, body: &[u8]) -> Vec<u8> {
    seal_parts(kind, &[body])
}

/// A body that lies in parts, in its container: a secret's is too large to be put together first.
#[must_use]
pub fn seal_parts(kind: FileKind, body: &[&[u8]]) -> Vec<u8> {
    let parts = body.iter().map(|part| part.len());
    let mut out = Vec::with_capacity(parts.fold(HEAD + CHECKSUM, usize::saturating_add));
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&[kind.number(), VERSION]);
    body.iter().for_each(|part| out.extend_from_slice(part));
    out.extend_from_slice(&checksum(kind.number(), body));
    out
}

/// The body of a container of this kind.
///
/// # Errors
/// `magic`, `truncated`, `file_kind`, `version`, `checksum`.
pub fn unseal(kind: FileKind, bytes: &[u8]) -> Result<&[u8], VerifyError> {
    let place = || kind.file();
    let short = || {
        let expected = format!("at least {} bytes", HEAD.saturating_add(CHECKSUM));
        VerifyError::new(Slug::Truncated, place(), expected, bytes.len())
    };
    if bytes.len() >= MAGIC.len() && !bytes.starts_with(MAGIC) {
        return Err(VerifyError::new(
            Slug::Magic,
            place(),
            "a file that starts with TACIT",
            "another",
        ));
    }
    let (head, rest) = bytes.split_at_checked(HEAD).ok_or_else(short)?;
    let [.., got, version] = head else {
        return Err(short());
    };
    if *got != kind.number() {
        return Err(VerifyError::new(
            Slug::FileKind,
            place(),
            format!("kind {}", kind.number()),
            got,
        ));
    }
    if *version != VERSION {
        return Err(VerifyError::new(Slug::Version, place(), VERSION, version)
            .with_remedy("the file was written by another version of this software"));
    }
    let end = rest.len().checked_sub(CHECKSUM).ok_or_else(short)?;
    let (body, sum) = rest.split_at_checked(end).ok_or_else(short)?;
    if sum != checksum(kind.number(), &[body]) {
        return Err(VerifyError::new(
            Slug::Checksum,
            place(),
            "the checksum of its body",
            "another",
        )
        .with_remedy("the file was changed or cut off"));
    }
    Ok(body)
}

/// A body that has a kind and canonical borsh bytes.
pub trait Body: BorshSerialize + BorshDeserialize {
    const KIND: FileKind;

    /// The whole file.
    ///
    /// # Errors
    /// `TooLarge` when a list has more than 2^32 - 1 entries.
    fn to_file(&self) -> Result<Vec<u8>, TooLarge> {
        Ok(seal(Self::KIND, &encode(Self::KIND.file(), self)?))
    }

    /// Memory stays within a small multiple of the file.
    ///
    /// # Errors
    /// Those of `unseal`, and `encoding` for a body that is not canonical borsh.
    fn from_file(bytes: &[u8]) -> Result<Self, VerifyError> {
        let body = unseal(Self::KIND, bytes)?;
        let place = || Self::KIND.file();
        let refuse =
            |got: String| VerifyError::new(Slug::Encoding, place(), "canonical borsh", got);
        let value: Self = borsh::from_slice(body).map_err(|e| refuse(e.to_string()))?;
        match encode(Self::KIND.file(), &value) {
            Ok(again) if again == body => Ok(value),
            _ => Err(refuse("bytes that encode differently".to_owned())),
        }
    }
}

/// What a program names an architecture by: H(T(11, 0) || bytes); zeros for none.
#[must_use]
pub fn architecture_digest(architecture: &[u8]) -> Digest {
    match architecture {
        [] => [0; 32],
        bytes => hash(Tag::Architecture, 0, &[bytes]),
    }
}

/// The first bytes of a digest, for errors.
fn short(digest: &Digest) -> String {
    match digest {
        [0, ..] if digest.iter().all(|b| *b == 0) => "none".to_owned(),
        [a, b, c, d, ..] => format!("{a:02x}{b:02x}{c:02x}{d:02x}"),
    }
}

/// Kind 1: what is proven and how it is committed.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProgramFile {
    /// Canonical bytes of the program.
    pub program: Vec<u8>,
    pub geometry: Geometry,
    /// Proofs a private slab of this deployment is blinded for.
    pub proofs: u32,
    /// JSON for people; part of no statement.
    pub notes: String,
    /// What the program was lowered from (docs/protocol/program.md, section 7); empty where it carries none.
    pub architecture: Vec<u8>,
}

impl Body for ProgramFile {
    const KIND: FileKind = FileKind::Program;
}

impl ProgramFile {
    /// The validated program; the geometry is well formed, the architecture the one that the program names.
    ///
    /// # Errors
    /// `encoding`, `program`, `architecture`, `geometry`.
    pub fn prepare(&self) -> Result<Prepared, VerifyError> {
        self.geometry.check_well_formed().map_err(|e| {
            VerifyError::new(Slug::Geometry, "program file", "a well-formed geometry", e)
        })?;
        let prepared = Prepared::from_bytes(&self.program)?;
        let (named, held) = (
            prepared.program.architecture,
            architecture_digest(&self.architecture),
        );
        if named != held {
            return Err(VerifyError::new(
                Slug::Architecture,
                "program file",
                format!("the architecture {} that the program names", short(&named)),
                short(&held),
            )
            .with_remedy(
                "get the program file from who compiled it, or compile the model yourself",
            ));
        }
        Ok(prepared)
    }
}

/// Kind 2: a slab's values, for its owner.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct WeightsFile {
    /// Digest of the program they were compiled for.
    pub program: Digest,
    pub slab: String,
    pub tensors: Vec<(String, Vec<i64>)>,
}

impl Body for WeightsFile {
    const KIND: FileKind = FileKind::Weights;
}

/// Kind 3: what the world is given of a slab.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CommitmentFile {
    pub slab: String,
    /// In layout order.
    pub tensors: Vec<(String, Vec<u32>, i64, i64)>,
    pub commitment: Commitment,
    /// The argument of the validity proof, the master's if there is a rotation; empty for a public slab.
    pub validity: Vec<u8>,
    /// Rotation: the master, and the proof that this commitment holds the same values.
    pub rotation: Option<(Commitment, Rotation)>,
}

impl Body for CommitmentFile {
    const KIND: FileKind = FileKind::Commitment;
}

impl CommitmentFile {
    /// The identity of the commitment that this one is a child of.
    #[must_use]
    pub fn master(&self) -> Option<Digest> {
        self.rotation.as_ref().map(|(master, _)| master.identity())
    }
}

/// Kind 5: a proof with its public tensors.
///
/// Program and slabs are names: a proof that names others is refused before its argument is read, so that the refusal can say
/// which part differs. What the argument is bound to is the statement, whatever stands here.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ProofFile {
    /// Digest of the program.
    pub program: Digest,
    /// Identities of the commitments, in the order of the program's slabs.
    pub slabs: Vec<Digest>,
    /// In the order of the program's public tensors.
    pub publics: Vec<Vec<i64>>,
    pub argument: Vec<u8>,
}

impl Body for ProofFile {
    const KIND: FileKind = FileKind::Proof;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Vec<u8> {
        ProofFile {
            program: [3; 32],
            slabs: vec![[4; 32]],
            publics: vec![vec![1, -2]],
            argument: vec![7; 5],
        }
        .to_file()
        .unwrap()
    }

    fn slug(bytes: &[u8]) -> &'static str {
        ProofFile::from_file(bytes).map_or_else(|e| e.slug(), |_| "accepted")
    }

    #[test]
    fn a_file_comes_back_and_every_byte_counts() {
        let whole = example();
        assert_eq!(slug(&whole), "accepted");
        for i in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[i] ^= 1;
            let want = match i {
                0..6 => "magic",
                6 => "file_kind",
                7 => "version",
                _ => "checksum",
            };
            assert_eq!(slug(&bytes), want, "byte {i}");
            let cut = slug(&whole[..i]);
            assert!(matches!(cut, "truncated" | "checksum"), "cut at {i}: {cut}");
        }
        assert_eq!(slug(&[&whole[..], &[0]].concat()), "checksum");
    }

    /// Kind and version are judged before the length of the rest; an empty body is a matter of its encoding.
    #[test]
    fn short_files_are_refused() {
        let (good, other) = (seal(FileKind::Proof, &[]), seal(FileKind::Program, &[]));
        assert_eq!(good.len(), 40);
        let mut version = good[..8].to_vec();
        version[7] = 2;
        for (bytes, want) in [
            (&b""[..], "truncated"),
            (b"other", "truncated"),
            (b"others", "magic"),
            (&good[..6], "truncated"),
            (&good[..7], "truncated"),
            (&other[..7], "truncated"),
            (&other[..8], "file_kind"),
            (&version, "version"),
            (&good[..8], "truncated"),
            (&good[..39], "truncated"),
            (&good, "encoding"),
        ] {
            assert_eq!(slug(bytes), want, "{bytes:?}");
        }
    }

    #[test]
    fn bodies_are_canonical() {
        let body = [unseal(FileKind::Proof, &example()).unwrap(), &[0]].concat();
        assert_eq!(slug(&seal(FileKind::Proof, &body)), "encoding");
        // A length of 2^32 - 1 ends in an error, not in memory.
        for before in [32, 32 + 4] {
            let huge = [&vec![0u8; before][..], &[0xff; 4]].concat();
            assert_eq!(slug(&seal(FileKind::Proof, &huge)), "encoding");
        }
    }
}
