"""Committed outputs: the proof says that the answer is the one in a commitment that was made along with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from trained_networks import PROOFS, Case

import tacit
from tacit import _native
from tacit.errors import InputError, InvalidProof, TacitError

Cases = Callable[..., Case]
#: Of an argument that is not about the statement.
UNBOUND = {"grinding", "merkle", "non_canonical", "final_claim", "last_query"}


@pytest.fixture(scope="module")
def proven(case: Cases) -> tuple[Case, tacit.Secret, tacit.Proof, tacit.Commitment]:
    """A proof of a private model on a private input, whose output is committed."""
    small = case(outputs="committed")
    model = small.commit()
    proof = tacit.prove(small.program, model, small.inputs, context=b"o")
    assert proof.output is not None
    return small, model, proof, proof.output.commitment


Proven = tuple[Case, tacit.Secret, tacit.Proof, tacit.Commitment]


def refusal(call: Callable[[], Any], kind: type[TacitError] = InvalidProof) -> str:
    with pytest.raises(kind) as caught:
        call()
    return caught.value.slug


def test_a_whole_round_trip(proven: Proven) -> None:
    small, model, proof, output = proven
    assert small.program.commits_outputs
    assert list(small.program.commitments) == ["model", "output"]
    assert small.program.outputs["y"].place == "output"
    statement = tacit.verify(small.program, proof, model=model.commitment, output=output, context=b"o")
    assert (statement.outputs, statement.inputs, statement.integers) == ({}, {}, {})
    assert {"input x", "output y", "the values of model"} <= set(statement.hidden)
    assert statement.digests["output"] == output.identity
    needed = tacit.inspect(small.program)["commitments needed"]
    assert needed == {"model": "private", "output": "made along with each proof"}
    # Only who made the proof has the answer.
    np.testing.assert_allclose(proof.outputs["y"], small.trained(small.inputs["x"]), atol=0.05)
    assert _native.proof_from_file(proof.data)[2] == []
    assert tacit.Proof(proof.data).output is None
    assert proof.output is not None
    assert (proof.output.role, proof.output.remaining, model.remaining) == ("output", PROOFS - 1, PROOFS - 1)


def test_another_output_commitment(proven: Proven) -> None:
    """Of the same answer, of another answer, of the answer changed by one in one place, or none at all."""
    small, model, proof, output = proven
    verify = lambda o: tacit.verify(small.program, proof, model=model.commitment, output=o, context=b"o")  # noqa: E731
    again = tacit.prove(small.program, model, small.inputs, context=b"o")
    assert again.output is not None
    assert again.output.commitment.identity != output.identity
    np.testing.assert_array_equal(again.outputs["y"], proof.outputs["y"])
    assert refusal(lambda: verify(again.output.commitment)) == "commitments"
    assert refusal(lambda: verify(None)) == "commitments"
    assert refusal(lambda: verify(model.commitment)) == "commitments"

    port = small.program.outputs["y"]
    integers = port.quantize(proof.outputs["y"])
    integers[0] += 1
    native = small.program._native
    changed = _native.commit(native, "output", [(port.tensor, integers)], PROOFS, 0)
    commitment = tacit.Secret(changed).commitment
    commitment.accept()
    assert refusal(lambda: verify(commitment)) == "commitments"
    # Whatever the file names, the argument is about the other commitment.
    digest, _, publics, size = _native.proof_from_file(proof.data)
    argument, slabs = proof.data[-32 - size : -32], [bytes.fromhex(model.commitment.identity), changed.identity]
    renamed = _native.proof_to_file(digest, slabs, publics, argument)
    call = lambda: tacit.verify(small.program, renamed, model=model.commitment, output=commitment, context=b"o")  # noqa: E731
    assert refusal(call) in UNBOUND
    # The prover does not even start: the program computes something else.
    inputs = [(p.tensor, p.quantize(small.inputs["x"])) for p in small.program.inputs.values()]
    with pytest.raises(_native.Failure) as caught:
        _native.prove(native, [model._native, changed], inputs, b"o")
    assert caught.value.args[:3] == ("input", "execution", port.tensor)


def test_programs_that_publish_their_outputs(case: Cases, proven: Proven) -> None:
    small, _, _, output = proven
    usual = case()
    assert not usual.program.commits_outputs
    model = usual.commit()
    proof = tacit.prove(usual.program, model, usual.inputs)
    assert proof.output is None
    statement = tacit.verify(usual.program, proof, model=model.commitment)
    np.testing.assert_array_equal(proof.outputs["y"], statement.outputs["y"])
    assert not tacit.Proof.from_bytes(proof.to_bytes()).outputs
    assert refusal(lambda: tacit.verify(usual.program, proof, model=model.commitment, output=output)) == "commitments"
    assert small.program.digest != usual.program.digest
    assert refusal(lambda: case(outputs="hidden"), InputError) == "visibility"


def test_with_a_committed_input(case: Cases) -> None:
    small = case(outputs="committed", input="committed")
    assert list(small.program.commitments) == ["model", "data", "output"]
    model, data = small.commit(), tacit.commit_data(small.program, small.inputs)
    proof = tacit.prove(small.program, model, data=data)
    assert proof.output is not None
    given = {"model": model.commitment, "data": data.commitment, "output": proof.output.commitment}
    assert set(tacit.verify(small.program, proof, **given).digests) == {"program", "model", "data", "output"}
    other = tacit.commit_data(small.program, small.inputs)
    assert refusal(lambda: tacit.verify(small.program, proof, **{**given, "data": other.commitment})) == "commitments"


def test_with_a_threshold_and_public_weights(case: Cases) -> None:
    """The committed answer is one bit."""
    small = case(outputs="committed", weights="public", threshold=("y", (0,), 0.3))
    (port,) = small.program.outputs.values()
    assert (port.place, port.lo, port.hi) == ("output", 0, 1)
    model = small.commit()
    proof = tacit.prove(small.program, model, small.inputs)
    assert proof.output is not None
    tacit.verify(small.program, proof, model=small.weights, output=proof.output.commitment)
    expected = small.trained(small.inputs["x"])[0, 0] >= 0.3
    assert int(proof.outputs[port.name].item()) == int(expected)


def test_the_second_verifier(proven: Proven, tmp_path: Path) -> None:
    from tacit.reference import Refused, verify_files

    small, model, proof, output = proven
    small.program.save(tmp_path / "program")
    model.commitment.save(tmp_path / "model")
    output.save(tmp_path / "output")
    program, *commitments = ((tmp_path / name).read_bytes() for name in ("program", "model", "output"))
    verify_files(program, proof.data, commitments, b"o")
    with pytest.raises(Refused) as caught:
        verify_files(program, proof.data, commitments[:1], b"o")
    assert caught.value.slug == "commitments"
