"""Files of somebody else: programs whose ports or notes are traps, secret files whose commitment is not that of their values."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tacit
from tacit import _native
from tacit.api.native import failures
from tacit.errors import TacitError
from tacit.reference import program as ref
from tacit.reference.borsh import decode
from tacit.reference.commitment import COMMITMENT_CODEC
from tacit.reference.files import COMMITMENT_FILE, Kind, unwrap, wrap

Compiled = tuple[tacit.Program, tacit.Weights]


def edited(program: tacit.Program, change: Callable[[ref.Program], ref.Program], notes: str = "") -> tacit.Program:
    """The program with something changed."""
    whole = change(ref.decode_program(program._native.bytes()))
    with failures():
        geometry, architecture = program._native.geometry(), program._native.architecture
        native = _native.Program(ref.encode_program(whole), geometry, program.proofs, notes, architecture)
    return tacit.Program(native)


def with_outputs(program: tacit.Program, **changes: Any) -> tacit.Program:
    """The program with every output's port changed."""

    def change(p: ref.Program) -> ref.Program:
        return dataclasses.replace(p, outputs=tuple(dataclasses.replace(port, **changes) for port in p.outputs))

    return edited(program, change)


def test_two_outputs_of_one_name(compiled: Compiled) -> None:
    def twice(p: ref.Program) -> ref.Program:
        return dataclasses.replace(p, outputs=(*p.outputs, dataclasses.replace(p.outputs[0], frac=-10)))

    with pytest.raises(TacitError, match="unique names") as refused:
        edited(compiled[0], twice)
    assert refused.value.slug == "program"


@pytest.mark.parametrize("frac", [-2000, 2000, -513])
def test_scales_beyond_binary64(compiled: Compiled, frac: int) -> None:
    with pytest.raises(TacitError, match="frac"):
        with_outputs(compiled[0], frac=frac)


@pytest.mark.parametrize("frac", [-512, 512])
def test_the_largest_scales_are_numbers(compiled: Compiled, frac: int, tmp_path: Path) -> None:
    program = with_outputs(compiled[0], frac=frac)
    program.save(tmp_path / "p.tacit")
    assert tacit.inspect(tmp_path / "p.tacit")["outputs"]["y"]["step"] == 2.0**-frac


@pytest.mark.parametrize("notes", ["[" * 200_000, '{"a":' * 200_000, "[1]", "{", '"'])
def test_notes_that_are_none(compiled: Compiled, notes: str, tmp_path: Path) -> None:
    program = edited(compiled[0], lambda p: p, notes)
    assert program.notes == {}
    program.save(tmp_path / "p.tacit")
    assert tacit.inspect(tmp_path / "p.tacit")["digest"] == program.digest


def secret_file(path: Path, first: int, *, y: bool = False) -> None:
    """The file with another first value; with `y`, its commitment changed as well. The stored code and tree stay."""
    body = unwrap(Kind.SECRET, path.read_bytes())
    (size,) = struct.unpack_from("<I", body)
    public, slab = body[4 : 4 + size], bytearray(body[8 + size : -4])
    file = decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, public), "file")
    start = len(COMMITMENT_CODEC.write(file.commitment))
    if y:
        commitment = dataclasses.replace(file.commitment, y=bytes(23) + b"\1")
        public = wrap(Kind.COMMITMENT, COMMITMENT_FILE.write(dataclasses.replace(file, commitment=commitment)))
        slab[:start] = COMMITMENT_CODEC.write(commitment)
    struct.pack_into("<Q", slab, start + 8 + 32 + 4, first % ref_p())
    parts = (struct.pack("<I", len(public)), public, struct.pack("<I", len(slab)), bytes(slab), bytes(4))
    path.write_bytes(wrap(Kind.SECRET, b"".join(parts)))


