//! Arguments, programs, and the files of the protocol. `cargo test` drives these targets in crates/prover/tests/fuzz_smoke.rs.

use std::sync::LazyLock;

use tacit_params::Geometry;
use tacit_pcs::random::{Stream, PADS};
use tacit_pcs::{commit, Commitment, Slab};
use tacit_program::*;
use tacit_prover::{child_of, read, slab_cells, Allowance, Entry, Job, ProveOptions, Rotating};
use tacit_verifier::files::{
    seal, unseal, Body, CommitmentFile, FileKind, ProgramFile, ProofFile, WeightsFile,
};
use tacit_verifier::{prepare_validity, Accepted, VALIDITY_CONTEXT};

use crate::{
    commit_all, commitments, linear, links, mlp, slab_values, toy, unchecked, verify, Case, World,
    CONTEXT,
};

/// Bits that the geometry without grinding reaches.
const TARGET: u16 = 1;
/// The journal's slab, its allowance, and what is spent of it.
const OWNED: [u8; 32] = [7; 32];
const ALLOWANCE: u32 = 4;
const PROOFS: u32 = 3;
/// Executed only when all tensors together are at most so large.
const ENTRIES: usize = 1 << 14;

/// Honest bytes of every target.
pub struct Seeds {
    world: World,
    named: Vec<Commitment>,
    proof: tacit_prover::Proof,
    pub argument: Vec<Vec<u8>>,
    pub program: Vec<Vec<u8>>,
    pub program_file: Vec<Vec<u8>>,
    pub weights_file: Vec<Vec<u8>>,
    pub commitment_file: Vec<Vec<u8>>,
    pub secret_file: Vec<Vec<u8>>,
    pub proof_file: Vec<Vec<u8>>,
    pub journal: Vec<Vec<u8>>,
}

/// Without grinding a changed message is read to the end of the argument, or to the first wrong opening.
fn geometry() -> Geometry {
    Geometry {
        target: TARGET,
        grind: 0,
        ..toy()
    }
}

fn world(case: Case) -> World {
    let geometry = geometry();
    let slabs = commit_all(&case.prepared, &geometry, &slab_values(&case), 2, 6);
    World {
        case,
        geometry,
        slabs,
    }
}

pub static SEEDS: LazyLock<Seeds> = LazyLock::new(|| {
    let world = world(mlp());
    let proof = world.prove();
    let named = commitments(&world.slabs);
    let body = |file: Vec<u8>, kind| unseal(kind, &file).unwrap().to_vec();
    let prepared = &world.case.prepared;
    let program_file = ProgramFile {
        program: prepared.bytes.clone(),
        geometry: world.geometry.clone(),
        proofs: 2,
        notes: "{}".into(),
        architecture: Vec::new(),
    };
    let tensor = |(t, values): &(u32, Vec<i64>)| {
        (
            prepared.program.tensors[*t as usize].name.clone(),
            values.clone(),
        )
    };
    let weights = WeightsFile {
        program: prepared.digest,
        slab: "model".into(),
        tensors: world.case.givens.iter().take(4).map(tensor).collect(),
    };
    let proof_file = ProofFile {
        program: prepared.digest,
        slabs: named.iter().map(|c| c.identity()).collect(),
        publics: proof.publics.0.clone(),
        argument: proof.argument.clone(),
    };
    let secrets = world
        .slabs
        .iter()
        .flat_map(|s| [false, true].map(|code| s.to_bytes(code).unwrap().to_vec()));
    Seeds {
        argument: vec![proof.argument.clone()],
        program: [mlp(), linear(), links()]
            .map(|c| c.prepared.bytes)
            .to_vec(),
        program_file: vec![body(program_file.to_file().unwrap(), FileKind::Program)],
        weights_file: vec![body(weights.to_file().unwrap(), FileKind::Weights)],
        commitment_file: [model_commitment(&world), child_commitment(&linear())]
            .map(|file| body(file.to_file().unwrap(), FileKind::Commitment))
            .to_vec(),
        secret_file: secrets.collect(),
        proof_file: vec![body(proof_file.to_file().unwrap(), FileKind::Proof)],
        journal: vec![journal_of(PROOFS)],
        named,
        proof,
        world,
    }
});

