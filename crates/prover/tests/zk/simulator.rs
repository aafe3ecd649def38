//! An accepting argument without a witness: challenges and positions are known in advance (a programmed oracle).
//!
//! Messages of the relations are noise: read by the verifier's own code they leave claims, whatever they are. Slabs are noise. h is
//! noise, mu is what the claims ask for, and g is made to fit h at the few positions that will be opened. Behind h everything is
//! honest. Written from docs/protocol/protocol.md: it shares no code with the prover's opening.

use p3_field::{Field, PrimeCharacteristicRing};
use tacit_algebra::field::{f_to_bytes, k_limbs};
use tacit_algebra::hash::{hash, Digest, Tag, Words};
use tacit_algebra::{eq_low, k_to_bytes, powers, F, K};
use tacit_params::Geometry;
use tacit_pcs::{testing, Columns, Commitment};
use tacit_program::{Prepared, Publics};
use tacit_transcript::{Reader, Sponge};
use tacit_verifier::{opening, verify_relations, Statement};

use super::record::{relation_bytes, Columned, Record, Run};
use super::view::folded_weights;

/// Rows of a code with a Merkle tree over them.
pub struct Forest {
    rows: Vec<Vec<F>>,
    salts: Option<Vec<Digest>>,
    /// Leaves first.
    levels: Vec<Vec<Digest>>,
}

impl Forest {
    pub fn new(rows: Vec<Vec<F>>, salts: Option<Vec<Digest>>) -> Self {
        let leaf = |(j, row): (usize, &Vec<F>)| {
            let bytes: Vec<u8> = row.iter().flat_map(|&x| f_to_bytes(x)).collect();
            let salt = salts.as_ref().map_or(&[][..], |s| &s[j][..]);
            hash(Tag::Leaf, row.len() as u64, &[salt, &bytes])
        };
        let mut levels = vec![rows.iter().enumerate().map(leaf).collect::<Vec<Digest>>()];
        while levels[levels.len() - 1].len() > 1 {
            let last = &levels[levels.len() - 1];
            let parents = last
                .chunks_exact(2)
                .map(|p| hash(Tag::Node, 0, &[&p[0], &p[1]]));
            levels.push(parents.collect());
        }
        Self {
            rows,
            salts,
            levels,
        }
    }

    pub fn root(&self) -> Digest {
        self.levels[self.levels.len() - 1][0]
    }

    fn open(&self, positions: &[usize]) -> Vec<u8> {
        let mut out = Vec::new();
        for &j in positions {
            out.extend(self.rows[j].iter().flat_map(|&x| f_to_bytes(x)));
            out.extend(self.salts.iter().flat_map(|s| s[j]));
        }
        let mut known = positions.to_vec();
        for level in &self.levels[..self.levels.len() - 1] {
            let alone = known.iter().filter(|&k| !known.contains(&(k ^ 1)));
            out.extend(alone.flat_map(|k| level[k ^ 1]));
            known.iter_mut().for_each(|k| *k >>= 1);
            known.dedup();
        }
        out
    }
}

/// A column by column code: row j holds the values at x_j.
pub fn encode(columns: &[Vec<F>], log_domain: u8) -> Vec<Vec<F>> {
    let words: Vec<Vec<F>> = columns
        .iter()
        .map(|c| testing::encode(c, log_domain))
        .collect();
    (0..1 << log_domain)
        .map(|j| words.iter().map(|w| w[j]).collect())
        .collect()
}

/// Random numbers of a simulator.
pub struct Noise(pub Words);

impl Noise {
    pub fn rows(&mut self, count: usize, width: usize) -> Vec<Vec<F>> {
        (0..count)
            .map(|_| (0..width).map(|_| self.0.next_f()).collect())
            .collect()
    }

    pub fn salts(&mut self, count: usize) -> Vec<Digest> {
        (0..count)
            .map(|_| hash(Tag::Stream, 9, &[&k_to_bytes(&self.0.next_k())]))
            .collect()
    }

