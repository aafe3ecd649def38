//! The permutation keccak-f[1600] on several states side by side.
//!
//! With 512-bit registers the 25 words of eight states just fit: one register a word. Elsewhere the library's permutation
//! for the machine's width is used.

#[cfg(target_feature = "avx512f")]
pub use wide_lanes::permute;

/// States side by side; a power of two, at most 8.
pub const LANES: usize = p3_keccak::VECTOR_LEN;
/// One word of every state.
pub type Word = [u64; LANES];

#[cfg(not(target_feature = "avx512f"))]
#[inline]
pub fn permute(state: &mut [Word; 25]) {
    use p3_symmetric::Permutation;
    p3_keccak::KeccakF.permute_mut(state);
}

#[cfg(target_feature = "avx512f")]
mod wide_lanes {
    use super::Word;
    use wide::u64x8;

    const ROUNDS: [u64; 24] = [
        0x1,
        0x8082,
        0x8000_0000_0000_808a,
        0x8000_0000_8000_8000,
        0x808b,
        0x8000_0001,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8009,
        0x8a,
        0x88,
        0x8000_8009,
        0x8000_000a,
        0x8000_808b,
        0x8000_0000_0000_008b,
        0x8000_0000_0000_8089,
        0x8000_0000_0000_8003,
        0x8000_0000_0000_8002,
        0x8000_0000_0000_0080,
        0x800a,
        0x8000_0000_8000_000a,
        0x8000_0000_8000_8081,
        0x8000_0000_0000_8080,
        0x8000_0001,
        0x8000_0000_8000_8008,
    ];

    #[inline(always)]
    fn rotate<const N: u32>(x: u64x8) -> u64x8 {
        (x << N) | (x >> (64 - N))
    }

    #[inline(always)]
    fn chi(a: u64x8, b: u64x8, c: u64x8) -> u64x8 {
        a ^ (!b & c)
    }

    /// theta, rho, pi, chi, iota. The words of column x of the parity d[x] are read where pi takes them from.
    #[inline(always)]
    #[allow(clippy::needless_range_loop)]
    fn round(s: &mut [u64x8; 25], constant: u64) {
        let c: [u64x8; 5] =
            std::array::from_fn(|x| s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20]);
        let d = [
            c[4] ^ rotate::<1>(c[1]),
            c[0] ^ rotate::<1>(c[2]),
            c[1] ^ rotate::<1>(c[3]),
            c[2] ^ rotate::<1>(c[4]),
            c[3] ^ rotate::<1>(c[0]),
        ];
        let mut out = *s;
        let rows = [
            [
                s[0] ^ d[0],
                rotate::<44>(s[6] ^ d[1]),
                rotate::<43>(s[12] ^ d[2]),
                rotate::<21>(s[18] ^ d[3]),
                rotate::<14>(s[24] ^ d[4]),
            ],
            [
                rotate::<28>(s[3] ^ d[3]),
                rotate::<20>(s[9] ^ d[4]),
                rotate::<3>(s[10] ^ d[0]),
                rotate::<45>(s[16] ^ d[1]),
                rotate::<61>(s[22] ^ d[2]),
            ],
            [
                rotate::<1>(s[1] ^ d[1]),
                rotate::<6>(s[7] ^ d[2]),
                rotate::<25>(s[13] ^ d[3]),
                rotate::<8>(s[19] ^ d[4]),
                rotate::<18>(s[20] ^ d[0]),
            ],
            [
                rotate::<27>(s[4] ^ d[4]),
                rotate::<36>(s[5] ^ d[0]),
                rotate::<10>(s[11] ^ d[1]),
                rotate::<15>(s[17] ^ d[2]),
                rotate::<56>(s[23] ^ d[3]),
            ],
            [
                rotate::<62>(s[2] ^ d[2]),
                rotate::<55>(s[8] ^ d[3]),
                rotate::<39>(s[14] ^ d[4]),
                rotate::<41>(s[15] ^ d[0]),
                rotate::<2>(s[21] ^ d[1]),
            ],
        ];
        for y in 0..5 {
            let b = rows[y];
            for x in 0..5 {
                out[5 * y + x] = chi(b[x], b[(x + 1) % 5], b[(x + 2) % 5]);
            }
        }
        out[0] ^= u64x8::splat(constant);
        *s = out;
    }

    // The loops are written so that the compiler keeps all words in registers; iterators cost it half of the speed.
    #[allow(clippy::needless_range_loop)]
    pub fn permute(state: &mut [Word; 25]) {
        let mut s: [u64x8; 25] = std::array::from_fn(|i| u64x8::new(state[i]));
        // One round a turn: written out in pairs, the words no longer stay in their registers.
        for constant in ROUNDS {
            round(&mut s, constant);
        }
        for i in 0..25 {
            state[i] = s[i].to_array();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_keccak::KeccakF;
    use p3_symmetric::Permutation;

    #[test]
    fn every_lane_is_the_plain_permutation() {
        let mut state: [Word; 25] =
            std::array::from_fn(|i| std::array::from_fn(|l| (i * 977 + l * 31 + 5) as u64));
        for _ in 0..3 {
            let mut plain: [[u64; 25]; LANES] =
                std::array::from_fn(|l| std::array::from_fn(|i| state[i][l]));
            permute(&mut state);
            for (l, lane) in plain.iter_mut().enumerate() {
                KeccakF.permute_mut(lane);
                assert!((0..25).all(|i| lane[i] == state[i][l]));
            }
        }
    }
}
