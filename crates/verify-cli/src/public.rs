//! Commitments to values that everybody may know: they are committed here, so that nobody's word is taken for them.

use std::sync::Arc;

use tacit_algebra::hash::Digest;
use tacit_program::{entries, pack, Prepared, Trace};
use tacit_verifier::files::{Body, CommitmentFile, ProgramFile, WeightsFile};

use crate::refusal::{Kind, Refusal, Result};

/// The commitment of a weights file's integers for the slab that it names.
///
/// # Errors
/// Those of the file, `weights` for one of another program, `commitments`, `tensor`, `shape`, `range`.
pub(crate) fn commit_weights(
    program: &ProgramFile,
    prepared: &Prepared,
    bytes: &[u8],
) -> Result<CommitmentFile> {
    let file = WeightsFile::from_file(bytes)?;
    if file.program != prepared.digest {
        let of = |digest: &Digest| crate::statement::hex(&digest[..8]);
        let expected = format!("the weights of program {}", of(&prepared.digest));
        let got = format!("those of {}", of(&file.program));
        return Err(
            Refusal::differs(Kind::Refused, "weights", "weights", expected, got)
                .remedy("give the weights that were compiled together with this program"),
        );
    }
    let slabs = &prepared.program.slabs;
    let slab = slabs
        .iter()
        .position(|s| s.name == file.slab && !s.private)
        .ok_or_else(|| {
            Refusal::differs(
                Kind::Refused,
                "commitments",
                file.slab.clone(),
                "a commitment: the values are private",
                "the values",
            )
            .remedy("give the commitment file; keep private weights to yourself")
        })?;
    let trace = trace_of(prepared, slab, file)?;
    let cells = pack(prepared, slab, &trace)?;
    let (schema, zero) = (prepared.schema(slab), Digest::default());
    let made = tacit_pcs::commit(&program.geometry, false, schema, &cells, &[], 0, 0, zero);
    let made = made.map_err(tacit_verifier::VerifyError::from)?;
    Ok(CommitmentFile {
        slab: prepared.program.slabs[slab].name.clone(),
        tensors: prepared.schema_tensors(slab),
        commitment: made.commitment.clone(),
        validity: Vec::new(),
        rotation: None,
    })
}

/// The integers where a trace has them, each tensor once and whole, each value in its interval.
fn trace_of(prepared: &Prepared, slab: usize, file: WeightsFile) -> Result<Trace> {
    let tensors = &prepared.program.tensors;
    let mut trace = Trace {
        tensors: vec![Arc::default(); tensors.len()],
        ..Trace::default()
    };
    let order = &prepared.layouts[slab].order;
    let mut given = file.tensors;
    for &id in order {
        let tensor = &tensors[id as usize];
        let name = &tensor.name;
        let refuse = |slug: &'static str, expected: String, got: String| {
            Refusal::differs(
                Kind::Refused,
                slug,
                format!("weights, {name}"),
                expected,
                got,
            )
            .remedy("give the weights file that was compiled together with this program")
        };
        let found = given.iter().position(|(n, _)| n == name);
        let missing = || refuse("tensor", "values of this tensor".into(), "none".into());
        let (_, values) = given.swap_remove(found.ok_or_else(missing)?);
        let (n, got) = (entries(&tensor.shape), values.len());
        if got != n {
            return Err(refuse("shape", format!("{n} entries"), got.to_string()));
        }
        if let Some(bad) = values.iter().find(|v| !(tensor.lo..=tensor.hi).contains(v)) {
            let expected = format!("[{}, {}]", tensor.lo, tensor.hi);
            return Err(refuse("range", expected, bad.to_string()));
        }
        trace.tensors[id as usize] = Arc::new(values);
    }
    match given.first() {
        None => Ok(trace),
        Some((name, _)) => Err(Refusal::differs(
            Kind::Refused,
            "tensor",
            "weights",
            format!("the {} tensors of this program", order.len()),
            format!("also {name}"),
        )
        .remedy("give the weights file that was compiled together with this program")),
    }
}
