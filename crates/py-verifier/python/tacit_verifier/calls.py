"""The one call: files in, a statement out."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Union

import numpy as np

from tacit_verifier import _native
from tacit_verifier.errors import InputError, InvalidProof
from tacit_verifier.statement import Statement

#: A file by its name, or its bytes.
File = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview]


def verify(
    program: File,
    proof: File,
    *,
    model: File | None = None,
    data: File | None = None,
    output: File | None = None,
    commitments: Mapping[str, File] | None = None,
    rotation: File | None = None,
    context: bytes = b"",
    security: int = 128,
    known: Mapping[str, Any] | None = None,
) -> Statement:
    """Accept a proof and say what it states, or raise InvalidProof with the reason and the part that differs.

    Every file: its name, or its bytes. `model`: the model's commitment; where the program says that weights are public, the
    weights file itself. `data`, `output`: the commitments of inputs and outputs, where the program commits them. `commitments`:
    those of any further roles that the program has, such as a training program's "next". One that was made in another role will
    do if its tensors are the same. `rotation`: the fresh commitment that the proof was made with (a child, a renewal), where one
    of the others is the one before it, which is trusted. `context`: the bytes that the proof must be bound to. `security`: the
    proven bits to insist on, 1 to 160. `known`: real values of public inputs and outputs, by name: the proof must show the same
    (slug public_value).

    Raises InvalidProof; InputError for a file that cannot be read and for arguments that do not fit.
    """
    if isinstance(security, bool) or not isinstance(security, int) or not 1 <= security <= 160:
        raise InputError(
            f"expected 1 to 160 bits, got {security}",
            slug="security",
            place="security",
            remedy="128 is the usual target",
        )
    given = [
        _file(role, file, role)
        for role, file in (("model", model), ("data", data), ("output", output), *(commitments or {}).items())
        if file is not None
    ]
    fresh = None if rotation is None else _file(None, rotation, "rotation")
    numbers = [_numbers(name, values) for name, values in (known or {}).items()]
    program_bytes, proof_bytes = _read("program", program), _read("proof", proof)
    try:
        text = _native.verify(program_bytes, proof_bytes, given, fresh, bytes(context), security, numbers)
    except _native.Failure as failure:
        kind, slug, place, reason, remedy = failure.args
        error = {"refused": InvalidProof, "input": InputError}.get(kind)
        if error is None:
            raise RuntimeError(f"{place}: {reason}") from None
        raise error(reason, slug=slug, place=place, remedy=remedy) from None
    return Statement.of_json(text)


def _file(role: str | None, file: File, place: str) -> tuple[str | None, str, bytes]:
    return role, place, _read(place, file)


def _read(place: str, file: File) -> bytes:
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    if not isinstance(file, (str, os.PathLike)):
        raise InputError(
            f"expected the name of a file or its bytes, got {type(file).__name__}",
            slug="type",
            place=place,
            remedy="give a path, or the bytes that it holds",
        )
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name with a NUL in it
        raise InputError(
            getattr(error, "strerror", None) or str(error),
            slug="file",
            place=str(file),
            remedy="check the name and the permissions",
        ) from None


def _numbers(name: str, values: Any) -> tuple[str, list[int], list[float]]:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            "expected an array of real numbers", slug="dtype", place=name, remedy="give an array such as numpy.float64"
        ) from None
    return name, list(array.shape), array.reshape(-1).tolist()
