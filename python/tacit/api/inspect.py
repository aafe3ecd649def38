"""`tacit.inspect`: what a file or an object is, in words and numbers. It verifies nothing."""

from __future__ import annotations

import os
from math import floor
from typing import Any

import numpy as np

from tacit import _native
from tacit.api.claims import input_claims, predicate_of, predicates
from tacit.api.disclosure import described
from tacit.api.kinds import HEAD, kind_of
from tacit.api.native import failures, read_file
from tacit.api.objects import Commitment, Program, Proof, Weights
from tacit.api.parameters import check
from tacit.api.secret import Secret
from tacit.errors import InputError
from tacit.program import Program as Decoded
from tacit.program import Public, addresses

#: Kinds that other packages read: what they are called, and by what they are read.
_ELSEWHERE = {
    "manifest": ("a manifest", "data.Manifest"),
    "revocations": ("revocations", "data.Revocations"),
    "training proof": ("a training proof", "train.TrainingProof"),
}
#: How many public numbers are shown, how many names of one kind.
MOST, MOST_NAMES = 16, 4


def inspect(thing: Any, *, program: Program | None = None) -> dict[str, Any]:
    """Describe a file (by path) or an object of this package. Raises InputError, InvalidProof.

    `program`: of a proof; then its public values have names and units, and its soundness and what it hides are told.
    """
    check("program", program, Program, optional=True)
    if isinstance(thing, (str, os.PathLike)):
        return _file(thing, program)
    if isinstance(thing, Program):
        return _program(thing)
    if isinstance(thing, Weights):
        return _weights(thing)
    if isinstance(thing, Commitment):
        return _commitment(thing)
    if isinstance(thing, Secret):
        return {**_commitment(thing.commitment), "kind": "secret", **_left(thing)}
    if isinstance(thing, Proof):
        return _proof(thing.data, program)
    raise InputError(f"cannot describe a {type(thing).__name__}", slug="kind", place="inspect")


def _file(path: str | os.PathLike[str], program: Program | None) -> dict[str, Any]:
    # Nobody can wipe what Python holds: a secret is read where that can be done. A pipe is read once.
    head = read_file(path, HEAD) if os.path.isfile(path) else b""
    data = b"" if kind_of(head) == "secret" else read_file(path)
    kind = kind_of(data or head)
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
            found = _proof(data, program)
    elif kind == "journal":
        found = _journal(data)
    elif kind in _ELSEWHERE:
        what, reader = _ELSEWHERE[kind]
        raise InputError(
            f"cannot describe {what}",
            slug="kind",
            place=str(path),
            remedy=f"tacit.{reader}.load reads it; `tacit inspect` shows it",
        )
    else:
        raise InputError(
            "not a program, weights, a commitment, a secret, its journal, or a proof",
            slug="magic",
            place=str(path),
            remedy="the command `tacit inspect` knows every file that tacit writes (schemas, deployments, registries, lineages), "
            "tables and arrays; this may be none of them",
        )
    return {"file": os.fspath(path), "bytes": len(data) or os.path.getsize(path), **found}


def _program(program: Program) -> dict[str, Any]:
    def port(p: Any) -> dict[str, Any]:
        low, high = p.range
        found = {"shape": list(p.shape), "range": [low, high], "step": 2.0**-p.frac, "visible": p.place}
        asks = predicate_of(p)
        return found if asks is None else {**found, "says whether": asks}

    claims = input_claims(program)
    hidden = _hidden(program)
    told = {"told of what is hidden": described(Decoded.decode(program._native.bytes()), MOST_NAMES)} if hidden else {}

    return {
        "kind": "program",
        "statement": f"'{program.name}' was run exactly as this program says, on the committed and public values",
        "digest": program.digest,
        "inputs": {name: {**port(p), "a proof says": claims[name].says} for name, p in program.inputs.items()},
        "outputs": {name: port(p) for name, p in program.outputs.items()},
        "commitments needed": {name: _needed(name, private) for name, private in program.commitments.items()},
        "hidden": hidden,
        **told,
        "proofs of one commitment": program.proofs,
        "sizes": program.estimate,
        "geometry": dict(program._native.describe_geometry()),
        "soundness": program.soundness,
        "architecture": program.told_architecture,
    }


def _hidden(program: Program) -> list[str]:
    hidden = [name for name, p in program.inputs.items() if p.place != "public"]
    return hidden + [f"values of {name}" for name, private in program.commitments.items() if private]


def _needed(role: str, private: bool) -> str:
    if role == "output":
        return "made along with each proof"
    return "private" if private else "public"


def _weights(weights: Weights) -> dict[str, Any]:
    return {
        "kind": "weights",
        "statement": "integers of a model: keep them to yourself, unless the program declares them public",
        "program": weights.program,
        "role": weights.role,
        "tensors": {name: int(values.size) for name, values in weights.tensors.items()},
    }


