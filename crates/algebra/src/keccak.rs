//! The permutation keccak-f[1600], on one state and on several side by side.
//!
//! Where there are 32 vector registers the 25 words of a state just fit, one register a word: 512-bit registers hold eight
//! states, and a single state is faster in vector registers, too, than in the few general ones. Elsewhere the library's
//! permutations are used.

/// States side by side; a power of two, at most 8.
pub const LANES: usize = p3_keccak::VECTOR_LEN;
/// One word of every state.
pub type Word = [u64; LANES];

#[cfg(all(target_feature = "avx512f", target_feature = "avx512vl"))]
pub use registers::{permute, permute_one};

/// keccak-f on every lane.
#[cfg(not(all(target_feature = "avx512f", target_feature = "avx512vl")))]
#[inline]
pub fn permute(state: &mut [Word; 25]) {
    use p3_symmetric::Permutation;
    p3_keccak::KeccakF.permute_mut(state);
}

/// keccak-f.
#[cfg(not(all(target_feature = "avx512f", target_feature = "avx512vl")))]
#[inline]
pub fn permute_one(state: &mut [u64; 25]) {
    use p3_symmetric::Permutation;
    p3_keccak::KeccakF.permute_mut(state);
}

#[cfg(all(target_feature = "avx512f", target_feature = "avx512vl"))]
mod registers {
    use super::Word;

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

    macro_rules! keccak_round {
        ($word:ty) => {
            #[inline(always)]
            fn rotate<const N: u32>(x: $word) -> $word {
                (x << N) | (x >> (64 - N))
            }

            #[inline(always)]
            fn chi(a: $word, b: $word, c: $word) -> $word {
                a ^ (!b & c)
            }

            /// theta, rho, pi, chi, iota. The words of column x of the parity d[x] are read where pi takes them from.
            #[inline(always)]
            #[allow(clippy::needless_range_loop)]
            pub(super) fn round(s: &mut [$word; 25], constant: u64) {
                let c: [$word; 5] =
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
                out[0] ^= <$word>::splat(constant);
                *s = out;
            }
        };
    }

    mod eight {
        use wide::u64x8;
        keccak_round!(u64x8);
        pub(super) type State = [u64x8; 25];
    }

    mod single {
        use wide::u64x2;
        keccak_round!(u64x2);
        pub(super) type State = [u64x2; 25];
    }

    /// keccak-f on every lane.
    // The loops are written so that the compiler keeps all words in registers; iterators cost it half of the speed.
    #[allow(clippy::needless_range_loop)]
    pub fn permute(state: &mut [Word; 25]) {
        let mut s: eight::State = std::array::from_fn(|i| state[i].into());
        for constant in ROUNDS {
            eight::round(&mut s, constant);
        }
        for i in 0..25 {
            state[i] = s[i].to_array();
        }
    }

    /// keccak-f.
    #[allow(clippy::needless_range_loop)]
    pub fn permute_one(state: &mut [u64; 25]) {
        let mut s: single::State = std::array::from_fn(|i| [state[i], 0].into());
        for constant in ROUNDS {
            single::round(&mut s, constant);
        }
        for i in 0..25 {
            state[i] = s[i].to_array()[0];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use p3_keccak::KeccakF;
    use p3_symmetric::Permutation;

    #[test]
    fn states_are_permuted_as_by_the_library() {
        let mut state: [Word; 25] =
            std::array::from_fn(|i| std::array::from_fn(|l| (i * 977 + l * 31 + 5) as u64));
        for _ in 0..3 {
            let mut plain: [[u64; 25]; LANES] =
                std::array::from_fn(|l| std::array::from_fn(|i| state[i][l]));
            permute(&mut state);
            for (l, lane) in plain.iter_mut().enumerate() {
                let mut one = *lane;
                permute_one(&mut one);
                KeccakF.permute_mut(lane);
                assert_eq!(one, *lane);
                assert!((0..25).all(|i| lane[i] == state[i][l]));
            }
        }
    }
}
