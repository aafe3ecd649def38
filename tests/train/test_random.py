"""Random architectures: integers beside float64 at fine scales, the trainer beside the program, boxes beside whole values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nets import Net
from trained import ACTS, NETWORKS, Case, case, flat, moves
from training_programs import emitted, fitted, run

from tacit.graph import Graph
from tacit.train import pieces
from tacit.train.tape import Scales

FINE = Scales(activations=11, activation_bits=16, errors=15, error_bits=19)
COARSE = Scales(activation_bits=12, error_bits=12)
#: Kept small: what is asked is whether they agree, and a program of few entries says it as well.
SMALL = settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def networks(draw: st.DrawFn) -> tuple[Graph, str]:
    """Convolutions and pools (or none), dense layers, activations between them; and a loss."""
    net = Net(draw(st.integers(0, 99)), x=(1, draw(st.integers(1, 2)), *[draw(st.sampled_from([4, 6]))] * 2))
    act = st.sampled_from(sorted(ACTS)).map(ACTS.__getitem__)
    value = "x"
    for _ in range(draw(st.integers(0, 2))):
        before, size = value, net.shapes[value][-1]
        if draw(st.booleans()) or value == "x":
            stride = draw(st.sampled_from([1, 2])) if size >= 4 else 1
            value = net.conv(value, draw(st.integers(1, 3)), 3, 1, stride=stride)
            if net.shapes[value] == net.shapes[before] and before != "x" and draw(st.booleans()):
                value = net.add("Add", [value, before], net.shapes[value])
            value = draw(act)(net, value)
        if net.shapes[value][-1] >= 4 and draw(st.booleans()):
            value = net.pool(draw(st.sampled_from(["AveragePool", "MaxPool"])), value, 2, 2)
    value = flat(net, value)
    for _ in range(draw(st.integers(0, 2))):
        value = draw(act)(net, net.dense(value, draw(st.integers(1, 5))))
    loss = draw(st.sampled_from(["cross_entropy", "logistic", "mse"]))
    return net.graph(net.dense(value, draw(st.integers(2, 3)))), loss


@st.composite
def cases(draw: st.DrawFn) -> Case:
    graph, loss = draw(networks())
    return case(
        graph, loss,
        batch=draw(st.integers(1, 3)),
        chunks=tuple(draw(st.lists(st.integers(1, 2), min_size=1, max_size=2))),
        rate=draw(st.sampled_from([0.05, 0.3])),
        momentum=draw(st.sampled_from([0.0, 0.0, 0.9, 0.5])),
        decay=draw(st.sampled_from([0.0, 0.0, 0.02])),
        order=draw(st.sampled_from(["committed", "permutation", "all"])),
    )  # fmt: skip


@SMALL
@given(cases(), st.sampled_from(["public", "private"]), st.sampled_from(["public", "private"]))
def test_the_trainer_is_a_witness(made: Case, base: str, next: str) -> None:
    run(made, emitted(made, base, next))


@SMALL
@given(networks())
def test_a_step_is_the_float_networks(drawn: tuple[Graph, str]) -> None:
    """Of averages over entries: where a ReLU or a maximum is at its edge, one side or the other is right."""
    made = case(*drawn, scales=FINE, overflow=None, chunks=(1,), batch=4, rate=0.1)
    found, exact = moves(made)
    whole = np.sqrt(sum(float((move**2).sum()) for move in exact.values()))
    apart = np.sqrt(sum(float(((found[name] - move) ** 2).sum()) for name, move in exact.items()))
    assert apart <= 0.03 * whole + 1e-4


@pytest.mark.parametrize("name", [name for name in NETWORKS if name != "residual"])
def test_boxes_change_no_integer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Values cut wherever a power of two is not reached, in the program; the trainer knows no boxes."""
    monkeypatch.setattr(pieces, "LEAST_SAVED", 1)
    made = case(NETWORKS[name](), chunks=(2, 1), batch=3, order="permutation")
    training = emitted(made)
    run(made, training, fitted(made))
    boxed = any("#" in tensor.name for tensor in training.program.tensors)
    assert boxed == (name == "views" or name.startswith("images"))


def test_boxes_of_odd_images(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "LEAST_SAVED", 1)

    def net(pool: str, stride: int) -> Graph:
        net = Net(3, x=(1, 1, 7, 6))
        value = ACTS["tanh"](net, net.conv("x", 3, 3, 1, stride=stride))
        value = ACTS["relu"](net, net.conv(value, 3, 3, 1))
        if stride == 1:
            value = net.pool(pool, value, 2, 2)
        return net.graph(net.dense(flat(net, value), 3))

    for pool, stride in (("MaxPool", 1), ("AveragePool", 1), ("MaxPool", 2)):
        made: Any = case(net(pool, stride), chunks=(3,), batch=3, rate=0.1, scales=COARSE)
        run(made, emitted(made))