    fn k_vec(&mut self, n: usize) -> Vec<K> {
        (0..n).map(|_| self.0.next_k()).collect()
    }
}

/// A long-lived slab in the simulator's hands: its public part, and rows of whatever.
pub struct SimulatedSlab {
    pub commitment: Commitment,
    pub tree: Forest,
}

/// What is said, to whom.
pub struct Simulator<'a> {
    pub prepared: &'a Prepared,
    pub geometry: &'a Geometry,
    pub publics: &'a Publics,
    pub context: &'a [u8],
    pub slabs: &'a [SimulatedSlab],
}

/// Draws of the oracle that an argument will meet, in their order.
struct Foreseen {
    six: Vec<K>,
    sigma: K,
    rho: Vec<K>,
    mask: K,
    positions: Vec<usize>,
}

/// The argument so far and the chain that absorbs it.
struct Pen {
    sponge: Sponge,
    argument: Vec<u8>,
}

impl Pen {
    fn bytes(&mut self, kind: &str, bytes: &[u8]) {
        self.argument.extend_from_slice(bytes);
        self.sponge.absorb(kind, bytes);
    }

    fn clear(&mut self, kind: &str, values: &[K]) {
        let bytes: Vec<u8> = values.iter().flat_map(k_to_bytes).collect();
        self.bytes(kind, &bytes);
    }

    fn positions(&mut self, grind: u8, queries: u16, log: u8) -> Vec<usize> {
        if grind > 0 {
            let works = |nonce: &u64| {
                let mut after = self.sponge.clone();
                after.absorb("nonce", &nonce.to_be_bytes());
                after.has_work(grind)
            };
            let nonce = (0..).find(works).unwrap();
            self.bytes("nonce", &nonce.to_be_bytes());
        }
        self.sponge.positions("queries", usize::from(queries), log)
    }
}

fn dot(a: &[K], b: &[K]) -> K {
    a.iter().zip(b).map(|(&x, &y)| x * y).sum()
}

/// The quadratic through s0, s1, s2 at 0, 1, 2, at x.
fn quadratic(s: [K; 3], x: K) -> K {
    let half = K::TWO.inverse();
    let (a, b) = (x - K::ONE, x - K::TWO);
    s[0] * a * b * half - s[1] * x * b + s[2] * x * a * half
}

/// sum over b of eq_low(low, b) v_b for every block of 2^len(low) neighbours.
fn fold(v: &[K], low: &[K]) -> Vec<K> {
    let eq: Vec<K> = (0..1u64 << low.len()).map(|b| eq_low(low, b)).collect();
    v.chunks_exact(eq.len()).map(|c| dot(c, &eq)).collect()
}

