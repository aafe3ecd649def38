//! The search for a nonce (docs/protocol/protocol.md, section 6 "Grinding").

use crate::prove::hooks::OpeningHooks;
use rayon::prelude::*;
use tacit_algebra::hash::{tag_word, Tag};
use tacit_algebra::keccak::{permute, Word, LANES};
use tacit_transcript::Sponge;

/// Nonces one task tries, and tasks of one batch.
const TASK: u64 = 1 << 10;
const BATCH: u64 = 8;

/// The smallest nonce, big-endian, after which the low `bits` of the state's first eight bytes are zero.
pub fn search(sponge: &Sponge, bits: u8, code: usize, hooks: &mut impl OpeningHooks) -> [u8; 8] {
    if hooks.wants_nonce() {
        return wished(sponge, bits, code, hooks);
    }
    let block = block(sponge.state());
    let mask = (1u64 << bits) - 1;
    for batch in 0.. {
        let found = (0..BATCH)
            .into_par_iter()
            .find_map_first(|task| first_in(&block, mask, (batch * BATCH + task) * TASK));
        if let Some(nonce) = found {
            return nonce.to_be_bytes();
        }
    }
    unreachable!("a nonce of 40 bits exists for at most 32 bits of work")
}

fn wished(sponge: &Sponge, bits: u8, code: usize, hooks: &mut impl OpeningHooks) -> [u8; 8] {
    for nonce in 0u64.. {
        let mut after = sponge.clone();
        after.absorb("nonce", &nonce.to_be_bytes());
        if after.has_work(bits) && hooks.accept_nonce(code, &after) {
            return nonce.to_be_bytes();
        }
    }
    unreachable!("the wish of a test is granted before 2^64 nonces")
}

/// T(2,1) || state || be64(5) || "nonce" || be64(8) || nonce is 69 bytes: one block, whose word 8 holds the nonce's last
/// five bytes (its first three are zero) and the padding behind them.
fn block(state: &[u8; 32]) -> [u64; 17] {
    let mut bytes = [0; 136];
    bytes[..8].copy_from_slice(&tag_word(Tag::Transcript, 1));
    bytes[8..40].copy_from_slice(state);
    bytes[40..48].copy_from_slice(&5u64.to_be_bytes());
    bytes[48..53].copy_from_slice(b"nonce");
    bytes[53..61].copy_from_slice(&8u64.to_be_bytes());
    bytes[69] = 0x01;
    bytes[135] = 0x80;
    let mut out = [0; 17];
    for (w, b) in out.iter_mut().zip(bytes.chunks_exact(8)) {
        *w = b.iter().rev().fold(0, |acc, &x| acc << 8 | u64::from(x));
    }
    out
}

fn first_in(block: &[u64; 17], mask: u64, start: u64) -> Option<u64> {
    (start..start + TASK).step_by(LANES).find_map(|nonce| {
        let mut state: [Word; 25] = [[0; LANES]; 25];
        for (s, &w) in state.iter_mut().zip(block) {
            *s = [w; LANES];
        }
        for (l, w) in state[8].iter_mut().enumerate() {
            *w |= (nonce + l as u64).swap_bytes() >> 24;
        }
        permute(&mut state);
        let hit = state[0].iter().position(|w| w.swap_bytes() & mask == 0);
        hit.map(|l| nonce + l as u64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::hooks::NoHooks;

    #[test]
    fn the_nonce_is_the_first_that_works() {
        for bits in [1, 5, 11] {
            let mut sponge = Sponge::new();
            sponge.absorb("test", &[bits]);
            let nonce = u64::from_be_bytes(search(&sponge, bits, 0, &mut NoHooks));
            for n in 0..=nonce {
                let mut after = sponge.clone();
                after.absorb("nonce", &n.to_be_bytes());
                assert_eq!(after.has_work(bits), n == nonce);
            }
        }
    }
}
