"""Which precision and which limb widths: the cheapest that measure up on the calibration samples.

One range table of 2^w rows serves a whole program, and a table's rows cost as much as lookups: a small network takes small
tables and more limbs, a large one the opposite. Shifts are multiples of w where the weights can spare the bits, so that
no digit is wasted. The error is measured, not modelled: candidates are tried from the cheapest on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count

from tacit.compiler.accuracy import Pair, worst_error
from tacit.compiler.cost import cost
from tacit.errors import QuantizationError
from tacit.graph import Graph
from tacit.integer.emit import Emitted, Visibility, emit
from tacit.integer.graph import IntGraph, Threshold
from tacit.integer.prices import NS_PER_CELL, NS_PER_LOOKUP
from tacit.integer.reach import Overflow
from tacit.integer.total import Way, total
from tacit.program.builder import Settings
from tacit.program.intervals import OutOfField, UnknownInterval
from tacit.quantize import Options
from tacit.quantize.calibration import Calibration
from tacit.quantize.options import WEIGHT_BITS
from tacit.quantize.translate import quantize

#: Candidates whose error is measured, at most; samples it is measured on, and how many where they are quick; the share of
#: the allowed error to stay within, since there are more inputs than samples.
TRIALS, SAMPLES, MOST_SAMPLES, MARGIN = 60, 16, 128, 0.8
#: How much larger than the aim a table's own error may be where no sample shows it.
ROUGH = 4
#: Samples that tell what is too little by itself.
FEW = 4
#: What is tried: limb widths, bits of activations, bits that a weight must keep when its shift is made a multiple of w,
#: rows of tables (as they are, and with lines between them).
WIDTHS, ACTIVATIONS, LEAST = (6, 7, 8, 9, 10, 11, 12, 13, 14, 16), (12, 13, 14, 16), (9, 11, 13)
#: What is tried where those are too few: values of a wide range, of which the small ones count.
MORE_ACTIVATIONS = (18, 20, 24, 28)
#: Limb widths where precision comes first.
PLAIN = (Settings(8, 8), Settings(11, 11), Settings(16, 16))
ROWS = ((9, 11, 13, 15), (7, 9, 11))
#: A program of more lookups takes a while to build: fewer widths are tried.
MANY, SOME_WIDTHS = 150, (8, 11, 14, 16)
#: Programs that are built, at most.
BUILDS = 400


@dataclass(frozen=True)
class Chosen:
    """A precision, a lowering, and what they make."""

    options: Options
    settings: Settings
    ints: IntGraph
    emitted: Emitted
    nanoseconds: float
    ways: tuple[Way, ...] = ()
    overflow: Overflow | None = None

    @property
    def clamps(self) -> bool:
        """Whether some value is clamped."""
        return any(way.way == "clamped" for way in self.ways)


#: What may become of values beyond the bits of a rounding, and what each tries: clamps alone; digits for all that a value can
#: be, nowhere a clamp; nothing, so that such an input has no proof; and "total": any of the first two, by the cost.
MODES: dict[str, tuple[Overflow | None, ...]] = {
    "total": (Overflow(), Overflow(room=0), Overflow(room=4), Overflow(widen=True)),
    "saturate": (Overflow(room=0),),
    "widen": (Overflow(widen=True),),
    "refuse": (None,),
}
#: What more a program may cost that is the float network everywhere, beside one with clamps.
WIDER = 1.03


@dataclass
class Search:
    """What is compiled; `found` searches. `declared`: weights are bounded by their declared intervals, and not looked at."""

    graph: Graph
    ranges: Calibration
    known: list[Pair]
    visibility: Visibility
    max_error: float
    options: Options
    settings: Settings | None = None
    threshold: Threshold | None = None
    overflow: str = "total"
    declared: bool = False
    refusal: str = ""
    error: QuantizationError | None = None
    failed: list[tuple[float, Chosen]] = field(default_factory=list)

    def build(self, options: Options, settings: Settings, *others: Overflow | None) -> Chosen | None:
        """The program of one candidate; None, and the reason in `refusal`, when a value could leave the field.

        `others`: in this way instead of the first of the mode's.
        """
        overflow = (others or MODES[self.overflow])[0]
        if overflow is not None:
            overflow = replace(overflow, declared=self.declared)
        try:
            ints, ways = quantize(self.graph, self.ranges, options, self.threshold), list[Way]()
            if overflow is not None:
                ints, ways = total(ints, overflow)
            emitted = emit(ints, settings, self.visibility)
        except (OutOfField, UnknownInterval) as error:
            self.refusal = str(error)
            return None
        except QuantizationError as error:
            self.error = error
            return None
        nanoseconds = cost(emitted.program).nanoseconds
        return Chosen(options, settings, ints, emitted, nanoseconds, tuple(ways), overflow)

    def good(self, chosen: Chosen) -> bool:
        """Whether it measures up; if not, it is remembered with its error."""
        # The answer to a threshold is 0 or 1: what counts is how well the compared value is known.
        ints = chosen.ints if self.threshold is None else quantize(self.graph, self.ranges, chosen.options)
        found = max(worst_error(ints, self.known, MARGIN * self.max_error), ints.rough / ROUGH)
        self.failed.append((found, chosen))
        return found <= MARGIN * self.max_error

    def found(self) -> Chosen:
        """The cheapest candidate in the cheapest of the mode's ways. Raises QuantizationError."""
        first = self.cheapest()
        tried = [self.build(first.options, first.settings, way) for way in MODES[self.overflow][1:]]
        every = [first, *(one for one in tried if one is not None)]
        least = min(one.nanoseconds for one in every)
        near = [one for one in every if one.nanoseconds <= least * (1.0 if one.clamps else WIDER)]
        return min(near, key=lambda one: (one.clamps, one.nanoseconds))

    def price(self, chosen: Chosen) -> float | None:
        """What it costs that no input is refused: the estimated time as a multiple of the refusing program's, if there is one."""
        if chosen.overflow is None:
            return None
        refusing = self.build(chosen.options, chosen.settings, None)
        return None if refusing is None else chosen.nanoseconds / refusing.nanoseconds

    def cheapest(self) -> Chosen:
        """The cheapest candidate with at most `max_error` and no refused sample; else the most accurate one tried.

        Best first: a candidate that measures badly is replaced by itself with more weight bits, and with larger tables.
        Raises QuantizationError when no candidate stays in the field.
        """
        tables = any(node.operator.tabulated for node in self.graph.nodes)
        queue: list[tuple[float, int, Chosen]] = []
        ticket = count()

        seen: set[tuple[Options, Settings]] = set()

        def push(o: Options, s: Settings) -> None:
            if (o, s) in seen or len(seen) >= BUILDS:
                return
            seen.add((o, s))
            chosen = self.build(o, s)
            if chosen is not None:
                heappush(queue, (chosen.nanoseconds, next(ticket), chosen))

        for o, s in starts(self.options, self.settings, *self._enough(tables)):
            large = bool(queue) and len(queue[0][2].emitted.program.lookups) > MANY
            if large and self.settings is None and s.limb not in SOME_WIDTHS:
                continue
            # The multiplicities and rows of the largest table alone.
            table = 1 << max(s.limb, min(s.wide, o.activation_bits or 16))
            if not queue or (NS_PER_CELL + NS_PER_LOOKUP) * table < 2 * queue[0][0]:
                push(o, s)
        while queue and len(self.failed) < TRIALS:
            chosen = heappop(queue)[2]
            if all(_finer(chosen, other) for _, other in self.failed) and self.good(chosen):
                return chosen
            for o in _refined(self.options, chosen.options, tables):
                push(o, chosen.settings)
        return self._finest()

    def _enough(self, tables: bool) -> tuple[list[int], dict[bool, int]]:
        """Bits of activations, and rows of tables by kind, that are enough on a few samples where nothing else is scarce.

        What is too little by itself is in no candidate; that takes no program to find out.
        """
        given = self.options
        lines = (False, True) if tables and given.interpolate is None else (bool(given.interpolate),)
        bits = [given.activation_bits] if given.activation_bits else list(ACTIVATIONS)
        rows = {line: [given.table_bits] if given.table_bits else list(ROWS[line]) for line in lines}

        def enough(activation_bits: int, line: bool, table_bits: int) -> bool:
            best = replace(given, activation_bits=activation_bits, interpolate=line, table_bits=table_bits, align=0)
            try:
                ints = quantize(self.graph, self.ranges, best)
            except QuantizationError:
                return True  # whatever it is, it is told elsewhere
            found = worst_error(ints, self.known[:FEW], self.max_error)
            return max(found, ints.rough / ROUGH) <= self.max_error

        most = lines[-1]
        bits = [b for b in bits if enough(b, most, rows[most][-1])]
        if not tables or not bits:
            return bits, {line: rows[line][0] for line in lines}
        least = {line: next((r for r in rows[line] if enough(bits[-1], line, r)), None) for line in lines}
        return bits, {line: r for line, r in least.items() if r is not None}

    def _finest(self) -> Chosen:
        """The most precise options, more and more so, each at the cheapest of some limb widths; or what measured best."""
        tables = any(node.operator.tabulated for node in self.graph.nodes)
        for options in finest(self.options, tables):
            found = [self.build(options, s) for s in ([self.settings] if self.settings else PLAIN)]
            last = min((c for c in found if c is not None), key=lambda c: c.nanoseconds, default=None)
            if last is not None and self.good(last):
                return last
        if self.failed:
            return min(self.failed, key=lambda one: one[0])[1]
        widen = bool(self.refusal) and self.overflow == "widen"
        if self.error is not None and not widen:
            raise self.error
        raise QuantizationError(
            f"no precision keeps every value in the field: {self.refusal}",
            place=self.graph.name,
            remedy='overflow="total" clamps what has no room' if widen else "fewer activation_bits or weight_bits",
        )


