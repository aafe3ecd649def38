"""From a model to a program and its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.compiler.accuracy import GROSS, Pair, Report, accuracy, beyond, compared, jumping, magnitude, original, truth
from tacit.compiler.cost import Cost, cost
from tacit.compiler.fitting import Lowering, fit, frame
from tacit.compiler.search import MODES, MOST_SAMPLES, SAMPLES, Chosen, Search
from tacit.compiler.ties import Doubts
from tacit.errors import InputError, QuantizationError
from tacit.exact import as_floats, quantized, unmasked
from tacit.graph import Graph, Node
from tacit.importers import load, torch
from tacit.integer.architecture import Architecture
from tacit.integer.emit import INPUT_PLACES, OUTPUT_PLACES, Visibility
from tacit.integer.graph import IntGraph, Threshold
from tacit.program import Program
from tacit.program.builder import Settings
from tacit.program.intervals import validate
from tacit.quantize import Options
from tacit.quantize.calibration import Calibration, calibrate, declare
from tacit.quantize.columns import SPREAD
from tacit.quantize.standin import drawn

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Weights:
    """The integers of a commitment, in layout order (docs/protocol/program.md, section 4)."""

    program: bytes
    role: str
    tensors: tuple[tuple[str, Array], ...]


@dataclass(frozen=True)
class CompiledProgram:
    """A program with what the outside needs to use it."""

    program: Program
    digest: bytes
    graph: Graph
    ints: IntGraph
    calibration: Calibration
    options: Options
    settings: Settings
    accuracy: Report
    cost: Cost
    aim: float
    architecture: bytes = b""

    def remarks(self) -> list[str]:
        """What the import left out, and numbers that are not hidden."""
        found = list(self.graph.notes)
        if self.program.slabs[0].private and (shown := self._shown()):
            found.append(f"not hidden, since a constant of one number is part of the program: {', '.join(shown)}")
        if self.program.slabs[0].private and (moved := self._structure()):
            found.append(f"not hidden, since a factor of 0 or a power of two becomes structure: {', '.join(moved)}")
        return found

    def shortfalls(self) -> list[str]:
        """Outputs beyond the error that was aimed at, samples that left the range."""
        found = [
            f"output {name}: a relative error of {error.relative:.1e}, above the aim of {self.aim:g}"
            for name, error in self.accuracy.outputs.items()
            if error.relative > self.aim
        ]
        for name, error in self.accuracy.outputs.items():
            if error.decided:
                found.append(f"output {name}: {error.decided:.2g} of its entries are decided otherwise, near ties")
            if error.apart > GROSS >= error.relative and name not in self._shares():
                found.append(
                    f"output {name}: an entry is off by {error.apart:.2g} of its own largest magnitude, which is small beside "
                    "that of others: make outputs of different units separate ones"
                )
        if self.accuracy.refused:
            found.append(f"{self.accuracy.refused} samples left the range and are in no figure: raise headroom")
        return found

    def _shares(self) -> set[str]:
        """Outputs that are parts of a whole: what matters of them is how large they are beside each other."""
        return {node.outputs[0] for node in self.graph.nodes if node.operator.shares}

    def _structure(self) -> list[str]:
        """The nodes with one factor that is 0 or a power of two: nothing is multiplied, the program has another shape."""
        constants = self.graph.constants
        found = []
        for node in self.graph.nodes:
            single = [constants[n] for n in node.inputs[1:] if node.operator.product == "entries" and n in constants]
            if any(c.size == 1 and not odd(c.reshape(-1)[0]) and abs(c.reshape(-1)[0]) != 1 for c in single):
                found.append(self.graph.sources.get(node.name, node.name))
        return found

    def _shown(self) -> list[str]:
        """The nodes whose factor, slope or bound is one number, other than 0 or a power of two."""
        constants = self.graph.constants

        def numbers(node: Node) -> list[Any]:
            shown = node.operator.shown
            single = [
                constants[n] for n in node.inputs if shown.one_number and n in constants and constants[n].size == 1
            ]
            given = [node.attrs[key] for key in shown.attributes if node.attrs.get(key) is not None]
            return [*(constant.reshape(-1)[0] for constant in single), *given]

        return [
            self.graph.sources.get(node.name, node.name) for node in self.graph.nodes if any(map(odd, numbers(node)))
        ]

    def quantize(self, name: str, values: Array) -> Array:
        """Integers of an input (its own shape). Raises InputError naming tensor, value and range."""
        spec = self.ints.inputs.get(name)
        if spec is None:
            raise InputError("no such input", place=name, remedy=f"inputs: {', '.join(self.ints.inputs)}")
        array = as_floats(np.asarray(unmasked(values, name)), name)
        if array.shape != spec.shape:
            raise InputError(f"shape {list(array.shape)}, expected {list(spec.shape)}", place=name)
        return quantized(array, spec.frac, (spec.lo, spec.hi), name)

    def dequantize(self, name: str, integers: Array) -> Array:
        """Real values of an output's integers."""
        spec = self.ints.outputs.get(name)
        if spec is None:
            raise InputError("no such output", place=name, remedy=f"outputs: {', '.join(self.ints.outputs)}")
        return np.asarray(integers, dtype=np.float64) * 2.0**-spec.frac


