"""Makes a failing case small while it goes on failing in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from time import monotonic

import numpy as np
from graph_case import Array, Call, Case, Input
from graph_grower import session
from onnx import helper

Fails = Callable[[Case], bool]


def shrink(case: Case, fails: Fails, seconds: float = 30.0) -> Case:
    """The smallest case that was found in the time: `fails` says whether a candidate still fails as the first one did.

    Every pass tries its candidates from the boldest on, and starts again from the one that still fails.
    """
    end = monotonic() + seconds
    changed = True
    while changed and monotonic() < end:
        changed = False
        for candidates in PASSES:
            again = True
            while again and monotonic() < end:
                again = False
                for small in candidates(case):
                    if monotonic() > end:
                        break
                    if _valid(small) and fails(small):
                        case, changed, again = small, True, True
                        break
    return case


def _valid(case: Case) -> bool:
    """Something is left, and it is a model that onnxruntime loads."""
    if not case.nodes or not case.inputs or not case.outputs:
        return False
    try:
        session(case.model())
    except Exception:  # onnxruntime has no common exception type
        return False
    return True


def _fewer_outputs(case: Case) -> Iterator[Case]:
    if len(case.outputs) > 1:
        for name in case.outputs:
            small = deepcopy(case)
            small.outputs = {name: case.outputs[name]}
            yield small.pruned()


def _earlier_output(case: Case) -> Iterator[Case]:
    """An inner tensor as the only output: the first half of the graph is enough."""
    known = _known(case)
    for node in case.nodes[:-1]:
        for name in node.outputs:
            if name in known:
                small = deepcopy(case)
                small.outputs = {name: known[name].dtype.name}
                yield small.pruned()


def _later_input(case: Case) -> Iterator[Case]:
    """An inner tensor as an input: the second half is enough."""
    known = _known(case)
    for node in reversed(case.nodes):
        for name in node.outputs:
            if name not in known or name in case.outputs:
                continue
            value = known[name]
            small = deepcopy(case)
            small.nodes = [Call(n.op, n.inputs, n.outputs, n.attrs) for n in case.nodes if n is not node]
            size = float(np.abs(value.astype(np.float64)).max())
            size = float(f"{size:.1g}") or 1.0
            small.inputs[name] = Input(tuple(value.shape), value.dtype.name, [size], 0.0, "uniform")
            yield small.pruned()


def _without_node(case: Case) -> Iterator[Case]:
    """A node's result is one of its inputs of the same shape and type."""
    known = _known(case)
    for index in reversed(range(len(case.nodes))):
        node = case.nodes[index]
        if len(node.outputs) != 1 or node.outputs[0] not in known:
            continue
        out = known[node.outputs[0]]
        for name in dict.fromkeys(node.inputs):
            if name not in known or known[name].shape != out.shape or known[name].dtype != out.dtype:
                continue
            if node.outputs[0] in case.outputs and name in (*case.inputs, *case.outputs):
                continue
            small = deepcopy(case)
            del small.nodes[index]
            for other in small.nodes:
                other.inputs = [name if n == node.outputs[0] else n for n in other.inputs]
            small.outputs = {name if k == node.outputs[0] else k: v for k, v in small.outputs.items()}
            yield small.pruned()


def _smaller_axes(case: Case) -> Iterator[Case]:
    """All axes of one extent made shorter, in inputs and constants, and where a constant spells a shape."""
    extents = {n for spec in case.inputs.values() for n in spec.shape}
    extents |= {n for value in case.constants.values() for n in value.shape}
    for extent in sorted(extents, reverse=True):
        for less in (1, 2, 4):
            if less >= extent:
                break
            small = deepcopy(case)
            for spec in small.inputs.values():
                spec.shape = tuple(less if n == extent else n for n in spec.shape)
                if len(spec.columns) > 1:
                    spec.columns = spec.columns[: spec.shape[-1]]
            for name, value in small.constants.items():
                cut = value[tuple(slice(less if n == extent else n) for n in value.shape)]
                if value.dtype == np.int64:
                    cut = np.where(cut == extent, less, cut)
                small.constants[name] = cut
            if case.batch == extent:
                small.batch = less
            yield small


def _plainer(case: Case) -> Iterator[Case]:
    """Ordinary inputs, few samples, one batch entry, a searched or a common limb width, opset 17."""

    def changed(**values: object) -> Case:
        small = deepcopy(case)
        for key, value in values.items():
            setattr(small, key, value)
        return small

    if case.ranks:
        yield changed(ranks={})
    if case.opset != 17:
        yield changed(opset=17)
    if case.place != "private":
        yield changed(place="private")
    if case.limb not in (0, 8):
        yield changed(limb=8)
    if case.samples > 8:
        yield changed(samples=8)
    for name, spec in case.inputs.items():
        simple = Input(spec.shape, spec.dtype)
        for other in (
            simple,
            Input(spec.shape, spec.dtype, spec.columns, 0.0),
            Input(spec.shape, spec.dtype, [1.0], spec.offset),
        ):
            if spec != other:
                small = deepcopy(case)
                small.inputs[name] = other
                yield small


def _plainer_constants(case: Case) -> Iterator[Case]:
    """Ones, powers of two, or two digits."""
    for name, value in case.constants.items():
        if value.dtype.kind != "f":
            continue
        with np.errstate(all="ignore"):
            powers = np.where(value == 0, 0, np.sign(value) * np.exp2(np.round(np.log2(np.abs(value)))))
            digits = np.array([float(f"{v:.2g}") for v in value.reshape(-1)]).reshape(value.shape)
        for other in (np.ones_like(value), powers.astype(value.dtype), digits.astype(value.dtype)):
            done = np.array_equal(value, np.ones_like(value)) or np.array_equal(value, powers.astype(value.dtype))
            if np.isfinite(other).all() and not np.array_equal(other, value) and not done:
                small = deepcopy(case)
                small.constants[name] = other
                yield small


def _fewer_attributes(case: Case) -> Iterator[Case]:
    for index, node in enumerate(case.nodes):
        for key in node.attrs:
            small = deepcopy(case)
            del small.nodes[index].attrs[key]
            yield small


PASSES: tuple[Callable[[Case], Iterator[Case]], ...] = (
    _fewer_outputs,
    _earlier_output,
    _later_input,
    _without_node,
    _plainer,
    _smaller_axes,
    _fewer_attributes,
    _plainer_constants,
)


def _known(case: Case) -> dict[str, Array]:
    """Every input and node output on one sample."""
    proto = case.model()
    names = [name for node in case.nodes for name in node.outputs if name]
    del proto.graph.output[:]
    proto.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    sample = {name: x[0] for name, x in case.draw(1, 0).items()}
    try:
        values = session(proto).run(names, sample)
    except Exception:  # onnxruntime has no common exception type
        return {}
    return sample | dict(zip(names, (np.asarray(v) for v in values), strict=True))
