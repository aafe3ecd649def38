"""Which precision and which limb widths: the cheapest that measure up on the calibration samples.

One range table of 2^w rows serves a whole program, and a table's rows cost as much as lookups: a small network takes small
tables and more limbs, a large one the opposite. Shifts are multiples of w where the weights can spare the bits, so that
no digit is wasted. The error is measured, not modelled: candidates are tried from the cheapest on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from tacit.graph import Graph
from tacit.lowering.builder import Settings
from tacit.lowering.core import IntGraph, Threshold
from tacit.lowering.emit import Emitted, Visibility, emit
from tacit.quantize import Calibration, Options, quantize
from tacit.report import NS_PER_CELL, NS_PER_LOOKUP, Pair, accuracy, cost

#: Candidates whose error is measured, at most; samples it is measured on; the share of the allowed error to stay within,
#: since there are more inputs than samples.
TRIALS, SAMPLES, MARGIN = 12, 16, 0.7


@dataclass(frozen=True)
class Chosen:
    """A precision, a lowering, and what they make."""

    options: Options
    settings: Settings
    ints: IntGraph
    emitted: Emitted
    nanoseconds: float


def build(
    graph: Graph,
    ranges: Calibration,
    options: Options,
    settings: Settings,
    visibility: Visibility,
    threshold: Threshold | None = None,
) -> Chosen:
    """The program of one candidate."""
    ints = quantize(graph, ranges, options, threshold)
    emitted = emit(ints, settings, visibility)
    return Chosen(options, settings, ints, emitted, cost(emitted.program).nanoseconds)


def candidates(options: Options, settings: Settings | None) -> Iterator[tuple[Options, Settings]]:
    """Precisions and limb widths; what is given stays."""
    widths = [settings.limb] if settings else [6, 7, 8, 9, 10, 11, 12, 13, 14, 16]
    for limb in widths:
        for bits in (options.activation_bits,) if options.activation_bits else (12, 13, 14, 16):
            for least in (options.least_weight_bits,) if options.least_weight_bits else (9, 11, 13):
                base = replace(options, activation_bits=bits, least_weight_bits=least, align=limb)
                for wide in [settings.wide] if settings else sorted({limb, bits}):
                    yield base, Settings(limb, wide)


def cheapest(
    graph: Graph,
    ranges: Calibration,
    known: list[Pair],
    visibility: Visibility,
    max_error: float,
    options: Options,
    settings: Settings | None = None,
    threshold: Threshold | None = None,
) -> Chosen:
    """The cheapest candidate with at most this relative error and no refused sample; else the most accurate one tried."""
    found: list[Chosen] = []
    least = float("inf")
    for o, s in candidates(options, settings):
        # The multiplicities and rows of the largest table alone.
        if (NS_PER_CELL + NS_PER_LOOKUP) * (1 << max(s.limb, min(s.wide, o.activation_bits or 16))) > 2 * least:
            continue
        chosen = build(graph, ranges, o, s, visibility, threshold)
        least = min(least, chosen.nanoseconds)
        found.append(chosen)
    best: tuple[float, Chosen] | None = None
    for chosen in _shortlist(sorted(found, key=lambda c: c.nanoseconds)):
        # The answer to a threshold is 0 or 1: what counts is how well the compared value is known.
        ints = chosen.ints if threshold is None else quantize(graph, ranges, chosen.options)
        measured = accuracy(ints, known)
        error = measured.worst_relative if measured.samples and not measured.refused else float("inf")
        if best is None or error < best[0]:
            best = (error, chosen)
        if error <= MARGIN * max_error:
            break
    assert best is not None
    return best[1]


def _shortlist(ordered: list[Chosen]) -> list[Chosen]:
    """At most TRIALS, each more precise in some respect than all that are cheaper."""
    kept: list[Chosen] = []
    for chosen in ordered:
        if all(_finer(chosen, other) for other in kept):
            kept.append(chosen)
    step = max(1, -(-len(kept) // TRIALS))
    return kept[::step] + ([kept[-1]] if (len(kept) - 1) % step else [])


def _finer(one: Chosen, other: Chosen) -> bool:
    """More bits of activations or of weights (the sum over all parameters' scales)."""
    if (one.options.activation_bits or 0) > (other.options.activation_bits or 0):
        return True
    return sum(p.frac for p in one.ints.parameters.values()) > sum(p.frac for p in other.ints.parameters.values())
