//! How public tensors enter the transcript (docs/protocol/protocol.md, section 6, "Statement").
//!
//! A chain of hashes over millions of entries would be half of a verifier's work. Blocks of a long tensor are hashed side by
//! side, and their digests are absorbed.

use tacit_algebra::f_from_i64;
use tacit_algebra::field::f_to_bytes;
use tacit_algebra::hash::{hash, hash_many, tag_word, Digest, Tag};
use tacit_transcript::Sponge;

/// Entries of a tensor that is absorbed as it is; a longer one is absorbed by its blocks.
const WHOLE: usize = 4096;
/// Entries of a block; the last one may have fewer.
const BLOCK: usize = 1024;
/// Blocks hashed in one go.
const TOGETHER: usize = 8;

/// Absorbs a public tensor. How many entries it has is known from the program, so nothing but values is hashed here.
pub(crate) fn absorb(sponge: &mut Sponge, values: &[i64]) {
    if values.len() <= WHOLE {
        let mut bytes = Vec::with_capacity(values.len().saturating_mul(8));
        write(values, &mut bytes);
        return sponge.absorb("public", &bytes);
    }
    sponge.absorb("public blocks", digests(values).as_flattened());
}

/// H(T(9, m) || the block's m entries) of each block, in order.
fn digests(values: &[i64]) -> Vec<Digest> {
    let (whole, rest) = values.as_chunks::<BLOCK>();
    let mut digests = Vec::with_capacity(whole.len().saturating_add(1));
    let mut bytes = Vec::new();
    for blocks in whole.chunks(TOGETHER) {
        bytes.clear();
        for block in blocks {
            bytes.extend(tag(BLOCK));
            write(block, &mut bytes);
        }
        let mut out = [[0; 32]; TOGETHER];
        let out = out.get_mut(..blocks.len()).unwrap_or_default();
        hash_many(&bytes, out);
        digests.extend_from_slice(out);
    }
    if !rest.is_empty() {
        bytes.clear();
        write(rest, &mut bytes);
        digests.push(hash(Tag::PublicBlock, count(rest.len()), &[&bytes]));
    }
    digests
}

fn write(values: &[i64], bytes: &mut Vec<u8>) {
    for &value in values {
        bytes.extend_from_slice(&f_to_bytes(f_from_i64(value)));
    }
}

fn tag(entries: usize) -> [u8; 8] {
    tag_word(Tag::PublicBlock, count(entries))
}

fn count(entries: usize) -> u64 {
    u64::try_from(entries).unwrap_or(u64::MAX)
}
