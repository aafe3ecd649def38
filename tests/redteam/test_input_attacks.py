"""Inputs that are not what the program takes, and writes that fail half way."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tacit
from tacit.errors import InputError

Compiled = tuple[tacit.Program, tacit.Weights]


@pytest.mark.parametrize(
    ("value", "slug"),
    [
        (np.zeros((1, 5)), "shape"),
        (np.zeros((2, 4)), "shape"),
        (np.zeros((0, 4)), "shape"),
        (0.0, "shape"),
        ([[0.0, np.nan, 0.0, 0.0]], "not_finite"),
        ([[0.0, np.inf, 0.0, 0.0]], "not_finite"),
        ([[0.0, 1e300, 0.0, 0.0]], "range"),
        ([[0.0, -1e300, 0.0, 0.0]], "range"),
        ([[1e5, 0.0, 0.0, 0.0]], "range"),
        ([["a", "b", "c", "d"]], "dtype"),
        ([[None, 0.0, 0.0, 0.0]], "not_finite"),
        ([[1j, 0.0, 0.0, 0.0]], "dtype"),
        ([[0.0, 0.0], [0.0]], "dtype"),
        (object(), "dtype"),
    ],
)
def test_values_that_the_program_does_not_take(compiled: Compiled, value: Any, slug: str) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    before = secret.remaining
    with pytest.raises(InputError) as refused:
        tacit.prove(program, secret, {"x": value})
    assert refused.value.slug == slug
    assert refused.value.place == "x"
    assert secret.remaining == before


def test_names_that_the_program_does_not_take(compiled: Compiled, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights)
    wrong: list[tuple[Any, str]] = [
        ({}, "missing"),
        (None, "missing"),
        ({**sample, "y": 0.0}, "extra"),
        ({"X": 0.0}, "missing"),
    ]
    for given, slug in wrong:
        with pytest.raises(InputError) as refused:
            tacit.prove(program, secret, given)
        assert refused.value.slug == slug
    with pytest.raises(InputError) as refused:
        tacit.prove(program, None, sample)
    assert refused.value.slug == "commitments"
    with pytest.raises(InputError) as refused:
        tacit.prove(program, secret, sample, data=secret)
    assert refused.value.slug == "commitments"


@pytest.mark.parametrize("step", ["replace", "fsync"])
def test_a_file_is_whole_or_absent(
    compiled: Compiled, sample: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    program, weights = compiled
    proof = tacit.prove(program, tacit.commit_model(program, weights), sample)
    path = tmp_path / "a.proof"
    proof.save(path)
    old = path.read_bytes()

    def fails(*_: Any, **__: Any) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(os, step, fails)
    for thing in (program, weights, proof):
        with pytest.raises(InputError) as refused:
            thing.save(path)
        assert refused.value.slug == "file"
        assert path.read_bytes() == old
        assert [p.name for p in tmp_path.iterdir()] == ["a.proof"], "no half-written file stays"


def test_modes_follow_the_umask_without_a_look_at_it(
    compiled: Compiled, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read the umask is to set it for a moment, in all threads: files that others make then are open to everybody."""

    def touched(_: int) -> int:
        raise AssertionError("the umask was changed")

    before = os.umask(0o027)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(os, "umask", touched)
            compiled[0].save(tmp_path / "m.tacit")
            compiled[1].save(tmp_path / "m.weights")
    finally:
        os.umask(before)
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("m.tacit", "m.weights")]
    assert modes == [0o640, 0o600]


def test_secrets_are_for_their_owner_only(compiled: Compiled, tmp_path: Path) -> None:
    program, weights = compiled
    tacit.commit_model(program, weights).save(tmp_path / "m.secret")
    weights.save(tmp_path / "m.weights")
    for name in ("m.secret", "m.weights"):
        assert (tmp_path / name).stat().st_mode & 0o077 == 0
