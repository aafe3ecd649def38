"""What is said of each float operator is so: traits against the float meaning; and every operator has all its parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from tacit.graph.registry import CANONICAL, Array, Operator, never
from tacit.importers import load
from tacit.quantize import rules as _rules  # noqa: F401 - registers the rules
from tacit.quantize.quantizer import RULES

#: A factor for tests of homogeneity: a power of two, so that nothing is rounded.
G = 4.0
WINDOW = {"kernel_shape": (2, 2), "strides": (1, 1), "dilations": (1, 1), "pads": (0, 0, 0, 0)}


@dataclass(frozen=True)
class Example:
    """A use of an operator: operands' shapes, which of them are constants, attributes; and the ONNX node of it.

    `onnx`: its attributes there, where they are written otherwise; `more`: further inputs there, as constants.
    """

    shapes: tuple[tuple[int, ...], ...]
    constants: tuple[int, ...] = ()
    attrs: Mapping[str, Any] = field(default_factory=dict)
    onnx: Mapping[str, Any] | None = None
    more: tuple[Any, ...] = ()

    def operands(self, seed: int = 0) -> list[Array]:
        """Numbers that are all different, of both signs."""
        rng = np.random.default_rng(seed)
        return [np.round(rng.normal(size=shape) * 2**20) / 2**20 for shape in self.shapes]

    @property
    def sizes(self) -> list[int | None]:
        """Entries of each constant operand, None of computed ones."""
        return [int(np.prod(shape)) if i in self.constants else None for i, shape in enumerate(self.shapes)]


STRIDES = {key: value for key, value in WINDOW.items() if key != "kernel_shape"}
COMPARISONS = ("Greater", "Less", "GreaterOrEqual", "LessOrEqual")
IMAGE = (1, 2, 4, 4)
EXAMPLES: dict[str, Example] = {
    "Add": Example(((1, 3), (1, 3)), (1,)),
    "Sub": Example(((1, 3), (1, 3))),
    "Mul": Example(((1, 3), (1, 3)), (1,)),
    "Div": Example(((1, 3), (1, 3)), (1,)),
    "MatMul": Example(((2, 3), (3, 4)), (1,)),
    "Conv": Example((IMAGE, (3, 2, 2, 2), (3,)), (1, 2), {**STRIDES, "group": 1}),
    "MaxPool": Example((IMAGE,), (), WINDOW),
    "AveragePool": Example((IMAGE,), (), {**WINDOW, "count_include_pad": 1}),
    "GlobalAveragePool": Example((IMAGE,)),
    "Relu": Example(((2, 8),)),
    "LeakyRelu": Example(((2, 8),), (), {"alpha": 0.25}),
    "Clip": Example(((2, 8),), (), {"min": -0.5, "max": 0.75}, {}, (np.float32(-0.5), np.float32(0.75))),
    "Sigmoid": Example(((2, 8),)),
    "Tanh": Example(((2, 8),)),
    "Erf": Example(((2, 8),)),
    "Gelu": Example(((2, 8),), (), {"approximate": "none"}),
    **{name: Example(((2, 4), (1,)), (1,)) for name in COMPARISONS},
    "ArgMax": Example(((2, 4),), (), {"axis": 1, "keepdims": 1, "select_last_index": 0}),
    "Reshape": Example(((2, 6),), (), {"shape": (3, 4)}, {}, (np.array([3, 4]),)),
    "Transpose": Example(((2, 3),), (), {"perm": (1, 0)}),
    "Concat": Example(((2, 3), (2, 1)), (1,), {"axis": 1}),
    "Pad": Example(((2, 3),), (), {"pads": (0, 1, 0, 2)}, {}, (np.array([0, 1, 0, 2]),)),
    "Slice": Example(
        ((2, 5),),
        (),
        {"starts": (1,), "ends": (4,), "axes": (1,), "steps": (2,)},
        {},
        tuple(np.array([n]) for n in (1, 4, 1, 2)),
    ),
    "Softmax": Example(((2, 4),), (), {"axis": 1}),
    "ReduceSum": Example(((2, 4),), (), {"axes": (1,), "keepdims": 1}, {"keepdims": 1}, (np.array([1]),)),
    "ReduceMean": Example(((2, 4),), (), {"axes": (1,), "keepdims": 1}, {"keepdims": 1}, (np.array([1]),)),
}
ALL = pytest.mark.parametrize("name", sorted(CANONICAL))


def of(name: str) -> tuple[Operator, Example]:
    return CANONICAL[name], EXAMPLES[name]


def run(name: str, operands: list[Array], **attrs: Any) -> Array:
    return CANONICAL[name].evaluate({**EXAMPLES[name].attrs, **attrs}, operands)


def test_every_operator_has_an_example_and_a_rule_and_no_other_has() -> None:
    assert set(EXAMPLES) == set(CANONICAL) == set(RULES)


@ALL
def test_an_importer_makes_it_or_it_says_why_none_does(name: str) -> None:
    operator, example = of(name)
    names, inputs, constants = ["x", "y", "z"], [], []
    for i, (shape, values) in enumerate(zip(example.shapes, example.operands(), strict=True)):
        if i in example.constants:
            constants.append(numpy_helper.from_array(values.astype(np.float32), names[i]))
        else:
            inputs.append(helper.make_tensor_value_info(names[i], TensorProto.FLOAT, shape))
    further = [f"more{i}" for i in range(len(example.more))]
    constants += [numpy_helper.from_array(np.asarray(v), n) for n, v in zip(further, example.more, strict=True)]
    attrs = dict(example.attrs if example.onnx is None else example.onnx)
    node = helper.make_node(name, [*names[: len(example.shapes)], *further], ["o"], **attrs)
    graph = helper.make_graph([node], "g", inputs, [helper.make_empty_tensor_value_info("o")], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    found = {made.op for made in load(model, simplified=False).nodes}
    assert (name in found) != bool(operator.unimported), (found, operator.unimported)


@ALL
def test_the_shape_is_that_of_the_result(name: str) -> None:
    operator, example = of(name)
    assert operator.doc
    assert operator.shape(example.attrs, example.shapes) == run(name, example.operands()).shape


@ALL
def test_numbers_that_are_public_are_named(name: str) -> None:
    """Attributes that are real numbers stand in the program; so do bounds and factors of one number."""
    operator, example = of(name)
    real = {key for key, value in example.attrs.items() if isinstance(value, float)}
    assert set(operator.shown.attributes) == real
    assert operator.shown.one_number == (operator.compares or operator.product == "entries")


@ALL
def test_attributes(name: str) -> None:
    """A node has exactly those of its operator; another type of the same number is none."""
    operator, example = of(name)
    assert set(operator.attributes) == set(example.attrs)
    for key, value in example.attrs.items():
        attribute = operator.attributes[key]
        assert attribute.has(value)
        wrong = [None, True, "", [1], (True,), (1.0,), (-(1 << 40),), 1 << 40, f"{value}~"] + [1.0] * (
            not attribute.real
        )
        assert not any(map(attribute.has, wrong))
        if attribute.distinct or attribute.ascending:
            assert not attribute.has((1, 1))


@ALL
def test_elementwise(name: str) -> None:
    operator, example = of(name)
    operands = example.operands()
    before, changed = run(name, operands), operands[0].copy()
    if operator.jumps:
        changed = np.where(
            np.arange(changed.size).reshape(changed.shape) == 1, 100.0 * (1 - 2 * (changed > 0)), changed
        )
    else:
        changed.reshape(-1)[1] += 0.5 if changed.reshape(-1)[1] > 0 else 3.0
    other = run(name, [changed, *operands[1:]]).reshape(-1) != before.reshape(-1)
    alone = before.shape == operands[0].shape and np.flatnonzero(other).tolist() in ([1], [])
    assert alone or not operator.elementwise
    if not operator.elementwise and not operator.moves:
        # That it is not: an entry depends on others, or its place says nothing.
        assert not alone or name in ("ArgMax",)


@ALL
def test_moves(name: str) -> None:
    operator, example = of(name)
    operands = example.operands()
    entries = {0.0, *(x for operand in operands for x in operand.reshape(-1).tolist())}
    found = set(run(name, operands).reshape(-1).tolist()) <= entries
    assert operator.moves == (found and not operator.jumps and name not in ("Relu", "MaxPool"))


@ALL
def test_homogeneous(name: str) -> None:
    """g times what is computed, and what is added, is g times the result; where it is not said, there is no such g."""
    operator, example = of(name)
    operands = example.operands()
    joined = () if operator.added is None else range(operator.added, len(operands))
    scaled = [x * G if i not in example.constants or i in joined else x for i, x in enumerate(operands)]
    same = np.allclose(run(name, scaled), run(name, operands) * G, rtol=1e-12, atol=0)
    said = operator.homogeneous(example.attrs, example.sizes)
    assert said <= same
    assert same <= (said or bool(operator.product))
    assert operator.scale_free == (name == "ArgMax")
    assert not operator.scale_free or np.array_equal(run(name, scaled), run(name, operands))


def test_conditions_of_homogeneity() -> None:
    clip, mul = CANONICAL["Clip"], CANONICAL["Mul"]
    operands = EXAMPLES["Clip"].operands()
    for low, high in ((-np.inf, 0.0), (0.0, np.inf), (-np.inf, np.inf), (0.0, 1.0), (-1.0, np.inf)):
        attrs = {"min": low, "max": high}
        same = np.allclose(clip.evaluate(attrs, [operands[0] * G]), clip.evaluate(attrs, operands) * G)
        assert clip.homogeneous(attrs, [None]) == same, attrs
    assert mul.homogeneous({}, [None, 1])
    assert not mul.homogeneous({}, [None, 3])
    assert not mul.homogeneous({}, [None, None])
    assert CANONICAL["Sigmoid"].homogeneous is never


@ALL
def test_where_results_lie(name: str) -> None:
    operator, example = of(name)
    for factor in (1.0, 1000.0):
        operands = [x * factor if i == 0 else x for i, x in enumerate(example.operands())]
        result, x = run(name, operands), operands[0]
        within = bool(result.min() >= x.min() and result.max() <= x.max())
        assert operator.keeps_range <= within
        if operator.gives is not None:
            assert operator.gives[0] <= result.min() <= result.max() <= operator.gives[1]
        if operator.limits is not None:
            low, high = (example.attrs[key] for key in operator.limits)
            assert low <= result.min() <= result.max() <= high
    # What is bounded says so.
    bounded = result.max() - result.min() <= 2 and name not in ("ArgMax",)
    assert bounded == bool(operator.gives or operator.limits or operator.compares)


@ALL
def test_flat(name: str) -> None:
    operator, _ = of(name)
    assert (operator.flat is not None) == (operator.tabulated and operator.gives is not None)
    if operator.flat is not None:
        for sign in (-1, 1):
            near, far = (run(name, [np.array([sign * x])])[0] for x in (operator.flat, 1e6))
            assert abs(near - far) <= 2.0**-17
            assert abs(run(name, [np.array([sign * operator.flat / 1.25])])[0] - far) > 2.0**-17, "flat already before"


@ALL
def test_jumps(name: str) -> None:
    """Next to a tie a change of 2^-40 changes the result by one; nowhere else by more than it is."""
    operator, example = of(name)
    operands = [np.zeros_like(x) if operator.jumps else x for x in example.operands()]
    step = max(
        float(np.abs(run(name, [operands[0] + sign * shift, *operands[1:]]) - run(name, operands)).max())
        for sign in (-1, 1)
        for shift in (2.0**-40 * (np.arange(operands[0].size) == 1).reshape(operands[0].shape),)
    )
    assert step == 1.0 if operator.jumps else step < 2.0**-30


@ALL
def test_shares_and_inverse(name: str) -> None:
    operator, example = of(name)
    assert operator.shares == (name == "Softmax")
    if operator.shares:
        assert np.allclose(run(name, example.operands()).sum(example.attrs["axis"]), 1)
    if operator.inverse is not None:
        for y in (0.01, 0.5, 0.875):
            x = operator.inverse(y)
            assert x is not None
            assert np.isclose(run(name, [np.array([x])])[0], y, rtol=1e-12)
        assert operator.inverse(0.0) is None
        assert operator.inverse(1.5) is None


@ALL
def test_columns(name: str) -> None:
    """What is said of columns is one of the words, and a weight of its own for each makes a product."""
    operator, _ = of(name)
    assert operator.columns <= {"reads", "weighs", "keeps"}
    assert "weighs" not in operator.columns or operator.product
    assert "reads" in operator.columns or not operator.jumps