/// The journal of the slab OWNED after PROOFS proofs.
fn journal_of(proofs: u32) -> Vec<u8> {
    let name = format!("tacit-fuzz-{}-{proofs}.journal", std::process::id());
    let path = std::env::temp_dir().join(name);
    let mut allowance = Allowance::create(&path, OWNED, ALLOWANCE, 0).unwrap();
    for i in 0..proofs {
        let _ = allowance.record(Entry::Opening([i as u8; 32])).unwrap();
    }
    for entry in [Entry::Refusal, Entry::Counter] {
        let _ = allowance.record(entry).unwrap();
    }
    drop(allowance);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    bytes
}

/// The model's commitment with its validity proof.
fn model_commitment(world: &World) -> CommitmentFile {
    let tensors = world.case.prepared.schema_tensors(0);
    let prepared = prepare_validity("model", &tensors).unwrap();
    let job = Job {
        prepared: &prepared,
        geometry: &world.geometry,
        slabs: &[&world.slabs[0]],
        context: VALIDITY_CONTEXT,
    };
    let none: [(u32, Vec<i64>); 0] = [];
    CommitmentFile {
        slab: "model".into(),
        tensors,
        commitment: world.slabs[0].commitment.clone(),
        validity: job
            .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
            .unwrap()
            .argument,
        rotation: None,
    }
}

/// A child of a model's master, with its link and the master's validity proof.
fn child_commitment(case: &Case) -> CommitmentFile {
    let (geometry, tensors) = (geometry(), case.prepared.schema_tensors(0));
    let name = case.prepared.program.slabs[0].name.clone();
    let cells = slab_cells(&case.prepared, 0, &slab_values(case)).unwrap();
    let links = Stream::new(&[3; 32], PADS).k_vec(2);
    let schema = case.prepared.schema(0);
    let master = commit(&geometry, true, schema, &cells, &links, 2, 6, [3; 32]).unwrap();
    let child = child_of(&master, 1, 2, [4; 32]).unwrap();
    let rotating = Rotating {
        slab: &name,
        tensors: &tensors,
        master: &master,
        child: &child,
        index: 1,
    };
    let rotation = rotating.prove_uncounted().unwrap();
    let prepared = prepare_validity(&name, &tensors).unwrap();
    let job = Job {
        prepared: &prepared,
        geometry: &geometry,
        slabs: &[&master],
        context: VALIDITY_CONTEXT,
    };
    let none: [(u32, Vec<i64>); 0] = [];
    CommitmentFile {
        slab: name,
        tensors,
        commitment: child.commitment.clone(),
        validity: job
            .prove_uncounted(ProveOptions::of(none), &mut tacit_pcs::NoHooks)
            .unwrap()
            .argument,
        rotation: Some((master.commitment.clone(), rotation)),
    }
}

/// Any argument for a fixed statement.
pub fn argument(data: &[u8]) -> bool {
    let seeds = &*SEEDS;
    verify(
        &seeds.world.case.prepared,
        &seeds.world.geometry,
        &seeds.named,
        &seeds.proof.publics,
        CONTEXT,
        data,
        TARGET,
    )
    .is_ok()
}

