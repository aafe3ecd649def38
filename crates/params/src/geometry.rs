//! The geometry of docs/protocol/protocol.md, section 3, and its well-formedness.

use borsh::{BorshDeserialize, BorshSerialize};

/// Most levels a geometry may have.
pub const MAX_LEVELS: usize = 8;
/// Widest fold of one level, in bits.
pub const MAX_FOLD: u8 = 8;
/// Largest log2 of the data rows of a column.
pub const MAX_LOG_ROWS: u8 = 24;
/// Most rows of a column, blinding included.
pub const MAX_ROWS: u32 = 1 << 26;
/// Largest log2 of a code's length.
pub const MAX_LOG_DOMAIN: u8 = 28;
/// Most positions drawn in one code.
pub const MAX_QUERIES: u16 = 1024;
/// Most bits of grinding before a draw of positions.
pub const MAX_GRIND: u8 = 32;
/// Longest vector sent in clear at the end.
pub const MAX_FINAL: u32 = 4096;

/// A later code: `2^fold` interleaved columns over a domain of `2^log_domain` points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Level {
    /// log2 of the number of interleaved columns, and the number of fold rounds.
    pub fold: u8,
    /// log2 of the code's length.
    pub log_domain: u8,
    /// Positions drawn in this level's code.
    pub queries: u16,
}

/// The shape of every slab of a deployment and of the codes that follow it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, BorshSerialize, BorshDeserialize)]
pub struct Geometry {
    /// Security in bits that this geometry was derived for.
    pub target: u16,
    /// log2 of R, the data rows of a column.
    pub log_rows: u8,
    /// M, all rows of a column.
    pub rows: u32,
    /// log2 of the code length of the slabs.
    pub log_domain: u8,
    /// t, positions drawn in the slabs.
    pub queries: u16,
    /// Bits of grinding before every draw of positions.
    pub grind: u8,
    /// Later codes, in order.
    pub levels: Vec<Level>,
}

/// Why a geometry is not well formed. `slug()` is `geometry` for all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GeometryError {
    #[error("{got} levels, expected 1..=8")]
    Levels { got: usize },
    #[error("level {level}: fold {got}, expected 1..=8")]
    Fold { level: usize, got: u8 },
    #[error("log_rows {got}, expected at least the sum of the folds ({folds}) and at most 24")]
    LogRows { got: u8, folds: u32 },
    #[error("rows {rows}, expected more than 2^log_rows = {data} and at most 2^26")]
    Rows { rows: u32, data: u32 },
    #[error("rows {rows} are not a multiple of 2^{folds}")]
    Multiple { rows: u32, folds: u32 },
    #[error("code {code}: domain 2^{log_domain} is too short for {rows} rows, longer than the previous one, or above 2^28")]
    Domain {
        code: usize,
        log_domain: u8,
        rows: u32,
    },
    #[error("final vector of {got} entries, expected at most 4096")]
    Final { got: u32 },
    #[error("code {code}: {got} queries, expected 1..=1024")]
    Queries { code: usize, got: u16 },
    #[error("grind {got}, expected at most 32")]
    Grind { got: u8 },
}

impl GeometryError {
    /// The stable slug of docs/protocol/protocol.md, section 9.
    #[must_use]
    pub fn slug(&self) -> &'static str {
        "geometry"
    }
}

impl Geometry {
    /// R, the data rows of a column.
    #[must_use]
    pub fn r(&self) -> usize {
        1usize.checked_shl(u32::from(self.log_rows)).unwrap_or(0)
    }

    /// M, all rows of a column.
    #[must_use]
    pub fn m(&self) -> usize {
        self.rows as usize
    }

