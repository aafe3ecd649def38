"""Operators of values that are not at the scale of activations: behind a bias, a factor, or records of another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from given_models import OnnxModel, node
from given_steps import check_step
from onnx import NodeProto

#: From "c" (n, 2, 6) to "m": nodes, constants, and entries of the result.
OPERATORS: dict[str, tuple[list[NodeProto], dict[str, Any], int]] = {
    "MaxPool": ([node("MaxPool", ["c"], ["m"], kernel_shape=[2], strides=[2])], {}, 6),
    "AveragePool": ([node("AveragePool", ["c"], ["m"], kernel_shape=[2], strides=[2])], {}, 6),
    "GlobalAveragePool": (
        [node("Slice", ["c", "from", "to", "at"], ["d"]), node("GlobalAveragePool", ["d"], ["m"])],
        {"from": np.array([0]), "to": np.array([4]), "at": np.array([2])}, 2,
    ),
    "ReduceMean": ([node("ReduceMean", ["c"], ["m"], axes=[1])], {}, 6),
    "ReduceSum": ([node("ReduceSum", ["c", "at"], ["m"])], {"at": np.array([1])}, 6),
    "Relu": ([node("Relu", ["c"], ["m"])], {}, 12),
    "Sigmoid": ([node("Sigmoid", ["c"], ["m"])], {}, 12),
    "Tanh": ([node("Tanh", ["c"], ["m"])], {}, 12),
    "Transpose": ([node("Transpose", ["c"], ["m"], perm=[0, 2, 1])], {}, 12),
    "Pad": ([node("Pad", ["c", "pads"], ["m"])], {"pads": np.array([0, 0, 1, 0, 0, 1])}, 16),
    "Slice": (
        [node("Slice", ["c", "from", "to", "at"], ["m"])],
        {"from": np.array([1]), "to": np.array([5]), "at": np.array([2])}, 8,
    ),
    "Concat": ([node("Tanh", ["c"], ["d"]), node("Concat", ["c", "d"], ["m"], axis=1)], {}, 24),
    "Add": ([node("Tanh", ["c"], ["d"]), node("Add", ["c", "d"], ["m"])], {}, 12),
    "Sub": ([node("Tanh", ["c"], ["d"]), node("Sub", ["c", "d"], ["m"])], {}, 12),
    "Mul": ([node("Mul", ["c", "half"], ["m"])], {"half": np.array(0.7)}, 12),
    "Flatten": ([node("Flatten", ["c"], ["m"])], {}, 12),
    "Conv": ([node("Conv", ["c", "u"], ["m"], pads=[1, 1])], {}, 12),
}  # fmt: skip
#: From "a" to "c", a convolution's result.
BEFORE = {
    "a bias": ([node("Tanh", ["a"], ["t"]), node("Add", ["t", "b"], ["c"])], {}),
    "a factor": ([node("Relu", ["a"], ["t"]), node("Mul", ["t", "s"], ["c"])], {"s": np.array(0.7)}),
    "a divisor and a bias": (
        [node("Tanh", ["a"], ["t"]), node("Div", ["t", "s"], ["d0"]), node("Add", ["d0", "b"], ["c"])], {"s": np.array(1.3)},
    ),
}  # fmt: skip
END = [node("Flatten", ["m"], ["f"]), node("MatMul", ["f", "v"], ["out"])]


def ended(before: list[NodeProto], name: str, constants: dict[str, Any], features: tuple[int, ...]) -> OnnxModel:
    rng = np.random.default_rng(4)
    nodes, more, entries = OPERATORS[name]
    nodes = [*before, *nodes, *END]
    sizes = {"w": (2, 1, 3), "b": (2, 1), "u": (2, 2, 3), "v": (entries, 2)}
    used = {tensor for one in nodes for tensor in one.input}
    weights = {of: rng.normal(size=shape) * 0.4 for of, shape in sizes.items() if of in used}
    return OnnxModel(nodes, weights, features, 2, constants={**constants, **more})


#: Those that give bits to their results, or to a choice; the others keep the scale of their operands.
ROUNDING = ("MaxPool", "AveragePool", "GlobalAveragePool", "ReduceMean", "Relu", "Sigmoid", "Tanh")


@pytest.mark.parametrize(
    ("name", "before"),
    [(name, before) for name in OPERATORS for before in BEFORE if name in ROUNDING or before == "a factor"],
)
def test_behind_what_makes_a_finer_scale(name: str, before: str) -> None:
    nodes, constants = BEFORE[before]
    conv = node("Conv", ["in", "w"], ["a"], pads=[1, 1])
    check_step(ended([conv, *nodes], name, constants, (1, 6)))


@pytest.mark.parametrize("frac", [4, 12])
@pytest.mark.parametrize("name", ROUNDING)
def test_records_of_another_scale(name: str, frac: int) -> None:
    check_step(ended([node("Identity", ["in"], ["c"])], name, {}, (2, 6)), frac)
