"""What a program computes, layer by layer, and whether that was checked.

A proof is about a program, and a program may come from whoever proves: relations that tie an output to nothing are a program
too. So its file names the layers it was made from, and `checked` makes the program from them once more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from tacit.errors import InputError, ProgramError, QuantizationError

if TYPE_CHECKING:
    from tacit.integer.architecture import Architecture as Readable
    from tacit.integer.layers import Layer

#: What a statement, a table and `--json` say of it.
CHECKED, NOT_CHECKED, NONE = "checked", "not checked", "none"
#: Samples that are drawn for the original model, to see where it rounds.
DRAWN = 64


@dataclass(frozen=True)
class Architecture:
    """The layers of a program in order, from inputs to outputs; prints as a table.

    `layers`: name, operator, public numbers, operands, shape, and how many parameters it reads. `given`, `results`: the inputs
    and outputs in the same form; an output reads the value that it is the rounding of, or the answer about. `legend`: what each
    operator computes. `inputs`, `parameters`, `outputs`: (shape, least, greatest integer) by name. `checked`: whether the program
    was made from exactly these once more and is the same, byte by byte; else they are what the file says, and its maker wrote
    that. `determined`: what a search for a second witness found (`check(deep=True)`): "unique", "undecided" or "out of reach".
    """

    layers: tuple[Layer, ...]
    given: tuple[Layer, ...]
    results: tuple[Layer, ...]
    legend: Mapping[str, str]
    inputs: Mapping[str, tuple[tuple[int, ...], int, int]]
    parameters: Mapping[str, tuple[tuple[int, ...], int, int]]
    outputs: Mapping[str, tuple[tuple[int, ...], int, int]]
    checked: bool = False
    determined: str | None = None

    @property
    def verdict(self) -> str:
        """One sentence: what is known."""
        if self.checked:
            return "checked: this program computes exactly these layers"
        return "not checked: these are the layers that its maker says (tacit check, Program.check())"

    def as_dict(self) -> dict[str, Any]:
        """Plain lists, numbers and text, for --json."""
        return {
            "architecture": CHECKED if self.checked else NOT_CHECKED,
            "verdict": self.verdict,
            **({} if self.determined is None else {"determined": self.determined}),
            "layers": [layer.as_dict() for layer in self.layers],
            "given": [layer.as_dict() for layer in self.given],
            "results": [layer.as_dict() for layer in self.results],
            "operators": dict(self.legend),
            **{
                word: {n: {"shape": list(s), "interval": [lo, hi]} for n, (s, lo, hi) in of.items()}
                for word, of in (("inputs", self.inputs), ("parameters", self.parameters), ("outputs", self.outputs))
            },
        }

    def __str__(self) -> str:
        from tacit.console import one_line

        rows = [("layer", "operator", "reads", "shape", "parameters", "public in it")]
        for layer in (*self.given, *self.layers, *self.results):
            shape = "x".join(map(str, layer.shape)) or "1"
            names = one_line(layer.name), layer.operator, one_line(", ".join(layer.reads))
            rows.append((*names, shape, f"{layer.parameters or ''}", one_line(layer.numbers)))
        widths = [max(len(row[i]) for row in rows) for i in range(5)]
        lines = ["  ".join((*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[5])).rstrip() for row in rows]
        return "\n".join([*lines, *(f"{name}: {says}" for name, says in self.legend.items()), self.verdict])


def read(data: bytes) -> Architecture | None:
    """What a program's file says of its layers; None where it says nothing. Raises ProgramError (slug architecture)."""
    if not data:
        return None
    from tacit.integer.architecture import decode

    return _of(decode(data))


def told(data: bytes, known: Architecture | None) -> dict[str, Any]:
    """The layers and whether they were checked, as plain values; also where there are none, or none that can be read."""
    if known is not None:
        return known.as_dict()
    try:
        found = read(data)
    except ProgramError as error:
        return {
            "architecture": NONE,
            "verdict": f"not checked, and what stands in its place is not readable: {error.reason}",
        }
    if found is None:
        return {"architecture": NONE, "verdict": "none: nobody says which layers this program computes"}
    return found.as_dict()