def odd(value: Any) -> bool:
    """Whether a number is finite, and neither 0 nor a power of two."""
    return bool(np.isfinite(value)) and abs(np.frexp(float(value))[0]) not in (0.0, 0.5)


def compile_model(
    model: Any,
    *,
    calibration: Mapping[str, Array] | Array,
    batch: int = 1,
    inputs: str = "private",
    weights: str = "private",
    outputs: str = "public",
    threshold: tuple[str, int | tuple[int, ...], float] | None = None,
    aim: float = 1e-3,
    max_error: float = 0.05,
    overflow: str = "total",
    input_ranges: Mapping[str, tuple[Any, Any]] | tuple[Any, Any] | None = None,
    options: Options | None = None,
    settings: Settings | None = None,
    architecture_only: bool = False,
) -> tuple[CompiledProgram, Weights]:
    """Compile a model (anything `tacit.importers.load` takes, or a Graph).

    `calibration`: samples by input name, (n, d..) each, or one array for a model with one input. `inputs`: "private",
    "committed" or "public"; `weights`: "private" or "public"; `outputs`: "public" or "committed".
    `options` (precision) and `settings` (limb widths): what is None is searched, for the least estimated cost with a
    relative error of at most `aim` on the samples. Above `max_error`, or when more than a twentieth of the samples have no
    proof, there is no program.
    `threshold` = (output, index after the batch axis, value): publish only whether that entry is at least the value.
    `input_ranges`: (least, greatest) of inputs, by name or of the one there is. `overflow`: one of `compiler.search.MODES`.
    `architecture_only`: the program is that of the architecture (ADR 0010). It knows the ranges that are given, of all inputs
    and perhaps of outputs; without any those of `calibration`, which then counts as public.
    Raises ModelError, InputError, QuantizationError, ProgramError.
    """
    _check_choices(inputs, weights, outputs, overflow)
    graph, samples = _imported(model, calibration, batch, architecture_only)
    bound = None if threshold is None else _threshold(threshold)
    visibility = Visibility(inputs, weights, outputs)
    lowering = Lowering(visibility, options or Options(), settings, bound, overflow)
    price = None
    if architecture_only:
        graph, chosen = _of_architecture(graph, samples, input_ranges, lowering, aim)
        ranges = calibrate(graph, samples)
    else:
        ranges, chosen, price = _searched(graph, samples, input_ranges, lowering, aim)
    doubts = Doubts(graph, ranges) if jumping(graph) else None
    architecture = Architecture(chosen.ints, chosen.settings, visibility)
    program = replace(chosen.emitted.program, architecture=architecture.digest)
    validate(program)
    against = "float64" if graph.origin is None else "onnxruntime"
    found = accuracy(chosen.ints, original(graph, truth(graph, samples)), against=against, doubts=doubts)
    refuse_gross(found, max_error, far_apart(graph, ranges))
    if overflow != "refuse":
        found = replace(found, ways=chosen.ways, beyond=beyond(graph, chosen.ints), price=price)
    digest = program.digest
    compiled = CompiledProgram(
        program,
        digest,
        graph,
        chosen.ints,
        ranges,
        chosen.options,
        chosen.settings,
        found,
        cost(program),
        aim,
        architecture.encode(),
    )
    return compiled, Weights(digest, "model", tuple(chosen.emitted.weights()))


