"""Which entries of an output hang on a comparison that no approximation can decide.

Comparisons and ArgMax jump. Where the float operands lie within the error of an approximation of a tie, either answer is
right, and so is what follows from it; everywhere else there is one answer. The doubtful decisions of a sample are turned
over in several ways: an entry of an output that changes is in doubt, all others are not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from tacit.graph import Array, Graph, Node
from tacit.quantize.calibration import Calibration

#: A decision is in doubt within this share of the operands' range; how often a random half of the doubtful is turned over;
#: nodes that are turned over one at a time, too, at most.
DOUBT, TURNS, ALONE = 4e-3, 4, 12


class Doubts:
    """Of one graph; `ranges`: what calibration saw."""

    def __init__(self, graph: Graph, ranges: Calibration) -> None:
        self.graph, self.rng = graph, np.random.default_rng(0)
        self.jumps = any(node.operator.jumps for node in graph.nodes)
        self.scale: dict[str, float] = {name: ranges.magnitude(name) for name in graph.inputs}
        self.scale |= {name: float(np.abs(value).max()) for name, value in graph.constants.items()}
        for node in graph.nodes:
            own = ranges.magnitude(node.outputs[0])
            inputs = [self.scale[name] for name in node.inputs]
            if node.operator.product == "entries":
                # A product loses nothing to cancellation of its own, but passes on what its operands lost.
                inputs = [self.scale[n] / (self._seen(n, ranges) or 1.0) * own for n in node.inputs]
            self.scale[node.outputs[0]] = max([own, *inputs]) if node.operator.keeps_errors else own

    def _seen(self, name: str, ranges: Calibration) -> float:
        return self.scale[name] if name in self.graph.constants else ranges.magnitude(name)

    def of(self, sample: Mapping[str, Array], names: Collection[str] | None = None) -> dict[str, Array]:
        """For every output, or these tensors, the entries in doubt."""
        names = self.graph.outputs if names is None else names
        found = {name: np.zeros(self.graph.shapes[name], dtype=bool) for name in names}
        if not self.jumps:
            return found
        self.rng = np.random.default_rng(0)  # the same entries whenever the sample is looked at
        first = self._run(sample, {})
        jumps = [node.name for node in self.graph.nodes if node.operator.jumps]
        # All at once, one node's at a time, and random halves of all.
        turns = [
            dict.fromkeys(jumps, 1.0),
            *({name: 1.0} for name in jumps[:ALONE]),
            *[dict.fromkeys(jumps, 0.5)] * TURNS,
        ]
        for shares in turns:
            other = self._run(sample, shares)
            for name, doubtful in found.items():
                doubtful |= np.abs(first[name] - other[name]) > 1e-9 * self.scale[name]
        return found

    def _run(self, sample: Mapping[str, Array], shares: Mapping[str, float]) -> dict[str, Array]:
        """Every tensor; `shares`: of a node's doubtful decisions, which are turned over."""
        values: dict[str, Array] = {name: np.asarray(x, dtype=np.float64) for name, x in sample.items()}
        for node in self.graph.nodes:
            arrays = [self.graph.constants[n] if n in self.graph.constants else values[n] for n in node.inputs]
            with np.errstate(all="ignore"):
                result = np.asarray(node.operator.evaluate(node.attrs, arrays), dtype=np.float64)
            if node.name in shares:
                result = self._turned(node, arrays, result, shares[node.name])
            values[node.outputs[0]] = result
        return values

    def _turned(self, node: Node, arrays: list[Array], result: Array, share: float) -> Array:
        """The node's answer with a share of its doubtful decisions turned over."""
        if self.graph.kinds.get(node.inputs[0]) in ("int", "bool"):
            return result  # known exactly
        reach = DOUBT * max(self.scale[name] for name in node.inputs)
        turn = self.rng.random(result.shape) < share
        if node.operator.compares:
            return np.where(turn & (np.abs(arrays[0] - arrays[1]) <= reach), 1.0 - result, result)
        axis, keep = node.attrs["axis"], bool(node.attrs["keepdims"])
        best = arrays[0].max(axis=axis, keepdims=True)
        # Another one of those that are nearly the largest, if there is one.
        lottery = np.where(arrays[0] >= best - 2 * reach, self.rng.random(arrays[0].shape), -2.0)
        winner = np.argmax(arrays[0], axis=axis, keepdims=True)
        np.put_along_axis(lottery, winner, -1.0, axis=axis)
        return np.where(turn, np.argmax(lottery, axis=axis, keepdims=keep), result)