    /// borsh. It cannot fail: of more than 2^32 - 1 levels (`check_well_formed` allows 8) the count saturates and all follow,
    /// so no two geometries have the same bytes.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(15 + 4 * self.levels.len());
        out.extend(self.target.to_le_bytes());
        out.push(self.log_rows);
        out.extend(self.rows.to_le_bytes());
        out.push(self.log_domain);
        out.extend(self.queries.to_le_bytes());
        out.push(self.grind);
        out.extend(
            u32::try_from(self.levels.len())
                .unwrap_or(u32::MAX)
                .to_le_bytes(),
        );
        for level in &self.levels {
            out.extend([level.fold, level.log_domain]);
            out.extend(level.queries.to_le_bytes());
        }
        out
    }

    /// Kf, the sum of the folds.
    #[must_use]
    pub fn fold_bits(&self) -> u8 {
        self.levels
            .iter()
            .fold(0u8, |sum, l| sum.saturating_add(l.fold))
    }

    /// M_j, the length of a code's columns: `rows_at(0) = M`, `rows_at(j) = M / 2^(fold_1 + .. + fold_j)`.
    #[must_use]
    pub fn rows_at(&self, code: usize) -> usize {
        let folds: u32 = self
            .levels
            .iter()
            .take(code)
            .map(|l| u32::from(l.fold))
            .sum();
        self.m().checked_shr(folds).unwrap_or(0)
    }

    /// Length of the vector sent in clear at the end, M / 2^Kf.
    #[must_use]
    pub fn final_len(&self) -> usize {
        self.rows_at(self.levels.len())
    }

    /// The codes in order, the slabs' first: (rows, log2 of the length, positions drawn).
    pub fn codes(&self) -> impl Iterator<Item = (usize, u8, u16)> + '_ {
        let first = (self.m(), self.log_domain, self.queries);
        let later = self
            .levels
            .iter()
            .enumerate()
            .map(|(j, l)| (self.rows_at(j + 1), l.log_domain, l.queries));
        std::iter::once(first).chain(later)
    }

    /// Checks docs/protocol/protocol.md, section 3. Total: any value may be passed.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check_well_formed(&self) -> Result<(), GeometryError> {
        self.check_sizes()?;
        // Every code: 2 M_j <= 2^log_domain_j, lengths never grow, and positions are drawn in each.
        let mut longest = MAX_LOG_DOMAIN;
        for (code, (rows, log_domain, queries)) in self.codes().enumerate() {
            let fits = log_domain <= longest && 2 * rows as u64 <= 1u64 << log_domain;
            if !fits {
                return Err(GeometryError::Domain {
                    code,
                    log_domain,
                    rows: rows as u32,
                });
            }
            if !(1..=MAX_QUERIES).contains(&queries) {
                return Err(GeometryError::Queries { code, got: queries });
            }
            longest = log_domain;
        }
        let last = self.final_len() as u32;
        if last > MAX_FINAL {
            return Err(GeometryError::Final { got: last });
        }
        if self.grind > MAX_GRIND {
            return Err(GeometryError::Grind { got: self.grind });
        }
        Ok(())
    }

    /// Levels, folds, R and M.
    fn check_sizes(&self) -> Result<(), GeometryError> {
        if !(1..=MAX_LEVELS).contains(&self.levels.len()) {
            return Err(GeometryError::Levels {
                got: self.levels.len(),
            });
        }
        for (level, l) in self.levels.iter().enumerate() {
            if !(1..=MAX_FOLD).contains(&l.fold) {
                return Err(GeometryError::Fold { level, got: l.fold });
            }
        }
        let folds: u32 = self.levels.iter().map(|l| u32::from(l.fold)).sum();
        if self.log_rows > MAX_LOG_ROWS || folds > u32::from(self.log_rows) {
            return Err(GeometryError::LogRows {
                got: self.log_rows,
                folds,
            });
        }
        let data = 1u32 << self.log_rows;
        if self.rows <= data || self.rows > MAX_ROWS {
            return Err(GeometryError::Rows {
                rows: self.rows,
                data,
            });
        }
        if self.rows.trailing_zeros() < folds {
            return Err(GeometryError::Multiple {
                rows: self.rows,
                folds,
            });
        }
        Ok(())
    }
}
