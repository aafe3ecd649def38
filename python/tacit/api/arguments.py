"""What callers pass, checked before it reaches the extension module: an error names the argument and the way to make one."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

from tacit.api.objects import Commitment, Program, Proof, Secret, Weights
from tacit.errors import InputError

#: Words for classes whose names say little.
_WORDS: dict[type, str] = {Integral: "a whole number", Real: "a number", Mapping: "a dictionary"}

#: How a value of a class is come by.
_MAKE: dict[type, str] = {
    Program: "tacit.Program.load(path), or what tacit.compile returns first",
    Weights: "tacit.Weights.load(path), or what tacit.compile returns second",
    Secret: "tacit.Secret.load(path), or what tacit.commit_model and tacit.commit_data return",
    Commitment: "tacit.Commitment.load(path), or the attribute `commitment` of a secret",
    Proof: "tacit.Proof.load(path), or what tacit.prove returns",
    bytes: "bytes, such as bytes.fromhex('c0ffee')",
    Mapping: 'a dictionary of arrays by input name, such as {"x": x}',
}


def check(name: str, value: Any, *kinds: type, optional: bool = False) -> None:
    """Raise InputError unless the value is of one of these classes (or None, where it is optional)."""
    if isinstance(value, kinds) or (optional and value is None):
        return
    wanted = " or ".join(_WORDS.get(kind, kind.__name__) for kind in kinds)
    raise InputError(
        f"expected {wanted}, got {type(value).__name__}", slug="type", place=name, hint=_MAKE.get(kinds[0], "")
    )
