//! A proof from its values: execute, commit the witness, prove the relations, replay them as a verifier, open.

use rayon::prelude::*;
use tacit_algebra::hash::Digest;
use tacit_algebra::{f_to_i64, Affine, Key, Wiped, F};
use tacit_params::Geometry;
use tacit_pcs::random::{Stream, MASK, PADS};
use tacit_pcs::{commit_witness, prove_opening, Columns, Commitment, NoHooks, Slab};
use tacit_program::{execute, Prepared, Publics, Trace, Values};
use tacit_transcript::{Reader, Writer};
use tacit_verifier::{opening, verify_from_common_point, verify_to_common_point, Claim, Statement};

use crate::allowance::permit::Permit;
use crate::error::ProveError;
use crate::hooks::{Hooks, Repeatable};
use crate::lookup_tree::{leaves::Ground, Tree};
use crate::profile::Profile;
use crate::seed::proof_seed;
use crate::{einsum, products};

/// A proof and what it is about.
#[derive(Debug, Clone)]
pub struct Proof {
    pub publics: Publics,
    pub argument: Vec<u8>,
    pub profile: Profile,
}

/// What is proven, and with which slabs (in the order of the program).
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub prepared: &'a Prepared,
    pub geometry: &'a Geometry,
    pub slabs: &'a [&'a Slab],
    pub context: &'a [u8],
}

/// Where the randomness of a proof comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Randomness {
    /// The operating system, hedged with everything secret and the statement.
    #[default]
    Fresh,
    /// What is secret and the statement alone: the same proof again, byte for byte.
    Repeatable,
}

/// How a proof is made.
#[derive(Clone, Debug, Default)]
pub struct ProveOptions<'a> {
    /// Values of input tensors; slab tensors are read from their slabs, and may be given too.
    pub givens: Vec<(u32, Values)>,
    /// Claims behind those of the relations.
    pub further: &'a [Claim],
    pub randomness: Randomness,
}

impl ProveOptions<'_> {
    /// For these values of input tensors.
    pub fn of<G: Into<Values>>(givens: impl IntoIterator<Item = (u32, G)>) -> Self {
        Self {
            givens: givens.into_iter().map(|(t, v)| (t, v.into())).collect(),
            ..Self::default()
        }
    }
}