/// Any bytes as a program: what is accepted encodes to the same bytes, executes without a panic, and has a verifier.
pub fn program(data: &[u8]) -> bool {
    let Ok(prepared) = Prepared::from_bytes(data) else {
        return false;
    };
    assert_eq!(encode(&prepared.program).unwrap(), data);
    let tensors = &prepared.program.tensors;
    let size = tensors
        .iter()
        .fold(0usize, |n, t| n.saturating_add(entries(&t.shape)));
    let einsums = prepared.program.einsums.iter();
    let steps = einsums.fold(0usize, |n, e| n.saturating_add(entries(&e.extents)));
    let shapes = prepared.program.lookups.iter().map(|l| &l.shape);
    let shapes = shapes.chain(prepared.program.zeros.iter().map(|z| &z.shape));
    let relations = shapes.fold(0usize, |n, s| n.saturating_add(entries(s)));
    if size.saturating_add(steps).saturating_add(relations) > ENTRIES {
        return true;
    }
    let input = |t: u32| prepared.program.inputs.iter().any(|p| p.tensor == t);
    let lowest = |(i, t): (u32, &Tensor)| {
        let given = matches!(t.place, Place::Slab(_)) || input(i);
        given.then(|| (i, vec![t.lo; entries(&t.shape)]))
    };
    let givens: Vec<(u32, Vec<i64>)> = (0..).zip(tensors).filter_map(lowest).collect();
    let _ = execute(&prepared, givens);
    let lowest = prepared.publics.iter().map(|&t| {
        let t = &tensors[t as usize];
        vec![t.lo; entries(&t.shape)]
    });
    let publics = Publics(lowest.collect());
    let named = &SEEDS.named[..prepared.program.slabs.len().min(SEEDS.named.len())];
    let zeros = vec![0; 1 << 14];
    let answer = verify(&prepared, &geometry(), named, &publics, b"", &zeros, 0);
    assert!(answer.is_err());
    true
}

pub fn program_file(body: &[u8]) -> bool {
    parse::<ProgramFile>(body).is_ok_and(|file| file.prepare().is_ok())
}

pub fn weights_file(body: &[u8]) -> bool {
    parse::<WeightsFile>(body).is_ok()
}

/// Any commitment with its validity proof.
pub fn commitment_file(body: &[u8]) -> bool {
    let accepted = |file: CommitmentFile| {
        let _ = file.master();
        file.accept(TARGET)
            .is_ok_and(|found| found.validity().is_some())
    };
    parse(body).is_ok_and(accepted)
}

/// Any proof file for the fixed program and its commitments.
pub fn proof_file(body: &[u8]) -> bool {
    let world = &SEEDS.world;
    let prepared = &world.case.prepared;
    let named = unchecked(&SEEDS.named);
    let named: Vec<&Accepted> = named.iter().collect();
    let accepted = |file: ProofFile| {
        file.verify(prepared, &world.geometry, &named, CONTEXT, TARGET)
            .is_ok()
    };
    parse(body).is_ok_and(accepted)
}

/// The owner's own file. A domain that needs gigabytes is the owner's right: such bytes are left out.
pub fn secret_file(body: &[u8]) -> bool {
    let log_domain = body.get(7).copied().unwrap_or(0);
    if log_domain > 12 {
        return false;
    }
    // A stored code is believed (the checksum guards it), so only what is written with it has to come back.
    let Ok(slab) = Slab::from_bytes(body) else {
        return false;
    };
    let again = Slab::from_bytes(&slab.to_bytes(true).unwrap()).unwrap();
    assert_eq!(again.to_bytes(true).unwrap(), slab.to_bytes(true).unwrap());
    true
}

/// A budget's journal: what is accepted is the honest one, or where it stood before (which no file can rule out).
pub fn journal(data: &[u8]) -> bool {
    let Ok((identity, tally, _)) = read(data, 0) else {
        return false;
    };
    if (identity, tally.allowance) != (OWNED, ALLOWANCE) {
        return false;
    }
    assert!(tally.openings <= PROOFS && SEEDS.journal[0].starts_with(data));
    true
}

/// Any file as any kind: magic, version, checksum.
pub fn container(data: &[u8]) -> bool {
    let mut accepted = false;
    for kind in [
        FileKind::Program,
        FileKind::Weights,
        FileKind::Commitment,
        FileKind::Secret,
        FileKind::Proof,
    ] {
        if let Ok(body) = unseal(kind, data) {
            assert_eq!(seal(kind, body), data);
            accepted = true;
        }
    }
    accepted
}

/// A body in an honest container: the checksum guards nothing here. What is accepted encodes to the same bytes.
fn parse<T: Body>(body: &[u8]) -> Result<T, tacit_verifier::VerifyError> {
    let file = seal(T::KIND, body);
    let value = T::from_file(&file)?;
    assert_eq!(value.to_file().unwrap(), file);
    Ok(value)
}