def _role(commitment: Commitment) -> dict[str, Any]:
    """Plain, master, child or renewal, and the allowance that follows."""
    native = commitment._native
    if native.renews:
        return {"renewal of": commitment.master, "allowance (validity, rotation and renewal counted)": native.budget}
    if commitment.master is not None:
        return {"child of": commitment.master, "allowance of proofs (one spent on the rotation)": native.budget}
    if not native.private:
        return {}
    if native.children:
        return {
            "master of": f"up to {native.children} children",
            "allowance (one spent on validity, one kept for a renewal)": native.budget,
        }
    return {"allowance (one spent on validity, one kept for a renewal)": native.budget}


def _left(secret: Secret) -> dict[str, Any]:
    """What can still be made with it."""
    if secret.remaining is None:
        return {"proofs left": None}
    found: dict[str, Any] = (
        {"children left": secret.children} if secret.commitment._native.children else {"proofs left": secret.remaining}
    )
    found["refusals left"] = secret.remaining_refusals
    if secret.renewed:
        found["renewed"] = "another commitment has taken its place"
    if secret._native.counter:
        found["counter"] = "a counter elsewhere must agree before it proves"
    return found


def _commitment(commitment: Commitment) -> dict[str, Any]:
    native = commitment._native
    return {
        "kind": "commitment",
        "statement": f"binds its owner to the values of '{commitment.role}'"
        + (", each within its declared interval (validity proof inside)" if native.validity_bytes else ""),
        "role": commitment.role,
        "identity": commitment.identity,
        "root": native.root.hex(),
        "hides its values": commitment.private,
        **_role(commitment),
        "security": native.target,
        **({} if native.hiding is None else {"blinding, in bits": floor(10 * native.hiding) / 10}),
        "validity bytes": native.validity_bytes,
        "tensors": [{"name": n, "shape": list(s), "interval": [lo, hi]} for n, s, lo, hi in commitment.tensors],
    }


def _proof(data: bytes, of: Program | None) -> dict[str, Any]:
    with failures():
        program, named, publics, size = _native.proof_from_file(data)
    identities = [identity.hex() for identity in named]
    found: dict[str, Any] = {
        "kind": "proof",
        "statement": "the public tensors below follow from the program and the commitments; verify it to know",
        "program": program.hex(),
        "argument bytes": size,
    }
    if of is None:
        found["made with commitments"] = identities
        shown = [v if len(v) <= MOST else f"{len(v)} integers" for v in publics]
        return found | {
            "public tensors": shown,
            "more": "what it says of its inputs, what it hides and its soundness are its program's: inspect that, or give it "
            "as program",
        }
    if program.hex() != of.digest:
        raise InputError(
            f"expected a proof for program {of.digest[:16]}, got one for {program.hex()[:16]}",
            slug="program",
            place="program",
        )
    by_role = dict(zip(of.commitments, identities, strict=False))
    found["made with commitments"] = by_role
    says = [claim.says for claim in input_claims(of, by_role).values()]
    return found | {
        "of its inputs": says,
        "claims": _claims(of, publics),
        "hidden": _hidden(of),
        "soundness": of.soundness,
    }


def _claims(program: Program, publics: list[list[int]]) -> dict[str, Any]:
    """Public inputs and outputs by name, in real units."""
    decoded = Decoded.decode(program._native.bytes())
    called = zip(addresses(decoded.slabs, decoded.tensors), decoded.tensors, strict=True)
    names = [name for name, tensor in called if isinstance(tensor.place, Public)]
    values = dict(zip(names, publics, strict=False))
    found: dict[str, Any] = {}
    for word, ports in (("input", program.inputs), ("output", program.outputs)):
        for name, port in ports.items():
            entries = values.get(port.tensor)
            if entries is None:
                continue
            if len(entries) != int(np.prod(port.shape)):
                raise InputError(f"expected {port.shape}, got {len(entries)} integers", slug="shape", place=name)
            real = port.dequantize(np.asarray(entries)).tolist()
            asked = predicates(program, {name: entries} if word == "output" else {})
            shown = asked[name].says if name in asked else real
            found[f"{word} {name}"] = shown if len(entries) <= MOST else f"{len(entries)} numbers"
    return found


def _journal(data: bytes) -> dict[str, Any]:
    """The sums of its records."""
    with failures():
        identity, allowance, openings, refusals, most, renewed, counter = _native.journal(data)
    return {
        "kind": "journal",
        "statement": "counts what was spent of a secret's allowance; stays beside the secret, and is never copied back",
        "identity": identity.hex(),
        "allowance (validity, rotation and renewal counted)": allowance,
        "spent": openings,
        "refused for hidden values": refusals,
        "refusals at most": most,
        "renewed": renewed,
        "counter elsewhere": counter,
    }
