//! The body of a secret slab file: written with its length known beforehand, read as its owner's bytes.

use crate::code::encode::{Code, Shape};
use crate::code::memory::Bytes;
use crate::random::{Stream, BLINDING};
use crate::slab::committed::{build, Slab};
use crate::slab::header::{slab_columns, Header, MAX_K0};
use crate::tree::merkle::Tree;
use crate::{Commitment, PcsError};
use borsh::BorshDeserialize;
use p3_field::{PrimeCharacteristicRing, PrimeField64};
use tacit_algebra::encoding::{length, TooLarge, MOST};
use tacit_algebra::hash::Digest;
use tacit_algebra::{Key, F, P};
use zeroize::Zeroizing;

/// The body of a secret slab file, as it is read: nothing secret is copied. `Slab::to_bytes` writes it.
struct Stored<'a> {
    commitment: Commitment,
    cells: u64,
    seed: &'a [u8; 32],
    /// Eight bytes a cell.
    data: &'a [[u8; 8]],
    /// The code word's values and the tree's stored levels.
    code: Option<(&'a [u8], Vec<Vec<Digest>>)>,
}

impl<'a> Stored<'a> {
    /// `None` when the bytes are another layout's.
    fn read(mut bytes: &'a [u8]) -> Option<Self> {
        let commitment = Commitment::deserialize(&mut bytes).ok()?;
        let cells = u64::from_le_bytes(*take(&mut bytes)?);
        let seed = take(&mut bytes)?;
        let data = list(&mut bytes, 8)?.as_chunks().0;
        let code = match take::<1>(&mut bytes)? {
            [0] => None,
            [1] => {
                let values = list(&mut bytes, 1)?;
                Some((values, Vec::deserialize(&mut bytes).ok()?))
            }
            _ => return None,
        };
        bytes.is_empty().then_some(Self {
            commitment,
            cells,
            seed,
            data,
            code,
        })
    }
}

/// The next N bytes.
fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(first)
}

/// The bytes of a list of elements of `size` bytes, behind its length.
fn list<'a>(bytes: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(*take(bytes)?) as usize;
    let (first, rest) = bytes.split_at_checked(length.checked_mul(size)?)?;
    *bytes = rest;
    Some(first)
}

/// Bytes of the body of a secret slab file with its code, for a slab of this header.
#[must_use]
pub fn secret_bytes(header: &Header) -> u64 {
    let g = &header.geometry;
    let shape = Shape::new(g.m(), g.log_domain);
    let columns = header.columns as usize;
    let values = columns.saturating_mul(8 << g.log_domain);
    let data = columns.saturating_mul(g.r());
    body_length(header, data, Some((values, Tree::stored(shape))))
}

/// Commitment, cells, seed, data, and the code's values and tree if they are stored.
fn body_length(
    header: &Header,
    data: usize,
    code: Option<(usize, impl Iterator<Item = usize>)>,
) -> u64 {
    let list = |bytes: usize| (bytes as u64).saturating_add(4);
    let code = code.map_or(0, |(values, levels)| {
        let tree = levels.map(|n| list(n.saturating_mul(32)));
        tree.fold(list(values).saturating_add(4), u64::saturating_add)
    });
    let head = header.bytes().len() as u64 + 32 + 24 + 8 + 32;
    let data = list(data.saturating_mul(8));
    (head + 1).saturating_add(data).saturating_add(code)
}

/// The cells; in one allocation, for growth leaves copies behind.
fn elements(bytes: &[[u8; 8]]) -> Option<Vec<F>> {
    let words = bytes.iter().map(|b| u64::from_le_bytes(*b));
    if words.clone().any(|w| w >= P) {
        return None;
    }
    Some(words.map(F::from_u64).collect())
}