impl Simulator<'_> {
    /// An argument that the verifier accepts while its oracle is programmed as this one.
    pub fn argue(&self, noise: &mut Noise) -> Vec<u8> {
        let commitments: Vec<Commitment> =
            self.slabs.iter().map(|s| s.commitment.clone()).collect();
        let statement = Statement {
            prepared: self.prepared,
            geometry: self.geometry,
            commitments: &commitments,
            publics: self.publics,
            context: self.context,
        };
        let columns = statement.check().unwrap();
        let elements = (relation_bytes(self.prepared) - 32) / 24;
        let messages: Vec<u8> = noise.k_vec(elements).iter().flat_map(k_to_bytes).collect();
        let foreseen = self.foresee(&statement, &columns, &messages);
        let h = noise.k_vec(self.geometry.m());
        let witness = self.witness(&columns, &foreseen, &h, noise);

        let mut sponge = Sponge::new();
        statement.absorb(&mut sponge);
        let mut pen = Pen {
            sponge,
            argument: Vec::new(),
        };
        pen.bytes("witness", &witness.root());
        let mut reader = Reader::resume(&messages, pen.sponge.clone());
        let claims = verify_relations(&mut reader, self.prepared, self.publics).unwrap();
        pen.sponge = reader.sponge.clone();
        pen.argument.extend_from_slice(&messages);
        let root = witness.root();
        let affine: Vec<_> = claims.iter().map(|c| c.affine.clone()).collect();
        let opening = opening(&statement, &root, &columns, &affine).unwrap();
        let constants: Vec<K> = affine
            .iter()
            .map(|c| c.constant)
            .chain(opening.bindings.iter().map(|b| -b.y))
            .collect();
        let run = self.weights_of(&foreseen, claims, columns.clone(), opening.bindings.clone());
        let weights = folded_weights(&run);
        let claim = self.columns(&mut pen, &foreseen, &constants, noise);
        let mu = dot(&h, &weights) - foreseen.mask * claim;
        pen.clear("mu", &[mu]);
        assert!(pen.sponge.challenge("mask") == foreseen.mask);
        self.levels(pen, &witness, h, weights, mu + foreseen.mask * claim)
    }

    /// The draws do not depend on what is absorbed: ask for them with anything.
    fn foresee(&self, statement: &Statement, columns: &Columns, messages: &[u8]) -> Foreseen {
        let mut sponge = Sponge::new();
        statement.absorb(&mut sponge);
        let mut reader = Reader::resume(messages, sponge);
        let claims = verify_relations(&mut reader, self.prepared, self.publics).unwrap();
        let affine: Vec<_> = claims.into_iter().map(|c| c.affine).collect();
        let rank = opening(statement, &[0; 32], columns, &affine)
            .unwrap()
            .blinding_rank();
        let mut s = reader.sponge;
        let (six, sigma) = (s.challenges("blinding", 2 * rank), s.challenge("collapse"));
        let (rho, mask) = (
            s.challenges("columns", columns.k0 as usize),
            s.challenge("mask"),
        );
        let _ = s.challenge("ood");
        let count = usize::from(self.geometry.queries);
        Foreseen {
            six,
            sigma,
            rho,
            mask,
            positions: s.positions("queries", count, self.geometry.log_domain),
        }
    }

    /// Rows of noise; g(x) = h(x) - c_m sum over columns of eq_low(rho, c) row_c at the positions that will be opened.
    fn witness(&self, columns: &Columns, f: &Foreseen, h: &[K], noise: &mut Noise) -> Forest {
        let n = 1 << self.geometry.log_domain;
        let own = columns.columns[self.slabs.len()] as usize;
        let mut rows = noise.rows(n, own + 3);
        for &j in &f.positions {
            let x = testing::point(self.geometry.log_domain, j);
            let at_x = h.iter().rev().fold(K::ZERO, |acc, &c| acc * x + c);
            let others = self.slabs.iter().flat_map(|s| s.tree.rows[j].iter());
            let all = others.chain(&rows[j][..own]).enumerate();
            let folded: K = all.map(|(c, &v)| eq_low(&f.rho, c as u64) * v).sum();
            rows[j][own..].copy_from_slice(&k_limbs(&(at_x - f.mask * folded)));
        }
        Forest::new(rows, Some(noise.salts(n)))
    }

    /// The page's W' for these claims and challenges.
    fn weights_of(
        &self,
        f: &Foreseen,
        claims: Vec<tacit_verifier::Claim>,
        columns: Columns,
        bindings: Vec<tacit_pcs::Binding>,
    ) -> Run {
        let of =
            |kind: &'static str, x: &[K]| x.iter().map(move |&x| (kind, x)).collect::<Vec<_>>();
        let challenges = [
            of("blinding", &f.six),
            of("collapse", &[f.sigma]),
            of("columns", &f.rho),
            of("mask", &[f.mask]),
        ];
        let slab = |id| Columned {
            id,
            data: Vec::new(),
            blinding: Vec::new(),
            salted: true,
        };
        Run {
            record: Record {
                challenges: challenges.concat(),
                claims,
                ..Record::default()
            },
            argument: Vec::new(),
            geometry: self.geometry.clone(),
            slabs: (0..=self.slabs.len()).map(slab).collect(),
            columns,
            bindings,
            pad_base: self.prepared.layouts.last().unwrap().cells,
            relations: 0,
        }
    }

    /// S and the column fold, all noise; what the fold leaves as <f', W'>.
    fn columns(&self, pen: &mut Pen, f: &Foreseen, constants: &[K], noise: &mut Noise) -> K {
        assert!(pen.sponge.challenges("blinding", f.six.len()) == f.six);
        let s = noise.0.next_k();
        pen.clear("S", &[s]);
        assert!(pen.sponge.challenge("collapse") == f.sigma);
        let scalars = powers(f.sigma, constants.len() + 2);
        let mut claim = f.sigma * s - dot(constants, &scalars[2..]);
        for &rho in &f.rho {
            let (s0, s2) = (noise.0.next_k(), noise.0.next_k());
            pen.clear("columns", &[s0, s2]);
            assert!(pen.sponge.challenge("columns") == rho);
            claim = quadratic([s0, claim - s0, s2], rho);
        }
        claim
    }

    /// From h on there is nothing to hide: an honest prover.
    fn levels(
        &self,
        mut pen: Pen,
        witness: &Forest,
        mut h: Vec<K>,
        mut w: Vec<K>,
        mut claim: K,
    ) -> Vec<u8> {
        let g = self.geometry;
        let mut trees: Vec<&Forest> = self.slabs.iter().map(|s| &s.tree).collect();
        trees.push(witness);
        let mut previous: Option<Forest> = None;
        let (mut queries, mut log) = (g.queries, g.log_domain);
        for level in &g.levels {
            let width = 1usize << level.fold;
            let column = |b: usize, limb: usize| {
                h[b..]
                    .iter()
                    .step_by(width)
                    .map(|x| k_limbs(x)[limb])
                    .collect::<Vec<F>>()
            };
            let columns: Vec<Vec<F>> = (0..3 * width).map(|i| column(i / 3, i % 3)).collect();
            let tree = Forest::new(encode(&columns, level.log_domain), None);
            pen.bytes("root", &tree.root());
            let zeta = pen.sponge.challenge("ood");
            let o = dot(&h, &powers(zeta, h.len()));
            pen.clear("ood", &[o]);
            let positions = pen.positions(g.grind, queries, log);
            match &previous {
                Some(tree) => pen.bytes("opening", &tree.open(&positions)),
                None => trees
                    .iter()
                    .for_each(|t| pen.bytes("opening", &t.open(&positions))),
            }
            let xi = pen.sponge.challenge("batch");
            let points = positions.iter().map(|&j| K::from(testing::point(log, j)));
            for (point, s) in std::iter::once(zeta)
                .chain(points)
                .zip(powers(xi, positions.len() + 2).into_iter().skip(1))
            {
                let row = powers(point, h.len());
                claim += s * dot(&h, &row);
                w.iter_mut().zip(row).for_each(|(w, p)| *w += s * p);
            }
            for _ in 0..level.fold {
                let at = |v: &[K], i: usize, two: bool| {
                    if two {
                        v[2 * i + 1].double() - v[2 * i]
                    } else {
                        v[2 * i]
                    }
                };
                let sum = |two: bool| {
                    (0..h.len() / 2)
                        .map(|i| at(&h, i, two) * at(&w, i, two))
                        .sum::<K>()
                };
                let (s0, s2) = (sum(false), sum(true));
                pen.clear("fold", &[s0, s2]);
                let r = pen.sponge.challenge("fold");
                claim = quadratic([s0, claim - s0, s2], r);
                (h, w) = (fold(&h, &[r]), fold(&w, &[r]));
            }
            assert!(dot(&h, &w) == claim);
            (previous, queries, log) = (Some(tree), level.queries, level.log_domain);
        }
        pen.clear("final", &h);
        let positions = pen.positions(g.grind, queries, log);
        pen.bytes("opening", &previous.unwrap().open(&positions));
        pen.argument
    }
}
