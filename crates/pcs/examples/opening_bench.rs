//! Phase times of a witness commitment, an opening and its verification.
//!
//!     cargo run --release -p tacit-pcs --example opening_bench [model columns] [witness columns] [log R] [log |L|] [repeats]

use std::sync::Arc;
use std::time::{Duration, Instant};
use tacit_algebra::{eq_table, Affine, Group, ProductForm, Wiped, F, K};
use tacit_params::{Geometry, Level};
use tacit_pcs::random::{Stream, MASK, PADS};
use tacit_pcs::*;
use tacit_transcript::{Reader, Writer};

fn geometry(log_rows: u8, log_domain: u8) -> Geometry {
    let queries = 80;
    let level = |fold, down: u8, queries| Level {
        fold,
        log_domain: log_domain - down,
        queries,
    };
    let rows = (1u32 << log_rows) + 6 * 128;
    let g = Geometry {
        target: 128,
        log_rows,
        rows,
        log_domain,
        queries,
        grind: 16,
        levels: vec![level(4, 4, 50), level(3, 6, 40)],
    };
    g.check_well_formed().expect("a well-formed geometry");
    g
}

/// A claim over a whole slab in two groups, and its value on the cells.
fn claim(slab: usize, cells: &[F], rng: &mut Stream) -> Affine {
    let top = cells.len().ilog2() as u8;
    let half = top / 2;
    let group = |bits: Vec<u8>, rng: &mut Stream| Group {
        table: eq_table(&rng.k_vec(bits.len())),
        bits,
    };
    let groups = vec![
        group((half..top).rev().collect(), rng),
        group((0..half).rev().collect(), rng),
    ];
    let form = ProductForm {
        slab,
        offset: 0,
        scale: rng.next_k(),
        groups: Arc::new(groups),
    };
    let (high, low) = (&form.groups[0].table, &form.groups[1].table);
    let sum = |(h, row): (&K, &[F])| *h * low.iter().zip(row).map(|(&l, &x)| l * x).sum::<K>();
    let value: K = high.iter().zip(cells.chunks(1 << half)).map(sum).sum();
    Affine {
        constant: -value * form.scale,
        pads: vec![],
        forms: vec![form],
    }
}

fn main() {
    let args: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let arg = |i: usize, default| args.get(i).copied().unwrap_or(default);
    let (model, witness) = (arg(0, 2), arg(1, 4));
    let (log_rows, log_domain, repeats) = (arg(2, 12) as u8, arg(3, 16) as u8, arg(4, 20));
    let g = geometry(log_rows, log_domain);
    let r = g.r();
    let mut rng = Stream::new(&[1; 32], PADS);
    let columns = Columns::new(vec![model as u32, witness as u32]);
    let data: Vec<_> = (0..model * r - 3).map(|_| rng.next_f()).collect();
    let start = Instant::now();
    let slab = commit(&g, true, [0; 32], &data, &[], 2, columns.k0 as u8, [3; 32]).expect("a slab");
    println!("model commit {:?}", start.elapsed());
    let pads = rng.k_vec(700);
    let cells: Vec<_> = (0..witness * r - 2100).map(|_| rng.next_f()).collect();

    let mut totals: Vec<(&str, Vec<Duration>)> = Vec::new();
    for i in 0..repeats {
        let (mut profile, proof) = prove(i as u8, &g, &slab, &cells, &pads, &mut rng);
        if i == 0 {
            println!("proof {proof} bytes");
        }
        for (phase, t) in profile.phases.drain(..) {
            match totals.iter_mut().find(|x| x.0 == phase) {
                Some(x) if x.1.len() > i => *x.1.last_mut().expect("not empty") += t,
                Some(x) => x.1.push(t),
                None => totals.push((phase, vec![t])),
            }
        }
    }
    for (phase, mut t) in totals {
        let first = t[0];
        t.sort();
        let (median, best) = (t[t.len() / 2], t[0]);
        println!("{phase:16} median {median:>9.3?}  best {best:>9.3?}  first {first:>9.3?}");
    }
}

/// One witness, opening and verification; their phases and the proof's length.
fn prove(
    i: u8,
    g: &Geometry,
    slab: &Slab,
    cells: &[F],
    pads: &[K],
    rng: &mut Stream,
) -> (Profile, usize) {
    let columns = Columns::new(vec![
        slab.commitment.header.columns,
        witness_columns(g, cells.len(), pads.len()),
    ]);
    let mut profile = Profile::default();
    let key = [i; 32];
    let mask = profile.time("draw g", || Stream::new(&key, MASK).k_vec(g.m()));
    let w = profile.time("commit witness", || {
        commit_witness(g, columns.k0, Wiped::new(cells.to_vec()), pads, mask, key)
            .expect("a witness")
    });
    let mut claims: Vec<Affine> = (0..4)
        .map(|i| match i % 2 {
            0 => claim(0, slab.data(), rng),
            _ => claim(1, w.data(), rng),
        })
        .collect();
    let coefficients: Vec<(u32, K)> = (0..pads.len() as u32).map(|p| (p, rng.next_k())).collect();
    let value: K = coefficients
        .iter()
        .map(|&(p, c)| c * pads[p as usize])
        .sum();
    claims.push(Affine {
        constant: -value,
        pads: coefficients,
        forms: vec![],
    });
    let root = w.root();
    let opened = [&slab.commitment.root, &root];
    let st = OpeningClaims {
        geometry: g,
        opened: opened
            .iter()
            .zip(&columns.columns)
            .map(|(root, &columns)| Opened {
                root,
                columns,
                salted: true,
            })
            .collect(),
        k0: columns.k0,
        pad_base: cells.len(),
        claims: &claims,
        bindings: vec![slab.commitment.binding(0, slab.cells()).expect("canonical")],
    };
    let mut writer = Writer::new();
    prove_opening(&mut writer, &st, &[slab], &w, &mut NoHooks, &mut profile);
    profile.time("drop", || drop(w));
    let total = profile.total();
    profile.phases.push(("TOTAL PROVE", total));
    let proof = writer.into_proof();
    let verified = profile.time("verify", || verify_opening(&mut Reader::new(&proof), &st));
    verified.expect("an honest proof");
    (profile, proof.len())
}
