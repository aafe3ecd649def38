"""What a statement says of inputs that it hides: that there is one, or that it is the committed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit

SAMPLES = np.random.default_rng(11).normal(size=(64, 2, 3)).astype(np.float32)
X, OTHER = {"x": SAMPLES[:1, 0]}, {"x": SAMPLES[1:2, 0]}

Deploy = Callable[[str], tuple[tacit.Program, tacit.Secret]]


def network() -> Any:
    """y = [x0 + x1 + x2 >= 0], so that many inputs have the same answer."""
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["x", "w"], ["y"])],
        "sum",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1])],
        [numpy_helper.from_array(np.ones((3, 1), np.float32), "w")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.fixture(scope="module")
def deploy() -> Deploy:
    made: dict[str, tuple[tacit.Program, tacit.Secret]] = {}

    def get(visibility: str) -> tuple[tacit.Program, tacit.Secret]:
        if visibility not in made:
            program, weights = tacit.compile(
                network(), calibration={"x": SAMPLES[:, 0]}, input=visibility, threshold=("y", 0, 0.0), proofs=8
            )
            made[visibility] = program, tacit.commit_model(program, weights)
        return made[visibility]

    return get


def test_private_says_some_input(deploy: Deploy) -> None:
    """Two records of the prover's choice, the same answer, and the statements are alike in all that they say."""
    program, model = deploy("private")
    low, high = program.inputs["x"].range
    chosen = [{"x": np.full((1, 3), 0.5)}, {"x": np.array([[1.0, 0.25, -0.5]])}]
    said = []
    for record in chosen:
        proof = tacit.prove(program, model, record)
        statement = tacit.verify(program, proof, model=model.commitment)
        claim = statement.input_claims["x"]
        assert (claim.kind, claim.range, claim.identity) == ("private", (low, high), None)
        assert int(statement.integers["y"].item()) == 1
        said.append(statement.says)
    assert said[0] == said[1]
    assert said[0] == (
        f"x is private: some input in [{low:g}, {high:g}] gives this output; whoever proves may choose it",
    )
    assert "data" not in statement.digests


def test_committed_says_which(deploy: Deploy) -> None:
    program, model = deploy("committed")
    published, own = (tacit.commit_data(program, record) for record in (X, OTHER))
    proof = tacit.prove(program, model, data=published)
    statement = tacit.verify(program, proof, model=model.commitment, data=published.commitment)
    claim = statement.input_claims["x"]
    assert (claim.kind, claim.identity) == ("committed", published.commitment.identity)
    assert statement.says == (f"x is committed: it is the one that was committed under {claim.identity}",)
    # A record of the prover's choice has a commitment of its own, and the verifier holds another.
    forged = tacit.prove(program, model, data=own)
    with pytest.raises(tacit.InvalidProof) as refused:
        tacit.verify(program, forged, model=model.commitment, data=published.commitment)
    assert refused.value.slug == "slabs"
    # Whoever takes the commitment from the prover is told whose record it is about, no more.
    accepted = tacit.verify(program, forged, model=model.commitment, data=own.commitment)
    assert accepted.input_claims["x"].identity == own.commitment.identity != published.commitment.identity


def test_a_child_stands_for_its_master(deploy: Deploy) -> None:
    program, model = deploy("committed")
    master = tacit.commit_data(program, X, children=1)
    child = master.rotate(2)
    proof = tacit.prove(program, model, data=child)
    statement = tacit.verify(program, proof, model=model.commitment, data=master.commitment, link=child.commitment)
    assert statement.input_claims["x"].identity == master.commitment.identity == statement.digests["master of data"]


def test_public_says_the_one_shown(deploy: Deploy) -> None:
    program, model = deploy("public")
    statement = tacit.verify(program, tacit.prove(program, model, X), model=model.commitment)
    claim = statement.input_claims["x"]
    assert (claim.kind, claim.identity) == ("public", None)
    assert statement.says == ("x is public: it is the one that is shown",)
    np.testing.assert_allclose(statement.inputs["x"], X["x"], atol=2.0 ** -program.inputs["x"].frac)


@pytest.mark.parametrize(
    ("visibility", "words"),
    [("private", "some input in ["), ("committed", "committed under "), ("public", "is shown")],
)
def test_inspect_says_so_too(deploy: Deploy, visibility: str, words: str) -> None:
    program, model = deploy(visibility)
    assert words in tacit.inspect(program)["inputs"]["x"]["a proof says"]
    data = tacit.commit_data(program, X) if visibility == "committed" else None
    proof = tacit.prove(program, model, None if data else X, data=data)
    (sentence,) = tacit.inspect(proof, program=program)["of its inputs"]
    assert words in sentence
    if data is not None:
        assert data.commitment.identity in sentence
    json.dumps(tacit.inspect(proof, program=program))
