//! Reading a multi-opening (docs/protocol/protocol.md, section 4). Hostile bytes: nothing is read or allocated beyond what the
//! positions and the tree's size say.

use crate::lanes::{hash_leaves, hash_nodes};
use crate::PcsError;
use tacit_algebra::field::f_from_bytes;
use tacit_algebra::hash::Digest;
use tacit_algebra::F;
use tacit_transcript::{ReadError, Reader};

/// A tree that is about to be opened.
pub(crate) struct TreeInfo<'a> {
    /// Its number in the order of the argument, for errors.
    pub number: usize,
    pub root: &'a Digest,
    pub width: usize,
    pub log_n: u8,
    pub salted: bool,
}

/// Rows in the order of the positions, each of `width` elements.
pub(crate) struct Rows {
    width: usize,
    values: Vec<F>,
}

impl Rows {
    pub fn iter(&self) -> impl Iterator<Item = &[F]> {
        self.values.chunks_exact(self.width.max(1))
    }
}

/// One message: every row and its salt, then each sibling that is not known; the root must match.
pub(crate) fn read_rows(
    r: &mut Reader,
    tree: &TreeInfo,
    positions: &[usize],
) -> Result<Rows, PcsError> {
    let row_bytes = 8 * tree.width;
    let salt_bytes = if tree.salted { 32 } else { 0 };
    let stride = row_bytes + salt_bytes;
    let leaves = positions.len().saturating_mul(stride);
    let siblings = count_siblings(positions, tree.log_n);
    let at = r.at();
    let message = r.bytes("opening", leaves.saturating_add(32 * siblings))?;
    let (head, path) = message.split_at_checked(leaves).unwrap_or((message, &[]));

    let mut values = Vec::with_capacity(positions.len().saturating_mul(tree.width));
    for leaf in head.chunks_exact(stride.max(1)) {
        for bytes in leaf.get(..row_bytes).unwrap_or(&[]).chunks_exact(8) {
            let element = bytes.try_into().ok().and_then(f_from_bytes);
            values.push(element.ok_or(ReadError::NonCanonical {
                kind: "opening",
                at,
            })?);
        }
    }
    let mut digests = vec![[0; 32]; positions.len()];
    hash_leaves(tree.width as u64, &mut digests, |i| {
        let leaf = head.get(i * stride..(i + 1) * stride).unwrap_or(&[]);
        let (row, salt) = leaf.split_at_checked(row_bytes).unwrap_or((leaf, &[]));
        (salt, row)
    });
    let root = climb(positions, digests, path, tree.log_n);
    if root.as_ref() != Some(tree.root) {
        return Err(PcsError::Merkle { tree: tree.number });
    }
    Ok(Rows {
        width: tree.width,
        values,
    })
}

/// Digests that complete the tree: at every level those of known nodes whose sibling is not known.
fn count_siblings(positions: &[usize], log_n: u8) -> usize {
    let mut known = positions.to_vec();
    let mut count = 0;
    for _ in 0..log_n {
        let before = known.len();
        known.iter_mut().for_each(|k| *k >>= 1);
        known.dedup();
        // Each parent has two children; the known ones are `before`.
        count += 2 * known.len() - before;
    }
    count
}

/// From the leaves' digests and the siblings to the root.
fn climb(positions: &[usize], mut digests: Vec<Digest>, path: &[u8], log_n: u8) -> Option<Digest> {
    let siblings = path.as_chunks::<32>().0;
    let mut given = siblings.iter();
    let mut known = positions.to_vec();
    for _ in 0..log_n {
        let mut children: Vec<(Digest, Digest)> = Vec::with_capacity(known.len());
        let mut parents = Vec::with_capacity(known.len());
        let mut list = known.iter().zip(&digests).peekable();
        while let Some((&k, digest)) = list.next() {
            let partner = list.next_if(|(&next, _)| next == k ^ 1);
            let pair = match partner {
                Some((_, other)) => (*digest, *other),
                None if k & 1 == 0 => (*digest, *given.next()?),
                None => (*given.next()?, *digest),
            };
            children.push(pair);
            parents.push(k >> 1);
        }
        let mut next = vec![[0; 32]; parents.len()];
        hash_nodes(0, &mut next, |i| {
            children
                .get(i)
                .map_or((&[0; 32], &[0; 32]), |(a, b)| (a, b))
        });
        (known, digests) = (parents, next);
    }
    digests.first().copied()
}
