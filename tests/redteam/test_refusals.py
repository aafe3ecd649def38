"""Refusals that depend on hidden values: each tells a bit, so they are counted, durably, and end."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit import _native
from tacit.errors import AllowanceExceeded, InputError

PROOFS = 2
SAMPLES = np.random.default_rng(3).normal(size=(200, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def partial() -> tuple[tacit.Program, tacit.Weights, dict[str, Any], dict[str, Any]]:
    """A program that some inputs of its range have no proof under; one such input, and one that has a proof."""
    rng = np.random.default_rng(7)
    first, second = (rng.normal(size=shape).astype(np.float32) for shape in ((6, 5), (5, 3)))
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["s"]),
        helper.make_node("MatMul", ["s", "b"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "partial",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
        [numpy_helper.from_array(first, "a"), numpy_helper.from_array(second, "b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    program, weights = tacit.compile(model, calibration=SAMPLES, proofs=PROOFS, overflow="refuse")
    low, high = program.inputs["x"].range
    for _ in range(100):
        corner = {"x": rng.choice([low, high], size=(1, 6))}
        try:
            tacit.run(program, weights, corner)
        except InputError:
            return program, weights, corner, {"x": SAMPLES[:1]}
    raise AssertionError("every corner has a proof: nothing to refuse")


def refused(call: Any) -> Any:
    with pytest.raises((InputError, AllowanceExceeded)) as caught:
        call()
    # The traceback holds the secret, and with it the lock.
    return caught.value.with_traceback(None)


def freed(path: Path) -> tacit.Secret:
    """The secret, loaded again once nothing holds it any more."""
    gc.collect()
    return tacit.Secret.load(path)


def test_they_end(partial: Any) -> None:
    program, weights, corner, sample = partial
    secret = tacit.commit_model(program, weights)
    assert secret.remaining_refusals == PROOFS
    for left in range(PROOFS - 1, -1, -1):
        assert refused(lambda: tacit.prove(program, secret, corner)).slug == "execution"
        assert (secret.remaining_refusals, secret.remaining) == (left, PROOFS)
    # Then nothing is answered, good or bad.
    for inputs in (corner, sample):
        error = refused(lambda i=inputs: tacit.prove(program, secret, i))
        assert (error.slug, type(error)) == ("refusals", AllowanceExceeded)
        assert "compile again" in error.remedy
    assert tacit.inspect(secret)["refusals left"] == 0
    new = secret.renew()
    assert new.remaining_refusals == PROOFS
    tacit.prove(program, new, sample)


def test_they_are_on_the_disk_first(partial: Any, tmp_path: Path) -> None:
    program, weights, corner, _ = partial
    path = tmp_path / "m.secret"
    secret = tacit.commit_model(program, weights, refusals=3)
    refused(lambda: tacit.prove(program, secret, corner))
    secret.save(path)
    before = (tmp_path / "m.secret.journal").stat().st_size
    refused(lambda: tacit.prove(program, secret, corner))
    assert (tmp_path / "m.secret.journal").stat().st_size == before + 68
    del secret
    secret = freed(path)
    assert secret.remaining_refusals == 1
    del secret
    found = tacit.inspect(tmp_path / "m.secret.journal")
    assert (found["refused for hidden values"], found["refusals at most"], found["spent"]) == (2, 3, 1)
    secret = freed(path)
    # A journal that cannot be written: the refusal is not told.
    with (tmp_path / "m.secret.journal").open("ab") as journal:
        journal.write(b"\0")
    assert refused(lambda: tacit.prove(program, secret, corner)).slug == "allowance_damaged"


def test_inputs_out_of_their_range_are_public(partial: Any) -> None:
    program, weights, _, sample = partial
    secret = tacit.commit_model(program, weights)
    _, high = program.inputs["x"].range
    for inputs in ({"x": np.full((1, 6), 2 * high)}, {"x": np.full((1, 6), np.nan)}, {"x": np.zeros((1, 7))}, {}):
        error = refused(lambda i=inputs: tacit.prove(program, secret, i))
        assert isinstance(error, InputError)
    native = secret._native
    tensor = program.inputs["x"].tensor
    for values in (np.full(6, 2**40), np.zeros(7, np.int64)):
        given = [(tensor, values.astype(np.int64))]
        with pytest.raises(_native.Failure) as caught:
            _native.prove(program._native, [native], given, b"")
        assert caught.value.args[0] == "input"
    assert secret.remaining_refusals == PROOFS
    # Running it shows answers, so it is for the owner, and counts nothing.
    tacit.run(program, secret, sample)
    assert (secret.remaining_refusals, secret.remaining) == (PROOFS, PROOFS)


def test_outputs_in_a_commitment_count_as_well(partial: Any) -> None:
    """They are computed before the proof: a refusal there is counted once."""
    _, _, corner, sample = partial
    model = partial_committed()
    secret = tacit.commit_model(*model)
    assert refused(lambda: tacit.prove(model[0], secret, corner)).slug == "execution"
    assert secret.remaining_refusals == PROOFS - 1
    tacit.prove(model[0], secret, sample)
    assert (secret.remaining_refusals, secret.remaining) == (PROOFS - 1, PROOFS - 1)


def partial_committed() -> tuple[tacit.Program, tacit.Weights]:
    """A sigmoid behind a layer, its output committed."""
    weight = np.random.default_rng(7).normal(size=(6, 5)).astype(np.float32)
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("Sigmoid", ["h"], ["y"])],
        "partial",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 5])],
        [numpy_helper.from_array(weight, "a")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return tacit.compile(model, calibration=SAMPLES, proofs=PROOFS, outputs="committed", overflow="refuse")


@pytest.mark.parametrize("refusals", [0, -1, 1 << 32])
def test_numbers_that_are_none(partial: Any, refusals: int) -> None:
    error = refused(lambda: tacit.commit_model(*partial[:2], refusals=refusals))
    assert (error.slug, error.place) == ("refusals", "refusals")
