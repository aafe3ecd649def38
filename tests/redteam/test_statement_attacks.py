"""What a verifier is given in Python: other models, other names, commitments that nothing was proven of. All are refused."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import tacit
from tacit import _native
from tacit.errors import InvalidProof, TacitError
from tacit.reference.borsh import decode
from tacit.reference.files import COMMITMENT_FILE, PROGRAM_FILE, PROOF_FILE, Kind, unwrap, wrap

Compiled = tuple[tacit.Program, tacit.Weights]


def slug(call: Any) -> str:
    """The slug that it is refused with."""
    with pytest.raises(TacitError) as refused:
        call()
    return refused.value.slug


def rewritten(kind: Kind, codec: Any, data: bytes, **changes: Any) -> bytes:
    """A file with some fields changed and a fresh checksum."""
    body = decode(codec, unwrap(kind, data), "file")
    return wrap(kind, codec.write(dataclasses.replace(body, **changes)))


def test_other_weights(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    mine = tacit.commit_model(program, weights)
    name, values = next(iter(weights.tensors.items()))
    changed = tacit.Weights(program.digest, weights.role, {**weights.tensors, name: values + 1 - 2 * (values > 0)})
    other = tacit.commit_model(program, changed)
    proof = tacit.prove(program, other, sample)
    tacit.verify(program, proof, model=other.commitment)
    assert slug(lambda: tacit.verify(program, proof, model=mine.commitment)) == "commitments"
    # The same weights committed again are another commitment.
    again = tacit.commit_model(program, changed)
    assert again.commitment.identity != other.commitment.identity
    assert slug(lambda: tacit.verify(program, proof, model=again.commitment)) == "commitments"


def test_public_weights_are_compared(public: Compiled, sample: dict[str, Any]) -> None:
    program, weights = public
    name, values = next(iter(weights.tensors.items()))
    changed = tacit.Weights(program.digest, weights.role, {**weights.tensors, name: values + 1 - 2 * (values > 0)})
    proof = tacit.prove(program, tacit.commit_model(program, changed), sample)
    tacit.verify(program, proof, model=changed)
    assert slug(lambda: tacit.verify(program, proof, model=weights)) == "commitments"
    # A commitment file alone is not the values: nothing would bound them.
    made = tacit.commit_model(program, changed).commitment
    loaded = tacit.Commitment(_native.Commitment.from_file(made._native.to_file()))
    assert slug(lambda: tacit.verify(program, proof, model=loaded)) == "commitments"
    # Values out of their interval are not committed to.
    wide = tacit.Weights(program.digest, weights.role, {**weights.tensors, name: np.full_like(values, 1 << 40)})
    assert slug(lambda: tacit.verify(program, proof, model=wide)) == "range"


def test_a_commitment_without_its_validity(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secrets = [tacit.commit_model(program, weights) for _ in range(2)]
    proof = tacit.prove(program, secrets[0], sample)
    first, second = (s.commitment._native.to_file() for s in secrets)

    def answer(data: bytes) -> str:
        model = tacit.Commitment(_native.Commitment.from_file(data))
        return slug(lambda: tacit.verify(program, proof, model=model))

    foreign = decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, second), "file").validity

    def change(**changes: Any) -> bytes:
        return rewritten(Kind.COMMITMENT, COMMITMENT_FILE, first, **changes)

    assert answer(change(validity=b"")) == "validity"
    assert answer(change(validity=foreign)) == "validity"
    file = decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, first), "file")
    assert answer(change(tensors=file.tensors[1:])) == "schema"
    assert answer(change(slab="data")) == "validity"  # proven under the role that it was made with
    # A public commitment needs no validity, so a private one must not pass for one.
    bare = dataclasses.replace(file.commitment, header=dataclasses.replace(file.commitment.header, private=False))
    assert answer(change(validity=b"", commitment=bare)) in {"header", "commitments", "validity"}


def test_an_accepted_commitment_is_accepted_for_its_own_bits(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, sample)
    model = tacit.Commitment(_native.Commitment.from_file(secret.commitment._native.to_file()))
    tacit.verify(program, proof, model=model, security=100)
    tacit.verify(program, proof, model=model, security=128)
    # More than the geometry was made for: refused by the validity proof already, whatever was accepted before.
    assert slug(lambda: tacit.verify(program, proof, model=model, security=129)) == "validity"


def test_a_program_file_that_lies_about_its_geometry(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, sample)
    data = program._native.to_file()
    geometry = decode(PROGRAM_FILE, unwrap(Kind.PROGRAM, data), "file").geometry
    changes: list[dict[str, Any]] = [{"queries": 1}, {"grind": 0}, {"target": 100}, {"target": 200}]
    for change in changes:
        lied = rewritten(Kind.PROGRAM, PROGRAM_FILE, data, geometry=dataclasses.replace(geometry, **change))
        other = tacit.Program(_native.Program.from_file(lied))
        assert other.digest == program.digest
        got = slug(lambda other=other: tacit.verify(other, proof, model=secret.commitment))
        assert got in {"header", "target", "security"}, (change, got)


def test_public_tensors_of_a_proof_file(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, sample, context=b"for you")
    publics = decode(PROOF_FILE, unwrap(Kind.PROOF, proof.data), "file").publics

    def answer(context: bytes = b"for you", **changes: Any) -> str:
        data = rewritten(Kind.PROOF, PROOF_FILE, proof.data, **changes)
        return slug(lambda: tacit.verify(program, data, model=secret.commitment, context=context))

    first = list(publics[0])
    port = next(iter(program.outputs.values()))
    assert answer(publics=[[first[0] + 1, *first[1:]]]) in {"merkle", "grinding", "alpha", "public_interval"}
    # p more is the same element of the field, but not an integer that fits; the interval's ends are checked.
    assert answer(publics=[[port.hi + 1, *first[1:]]]) == "public_interval"
    assert answer(publics=[[port.lo - 1, *first[1:]]]) == "public_interval"
    assert answer(publics=[first[1:]]) == "public_shape"
    assert answer(publics=[]) == "public_shape"
    assert answer(publics=[first, first]) == "public_shape"
    assert answer(program=bytes(32)) == "program"
    assert answer(context=b"for another") in {"merkle", "grinding", "alpha"}
    with pytest.raises(InvalidProof) as longer:
        tacit.verify(program, proof.data + b"\0", model=secret.commitment, context=b"for you")
    assert longer.value.slug == "checksum"
