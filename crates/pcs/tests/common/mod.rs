//! Slabs with random cells, and claims about them that hold.
#![allow(dead_code)]

use p3_field::PrimeCharacteristicRing;
use std::sync::Arc;
use tacit_algebra::field::k_new;
use tacit_algebra::hash::Digest;
use tacit_algebra::{Affine, Group, ProductForm, Wiped, F, K};
use tacit_params::{Geometry, Level};
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::*;
use tacit_transcript::{Reader, Writer};

pub fn geometry(
    log_rows: u8,
    rows: u32,
    log_domain: u8,
    queries: u16,
    grind: u8,
    levels: &[(u8, u8, u16)],
) -> Geometry {
    let levels = levels
        .iter()
        .map(|&(fold, log_domain, queries)| Level {
            fold,
            log_domain,
            queries,
        })
        .collect();
    let g = Geometry {
        target: 10,
        log_rows,
        rows,
        log_domain,
        queries,
        grind,
        levels,
    };
    g.check_well_formed().expect("a well-formed geometry");
    g
}

/// R 32, M 128, two levels.
pub fn toy() -> Geometry {
    geometry(5, 128, 8, 6, 4, &[(3, 6, 5), (2, 5, 5)])
}

pub struct World {
    pub geometry: Geometry,
    pub slabs: Vec<Slab>,
    pub witness: WitnessSlab,
    pub pads: Vec<K>,
    pub pad_base: usize,
    pub columns: Columns,
    pub claims: Vec<Affine>,
    /// Stands for all that is absorbed before an opening: proofs of one slab must not share their challenges.
    pub number: u8,
}

pub fn cells(rng: &mut Stream, n: usize) -> Vec<F> {
    (0..n).map(|_| rng.next_f()).collect()
}

/// (cells, private) of each long-lived slab; cells and pads of the witness.
pub struct Shape<'a> {
    pub slabs: &'a [(usize, bool)],
    pub witness: usize,
    pub pads: usize,
    pub budget: u32,
}

impl World {
    pub fn new(geometry: &Geometry, shape: &Shape, seed: u8) -> Self {
        let mut rng = Stream::new(&[seed; 32], PADS);
        let r = geometry.r();
        let mut counts: Vec<u32> = shape
            .slabs
            .iter()
            .map(|&(n, _)| (n + 3).div_ceil(r) as u32)
            .collect();
        counts.push(witness_columns(geometry, shape.witness, shape.pads));
        let columns = Columns::new(counts);
        let slabs: Vec<Slab> = shape
            .slabs
            .iter()
            .enumerate()
            .map(|(i, &(n, private))| {
                let data = cells(&mut rng, n);
                let (schema, key) = ([i as u8; 32], [seed ^ (17 + i as u8); 32]);
                commit(
                    geometry,
                    private,
                    schema,
                    &data,
                    &[],
                    shape.budget,
                    columns.k0 as u8,
                    key,
                )
                .unwrap()
            })
            .collect();
        let data = cells(&mut rng, shape.witness);
        let pads = rng.k_vec(shape.pads);
        let g = rng.k_vec(geometry.m());
        let witness = commit_witness(
            geometry,
            columns.k0,
            Wiped::new(data),
            &pads,
            g,
            [seed ^ 99; 32],
        )
        .unwrap();
        let mut world = Self {
            geometry: geometry.clone(),
            slabs,
            witness,
            pads,
            pad_base: shape.witness,
            columns,
            claims: Vec::new(),
            number: 0,
        };
        world.claims = world.random_claims(&mut rng);
        world
    }

    /// The same slabs under another proof: a new witness, other claims.
    pub fn renew(&mut self, seed: u8) {
        self.number = seed;
        let mut rng = Stream::new(&[seed; 32], PADS);
        let data = cells(&mut rng, self.pad_base);
        self.pads = rng.k_vec(self.pads.len());
        let g = rng.k_vec(self.geometry.m());
        self.witness = commit_witness(
            &self.geometry,
            self.columns.k0,
            Wiped::new(data),
            &self.pads,
            g,
            [seed; 32],
        )
        .unwrap();
        self.claims = self.random_claims(&mut rng);
    }

    /// The cells of slab s; the witness is the last.
    pub fn data(&self, s: usize) -> &[F] {
        self.slabs
            .get(s)
            .map_or_else(|| self.witness.data(), Slab::data)
    }