impl Job<'_> {
    /// Proves. `count` counts the proof, for each private slab, and gives their permits in order: when slabs and values are known
    /// to have a proof, and before anything that depends on a slab's blinding exists. Its error ends the proof.
    ///
    /// # Errors
    /// When the program has no trace for these values, or the slabs do not fit the program; `uncounted` when a permit is missing.
    pub fn prove<E: From<ProveError> + Send>(
        &self,
        options: ProveOptions<'_>,
        count: impl FnOnce() -> Result<Vec<Permit>, E> + Send,
    ) -> Result<Proof, E> {
        let ProveOptions {
            givens,
            further,
            randomness,
        } = options;
        // Inside the pool: from outside every parallel loop would put this thread to sleep and wake it again.
        rayon::scope(|_| {
            let mut profile = Profile::start();
            self.check_slabs()?;
            let trace = profile.time("execute", || self.execute(givens))?;
            consume(self.slabs, profile.time("count", count)?)?;
            let proof = match randomness {
                Randomness::Fresh => self.prove_claims(trace, &mut NoHooks, profile, further),
                Randomness::Repeatable => {
                    self.prove_claims(trace, &mut Repeatable, profile, further)
                }
            };
            Ok(proof?)
        })
    }

    /// Refuses slabs of another program or geometry.
    fn check_slabs(&self) -> Result<(), ProveError> {
        let commitments: Vec<Commitment> =
            self.slabs.iter().map(|s| s.commitment.clone()).collect();
        let statement = Statement {
            prepared: self.prepared,
            geometry: self.geometry,
            commitments: &commitments,
            publics: &Publics(Vec::new()),
            context: self.context,
        };
        statement.check_slabs()?;
        Ok(())
    }

    /// Every value of the statement. The last slabs may be missing if the program computes their tensors.
    ///
    /// # Errors
    /// When the program has no trace for these values.
    pub fn execute<G: Into<Values>>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Trace, ProveError> {
        Ok(execute(self.prepared, self.all_givens(givens)?)?)
    }

    /// Proves a trace. Nothing checks it here; a verifier does. Whoever calls this has counted.
    pub(crate) fn prove_claims<H: Hooks>(
        &self,
        mut trace: Trace,
        hooks: &mut H,
        mut profile: Profile,
        further: &[Claim],
    ) -> Result<Proof, ProveError> {
        let mut publics = public_values(self.prepared, &trace);
        hooks.trace(&mut trace, &mut publics);
        let mut commitments: Vec<Commitment> =
            self.slabs.iter().map(|s| s.commitment.clone()).collect();
        hooks.commitments(&mut commitments);
        let statement = Statement {
            prepared: self.prepared,
            geometry: self.geometry,
            commitments: &commitments,
            publics: &publics,
            context: self.context,
        };
        let columns = match statement.check() {
            Ok(columns) => columns,
            Err(e) if !hooks.ignores_checks() => return Err(e.into()),
            Err(_) => self.columns(),
        };
        let argument = self.argue(&statement, &columns, trace, hooks, &mut profile, further)?;
        profile.finish();
        Ok(Proof {
            publics,
            argument,
            profile,
        })
    }

    /// The argument of a statement from a trace, which is gone before the opening: that is where most memory is needed.
    fn argue<H: Hooks>(
        &self,
        statement: &Statement<'_>,
        columns: &Columns,
        trace: Trace,
        hooks: &mut H,
        profile: &mut Profile,
        further: &[Claim],
    ) -> Result<Vec<u8>, ProveError> {
        let mut writer = Writer::new();
        statement.absorb(&mut writer.sponge);
        let witness_slab = self.prepared.witness_slab();
        let mut cells = profile.time("pack", || {
            let columns = columns.columns.last().copied().unwrap_or(0) as usize;
            let room = columns * self.geometry.r();
            tacit_program::pack_with_room(self.prepared, witness_slab, &trace, room).map(Wiped::new)
        })?;
        hooks.witness(&mut cells);
        let count = cells.len();
        let seed = profile.time("seed", || self.seed(&cells, writer.sponge.state(), hooks))?;
        let pads = Stream::new(&seed, PADS).k_vec(self.prepared.sizes.pads as usize);
        let mut pads = Wiped::new(pads);
        hooks.pads(&mut pads);
        let witness = profile.time("commit", || {
            // A mask of the opening: uniform over all M rows.
            let g = Stream::new(&seed, MASK).k_vec(self.geometry.m());
            commit_witness(self.geometry, columns.k0, cells, &pads, g, *seed)
        })?;
        hooks.committed(&witness);
        let root = witness.root();
        writer.set_pads(pads.to_vec());
        writer.send_bytes("witness", &root);
        let mut claims = self.relations(statement, &mut writer, &trace, hooks, profile)?;
        drop(trace);
        claims.extend_from_slice(further);
        let mut all: Vec<&[F]> = self.slabs.iter().map(|s| s.data()).collect();
        all.push(&witness.data()[..count]);
        hooks.claims(&claims, &all, &pads);
        let claims: Vec<Affine> = claims
            .into_iter()
            .map(|Claim { affine, .. }| affine)
            .collect();
        let mut opening = opening(statement, &root, columns, &claims)?;
        if hooks.without_bindings() {
            opening.bindings.clear();
        }
        let mut phases = tacit_pcs::Profile::default();
        prove_opening(
            &mut writer,
            &opening,
            self.slabs,
            &witness,
            hooks,
            &mut phases,
        );
        profile.extend("opening", phases);
        Ok(writer.into_proof())
    }

    /// The messages of the relations, then the claims they leave, learnt by replaying them as a verifier.
    fn relations<H: Hooks>(
        &self,
        statement: &Statement<'_>,
        writer: &mut Writer,
        trace: &Trace,
        hooks: &mut H,
        profile: &mut Profile,
    ) -> Result<Vec<Claim>, ProveError> {
        let (prepared, publics) = (self.prepared, statement.publics);
        let sizes = &prepared.sizes;
        let (start, sponge) = (writer.len(), writer.sponge.clone());
        let mut triples = Vec::with_capacity(sizes.triples as usize);
        if !prepared.program.lookups.is_empty() {
            let challenges = (writer.challenge("alpha"), writer.challenge("beta"));
            let tree = profile.time("tree", || {
                Tree::new(Ground::new(prepared, trace, challenges))
            });
            profile.time("logup", || tree.prove(writer, &mut triples, hooks));
        }
        for _ in sizes.depth..sizes.arity {
            let _ = writer.challenge("arity");
        }
        let _ = writer.challenge("gamma");
        // The coefficients of einsums are what the tree and the zeros ask of each einsum: the verifier knows.
        let before = profile.time("replay", || {
            let mut reader = Reader::resume(&writer.proof()[start..], sponge);
            verify_to_common_point(&mut reader, prepared, publics)
        })?;
        let (middle, sponge, used) = (writer.len(), writer.sponge.clone(), writer.pads_used());
        profile.time("einsum", || {
            einsum::prove(writer, prepared, trace, &before.common, &mut triples, hooks)
        })?;
        products::prove(writer, triples, sizes.product_rounds as usize, hooks);
        let claims = profile.time("replay", || {
            let mut reader = Reader::resume(&writer.proof()[middle..], sponge);
            (0..used).for_each(|_| {
                reader.take_pad();
            });
            let claims = verify_from_common_point(&mut reader, prepared, publics, before)?;
            assert!(
                reader.sponge == writer.sponge,
                "prover and verifier walk the same path"
            );
            Ok::<_, ProveError>(claims)
        })?;
        Ok(claims)
    }

    /// The seed of everything random in this proof.
    fn seed<H: Hooks>(
        &self,
        cells: &[F],
        state: &Digest,
        hooks: &mut H,
    ) -> Result<Key, ProveError> {
        let fresh = hooks.fresh()?;
        let slabs: Vec<&[u8]> = self.slabs.iter().map(|s| &s.seed()[..]).collect();
        Ok(proof_seed(&fresh, &slabs, cells, state))
    }

    /// Givens, with the tensors of slabs read from their cells.
    fn all_givens<G: Into<Values>>(
        &self,
        givens: impl IntoIterator<Item = (u32, G)>,
    ) -> Result<Vec<(u32, Values)>, ProveError> {
        let given: Vec<(u32, Values)> = givens.into_iter().map(|(t, v)| (t, v.into())).collect();
        let layouts = self.prepared.layouts.iter().zip(self.slabs);
        let mut all: Vec<(u32, Values)> = Vec::new();
        for (layout, slab) in layouts {
            for (&tensor, &offset) in layout.order.iter().zip(&layout.offsets) {
                let declared = &self.prepared.program.tensors[tensor as usize];
                let block = slab.data().get(offset..).unwrap_or(&[]);
                let values = gather(&declared.shape, block);
                if given.iter().any(|(t, v)| *t == tensor && **v != values) {
                    return Err(ProveError::NotCommitted {
                        tensor: self.prepared.program.address(tensor).into_owned(),
                    });
                }
                all.push((tensor, Values::new(values)));
            }
        }
        let known: std::collections::HashSet<u32> = all.iter().map(|(t, _)| *t).collect();
        all.extend(given.into_iter().filter(|(t, _)| !known.contains(t)));
        Ok(all)
    }

    /// The columns of the slabs as they are.
    fn columns(&self) -> Columns {
        let layout = self.prepared.slab_layout(self.prepared.witness_slab());
        let (cells, pads) = (layout.cells, self.prepared.sizes.pads as usize);
        let last = tacit_pcs::witness_columns(self.geometry, cells, pads);
        Columns::new(
            self.slabs
                .iter()
                .map(|s| s.commitment.header.columns)
                .chain([last])
                .collect(),
        )
    }
}

