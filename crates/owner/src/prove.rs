//! Proofs, counted: every private commitment's count is one less, on the disk, before anything is made from its blinding.

use tacit_algebra::hash::{hash, Tag};
use tacit_program::{entries, Place, Prepared, Values};
use tacit_prover::{Entry, Job, Proof, ProveError, ProveOptions};

use crate::deployment::Deployment;
use crate::error::{OwnerError, Result};
use crate::secret::Secret;

/// Integers by tensor.
pub type Given = Vec<(u32, Vec<i64>)>;

/// A refusal of a proof.
enum Refusal {
    /// The values have none: whether they do depends on what is hidden, unless an input is to blame.
    Values(OwnerError),
    Other(OwnerError),
}

impl From<ProveError> for Refusal {
    fn from(e: ProveError) -> Self {
        match e {
            ProveError::Program(ref inner) if inner.slug == "execution" => Self::Values(e.into()),
            e => Self::Other(e.into()),
        }
    }
}

impl From<OwnerError> for Refusal {
    fn from(e: OwnerError) -> Self {
        Self::Other(e)
    }
}

impl Refusal {
    /// The error to report. What depends on hidden values is counted by every secret first: each tells a bit of them.
    fn counted(self, secrets: &[&Secret], inputs_fit: bool) -> OwnerError {
        match self {
            Self::Other(error) => error,
            Self::Values(error) if !inputs_fit => error,
            Self::Values(error) => {
                let mut counts = secrets.iter().map(|secret| secret.record(Entry::Refusal));
                counts.find_map(Result::err).unwrap_or(error)
            }
        }
    }
}

/// Whether the given values are such as the program declares of its inputs, which is public.
fn inputs_fit(prepared: &Prepared, given: &[(u32, Vec<i64>)]) -> bool {
    let program = &prepared.program;
    let mut inputs = program.inputs.iter().filter(|p| {
        let place = program.tensors.get(p.tensor as usize).map(|t| &t.place);
        !matches!(place, Some(Place::Slab(_)))
    });
    inputs.all(|p| {
        let t = &program.tensors[p.tensor as usize];
        let mut found = given.iter().filter(|(tensor, _)| *tensor == p.tensor);
        let (Some((_, values)), None) = (found.next(), found.next()) else {
            return false;
        };
        values.len() == entries(&t.shape) && values.iter().all(|v| (t.lo..=t.hi).contains(v))
    }) && given
        .iter()
        .all(|(tensor, _)| program.inputs.iter().any(|p| p.tensor == *tensor))
}

/// Proves. `secrets` in the order of the program; `given`: the inputs that they do not hold. Values that have no proof spend
/// none. A refusal that depends on hidden values is counted, on the disk, before it is reported.
///
/// # Errors
/// Those of the counts (`Secret::check_spend`), of the statement (`slabs`, `header`, ..), `execution` for values that have none.
pub fn prove(
    deployment: &Deployment,
    secrets: &[&Secret],
    given: Given,
    context: &[u8],
) -> Result<Proof> {
    let prepared = &deployment.prepared;
    let fit = inputs_fit(prepared, &given);
    let slabs: Vec<_> = secrets.iter().map(|secret| secret.slab()).collect();
    for secret in secrets {
        secret.check_spend()?;
    }
    let note = hash(Tag::File, 0, &[&prepared.digest, context]);
    let job = Job {
        prepared,
        geometry: &deployment.geometry,
        slabs: &slabs,
        context,
    };
    let count = || -> std::result::Result<Vec<_>, Refusal> {
        let permits = secrets.iter().map(|s| s.spend(&note).transpose());
        Ok(permits.flatten().collect::<Result<_>>()?)
    };
    let proven: std::result::Result<_, Refusal> = job.prove(ProveOptions::of(given), count);
    proven.map_err(|refusal| refusal.counted(secrets, fit))
}

/// The tensors of the slab with this role by name, in layout order, for these secrets (those before it, in the order of the
/// program) and inputs, for a proof to come. Spends no proof: nothing leaves that depends on a blinding. Refusals are counted
/// as those of `prove`, and refused as there.
///
/// # Errors
/// As `prove`; `slabs` when the slab is given.
pub fn compute(
    deployment: &Deployment,
    secrets: &[&Secret],
    given: Given,
    role: &str,
) -> Result<Vec<(String, Values)>> {
    let prepared = &deployment.prepared;
    let wanted = deployment.slab(role)?;
    if secrets.len() > wanted {
        return Err(OwnerError::input(
            "commitments",
            role,
            "it is given, not computed",
        ));
    }
    let fit = inputs_fit(prepared, &given);
    for secret in secrets {
        secret.check_spend()?;
    }
    let slabs: Vec<_> = secrets.iter().map(|secret| secret.slab()).collect();
    let job = Job {
        prepared,
        geometry: &deployment.geometry,
        slabs: &slabs,
        context: &[],
    };
    let executed = job.execute(given);
    let trace = executed.map_err(|e| Refusal::from(e).counted(secrets, fit))?;
    let order = prepared.layouts[wanted].order.iter();
    let named = order.map(|&t| {
        let values = trace.tensors[t as usize].clone();
        (prepared.program.tensors[t as usize].name.clone(), values)
    });
    Ok(named.collect())
}
