//! Arrays as NumPy saves them: numbers of one, two, four or eight bytes in the order of C.

use crate::numbers::Numbers;
use crate::refusal::{Kind, Refusal, Result};

pub(crate) const MAGIC: &[u8] = b"\x93NUMPY";
/// NumPy writes 64 to 128 bytes.
const MOST_HEADER: usize = 10_000;

fn refuse(expected: &str, got: impl std::fmt::Display) -> Refusal {
    Refusal::differs(Kind::Input, "arrays", "", expected, got)
        .remedy("write it with numpy.save(path, numpy.ascontiguousarray(array, dtype=float))")
}

/// The numbers of an .npy file.
///
/// # Errors
/// `arrays`.
pub(crate) fn read(bytes: &[u8]) -> Result<Numbers> {
    let (header, data) = split(bytes)
        .ok_or_else(|| refuse("an .npy file", "one that is cut off or of another version"))?;
    let header = std::str::from_utf8(header).map_err(|e| refuse("a header in ASCII", e))?;
    if field(header, "fortran_order") != Some("False") {
        return Err(refuse("an array in the order of C", "another"));
    }
    let shape = shape(header).ok_or_else(|| refuse("a shape", header.trim_end()))?;
    let kind = field(header, "descr").map(|d| d.trim_matches(['\'', '"']));
    let (read, width) = kind.and_then(reader).ok_or_else(|| {
        refuse(
            "numbers of the kinds <f8, <f4, integers or bool",
            kind.unwrap_or("none"),
        )
    })?;
    let n = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d));
    let expected = n.and_then(|n| n.checked_mul(width));
    if expected != Some(data.len()) {
        let wanted = format!("as many bytes as the shape {shape:?} has");
        return Err(refuse(&wanted, data.len()));
    }
    Ok(Numbers {
        values: data.chunks_exact(width).map(read).collect(),
        shape,
    })
}

/// Header and data.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(MAGIC)?;
    let (version, rest) = rest.split_at_checked(2)?;
    let (length, rest) = match version[0] {
        1 => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            (usize::from(u16::from_le_bytes(*length)), rest)
        }
        2 | 3 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            (usize::try_from(u32::from_le_bytes(*length)).ok()?, rest)
        }
        _ => return None,
    };
    if length > MOST_HEADER {
        return None;
    }
    rest.split_at_checked(length)
}

/// The text behind a key of the header, which is a Python dictionary without nesting but for the shape.
fn field<'a>(header: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = header.split_once(&format!("'{key}':"))?;
    let rest = rest.trim_start();
    let end = if rest.starts_with('(') {
        rest.find(')')? + 1
    } else {
        rest.find([',', '}'])?
    };
    Some(rest[..end].trim())
}

fn shape(header: &str) -> Option<Vec<usize>> {
    let inner = field(header, "shape")?
        .strip_prefix('(')?
        .strip_suffix(')')?;
    let sizes = inner.split(',').map(str::trim).filter(|s| !s.is_empty());
    sizes.map(|s| s.parse().ok()).collect()
}

type Reader = fn(&[u8]) -> f64;

/// How an entry is read, and its bytes.
fn reader(kind: &str) -> Option<(Reader, usize)> {
    macro_rules! number {
        ($type:ty) => {{
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless)]
            let read: Reader = |bytes| match bytes.try_into() {
                Ok(bytes) => <$type>::from_le_bytes(bytes) as f64,
                Err(_) => f64::NAN,
            };
            (read, std::mem::size_of::<$type>())
        }};
    }
    Some(match kind {
        "<f8" => number!(f64),
        "<f4" => number!(f32),
        "<i8" => number!(i64),
        "<i4" => number!(i32),
        "<i2" => number!(i16),
        "|i1" => number!(i8),
        "<u8" => number!(u64),
        "<u4" => number!(u32),
        "<u2" => number!(u16),
        "|u1" | "|b1" => number!(u8),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(header.len()).unwrap().to_le_bytes();
        [MAGIC, &[1, 0], &length, header.as_bytes(), data].concat()
    }

    const FLOATS: &str = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }          \n";

    #[test]
    fn floats_and_integers_come_back() {
        let data = [1.5f64.to_le_bytes(), (-2f64).to_le_bytes()].concat();
        let found = read(&file(FLOATS, &data)).unwrap();
        assert_eq!((found.shape, found.values), (vec![1, 2], vec![1.5, -2.0]));
        for (kind, data, want) in [
            ("<i2", &[0xff, 0xff, 2, 0][..], [-1.0, 2.0]),
            ("|b1", &[1, 0], [1.0, 0.0]),
            ("|i1", &[0x80, 1], [-128.0, 1.0]),
        ] {
            let header = FLOATS.replace("<f8", kind);
            assert_eq!(read(&file(&header, data)).unwrap().values, want, "{kind}");
        }
        let scalar = FLOATS.replace("(1, 2)", "()");
        let found = read(&file(&scalar, &1.5f64.to_le_bytes())).unwrap();
        assert_eq!((found.shape, found.values), (vec![], vec![1.5]));
    }

    #[test]
    fn what_is_no_plain_array_is_refused() {
        let data = [0; 16];
        for header in [
            FLOATS.replace("<f8", "|O"),
            FLOATS.replace("<f8", ">f8"),
            FLOATS.replace("False", "True"),
            FLOATS.replace("(1, 2)", "(1, 3)"),
            FLOATS.replace("(1, 2)", "(-1, 2)"),
            FLOATS.replace("(1, 2)", "(1, 2"),
            FLOATS.replace("(1, 2)", &format!("({0}, {0})", usize::MAX)),
            String::new(),
        ] {
            assert_eq!(
                read(&file(&header, &data)).unwrap_err().slug,
                "arrays",
                "{header}"
            );
        }
        let whole = file(FLOATS, &data);
        for end in MAGIC.len()..whole.len() {
            assert!(read(&whole[..end]).is_err(), "cut at {end}");
        }
    }
}
