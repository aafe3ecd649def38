//! The common point: everything that the tree and the zeros ask of tensors, at one point r.
//!
//! A relation over b variables is taken at the last b coordinates of r. With e the factor of a block's place in the tree,
//!
//! ```text
//! P~ = sum over lookups of e - sum over tables of e m(r)
//! Q~ = sum over blocks of e (alpha - tag V - beta in - beta^2 out) + (1 - sum of all e)
//! Z  = sum over zeros k of gamma^(k+1) expr_k(r)
//! ```
//!
//! D = Q~ + Z - Q (without lookups D = Z) must be 0. It is affine in committed cells and in the unknown einsum values.

use p3_field::PrimeCharacteristicRing;
use tacit_algebra::field::half_power;
use tacit_algebra::{eq_bits, Affine, K};
use tacit_program::{ExprAt, Item, Prepared, Publics};
use tacit_transcript::Reader;

use crate::claim::{combine, difference, Claim};
use crate::error::VerifyError;
use crate::lookup_tree::Leaves;

/// The point r and what is left to prove there: D = rest + sum over einsums of coefficient * value = 0.
#[derive(Debug)]
pub struct CommonPoint {
    /// arity coordinates.
    pub r: Vec<K>,
    /// D_0: the part of D without einsum values.
    pub rest: Affine,
    /// w_e, the coefficient of each einsum value.
    pub einsums: Vec<K>,
}

impl CommonPoint {
    /// The coordinates of a relation of `bits` variables.
    ///
    /// # Errors
    /// `program` when r has fewer.
    pub fn suffix(&self, bits: u32) -> Result<&[K], VerifyError> {
        suffix(&self.r, bits)
    }
}

/// The last `bits` coordinates.
fn suffix(r: &[K], bits: u32) -> Result<&[K], VerifyError> {
    let from = r.len().checked_sub(usize_of(bits));
    from.and_then(|from| r.get(from..)).ok_or_else(|| {
        let expected = format!("at least {bits} coordinates");
        VerifyError::mismatch("common point", expected, r.len())
    })
}

/// Sums of terms, kept apart until they are combined once.
#[derive(Default)]
struct Sum {
    parts: Vec<(K, Affine)>,
    einsums: Vec<K>,
}

impl Sum {
    fn new(einsums: usize) -> Self {
        Self {
            parts: Vec::new(),
            einsums: vec![K::ZERO; einsums],
        }
    }

    fn constant(&mut self, c: K) {
        self.parts.push((K::ONE, Affine::constant(c)));
    }

    /// += c * (affine + sum of coefficient * einsum value).
    fn add(&mut self, c: K, value: ExprAt) -> Result<(), VerifyError> {
        for (einsum, w) in value.einsums {
            let all = self.einsums.len();
            let Some(coefficient) = self.einsums.get_mut(usize_of(einsum)) else {
                let expected = format!("one of {all} einsums");
                return Err(VerifyError::mismatch("common point", expected, einsum));
            };
            *coefficient += c * w;
        }
        self.parts.push((c, value.affine));
        Ok(())
    }

    fn total(&self) -> Affine {
        combine(self.parts.iter().map(|(c, x)| (*c, x)))
    }
}

/// Draws the rest of r and gamma, claims P~ = P, and builds D.
///
/// # Errors
/// `program` when the sizes are not the program's.
pub(crate) fn verify(
    reader: &mut Reader<'_>,
    prepared: &Prepared,
    publics: &Publics,
    tree: Option<Leaves>,
    claims: &mut Vec<Claim>,
) -> Result<CommonPoint, VerifyError> {
    let sizes = &prepared.sizes;
    let drawn = sizes.arity.checked_sub(sizes.depth).ok_or_else(|| {
        let expected = format!("at least the tree's {} variables", sizes.depth);
        VerifyError::mismatch("common point", expected, sizes.arity)
    })?;
    let drawn = usize_of(drawn);
    let mut r: Vec<K> = (0..drawn).map(|_| reader.challenge("arity")).collect();
    if let Some(leaves) = &tree {
        r.extend(&leaves.r);
    }
    if r.len() != usize_of(sizes.arity) {
        let expected = format!("{} coordinates", sizes.arity);
        return Err(VerifyError::mismatch("common point", expected, r.len()));
    }
    let gamma = reader.challenge("gamma");
    let mut sum = Sum::new(prepared.einsums.len());
    let mut power = K::ONE;
    for zero in &prepared.program.zeros {
        power *= gamma;
        let point = suffix(&r, tacit_program::shape_bits(&zero.shape))?;
        sum.add(
            power,
            prepared.expr_at(&zero.expr, &zero.shape, point, publics)?,
        )?;
    }
    if let Some(leaves) = tree {
        let numerators = blocks(prepared, publics, &leaves, &r, &mut sum)?;
        claims.push(Claim::new(
            "logup numerators",
            difference(&numerators, &leaves.p),
        ));
        sum.parts.push((K::NEG_ONE, leaves.q));
    }
    Ok(CommonPoint {
        rest: sum.total(),
        einsums: sum.einsums,
        r,
    })
}