    /// Form shapes of every kind that fit each slab, their constants chosen so that each claim is zero.
    fn random_claims(&self, rng: &mut Stream) -> Vec<Affine> {
        let mut out = Vec::new();
        let mut random = move || rng.next_k();
        for s in 0..=self.slabs.len() {
            let n = self.data(s).len();
            let top = n.ilog2() as u8;
            let mut shapes: Vec<(usize, Vec<Vec<u8>>)> = vec![(0, vec![(0..top).rev().collect()])];
            let half = top / 2;
            shapes.push((0, vec![(half..top).collect(), (0..half).rev().collect()]));
            shapes.push((
                0,
                vec![(0..top).step_by(2).collect(), (1..top).step_by(2).collect()],
            ));
            shapes.push((n - 1, vec![]));
            shapes.push(((n >> 3) << 3, vec![vec![0], vec![1, 2]]));
            shapes.push((n / 2 / 4 * 4, vec![vec![1, 0]]));
            shapes.retain(|(at, g)| at + (1 << g.iter().map(Vec::len).sum::<usize>()) <= n);
            let mut claim = Affine::default();
            for (i, (offset, bits)) in shapes.into_iter().enumerate() {
                let groups = bits
                    .into_iter()
                    .map(|bits| Group {
                        table: (0..1 << bits.len()).map(|_| random()).collect(),
                        bits,
                    })
                    .collect();
                claim.forms.push(ProductForm {
                    slab: s,
                    offset,
                    scale: random(),
                    groups: Arc::new(groups),
                });
                if !self.pads.is_empty() {
                    let first = i % self.pads.len();
                    claim.pads = vec![(first as u32, random())];
                    let last = self.pads.len() - 1;
                    if last > first {
                        claim.pads.push((last as u32, random()));
                    }
                }
                if i % 2 == 1 {
                    out.push(self.made_true(std::mem::take(&mut claim)));
                }
            }
            out.push(self.made_true(claim));
        }
        out
    }

    /// The value of a claim by brute force over all cells.
    pub fn value(&self, claim: &Affine) -> K {
        let pads: K = claim
            .pads
            .iter()
            .map(|&(i, c)| c * self.pads[i as usize])
            .sum();
        let forms = claim.forms.iter().map(|f| {
            let cells = self.data(f.slab).iter().enumerate();
            cells.map(|(j, &x)| f.weight(j) * x).sum::<K>()
        });
        claim.constant + pads + forms.sum::<K>()
    }

    fn made_true(&self, mut claim: Affine) -> Affine {
        let value = self.value(&claim);
        claim.constant -= value;
        claim
    }

    pub fn prove(&self, hooks: &mut impl OpeningHooks) -> Vec<u8> {
        let roots = self.roots();
        self.prove_as(&self.statement(&roots), hooks)
    }

    pub fn prove_as(&self, st: &OpeningClaims, hooks: &mut impl OpeningHooks) -> Vec<u8> {
        let mut w = Writer::new();
        w.sponge.absorb("proof", &[self.number]);
        let slabs: Vec<&Slab> = self.slabs.iter().collect();
        prove_opening(
            &mut w,
            st,
            &slabs,
            &self.witness,
            hooks,
            &mut Profile::default(),
        );
        w.into_proof()
    }

    pub fn roots(&self) -> Vec<Digest> {
        let slabs = self.slabs.iter().map(|s| s.commitment.root);
        slabs.chain([self.witness.root()]).collect()
    }

    pub fn statement<'a>(&'a self, roots: &'a [Digest]) -> OpeningClaims<'a> {
        let salted = |s: usize| {
            self.slabs
                .get(s)
                .is_none_or(|x| x.commitment.header.private)
        };
        OpeningClaims {
            geometry: &self.geometry,
            opened: roots
                .iter()
                .enumerate()
                .map(|(s, root)| Opened {
                    root,
                    columns: self.columns.columns[s],
                    salted: salted(s),
                })
                .collect(),
            k0: self.columns.k0,
            pad_base: self.pad_base,
            claims: &self.claims,
            bindings: self
                .slabs
                .iter()
                .enumerate()
                .map(|(s, slab)| slab.commitment.binding(s, slab.cells()).unwrap())
                .collect(),
        }
    }

    pub fn verify(&self, proof: &[u8]) -> Result<(), PcsError> {
        let roots = self.roots();
        verify_number(self.number, &self.statement(&roots), proof)
    }
}

/// The opening and nothing behind it, of a world's first proof.
pub fn verify(st: &OpeningClaims, proof: &[u8]) -> Result<(), PcsError> {
    verify_number(0, st, proof)
}

fn verify_number(number: u8, st: &OpeningClaims, proof: &[u8]) -> Result<(), PcsError> {
    let mut r = Reader::new(proof);
    r.sponge.absorb("proof", &[number]);
    verify_opening(&mut r, st)?;
    Ok(r.finish()?)
}

pub fn slug(r: Result<(), PcsError>) -> &'static str {
    r.map_or_else(|e| e.slug(), |()| "accepted")
}

pub fn unit() -> K {
    k_new([F::ONE, F::TWO, F::ZERO])
}
