"""What quantisation costs in accuracy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.compiler.ties import DOUBT, Doubts
from tacit.errors import CompilerBug, QuantizationError, WitnessError
from tacit.exact import rounded
from tacit.graph import Graph, evaluate
from tacit.importers.original import Original
from tacit.integer.graph import IntGraph
from tacit.integer.total import Way
from tacit.quantize.calibration import batches

Array = npt.NDArray[Any]

#: An entry that is off by this part of the output's magnitude is another answer.
GROSS = 0.05


@dataclass(frozen=True)
class OutputError:
    """Against the original model, in real units; `relative`: to the output's largest magnitude.

    Entries that hang on a comparison near a tie (`tacit.compiler.ties`) are in none of these figures: `unsure` is their share,
    and `decided` that of entries among them which came out otherwise. `apart`: the largest error of an entry relative to its own
    largest magnitude over the samples.
    """

    largest: float
    mean: float
    relative: float
    mean_relative: float
    unsure: float = 0.0
    decided: float = 0.0
    apart: float = 0.0


@dataclass(frozen=True)
class Beyond:
    """An output on inputs drawn evenly from the whole declared range, which need not look like any sample.

    `median`, `largest`: of an input's relative error against float64, to the output's largest magnitude; `top1`: the share of
    inputs whose largest entry (last axis) agrees, None where there is one entry.
    """

    median: float
    largest: float
    top1: float | None


@dataclass(frozen=True)
class Report:
    """The integer program against the model that it was made from, over the calibration samples; prints as a table.

    `samples`: that were executed; `refused`: that left the calibrated range, and are in no figure. `against`: whose outputs
    the integers are compared with: "onnxruntime" on the model as it was given, or "float64", the package's own evaluation of
    a graph that has no such model. `top1`: the share of samples whose largest entry (last axis) agrees; `noise`: signal to
    noise of every layer in dB, against float64. `notes`: remarks in words, perhaps none. `ways`: what every rounding does
    with values beyond its bits. `beyond`: what that does to answers far from the samples. `price`: the estimated time of a
    proof, as a multiple of that of the same program if it refused such inputs; None where there is none.
    It tells of the weights: keep it to yourself. No public file holds it.
    """

    samples: int
    refused: int
    outputs: Mapping[str, OutputError]
    top1: Mapping[str, float]
    noise: Mapping[str, float]
    against: str = "float64"
    notes: tuple[str, ...] = ()
    ways: tuple[Way, ...] = ()
    beyond: Mapping[str, Beyond] = field(default_factory=dict)
    price: float | None = None

    @property
    def worst_relative(self) -> float:
        """The largest relative error of any output."""
        return max((e.relative for e in self.outputs.values()), default=0.0)

    @property
    def noisiest(self) -> str:
        """The layer with the least signal to noise, in words; empty where no layer was measured."""
        if not self.noise:
            return ""
        name = min(self.noise, key=self.noise.__getitem__)
        return f"{name}, signal {self.noise[name]:.0f} dB above the rounding noise"

    def to_dict(self) -> dict[str, Any]:
        """Plain dictionaries, lists and numbers."""
        found = {**asdict(self), "noise": dict(self.noise), "top1": dict(self.top1), "notes": list(self.notes)}
        return found | {"ways": [asdict(way) for way in self.ways]}

    def __str__(self) -> str:
        head = ("output", "largest error", "mean error", "relative", "top-1 agreement")
        rows = [head]
        for name, e in self.outputs.items():
            top1 = f"{100 * self.top1[name]:.1f} %" if name in self.top1 else "-"
            rows.append((name, f"{e.largest:.3g}", f"{e.mean:.3g}", f"{e.relative:.2g}", top1))
        widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
        lines = [f"against {self.against} on {self.samples} calibration samples, {self.refused} more without a proof"]
        for row in rows:
            cells = [
                row[0].ljust(widths[0]),
                *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)),
            ]
            lines.append("  ".join(cells))
        lines += [f"noisiest layer: {self.noisiest}"] if self.noise else []
        lines += [f"beyond the samples: {line}" for line in self.overflow()]
        return "\n".join(lines + [f"note: {note}" for note in self.notes])

    def overflow(self) -> list[str]:
        """What becomes of values beyond the bits of a rounding, in words; nothing where it was not asked."""
        if not self.ways:
            return []
        count = Counter(way.way for way in self.ways)
        parts = [
            f"{count[way]} {word}"
            for way, word in (("fits", "never pass their bits"), ("widened", "have room for all"), ("clamped", "clamp"))
            if count[way]
        ]
        price = "" if self.price is None else f"; that takes {self.price:.2f} times as long as refusing them would"
        lines = [f"of {len(self.ways)} roundings {', '.join(parts)}{price}"]
        for name, off in self.beyond.items():
            agree = "" if off.top1 is None else f", top-1 agreement {100 * off.top1:.0f} %"
            lines.append(
                f"output {name} on inputs drawn from the whole range: relative error {off.median:.2g} (median), "
                f"{off.largest:.2g} (largest){agree}"
            )
        return lines


#: A sample in the graph's batch, and tensors that the float network makes of it.
Pair = tuple[dict[str, Array], dict[str, Array]]


def truth(graph: Graph, inputs: Mapping[str, Array], *, only: Collection[str] | None = None) -> Iterator[Pair]:
    """Samples with the float network's tensors, or only these, one at a time."""
    for sample in batches(graph, inputs):
        values = evaluate(graph, {name: x[None] for name, x in sample.items()})
        yield sample, {name: x[0] for name, x in values.items() if only is None or name in only}


