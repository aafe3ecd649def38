//! What is written is what is read, byte for byte; hostile bytes are typed errors.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::hash::Words;
use tacit_algebra::K;
use tacit_transcript::{ReadError, Reader, Sponge, Writer};

fn values(n: usize) -> Vec<K> {
    let mut words = Words::new([9; 32]);
    (0..n).map(|_| words.next_k()).collect()
}

#[test]
fn a_reader_follows_its_writer() {
    let v = values(9);
    let mut w = Writer::new();
    w.sponge.absorb("geometry", b"abc");
    w.set_pads(v[4..7].to_vec());
    w.send_bytes("root", &[7; 32]);
    w.send_clear("S", &v[..1]);
    let first = w.challenge("collapse");
    w.send_padded("round", &v[1..3]);
    assert_eq!(w.take_pad(), v[6]);
    assert_eq!(w.pads_used(), 3);
    let positions = w.sponge.positions("queries", 5, 6);
    let (sponge, proof) = (w.sponge.clone(), w.into_proof());
    assert_eq!(proof.len(), 32 + 24 + 48);

    let mut r = Reader::new(&proof);
    r.sponge.absorb("geometry", b"abc");
    assert_eq!(r.bytes("root", 32), Ok(&[7; 32][..]));
    assert_eq!(r.clear("S", 1), Ok(v[..1].to_vec()));
    assert_eq!(r.challenge("collapse"), first);
    let padded = r.padded("round", 2).unwrap();
    for (i, value) in padded.iter().enumerate() {
        // sent + pad is the value.
        assert_eq!(value.pads, vec![(i as u32, K::ONE)]);
        assert_eq!(value.constant + v[4 + i], v[1 + i]);
    }
    assert_eq!(r.take_pad(), 2);
    assert_eq!(r.pads_used(), 3);
    assert_eq!(r.sponge.positions("queries", 5, 6), positions);
    assert_eq!(r.sponge, sponge);
    assert_eq!(r.finish(), Ok(()));
}

#[test]
fn kinds_lengths_and_order_count() {
    let after = |f: &dyn Fn(&mut Sponge)| {
        let mut s = Sponge::new();
        f(&mut s);
        *s.state()
    };
    let states = [
        after(&|_| ()),
        after(&|s| s.absorb("ab", b"c")),
        after(&|s| s.absorb("a", b"bc")),
        after(&|s| s.absorb("abc", b"")),
        after(&|s| {
            s.absorb("ab", b"");
            s.absorb("", b"c");
        }),
        after(&|s| {
            let _ = s.challenge("abc");
        }),
        after(&|s| {
            s.positions("abc", 1, 1);
        }),
    ];
    for (i, a) in states.iter().enumerate() {
        assert!(states[..i].iter().all(|b| a != b));
    }
}

#[test]
fn positions_are_sorted_and_distinct() {
    let mut s = Sponge::new();
    for (count, log) in [(1, 0), (40, 3), (64, 20), (1024, 28)] {
        let p = s.positions("queries", count, log);
        assert!(!p.is_empty() && p.len() <= count);
        assert!(p.windows(2).all(|w| w[0] < w[1]));
        assert!(p.iter().all(|&j| j < 1 << log));
    }
}

#[test]
fn hostile_bytes() {
    let proof = [0xff; 40];
    let truncated = |r: Result<&[u8], ReadError>| r.unwrap_err().slug() == "truncated";
    assert!(truncated(Reader::new(&proof).bytes("x", 41)));
    assert!(truncated(Reader::new(&proof).bytes("x", usize::MAX)));
    let mut r = Reader::new(&proof);
    r.bytes("x", 1).unwrap();
    assert!(truncated(r.bytes("x", usize::MAX)));
    assert_eq!(r.clear("S", usize::MAX).unwrap_err().slug(), "truncated");
    assert_eq!(r.clear("S", 1).unwrap_err().slug(), "non_canonical");
    assert_eq!(r.at(), 25);
    assert_eq!(r.finish(), Err(ReadError::TrailingBytes { left: 15 }));
}

#[test]
fn grinding_is_checked_after_the_nonce() {
    let start = Sponge::new();
    let nonce = |good: bool| {
        (0u64..)
            .map(u64::to_be_bytes)
            .find(|n| {
                let mut s = start.clone();
                s.absorb("nonce", n);
                s.has_work(6) == good
            })
            .unwrap()
    };
    assert_eq!(Reader::new(&nonce(true)).check_work(6), Ok(()));
    let e = Reader::new(&nonce(false)).check_work(6).unwrap_err();
    assert_eq!(e, ReadError::Grinding { at: 0, bits: 6 });
    assert_eq!(Reader::new(&[]).check_work(0), Ok(()));
    assert_eq!(
        Reader::new(&[1; 7]).check_work(1).unwrap_err().slug(),
        "truncated"
    );
    // The low bits of the first eight bytes, big-endian: those of the eighth byte first.
    let mut s = Sponge::new();
    for _ in 0..50 {
        let _ = s.challenge("x");
        assert!(s.has_work(0));
        assert_eq!(s.has_work(1), s.state()[7] & 1 == 0);
        assert_eq!(s.has_work(8), s.state()[7] == 0);
    }
}
