//! Shared vectors: JSON in `vectors/`, numbers and bytes in hex.

use serde_json::{json, Value};
use std::fmt::Write;
use std::path::PathBuf;
use tacit_algebra::field::{f_from_bytes, f_to_bytes};
use tacit_algebra::{k_from_bytes, k_to_bytes, Affine, F, K};
use tacit_transcript::Sponge;

fn path(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors");
    folder.join(format!("{name}.json"))
}

pub fn load(name: &str) -> Value {
    let text = std::fs::read_to_string(path(name)).expect("the vectors of the repository");
    serde_json::from_str(&text).unwrap()
}

/// What the repository holds; with `TACIT_WRITE_VECTORS` it is written first.
pub fn stored(name: &str, made: &Value) -> Value {
    if std::env::var_os("TACIT_WRITE_VECTORS").is_some() {
        let text = serde_json::to_string_pretty(made).unwrap() + "\n";
        std::fs::write(path(name), text).unwrap();
    }
    load(name)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

pub fn bytes(v: &Value) -> Vec<u8> {
    let s = v.as_str().unwrap();
    (0..s.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&s[i..i + 2], 16).unwrap())
        .collect()
}

pub fn array<const N: usize>(v: &Value) -> [u8; N] {
    bytes(v).try_into().unwrap()
}

pub fn number(v: &Value) -> usize {
    v.as_u64().unwrap() as usize
}

pub fn f(v: &Value) -> F {
    f_from_bytes(array(v)).unwrap()
}

pub fn k(v: &Value) -> K {
    k_from_bytes(&array(v)).unwrap()
}

/// All entries of a list, which may be empty.
pub fn each<T>(v: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    v.as_array().unwrap().iter().map(read).collect()
}

/// All entries of a list that is not empty.
pub fn list<T>(v: &Value, read: impl Fn(&Value) -> T) -> Vec<T> {
    let out = each(v, read);
    assert!(!out.is_empty());
    out
}

/// Elements of F as one string.
pub fn elements(v: &Value) -> Vec<F> {
    let read = |c: &[u8; 8]| f_from_bytes(*c).unwrap();
    bytes(v).as_chunks::<8>().0.iter().map(read).collect()
}

pub fn of_elements(x: &[F]) -> Value {
    let all: Vec<u8> = x.iter().flat_map(|&x| f_to_bytes(x)).collect();
    json!(hex(&all))
}

pub fn of_k(x: K) -> Value {
    json!(hex(&k_to_bytes(&x)))
}

pub fn of_ks(x: &[K]) -> Value {
    x.iter().map(|&x| of_k(x)).collect()
}

/// A constant and (number, coefficient) of pads: an affine value without forms.
pub fn of_affine(x: &Affine) -> Value {
    let pads: Vec<Value> = x.pads.iter().map(|&(i, c)| json!([i, of_k(c)])).collect();
    json!({"constant": of_k(x.constant), "pads": pads})
}

pub fn affine(v: &Value) -> Affine {
    Affine {
        constant: k(&v["constant"]),
        pads: each(&v["pads"], |p| (number(&p[0]) as u32, k(&p[1]))),
        forms: Vec::new(),
    }
}

/// What a transcript has absorbed before the first byte of an argument, and its state then.
pub fn of_start(absorbed: &[(&str, Vec<u8>)]) -> Value {
    let mut sponge = Sponge::new();
    let mut list = Vec::new();
    for (kind, data) in absorbed {
        sponge.absorb(kind, data);
        list.push(json!({"kind": kind, "data": hex(data)}));
    }
    json!({"absorbed": list, "state": hex(sponge.state())})
}

pub fn start(v: &Value) -> Sponge {
    let mut sponge = Sponge::new();
    for step in v["absorbed"].as_array().unwrap() {
        sponge.absorb(step["kind"].as_str().unwrap(), &bytes(&step["data"]));
    }
    assert_eq!(*sponge.state(), array(&v["state"]));
    sponge
}

/// At byte `at`, `remove` bytes give way to `insert`.
pub fn edit(at: usize, remove: usize, insert: &[u8]) -> Value {
    json!({"at": at, "remove": remove, "insert": hex(insert)})
}

/// One edit that makes `b` of `a`: what they share in front and behind is kept.
pub fn edit_between(a: &[u8], b: &[u8]) -> Value {
    let same = |(x, y): &(&u8, &u8)| x == y;
    let front = a.iter().zip(b).take_while(same).count();
    let most = a.len().min(b.len()) - front;
    let behind = a.iter().rev().zip(b.iter().rev()).take(most);
    let behind = behind.take_while(same).count();
    let insert = &b[front..b.len() - behind];
    edit(front, a.len() - behind - front, insert)
}

/// The argument after the edit, if there is one.
pub fn edited(argument: &[u8], edit: &Value) -> Vec<u8> {
    if edit.is_null() {
        return argument.to_vec();
    }
    let (at, remove) = (number(&edit["at"]), number(&edit["remove"]));
    let insert = bytes(&edit["insert"]);
    [&argument[..at], &insert, &argument[at + remove..]].concat()
}
