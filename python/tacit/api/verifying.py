"""The verifier's calls: what a proof states, and whether a commitment was renewed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tacit import _native
from tacit.api.architecture import CHECKED, NONE, NOT_CHECKED
from tacit.api.calls import commit_model
from tacit.api.claims import input_claims, predicates
from tacit.api.matching import commitment_for
from tacit.api.native import failures
from tacit.api.objects import Array, Commitment, Program, Proof, Statement, Weights, check_target
from tacit.api.parameters import check, further
from tacit.errors import InvalidProof


def verify(
    program: Program,
    proof: Proof | bytes,
    *,
    model: Commitment | Weights | None = None,
    data: Commitment | None = None,
    output: Commitment | None = None,
    commitments: Mapping[str, Commitment | Weights] | None = None,
    rotation: Commitment | None = None,
    context: bytes = b"",
    security: int = 128,
    require_check: bool = False,
) -> Statement:
    """Accept a proof and say what it states, or raise InvalidProof with the reason and the part that differs.

    What it states of the inputs is in `Statement.says`: of a private one only that there is one that gives this output.

    A proof names its program and commitments: others are refused by name (slugs program, commitments). When those are right,
    an argument that does not fit is bound to another context, or the proof was changed.

    `model`: the model's commitment; its validity proof (and, for a child, its rotation) is checked once. Where the
    program says that weights are public, the Weights themselves. `data`: the commitment of the committed inputs, from whoever
    vouches for them. `output`: the commitment that came with the proof, where the program commits its outputs. `commitments`:
    those of any further roles that the program has, such as a training program's "next". A commitment of another role is taken
    where its tensors are those of the program's slab. `rotation`: the fresh commitment that the proof was made with (a child, a
    renewal), where one of the others is the one before it, which is trusted. `context`: the bytes that the proof must be
    bound to. `security`: the proven bits to insist on, 1 to 160. `require_check`: check before anything is verified that the
    program computes the layers that it names (`Program.check`), or raise ProgramError: a proof is about a program, and says
    nothing of a model that the program does not compute.
    """
    check("program", program, Program)
    check("require_check", require_check, bool)
    check("proof", proof, Proof, bytes, bytearray, memoryview)
    check("model", model, Commitment, Weights, optional=True)
    for name, one in (("data", data), ("output", output), ("rotation", rotation)):
        check(name, one, Commitment, optional=True)
    check("context", context, bytes, bytearray)
    check_target(security)
    raw = proof.data if isinstance(proof, Proof) else bytes(proof)
    with failures():
        read = _native.Proof.from_file(raw)
        read.check_program(program._native)
    if require_check:
        program.check()
    given: dict[str, Commitment | Weights | None] = {"model": model, "data": data, "output": output}
    given |= further(commitments, *given)
    for name, each in given.items():
        check(name, each, Commitment, Weights, optional=True)
    if rotation is not None:
        role = _rotated_role(given, rotation)
        given[role] = _rotated(given.get(role), rotation)
    accepted = [_commitment(program, name, given.pop(name, None), security) for name in program.commitments]
    for name, value in given.items():
        if value is not None:
            raise InvalidProof("the program has no such commitment", slug="commitments", place=name)
    with failures():
        natives = [c._native for c in accepted]
        found = _native.verify(program._native, natives, read, context, int(security))
    return _statement(program, accepted, found, context)


def _rotated_role(given: Mapping[str, Commitment | Weights | None], child: Commitment) -> str:
    """Where its master stands; the child's own role where nowhere."""
    for role, one in given.items():
        if isinstance(one, Commitment) and one.identity == child.master:
            return role
    return child.role


def _rotated(master: Commitment | Weights | None, child: Commitment) -> Commitment:
    """The child, if it names this master; whether it is one is what `accept` checks."""
    if not isinstance(master, Commitment):
        raise InvalidProof("expected the commitment of its master", slug="commitments", place=child.role)
    check_origin(child, master, "child", "pass a commitment that was made by rotating this master")
    return child


def check_origin(made: Commitment, of: Commitment, kind: str, remedy: str) -> None:
    """Raise InvalidProof unless the one names the other: what it was made of, as a `kind` of it."""
    if made.master != of.identity:
        named = f"no {kind}" if made.master is None else f"one of {made.master[:16]}"
        raise InvalidProof(
            f"expected a {kind} of {of.identity[:16]}, got {named}", slug="rotation", place=made.role, remedy=remedy
        )


def _commitment(program: Program, name: str, given: Commitment | Weights | None, security: int) -> Commitment:
    if isinstance(given, Weights):
        if program.commitments[name]:
            raise InvalidProof("expected a commitment: the values are private", slug="commitments", place=name)
        given = commit_model(program, given).commitment
    return commitment_for(program, name, given, security)


def _statement(program: Program, commitments: list[Commitment], found: dict[str, Any], context: bytes) -> Statement:
    publics = dict(found["publics"])
    integers: dict[str, Array] = {}
    values: dict[str, dict[str, Array]] = {"inputs": {}, "outputs": {}}
    for side, ports in (("inputs", program.inputs), ("outputs", program.outputs)):
        for name, port in ports.items():
            if port.tensor in publics:
                integers[name] = publics[port.tensor].reshape(port.shape)
                values[side][name] = port.dequantize(publics[port.tensor])
    hidden = [f"input {name}" for name, port in program.inputs.items() if port.place != "public"]
    hidden += [f"output {name}" for name, port in program.outputs.items() if port.place != "public"]
    hidden += [f"the values of {name}" for name, private in program.commitments.items() if private and name == "model"]
    by_role = dict(zip(program.commitments, commitments, strict=True))
    digests = {"program": program.digest, **{role: c.identity for role, c in by_role.items()}}
    digests |= {f"master of {role}": c.master for role, c in by_role.items() if c.master is not None}
    return Statement(
        values["outputs"],
        values["inputs"],
        integers,
        digests,
        (*hidden, "every value in between"),
        context,
        found["bits"],
        input_claims(program, {role: c.master or c.identity for role, c in by_role.items()}),
        predicates(program, integers),
        CHECKED if program.checked else NOT_CHECKED if program._native.architecture else NONE,
    )


def verify_renewal(trusted: Commitment, *renewals: Commitment, security: int = 128) -> str:
    """Check that a commitment was renewed, once or several times in a row; gives the identity of the newest.

    `trusted`: the commitment that is known already. `renewals`: what the owner published for each time (`Secret.renewal`,
    NAME.renewal), the first time first. The newest commitment holds the very values that the trusted one holds, each within
    the same interval. `security`: the proven bits to insist on, 1 to 160. Raises InvalidProof (slug rotation, validity, ..).
    """
    check("trusted", trusted, Commitment)
    check_target(security)
    if not renewals:
        raise InvalidProof("expected at least one renewal, got none", slug="rotation", place=trusted.role)
    newest = trusted
    for renewal in renewals:
        check("renewals", renewal, Commitment)
        check_origin(
            renewal, newest, "renewal", "give the renewals in the order in which they were made, without a gap"
        )
        renewal.accept(security)
        newest = renewal
    return newest.identity