def starts(
    options: Options, settings: Settings | None, bits: Sequence[int], rows: Mapping[bool, int]
) -> Iterator[tuple[Options, Settings]]:
    """These activations and rows of tables, with and without lines, and limb widths, with the fewest weight bits."""
    least = options.least_weight_bits or LEAST[0]
    for line, table_bits in rows.items():
        for limb in [settings.limb] if settings else WIDTHS:
            for b in bits:
                base = replace(options, activation_bits=b, least_weight_bits=least, table_bits=table_bits)
                for wide in [settings.wide] if settings else sorted({limb, b}):
                    yield replace(base, interpolate=line, align=limb), Settings(limb, wide)


def finest(options: Options, tables: bool) -> Iterator[Options]:
    """The most precise options: first with the usual bits, then with more; what is given stays."""
    for bits in (options.activation_bits,) if options.activation_bits else (ACTIVATIONS[-1], *MORE_ACTIVATIONS):
        for line in (False, True) if tables and options.interpolate is None else (bool(options.interpolate),):
            yield replace(
                options,
                activation_bits=bits,
                weight_bits=options.weight_bits or max(WEIGHT_BITS, bits),
                interpolate=line,
                table_bits=options.table_bits or ROWS[line][-1],
                align=0,
            )


def _refined(given: Options, tried: Options, tables: bool) -> Iterator[Options]:
    """The next finer options in every respect that is not given."""
    weights = next((n for n in LEAST if n > (tried.least_weight_bits or 0)), None)
    if weights is not None and given.least_weight_bits is None:
        yield replace(tried, least_weight_bits=weights)
    rows = next((n for n in ROWS[bool(tried.interpolate)] if n > (tried.table_bits or 0)), None)
    if rows is not None and given.table_bits is None and tables:
        yield replace(tried, table_bits=rows)


def _finer(one: Chosen, other: Chosen) -> bool:
    """More bits of activations, of tables or of weights (the sum over all parameters' scales)."""
    if (one.options.activation_bits or 0) > (other.options.activation_bits or 0):
        return True
    if one.options.interpolate != other.options.interpolate:
        return True
    if (one.options.table_bits or 0) > (other.options.table_bits or 0):
        return True
    return sum(p.frac for p in one.ints.parameters.values()) > sum(p.frac for p in other.ints.parameters.values())
