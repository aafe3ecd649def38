"""Programs of an architecture: one for all of its checkpoints (ADR 0010).

A program is made of a stand-in's weights and of public ranges; then a checkpoint is *fitted* into it. Its float network is
put in units in which it is about as large as the stand-in everywhere (`tacit.quantize.equalise`), and quantised once more
with the ranges, scales and intervals of the first time: every decision repeats, and so does the program, byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil, log2
from typing import Any

from tacit.compiler.accuracy import Pair
from tacit.compiler.search import SAMPLES, Chosen, Search
from tacit.errors import QuantizationError
from tacit.graph import Graph
from tacit.integer.architecture import difference
from tacit.integer.emit import Visibility, emit
from tacit.integer.graph import Threshold
from tacit.integer.total import total
from tacit.program.builder import Settings
from tacit.quantize import Options
from tacit.quantize.calibration import Array, Calibration, calibrate, declare
from tacit.quantize.equalise import classes, factors, rescaled
from tacit.quantize.standin import ROOM, nominal, stand_in
from tacit.quantize.translate import quantize

#: Bits that a weight's interval has beyond those of the stand-in's weights.
SPARE = 3
#: How much finer than asked for the stand-in's program is, since a checkpoint fills its ranges less evenly: with tables,
#: whose rows would be many, and without.
FINER = {True: 1.5, False: 4.0}
#: How often units are lowered until all weights fit.
ROUNDS = 64


@dataclass(frozen=True)
class Lowering:
    """What is asked for, beside a network and samples."""

    visibility: Visibility
    options: Options = field(default_factory=Options)
    settings: Settings | None = None
    threshold: Threshold | None = None
    overflow: str = "total"


@dataclass(frozen=True)
class Frame:
    """The stand-in's program, and the ranges that it was made with."""

    chosen: Chosen
    ranges: Calibration


#: What the search measures errors on, of a graph, samples and their ranges.
Known = Callable[[Graph, Mapping[str, Array], Calibration], list[Pair]]


def frame(
    graph: Graph,
    samples: Mapping[str, Array],
    known: Known,
    lowering: Lowering,
    aim: float,
    declared: Mapping[str, tuple[Any, Any]] | None = None,
) -> Frame:
    """The cheapest program of the architecture, by public samples and `declared` ranges of inputs and outputs.

    Raises QuantizationError.
    """
    given = calibrate(stand_in(graph, {}), samples)
    like = stand_in(graph, {name: given.columns[name] for name in graph.inputs})
    seen = calibrate(like, samples)
    ranges = nominal(like, seen, declared or {})
    ranges = declare(ranges, graph, {name: ends for name, ends in (declared or {}).items() if name in graph.inputs})
    pairs = known(like, samples, seen)[:SAMPLES]
    # Outputs keep their units, and have room: as many bits more.
    tables = any(node.operator.tabulated for node in graph.nodes)
    room = 2 * ceil(log2(ROOM))
    search = Search(
        like,
        ranges,
        pairs,
        lowering.visibility,
        aim / FINER[tables],
        replace(lowering.options, spare=SPARE, output_bits=min(32, lowering.options.output_bits + room)),
        lowering.settings,
        lowering.threshold,
        lowering.overflow,
        declared=True,
    )
    return Frame(search.found(), ranges)


def fit(graph: Graph, samples: Mapping[str, Array], made: Frame, lowering: Lowering) -> tuple[Graph, Chosen]:
    """The checkpoint in other units, and in the frame; `samples` may be private: only hidden factors follow from them.

    Raises QuantizationError (slug architecture_only), which names the layer that does not fit or the first thing that differs.
    """
    known = classes(graph)
    by = factors(graph, made.ranges, calibrate(graph, samples))
    for _ in range(ROUNDS):
        here = rescaled(graph, by)
        excess: dict[str, float] = {}
        ints = quantize(here, made.ranges, made.chosen.options, lowering.threshold, made.chosen.ints, excess)
        if not excess:
            break
        lower = {node.name: max(excess.get(name, 1.0) for name in node.inputs) for node in graph.nodes}
        for node in graph.nodes:
            root = known.of(node.outputs[0])
            if lower[node.name] > 1 and root in known.fixed:
                raise _too_large(graph, node.name, lower[node.name])
            if lower[node.name] > 1:
                by[root] /= lower[node.name] * (1 + 1e-9)
    else:
        worst = max(lower, key=lower.__getitem__)
        raise _too_large(graph, worst, lower[worst])
    if made.chosen.overflow is not None:
        ints, _ = total(ints, made.chosen.overflow)
    emitted = emit(ints, made.chosen.settings, lowering.visibility)
    if emitted.program.digest != made.chosen.emitted.program.digest:
        raise QuantizationError(
            f"expected the architecture's program, got another {difference(emitted.program, made.chosen.emitted.program)}",
            slug="architecture_only",
            place=graph.name,
            remedy="report it with the model",
        )
    return here, replace(made.chosen, ints=ints, emitted=emitted)


def _too_large(graph: Graph, node: str, beyond: float) -> QuantizationError:
    return QuantizationError(
        f"expected weights that fit the architecture's intervals, got some {beyond:.3g} times as large",
        slug="architecture_only",
        place=graph.sources.get(node, node),
        remedy="rescale this layer, or compile without architecture_only",
    )