def _check_choices(inputs: str, weights: str, outputs: str, overflow: str) -> None:
    """Raise InputError for one that is none of its kind."""
    for name, given, choices in (
        ("input", inputs, INPUT_PLACES),
        ("weights", weights, ("private", "public")),
        ("outputs", outputs, OUTPUT_PLACES),
        ("overflow", overflow, tuple(MODES)),
    ):
        if given not in choices:
            raise InputError(
                f"expected {' or '.join(choices)}, got {given!r}",
                slug="overflow" if name == "overflow" else "visibility",
                place=name,
                remedy=f'for example {name}="{choices[0]}"',
            )


def _imported(
    model: Any, calibration: Mapping[str, Array] | Array, batch: int, blind: bool
) -> tuple[Graph, dict[str, Array]]:
    """The graph and the samples by name. `blind`: nothing in the graph may depend on weights."""
    example = torch.example_of(calibration, batch) if torch.is_module(model) else None
    graph = model if isinstance(model, Graph) else load(model, batch=batch, example=example, blind=blind)
    samples = named_samples(graph, calibration)
    if not blind and not faithful(graph, samples):
        # A library simplified the model before: what it makes is believed no more than anything else.
        plain = load(model, batch=batch, example=example, simplified=False)
        graph = plain if faithful(plain, samples) else graph
    return graph, samples


def _searched(
    graph: Graph, samples: Mapping[str, Array], given: Any, lowering: Lowering, aim: float
) -> tuple[Calibration, Chosen, float | None]:
    """The ranges, the cheapest program of this network that measures up, and what it costs that no input is refused."""
    ranges = calibrate(graph, samples)
    if given is not None:
        ranges = declare(ranges, graph, named_ranges(graph, given))
    known, asked = _known(graph, samples, ranges), (lowering.options, lowering.settings, lowering.threshold)
    search = Search(graph, ranges, known, lowering.visibility, aim, *asked, lowering.overflow)
    chosen = search.found()
    return ranges, chosen, search.price(chosen)


def _of_architecture(
    graph: Graph, samples: Mapping[str, Array], given: Any, lowering: Lowering, aim: float
) -> tuple[Graph, Chosen]:
    """The graph in other units, and in the program of its architecture: by the `given` ranges, or those of the samples."""
    declared = None if given is None else named_ranges(graph, given)
    if declared is not None:
        inside = {name: ends for name, ends in declared.items() if name not in graph.outputs}
        declare(calibrate(graph, samples), graph, inside)
    public = samples if declared is None else drawn(graph, declared)
    made = frame(graph, public, _known, lowering, aim, declared)
    return fit(graph, samples, made, lowering)


#: The relative error of the imported graph in float64, on a sample, that is put down to the original's float32.
IMPORTED = 1e-3


def faithful(graph: Graph, samples: Mapping[str, Array]) -> bool:
    """Whether the imported graph gives what the original gives on the first sample, in shape and about in value."""
    if graph.origin is None:
        return True
    known = list(islice(truth(graph, samples, only=graph.outputs), 1))
    jumps = jumping(graph)
    for (_, found), (_, exact) in zip(known, original(graph, known), strict=True):
        for name in graph.outputs:
            if found[name].shape != exact[name].shape:
                return False
            gap = float(np.abs(found[name] - exact[name]).max())
            if name not in jumps and gap > IMPORTED * magnitude([exact[name]]):
                return False
    return True


#: More calibration samples than this share without a proof are too many.
MOST_REFUSED = 1 / 20


def far_apart(graph: Graph, ranges: Calibration) -> str:
    """A sentence on an input with columns that no scale holds together; empty where there is none."""
    for name in graph.inputs:
        magnitudes = np.abs(ranges.columns[name]).max(0)
        seen = np.flatnonzero(magnitudes)
        if seen.size < 2:
            continue
        least, most = (int(seen[f(magnitudes[seen])]) for f in (np.argmin, np.argmax))
        if magnitudes[most] > 2.0**SPREAD * magnitudes[least]:
            return (
                f"columns {least} (up to {magnitudes[least]:.2g}) and {most} (up to {magnitudes[most]:.2g}) of input {name} "
                "are too far apart for one scale: give them in like units, or as inputs of their own"
            )
    return ""


