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
