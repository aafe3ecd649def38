//! vectors/soundness.json: the same numbers for every implementation. `TACIT_WRITE_VECTORS=1 cargo test` writes it anew.

use std::fmt::Write;

use tacit_params::*;

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors/soundness.json")
}

fn mlp() -> Relations {
    Relations {
        entries: 8000,
        depth: 13,
        arity: 13,
        zeros: 4,
        einsums: 2,
        einsum_rounds: 6,
        ends: 6,
        products: 2,
    }
}

fn derived(
    cells: u64,
    proofs: u32,
    witness: u64,
    target: u16,
    optimize: Optimize,
) -> (Geometry, Shape) {
    let slabs = [
        SlabSize {
            cells,
            private: true,
            proofs,
            links: 1,
        },
        SlabSize {
            cells: 100,
            private: false,
            proofs: 0,
            links: 0,
        },
    ];
    let work = Work {
        relations: mlp(),
        witness_cells: witness,
    };
    let geometry = derive(&slabs, &[work], target, optimize)
        .expect("these sizes have a geometry")
        .geometry;
    let shape = work.relations.shape(&geometry, &slabs, witness);
    (geometry, shape)
}

fn cases() -> Vec<(String, Geometry, Shape)> {
    let mut cases = Vec::new();
    for (cells, proofs, witness) in [
        (4_000, 64, 4_000),
        (4_000, 1, 10_000),
        (264_000, 64, 300_000),
        (124_000_000, 64, 20_000_000),
    ] {
        for optimize in [Optimize::Time, Optimize::Balanced, Optimize::Size] {
            for target in [100, 128] {
                let (g, s) = derived(cells, proofs, witness, target, optimize);
                cases.push((format!("{cells} cells, {proofs} proofs, {witness} witness cells, {target} bits, {optimize:?}"), g, s));
            }
        }
    }
    let (good, shape) = derived(4_000, 64, 4_000, 128, Optimize::Balanced);
    let mut change = |name: &str, edit: &dyn Fn(&mut Geometry, &mut Shape)| {
        let (mut g, mut s) = (good.clone(), shape.clone());
        edit(&mut g, &mut s);
        cases.push((name.to_owned(), g, s));
    };
    change("one position less in the slabs", &|g, _| g.queries -= 1);
    change("one position less in the last code", &|g, _| {
        g.levels.iter_mut().for_each(|l| l.queries -= 1)
    });
    change("no grinding", &|g, _| g.grind = 0);
    change("a slab of 2^100 cells", &|_, s| {
        s.slab_cells = vec![u64::MAX, 1]
    });
    change("no slabs, no lookups, no einsums", &|_, s| {
        *s = Shape {
            triples: 3,
            product_rounds: 2,
            claims: 5,
            k0: 2,
            ..Shape::default()
        }
    });
    change("another target chooses other multiplicities", &|g, _| {
        g.target = 100
    });
    change("a target above the field", &|g, _| g.target = 60_000);
    change("not well formed: a final vector of one entry", &|g, _| {
        g.log_rows = 2;
        g.rows = 8;
        g.levels = vec![Level {
            fold: 3,
            log_domain: 10,
            queries: 100,
        }];
    });
    cases
}

/// Budgets and column rounds; the last is more than any header may say.
const HIDING: [(u32, u8); 7] = [
    (1, 0),
    (1, 16),
    (65, 5),
    (1024, 16),
    (65_536, 8),
    (16_777_216, 0),
    (u32::MAX, 255),
];

fn code_points() -> Vec<(usize, u8, u16)> {
    let mut points = vec![
        (2, 2, 128),
        (2, 3, 128),
        (3, 3, 100),
        (1 << 26, 28, 128),
        (100, 28, 128),
        (5, 28, 128),
        (7552, 16, 200),
    ];
    let mut rows = 3usize;
    for log_domain in 4..=27u8 {
        rows = (rows * 7 / 3).min((1 << (log_domain - 1)) - 1);
        points.push((rows, log_domain, 128));
        points.push((rows / 2 + 1, log_domain, 100));
    }
    points
}

