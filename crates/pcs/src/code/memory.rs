//! Memory for code words: zeroed, in huge pages where there is much of it (touching fresh small pages costs as much as encoding).

use memmap2::MmapMut;
use std::ops::{Deref, DerefMut};

/// From this size on the system is asked for pages of its own.
const LARGE: usize = 1 << 22;
/// A huge page. A mapping is whole ones: its end would cost more in small pages.
const HUGE: usize = 1 << 21;

/// Zeroed bytes. They are wiped when dropped; a mapping goes back to the system, which clears it.
pub enum Bytes {
    Heap(Vec<u8>),
    Map(Mapping),
}

/// The first `len` bytes of memory of its own.
pub struct Mapping {
    map: Option<MmapMut>,
    len: usize,
}

impl Bytes {
    pub fn zeroed(n: usize) -> Self {
        if n < LARGE {
            return Self::Heap(vec![0; n]);
        }
        match MmapMut::map_anon(n.next_multiple_of(HUGE)) {
            Ok(map) => {
                // Advice only: without huge pages everything works, slower.
                #[cfg(target_os = "linux")]
                let _ = map.advise(memmap2::Advice::HugePage);
                let map = Some(map);
                Self::Map(Mapping { map, len: n })
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
            Self::Map(m) => &m.map.as_deref().unwrap_or_default()[..m.len],
        }
    }
}

impl DerefMut for Bytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        match self {
            Self::Heap(v) => v,
            Self::Map(m) => &mut m.map.as_deref_mut().unwrap_or_default()[..m.len],
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

impl Drop for Mapping {
    fn drop(&mut self) {
        // Giving pages back takes a while, and nobody need wait for it.
        if let Some(map) = self.map.take() {
            rayon::spawn(move || drop(map));
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
