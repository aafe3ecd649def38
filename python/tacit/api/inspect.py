"""`tacit.inspect`: what a file or an object is, in words and numbers. It verifies nothing."""

from __future__ import annotations

import os
from typing import Any

from tacit import _native
from tacit.api.native import FILE_KINDS, failures, read_file
from tacit.api.objects import Commitment, Program, Proof, Secret, Weights
from tacit.errors import InputError


def inspect(thing: Any) -> dict[str, Any]:
    """Describe a file (by path) or an object of this package. Raises InputError, InvalidProof."""
    if isinstance(thing, (str, os.PathLike)):
        return _file(thing)
    if isinstance(thing, Program):
        return _program(thing)
    if isinstance(thing, Weights):
        return _weights(thing)
    if isinstance(thing, Commitment):
        return _commitment(thing)
    if isinstance(thing, Secret):
        return {**_commitment(thing.commitment), "kind": "secret", **_left(thing)}
    if isinstance(thing, Proof):
        return _proof(thing.data)
    raise InputError(f"cannot describe a {type(thing).__name__}", slug="kind", place="inspect")


def _file(path: str | os.PathLike[str]) -> dict[str, Any]:
    data = read_file(path)
    kind = FILE_KINDS.get(data[6]) if data[:6] == b"TACIT\0" and len(data) > 6 else None
    found: dict[str, Any]
    if kind == "program":
        found = _program(Program.load(path))
    elif kind == "weights":
        found = _weights(Weights.load(path))
    elif kind == "commitment":
        found = _commitment(Commitment.load(path))
    elif kind == "secret":
        found = inspect(Secret.load(path))
    elif kind == "proof":
        with failures(str(path)):
            found = _proof(data)
    else:
        raise InputError("not a file of this package", slug="magic", place=str(path))
    return {"file": os.fspath(path), "bytes": len(data), **found}


def _program(program: Program) -> dict[str, Any]:
    def port(p: Any) -> dict[str, Any]:
        low, high = p.range
        return {"shape": list(p.shape), "range": [low, high], "step": 2.0**-p.frac, "visible": p.place}

    hidden = [name for name, p in program.inputs.items() if p.place != "public"]
    hidden += [f"values of {name}" for name, private in program.slabs.items() if private]
    return {
        "kind": "program",
        "statement": f"'{program.name}' was run exactly as this program says, on the committed and public values",
        "digest": program.digest,
        "inputs": {name: port(p) for name, p in program.inputs.items()},
        "outputs": {name: port(p) for name, p in program.outputs.items()},
        "commitments needed": {name: _needed(name, private) for name, private in program.slabs.items()},
        "hidden": hidden,
        "proofs of one commitment": program.proofs,
        "sizes": program.estimate,
        "geometry": dict(program._native.describe_geometry()),
        "soundness": program.soundness,
        "accuracy": program.report,
    }


def _needed(slab: str, private: bool) -> str:
    if slab == "output":
        return "made along with each proof"
    return "private" if private else "public"


def _weights(weights: Weights) -> dict[str, Any]:
    return {
        "kind": "weights",
        "statement": "integers of a model: keep them to yourself, unless the program declares them public",
        "program": weights.program,
        "slab": weights.slab,
        "tensors": {name: int(values.size) for name, values in weights.tensors.items()},
    }


def _role(commitment: Commitment) -> dict[str, Any]:
    """Plain, master or child, and the budget that follows."""
    native = commitment._native
    if commitment.master is not None:
        return {"child of": commitment.master, "budget of proofs (one spent on the link)": native.budget}
    if native.children:
        return {"master of": f"up to {native.children} children", "budget (one spent on validity)": native.budget}
    return {"budget of proofs (one spent on validity)": native.budget}


def _left(secret: Secret) -> dict[str, Any]:
    if secret.commitment._native.children:
        return {"children left": secret.children}
    return {"proofs left": secret.remaining}


def _commitment(commitment: Commitment) -> dict[str, Any]:
    native = commitment._native
    return {
        "kind": "commitment",
        "statement": f"binds its owner to the values of '{commitment.slab}'"
        + (", each within its declared interval (validity proof inside)" if native.validity_bytes else ""),
        "slab": commitment.slab,
        "identity": commitment.identity,
        "root": native.root.hex(),
        "hides its values": commitment.private,
        **_role(commitment),
        "security": native.target,
        "validity bytes": native.validity_bytes,
        "tensors": [{"name": n, "shape": list(s), "interval": [lo, hi]} for n, s, lo, hi in commitment.tensors],
    }


def _proof(data: bytes) -> dict[str, Any]:
    with failures():
        program, publics, size = _native.proof_from_file(data)
    return {
        "kind": "proof",
        "statement": "the public tensors below follow from the program and the commitments; verify it to know",
        "program": program.hex(),
        "public tensors": [v if len(v) <= 16 else f"{len(v)} integers" for v in publics],
        "argument bytes": size,
    }