def refuse_gross(found: Report, max_error: float, remedy: str = "") -> None:
    """Raise QuantizationError (slug accuracy) for an output that is further off than `max_error`, or too many refusals.

    `remedy`: what to do about it, where that is known.
    """
    layer = f"; the noisiest layer is {found.noisiest}" if found.noise else ""
    for name, error in found.outputs.items():
        if not error.relative <= max_error:
            raise QuantizationError(
                f"expected a relative error of at most {max_error:.2g} on the calibration samples, got {error.relative:.2g}"
                + layer,
                slug="accuracy",
                place=f"output {name}",
                remedy=remedy,
            )
    total = found.samples + found.refused
    if found.refused > MOST_REFUSED * total:
        raise QuantizationError(
            f"expected a proof for at least {1 - MOST_REFUSED:.0%} of the {total} calibration samples, got one for "
            f"{found.samples}: in the others a value leaves the range that it has room for{layer}",
            slug="accuracy",
            place="calibration",
            remedy=remedy or "raise headroom; look for samples that are far from the others",
        )


def _threshold(given: Any) -> Threshold:
    """(output, index or indices, a finite value). Raises InputError."""
    try:
        name, index, value = given
        indices = tuple(int(i) for i in index) if isinstance(index, (tuple, list)) else (int(index),)
        bound = Threshold(str(name), indices, float(value))
    except (TypeError, ValueError):
        raise InputError(
            f"expected (output, index, value), got {given!r}",
            slug="threshold",
            place="threshold",
            remedy='for example ("scores", 3, 0.5)',
        ) from None
    if not np.isfinite(bound.value):
        raise InputError(f"expected a finite value, got {bound.value}", slug="threshold", place="threshold")
    return bound


def _known(graph: Graph, samples: Mapping[str, Array], ranges: Calibration) -> list[Pair]:
    """As `known_samples`, of a graph with these ranges."""
    return known_samples(graph, samples, Doubts(graph, ranges) if jumping(graph) else None)


#: Entries of all tensors of all samples that the search looks at, about; SAMPLES are looked at in any case.
MOST_CELLS = 1 << 22


def known_samples(graph: Graph, samples: Mapping[str, Array], doubts: Doubts | None) -> list[Pair]:
    """The first SAMPLES for the search, and more of a small network: outputs, and what is compared.

    Entries that hang on a comparison near a tie are NaN.
    """
    found = list[Pair]()
    cells = sum(prod(graph.shapes[name]) for node in graph.nodes for name in node.outputs)
    count = min(MOST_SAMPLES, max(SAMPLES, MOST_CELLS // max(1, cells)))
    for sample, exact in truth(graph, samples, only={*graph.outputs, *compared(graph)}):
        masks = doubts.of(sample, exact) if doubts is not None else {}
        found.append((sample, {name: np.where(masks[name], np.nan, x) if masks else x for name, x in exact.items()}))
        if len(found) >= count:
            break
    return found


def named_ranges(graph: Graph, ranges: Mapping[str, Any] | Any) -> Mapping[str, Any]:
    """Ranges by input name."""
    if isinstance(ranges, Mapping):
        return ranges
    if len(graph.inputs) != 1:
        raise InputError(
            "ranges without names for several inputs", slug="ranges", remedy=f"inputs: {', '.join(graph.inputs)}"
        )
    return {graph.inputs[0]: ranges}


def named_samples(graph: Graph, samples: Mapping[str, Array] | Array) -> dict[str, Array]:
    """Samples by input name."""
    if isinstance(samples, Mapping):
        return {name: unmasked(values, str(name)) for name, values in samples.items()}
    if len(graph.inputs) != 1:
        raise InputError("samples without names for several inputs", remedy=f"inputs: {', '.join(graph.inputs)}")
    try:
        return {graph.inputs[0]: np.asarray(unmasked(samples, graph.inputs[0]))}
    except ValueError as error:
        raise InputError(f"not an array of numbers: {error}", slug="dtype", place=graph.inputs[0]) from None
