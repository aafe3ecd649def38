//! Zero knowledge, the simulator's side: arguments that the real verifier accepts, made without any witness, for statements that
//! may be false. It works because challenges are known in advance; against the real oracle it does not.

mod zk;

use tacit_algebra::hash::{hash, Tag, Words};
use tacit_algebra::{k_to_bytes, F};
use tacit_pcs::{Commitment, Slab};
use tacit_program::{Place, Publics};
use tacit_testkit::*;
use tacit_transcript::testing::with_programmed;
use zk::simulator::{encode, Forest, Noise, SimulatedSlab, Simulator};

fn noise(seed: u8) -> Noise {
    Noise(Words::new(hash(Tag::Stream, 9, &[b"simulator", &[seed]])))
}

/// What a simulator holds of a slab: for a private one only its header; for a public one what everybody has.
fn slab(world: &World, slab: &Slab, noise: &mut Noise) -> SimulatedSlab {
    let geometry = &world.geometry;
    let n = 1usize << geometry.log_domain;
    let mut commitment = slab.commitment.clone();
    let columns = commitment.header.columns as usize;
    if !commitment.header.private {
        let column = |c: &[F]| {
            let mut column = c.to_vec();
            column.resize(geometry.m(), F::default());
            column
        };
        let columns: Vec<Vec<F>> = slab.data().chunks_exact(geometry.r()).map(column).collect();
        let tree = Forest::new(encode(&columns, geometry.log_domain), None);
        assert_eq!(
            tree.root(),
            commitment.root,
            "anybody can compute a public slab's root"
        );
        return SimulatedSlab { commitment, tree };
    }
    let tree = Forest::new(noise.rows(n, columns), Some(noise.salts(n)));
    commitment.root = tree.root();
    commitment.y = k_to_bytes(&noise.0.next_k());
    SimulatedSlab { commitment, tree }
}

/// Public values inside their intervals that nobody computed.
fn any_publics(world: &World, seed: u64) -> Publics {
    let tensors = &world.case.prepared.program.tensors;
    let values = |t: &tacit_program::Tensor| {
        let n = tacit_program::entries(&t.shape);
        numbers(seed, n, t.lo, t.hi)
    };
    let public = tensors.iter().filter(|t| matches!(t.place, Place::Public));
    Publics(public.map(values).collect())
}

#[test]
fn simulated_arguments_are_accepted_without_a_witness() {
    for (i, case) in [mlp(), linear(), links()].into_iter().enumerate() {
        let world = World::new(case);
        let mut noise = noise(i as u8);
        let slabs: Vec<SimulatedSlab> = world
            .slabs
            .iter()
            .map(|s| slab(&world, s, &mut noise))
            .collect();
        let named: Vec<Commitment> = slabs.iter().map(|s| s.commitment.clone()).collect();
        let publics = any_publics(&world, 40 + i as u64);
        let simulator = Simulator {
            prepared: &world.case.prepared,
            geometry: &world.geometry,
            publics: &publics,
            context: CONTEXT,
            slabs: &slabs,
        };
        let oracle = [i as u8 + 1; 32];
        let argument = with_programmed(oracle, || simulator.argue(&mut noise));
        let check = |argument: &[u8]| world.verify_against(&named, &publics, CONTEXT, argument);
        with_programmed(oracle, || check(&argument)).unwrap_or_else(|e| panic!("{e}"));
        // It is the verifier that accepts, not a verifier that accepts everything: any changed byte of clear messages is refused.
        for at in [0, 40, argument.len() / 2, argument.len() - 1] {
            let mut changed = argument.clone();
            changed[at] ^= 1;
            assert!(
                with_programmed(oracle, || check(&changed)).is_err(),
                "byte {at}"
            );
        }
        // Another oracle, and the real one.
        assert!(with_programmed([99; 32], || check(&argument)).is_err());
        assert!(check(&argument).is_err());
        // A real proof under the same draws is as long.
        let real = with_programmed(oracle, || world.prove());
        assert_eq!(real.argument.len(), argument.len());
        let accepted = with_programmed(oracle, || world.verify(&real));
        accepted.unwrap_or_else(|e| panic!("{e}"));
    }
}

/// What was simulated above is not true: in `links`, public_i = q_i (c_i + 2) is about public tensors alone.
#[test]
fn simulated_statements_may_be_false() {
    let world = World::new(links());
    let holds = |publics: &Publics| {
        let (q, public) = (&publics.0[0], &publics.0[3]);
        let terms = q.iter().zip([5, -2, 7]).zip(public);
        terms.into_iter().all(|((q, c), p)| q * (c + 2) == *p)
    };
    assert!(holds(&world.prove().publics));
    assert!(!holds(&any_publics(&world, 42)));
}
