//! The derivation: every result is well formed, sound and fits its slabs; small models are cheap.

use tacit_params::*;

fn model(cells: u64, proofs: u32) -> SlabSize {
    SlabSize {
        cells,
        private: true,
        proofs,
        links: 0,
    }
}

fn work(witness_cells: u64) -> Work {
    let relations = Relations {
        entries: 8000,
        depth: 13,
        arity: 13,
        zeros: 4,
        einsums: 2,
        einsum_rounds: 6,
        ends: 6,
        products: 2,
    };
    Work {
        relations,
        witness_cells,
    }
}

fn check(slabs: &[SlabSize], works: &[Work], target: u16, optimize: Optimize) -> Geometry {
    let found = derive(slabs, works, target, optimize).expect("a geometry");
    let g = found.geometry;
    assert_eq!(g.check_well_formed(), Ok(()), "{g:?}");
    assert_eq!(g.target, target);
    let limit = g.m() - g.r();
    for w in works {
        let shape = w.relations.shape(&g, slabs, w.witness_cells);
        assert!(budget(&g, &shape).reaches(target), "{g:?}");
        assert!(shape.k0 <= u32::from(found.max_fold) && found.max_fold <= 16);
        assert!(t_blinding(1, g.queries, shape.k0) as usize <= limit);
    }
    for s in slabs.iter().filter(|s| s.private) {
        let t = t_blinding(s.proofs, g.queries, u32::from(found.max_fold));
        assert!(t as usize <= limit, "T = {t}, M - R = {limit}");
    }
    g
}

#[test]
fn every_result_is_sound_and_fits() {
    for optimize in [Optimize::Time, Optimize::Balanced, Optimize::Size] {
        for target in [80, 100, 128] {
            for cells in [1, 10, 4_000, 264_000, 4_000_000] {
                for proofs in [1, 64, 1024] {
                    check(
                        &[model(cells, proofs)],
                        &[work(3 * cells / 2)],
                        target,
                        optimize,
                    );
                }
            }
        }
    }
    // GPT-2's size, a public slab, no slab, several works.
    check(
        &[model(124_000_000, 64)],
        &[work(20_000_000)],
        128,
        Optimize::Balanced,
    );
    let public = SlabSize {
        cells: 500,
        private: false,
        proofs: 0,
        links: 0,
    };
    check(&[public], &[work(1)], 128, Optimize::Balanced);
    check(&[], &[work(0)], 128, Optimize::Balanced);
    check(
        &[model(4_000, 64), public, model(900, 8)],
        &[work(4_000), work(60_000)],
        128,
        Optimize::Balanced,
    );
}

/// Masters of up to so many children, their children and plain slabs share one geometry, also where link cells begin a column.
#[test]
fn link_cells_fit_too() {
    for end in [1u64 << 9, 1 << 12, 1 << 16] {
        for cells in [end - 200, end - 7, end - 5, end - 3, end] {
            let sized = |links| SlabSize {
                links,
                ..model(cells, 65)
            };
            let works = [work(2 * cells), work(0)];
            let found = derive(&[sized(64)], &works, 128, Optimize::Balanced).expect("a geometry");
            let g = found.geometry;
            for slab in [sized(0), sized(1), sized(64)] {
                for w in works {
                    let shape = w.relations.shape(&g, &[slab], w.witness_cells);
                    assert!(budget(&g, &shape).reaches(128), "{slab:?} {g:?}");
                    assert!(shape.k0 <= u32::from(found.max_fold));
                }
                let t = t_blinding(65, g.queries, u32::from(found.max_fold));
                assert!(t as usize <= g.m() - g.r(), "{slab:?} {g:?}");
            }
        }
    }
}

/// A deployment of several programs: each is sound over its own slabs, the largest slab's blinding fits, and the first decides
/// what is cheap. One program alone is what `derive` gives.
#[test]
fn works_over_slabs_of_their_own() {
    let (small, large) = ([model(900, 8)], [model(200_000, 64), model(900, 8)]);
    let (infer, train) = ([work(1_000), work(0)], [work(600_000)]);
    let of = |slabs, works| Works { slabs, works };
    let find = |all: &[Works]| derive_all(all, 128, Optimize::Size).expect("a geometry");
    let alone = derive(&small, &infer, 128, Optimize::Size).expect("a geometry");
    assert_eq!(find(&[of(&small, &infer)]), alone);
    assert_eq!(find(&[of(&small, &infer), of(&small, &infer)]), alone);
    for all in [
        [of(&small, &infer), of(&large, &train)],
        [of(&large, &train), of(&small, &infer)],
    ] {
        let Derived { geometry, max_fold } = find(&all);
        let limit = geometry.m() - geometry.r();
        for Works { slabs, works } in all {
            for w in works {
                let shape = w.relations.shape(&geometry, slabs, w.witness_cells);
                assert!(budget(&geometry, &shape).reaches(128));
                assert!(shape.k0 <= u32::from(max_fold));
            }
            for s in slabs {
                let t = t_blinding(s.proofs, geometry.queries, u32::from(max_fold));
                assert!(t as usize <= limit);
            }
        }
    }
    let first = |all: [Works; 2]| {
        let geometry = find(&all).geometry;
        estimate(&geometry, &all[0].works[0], all[0].slabs)
    };
    let small_first = first([of(&small, &infer), of(&large, &train)]);
    let geometry = find(&[of(&large, &train), of(&small, &infer)]).geometry;
    let small_later = estimate(&geometry, &infer[0], &small);
    assert!(small_first.proof_bytes < small_later.proof_bytes);
    let refused = |all: &[Works]| derive_all(all, 128, Optimize::Time).unwrap_err();
    assert_eq!(refused(&[]), DeriveError::NoWork);
    assert_eq!(
        refused(&[of(&small, &infer), of(&large, &[])]),
        DeriveError::NoWork
    );
    let none = [model(5, 0)];
    assert_eq!(
        refused(&[of(&small, &infer), of(&none, &train)]),
        DeriveError::NoProofs
    );
}

