"""What quantisation costs in accuracy and what a proof costs in cells, lookups and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.errors import WitnessError
from tacit.graph import Graph, evaluate
from tacit.lowering.core import IntGraph
from tacit.program import Program, bits, padded, slab_cells, table_len, witness_cells
from tacit.quantize import batches

Array = npt.NDArray[Any]

#: Rules of thumb for the prover on two cores, in nanoseconds.
NS_PER_LOOKUP, NS_PER_CELL, NS_PER_WEIGHT = 60.0, 40.0, 30.0


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

    `top1`: the share of samples whose largest entry (last axis) agrees; `noise`: signal to noise of every layer in dB.
    """

    samples: int
    refused: int
    outputs: Mapping[str, OutputError]
    top1: Mapping[str, float]
    noise: Mapping[str, float]

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
    time = NS_PER_LOOKUP * leaves + NS_PER_CELL * cells["witness"] + NS_PER_WEIGHT * slabs
    entries = sum(int(np.prod(lookup.shape, dtype=np.int64)) for lookup in program.lookups)
    return Cost(cells, entries, sum(blocks), sum(rows), bits(leaves) if leaves else 0, rounds, time)


def accuracy(graph: Graph, ints: IntGraph, inputs: Mapping[str, Array]) -> Accuracy:
    """Integer against float on samples, by the operators' references."""
    gaps: dict[str, list[Array]] = {name: [] for name in graph.outputs}
    truth: dict[str, list[Array]] = {name: [] for name in graph.outputs}
    power: dict[str, tuple[float, float]] = {}
    refused = samples = 0
    for sample in batches(graph, inputs):
        exact = {name: x[0] for name, x in evaluate(graph, {n: x[None] for n, x in sample.items()}).items()}
        try:
            values = ints.run({name: quantized(sample[name], spec.frac) for name, spec in ints.inputs.items()})
            results = ints.results(values)
        except WitnessError:
            refused += 1
            continue
        samples += 1
        for name, integers in results.items():
            truth[name].append(exact[name])
            gaps[name].append(integers * 2.0 ** -ints.outputs[name].frac - exact[name])
        for name in exact.keys() & values.keys():
            if values[name].shape == exact[name].shape:
                signal, noise = power.get(name, (0.0, 0.0))
                error = values[name] * 2.0 ** -ints.fracs[name] - exact[name]
                power[name] = (signal + float((exact[name] ** 2).sum()), noise + float((error**2).sum()))
    outputs, top1 = {}, {}
    for name in graph.outputs if samples else ():
        y, gap = np.stack(truth[name]), np.stack(gaps[name])
        scale = max(float(np.abs(y).max()), 1e-12)
        worst, mean = float(np.abs(gap).max()), float(np.abs(gap).mean())
        outputs[name] = OutputError(worst, mean, worst / scale, mean / scale)
        if y.shape[-1] > 1:
            top1[name] = float(((y + gap).argmax(-1) == y.argmax(-1)).mean())
    noise_db = {n: 10 * float(np.log10(max(s, 1e-30) / max(e, 1e-30))) for n, (s, e) in power.items()}
    return Accuracy(samples, refused, outputs, top1, noise_db)


def quantized(values: Array, frac: int) -> Array:
    """round(values * 2^frac), halves up."""
    return np.floor(np.asarray(values, dtype=np.float64) * 2.0**frac + 0.5).astype(np.int64)