impl Slab {
    /// The body of the owner's secret file; `with_code` stores the code word and the tree too, so that reading it is fast.
    ///
    /// # Errors
    /// `TooLarge` from 2^32 bytes on, before anything is copied.
    pub fn to_bytes(&self, with_code: bool) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
        self.bytes_within(with_code, MOST)
    }

    /// `to_bytes` of at most `most` bytes.
    fn bytes_within(&self, with_code: bool, most: u64) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
        let levels = self.tree.levels();
        let code = with_code.then(|| (self.code.values.len(), levels.iter().map(Vec::len)));
        let size = body_length(&self.commitment.header, self.data.len(), code);
        // Fewer than 2^32 bytes in all: no list in it is longer.
        let list = |n: usize| length("secret", n as u64, most);
        length("secret", size, most)?;
        let mut out = Zeroizing::new(Vec::with_capacity(size as usize));
        out.extend(self.commitment.bytes());
        out.extend((self.cells as u64).to_le_bytes());
        out.extend_from_slice(&self.seed[..]);
        out.extend(list(self.data.len())?);
        let words = self.data.iter().map(F::as_canonical_u64);
        words.for_each(|w| out.extend(w.to_le_bytes()));
        out.push(u8::from(with_code));
        if with_code {
            out.extend(list(self.code.values.len())?);
            out.extend_from_slice(&self.code.values);
            out.extend(list(levels.len())?);
            for level in levels {
                out.extend(list(level.len())?);
                out.extend_from_slice(level.as_flattened());
            }
        }
        Ok(out)
    }

    /// Reads `to_bytes`. A stored code is not computed again: the file's checksum guards the owner's own bytes.
    ///
    /// # Errors
    /// `encoding` when the bytes are not a slab's; `merkle` when they do not lead to the root; `geometry`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PcsError> {
        Self::read(bytes, true)
    }

    /// As `from_bytes`, for files that a user hands over: without a stored code they are refused. Its length bounds the memory,
    /// which a header alone could ask for by gigabytes.
    ///
    /// # Errors
    /// As `from_bytes`.
    pub fn from_whole_bytes(bytes: &[u8]) -> Result<Self, PcsError> {
        Self::read(bytes, false)
    }

    fn read(bytes: &[u8], may_build: bool) -> Result<Self, PcsError> {
        let bad = |what| PcsError::Encoding { what };
        let stored = Stored::read(bytes).ok_or(bad("not a slab"))?;
        let header = &stored.commitment.header;
        header.geometry.check_well_formed()?;
        let data = elements(stored.data).ok_or(bad("a cell is not below p"))?;
        let columns = header.columns as usize;
        let cells = usize::try_from(stored.cells).map_err(|_| bad("too many cells"))?;
        let fits = slab_columns(&header.geometry, cells, usize::from(header.links))
            == columns as u64
            && columns <= 1 << MAX_K0
            && columns.checked_mul(header.geometry.r()) == Some(data.len())
            && header.geometry.r() as u64 + u64::from(header.blinding)
                <= u64::from(header.geometry.rows);
        if !fits {
            return Err(bad("the header does not fit the cells"));
        }
        let (code, tree, blind) = match &stored.code {
            None if !may_build => return Err(bad("its code is not stored")),
            None => build(header, &data, stored.seed),
            Some((values, levels)) => restore(header, stored.seed, values, levels)?,
        };
        if tree.root() != stored.commitment.root {
            return Err(PcsError::Merkle { tree: 0 });
        }
        Ok(Self {
            commitment: stored.commitment.clone(),
            cells,
            data,
            blind,
            seed: Key::new(stored.seed),
            code,
            tree,
        })
    }
}

/// Code and tree from stored values; only the blinding is drawn again.
fn restore(
    header: &Header,
    seed: &[u8; 32],
    stored: &[u8],
    levels: &[Vec<Digest>],
) -> Result<(Code, Tree, Vec<F>), PcsError> {
    let bad = |what| PcsError::Encoding { what };
    let shape = Shape::new(header.geometry.m(), header.geometry.log_domain);
    let width = header.columns as usize;
    if width.checked_mul(8 * shape.n()) != Some(stored.len()) {
        return Err(bad("the stored code has another length"));
    }
    if stored
        .as_chunks::<8>()
        .0
        .iter()
        .any(|b| u64::from_be_bytes(*b) >= P)
    {
        return Err(bad("a code value is not below p"));
    }
    let mut values = Bytes::zeroed(stored.len());
    values.copy_from_slice(stored);
    let tree = Tree::from_levels(shape, levels.to_vec())
        .ok_or(bad("the stored tree has another shape"))?;
    let mut blind = vec![F::ZERO; width * header.blinding as usize];
    Stream::new(seed, BLINDING).fill(&mut blind);
    let code = Code {
        shape,
        width,
        values,
    };
    Ok((code, tree, blind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit;
    use tacit_params::{Geometry, Level};

    fn small() -> Slab {
        let levels = vec![Level {
            fold: 2,
            log_domain: 7,
            queries: 3,
        }];
        let geometry = Geometry {
            target: 1,
            log_rows: 4,
            rows: 64,
            log_domain: 8,
            queries: 3,
            grind: 0,
            levels,
        };
        let cells: Vec<F> = (0..40).map(F::from_u32).collect();
        commit(&geometry, true, [1; 32], &cells, &[], 1, 2, [2; 32]).unwrap()
    }

    #[test]
    fn the_length_is_known_beforehand() {
        let slab = small();
        let whole = slab.to_bytes(true).unwrap();
        assert_eq!(secret_bytes(&slab.commitment.header), whole.len() as u64);
        let commitment = slab.commitment.bytes();
        assert_eq!(borsh::to_vec(&slab.commitment).unwrap(), commitment);
        assert_eq!(whole[..commitment.len()], commitment);
        for with_code in [false, true] {
            let bytes = slab.to_bytes(with_code).unwrap();
            assert_eq!(
                bytes.capacity(),
                bytes.len(),
                "no growth leaves a copy behind"
            );
            let size = bytes.len() as u64;
            assert_eq!(slab.bytes_within(with_code, size).unwrap(), bytes);
            let refused = slab.bytes_within(with_code, size - 1).unwrap_err();
            assert_eq!((refused.size, refused.limit), (Some(size), size - 1));
        }
    }

    /// The code of a slab of 4 GiB and more: pages of zeros that nobody touches, so it takes no memory.
    #[test]
    fn a_secret_beyond_the_format_is_refused() {
        let mut slab = small();
        slab.code.values = Bytes::zeroed(1 << 32);
        let refused = slab.to_bytes(true).map(|bytes| bytes.len()).unwrap_err();
        assert_eq!(refused.slug(), "too_large");
        let size = refused.size.unwrap();
        assert!((1 << 32..(1 << 32) + 10_000).contains(&size), "{size}");
        let text = format!("secret: expected at most 4294967295 bytes, got {size}");
        assert_eq!(refused.to_string(), text);
        assert!(slab.to_bytes(false).is_ok());
    }

    #[test]
    fn lengths_of_the_largest_headers_do_not_wrap() {
        let mut header = small().commitment.header.clone();
        header.columns = 1 << MAX_K0;
        header.geometry.log_domain = 28;
        assert!(secret_bytes(&header) > 8 << (16 + 28));
    }
}
