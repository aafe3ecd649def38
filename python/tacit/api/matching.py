"""Which commitment stands for which slab of a program: any that was made for tensors like the slab's, whatever its role was.

A schema names tensors, shapes and intervals, and not the slab. So what one program makes as its `next` may be another one's
`model`: its file keeps the role that it was made with, under which its validity is proven, and the caller says where it stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from tacit import _native
from tacit.api.objects import Commitment, Program
from tacit.api.secret import Secret
from tacit.errors import InputError, InvalidProof

#: (name, shape, lo, hi) in layout order.
Row = tuple[str, tuple[int, ...], int, int]


def difference(wanted: Sequence[Row], found: Sequence[Row]) -> str:
    """The first tensor that differs, in words; empty where none does."""
    for mine, other in zip(wanted, found, strict=False):
        if mine != other:
            return f"expected {_words(mine)}, got {_words(other)}"
    if len(wanted) > len(found):
        return f"expected also {_words(wanted[len(found)])}"
    return f"got also {_words(found[len(wanted)])}" if len(found) > len(wanted) else ""


def _words(row: Row) -> str:
    name, shape, lo, hi = row
    return f"{name} of shape {list(shape)} in [{lo}, {hi}]"


def _rows(found: Sequence[tuple[str, Sequence[int], int, int]]) -> list[Row]:
    return [(name, tuple(shape), lo, hi) for name, shape, lo, hi in found]


def secret_for(program: Program, role: str, secret: Secret | None) -> _native.Slab:
    """What the extension module takes for this slab of the program.

    Raises InputError (slugs commitments: none, or one of another role; header: one for other tensors).
    """
    if secret is None:
        raise InputError(f"the program needs the secret of its {role}", slug="commitments", place=role)
    differs = difference(_rows(program._native.schema(role)), _rows(secret._native.tensors()))
    if differs and secret.role != role:
        raise InputError(
            f"expected a secret of {role}, got one of {secret.role}",
            slug="commitments",
            place=role,
            remedy=f"one of another role will do if its tensors are the same; here: {differs}",
        )
    if differs:
        raise InputError(
            f"a commitment to other tensors than this program's: {differs}",
            slug="header",
            place=f"commitment {role}",
            remedy="commit these values for this program",
        )
    return secret._native


def commitment_for(program: Program, role: str, given: Commitment | None, security: int) -> Commitment:
    """The commitment for this slab of the program, accepted.

    Raises InvalidProof (slugs commitments: none, one of another role, or of values that are public; schema: one to other
    tensors; and those of `Commitment.accept`).
    """
    if given is None:
        raise InvalidProof(f"the program needs the commitment of its {role}", slug="commitments", place=role)
    # Before any of its proofs is looked at: what they cost is then what the program allows.
    wanted = _rows(program._native.schema(role))
    differs = difference(wanted, given.tensors)
    if differs and given.role != role:
        raise InvalidProof(
            f"expected a commitment of {role}, got one of {given.role}",
            slug="commitments",
            place=role,
            remedy=f"one of another role will do if its tensors are the same; here: {differs}",
        )
    if differs:
        raise InvalidProof(
            f"expected a commitment to the {len(wanted)} tensors of this program's {role}, got one to others: {differs}",
            slug="schema",
            place=role,
            remedy="give the commitment that was made for this program",
        )
    if not program.commitments[role] and not given.known:
        raise InvalidProof(
            "the values are public: give them, so that they are compared",
            slug="commitments",
            place=role,
            remedy="pass the weights file, not its commitment",
        )
    given.accept(security)
    return given
