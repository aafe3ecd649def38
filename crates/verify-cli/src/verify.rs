//! From files to a statement.

use tacit_algebra::hash::Digest;
use tacit_program::Prepared;
use tacit_verifier::files::{unseal, Body, CommitmentFile, FileKind, ProgramFile, ProofFile};
use tacit_verifier::{Accepted, Slug};

use crate::known::{check_known, Known};
use crate::public::commit_weights;
use crate::refusal::{Kind, Refusal, Result};
use crate::statement::{hex, Committed, Stated, Statement};

/// A commitment that is handed in: a commitment file, or the weights file of values that are public.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// What errors call it.
    pub place: &'a str,
    pub bytes: &'a [u8],
    /// Which of the program's commitments it stands for, where whoever hands it in says so. One that was made in another role
    /// will do if its tensors are the same.
    pub role: Option<&'a str>,
}

/// What is verified.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    pub program: &'a [u8],
    pub proof: &'a [u8],
    /// One for each role; of a child also the master that is trusted, if it is known.
    pub commitments: &'a [Given<'a>],
    /// The fresh commitment that the proof was made with (a child, a renewal), where the one before it is among the commitments.
    pub rotation: Option<Given<'a>>,
    /// The bytes that the proof must be bound to.
    pub context: &'a [u8],
    /// The proven bits to insist on, 1 to 160.
    pub security: u16,
    /// Public inputs and outputs that are known otherwise.
    pub known: &'a [Known],
}

/// A commitment, and which of the program's it stands for.
struct Candidate<'a> {
    place: &'a str,
    role: String,
    file: CommitmentFile,
    /// Its values were given, and its root is computed from them.
    values_known: bool,
}

/// Accepts a proof and says what it states.
///
/// # Errors
/// Every reason of docs/protocol, section 9; `weights` and the like for public values that are not the program's;
/// `public_value` for a public input or output that is not the known one.
pub fn verify(request: &Request<'_>) -> Result<Statement> {
    check_security(request.security)?;
    let program =
        ProgramFile::from_file(request.program).map_err(|e| Refusal::from(e).inside("program"))?;
    let prepared = program.prepare()?;
    let proof =
        ProofFile::from_file(request.proof).map_err(|e| Refusal::from(e).inside("proof"))?;
    proof.check_program(&prepared)?;
    let mut candidates = request
        .commitments
        .iter()
        .chain(&request.rotation)
        .map(|given| candidate(&program, &prepared, given))
        .collect::<Result<Vec<_>>>()?;
    place(&prepared, &proof, &mut candidates);
    if request.rotation.is_some() {
        let (child, others) = candidates.split_last().ok_or_else(nothing)?;
        if !others.iter().any(|c| c.role == child.role) {
            let expected = "the commitment of its master";
            let refusal =
                Refusal::differs(Kind::Refused, "commitments", child.place, expected, "none");
            return Err(refusal.remedy("give the master that you trust, or the child alone"));
        }
    }
    let count = prepared.program.slabs.len();
    let (mut files, mut accepted) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for index in 0..count {
        let found = take(&prepared, index, &mut candidates)?;
        accepted.push(accept(&prepared, index, &found, request.security)?);
        files.push(found.file);
    }
    if let Some(left) = candidates.first() {
        let slabs: Vec<&str> = prepared
            .program
            .slabs
            .iter()
            .map(|s| s.name.as_str())
            .collect();
        let expected = format!("commitments of: {}", slabs.join(", "));
        let got = format!("one of {}", left.role);
        return Err(
            Refusal::differs(Kind::Refused, "commitments", left.place, expected, got)
                .remedy("leave it out: the program has no such commitment"),
        );
    }
    let accepted: Vec<&Accepted> = accepted.iter().collect();
    let (geometry, context) = (&program.geometry, request.context);
    let verified = proof.verify(&prepared, geometry, &accepted, context, request.security)?;
    let mut statement = state(&prepared, &files, &proof, context, verified.budget.minimum)?;
    statement.architecture = !program.architecture.is_empty();
    check_known(&statement, request.known)?;
    Ok(statement)
}