def compared(graph: Graph) -> set[str]:
    """The computed tensors that comparisons read."""
    computed = {name for node in graph.nodes for name in node.outputs}
    return computed & {node.inputs[0] for node in graph.nodes if node.operator.jumps}


def original(graph: Graph, known: Iterable[Pair]) -> Iterator[Pair]:
    """The same samples with the outputs of the model that the graph was made from, by onnxruntime."""
    if graph.origin is None:
        yield from known
        return
    model = Original(graph.origin)
    for sample, exact in known:
        unread = {name: np.zeros(shape) for name, shape in model.shapes.items() if name not in sample}
        yield sample, {**exact, **model.run({**unread, **sample})}


def jumping(graph: Graph) -> set[str]:
    """The tensors that depend on a comparison."""
    found: set[str] = set()
    for node in graph.nodes:
        if node.operator.jumps or found & set(node.inputs):
            found |= set(node.outputs)
    return found


def accuracy(
    ints: IntGraph, known: Iterable[Pair], *, against: str = "float64", doubts: Doubts | None = None
) -> Report:
    """Integer against float on samples, by the operators' meanings. `doubts`: of a graph with comparisons.

    Raises QuantizationError (slug accuracy) when no sample stays in range.
    """
    unsure: dict[str, list[Array]] = {name: [] for name in ints.outputs}
    gaps: dict[str, list[Array]] = {name: [] for name in ints.outputs}
    right: dict[str, list[Array]] = {name: [] for name in ints.outputs}
    power: dict[str, tuple[float, float]] = {}
    refused = samples = 0
    first: WitnessError | None = None
    for sample, exact in known:
        try:
            values = ints.run(_integers(ints, sample))
            results = ints.results(values)
        except WitnessError as refusal:
            first = first or refusal
            refused += 1
            continue
        samples += 1
        masks = doubts.of(sample) if doubts is not None else {}
        for name, integers in results.items():
            expected = ints.outputs[name].expected(exact[name])
            if expected.shape != integers.shape:
                raise CompilerBug(f"output {name}: shape {integers.shape}, that of the model is {expected.shape}")
            right[name].append(expected)
            unsure[name].append(_unsure(ints, name, exact, masks.get(name)))
            gaps[name].append(integers * 2.0 ** -ints.outputs[name].frac - expected)
        for name in (n for n in ints.tensors if n in exact):  # in the order that they are computed
            signal, noise = power.get(name, (0.0, 0.0))
            error = ints.real(name, values) - exact[name]
            power[name] = (signal + float((exact[name] ** 2).sum()), noise + float((error**2).sum()))
    if first is not None and not samples:
        raise QuantizationError(
            f"no calibration sample stays in range; the first: {first.place}: {first.reason}",
            slug="accuracy",
            place="calibration",
            remedy="raise headroom; where weights or samples are of extreme magnitudes, rescale them",
        )
    noise_db = {n: 10 * float(np.log10(max(s, 1e-30) / max(e, 1e-30))) for n, (s, e) in power.items()}
    names = list(ints.outputs) if samples else []
    outputs = {name: _error(*(np.stack(part[name]) for part in (right, gaps, unsure))) for name in names}
    top1 = {
        name: float(np.mean((np.stack(right[name]) + gaps[name]).argmax(-1) == np.stack(right[name]).argmax(-1)))
        for name in names
        if right[name][0].ndim and right[name][0].shape[-1] > 1
    }
    return Report(samples, refused, outputs, top1, noise_db, against)


