//! Secret files, read into memory that is wiped: nothing passes through a vector that grows.

use std::fs::{File, OpenOptions};
use std::io::{Error, Read, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{OwnerError, Result};

/// Bytes read from a pipe or a device at most; as in `tacit.api.native`.
const MOST_PIPED: usize = 1 << 28;
/// Bytes read at a time where the length is not known.
const PIECE: usize = 1 << 20;

fn fail(e: &Error) -> OwnerError {
    // Without the system's number behind it.
    let text = e.to_string();
    let reason = text.split(" (os error").next().unwrap_or_default();
    OwnerError::input("file", "", reason)
}

/// All bytes of a file.
///
/// # Errors
/// `file` when it cannot be read, or is no file and has no end.
pub fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path).map_err(|e| fail(&e))?;
    let metadata = file.metadata().map_err(|e| fail(&e))?;
    let known = metadata.is_file().then_some(metadata.len() as usize);
    read_all(file, known).map_err(|e| fail(&e))?.ok_or_else(|| {
        let reason = format!("expected at most {MOST_PIPED} bytes from what is no file, got more");
        OwnerError::input("file", "", reason)
    })
}

/// Memory that grows is copied here: a vector would leave what it grew out of. `None` when there are too many.
fn read_all(
    mut file: File,
    known: Option<usize>,
) -> std::result::Result<Option<Zeroizing<Vec<u8>>>, Error> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(known.unwrap_or(PIECE) + 1));
    loop {
        let room = (bytes.capacity() - bytes.len()) as u64;
        if room == 0 {
            let mut larger = Zeroizing::new(Vec::with_capacity(2 * bytes.capacity()));
            larger.extend_from_slice(&bytes);
            bytes = larger;
            continue;
        }
        if Read::by_ref(&mut file).take(room).read_to_end(&mut bytes)? == 0 {
            return Ok(Some(bytes));
        }
        if known.is_none() && bytes.len() > MOST_PIPED {
            return Ok(None);
        }
    }
}

/// Writes the bytes into the file, which is there and empty. On the disk once the caller says so.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let written = OpenOptions::new().write(true).open(path);
    let written = written.and_then(|mut file| file.write_all(bytes));
    written.map_err(|e| fail(&e))
}
