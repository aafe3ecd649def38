"""Random graphs with other weights: of one architecture there is one program, or an error that says why not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from graph_random import random_case

from tacit.compiler.pipeline import compile_model
from tacit.errors import QuantizationError
from tacit.graph import Graph
from tacit.importers import load

SEEDS = 24


def checkpoint(graph: Graph, seed: int) -> Graph:
    """Every weight times a number of its own from half to one and a half; coefficients of the program stay."""
    rng = np.random.default_rng(seed)
    kept = {n for node in graph.nodes if node.operator.shown.one_number for n in node.inputs if n in graph.constants}
    kept = {n for n in kept if graph.constants[n].size == 1}
    constants = {
        n: c if n in kept else c * rng.uniform(0.5, 1.5, size=c.shape) for n, c in sorted(graph.constants.items())
    }
    return replace(graph, constants=constants, origin=None)


@pytest.mark.parametrize("seed", range(SEEDS))
def test_two_checkpoints_have_one_program(seed: int) -> None:
    case = random_case(seed)
    graph = load(case.model(), batch=case.batch, blind=True)
    samples = case.draw(8, 0)
    digests, refused = set(), list[QuantizationError]()
    for other in range(2):
        one = checkpoint(graph, other)
        try:
            digests.add(compile_model(one, calibration=samples, architecture_only=True, max_error=0.2)[0].digest)
        except QuantizationError as error:
            refused.append(error)
    assert len(digests) <= 1
    assert {error.slug for error in refused} <= {"architecture_only", "accuracy"}
    assert not any("got another" in error.reason for error in refused)


def test_most_of_them_have_one() -> None:
    """The test above is not empty: graphs without learned thresholds, of ordinary weights, fit."""
    fitted = 0
    for seed in range(6):
        case = random_case(seed)
        graph = load(case.model(), batch=case.batch, blind=True)
        try:
            compile_model(
                replace(graph, origin=None), calibration=case.draw(8, 0), architecture_only=True, max_error=0.2
            )
            fitted += 1
        except QuantizationError:
            continue
    assert fitted >= 4
