//! Memory for code words: zeroed, in huge pages where there is much of it (touching fresh small pages costs as much as encoding).

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};

/// From this size on the system is asked for pages of its own.
const LARGE: usize = 1 << 22;

/// Zeroed bytes. They are wiped when dropped; a mapping goes back to the system, which clears it.
pub enum Bytes {
    Heap(Vec<u8>),
    Map(MmapMut),
}

impl Bytes {
    pub fn zeroed(n: usize) -> Self {
        if n < LARGE {
            return Self::Heap(vec![0; n]);
        }
        match MmapMut::map_anon(n) {
            Ok(map) => {
                // Advice only: without huge pages everything works, slower.
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage);
                Self::Map(map)
            }
            Err(_) => Self::Heap(vec![0; n]),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Heap(v) => v,
            Self::Map(m) => m,
        }
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(v) => v,
            Self::Map(m) => m,
        }
    }
}

impl Drop for Bytes {
    fn drop(&mut self) {
        if let Self::Heap(v) = self {
            v.fill(0);
            std::hint::black_box(v);
        }
    }
}

#[cfg(feature = "testing")]
impl Clone for Bytes {
    fn clone(&self) -> Self {
        let mut out = Self::zeroed(self.len());
        out.copy_from_slice(self);
        out
    }
}
