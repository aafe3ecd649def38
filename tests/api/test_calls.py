"""The calls, end to end on a small trained network: what they accept, and by which name they refuse."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case

import tacit
from tacit import _native, progress
from tacit.errors import AllowanceExceeded, InputError, InvalidProof, TacitError
from tacit.quantize import Options

Cases = Callable[..., Case]
#: Refusals of an argument that is not about the statement: the transcript differs, so nothing later fits.
UNBOUND = {"grinding", "merkle", "non_canonical", "final_claim", "last_query"}


def refusal(kind: type[TacitError], call: Callable[[], Any]) -> TacitError:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.reason
    return caught.value


@pytest.fixture(scope="module")
def accepted(case: Cases) -> tuple[Case, tacit.Secret, tacit.Proof]:
    """A proof of the private model on a private input."""
    small = case()
    secret = small.commit()
    return small, secret, tacit.prove(small.program, secret, small.inputs, context=b"order 1")


def with_publics(proof: tacit.Proof, change: Callable[[list[list[int]]], None]) -> tacit.Proof:
    """The same argument in a file with other public values."""
    digest, slabs, publics, _ = _native.proof_from_file(proof.data)
    argument = proof.data[-32 - _argument_bytes(proof) : -32]
    publics = [list(values) for values in publics]
    change(publics)
    return tacit.Proof(_native.proof_to_file(digest, slabs, publics, argument))


def _argument_bytes(proof: tacit.Proof) -> int:
    return int(_native.proof_from_file(proof.data)[3])


def test_a_whole_round_trip(accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    statement = tacit.verify(small.program, proof, model=secret.commitment, context=b"order 1")
    expected = small.trained(small.inputs["x"])
    assert statement.outputs["y"].shape == small.program.outputs["y"].shape
    np.testing.assert_allclose(statement.outputs["y"], expected, atol=0.05)
    assert statement.security >= 128
    assert statement.context == b"order 1"
    assert statement.digests == {"program": small.program.digest, "model": secret.commitment.identity}
    assert statement.inputs == {}
    assert "input x" in statement.hidden
    assert "the values of model" in statement.hidden
    port = small.program.outputs["y"]
    assert np.array_equal(port.dequantize(statement.integers["y"]), statement.outputs["y"])
    # Bytes are enough, and nothing of the input is said.
    assert tacit.verify(
        small.program, proof.to_bytes(), model=secret.commitment, context=b"order 1"
    ).outputs.keys() == {"y"}


def test_proofs_of_the_same_statement_differ(accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    again = tacit.prove(small.program, secret, small.inputs, context=b"order 1")
    assert again.data != proof.data
    other = small.commit()
    assert other.commitment.identity != secret.commitment.identity


def test_another_context(accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    for context in (b"", b"order 2", b"order 1\0"):
        error = refusal(
            InvalidProof, lambda c=context: tacit.verify(small.program, proof, model=secret.commitment, context=c)
        )
        assert error.slug in UNBOUND


def test_other_public_values(accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    check = lambda p: tacit.verify(small.program, p, model=secret.commitment, context=b"order 1")  # noqa: E731
    check(with_publics(proof, lambda p: None))

    def more(publics: list[list[int]]) -> None:
        publics[0][0] += 1

    def outside(publics: list[list[int]]) -> None:
        publics[0][0] = small.program.outputs["y"].hi + 1

    assert refusal(InvalidProof, lambda: check(with_publics(proof, more))).slug in UNBOUND
    assert refusal(InvalidProof, lambda: check(with_publics(proof, outside))).slug == "public_interval"
    assert refusal(InvalidProof, lambda: check(with_publics(proof, lambda p: p[0].append(0)))).slug == "public_shape"
    assert refusal(InvalidProof, lambda: check(with_publics(proof, lambda p: p.append([1])))).slug == "public_shape"


def test_changed_bytes(accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    rng = np.random.default_rng(5)
    for at in rng.integers(0, len(proof.data), 40):
        data = bytearray(proof.data)
        data[at] ^= 1 << int(rng.integers(0, 8))
        changed = refusal(
            InvalidProof,
            lambda d=bytes(data): tacit.verify(small.program, d, model=secret.commitment, context=b"order 1"),
        )
        assert changed.slug == ("magic" if at < 6 else "file_kind" if at == 6 else "version" if at == 7 else "checksum")
    for data, slug in (
        (b"", "truncated"),
        (b"TACIT", "truncated"),
        (proof.data[:39], "truncated"),
        (proof.data[:40], "checksum"),
        (proof.data[:-1], "checksum"),
        (proof.data + b"\0", "checksum"),
    ):
        cut = refusal(
            InvalidProof, lambda d=data: tacit.verify(small.program, d, model=secret.commitment, context=b"order 1")
        )
        assert cut.slug == slug


def test_wrong_inputs(case: Cases) -> None:
    small = case()
    secret = small.commit(proofs=1)
    x = small.inputs["x"]
    far = x.copy()
    far[0, 2] = 1e6
    nan = x.copy()
    nan[0, 0] = np.nan
    for inputs, slug in (
        ({"x": x[:, :3]}, "shape"),
        ({"x": small.trained.samples[:2]}, "shape"),
        ({"x": nan}, "not_finite"),
        ({"x": far}, "range"),
        ({"x": ["a"] * 4}, "dtype"),
        ({}, "missing"),
        (None, "missing"),
        ({"x": x, "z": x}, "extra"),
        ({"y": x}, "missing"),
    ):
        error = refusal(InputError, lambda i=inputs: tacit.prove(small.program, secret, i))
        assert error.slug == slug, inputs
        assert error.place in ("x", "z")
    assert secret.remaining == 1, "what is refused before proving spends nothing"


def test_slabs_that_are_not_the_programs(case: Cases) -> None:
    small, other = case(), case(batch=2)
    secret = small.commit()
    assert refusal(InputError, lambda: tacit.prove(small.program, None, small.inputs)).slug == "commitments"
    assert (
        refusal(InputError, lambda: tacit.prove(small.program, secret, small.inputs, data=secret)).slug == "commitments"
    )
    assert refusal(InputError, lambda: tacit.commit_model(small.program, other.weights)).slug == "weights"
    assert refusal(InputError, lambda: tacit.commit_data(small.program, small.inputs)).slug == "visibility"
    for proofs in (0, -1):
        assert refusal(InputError, lambda n=proofs: small.commit(proofs=n)).slug == "proofs"
    for proofs in (PROOFS + 1, PROOFS + 1000):
        assert refusal(InputError, lambda n=proofs: small.commit(proofs=n)).slug == "proofs"


def test_commitments_that_are_not_the_proofs(case: Cases, accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    small, secret, proof = accepted
    verify = lambda **given: tacit.verify(small.program, proof, context=b"order 1", **given)  # noqa: E731
    assert refusal(InvalidProof, verify).slug == "commitments"
    # The same weights, committed again: the proof is not about that commitment.
    assert refusal(InvalidProof, lambda: verify(model=small.commit().commitment)).slug == "commitments"
    assert refusal(InvalidProof, lambda: verify(model=small.weights)).slug == "commitments"
    committed = case(input="committed")
    data = tacit.commit_data(committed.program, committed.inputs)
    assert refusal(InvalidProof, lambda: verify(model=data.commitment)).slug == "commitments"
    assert refusal(InvalidProof, lambda: verify(model=secret.commitment, data=data.commitment)).slug == "commitments"


def test_another_program(case: Cases, accepted: tuple[Case, tacit.Secret, tacit.Proof]) -> None:
    _, secret, proof = accepted
    other = case(batch=2)
    error = refusal(
        InvalidProof, lambda: tacit.verify(other.program, proof, model=secret.commitment, context=b"order 1")
    )
    assert error.slug == "program"


def test_a_budget_in_memory(case: Cases) -> None:
    small = case()
    secret = small.commit(proofs=2)
    for left in (1, 0):
        proof = tacit.prove(small.program, secret, small.inputs)
        assert secret.remaining == left
    tacit.verify(small.program, proof, model=secret.commitment)
    for _ in range(2):
        error = refusal(AllowanceExceeded, lambda: tacit.prove(small.program, secret, small.inputs))
        assert error.slug == "allowance"
        assert error.remedy
        assert secret.remaining == 0


def test_public_weights_are_compared(case: Cases) -> None:
    small, other = case(weights="public"), case(seed=1, weights="public")
    secret = small.commit()
    assert secret.remaining is None
    assert not secret.commitment.private
    proof = tacit.prove(small.program, secret, small.inputs)
    statement = tacit.verify(small.program, proof, model=small.weights)
    np.testing.assert_allclose(statement.outputs["y"], small.trained(small.inputs["x"]), atol=0.05)
    assert "the values of model" not in statement.hidden
    # Anybody computes the same root; other weights of the same shape are refused.
    assert small.commit().commitment.identity == secret.commitment.identity
    changed = {name: values.copy() for name, values in small.weights.tensors.items()}
    name = next(iter(changed))
    changed[name].reshape(-1)[0] += 1 if changed[name].reshape(-1)[0] <= 0 else -1
    forged = tacit.Weights(small.weights.program, small.weights.role, changed)
    assert refusal(InvalidProof, lambda: tacit.verify(small.program, proof, model=forged)).slug == "commitments"
    refusal(TacitError, lambda: tacit.verify(small.program, proof, model=other.weights))
    # A commitment from elsewhere says nothing of the values.
    stranger = tacit.Commitment(_native.Commitment.from_file(secret._native.commitment_file()))
    assert refusal(InvalidProof, lambda: tacit.verify(small.program, proof, model=stranger)).slug == "commitments"


def test_a_public_input(case: Cases) -> None:
    small = case(input="public")
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs)
    statement = tacit.verify(small.program, proof, model=secret.commitment)
    step = 2.0 ** -small.program.inputs["x"].frac
    np.testing.assert_allclose(statement.inputs["x"], small.inputs["x"], atol=step)
    assert "input x" not in statement.hidden


def test_a_committed_input(case: Cases) -> None:
    small = case(input="committed")
    model, data = small.commit(), tacit.commit_data(small.program, small.inputs)
    proof = tacit.prove(small.program, model, data=data, context=b"c")
    verify = lambda d: tacit.verify(small.program, proof, model=model.commitment, data=d, context=b"c")  # noqa: E731
    statement = verify(data.commitment)
    assert statement.digests["data"] == data.commitment.identity
    np.testing.assert_allclose(statement.outputs["y"], small.trained(small.inputs["x"]), atol=0.05)
    assert (model.remaining, data.remaining) == (PROOFS - 1, PROOFS - 1)
    # The same input, committed again.
    again = tacit.commit_data(small.program, small.inputs)
    assert again.commitment.identity != data.commitment.identity
    assert refusal(InvalidProof, lambda: verify(again.commitment)).slug == "commitments"
    assert refusal(InvalidProof, lambda: verify(None)).slug == "commitments"
    assert refusal(InvalidProof, lambda: verify(model.commitment)).slug == "commitments"
    assert refusal(InputError, lambda: tacit.prove(small.program, model)).slug == "commitments"
    assert refusal(InputError, lambda: tacit.prove(small.program, model, small.inputs, data=data)).slug == "extra"
    assert refusal(InputError, lambda: tacit.commit_data(small.program, {})).slug == "missing"
    # One of two budgets at its end ends both.
    short = tacit.commit_data(small.program, small.inputs, proofs=1)
    tacit.prove(small.program, model, data=short)
    assert refusal(AllowanceExceeded, lambda: tacit.prove(small.program, model, data=short)).slug == "allowance"


def test_a_batch(case: Cases) -> None:
    small = case(batch=3)
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs)
    statement = tacit.verify(small.program, proof, model=secret.commitment)
    assert statement.outputs["y"].shape == (3, 1)
    np.testing.assert_allclose(statement.outputs["y"], small.trained(small.inputs["x"]), atol=0.1)
    error = refusal(InputError, lambda: tacit.prove(small.program, secret, {"x": small.trained.samples[:1]}))
    assert error.slug == "shape"


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"headroom": float("nan")}, "headroom"),
        ({"headroom": float("inf")}, "headroom"),
        ({"headroom": 0.5}, "headroom"),
        ({"headroom": -1.0}, "headroom"),
        ({"proofs": 0}, "proofs"),
        ({"proofs": -1}, "proofs"),
        ({"proofs": 1 << 32}, "proofs"),
        ({"threshold": 0.5}, "threshold"),
        ({"threshold": ("y", 0, float("nan"))}, "threshold"),
        ({"calibration": np.full((8, 4), 1j)}, "dtype"),
        ({"calibration": np.full((8, 4), "1.5")}, "dtype"),
    ],
)
def test_options_that_make_no_sense(case: Cases, options: dict[str, Any], slug: str) -> None:
    trained = case().trained
    given = {"calibration": {"x": trained.samples}, **options}
    assert refusal(InputError, lambda: tacit.compile(trained.onnx(), **given)).slug == slug


def test_one_hundred_bits(case: Cases) -> None:
    small, usual = case(security=100), case()
    assert (small.program.security, usual.program.security) == (100, 128)
    secret = small.commit()
    proof = tacit.prove(small.program, secret, small.inputs)
    statement = tacit.verify(small.program, proof, model=secret.commitment, security=100)
    assert 100 <= statement.security < 128
    error = refusal(InvalidProof, lambda: tacit.verify(small.program, proof, model=secret.commitment))
    assert error.slug in {"target", "validity"}
    fresh = tacit.Commitment(_native.Commitment.from_file(secret._native.commitment_file()))
    refusal(InvalidProof, lambda: fresh.accept(128))
    fresh.accept(100)
    # More than was asked for is fine.
    model = usual.commit()
    better = tacit.prove(usual.program, model, usual.inputs)
    tacit.verify(usual.program, better, model=model.commitment, security=100)


def test_proof_lengths_depend_on_public_things_only(case: Cases) -> None:
    """Other inputs: lengths differ by distinct query positions and pruned paths only, a few percent."""
    small = case()
    lengths = []
    for sample in range(PROOFS):
        secret = small.commit(proofs=1)
        inputs = {"x": small.trained.samples[sample : sample + 1]}
        lengths.append(len(tacit.prove(small.program, secret, inputs)))
    assert max(lengths) - min(lengths) < 0.08 * max(lengths)


@pytest.mark.parametrize("name", ["activation_bits", "weight_bits", "input_bits", "output_bits"])
@pytest.mark.parametrize("bits", [-3, 0, 1, 33, 10**6])
def test_bits_out_of_range_are_refused(name: str, bits: int) -> None:
    options = Options(**{name: bits})
    error = refusal(InputError, lambda: tacit.compile("m.onnx", calibration=np.zeros((4, 4)), options=options))
    assert (error.slug, error.place) == ("bits", name)
    assert f"expected 2 to 32 bits, got {bits}" in error.reason


@pytest.mark.parametrize("bits", [-3, 0, 1, 21])
def test_rows_of_a_table_out_of_range_are_refused(bits: int) -> None:
    options = Options(table_bits=bits)
    error = refusal(InputError, lambda: tacit.compile("m.onnx", calibration=np.zeros((4, 4)), options=options))
    assert (error.slug, error.place) == ("bits", "table_bits")
    assert f"expected 2 to 20 bits, got {bits}" in error.reason


@pytest.mark.parametrize("headroom", [0.5, -1.0, float("nan"), float("inf")])
def test_headroom_out_of_range_is_refused(headroom: float) -> None:
    error = refusal(InputError, lambda: tacit.compile("m.onnx", calibration=np.zeros((4, 4)), headroom=headroom))
    assert (error.slug, error.place) == ("headroom", "headroom")


MODULES = ("counters", "data", "errors", "network", "reference", "train")


def test_modules_of_the_interface_need_no_import_of_their_own() -> None:
    uses = "tacit.errors.InputError; tacit.reference.verify; tacit.train.compile; tacit.data.Schema"
    code = f"import tacit; {uses}; print(*dir(tacit))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == sorted([*tacit.__all__, "__version__", *MODULES])
    assert len(tacit.__all__) <= 16


def test_long_calls_say_so_on_stderr(
    accepted: tuple[Case, tacit.Secret, tacit.Proof],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small, secret, proof = accepted
    capfd.readouterr()
    tacit.verify(small.program, proof, model=secret.commitment, context=b"order 1")
    assert capfd.readouterr() == ("", "")  # short work is silent
    monkeypatch.setattr(progress, "PATIENCE", 0.001)
    tacit.compile(small.trained.onnx(), calibration=small.trained.samples)
    out, err = capfd.readouterr()
    assert out == ""
    # The first line may be lost with the noise of a library that is silenced at that moment.
    assert err.strip().splitlines()[-1].startswith("tacit: compiling: ")
    with progress.slow("work"):
        time.sleep(0.1)
    first, last = capfd.readouterr().err.strip().splitlines()
    assert (first, last[:12]) == ("tacit: work ...", "tacit: work:")
    with progress.told():
        tacit.compile(small.trained.onnx(), calibration=small.trained.samples)
    assert capfd.readouterr() == ("", "")
