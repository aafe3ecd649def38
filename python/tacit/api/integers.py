"""Integers in, integers out: deployments of several programs, commitments, proofs and execution without real values.

What the calls on real values come down to, and what training uses as it is. Tensors are named by their address: the name, or
`slab/name` (`/name` for one in no slab) where several places of a program have that name. Arrays are int64, flat or in the
tensor's shape, row-major.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from tacit import _native
from tacit.api.cost import costly
from tacit.api.matching import commitment_for, secret_for
from tacit.api.native import failures
from tacit.api.objects import Array, Commitment, Ints, Program, Proof, check_target
from tacit.api.parameters import check, check_count, refuse_more
from tacit.api.secret import Secret, check_number
from tacit.errors import InputError, InvalidProof
from tacit.exact import as_integers
from tacit.progress import note, slow

#: How a refusal of a proof's file goes on, which names its program and commitments.
NAMED = "program and commitments are those that the proof was made with"
#: What an argument is bound to, which names none of it.
BOUND = "the program, the commitments, the public values and the context"

Flat = list[tuple[str, Ints]]


def deploy(
    programs: Sequence[bytes],
    *,
    proofs: int,
    security: int = 128,
    optimize: str = "balanced",
    notes: Mapping[int, Mapping[str, Any]] | None = None,
    architectures: Mapping[int, bytes] | None = None,
) -> list[Program]:
    """Programs (their canonical bytes) under one geometry, so that what one of them commits to another one opens.

    The geometry reaches `security` (128 or 100 proven bits) for the proofs of each program over its own slabs, and for validity
    and rotations of every private slab; the first program's cost decides among such geometries. `proofs`: the most that a
    private commitment is made for. `notes`, `architectures`: by a program's number, where it has any.
    Raises ProgramError (slug geometry: there is none; program), InputError.
    """
    check_count("proofs", proofs)
    told, layers = notes or {}, architectures or {}
    with failures():
        geometry = _native.derive(list(programs), proofs, security, optimize)
        return [
            Program(
                _native.Program(
                    program,
                    geometry,
                    proofs,
                    json.dumps(told.get(i, {}), sort_keys=True),
                    layers.get(i, b""),
                )
            )
            for i, program in enumerate(programs)
        ]


def commit(
    program: Program,
    role: str,
    tensors: Mapping[str, Array],
    *,
    proofs: int | None = None,
    children: int = 0,
    refusals: int | None = None,
    others: Sequence[Program] = (),
) -> Secret:
    """Commit to the integers of a slab, by the names of its tensors, and prove that they lie in their intervals.

    `proofs`, `children`, `refusals`: as for `commit_model`. `others`: the other programs of the deployment: those that have a
    slab of the same tensors will open the commitment, too, and its blinding is made for their proofs as well.
    Raises InputError (slug geometry: a program of another deployment), AllowanceExceeded.
    """
    allowance = program.proofs if proofs is None else proofs
    check_count("proofs", allowance)
    if allowance > program.proofs:
        raise InputError(
            f"expected at most {program.proofs} proofs, which the program was compiled for, got {allowance}",
            slug="proofs",
            place="proofs",
            remedy="compile for more proofs (option proofs)",
        )
    check("children", children, Integral)
    if not 0 <= children < 1 << 16:
        raise InputError(f"expected 0 to 65535 children, got {children}", slug="children", place="children")
    for name, number in (("proofs", proofs), ("refusals", refusals)):
        if children and number is not None:
            raise InputError(
                "a master makes children, and they make proofs",
                slug="children",
                place=name,
                remedy=f"give the number of {name} when the master is rotated",
            )
    check_number("refusals", refusals)
    flat = _flat(tensors)
    note(costly(program, role))
    natives = [other._native for other in others]
    with slow(f"committing to the {role}"), failures(role):
        return Secret(_native.commit(program._native, role, flat, allowance, children, refusals, natives))


def commit_public(program: Program, role: str, tensors: Mapping[str, Array]) -> Secret:
    """Compute the commitment to the integers of a public slab, by the names of its tensors: nothing is hidden, nothing counted.

    Whoever verifies does the same with the integers that it knows: its `commitment` is then accepted.
    Raises InputError (slug visibility: the program has no public slab of this role).
    """
    if program.commitments.get(role) is not False:
        public = [name for name, private in program.commitments.items() if not private]
        raise InputError(
            f"expected a slab of public values ({', '.join(public) or 'the program has none'})",
            slug="visibility",
            place=role,
            remedy="commit to private values with `commit`",
        )
    with slow(f"committing to the {role}"), failures(role):
        return Secret(_native.commit(program._native, role, _flat(tensors), 1, 0))


def prove(
    program: Program,
    secrets: Mapping[str, Secret],
    inputs: Mapping[str, Array],
    context: bytes = b"",
    *,
    detail: bool = False,
) -> bytes:
    """The argument for committed values (secrets by the roles of the program's slabs) and the integers of all other inputs.

    It is all that a verifier needs who knows the public tensors. A secret of another role is taken where its tensors are the
    slab's; no commitment stands for two slabs. `context`, `detail`, what is spent, counted and refused: as for `tacit.prove`.
    Raises InputError, AllowanceExceeded.
    """
    return _prove(program, secrets, inputs, context, detail)[1]


def prove_file(
    program: Program,
    secrets: Mapping[str, Secret],
    inputs: Mapping[str, Array],
    context: bytes = b"",
    *,
    detail: bool = False,
) -> Proof:
    """As `prove`, with the public tensors and the names of program and commitments: for `verify_file`, and `tacit.verify`."""
    slabs, argument, publics = _prove(program, secrets, inputs, context, detail)
    return Proof(file_of(program, slabs, publics, argument))


def _prove(
    program: Program, secrets: Mapping[str, Secret], inputs: Mapping[str, Array], context: bytes, detail: bool
) -> tuple[list[_native.Slab], bytes, Flat]:
    check("context", context, bytes)
    given = dict(secrets)
    for role, secret in given.items():
        check(role, secret, Secret)
    slabs = [secret_for(program, role, given.pop(role, None)) for role in program.commitments]
    refuse_more(given)
    flat = _flat(inputs)
    with ExitStack() as counting:
        for secret in secrets.values():
            counting.enter_context(secret._counted.counting())
        with slow("proving"), failures(detail=detail):
            publics, argument, _, _, _ = _native.prove(program._native, slabs, flat, context)
    return slabs, argument, publics


def file_of(program: Program, slabs: Sequence[_native.Slab], publics: Flat, argument: bytes) -> bytes:
    """The proof's file: with its public tensors, and the names of program and commitments."""
    with failures():
        return _native.Proof.of(program._native, [slab.identity for slab in slabs], publics, argument).to_file()


@dataclass(frozen=True)
class Verified:
    """What is known of an accepted proof. `publics`: flat integers by the addresses of the public tensors; `security`: proven
    bits; `identities`: hexadecimal, by the roles of the program's slabs."""

    publics: Mapping[str, Ints] = field(repr=False)
    security: float
    identities: Mapping[str, str]


def verify(
    program: Program,
    argument: bytes,
    commitments: Mapping[str, Commitment],
    publics: Mapping[str, Array],
    context: bytes = b"",
    security: int = 128,
    bound: str = BOUND,
) -> Verified:
    """Accept an argument (`prove`) for these commitments and public tensors, or raise InvalidProof.

    `commitments`: by the roles of the program's slabs; one of another role is taken where its tensors are the slab's. Of a
    public slab the one that `commit_public` makes here. `publics`: all public tensors, by address. `context`, `security`: as
    for `tacit.verify`. `bound`: what a refusal says may be another. Raises InputError where a public tensor is missing (slug
    public_shape), or one that is given is none.
    """
    check("proof", argument, bytes, bytearray, memoryview)
    check("context", context, bytes)
    accepted = _accepted(program, commitments, security)
    identities = [bytes.fromhex(commitment.identity) for commitment in accepted]
    with failures():
        read = _native.Proof.of(program._native, identities, _flat(publics), bytes(argument))
    try:
        return _verified(program, read, accepted, context, security)
    except InvalidProof as error:
        raise _of_argument(error, bound) from None


def _of_argument(error: InvalidProof, bound: str) -> InvalidProof:
    """A refusal without what only a proof's file could know: an argument names no program and no commitment."""
    if not error.remedy.startswith(NAMED):
        return error
    given = f"to {bound} that were given"
    reason = error.reason.replace("to the given context or public values", given).replace("to the given context", given)
    place = "argument" if error.slug == "grinding" else error.place
    remedy = f"{bound.replace(' and ', ' or ')} is not what the proof was made with, or the proof was changed"
    return InvalidProof(reason, slug=error.slug, place=place, remedy=remedy, details=error.details)


def verify_file(
    program: Program,
    proof: Proof | bytes,
    commitments: Mapping[str, Commitment],
    context: bytes = b"",
    security: int = 128,
) -> Verified:
    """As `verify` for a proof's file, whose public tensors are what it says. Raises InvalidProof."""
    check("proof", proof, Proof, bytes, bytearray, memoryview)
    check("context", context, bytes)
    with failures():
        read = _native.Proof.from_file(proof.data if isinstance(proof, Proof) else bytes(proof))
        read.check_program(program._native)
    return _verified(program, read, _accepted(program, commitments, security), context, security)


class Execution:
    """A program that is executed without a proof: nothing is committed, counted or hidden. Ready for many runs."""

    def __init__(self, program: bytes) -> None:
        """`program`: canonical bytes; no deployment is needed. Raises ProgramError."""
        with failures():
            self._native = _native.Execution(program)

    def __call__(self, given: Mapping[str, Array], wanted: Sequence[str] | None = None) -> dict[str, Ints]:
        """The integers of the `wanted` tensors (those of the outputs, if not given), flat, for the given slab tensors and inputs.

        All relations are checked. Raises InputError (slugs tensor, execution: no proof states these values; which tensor and
        value is in `details["hidden"]`).
        """
        asked = self._native.outputs if wanted is None else list(wanted)
        with failures(detail=True):
            return dict(self._native.run(_flat(given), asked))


def execute(program: bytes, given: Mapping[str, Array], wanted: Sequence[str] | None = None) -> dict[str, Ints]:
    """One run of an `Execution`."""
    return Execution(program)(given, wanted)


def _flat(tensors: Mapping[str, Array]) -> Flat:
    return [(name, as_integers(values, name)) for name, values in tensors.items()]


def _accepted(program: Program, commitments: Mapping[str, Commitment], security: int) -> list[Commitment]:
    """One for each slab of the program, in its order."""
    check_target(security)
    for role, one in commitments.items():
        check(role, one, Commitment)
        if role not in program.commitments:
            raise InvalidProof("the program has no such commitment", slug="commitments", place=role)
    return [commitment_for(program, role, commitments.get(role), security) for role in program.commitments]


def _verified(
    program: Program, read: _native.Proof, commitments: list[Commitment], context: bytes, security: int
) -> Verified:
    with failures():
        found = _native.verify(program._native, [c._native for c in commitments], read, context, int(security))
    identities = {role: c.identity for role, c in zip(program.commitments, commitments, strict=True)}
    return Verified(dict(found["publics"]), found["bits"], identities)
