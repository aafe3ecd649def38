//! Headers and the owner's files.

mod common;
use common::{cells, slug, toy};
use tacit_algebra::field::{k_new, k_units};
use tacit_algebra::K;
use tacit_params::Geometry;
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Commitment, Expectation, PcsError, Slab};

const SCHEMA: [u8; 32] = [5; 32];

fn slab(private: bool, links: usize) -> Slab {
    let mut rng = Stream::new(&[2; 32], PADS);
    let data = cells(&mut rng, 70);
    let links = rng.k_vec(links);
    commit(&toy(), private, SCHEMA, &data, &links, 2, 3, [7; 32]).unwrap()
}

fn check(c: &Commitment, geometry: &Geometry, private: bool, k0: u32) -> &'static str {
    slug(c.check(&Expectation {
        geometry,
        private,
        schema: SCHEMA,
        cells: 70,
        k0,
    }))
}

#[test]
fn headers() {
    let g = toy();
    let good = slab(true, 1).commitment.clone();
    assert_eq!(check(&good, &g, true, 3), "accepted");
    assert_eq!(check(&slab(false, 0).commitment, &g, false, 9), "accepted");
    let mut other = g.clone();
    other.queries -= 1;
    assert_eq!(check(&good, &other, true, 3), "header");
    assert_eq!(check(&good, &g, false, 3), "header");
    assert_eq!(check(&good, &g, true, 4), "header");
    let mut broken = g.clone();
    broken.grind = 77;
    assert_eq!(check(&good, &broken, true, 3), "geometry");
    type Change = fn(&mut Commitment);
    let changes: [(&str, Change); 9] = [
        ("columns", |c| c.header.columns += 1),
        ("blinding", |c| c.header.blinding -= 1),
        ("blinding", |c| c.header.blinding = 97),
        ("budget", |c| c.header.budget = 0),
        ("blinding", |c| c.header.budget = 3),
        ("max_fold", |c| c.header.max_fold = 17),
        ("leaf_groups", |c| c.header.leaf_groups = 2),
        ("schema", |c| c.header.schema[0] ^= 1),
        ("columns", |c| c.header.links = 60),
    ];
    let e = Expectation {
        geometry: &g,
        private: true,
        schema: SCHEMA,
        cells: 70,
        k0: 3,
    };
    for (field, change) in changes {
        let mut bad = good.clone();
        change(&mut bad);
        match bad.check(&e) {
            Err(PcsError::Header { field: got, .. }) => assert_eq!(got, field),
            other => panic!("{field}: {other:?}"),
        }
        assert_ne!(bad.identity(), good.identity());
    }
    let mut bad = good.clone();
    bad.y = [0xff; 24];
    assert_eq!(slug(bad.check(&e)), "non_canonical");
    let mut public = slab(false, 0).commitment.clone();
    public.header.blinding = 1;
    assert_eq!(check(&public, &g, false, 3), "header");
}

#[test]
fn reserved_cells_and_y() {
    let slab = slab(true, 2);
    assert_eq!(slab.cells(), 70);
    assert_eq!(slab.data().len(), 96);
    let links: Vec<K> = slab.data()[73..79]
        .chunks(3)
        .map(|c| k_new([c[0], c[1], c[2]]))
        .collect();
    let mut rng = Stream::new(&[2; 32], PADS);
    cells(&mut rng, 70);
    assert_eq!(links, rng.k_vec(2));
    assert!(slab.data()[79..].iter().all(|x| *x == Default::default()));
    let b = slab.commitment.binding(4, 70).unwrap();
    let mut y = K::default();
    let mut power = b.z;
    for (j, &x) in slab.data().iter().enumerate() {
        let weight = match j {
            70..73 => b.z0 * k_units()[j - 70],
            _ => power,
        };
        y += weight * x;
        power *= b.z;
    }
    assert_eq!(y, b.y);
    assert_eq!((b.slab, b.cells, b.pad_cell), (4, 96, 70));
}

#[test]
fn secret_bodies() {
    for (private, links) in [(true, 1), (false, 0)] {
        let slab = slab(private, links);
        for with_code in [false, true] {
            let bytes = slab.to_bytes(with_code).unwrap();
            let again = Slab::from_bytes(&bytes).unwrap();
            assert_eq!(again.commitment, slab.commitment);
            assert_eq!(again.data(), slab.data());
            assert_eq!(again.to_bytes(true).unwrap(), slab.to_bytes(true).unwrap());
            let bad = |b: &[u8]| Slab::from_bytes(b).map(|_| ()).unwrap_err().slug();
            assert_eq!(bad(&bytes[..bytes.len() - 1]), "encoding");
            assert_eq!(bad(&[&bytes[..], &[0]].concat()), "encoding");
            for i in 0..bytes.len() {
                let mut changed = bytes.clone();
                changed[i] ^= 0x81;
                // Any answer but a panic: the checksum of the file guards what a stored code hides.
                let _ = Slab::from_bytes(&changed);
            }
        }
    }
}

/// Salts and blinding follow from the seed alone, whatever vector registers the machine has: a slab read back on another
/// machine has the same root.
#[test]
fn roots_do_not_depend_on_the_machine() {
    let hex = |slab: &Slab| -> String {
        let root = slab.commitment.root;
        root.iter().map(|b| format!("{b:02x}")).collect()
    };
    assert_eq!(
        hex(&slab(true, 1)),
        "43268698d3aff55693397fd68b0d2e72985881c1541202b1a0bfa074eff3a631"
    );
    assert_eq!(
        hex(&slab(false, 0)),
        "019bd5bcec81f601b793f29a0e807552fc4f1ad345f593fec4e79e97f814d7a4"
    );
}