def check_options(batch: Any, seconds: Any) -> None:
    """Raise InputError unless these are a number of inferences, and a time to search for."""
    if isinstance(batch, bool) or not isinstance(batch, Integral) or not 0 < int(batch) < 2**31:
        raise InputError(f"expected a whole number above 0, got {batch!r}"[:200], slug="batch", place="batch")
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not 0 < float(seconds) < inf:
        raise InputError(
            f"expected a number of seconds above 0, got {seconds!r}"[:200], slug="seconds", place="seconds"
        )


def checked(program: bytes, data: bytes) -> Architecture:
    """The layers of a program (its canonical bytes), lowered once more and found the same. Raises ProgramError."""
    from tacit.integer.architecture import check
    from tacit.program import Program

    return replace(_of(check(Program.decode(program), data)), checked=True)


def determined(program: bytes, seconds: float) -> str:
    """Whether inputs and weights determine a program's outputs, whatever its prover does: by a search for two witnesses.

    Gives "unique"; "undecided" where the time was up; "out of reach" where the program is too large. Raises ProgramError (slug
    witnesses) where there are two, or none, MissingDependency without OR-tools.
    """
    from tacit.program import Program
    from tacit.uniqueness import second_witness

    verdict = second_witness(Program.decode(program), seconds=seconds)
    if verdict.answer in ("second", "none"):
        raise ProgramError(
            f"expected one output for given inputs and weights, got another answer: {verdict.reason}",
            slug="witnesses",
            place="program",
            remedy="a prover of this program may choose: do not rely on its proofs",
        )
    return verdict.answer


def compare(data: bytes, model: Any, calibration: Any = None, batch: int = 1) -> None:
    """Raise ProgramError (slug architecture) unless a float model has these layers, whatever its weights.

    `model`: anything `compile` takes. It is quantised with samples drawn evenly from the ranges of the program's inputs, or
    with `calibration`. Compared are products, windows, functions, slopes, maxima, sums and outputs, and what each is of. Not
    compared are numbers, as weights are not: factors, constants, the bounds of clips (nor whether there is a clip), and
    whether a sum is a mean.
    """
    import numpy as np

    from tacit.compiler.pipeline import compile_model
    from tacit.importers import load
    from tacit.integer.architecture import decode
    from tacit.integer.plan import first_difference

    found = decode(data)
    thresholds = [o.threshold for o in found.graph.outputs.values() if o.threshold is not None]
    if calibration is None:
        graph = load(model, batch=batch)
        if set(graph.inputs) != set(found.graph.inputs):
            raise _other(f"expected inputs {', '.join(found.graph.inputs)}, got {', '.join(graph.inputs)}")
        rng = np.random.default_rng(0)
        ends = {n: (s.lo * 2.0**-s.frac, s.hi * 2.0**-s.frac) for n, s in found.graph.inputs.items()}
        calibration = {n: rng.uniform(*ends[n], size=(DRAWN, *graph.shapes[n])) for n in graph.inputs}
    asked = [(t.output, t.index, t.value) for t in thresholds]
    try:
        compiled, _ = compile_model(
            model, calibration=calibration, batch=batch, threshold=asked[0] if asked else None, max_error=float("inf")
        )
    except (InputError, QuantizationError) as error:
        raise _other(f"expected a model of these layers, got one that cannot be compiled: {error}") from None
    where = first_difference(found.graph, compiled.ints)
    if where is not None:
        raise _other(f"expected the layers of the program, got others: {where}")


def _other(reason: str) -> ProgramError:
    return ProgramError(
        reason,
        slug="architecture",
        place="model",
        remedy="give the model that the program was compiled from, with samples like its own (calibration)",
    )


def _of(found: Readable) -> Architecture:
    from tacit.integer.layers import given, layers, legend, results

    graph = found.graph
    return Architecture(
        tuple(layers(graph)),
        tuple(given(graph, found.visibility.inputs)),
        tuple(results(graph, found.visibility.outputs)),
        legend(graph),
        {n: (s.shape, s.lo, s.hi) for n, s in graph.inputs.items()},
        {n: (tuple(p.real.shape), p.lo, p.hi) for n, p in graph.parameters.items()},
        {n: (graph.values[o.value].shape, o.lo, o.hi) for n, o in graph.outputs.items()},
    )
