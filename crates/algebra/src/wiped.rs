//! Memory of secrets. It is overwritten when it is dropped, and copied by nobody who does not say so: no Clone, no Debug.

use std::ops::{Deref, DerefMut};

/// A vector of secrets.
#[derive(Default)]
pub struct Wiped<T: Copy + Default>(Vec<T>);

impl<T: Copy + Default> Wiped<T> {
    /// Takes a vector that has not grown: growth leaves copies behind.
    #[must_use]
    pub fn new(values: Vec<T>) -> Self {
        Self(values)
    }

    /// Appends `more`, then defaults up to `len` entries. Memory that has no room for them is left, and overwritten.
    ///
    /// # Panics
    /// When they are more.
    pub fn extend_to(&mut self, more: impl IntoIterator<Item = T>, len: usize) {
        if self.0.capacity() < len {
            let mut roomy = Vec::with_capacity(len);
            roomy.extend_from_slice(&self.0);
            drop(Self(std::mem::replace(&mut self.0, roomy)));
        }
        for x in more {
            assert!(self.0.len() < len, "no more than there is room for");
            self.0.push(x);
        }
        self.0.resize(len, T::default());
    }
}

impl<T: Copy + Default> Deref for Wiped<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: Copy + Default> DerefMut for Wiped<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.0
    }
}

impl<T: Copy + Default> Drop for Wiped<T> {
    fn drop(&mut self) {
        self.0.fill(T::default());
        // The compiler must assume that the zeros are read.
        std::hint::black_box(&self.0);
    }
}

/// The 32 bytes that secrets are drawn from. They have one place: what owns a key can move, and leaves no copy where it was.
pub struct Key(Box<[u8; 32]>);

impl Key {
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut key = Self(Box::default());
        key.0.copy_from_slice(bytes);
        key
    }
}

impl Deref for Key {
    type Target = [u8; 32];

    fn deref(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.fill(0);
        std::hint::black_box(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Wiped;

    #[test]
    fn grown_memory_holds_what_it_held() {
        for room in [3, 8] {
            let mut values = Vec::with_capacity(room);
            values.extend([1u64, 2, 3]);
            let mut wiped = Wiped::new(values);
            wiped.extend_to([4, 5], 8);
            assert_eq!(&wiped[..], [1, 2, 3, 4, 5, 0, 0, 0]);
        }
    }

    #[test]
    #[should_panic(expected = "no more than there is room for")]
    fn more_than_there_is_room_for() {
        Wiped::new(vec![1u64, 2]).extend_to([3], 2);
    }
}