/// Adds Q~ to `sum` and returns P~.
fn blocks(
    prepared: &Prepared,
    publics: &Publics,
    leaves: &Leaves,
    r: &[K],
    sum: &mut Sum,
) -> Result<Affine, VerifyError> {
    check_items(prepared)?;
    let depth = prepared.sizes.depth;
    let mut numerators = Sum::new(0);
    let mut covered = K::ZERO;
    for block in &prepared.sizes.blocks {
        let place = suffix(r, depth)?;
        let high = depth.checked_sub(block.bits);
        let high = high.and_then(|n| place.get(..usize_of(n)));
        let Some((high, at)) = high.zip(block.offset.checked_shr(block.bits)) else {
            let expected = format!("a block within {depth} variables");
            return Err(VerifyError::mismatch("tree", expected, block.bits));
        };
        let e = eq_bits(high, at);
        covered += e;
        sum.constant(e * leaves.alpha);
        match block.item {
            Item::Lookup(id) => {
                numerators.constant(e);
                let point = suffix(r, block.bits)?;
                lookup(prepared, publics, leaves, id, point, e, sum)?;
            }
            Item::Table(id) => {
                let point = suffix(r, block.bits)?;
                let (table, tag) = (usize_of(id), K::from_u64(u64::from(id) + 1));
                numerators.add(-e, affine(prepared.multiplicity_at(table, point)?))?;
                let (valid, input, output) = prepared.table_at(table, point)?;
                let beta = leaves.beta;
                sum.constant(-e * (tag * valid + beta * input + beta * beta * output));
            }
        }
    }
    sum.constant(K::ONE - covered);
    Ok(numerators.total())
}

/// Every lookup and every table has one block: what has none would not be proven.
fn check_items(prepared: &Prepared) -> Result<(), VerifyError> {
    let counts = [
        prepared.program.lookups.len(),
        prepared.program.tables.len(),
    ];
    let mut seen = counts.map(|n| vec![false; n]);
    for block in &prepared.sizes.blocks {
        let [lookups, tables] = &mut seen;
        let (of_kind, id) = match block.item {
            Item::Lookup(id) => (lookups, id),
            Item::Table(id) => (tables, id),
        };
        match of_kind.get_mut(usize_of(id)) {
            Some(seen) if !*seen => *seen = true,
            _ => {
                let expected = format!("one block for each of {counts:?} lookups and tables");
                let got = format!("{:?}", block.item);
                return Err(VerifyError::mismatch("tree", expected, got));
            }
        }
    }
    if seen.iter().flatten().all(|&seen| seen) {
        return Ok(());
    }
    let expected = format!("a block for each of {counts:?} lookups and tables");
    let got = prepared.sizes.blocks.len();
    Err(VerifyError::mismatch("tree", expected, got))
}

/// -e (tag V + beta in + beta^2 out), in = input / 2^shift.
fn lookup(
    prepared: &Prepared,
    publics: &Publics,
    leaves: &Leaves,
    id: u32,
    point: &[K],
    e: K,
    sum: &mut Sum,
) -> Result<(), VerifyError> {
    let all = &prepared.program.lookups;
    let Some(lookup) = all.get(usize_of(id)) else {
        let expected = format!("one of {} lookups", all.len());
        return Err(VerifyError::mismatch("tree", expected, id));
    };
    let tag = K::from_u64(u64::from(lookup.table) + 1);
    sum.constant(-e * tag * prepared.valid_at(&lookup.shape, point)?);
    let beta = leaves.beta;
    let at = |expr| prepared.expr_at(expr, &lookup.shape, point, publics);
    sum.add(
        -e * beta * half_power(u32::from(lookup.shift)),
        at(&lookup.input)?,
    )?;
    sum.add(-e * beta * beta, at(&lookup.output)?)
}

fn affine(affine: Affine) -> ExprAt {
    ExprAt {
        affine,
        einsums: Vec::new(),
    }
}

/// u32 always fits usize on the targets of this crate.
pub(crate) fn usize_of(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
