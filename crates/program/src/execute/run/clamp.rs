//! The hint of what saturates.

use super::Run;
use crate::error::Result;
use std::sync::Arc;

impl Run<'_> {
    /// Of v = floor(value / 2^shift) the part within the ends, then the part beyond them.
    pub(super) fn clamp(
        &mut self,
        mut values: Vec<i64>,
        shift: u8,
        (low, high): (i64, i64),
        [inside, outside]: [Option<u32>; 2],
    ) -> Result<()> {
        let clamped = |v: i64| v.max(low).min(high);
        values.iter_mut().for_each(|v| *v >>= shift.min(62));
        if let Some(dst) = inside {
            let part = values.iter().map(|&v| clamped(v)).collect();
            self.compute(dst, Arc::new(part))?;
        }
        let Some(dst) = outside else {
            return Ok(());
        };
        // Beyond 64 bits it ends at one that is in no tensor's interval.
        values
            .iter_mut()
            .for_each(|v| *v = v.saturating_sub(clamped(*v)));
        self.compute(dst, Arc::new(values))
    }
}