fn check_security(bits: u16) -> Result<()> {
    if (1..=160).contains(&bits) {
        return Ok(());
    }
    Err(
        Refusal::differs(Kind::Input, "security", "security", "1 to 160 bits", bits)
            .remedy("128 is the usual target"),
    )
}

fn candidate<'a>(
    program: &ProgramFile,
    prepared: &Prepared,
    given: &Given<'a>,
) -> Result<Candidate<'a>> {
    // A commitment file's error where it is neither: that is what is usually asked for.
    let values_known = unseal(FileKind::Weights, given.bytes).is_ok();
    let file = if values_known {
        commit_weights(program, prepared, given.bytes)
    } else {
        CommitmentFile::from_file(given.bytes).map_err(Refusal::from)
    };
    let file = file.map_err(|e| e.inside(given.place))?;
    let slab = |role: &str| {
        let mut slabs = prepared.program.slabs.iter();
        slabs.position(|s| s.name == role)
    };
    let others = |role: &&str| {
        let wanted = slab(role).map(|i| prepared.schema_tensors(i));
        *role != file.slab && wanted.as_ref() != Some(&file.tensors)
    };
    if let Some(role) = given.role.filter(others) {
        let expected = format!("a commitment of {role}");
        let got = format!("one of {}", file.slab);
        return Err(
            Refusal::differs(Kind::Refused, "commitments", given.place, expected, got)
                .remedy("give each commitment for its own role"),
        );
    }
    Ok(Candidate {
        place: given.place,
        role: given.role.unwrap_or_default().to_owned(),
        file,
        values_known,
    })
}

fn nothing() -> Refusal {
    Refusal::words(
        Kind::Bug,
        "bug",
        "rotation",
        "it was left out of what is given",
    )
}

/// Says of every commitment which of the program's it stands for, where whoever hands it in did not: that which the proof names by
/// its identity, that of its child, that of its own name, or the only one of its tensors.
fn place(prepared: &Prepared, proof: &ProofFile, candidates: &mut [Candidate<'_>]) {
    let slabs = &prepared.program.slabs;
    let alike = |c: &Candidate<'_>, i: usize| c.file.tensors == prepared.schema_tensors(i);
    let named = |c: &Candidate<'_>| {
        let identity = c.file.commitment.identity();
        let mut all = slabs.iter().zip(&proof.slabs).enumerate();
        all.find(|(i, (_, named))| **named == identity && alike(c, *i))
            .map(|(_, (slab, _))| slab.name.clone())
    };
    let own = |c: &Candidate<'_>| {
        let mut slabs = slabs.iter();
        slabs
            .find(|s| s.name == c.file.slab)
            .map(|s| s.name.clone())
    };
    let only = |c: &Candidate<'_>| {
        let mut found = slabs.iter().enumerate().filter(|(i, _)| alike(c, *i));
        match (found.next(), found.next()) {
            (Some((_, slab)), None) => Some(slab.name.clone()),
            _ => None,
        }
    };
    let all: Vec<(Option<Digest>, Option<String>)> = candidates
        .iter()
        .map(|c| (c.file.master(), named(c)))
        .collect();
    let of_child = |c: &Candidate<'_>| {
        let identity = Some(c.file.commitment.identity());
        let child = all.iter().find(|(master, _)| *master == identity);
        child.and_then(|(_, role)| role.clone())
    };
    for c in candidates.iter_mut().filter(|c| c.role.is_empty()) {
        let role = named(c).or_else(|| of_child(c)).or_else(|| own(c));
        let role = role.or_else(|| only(c));
        c.role = role.unwrap_or_else(|| c.file.slab.clone());
    }
}

