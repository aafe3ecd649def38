//! Every padded message has a pad of its own, which occurs in no other message; the three ends in clear are uniform by the
//! dummies. So for any fixed trace the messages of the relations are uniform, and fix the pads.

mod zk;

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::K;
use tacit_pcs::random::{Stream, PADS};
use tacit_testkit::*;
use zk::elimination::rank;
use zk::pads::{Drawn, Measured};

/// The measurement of one case, its pads drawn by `drawn`.
fn with_case<T>(world: &World, drawn: Drawn, f: impl FnOnce(&Measured, &[K]) -> T) -> T {
    let slabs = world.slab_refs();
    let job = world.job(&slabs);
    let measured = Measured {
        job,
        givens: &world.case.givens,
        seed: [7; 32],
        drawn,
    };
    let uniform = Stream::new(&[8; 32], PADS).k_vec(world.case.prepared.sizes.pads as usize);
    f(&measured, &uniform)
}

fn changes(world: &World, drawn: Drawn) -> Vec<Vec<K>> {
    with_case(world, drawn, |m, uniform| m.changes(uniform))
}

/// The pads that are dummies: three, before the rounds of the products.
fn first_dummy(world: &World) -> usize {
    let sizes = &world.case.prepared.sizes;
    (sizes.pads - 3 - 3 * sizes.product_rounds) as usize
}

#[test]
fn every_message_has_a_pad_of_its_own() {
    for case in [mlp(), linear(), links()] {
        let world = World::new(case);
        let changes = changes(&world, &|_| ());
        let (pads, first) = (changes.len(), first_dummy(&world));
        assert!(
            changes.iter().all(|row| row.len() == pads),
            "as many messages as pads"
        );
        // A pad that is no dummy moves its own message by minus one, and no other.
        let mut own = vec![false; pads];
        for (i, row) in changes.iter().enumerate() {
            if (first..first + 3).contains(&i) {
                continue;
            }
            let moved: Vec<usize> = (0..pads).filter(|&j| row[j] != K::ZERO).collect();
            assert_eq!(moved.len(), 1, "pad {i} moves {moved:?}");
            let message = moved[0];
            assert!(row[message] == K::NEG_ONE, "pad {i}");
            assert!(message < pads - 3, "pad {i} is under an end in clear");
            assert!(
                !std::mem::replace(&mut own[message], true),
                "message {message} has two pads"
            );
        }
        // The dummies move messages after them only, and the three ends as an invertible map.
        let dummies = &changes[first..first + 3];
        for row in dummies {
            assert!(row[..first].iter().all(|x| *x == K::ZERO));
        }
        let ends = dummies.iter().map(|row| row[pads - 3..].to_vec()).collect();
        assert_eq!(rank::<K>(ends, 3), 3, "the ends are uniform");
        assert_eq!(
            rank(changes, pads),
            pads,
            "messages and pads are one to one"
        );
    }
}

/// The trace moves messages, so what is not padded is seen: taking any pad away is a leak.
#[test]
fn without_a_pad_it_leaks() {
    let world = World::new(linear());
    let (pads, first) = (world.case.prepared.sizes.pads as usize, first_dummy(&world));
    let leaks = |name: &str, drawn: Drawn| {
        let rank = rank(changes(&world, drawn), pads);
        println!("{name}: {rank} of {pads}");
        assert!(rank < pads, "{name}");
    };
    for i in [0, first - 1, first + 3, pads - 1] {
        leaks(&format!("pad {i} is zero"), &move |p| p[i] = K::ZERO);
        leaks(&format!("pad {i} is constant"), &move |p| p[i] = K::TWO);
    }
    leaks("pad 1 is used again", &|p| p[1] = p[0]);
    leaks("the last pad is used again", &move |p| {
        p[pads - 1] = p[first - 1]
    });
    leaks("a multiple of another pad", &|p| p[1] = p[0].double());
    for d in 0..3 {
        leaks(
            &format!("dummy triple {} is taken away", d + 1),
            &move |p| p[first + d] = K::ZERO,
        );
    }
    leaks("a dummy is another pad", &move |p| p[first] = p[0]);
    leaks("two dummies are one", &move |p| p[first + 2] = p[first]);
}

/// With the same pads, challenges and weights, another input sends other messages: the pads hide something.
#[test]
fn messages_depend_on_the_trace() {
    let world = World::new(linear());
    with_case(&world, &|_| (), |measured, uniform| {
        let base = measured.sent(uniform);
        assert!(
            measured.sent(uniform) == base,
            "a programmed prover repeats itself"
        );
        let mut givens = world.case.givens.clone();
        givens[2].1[0] += 1;
        let other = Measured {
            job: measured.job,
            givens: &givens,
            seed: measured.seed,
            drawn: measured.drawn,
        };
        assert!(other.sent(uniform) != base);
    });
}
