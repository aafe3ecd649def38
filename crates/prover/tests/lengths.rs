//! Equal data in distinct commitments and proofs, and lengths that public things alone decide.

mod zk;

use std::collections::HashSet;
use tacit_algebra::K;
use tacit_pcs::{OpeningHooks, Slab};
use tacit_prover::{Hooks, Job, Proof, ProveOptions};
use tacit_testkit::*;
use tacit_transcript::testing::with_programmed;
use zk::record::{elements, relation_bytes, siblings};

/// The positions that are opened in every code, which the transcript shows anyway.
#[derive(Default)]
struct Positions(Vec<Vec<usize>>);

impl OpeningHooks for Positions {
    fn positions(&mut self, _code: usize, positions: &[usize]) {
        self.0.push(positions.to_vec());
    }
}
impl Hooks for Positions {}

/// Bytes of one opened tree: rows, salts, paths.
fn opened(positions: &[usize], width: usize, salted: bool, log: u8) -> usize {
    let leaf = 8 * width + if salted { 32 } else { 0 };
    positions.len() * leaf + 32 * siblings(positions, log)
}

/// The length of an argument, from the program, the geometry, the headers and the positions.
fn length(world: &World, positions: &[Vec<usize>]) -> usize {
    let (g, prepared) = (&world.geometry, &world.case.prepared);
    let pads = prepared.sizes.pads as usize;
    let cells = prepared.layouts.last().unwrap().cells;
    let own = tacit_pcs::witness_columns(g, cells, pads) as usize;
    let headers: Vec<_> = world.slabs.iter().map(|s| &s.commitment.header).collect();
    let columns: usize = headers.iter().map(|h| h.columns as usize).sum::<usize>() + own;
    let k0 = tacit_algebra::bits(columns as u64) as usize;
    let nonce = if g.grind > 0 { 8 } else { 0 };
    let mut total = relation_bytes(prepared) + 24 * (1 + 2 * k0 + 1);
    let slabs = headers
        .iter()
        .map(|h| opened(&positions[0], h.columns as usize, h.private, g.log_domain));
    total += slabs.sum::<usize>() + opened(&positions[0], own + 3, true, g.log_domain);
    let mut rows = g.m();
    for (level, at) in g.levels.iter().zip(&positions[1..]) {
        total += 32 + 24 + nonce + 2 * 24 * usize::from(level.fold);
        total += opened(at, 3 << level.fold, false, level.log_domain);
        rows >>= level.fold;
    }
    total + 24 * rows + nonce
}

fn prove(world: &World, context: &[u8], hooks: &mut impl Hooks) -> Proof {
    let slabs = world.slab_refs();
    let job = Job {
        context,
        ..world.job(&slabs)
    };
    job.prove_uncounted(ProveOptions::of(world.case.givens.clone()), hooks)
        .unwrap()
}

/// The MLP with other weights and other inputs: zeros, the largest values, noise.
fn other_values() -> Vec<World> {
    let fill = |f: &dyn Fn(usize) -> i64| {
        let mut case = mlp();
        for (_, values) in &mut case.givens {
            values.iter_mut().enumerate().for_each(|(i, v)| *v = f(i));
        }
        World::new(case)
    };
    vec![
        World::new(mlp()),
        fill(&|_| 0),
        fill(&|_| 3),
        fill(&|_| -4),
        fill(&|i| i as i64 % 7 - 4),
    ]
}

#[test]
fn lengths_follow_from_public_things() {
    let mut worlds = other_values();
    worlds.extend([linear(), links()].map(World::new));
    let mut seen = HashSet::new();
    for world in &worlds {
        for context in 0..4u8 {
            let mut positions = Positions::default();
            let proof = prove(world, &[context], &mut positions);
            assert_eq!(proof.argument.len(), length(world, &positions.0));
            seen.insert(proof.argument.len());
        }
    }
    assert!(seen.len() > 3, "positions do change lengths");
}

/// With the same challenges and positions, proofs about other values are exactly as long.
#[test]
fn other_values_give_the_same_length() {
    let length = |w: &World| with_programmed([5; 32], || w.prove().argument.len());
    let lengths: HashSet<usize> = other_values().iter().map(length).collect();
    assert_eq!(lengths.len(), 1);
}

#[test]
fn equal_data_gives_distinct_commitments() {
    let world = &*MLP;
    let values = slab_values(&world.case);
    let commit = |seed: u8| {
        commit_one(
            &world.case.prepared,
            &world.geometry,
            0,
            &values,
            2,
            6,
            [seed; 32],
        )
    };
    let slabs: Vec<Slab> = (10..20).map(commit).collect();
    let distinct = |f: &dyn Fn(&Slab) -> Vec<u8>| slabs.iter().map(f).collect::<HashSet<_>>().len();
    assert_eq!(distinct(&|s| s.commitment.root.to_vec()), 10);
    assert_eq!(distinct(&|s| s.commitment.y.to_vec()), 10);
    assert_eq!(distinct(&|s| s.commitment.identity().to_vec()), 10);
    // The values are the same, the y pad behind them is not.
    let cells = slabs[0].cells();
    assert_eq!(slabs[0].data()[..cells], slabs[1].data()[..cells]);
    assert_ne!(
        slabs[0].data()[cells..cells + 3],
        slabs[1].data()[cells..cells + 3]
    );
    // Headers say nothing of the values.
    let mut zeros = values.clone();
    zeros
        .iter_mut()
        .for_each(|(_, v)| *v = vec![0; v.len()].into());
    let other = commit_one(
        &world.case.prepared,
        &world.geometry,
        0,
        &zeros,
        2,
        6,
        [10; 32],
    );
    assert_eq!(other.commitment.header, slabs[0].commitment.header);
    assert_ne!(other.commitment.root, slabs[0].commitment.root);
    // The same seed is the same commitment: nothing else is drawn.
    assert_eq!(
        commit(10).commitment.identity(),
        slabs[0].commitment.identity()
    );
}

/// Two proofs of one statement share no padded message, even when challenges are the same.
#[test]
fn equal_statements_give_distinct_proofs() {
    for case in [mlp(), linear()] {
        let world = World::new(case);
        let proofs = [(); 3].map(|()| with_programmed([6; 32], || world.prove()));
        assert!(proofs.iter().all(|p| p.publics == proofs[0].publics));
        let end = relation_bytes(&world.case.prepared);
        let sent: Vec<Vec<K>> = proofs
            .iter()
            .map(|p| elements(&p.argument[32..end]))
            .collect();
        for ((a, b), c) in sent[0].iter().zip(&sent[1]).zip(&sent[2]) {
            assert!(a != b && b != c && a != c);
        }
        let roots: HashSet<&[u8]> = proofs.iter().map(|p| &p.argument[..32]).collect();
        assert_eq!(roots.len(), 3);
        // S, and the first message of the column fold that the witness slab is in.
        let clear: Vec<Vec<K>> = proofs
            .iter()
            .map(|p| elements(&p.argument[end..end + 24 * 3]))
            .collect();
        assert!(clear[0][0] != clear[1][0] && clear[0][2] != clear[1][2]);
    }
}
