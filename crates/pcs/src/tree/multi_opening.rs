//! Reading a multi-opening (docs/protocol/protocol.md, section 4). Hostile bytes: nothing is read or allocated beyond what the
//! positions and the tree's size say.

use crate::error::{pairs, OTHER_LENGTH};
use crate::tree::hashes::{hash_pairs, hash_rows};
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

/// A row for each position, in their order, each of `width` elements.
pub(crate) struct Rows {
    width: usize,
    values: Vec<F>,
}

impl Rows {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[F]> {
        self.values.chunks_exact(self.width)
    }
}

/// One message: every row and its salt, then each sibling that is not known; the root must match.
///
/// # Errors
/// `truncated`, `non_canonical`, `merkle`; `encoding` for a tree without columns.
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
    let (head, path) = message.split_at_checked(leaves).ok_or(OTHER_LENGTH)?;
    if tree.width == 0 || head.len() != leaves {
        return Err(OTHER_LENGTH);
    }
    // (salt, row) of each leaf, as it is hashed.
    let split = |leaf| <[u8]>::split_at_checked(leaf, row_bytes);
    let parts = head.chunks_exact(stride).map(split);
    let parts: Option<Vec<_>> = parts.map(|p| p.map(|(row, salt)| (salt, row))).collect();
    let parts = parts.ok_or(OTHER_LENGTH)?;

    let mut values = Vec::with_capacity(positions.len().saturating_mul(tree.width));
    for bytes in parts.iter().flat_map(|(_, row)| row.as_chunks::<8>().0) {
        let element = f_from_bytes(*bytes).ok_or(ReadError::NonCanonical {
            kind: "opening",
            at,
        })?;
        values.push(element);
    }
    if values.len() != positions.len().saturating_mul(tree.width) {
        return Err(OTHER_LENGTH);
    }
    let digests = hash_rows(tree.width as u64, &parts);
    let root = climb(positions, digests, path, tree.log_n)?;
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

/// From the leaves' digests and the siblings to the root; `None` where the path is too short, too long, or leads to several
/// nodes. Positions are sorted, each once.
fn climb(
    positions: &[usize],
    mut digests: Vec<Digest>,
    path: &[u8],
    log_n: u8,
) -> Result<Option<Digest>, PcsError> {
    let (siblings, rest) = path.as_chunks::<32>();
    let mut given = siblings.iter();
    let mut known = positions.to_vec();
    for _ in 0..log_n {
        let mut children: Vec<(Digest, Digest)> = Vec::with_capacity(known.len());
        let mut parents = Vec::with_capacity(known.len());
        let mut list = pairs(&known, &digests)?.peekable();
        while let Some((&k, digest)) = list.next() {
            let partner = list.next_if(|(&next, _)| next == k ^ 1);
            let sibling = match partner {
                Some((_, other)) => Some(other),
                None => given.next(),
            };
            let Some(sibling) = sibling else {
                return Ok(None);
            };
            children.push(if k & 1 == 0 {
                (*digest, *sibling)
            } else {
                (*sibling, *digest)
            });
            parents.push(k >> 1);
        }
        (known, digests) = (parents, hash_pairs(&children));
    }
    let whole = rest.is_empty() && given.next().is_none() && known == [0];
    Ok(digests.first().copied().filter(|_| whole))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tacit_algebra::hash::{hash, Tag};

    /// Four leaves: the path of leaf 1 is leaf 0 and the node over leaves 2 and 3.
    #[test]
    fn a_path_is_taken_whole_or_not_at_all() {
        let leaves: Vec<Digest> = (0..4).map(|i| [i; 32]).collect();
        let node = |a: &Digest, b: &Digest| hash(Tag::Node, 0, &[a, b]);
        let right = node(&leaves[2], &leaves[3]);
        let root = node(&node(&leaves[0], &leaves[1]), &right);
        let path = [leaves[0], right].concat();
        let climbed = |at: &[usize], digests: &[Digest], path: &[u8], log| {
            climb(at, digests.to_vec(), path, log)
        };
        assert_eq!(climbed(&[1], &leaves[1..2], &path, 2), Ok(Some(root)));
        assert_eq!(climbed(&[1], &leaves[1..2], &path[..32], 2), Ok(None));
        assert_eq!(climbed(&[1], &leaves[1..2], &path[..63], 2), Ok(None));
        let longer = [&path[..], &[7]].concat();
        assert_eq!(climbed(&[1], &leaves[1..2], &longer, 2), Ok(None));
        let longer = [&path[..], &[7; 32]].concat();
        assert_eq!(climbed(&[1], &leaves[1..2], &longer, 2), Ok(None));
        assert_eq!(climbed(&[0, 1, 2, 3], &leaves, &[], 2), Ok(Some(root)));
        assert_eq!(climbed(&[0, 1, 2, 3], &leaves, &[], 1), Ok(None));
        assert_eq!(climbed(&[5], &leaves[1..2], &path, 2), Ok(None));
        assert_eq!(climbed(&[], &[], &[], 2), Ok(None));
        assert_eq!(climbed(&[1, 2], &leaves[1..2], &path, 2), Err(OTHER_LENGTH));
    }

    #[test]
    fn a_tree_without_columns_is_refused() {
        let tree = TreeInfo {
            number: 0,
            root: &[0; 32],
            width: 0,
            log_n: 1,
            salted: false,
        };
        let refused = read_rows(&mut Reader::new(&[0; 64]), &tree, &[0]).err();
        assert_eq!(refused, Some(OTHER_LENGTH));
    }
}
