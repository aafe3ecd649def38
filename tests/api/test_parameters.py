"""Arguments of the wrong type, and secrets that cannot be saved: the error says which, and how to come by the right one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case

import tacit
from tacit import _native
from tacit.api.parameters import by_name
from tacit.errors import AllowanceExceeded, InputError
from tacit.quantize import Options

Cases = Callable[..., Case]
Call = Callable[[Case, tacit.Secret, tacit.Proof], Any]
RECORD, HEADER = 68, 44


class Foreign:
    """What another library has for an array."""

    def __init__(self, values: Any) -> None:
        self._values = values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        return np.asarray(self._values, dtype=dtype)


WRONG: dict[str, tuple[str, Call]] = {
    "inputs that are no array": ("inputs", lambda c, s, p: tacit.prove(c.program, s, "x.npz")),
    "inputs of a run that are a secret": ("inputs", lambda c, s, p: tacit.run(c.program, c.weights, s)),
    "samples that are no array": ("x", lambda c, s, p: tacit.evaluate(c.program, c.weights, "x.npz")),
    "a commitment to prove with": ("model", lambda c, s, p: tacit.prove(c.program, s.commitment, c.inputs)),
    "a path to prove with": ("model", lambda c, s, p: tacit.prove(c.program, "model.secret", c.inputs)),
    "a context of text": ("context", lambda c, s, p: tacit.prove(c.program, s, c.inputs, context="abc")),
    "a proof by path": ("proof", lambda c, s, p: tacit.verify(c.program, "out.proof", model=s.commitment)),
    "a proof by number": ("proof", lambda c, s, p: tacit.verify(c.program, 10**12, model=s.commitment)),
    "a program by path": ("program", lambda c, s, p: tacit.verify("m.tacit", p, model=s.commitment)),
    "bits of text": ("security", lambda c, s, p: tacit.verify(c.program, p, model=s.commitment, security="128")),
    "weights by path": ("weights", lambda c, s, p: tacit.commit_model(c.program, "m.weights")),
    "proofs by halves": ("proofs", lambda c, s, p: tacit.commit_model(c.program, c.weights, proofs=1.5)),
    "a program to inspect by": ("program", lambda c, s, p: tacit.inspect(p, program="m.tacit")),
}


@pytest.fixture(scope="module")
def made(case: Cases) -> tuple[Case, tacit.Secret, tacit.Proof]:
    small = case()
    secret = small.commit()
    return small, secret, tacit.prove(small.program, secret, small.inputs)


@pytest.mark.parametrize("name", WRONG)
def test_of_another_type(made: tuple[Case, tacit.Secret, tacit.Proof], name: str) -> None:
    place, call = WRONG[name]
    left = made[1].remaining
    with pytest.raises(InputError) as refused:
        call(*made)
    assert (refused.value.slug, refused.value.place) == ("type", place)
    assert refused.value.reason.startswith("expected ")
    assert refused.value.remedy
    assert made[1].remaining == left


def test_one_array_for_the_one_input(case: Cases) -> None:
    """As by name; also lists, and what other libraries have for arrays."""
    small = case(input="committed")
    x = small.inputs["x"]
    named, plain = (tacit.commit_data(small.program, given) for given in (small.inputs, x))
    assert plain.commitment.tensors == named.commitment.tensors
    public = case(input="public")
    secret = public.commit()
    want = tacit.run(public.program, public.weights, public.inputs).integers["y"]
    for given in (x, x.tolist(), Foreign(x)):
        np.testing.assert_array_equal(tacit.run(public.program, public.weights, given).integers["y"], want)
        assert tacit.evaluate(public.program, public.weights, given).refused == 0
    proof = tacit.prove(public.program, secret, x)
    statement = tacit.verify(public.program, proof, model=secret.commitment)
    np.testing.assert_array_equal(statement.integers["x"], public.program.inputs["x"].quantize(x).reshape(x.shape))
    np.testing.assert_array_equal(statement.integers["y"], want)
    np.testing.assert_array_equal(proof.outputs["y"], statement.outputs["y"])


def test_one_array_where_there_is_no_one_input(case: Cases) -> None:
    """All inputs are committed, or there are two."""
    small = case(input="committed")
    model, data = small.commit(), tacit.commit_data(small.program, small.inputs)
    x = small.inputs["x"]
    for call in (
        lambda: tacit.prove(small.program, model, x, data=data),
        lambda: tacit.run(small.program, model, x, data=data),
    ):
        with pytest.raises(InputError) as refused:
            call()
        assert (refused.value.slug, refused.value.place) == ("type", "inputs")
        assert refused.value.reason == "expected no input: all of them are committed, got one ndarray"
    assert (model.remaining, data.remaining) == (PROOFS, PROOFS)
    ports = [*small.program.inputs.values(), *small.program.outputs.values()]
    with pytest.raises(
        InputError, match="expected a dictionary of arrays for the inputs x, y, got one list"
    ) as refused:
        by_name("x", [1.0], ports)
    assert (refused.value.slug, refused.value.place) == ("type", "x")


@pytest.mark.parametrize(
    "options",
    [Options(weight_bits="8"), Options(activation_bits=8.5), Options(headroom="2"), {"weight_bits": 8}],
)
def test_options_of_another_type(options: Any) -> None:
    with pytest.raises(InputError) as refused:
        tacit.compile("none.onnx", calibration=np.zeros((1, 4)), options=options)
    assert refused.value.slug == "type"


def test_numpy_numbers_will_do(made: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = made
    assert tacit.commit_model(small.program, small.weights, proofs=np.int64(2)).remaining == 2
    assert tacit.verify(small.program, proof, model=secret.commitment, security=np.int32(100)).outputs


def test_weights_that_are_no_integers(case: Cases) -> None:
    small = case()
    real = {name: values.astype(np.float64) + 0.5 for name, values in small.weights.tensors.items()}
    weights = tacit.Weights(small.program.digest, "model", real)
    with pytest.raises(InputError, match="expected integers, got float64"):
        tacit.commit_model(small.program, weights)


def test_a_secret_that_could_not_be_saved_is_saved_elsewhere(
    case: Cases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bytes are on the disk before the journal starts: a full disk leaves neither, and the secret as it was."""

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    secret = case().commit()
    with monkeypatch.context() as patched:
        patched.setattr("tacit.api.native.os.fsync", full)
        with pytest.raises(InputError, match="No space left") as refused:
            secret.save(tmp_path / "full.secret")
    assert refused.value.remedy
    assert list(tmp_path.iterdir()) == []
    secret.save(tmp_path / "other.secret")
    left = secret.remaining
    with pytest.raises(InputError) as refused:
        case().commit().save(tmp_path / "nowhere" / "x.secret")
    assert refused.value.slug == "file"
    del secret
    assert tacit.Secret.load(tmp_path / "other.secret").remaining == left


