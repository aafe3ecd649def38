"""Commitments and proofs of integers by tensor: for those who have no real values to quantise, such as training.

What is counted, refused and remembered is as in `tacit.commit_model`, `tacit.prove` and `tacit.verify`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from tacit import _native
from tacit.api.calls import commit_integers
from tacit.api.native import failures
from tacit.api.objects import Commitment, Program
from tacit.api.secret import Secret
from tacit.errors import InvalidProof
from tacit.exact import as_integers
from tacit.program import Program as Decoded
from tacit.program import Public, addresses
from tacit.progress import slow

Ints = npt.NDArray[np.int64]


def deploy(
    programs: Sequence[bytes],
    *,
    proofs: int,
    security: int,
    optimize: str,
    architectures: Mapping[int, bytes] | None = None,
) -> list[Program]:
    """Programs under one geometry, which is sound for each of them; the cost of the first decides."""
    with failures():
        geometry = _native.derive(programs[0], proofs, security, optimize)
        found = architectures or {}
        return [
            Program(_native.Program(program, geometry, proofs, "{}", found.get(i, b"")))
            for i, program in enumerate(programs)
        ]


def commit(
    program: Program,
    role: str,
    tensors: Mapping[str, Ints],
    *,
    proofs: int | None = None,
    children: int = 0,
    refusals: int | None = None,
    others: Sequence[Program] = (),
) -> Secret:
    """Commit to the integers of a role. `others`: further programs of the deployment, which the commitment also serves."""
    return commit_integers(program, role, dict(tensors), proofs, children, refusals)


def commit_public(program: Program, role: str, tensors: Mapping[str, Ints]) -> Secret:
    """The commitment to public integers: who verifies makes it himself."""
    return commit_integers(program, role, dict(tensors), None, 0, None)


def prove(program: Program, secrets: Mapping[str, Secret], inputs: Mapping[str, Ints], context: bytes) -> bytes:
    """The argument: `secrets` by role, the other tensors by address. Counted as by `tacit.prove`."""
    flat = [(name, as_integers(values, name)) for name, values in inputs.items()]
    with ExitStack() as counting:
        for secret in secrets.values():
            counting.enter_context(secret._counted.counting())
        ordered = [secrets[role]._native for role in program.commitments]
        with slow("proving"), failures():
            _, argument, _, _, _ = _native.prove(program._native, ordered, flat, context)
    return argument


def verify(
    program: Program,
    argument: bytes,
    commitments: Mapping[str, Commitment],
    publics: Mapping[str, Ints],
    context: bytes,
    security: int,
) -> None:
    """Accept the argument for these commitments (by role) and public tensors (by address), or raise InvalidProof."""
    natives = []
    for role in program.commitments:
        if role not in commitments:
            raise InvalidProof(f"the program needs the commitment of its {role}", slug="commitments", place=role)
        commitments[role].accept(security)
        natives.append(commitments[role]._native)
    with failures():
        names = public_names(program)
        values = [as_integers(publics[name], name).tolist() for name in names]
        identities = [native.identity for native in natives]
        file = _native.proof_to_file(program._native.digest, identities, values, argument)
        _native.verify(program._native, natives, _native.Proof.from_file(file), context, security)


@lru_cache(maxsize=64)
def public_names(program: Program) -> tuple[str, ...]:
    """The addresses of a program's public tensors, in order."""
    decoded = Decoded.decode(program._native.bytes())
    called = zip(addresses(decoded.slabs, decoded.tensors), decoded.tensors, strict=True)
    return tuple(name for name, tensor in called if isinstance(tensor.place, Public))