fn geometry_json(g: &Geometry) -> String {
    let levels: Vec<String> = g
        .levels
        .iter()
        .map(|l| format!("[{}, {}, {}]", l.fold, l.log_domain, l.queries))
        .collect();
    format!(
        "{{\"target\": {}, \"log_rows\": {}, \"rows\": {}, \"log_domain\": {}, \"queries\": {}, \"grind\": {}, \"levels\": [{}]}}",
        g.target, g.log_rows, g.rows, g.log_domain, g.queries, g.grind, levels.join(", ")
    )
}

fn shape_json(s: &Shape) -> String {
    let cells: Vec<String> = s.slab_cells.iter().map(u64::to_string).collect();
    format!(
        "{{\"lookup_entries\": {}, \"depth\": {}, \"arity\": {}, \"zeros\": {}, \"einsum_rounds\": {}, \"triples\": {}, \
         \"product_rounds\": {}, \"claims\": {}, \"k0\": {}, \"slab_cells\": [{}]}}",
        s.lookup_entries, s.depth, s.arity, s.zeros, s.einsum_rounds, s.triples, s.product_rounds, s.claims, s.k0, cells.join(", ")
    )
}

fn document() -> String {
    let mut out = String::from("{\n\"unit\": \"2^-20 bit\",\n\"codes\": [\n");
    let codes: Vec<String> = code_points()
        .into_iter()
        .map(|(rows, log_domain, target)| {
            let found = Code::new(rows, log_domain, target).map_or("null".to_owned(), |c| {
                format!("{{\"multiplicity\": {}, \"error_units\": {}, \"list_units\": {}, \"query_units\": {}}}",
                    c.multiplicity, error_units(c.exceptional), log2_units(c.list), c.query_units)
            });
            format!("{{\"rows\": {rows}, \"log_domain\": {log_domain}, \"target\": {target}, \"code\": {found}}}")
        })
        .collect();
    writeln!(out, "{}\n],\n\"cases\": [", codes.join(",\n")).expect("a string");
    let rows: Vec<String> = cases()
        .iter()
        .map(|(name, g, s)| {
            let b = budget(g, s);
            let terms: Vec<String> = b.terms.iter().map(|t| format!("[\"{}\", {}, {}]", t.name, t.units, t.rounds)).collect();
            format!(
                "{{\"name\": \"{name}\",\n \"geometry\": {},\n \"shape\": {},\n \"terms\": [{}],\n \"minimum\": {}, \"binding\": \"{}\", \
                 \"reaches_100\": {}, \"reaches_128\": {}}}",
                geometry_json(g), shape_json(s), terms.join(", "), b.minimum_units, b.binding, b.reaches(100), b.reaches(128)
            )
        })
        .collect();
    writeln!(out, "{}\n],\n\"blinding\": [", rows.join(",\n")).expect("a string");
    let blinding: Vec<String> = [
        (1, 75, 3),
        (64, 75, 0),
        (64, 65, 4),
        (1024, 119, 5),
        (1, 1, 16),
    ]
    .iter()
    .map(|&(n, t, k0)| format!("[{n}, {t}, {k0}, {}]", t_blinding(n, t, k0)))
    .collect();
    writeln!(out, "{}\n],\n\"hiding\": [", blinding.join(",\n")).expect("a string");
    let hiding: Vec<String> = HIDING
        .iter()
        .map(|&(n, k)| format!("[{n}, {k}, {}]", hiding_units(n, k)))
        .collect();
    writeln!(out, "{}\n]\n}}", hiding.join(",\n")).expect("a string");
    out
}

#[test]
fn vectors_are_current() {
    let now = document();
    if std::env::var_os("TACIT_WRITE_VECTORS").is_some() {
        std::fs::write(path(), &now).expect("vectors/ is writable");
    }
    let kept =
        std::fs::read_to_string(path()).expect("vectors/soundness.json is in the repository");
    assert!(
        kept == now,
        "vectors/soundness.json differs: run with TACIT_WRITE_VECTORS=1 and read the difference"
    );
}
