//! Honest openings are accepted, whatever the shape of the slabs.

mod common;
use common::{geometry, slug, toy, Shape, World};
use tacit_pcs::NoHooks;

fn round_trip(world: &World) {
    for claim in &world.claims {
        assert_eq!(world.value(claim), Default::default());
    }
    let proof = world.prove(&mut NoHooks);
    assert_eq!(slug(world.verify(&proof)), "accepted");
}

#[test]
fn toy_slabs() {
    let all: [&[(usize, bool)]; 6] = [
        &[],
        &[(29, true)],
        &[(29, false)],
        &[(70, true), (30, true)],
        &[(100, true), (5, false), (64, true)],
        &[(1, true), (300, true)],
    ];
    for (i, slabs) in all.into_iter().enumerate() {
        for (witness, pads) in [(40, 7), (29, 1), (0, 3), (200, 0)] {
            let shape = Shape {
                slabs,
                witness,
                pads,
                budget: 2,
            };
            round_trip(&World::new(&toy(), &shape, i as u8));
        }
    }
}

#[test]
fn other_geometries() {
    let shape = Shape {
        slabs: &[(300, true), (20, false)],
        witness: 150,
        pads: 20,
        budget: 1,
    };
    for g in [
        geometry(4, 48, 7, 3, 0, &[(1, 6, 2)]),
        geometry(6, 128, 9, 9, 3, &[(2, 7, 5), (2, 6, 4), (1, 6, 3)]),
        geometry(5, 64, 7, 5, 1, &[(5, 4, 3)]),
        geometry(3, 40, 8, 4, 2, &[(1, 6, 3), (1, 5, 3), (1, 4, 3)]),
    ] {
        round_trip(&World::new(&g, &shape, 3));
    }
}

#[test]
fn real_geometry() {
    let g = geometry(12, 4096 + 512, 16, 80, 8, &[(4, 12, 60), (3, 9, 40)]);
    let shape = Shape {
        slabs: &[(5000, true), (4000, true)],
        witness: 12000,
        pads: 500,
        budget: 3,
    };
    round_trip(&World::new(&g, &shape, 9));
}
