"""Which precision and which limb widths: the cheapest that measure up on the calibration samples.

One range table of 2^w rows serves a whole program, and a table's rows cost as much as lookups: a small network takes small
tables and more limbs, a large one the opposite. Shifts are multiples of w where the weights can spare the bits, so that
no digit is wasted. The error is measured, not modelled: candidates are tried from the cheapest on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count

from tacit.graph import Graph
from tacit.lowering.builder import Settings
from tacit.lowering.core import IntGraph, Threshold
from tacit.lowering.emit import Emitted, Visibility, emit
from tacit.lowering.rules_round import TABLES
from tacit.quantize import Calibration, Options, quantize
from tacit.report import NS_PER_CELL, NS_PER_LOOKUP, Pair, cost, worst_error

#: Candidates whose error is measured, at most; samples it is measured on; the share of the allowed error to stay within,
#: since there are more inputs than samples.
TRIALS, SAMPLES, MARGIN = 60, 16, 0.7
#: What is tried: limb widths, bits of activations, bits that a weight must keep when its shift is made a multiple of w,
#: rows of tables.
WIDTHS, ACTIVATIONS, LEAST, ROWS = (6, 7, 8, 9, 10, 11, 12, 13, 14, 16), (12, 13, 14, 16), (9, 11, 13), (9, 11, 13, 15)


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


def starts(options: Options, settings: Settings | None) -> Iterator[tuple[Options, Settings]]:
    """Activations and limb widths, with the fewest weight bits; what is given stays."""
    least, table = options.least_weight_bits or LEAST[0], options.table_bits or ROWS[0]
    for limb in [settings.limb] if settings else WIDTHS:
        for bits in (options.activation_bits,) if options.activation_bits else ACTIVATIONS:
            base = replace(options, activation_bits=bits, least_weight_bits=least, table_bits=table, align=limb)
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
    """The cheapest candidate with at most this relative error and no refused sample; else the most accurate one tried.

    Best first: a candidate that measures badly is replaced by itself with more weight bits, and with larger tables.
    """
    tables = any(node.op in TABLES for node in graph.nodes)
    queue: list[tuple[float, int, Chosen]] = []
    ticket = count()

    def build_one(o: Options, s: Settings) -> Chosen:
        return build(graph, ranges, o, s, visibility, threshold)

    def push(o: Options, s: Settings) -> None:
        chosen = build_one(o, s)
        heappush(queue, (chosen.nanoseconds, next(ticket), chosen))

    for o, s in starts(options, settings):
        # The multiplicities and rows of the largest table alone.
        table = 1 << max(s.limb, min(s.wide, o.activation_bits or 16))
        if not queue or (NS_PER_CELL + NS_PER_LOOKUP) * table < 2 * queue[0][0]:
            push(o, s)
    failed: list[tuple[float, Chosen]] = []

    def error(chosen: Chosen) -> float:
        # The answer to a threshold is 0 or 1: what counts is how well the compared value is known.
        ints = chosen.ints if threshold is None else quantize(graph, ranges, chosen.options)
        found = worst_error(ints, known, MARGIN * max_error)
        failed.append((found, chosen))
        return found

    while queue and len(failed) < TRIALS:
        chosen = heappop(queue)[2]
        if all(_finer(chosen, other) for _, other in failed) and error(chosen) <= MARGIN * max_error:
            return chosen
        for o in _refined(options, chosen.options, tables):
            push(o, chosen.settings)
    last = min(_finest(options, settings, build_one), key=lambda chosen: chosen.nanoseconds)
    if error(last) <= MARGIN * max_error:
        return last
    return min(failed, key=lambda found: found[0])[1]


def _finest(
    options: Options, settings: Settings | None, build_one: Callable[[Options, Settings], Chosen]
) -> Iterator[Chosen]:
    """The most precise options, with some limb widths."""
    for s in [settings] if settings else [Settings(8, 8), Settings(11, 11), Settings(16, 16)]:
        finest = replace(
            options,
            activation_bits=options.activation_bits or ACTIVATIONS[-1],
            least_weight_bits=options.least_weight_bits or LEAST[-1],
            table_bits=options.table_bits or ROWS[-1],
            align=s.limb,
        )
        yield build_one(finest, s)


def _refined(given: Options, tried: Options, tables: bool) -> Iterator[Options]:
    """The next finer options in every respect that is not given."""
    weights = next((n for n in LEAST if n > (tried.least_weight_bits or 0)), None)
    if weights is not None and given.least_weight_bits is None:
        yield replace(tried, least_weight_bits=weights)
    rows = next((n for n in ROWS if n > (tried.table_bits or 0)), None)
    if rows is not None and given.table_bits is None and tables:
        yield replace(tried, table_bits=rows)


def _finer(one: Chosen, other: Chosen) -> bool:
    """More bits of activations, of tables or of weights (the sum over all parameters' scales)."""
    if (one.options.activation_bits or 0) > (other.options.activation_bits or 0):
        return True
    if (one.options.table_bits or 0) > (other.options.table_bits or 0):
        return True
    return sum(p.frac for p in one.ints.parameters.values()) > sum(p.frac for p in other.ints.parameters.values())