#: Inputs that are drawn from the whole range.
DRAWN = 32


def beyond(graph: Graph, ints: IntGraph) -> dict[str, Beyond]:
    """The integers against float64 on inputs drawn evenly from their intervals, by a fixed seed; no threshold's answer."""
    rng, found = np.random.default_rng(0), dict[str, list[tuple[Array, Array]]]()
    for _ in range(DRAWN):
        drawn = {name: rng.integers(spec.lo, spec.hi + 1, spec.shape) for name, spec in ints.inputs.items()}
        try:
            results = ints.results(ints.run(drawn))
        except WitnessError:
            continue
        real = {name: (x * 2.0 ** -ints.inputs[name].frac)[None] for name, x in drawn.items()}
        exact = evaluate(graph, real)
        for name, integers in results.items():
            spec = ints.outputs[name]
            if spec.threshold is None and np.isfinite(exact[name]).all():
                found.setdefault(name, []).append((integers * 2.0**-spec.frac, exact[name][0]))
    return {name: _beyond(pairs) for name, pairs in found.items()}


def _beyond(pairs: list[tuple[Array, Array]]) -> Beyond:
    scale = magnitude(exact for _, exact in pairs)
    off = [float(np.abs(y - exact).max()) / scale for y, exact in pairs]
    entries = pairs[0][1].shape[-1] if pairs[0][1].ndim else 1
    agree = [np.mean(y.argmax(-1) == exact.argmax(-1)) for y, exact in pairs] if entries > 1 else []
    return Beyond(float(np.median(off)), max(off), float(np.mean(agree)) if agree else None)


def _unsure(ints: IntGraph, name: str, exact: Mapping[str, Array], mask: Array | None) -> Array:
    """The entries of an output that are in doubt; the answer to a threshold is where the entry is near it."""
    threshold = ints.outputs[name].threshold
    if threshold is None:
        return np.zeros(exact[name].shape, dtype=bool) if mask is None else mask
    near = np.abs(threshold.entry(exact[name]) - threshold.value)
    return np.asarray(near <= DOUBT * max(float(np.abs(exact[name]).max()), abs(threshold.value)))


def magnitude(values: Iterable[Array]) -> float:
    """The largest absolute value that is not NaN; 1 where that is 0, or as good as 0 for a float32."""
    found = max((float(np.nan_to_num(np.abs(x)).max()) for x in values), default=0.0)
    return found if found > 2.0**-126 else 1.0


def worst_error(ints: IntGraph, known: Sequence[Pair], enough: float) -> float:
    """The largest relative error of any output, infinite where a sample is refused; stops above `enough`.

    Entries in doubt are NaN in `known`, and count for nothing. How exact comparisons are is said by the other tensors there,
    those that they read.
    """
    names = [name for name in known[0][1] if name in ints.outputs or name in ints.tensors]
    scale = {name: magnitude(exact[name] for _, exact in known) for name in names}
    worst = 0.0
    for sample, exact in known:
        try:
            values = ints.run(_integers(ints, sample))
            results = ints.results(values)
        except WitnessError:
            return float("inf")
        for name in names:
            real = results[name] * 2.0 ** -ints.outputs[name].frac if name in results else ints.real(name, values)
            worst = max(worst, float(np.nan_to_num(np.abs(real - exact[name])).max()) / scale[name])
        if worst > enough:
            break
    return worst


def _error(y: Array, gap: Array, unsure: Array) -> OutputError:
    scale, off = magnitude([y]), np.abs(gap)
    known = np.where(unsure, 0.0, off)
    worst, mean = float(known.max()), float(known.sum() / max(1, unsure.size - unsure.sum()))
    own = np.abs(y).reshape(len(y), -1).max(0)
    apart = known.reshape(len(y), -1).max(0) / np.where(own > 0, own, scale)
    decided = float((unsure & (off > GROSS * scale)).mean())
    return OutputError(worst, mean, worst / scale, mean / scale, float(unsure.mean()), decided, float(apart.max()))


def _integers(ints: IntGraph, sample: Mapping[str, Array]) -> dict[str, Array]:
    """A sample's inputs at their scales, in range or not."""
    return {name: rounded(sample[name], spec.frac).astype(np.int64) for name, spec in ints.inputs.items()}