@pytest.mark.parametrize("at", ["public", "slab"])
@pytest.mark.parametrize("size", [0, 2**31, 2**32 - 1])
def test_lengths_in_a_secret_that_do_not_fit(compiled: Compiled, at: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "m.secret"
    tacit.commit_model(*compiled).save(path)
    body = bytearray(unwrap(Kind.SECRET, path.read_bytes()))
    (public,) = struct.unpack_from("<I", body)
    struct.pack_into("<I", body, 0 if at == "public" else 4 + public, size)
    for cut in (len(body), 4 + public + 4, 4 + public + 3, 4, 3, 0):
        path.write_bytes(wrap(Kind.SECRET, bytes(body[:cut])))
        with pytest.raises(TacitError) as refused:
            tacit.Secret.load(path)
        assert refused.value.slug in ("encoding", "truncated")


def ref_p() -> int:
    """The field's order."""
    return 2**64 - 2**32 + 1


def test_a_public_secret_is_computed_again(public: Compiled, sample: dict[str, Any], tmp_path: Path) -> None:
    program, weights = public
    made = tacit.commit_model(program, weights)
    name, _, low, high = made.commitment.tensors[0]
    first = int(weights.tensors[name].flat[0])
    path = tmp_path / "m.secret"
    made.save(path)
    secret_file(path, first)
    again = tacit.Secret.load(path)
    assert again.commitment.identity == made.commitment.identity
    assert again.commitment.known
    tacit.verify(program, tacit.prove(program, again, sample), model=again.commitment)
    for value, y, reason in (
        (first + (1 if first < high else -1), False, "not that of the values"),
        (first, True, "not that of the values"),
        (high + 1, False, "expected"),
        (low - 1, False, "expected"),
    ):
        path.unlink()
        made.save(path)
        secret_file(path, value, y=y)
        with pytest.raises(TacitError, match=reason) as refused:
            tacit.Secret.load(path)
        assert refused.value.slug == "encoding"


@pytest.mark.parametrize("kind", ["private", "public"])
def test_damaged_secret_files(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Two thousand mutations under a checksum that fits: an error of this package each time, or a secret that is whole."""
    program, weights = request.getfixturevalue("compiled" if kind == "private" else "public")
    path = tmp_path / "m.secret"
    made = tacit.commit_model(program, weights)
    made.save(path)
    identity = made.commitment.identity
    del made
    body = unwrap(Kind.SECRET, path.read_bytes())
    rng = np.random.default_rng(7)
    slugs = []
    for _ in range(2000):
        data = bytearray(body)
        # Half of the changes near the front, where lengths and the header are.
        at = int(rng.integers(64 if rng.integers(2) else len(data)))
        what = rng.integers(4)
        if what == 0:
            data[at] ^= 1 << int(rng.integers(8))
        elif what == 1:
            data[at : at + 4] = struct.pack("<I", int(rng.choice([0, 1, 2**31, 2**32 - 1, len(data)])))
        elif what == 2:
            del data[at:]
        else:
            data[at:at] = bytes(int(rng.integers(1, 20)))
        path.write_bytes(wrap(Kind.SECRET, bytes(data)))
        try:
            loaded = tacit.Secret.load(path)
            assert loaded.commitment.identity == identity
        except TacitError as error:
            slugs.append(error.slug)
    assert len(slugs) > 1000
    assert "bug" not in slugs


@pytest.mark.parametrize("kind", ["private", "public"])
def test_a_secret_without_its_code_is_refused(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A header alone could ask for a code of gigabytes; a stored one bounds the memory by the file."""
    program, weights = request.getfixturevalue("compiled" if kind == "private" else "public")
    path = tmp_path / "m.secret"
    tacit.commit_model(program, weights).save(path)
    body = unwrap(Kind.SECRET, path.read_bytes())
    (size,) = struct.unpack_from("<I", body)
    public, slab = body[4 : 4 + size], body[8 + size :]
    start = len(COMMITMENT_CODEC.write(decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, public), "file").commitment))
    (count,) = struct.unpack_from("<I", slab, start + 8 + 32)
    cut = start + 8 + 32 + 4 + 8 * count
    assert slab[cut] == 1, "the option's tag"
    slab = slab[:cut] + b"\0"
    parts = (struct.pack("<I", len(public)), public, struct.pack("<I", len(slab)), slab, bytes(4))
    path.write_bytes(wrap(Kind.SECRET, b"".join(parts)))
    with pytest.raises(TacitError, match="its code is not stored"):
        tacit.Secret.load(path)