/// The commitment for this slab. Of two the one is the other's child: the proof was made with it, and the other is trusted.
fn take<'a>(
    prepared: &Prepared,
    index: usize,
    candidates: &mut Vec<Candidate<'a>>,
) -> Result<Candidate<'a>> {
    let role = prepared.program.slabs[index].name.as_str();
    let (mut own, others): (Vec<_>, Vec<_>) = std::mem::take(candidates)
        .into_iter()
        .partition(|c| c.role == role);
    *candidates = others;
    let refuse = |place: &str, slug: &'static str, expected: String, got: String, remedy: &str| {
        Err(Refusal::differs(Kind::Refused, slug, place, expected, got).remedy(remedy))
    };
    if own.len() > 2 {
        let got = own.len().to_string();
        let expected = "one commitment, or a child and its master".to_owned();
        return refuse(
            role,
            "commitments",
            expected,
            got,
            "give the one that the proof was made with",
        );
    }
    let second = own.pop();
    match (own.pop(), second) {
        (None, None) => refuse(
            role,
            "commitments",
            format!("the commitment of its {role}"),
            "none".to_owned(),
            "give it: every program is proven for its commitments",
        ),
        (Some(only), None) | (None, Some(only)) => Ok(only),
        (Some(one), Some(two)) => {
            let names = |child: &Candidate<'_>, master: &Candidate<'_>| {
                child.file.master() == Some(master.file.commitment.identity())
            };
            if names(&two, &one) {
                Ok(two)
            } else if names(&one, &two) {
                Ok(one)
            } else {
                let identity = &one.file.commitment.identity()[..8];
                let expected = format!("a child of {}", hex(identity));
                let remedy =
                    "give a commitment that was made by rotating this master, or the one alone";
                refuse(
                    two.place,
                    Slug::Rotation.as_str(),
                    expected,
                    "none".to_owned(),
                    remedy,
                )
            }
        }
    }
}

/// Accepts one commitment for its slab: the program's tensors first, so that what its proofs cost is what the program allows.
fn accept(
    prepared: &Prepared,
    index: usize,
    found: &Candidate<'_>,
    security: u16,
) -> Result<Accepted> {
    let slab = &prepared.program.slabs[index];
    let wanted = prepared.schema_tensors(index);
    if found.file.tensors != wanted {
        let expected = format!(
            "a commitment to the {} tensors of this program's {}",
            wanted.len(),
            slab.name
        );
        let refusal = Refusal::differs(
            Kind::Refused,
            "schema",
            found.place,
            expected,
            "one to others",
        );
        return Err(refusal.remedy("give the commitment that was made for this program"));
    }
    if !slab.private && !found.values_known {
        return Err(Refusal::differs(
            Kind::Refused,
            "commitments",
            found.place,
            "the values, which are public, so that they are compared",
            "a commitment to them",
        )
        .remedy("give the weights file, not its commitment"));
    }
    found
        .file
        .accept(security)
        .map_err(|e| Refusal::from(e).inside(found.place))
}

fn state(
    prepared: &Prepared,
    files: &[CommitmentFile],
    proof: &ProofFile,
    context: &[u8],
    security: f64,
) -> Result<Statement> {
    let program = &prepared.program;
    let commitments: Vec<Committed> = files
        .iter()
        .zip(&program.slabs)
        .map(|(file, slab)| Committed {
            role: slab.name.clone(),
            identity: file.commitment.identity(),
            master: file.master(),
            private: slab.private,
        })
        .collect();
    let ports = |ports: &[tacit_program::Port]| -> Result<Vec<Stated>> {
        let one = |port: &tacit_program::Port| {
            Stated::new(prepared, port, &commitments, &proof.publics).ok_or_else(|| {
                Refusal::words(
                    Kind::Bug,
                    "bug",
                    &port.name,
                    "a port of a validated program has no tensor",
                )
            })
        };
        ports.iter().map(one).collect()
    };
    let (inputs, outputs) = (ports(&program.inputs)?, ports(&program.outputs)?);
    let unseen = |kind: &'static str, all: &[Stated]| -> Vec<String> {
        let hidden = all
            .iter()
            .filter(|p| p.place != crate::statement::Place::Public);
        hidden.map(|p| format!("{kind} {}", p.name)).collect()
    };
    let mut hidden = unseen("input", &inputs);
    hidden.extend(unseen("output", &outputs));
    let model = commitments
        .iter()
        .filter(|c| c.private && c.role == "model");
    hidden.extend(model.map(|c| format!("the values of {}", c.role)));
    hidden.push("every value in between".to_owned());
    Ok(Statement {
        program: prepared.digest,
        name: program.name.clone(),
        commitments,
        inputs,
        outputs,
        hidden,
        context: context.to_vec(),
        security,
        architecture: false,
    })
}