def test_a_journal_without_its_first_record(case: Cases, tmp_path: Path) -> None:
    """The commitment's own proof is always counted: a journal cut to its header, or before it, was turned back."""
    case().commit().save(tmp_path / "m.secret")
    journal = tmp_path / "m.secret.journal"
    whole = journal.read_bytes()
    # The number of refusals comes first.
    assert len(whole) == HEADER + 2 * RECORD
    for cut in (HEADER, HEADER + RECORD):
        journal.write_bytes(whole[:cut])
        with pytest.raises(AllowanceExceeded) as refused:
            tacit.Secret.load(tmp_path / "m.secret")
        assert refused.value.slug == "allowance_damaged"


@pytest.mark.parametrize(("name", "given"), [("weights", "bogus"), ("input", "hidden"), ("outputs", "private")])
def test_visibility_that_is_none(case: Cases, name: str, given: str) -> None:
    with pytest.raises(InputError) as refused:
        case(**{name: given})
    assert (refused.value.slug, refused.value.place) == ("visibility", name)
    assert "expected public" in refused.value.reason or "expected private" in refused.value.reason
    assert given in refused.value.reason


@pytest.mark.parametrize("security", [0, -5, 161, 1 << 20, False, True, float("nan"), "128", None, np.int64(0)])
def test_bits_that_insist_on_nothing(made: tuple[Case, tacit.Secret, tacit.Proof], security: Any) -> None:
    """With a target of 0 a commitment was believed without its validity proof, and a child without its link."""
    small, secret, proof = made
    for call in (
        lambda: tacit.verify(small.program, proof, model=secret.commitment, security=security),
        lambda: secret.commitment.accept(security),
    ):
        with pytest.raises(InputError) as refused:
            call()
        assert refused.value.slug in ("security", "type")
    commitment = tacit.Commitment(secret.commitment._native)
    with pytest.raises(_native.Failure) as failure:
        commitment._native.accept(0)
    assert failure.value.args[1] == "security"