/// Uses up the permits of one proof: one for each private slab, in the order of the slabs.
fn consume(slabs: &[&Slab], permits: Vec<Permit>) -> Result<(), ProveError> {
    let mut permits = permits.into_iter();
    for (index, slab) in slabs.iter().enumerate() {
        let commitment = &slab.commitment;
        if !commitment.header.private {
            continue;
        }
        let permit = permits.next();
        if permit.map(|p| p.identity()) != Some(commitment.identity()) {
            return Err(ProveError::Uncounted { slab: index });
        }
    }
    Ok(())
}

/// The public tensors of a trace, in order.
#[must_use]
pub fn public_values(prepared: &Prepared, trace: &Trace) -> Publics {
    Publics(
        prepared
            .publics
            .iter()
            .map(|&t| trace.tensors[t as usize].to_vec())
            .collect(),
    )
}

/// Valid entries, row-major, of a padded block; nothing if the block is cut short.
pub fn gather(shape: &[u32], block: &[F]) -> Vec<i64> {
    /// Entries from which a second core pays.
    const LARGE: usize = 1 << 13;
    if block.len() < 1 << tacit_program::shape_bits(shape) {
        return Vec::new();
    }
    let mut out = vec![0; shape.iter().map(|&e| e as usize).product()];
    match shape {
        [extent, inner @ ..] if out.len() >= 2 * LARGE && !inner.is_empty() => {
            let row = out.len() / *extent as usize;
            out.par_chunks_mut(row)
                .zip(block.par_chunks(1 << tacit_program::shape_bits(inner)))
                .with_min_len(LARGE.div_ceil(row))
                .for_each(|(out, block)| fill(out, inner, block));
        }
        _ => fill(&mut out, shape, block),
    }
    out
}

fn fill(out: &mut [i64], shape: &[u32], block: &[F]) {
    match shape {
        [extent, inner @ ..] if !inner.is_empty() => {
            let rows = out.chunks_mut(out.len() / *extent as usize);
            let blocks = block.chunks(1 << tacit_program::shape_bits(inner));
            rows.zip(blocks)
                .for_each(|(out, block)| fill(out, inner, block));
        }
        _ => out
            .iter_mut()
            .zip(block)
            .for_each(|(o, &x)| *o = f_to_i64(x)),
    }
}
