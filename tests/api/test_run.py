"""What `tacit.run` answers is what a proof would state, and refuses just what `tacit.prove` refuses; it spends nothing."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case, train

import tacit
from tacit.compiler.pipeline import compile_model
from tacit.errors import AllowanceExceeded, InputError, TacitError, WitnessError
from tacit.exact import rounded
from tacit.quantize import Options

Cases = Callable[..., Case]


def refusal(call: Callable[[], Any]) -> TacitError:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value


def attempt(call: Callable[[], Any]) -> Any:
    """What it gives, or the error."""
    try:
        return call()
    except InputError as error:
        return error


def anywhere(case: Case, count: int, seed: int = 0) -> np.ndarray:
    """Inputs from a part of the declared range up to the whole: the later ones leave a range inside the network."""
    port = case.program.inputs["x"]
    low, high = port.range
    parts = np.linspace(0.2, 1, count).reshape(count, *(1 for _ in port.shape))
    return np.random.default_rng(seed).uniform(low, high, (count, *port.shape)) * parts


# --- the same as a proof ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch": 3},
        {"weights": "public"},
        {"input": "public"},
        {"threshold": ("y", (0,), 0.3)},
        {"threshold": ("y", (0,), 0.3), "batch": 2},
    ],
    ids=str,
)
def test_what_a_proof_states_and_refuses(case: Cases, options: dict[str, Any]) -> None:
    """Bit for bit, on inputs from anywhere; and where there is no proof, by the same words."""
    small = case(**options, overflow="refuse")
    x = anywhere(small, 12)
    x[5, 0, 1], x[7, 0, 0] = np.nan, 1e9
    found = tacit.run(small.program, small.weights, {"x": x})
    secret, proven = small.commit(), 0
    for i, one in enumerate(x):
        if 0 in (secret.remaining, secret.remaining_refusals):
            secret = small.commit()
        proof = attempt(lambda one=one, secret=secret: tacit.prove(small.program, secret, {"x": one}))
        if isinstance(proof, InputError):
            alone = refusal(lambda one=one, secret=secret: tacit.run(small.program, secret, {"x": one}))
            assert str(found.refused[i]) == str(alone) == str(proof)
            assert found.refused[i].slug == alone.slug == proof.slug
            assert np.isnan(found.outputs["y"][i]).all()
            assert (found.integers["y"][i] == np.iinfo(np.int64).min).all()
            continue
        proven += 1
        model = small.weights if options.get("weights") == "public" else secret.commitment
        statement = tacit.verify(small.program, proof, model=model)
        assert i not in found.refused
        np.testing.assert_array_equal(found.integers["y"][i], statement.integers["y"], strict=True)
        np.testing.assert_array_equal(found.outputs["y"][i], statement.outputs["y"], strict=True)
    assert proven >= 2
    assert {"not_finite", "range", "execution"} <= {error.slug for error in found.refused.values()}


@pytest.mark.parametrize("overflow", ["refuse", "saturate", "total"])
def test_the_operators_own_meaning(overflow: str) -> None:
    """The same integers as the quantised graph by its meaning, and the same samples refused."""
    trained = train(0)
    compiled, integers = compile_model(trained.onnx(), calibration={"x": trained.samples}, overflow=overflow)
    program, weights = tacit.compile(trained.onnx(), calibration={"x": trained.samples}, overflow=overflow)
    assert program.digest == compiled.digest.hex() == integers.program.hex()
    spec = compiled.ints.inputs["x"]
    low, high = spec.lo * 2.0**-spec.frac, spec.hi * 2.0**-spec.frac
    x = np.concatenate([trained.samples, np.random.default_rng(1).uniform(low, high, (50, 4))])
    found = tacit.run(program, weights, {"x": x})
    for i, one in enumerate(x):
        try:
            expected = compiled.ints.results(compiled.ints.run({"x": rounded(one[None], spec.frac).astype(np.int64)}))
        except WitnessError:
            assert i in found.refused
        else:
            np.testing.assert_array_equal(found.integers["y"][i], expected["y"][0])
    assert (0 < len(found.refused) < 50) == (overflow == "refuse")


def test_committed_inputs_and_outputs(case: Cases) -> None:
    """Values among the inputs, or their secret; the outputs are those in the commitment that a proof makes."""
    small = case(outputs="committed", input="committed")
    data, model = tacit.commit_data(small.program, small.inputs), small.commit()
    proof = tacit.prove(small.program, model, data=data)
    for found in (
        tacit.run(small.program, model, data=data),
        tacit.run(small.program, small.weights, {}, data=data),
        tacit.run(small.program, model, small.inputs),
    ):
        np.testing.assert_array_equal(found.outputs["y"], proof.outputs["y"], strict=True)
    many = tacit.run(small.program, model, {"x": small.trained.samples})
    np.testing.assert_allclose(many.outputs["y"], small.trained(small.trained.samples), atol=0.05)
    assert refusal(lambda: tacit.run(small.program, model)).slug == "missing"
    assert refusal(lambda: tacit.run(small.program, model, small.inputs, data=data)).slug == "extra"
    plain = case()
    assert refusal(lambda: tacit.run(plain.program, plain.weights, plain.inputs, data=data)).slug == "commitments"


# --- nothing is spent -------------------------------------------------------------------------------------------------


def test_spent_secrets_and_journals(case: Cases, tmp_path: Path) -> None:
    small = case()
    expected = tacit.run(small.program, small.weights, small.inputs).outputs["y"]
    path = tmp_path / "model.secret"
    small.commit(proofs=1).save(path)
    for remaining in (1, 0):
        secret = tacit.Secret.load(path)
        files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        assert len(files) == 2
        found = tacit.run(small.program, secret, {"x": small.trained.samples})
        np.testing.assert_array_equal(found.outputs["y"][:1], expected)
        assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
        assert secret.remaining == remaining
        if remaining:
            tacit.prove(small.program, secret, small.inputs)
            assert (tmp_path / "model.secret.journal").read_bytes() != files["model.secret.journal"]
            del secret  # one process at a time, and one object, counts with a journal
    with pytest.raises(AllowanceExceeded):
        tacit.prove(small.program, secret, small.inputs)


def test_masters_and_children(case: Cases) -> None:
    small = case()
    master = small.commit(children=1)
    expected = tacit.run(small.program, small.weights, small.inputs)
    np.testing.assert_array_equal(tacit.run(small.program, master, small.inputs).integers["y"], expected.integers["y"])
    assert master.children == 1
    child = master.rotate()
    np.testing.assert_array_equal(tacit.run(small.program, child, small.inputs).integers["y"], expected.integers["y"])
    assert child.remaining is not None
    assert child.remaining > 0


# --- shapes -----------------------------------------------------------------------------------------------------------


def test_many_samples_are_each_of_them(case: Cases) -> None:
    small = case()
    samples = small.trained.samples
    single = [tacit.run(small.program, small.weights, {"x": x}).outputs["y"] for x in samples]
    assert single[0].shape == (1, 1)
    stacked = tacit.run(small.program, small.weights, {"x": samples[:, None]})
    flat = tacit.run(small.program, small.weights, {"x": samples.tolist()})
    assert (stacked.outputs["y"].shape, flat.outputs["y"].shape) == ((200, 1, 1), (200, 1))
    np.testing.assert_array_equal(stacked.outputs["y"], np.stack(single))
    np.testing.assert_array_equal(flat.outputs["y"], np.concatenate(single))
    many = tacit.run(small.program, small.weights, {"x": np.tile(samples, (12, 1))})
    np.testing.assert_array_equal(many.outputs["y"], np.tile(flat.outputs["y"], (12, 1)))
    one = tacit.run(small.program, small.weights, {"x": samples[:1, None]})
    assert one.outputs["y"].shape == (1, 1, 1)
    none = tacit.run(small.program, small.weights, {"x": samples[:0]})
    assert (none.outputs["y"].shape, none.refused) == ((0, 1), {})


def test_a_batch(case: Cases) -> None:
    small, single = case(batch=2), case()
    samples = small.trained.samples
    found = tacit.run(small.program, small.weights, {"x": samples.reshape(100, 2, 4)}).outputs["y"]
    assert found.shape == (100, 2, 1)
    alone = tacit.run(single.program, single.weights, {"x": samples}).outputs["y"]
    np.testing.assert_allclose(found.reshape(200, 1), alone, atol=1e-2)
    assert refusal(lambda: tacit.run(small.program, small.weights, {"x": samples})).slug == "shape"


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inputs", "slug"),
    [
        ({}, "missing"),
        (None, "missing"),
        ({"y": np.zeros((1, 4))}, "missing"),
        ({"x": np.zeros((1, 4)), "z": np.zeros(1)}, "extra"),
        ({"x": np.zeros((1, 3))}, "shape"),
        ({"x": np.zeros((5, 2, 4))}, "shape"),
        ({"x": np.zeros(())}, "shape"),
        ({"x": [["a"] * 4]}, "dtype"),
        ({"x": np.ma.masked_equal(np.zeros((5, 4)), 0)}, "dtype"),
        ([1, 2], "shape"),
        ("x.npz", "type"),
    ],
)
def test_wrong_inputs(case: Cases, inputs: Any, slug: str) -> None:
    small = case()
    error = refusal(lambda: tacit.run(small.program, small.weights, inputs))
    assert error.slug == slug
    assert error.remedy


def test_wrong_values(case: Cases) -> None:
    small, other = case(), case(batch=2)
    run = lambda model: refusal(lambda: tacit.run(small.program, model, small.inputs))  # noqa: E731
    error = run(other.weights)
    assert str(error) == str(refusal(lambda: tacit.commit_model(small.program, other.weights)))
    assert error.slug == "weights"
    bits = Options(weight_bits=24)  # intervals of three bytes
    foreign = tacit.commit_model(
        *tacit.compile(small.trained.onnx(), calibration={"x": small.trained.samples}, options=bits, proofs=PROOFS)
    )
    error = run(foreign)
    assert error.slug == refusal(lambda: tacit.prove(small.program, foreign, small.inputs)).slug == "header"
    sealed = case(input="committed")
    assert run(tacit.commit_data(sealed.program, sealed.inputs)).slug == "commitments"
    assert run("m.weights").slug == "type"
    assert run(small.commit().commitment).slug == "type"


def test_weights_out_of_their_intervals(case: Cases) -> None:
    small = case()
    schema = {name: (lo, hi) for name, _, lo, hi in small.commit().commitment.tensors}
    for name, values in small.weights.tensors.items():
        for wrong, slug in ((schema[name][1] + 1, "range"), (schema[name][0] - 1, "range"), (None, "shape")):
            changed = np.array(values).reshape(-1)
            changed = changed[:-1] if wrong is None else np.append(changed[:-1], wrong)
            weights = replace(small.weights, tensors={**small.weights.tensors, name: changed})
            error = refusal(lambda w=weights: tacit.run(small.program, w, small.inputs))
            assert (error.slug, error.place) == (slug, f"model: {name}")
    less = dict(list(small.weights.tensors.items())[1:])
    error = refusal(lambda: tacit.run(small.program, replace(small.weights, tensors=less), small.inputs))
    assert error.slug == "tensor"
    real = {name: np.asarray(values, dtype=np.float64) for name, values in small.weights.tensors.items()}
    error = refusal(lambda: tacit.run(small.program, replace(small.weights, tensors=real), small.inputs))
    assert error.slug == "dtype"


# --- and besides ------------------------------------------------------------------------------------------------------


def _in_a_fork(small: Case, queue: Any) -> None:
    queue.put(tacit.run(small.program, small.weights, {"x": small.trained.samples}).outputs["y"])


def test_in_a_forked_process(case: Cases) -> None:
    """A fork has its parent's thread pool, but none of its threads: it must not wait for them."""
    small = case()
    expected = tacit.run(small.program, small.weights, {"x": small.trained.samples}).outputs["y"]
    context = multiprocessing.get_context("fork")
    queue = context.Queue()
    process = context.Process(target=_in_a_fork, args=(small, queue))
    process.start()
    try:
        np.testing.assert_array_equal(queue.get(timeout=60), expected)
    finally:
        process.kill()
        process.join()
