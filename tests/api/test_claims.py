"""What a statement says of inputs that it hides: that there is one, or that it is the committed one."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.api.claims import predicate_of
from tacit.api.objects import Port

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
    assert refused.value.slug == "commitments"
    # Whoever takes the commitment from the prover is told whose record it is about, no more.
    accepted = tacit.verify(program, forged, model=model.commitment, data=own.commitment)
    assert accepted.input_claims["x"].identity == own.commitment.identity != published.commitment.identity


def test_a_child_stands_for_its_master(deploy: Deploy) -> None:
    program, model = deploy("committed")
    master = tacit.commit_data(program, X, children=1)
    child = master.rotate(2)
    proof = tacit.prove(program, model, data=child)
    statement = tacit.verify(program, proof, model=model.commitment, data=master.commitment, rotation=child.commitment)
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


# --- thresholds -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("visibility", ["private", "committed"])
def test_a_threshold_is_a_predicate(deploy: Deploy, visibility: str) -> None:
    """Of the answer, in the program, in what is computed without a proof, and never of another output."""
    program, model = deploy(visibility)
    for record, holds in ((np.full((1, 3), 0.5), True), (np.full((1, 3), -0.5), False)):
        data = tacit.commit_data(program, record) if visibility == "committed" else None
        proof = tacit.prove(program, model, None if data else record, data=data)
        commitment = None if data is None else data.commitment
        statement = tacit.verify(program, proof, model=model.commitment, data=commitment)
        predicate = statement.predicates["y"]
        assert (predicate.asks, predicate.holds) == ("y[0] >= 0", (holds,))
        assert predicate.says == f"y[0] >= 0: {'true' if holds else 'false'}"
        assert int(statement.integers["y"].item()) == int(holds)
        assert tacit.inspect(proof, program=program)["claims"]["output y"] == predicate.says
    assert tacit.inspect(program)["outputs"]["y"]["says whether"] == "y[0] >= 0"


def test_a_predicate_is_bound_by_the_digest() -> None:
    """Two values of a threshold that are one integer: the same bit, but other words, and so another program."""
    made = [
        tacit.compile(network(), calibration={"x": SAMPLES[:, 0]}, threshold=("y", 0, value), proofs=4)[0]
        for value in (0.0, -1e-12, 12.5)
    ]
    words = [predicate_of(program.outputs["y"]) for program in made]
    assert words == ["y[0] >= 0", "y[0] >= -1e-12", "y[0] >= 12.5"]
    assert len({program.digest for program in made}) == 3


@pytest.mark.parametrize(
    "port",
    [
        Port("y", "output y", (1,), 0, 0, 1, "public"),
        Port("y[0] >= 1", "output y[0] >= 1", (1,), 0, 0, 1, "public"),
        Port("y", "output z[0] >= 1", (1,), 0, 0, 1, "public"),
        Port("y", "output y[0] >= 1", (1,), 0, 0, 2, "public"),
        Port("y", "output y[0] >= 1", (1,), 1, 0, 1, "public"),
        Port("y", "output y[0] >= 1", (1, 2), 0, 0, 1, "public"),
        Port("y", "output y[0] >= 1 or not", (1,), 0, 0, 1, "public"),
    ],
    ids=str,
)
def test_other_outputs_are_no_predicates(port: Port) -> None:
    assert predicate_of(port) is None


def test_a_batch_has_an_answer_each() -> None:
    program, weights = tacit.compile(
        network(), calibration={"x": SAMPLES[:, 0]}, threshold=("y", 0, 0.25), batch=3, proofs=4
    )
    model = tacit.commit_model(program, weights)
    records = np.array([[1.0, 0, 0], [-1.0, 0, 0], [0.0, 0, 0.5]])
    statement = tacit.verify(program, tacit.prove(program, model, records), model=model.commitment)
    assert statement.predicates["y"].says == "y[0] >= 0.25: true, false, true"


def test_outputs_themselves_have_no_predicates() -> None:
    program, weights = tacit.compile(network(), calibration={"x": SAMPLES[:, 0]}, proofs=4)
    model = tacit.commit_model(program, weights)
    statement = tacit.verify(program, tacit.prove(program, model, X), model=model.commitment)
    assert not statement.predicates
