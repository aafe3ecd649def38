"""What quantisation costs in accuracy and what a proof costs in cells, lookups and time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.calibration import batches
from tacit.errors import QuantizationError, WitnessError
from tacit.graph import Graph, evaluate
from tacit.importers.reference import Reference
from tacit.lowering.core import IntGraph
from tacit.program import Program, bits, padded, slab_cells, table_len, witness_cells

Array = npt.NDArray[Any]

#: Rules of thumb for the prover on two cores, in nanoseconds: fixed, a lookup or table row, a committed cell, a weight.
NS_PROOF, NS_PER_LOOKUP, NS_PER_CELL, NS_PER_WEIGHT = 10e6, 40.0, 160.0, 60.0


@dataclass(frozen=True)
class OutputError:
    """Against the float reference, in real units; `relative`: to the output's largest magnitude."""

    largest: float
    mean: float
    relative: float
    mean_relative: float


@dataclass(frozen=True)
class Accuracy:
    """Over the samples that were executed. `refused`: samples that left the calibrated range.

    `against`: whose outputs the integers are compared with: "onnxruntime" on the model as it was given, or "float64", the
    package's own evaluation of a graph that has no such model. `top1`: the share of samples whose largest entry (last axis)
    agrees; `noise`: signal to noise of every layer in dB, against float64.
    """

    samples: int
    refused: int
    outputs: Mapping[str, OutputError]
    top1: Mapping[str, float]
    noise: Mapping[str, float]
    against: str = "float64"

    @property
    def worst_relative(self) -> float:
        """The largest relative error of any output."""
        return max((e.relative for e in self.outputs.values()), default=0.0)


@dataclass(frozen=True)
class Cost:
    """Sizes that decide a proof's cost. `cells`: padded, by slab; `nanoseconds`: the rule of thumb on two cores."""

    cells: Mapping[str, int]
    lookups: int
    lookup_cells: int
    table_rows: int
    tree_depth: int
    einsum_rounds: int
    nanoseconds: float


def cost(program: Program) -> Cost:
    """The cost estimate of one proof."""
    cells = {slab.name: slab_cells(program, i) for i, slab in enumerate(program.slabs)}
    cells["witness"] = witness_cells(program)
    blocks = [padded(lookup.shape) for lookup in program.lookups]
    rows = [padded((table_len(table.kind),)) for table in program.tables]
    leaves = sum(blocks) + sum(rows)
    rounds = 0
    for einsum in program.einsums:
        shared = [i for i in einsum.a_axes if i in einsum.b_axes]
        rounds = max(rounds, sum(bits(einsum.extents[i]) for i in shared))
    slabs = sum(n for name, n in cells.items() if name != "witness")
    time = NS_PROOF + NS_PER_LOOKUP * leaves + NS_PER_CELL * cells["witness"] + NS_PER_WEIGHT * slabs
    entries = sum(int(np.prod(lookup.shape, dtype=np.int64)) for lookup in program.lookups)
    return Cost(cells, entries, sum(blocks), sum(rows), bits(leaves) if leaves else 0, rounds, time)


#: A sample in the graph's batch, and tensors that the float network makes of it.
Pair = tuple[dict[str, Array], dict[str, Array]]


def truth(graph: Graph, inputs: Mapping[str, Array], *, outputs_only: bool = False) -> Iterator[Pair]:
    """Samples with the float network's tensors, one at a time."""
    for sample in batches(graph, inputs):
        values = evaluate(graph, {name: x[None] for name, x in sample.items()})
        yield sample, {name: x[0] for name, x in values.items() if not outputs_only or name in graph.outputs}


def original(graph: Graph, known: Iterable[Pair]) -> Iterator[Pair]:
    """The same samples with the outputs of the model that the graph was made from, by onnxruntime."""
    if graph.origin is None:
        yield from known
        return
    model = Reference(graph.origin)
    for sample, exact in known:
        unread = {name: np.zeros(shape) for name, shape in model.shapes.items() if name not in sample}
        yield sample, {**exact, **model.run({**unread, **sample})}


def accuracy(ints: IntGraph, known: Iterable[Pair], *, against: str = "float64") -> Accuracy:
    """Integer against float on samples, by the operators' references."""
    gaps: dict[str, list[Array]] = {name: [] for name in ints.outputs}
    right: dict[str, list[Array]] = {name: [] for name in ints.outputs}
    power: dict[str, tuple[float, float]] = {}
    refused = samples = 0
    first: WitnessError | None = None
    for sample, exact in known:
        try:
            values = ints.run({name: quantized(sample[name], spec.frac) for name, spec in ints.inputs.items()})
            results = ints.results(values)
        except WitnessError as refusal:
            first = first or refusal
            refused += 1
            continue
        samples += 1
        for name, integers in results.items():
            expected = ints.outputs[name].expected(exact[name])
            right[name].append(expected)
            gaps[name].append(integers * 2.0 ** -ints.outputs[name].frac - expected)
        for name in (n for n in ints.tensors if n in exact):  # in the order that they are computed
            value, frac, order = ints.tensors[name]
            signal, noise = power.get(name, (0.0, 0.0))
            error = np.transpose(values[value], order) * 2.0**-frac - exact[name]
            power[name] = (signal + float((exact[name] ** 2).sum()), noise + float((error**2).sum()))
    if first is not None and not samples:
        raise QuantizationError(
            f"no calibration sample stays in range; the first: {first.place}: {first.reason}",
            place="calibration",
            hint="raise headroom; where weights or samples are of extreme magnitudes, rescale them",
        )
    noise_db = {n: 10 * float(np.log10(max(s, 1e-30) / max(e, 1e-30))) for n, (s, e) in power.items()}
    names = list(ints.outputs) if samples else []
    outputs = {name: _error(np.stack(right[name]), np.stack(gaps[name])) for name in names}
    top1 = {
        name: float(np.mean((np.stack(right[name]) + gaps[name]).argmax(-1) == np.stack(right[name]).argmax(-1)))
        for name in names
        if right[name][0].ndim and right[name][0].shape[-1] > 1
    }
    return Accuracy(samples, refused, outputs, top1, noise_db, against)


def worst_error(ints: IntGraph, known: Sequence[Pair], enough: float) -> float:
    """The largest relative error of any output, infinite where a sample is refused; stops above `enough`."""
    scale = {name: max(float(np.abs(exact[name]).max()) for _, exact in known) for name in ints.outputs}
    worst = 0.0
    for sample, exact in known:
        try:
            results = ints.results(ints.run({n: quantized(sample[n], spec.frac) for n, spec in ints.inputs.items()}))
        except WitnessError:
            return float("inf")
        for name, integers in results.items():
            gap = np.abs(integers * 2.0 ** -ints.outputs[name].frac - exact[name]).max()
            worst = max(worst, float(gap) / max(scale[name], 1e-12))
        if worst > enough:
            break
    return worst


def _error(y: Array, gap: Array) -> OutputError:
    scale = max(float(np.abs(y).max()), 1e-12)
    worst, mean = float(np.abs(gap).max()), float(np.abs(gap).mean())
    return OutputError(worst, mean, worst / scale, mean / scale)


def quantized(values: Array, frac: int) -> Array:
    """round(values * 2^frac), halves up."""
    return np.floor(np.asarray(values, dtype=np.float64) * 2.0**frac + 0.5).astype(np.int64)
