"""Whether an input is refused tells of the weights: not where the program is total, whatever input in range is asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from covert_network import SAMPLES, corners, network

import tacit
from tacit.errors import InputError

#: How the attack asks: the answer is a bit, or hidden in a commitment.
ASKED = [{"threshold": ("covert2", 0, 0.0)}, {"outputs": "committed"}, {}]


def edges(program: tacit.Program, count: int) -> Any:
    """Along lines from nothing to a corner, as a search for the border of a range would ask; and at random."""
    rng, (low, high) = np.random.default_rng(5), program.inputs["x"].range
    lines = [np.multiply.outer(np.linspace(0, 1, 16), corner) for corner in corners(program)]
    return np.concatenate([*lines, rng.uniform(low, high, (count, 1, 6))])


@pytest.mark.parametrize("overflow", ["total", "saturate", "widen"])
@pytest.mark.parametrize("asked", ASKED, ids=["bit", "committed", "value"])
def test_no_input_in_range_is_refused(asked: dict[str, Any], overflow: str) -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES[:12], overflow=overflow, **asked)
    found = tacit.run(program, weights, {"x": edges(program, 500)})
    assert not found.refused


def test_where_values_may_leave_there_is_a_border_to_find() -> None:
    """The same questions to a program that refuses: the attack has what it looks for."""
    program, weights = tacit.compile(network(), calibration=SAMPLES[:12], overflow="refuse")
    found = tacit.run(program, weights, {"x": edges(program, 500)})
    assert 20 < len(found.refused) < len(edges(program, 500)) - 20


def test_corners_are_proven() -> None:
    program, weights = tacit.compile(network(), calibration=SAMPLES[:12], proofs=8, overflow="saturate")
    secret = tacit.commit_model(program, weights)
    for x in corners(program)[:4]:
        statement = tacit.verify(program, tacit.prove(program, secret, {"x": x}), model=secret.commitment)
        (answer,) = tacit.run(program, weights, {"x": x}).outputs.values()
        (proven,) = statement.outputs.values()
        np.testing.assert_array_equal(proven.reshape(-1), answer.reshape(-1))


def test_an_input_out_of_range_is_refused_by_its_own_range() -> None:
    """Public on both sides: the range stands in the program, the value is the caller's."""
    program, weights = tacit.compile(network(), calibration=SAMPLES, ranges=(-4.0, 4.0))
    low, high = program.inputs["x"].range
    secret = tacit.commit_model(program, weights)
    with pytest.raises(InputError) as caught:
        tacit.prove(program, secret, {"x": np.full((1, 6), high * 1.01)})
    assert caught.value.slug == "range"
    assert low == -4.0
    assert high >= 4.0
    assert secret.remaining == program.proofs
