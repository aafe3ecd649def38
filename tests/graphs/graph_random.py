"""A random case from a seed."""

from __future__ import annotations

import graph_layouts as _layouts  # noqa: F401 - fills MAKERS
import numpy as np
from graph_case import Case
from graph_grower import EXTENTS, Grower
from graph_makers import MAKERS, SINCE
from graph_structures import STRUCTURES

#: Operators of the standard domain that importers know and no maker makes, with the reason.
NOT_MADE: dict[str, str] = {}

#: How often operators are tried, where not once: what only moves a scale, and what multiplies computed tensors.
WEIGHTS = {
    **dict.fromkeys(("Mul", "ReduceMean", "Conv", "Gemm"), 4),
    **dict.fromkeys(("Div", "AveragePool", "GlobalAveragePool", "MatMul", "MaxPool"), 3),
    **dict.fromkeys(("Add", "Sub", "Gelu", "LessOrEqual", "GreaterOrEqual"), 2),
}
STRUCTURE_SHARE = 0.2


def random_case(seed: int) -> Case:
    """Deterministic: 2 to 8 operators, several inputs and outputs at times. Some seeds give fewer operators."""
    return grown(seed).case


def grown(seed: int) -> Grower:
    g = Grower(seed)
    _inputs(g)
    names = [name for name in MAKERS if SINCE.get(name, 1) <= g.case.opset]
    weights = np.array([WEIGHTS.get(name, 1) for name in names], dtype=float)
    wanted = g.whole(2, 8)
    for _ in range(40):
        if len(g.case.nodes) >= wanted:
            break
        if g.chance(STRUCTURE_SHARE):
            g.choose(list(STRUCTURES.values()))(g, "")
        else:
            name = names[int(g.rng.choice(len(names), p=weights / weights.sum()))]
            MAKERS[name](g, name)
    if not g.case.nodes:
        g.add("Mul", [next(iter(g.case.inputs)), g.constant(np.array(0.5))])
    if not g.case.nodes:  # nothing could be made of these inputs
        return grown(seed + 2**41)
    g.case = _with_outputs(g)
    return g


def _inputs(g: Grower) -> None:
    """One to three, the first of floats; images often, since windows need them. The first axis is the batch."""
    lead = g.case.batch
    for index in range(g.choose([1, 1, 1, 2, 2, 3])):
        rank = g.choose([1, 2, 2, 2, 3, 3, 4, 4, 4, 5])
        shape = [lead if g.case.batch > 1 or g.chance(0.8) else g.choose([2, 3])]
        shape += [g.choose(EXTENTS) for _ in range(rank - 1)]
        while np.prod(shape) > 256:
            axis = 1 + int(np.argmax(shape[1:]))
            shape[axis] = (shape[axis] + 1) // 2
        if index and g.chance(0.4):
            shape = list(g.shape(g.choose(list(g.values))))
        kind = "float32" if index == 0 or g.chance(0.9) else g.choose(["int64", "bool", "float64", "int32"])
        g.input(tuple(shape), kind)


def _with_outputs(g: Grower) -> Case:
    """The last tensor, and others at times; then without what no output needs."""
    made = [name for node in g.case.nodes for name in node.outputs]
    made = [name for name in made if np.ptp(np.stack(g.values[name]).astype(float)) > 0] or made
    used = {name for node in g.case.nodes for name in node.inputs}
    chosen = [made[-1]]
    for name in made[:-1]:
        if g.chance(0.12) or (name not in used and g.chance(0.3)):
            chosen.append(name)
    chosen = chosen[:4]
    order = [chosen[int(i)] for i in g.rng.permutation(len(chosen))]
    g.case.outputs = {name: g.dtype(name).name for name in order}
    if g.chance(0.8):
        g.case.ranks = {name: len(g.shape(name)) for name in order}
    return g.case.pruned()
