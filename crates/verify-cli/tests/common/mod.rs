//! Real files of small programs, as an owner makes them.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use tacit_owner::{commit, compute, prove, rotate, Allowance, Deployment, Secret};
use tacit_params::Optimize;
use tacit_program::{Hint, Place, Port, Prepared};
use tacit_testkit::{expr, product, same, Builder};
use tacit_verifier::files::{Body, ProofFile, WeightsFile};
use tacit_verify::{verify, Given, Known, Refusal, Request, Statement};

pub const BITS: u16 = 100;
pub const CONTEXT: &[u8] = b"nonce 1";
/// Integers of the input; real values are half of them.
pub const X: [i64; 3] = [1, 2, -3];
/// W x.
pub const Y: [i64; 2] = [-12, 0];
const W: [i64; 6] = [1, -2, 3, 3, 3, 3];

/// Where the values of a program stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A private model; the input and the output are shown.
    Plain,
    /// The same; the input is private.
    PrivateInput,
    /// The weights are public.
    PublicModel,
    /// Input and output lie in commitments of their own.
    Committed,
}

fn scores(kind: Kind) -> Prepared {
    let slabs: &[(&str, bool)] = match kind {
        Kind::Plain | Kind::PrivateInput => &[("model", true)],
        Kind::PublicModel => &[("model", false)],
        Kind::Committed => &[("model", true), ("data", true), ("output", true)],
    };
    let (input, output) = match kind {
        Kind::Plain | Kind::PublicModel => (Place::Public, Place::Public),
        Kind::PrivateInput => (Place::Witness, Place::Public),
        Kind::Committed => (Place::Slab(1), Place::Slab(2)),
    };
    let mut p = Builder::new("scores", slabs);
    let w = p.tensor("W", &[2, 3], Place::Slab(0), -4, 3);
    let x = p.tensor("x in", &[1, 3], input, -8, 7);
    let y = p.tensor("y out", &[1, 2], output, -100, 100);
    if kind == Kind::PrivateInput {
        // A value of the witness needs a lookup that bounds it.
        let range = p.table("range", tacit_program::TableKind::Range { lo: -8, len: 16 });
        p.lookup(
            "x",
            range,
            &[1, 3],
            expr(0, vec![same(1, x, 2)]),
            0,
            expr(0, vec![]),
        );
    }
    let sizes = [('b', 1), ('o', 2), ('k', 3)];
    let (left, right) = (expr(0, vec![same(1, x, 2)]), expr(0, vec![same(1, w, 2)]));
    let sum = p.einsum("sum", "bk,ok->bo", &sizes, left, right);
    let sum = product(1, sum, 2);
    p.zero("y", &[1, 2], expr(0, vec![sum.clone(), same(-1, y, 2)]));
    let expr = expr(0, vec![sum]);
    p.hint(Hint::Linear { dst: y, expr });
    let port = |name: &str, tensor, frac| Port {
        name: name.into(),
        tensor,
        frac,
    };
    p.program.inputs.push(port("x", x, 1));
    p.program.outputs.push(port("y", y, 2));
    p.prepare()
}

/// The files of one proof: program, proof, then the commitments in the order of the program, and what else was made.
pub struct Files {
    pub program: Vec<u8>,
    pub proof: Vec<u8>,
    pub commitments: Vec<Vec<u8>>,
    /// The master that the model is a child of.
    pub master: Option<Vec<u8>>,
}

fn committed(deployment: &Deployment, role: &str, tensor: &str, values: &[i64]) -> Secret {
    let given = vec![(tensor.to_owned(), values.to_vec())];
    commit(deployment, role, given, Allowance::proofs(2)).unwrap_or_else(|e| panic!("{e}"))
}

fn commitment(secret: &Secret) -> Vec<u8> {
    secret.public().to_file().unwrap()
}

pub fn files(kind: Kind) -> Files {
    let deployment = Deployment::derive(scores(kind), 2, BITS, Optimize::Balanced).unwrap();
    let model = committed(&deployment, "model", "W", &W);
    let mut made = with(&deployment, kind, model);
    if kind == Kind::PublicModel {
        made.commitments = vec![weights(&deployment, &W).to_file().unwrap()];
    }
    made
}

/// A proof that was made with a child.
pub fn rotated() -> Files {
    let deployment = Deployment::derive(scores(Kind::Plain), 2, BITS, Optimize::Balanced).unwrap();
    let given = vec![("W".to_owned(), W.to_vec())];
    let allowance = Allowance::children(2);
    let master = commit(&deployment, "model", given, allowance).unwrap();
    let child = rotate(&master, Some(1), None).unwrap();
    let mut made = with(&deployment, Kind::Plain, child);
    made.master = Some(commitment(&master));
    made
}

/// The public weights of a program, with these integers.
pub fn weights(deployment: &Deployment, values: &[i64]) -> WeightsFile {
    WeightsFile {
        program: deployment.prepared.digest,
        slab: "model".into(),
        tensors: vec![("W".into(), values.to_vec())],
    }
}

pub fn public_weights(values: &[i64]) -> WeightsFile {
    let deployment = Deployment::derive(scores(Kind::PublicModel), 2, BITS, Optimize::Balanced);
    weights(&deployment.unwrap(), values)
}

fn with(deployment: &Deployment, kind: Kind, model: Secret) -> Files {
    let mut secrets = vec![model];
    let mut given = vec![(1, X.to_vec())];
    if kind == Kind::Committed {
        given.clear();
        secrets.push(committed(deployment, "data", "x in", &X));
        let known: Vec<&Secret> = secrets.iter().collect();
        let computed = compute(deployment, &known, vec![], "output").unwrap();
        let values = computed[0].1.to_vec();
        assert_eq!(values, Y);
        secrets.push(committed(deployment, "output", "y out", &values));
    }
    let all: Vec<&Secret> = secrets.iter().collect();
    let proof = prove(deployment, &all, given, CONTEXT).unwrap_or_else(|e| panic!("{e}"));
    let file = ProofFile {
        program: deployment.prepared.digest,
        slabs: secrets.iter().map(Secret::identity).collect(),
        publics: proof.publics.0,
        argument: proof.argument,
    };
    Files {
        program: deployment.file().to_file().unwrap(),
        proof: file.to_file().unwrap(),
        commitments: secrets.iter().map(commitment).collect(),
        master: None,
    }
}

impl Files {
    pub fn verify(&self) -> Result<Statement, Refusal> {
        self.verify_with(CONTEXT, BITS, &[])
    }

    pub fn verify_with(
        &self,
        context: &[u8],
        security: u16,
        known: &[Known],
    ) -> Result<Statement, Refusal> {
        let all = self.commitments.iter().chain(&self.master);
        let commitments: Vec<Given<'_>> = all
            .map(|bytes| Given {
                place: "given",
                bytes,
                role: None,
            })
            .collect();
        verify(&Request {
            program: &self.program,
            proof: &self.proof,
            commitments: &commitments,
            rotation: None,
            context,
            security,
            known,
        })
    }

    /// The slug of the refusal; every refusal says where and what next.
    pub fn slug(&self) -> &'static str {
        slug(self.verify())
    }
}

pub fn slug(result: Result<Statement, Refusal>) -> &'static str {
    result.map_or_else(
        |e| {
            assert!(!e.remedy.is_empty(), "{e}");
            e.slug
        },
        |_| "accepted",
    )
}

/// A folder that is gone with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let name = format!("tacit-verify-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    /// Writes a file and gives its name.
    pub fn write(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path.display().to_string()
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
