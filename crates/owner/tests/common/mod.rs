//! A small deployment with real parameters, and a folder of its own for every test.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use tacit_owner::{commit, Allowance, Deployment, OwnerError, Secret, Tensors};
use tacit_params::Optimize;
use tacit_program::{Hint, Place, Port, Prepared};
use tacit_prover::Proof;
use tacit_testkit::{expr, product, same, Builder};

/// Bits that the tests insist on.
pub const BITS: u16 = 100;
/// Proofs that the deployment is made for.
pub const PROOFS: u32 = 3;
/// The input's tensor.
pub const X: u32 = 1;

/// y = W x with 2 outputs and 3 inputs; y must stay within -20 to 20, which W = 3 and x = 7 do not.
fn scores(private: bool) -> Prepared {
    let mut p = Builder::new("scores", &[("model", private)]);
    let w = p.tensor("W", &[2, 3], Place::Slab(0), -4, 3);
    let x = p.tensor("x", &[3], Place::Public, -8, 7);
    let y = p.tensor("y", &[2], Place::Public, -20, 20);
    let sizes = [('o', 2), ('k', 3)];
    let (left, right) = (expr(0, vec![same(1, w, 2)]), expr(0, vec![same(1, x, 1)]));
    let sum = p.einsum("sum", "ok,k->o", &sizes, left, right);
    let sum = product(1, sum, 1);
    p.zero("y", &[2], expr(0, vec![sum.clone(), same(-1, y, 1)]));
    p.hint(Hint::Linear {
        dst: y,
        expr: expr(0, vec![sum]),
    });
    let port = |name: &str, tensor, frac| Port {
        name: name.into(),
        tensor,
        frac,
    };
    p.program.inputs.push(port("x", x, 1));
    p.program.outputs.push(port("y", y, 2));
    assert_eq!(x, X);
    p.prepare()
}

pub fn deployment() -> Deployment {
    Deployment::derive(scores(true), PROOFS, BITS, Optimize::Balanced).unwrap()
}

pub fn public_deployment() -> Deployment {
    Deployment::derive(scores(false), PROOFS, BITS, Optimize::Balanced).unwrap()
}

pub fn weights() -> Tensors {
    vec![("W".into(), vec![1, -2, 3, 3, 3, 3])]
}

pub fn committed(deployment: &Deployment, allowance: Allowance) -> Secret {
    commit(deployment, "model", weights(), allowance).unwrap_or_else(|e| panic!("{e}"))
}

/// A proof for an input that has one.
pub fn prove(deployment: &Deployment, secret: &Secret) -> Result<Proof, OwnerError> {
    prove_input(deployment, secret, [1, 2, 3])
}

pub fn prove_input(
    deployment: &Deployment,
    secret: &Secret,
    x: [i64; 3],
) -> Result<Proof, OwnerError> {
    tacit_owner::prove(deployment, &[secret], vec![(X, x.to_vec())], b"")
}

/// Input values that are in range, and whose output is not.
pub const NO_ROOM: [i64; 3] = [7, 7, 7];

pub fn slug<T>(result: Result<T, OwnerError>) -> String {
    result.map_or_else(|e| e.slug, |_| "accepted".into())
}

/// Gone with the value.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let name = format!("tacit-owner-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Writes secret and journal as an owner does.
pub fn save(secret: &Secret, path: &Path) {
    std::fs::write(path, b"").unwrap();
    secret.write(path).unwrap();
    secret.start_journal(path).unwrap();
}