#[test]
fn a_small_model_meets_its_aims() {
    for witness in [4_000, 10_000] {
        let slabs = [model(4_000, 64)];
        let g = check(&slabs, &[work(witness)], 128, Optimize::Balanced);
        let e = estimate(&g, &work(witness), &slabs);
        assert!(
            e.proof_bytes <= 150e3 && e.prove_seconds <= 25e-3,
            "{e:?} {g:?}"
        );
    }
}

#[test]
fn the_search_is_deterministic_and_follows_the_price() {
    let slabs = [model(50_000, 64)];
    let find = |o| check(&slabs, &[work(80_000)], 128, o);
    assert_eq!(find(Optimize::Balanced), find(Optimize::Balanced));
    let cost = |o| estimate(&find(o), &work(80_000), &slabs);
    let (time, balanced, size) = (
        cost(Optimize::Time),
        cost(Optimize::Balanced),
        cost(Optimize::Size),
    );
    assert!(
        time.prove_seconds <= balanced.prove_seconds
            && balanced.prove_seconds <= size.prove_seconds
    );
    assert!(time.proof_bytes >= balanced.proof_bytes && balanced.proof_bytes >= size.proof_bytes);
}

#[test]
fn impossible_requests_are_errors() {
    assert_eq!(
        derive(&[], &[], 128, Optimize::Time),
        Err(DeriveError::NoWork)
    );
    assert_eq!(
        derive(&[model(5, 0)], &[work(5)], 128, Optimize::Time),
        Err(DeriveError::NoProofs)
    );
    assert_eq!(
        derive(&[model(5, 1)], &[work(5)], 190, Optimize::Time),
        Err(DeriveError::None { target: 190 })
    );
    let endless = [model(u64::MAX, 1)];
    assert_eq!(
        derive(&endless, &[work(5)], 128, Optimize::Time),
        Err(DeriveError::None { target: 128 })
    );
    let blind = [model(1000, u32::MAX)];
    assert_eq!(
        derive(&blind, &[work(5)], 128, Optimize::Time),
        Err(DeriveError::None { target: 128 })
    );
}

#[test]
fn blinding_follows_the_rule() {
    // T >= n (t + 3 (k0 + 1))
    assert_eq!(t_blinding(1, 75, 3), 75 + 12);
    assert_eq!(t_blinding(64, 75, 3), 64 * 87);
    assert_eq!(t_blinding(64, 75, 0), 64 * 78);
    assert_eq!(t_blinding(u32::MAX, 1024, 16), u32::MAX);
}

#[test]
fn multiplicities_and_queries_are_monotone() {
    let code = |rows, log_domain, target| Code::new(rows, log_domain, target).expect("a code");
    for log_domain in 8..=28u8 {
        let rows = 1usize << (log_domain - 3);
        let (c, longer) = (
            code(rows, log_domain, 128),
            Code::new(2 * rows, log_domain, 128).expect("a code"),
        );
        assert!(
            c.query_units > longer.query_units,
            "a lower rate proves more a position"
        );
        assert!(c.multiplicity <= code(rows, log_domain, 100).multiplicity);
        assert!(c.queries_for(128, 16) <= c.queries_for(128, 0));
        assert!(c.queries_for(100, 16) <= c.queries_for(128, 16));
        let t = c.queries_for(128, 16).expect("few enough");
        assert!(
            i64::from(t) * c.query_units >= 112 * UNITS
                && (i64::from(t) - 1) * c.query_units < 112 * UNITS
        );
        assert!(
            error_units(c.exceptional) >= 130 * UNITS,
            "two bits of slack"
        );
    }
}

#[test]
fn logarithms_round_down() {
    for (x, units) in [
        (1.0, 0),
        (2.0, UNITS),
        (0.5, -UNITS),
        (1024.0, 10 * UNITS),
        (f64::INFINITY, 2048 * UNITS),
        (0.0, -2048 * UNITS),
        (f64::MIN_POSITIVE / 2.0, -2048 * UNITS),
        // What has no logarithm is an error that is worth no bit, never one of no weight.
        (f64::NAN, 2048 * UNITS),
        (-1.0, 2048 * UNITS),
        (-f64::MIN_POSITIVE / 2.0, 2048 * UNITS),
        (f64::NEG_INFINITY, 2048 * UNITS),
    ] {
        assert_eq!(log2_units(x), units, "{x}");
    }
    assert!(error_units(f64::NAN) < 0);
    for i in 1..2000u32 {
        let x = f64::from(i) * 0.37;
        let exact = x.log2() * UNITS as f64;
        let got = log2_units(x) as f64;
        assert!(
            got <= exact + 1e-3 && got > exact - 1.001,
            "{x}: {got} {exact}"
        );
    }
}
