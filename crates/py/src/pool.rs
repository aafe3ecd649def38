//! Parallel loops end also in a process that was forked.

use std::sync::OnceLock;

use tacit_owner::{Kind, OwnerError};

use crate::failure::Result;

/// The process that loaded this module: the threads of the shared pool are its own.
static LOADED_BY: OnceLock<u32> = OnceLock::new();

pub fn remember_process() {
    LOADED_BY.get_or_init(std::process::id);
}

/// Whether this process has the threads of its pool.
pub fn is_own() -> bool {
    LOADED_BY.get() == Some(&std::process::id())
}

/// Runs the closure where parallel loops end: a fork has the pool of its parent, but none of its threads.
pub fn pooled<T: Send>(work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    if is_own() {
        return rayon::scope(|_| work());
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .build()
        .map_err(|e| OwnerError::new(Kind::Bug, "threads", "", e.to_string()))?;
    pool.install(work)
}
