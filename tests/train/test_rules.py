"""Every rule of training against float64: with fine scales a step of integers is a step of the float network."""

from __future__ import annotations

import numpy as np
import pytest
from trained import NETWORKS, Case, case, dense, moves

from tacit.graph.registry import CANONICAL
from tacit.train.loss import LOSSES
from tacit.train.optimizer import Factor, dyadic
from tacit.train.tape import RULES, Scales

#: Fine enough that the integers' own rounding is far below a step.
FINE = Scales(activations=11, activation_bits=16, errors=15, error_bits=19)
#: Operators that no rule trains through, and why.
NOT_TRAINED = {
    "Softmax": "a loss has its own; attention is not trained through",
    "Erf": "part of Gelu, which importers recognise",
    "LeakyRelu": "no rule yet",
    "Clip": "no rule yet",
}


def test_every_differentiable_operator_has_a_rule_or_a_reason() -> None:
    differentiable = {name for name, op in CANONICAL.items() if op.gradient is not None}
    assert differentiable - set(RULES) == set(NOT_TRAINED)
    made = {node.op for make in NETWORKS.values() for node in make().nodes}
    assert set(RULES) - made == {"ReduceSum", "Div"}


def near(made: Case, share: float) -> None:
    found, exact = moves(made)
    whole = max(float(np.abs(move).max()) for move in exact.values())
    for name, move in exact.items():
        assert np.abs(found[name] - move).max() <= share * max(float(np.abs(move).max()), whole / 8), name
        assert (np.abs(move).max() > 0) == (name not in made.plan.network.frozen), name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_step_is_the_float_networks(name: str) -> None:
    # Entries that tie at a ReLU's 0 or in a window fall on either side: pools of activations are the coarsest.
    near(case(NETWORKS[name](), scales=FINE, overflow=None, chunks=(1,)), 0.05 if "MaxPool" in name else 0.02)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.01])
def test_losses_momentum_and_decay(loss: str, momentum: float, decay: float) -> None:
    made = case(
        dense(5, 4, 2), loss, scales=FINE, overflow=None, chunks=(4, 2), rate=0.1, momentum=momentum, decay=decay
    )
    near(made, 0.05)


def test_frozen_weights_stay() -> None:
    made = case(dense(6, 5, 4, 3), scales=FINE, overflow=None, frozen=("c0", "c1"))
    near(made, 0.02)


def test_dyadic_rates() -> None:
    for value in np.geomspace(1e-6, 10, 200):
        found = dyadic(float(value))
        assert abs(found.real - value) <= value / 32
        assert found.c % 2 == 1 or found.power == 0
    assert dyadic(0.125) == Factor(1, 3)
    assert dyadic(0.1 / 64).c < 32
