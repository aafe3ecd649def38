"""Scores of one output on a test set, from its values, the original model's and labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.api.objects import Array, Port, Program
from tacit.errors import InputError
from tacit.exact import as_floats, unmasked

Floats = npt.NDArray[np.float64]

#: Whole numbers below this are taken for labels: an output in units of 1 because its values are large has larger ones.
MOST_LABELS = 1 << 12
#: Kinds of arrays of real numbers.
NUMBERS = "biuf"


@dataclass(frozen=True)
class OutputScores:
    """Of one output; None where there is nothing to compare with.

    Against the original model, in real units: `largest` and `mean` error; `relative`: the largest by the greatest magnitude
    of the original's values. `agreement`: the share of equal answers, an answer being the place of the largest entry in the
    last axis, a label (where all values are whole numbers), or a threshold's bit.
    Against labels: `accuracy`, the share of right answers; of values `squared_error`, its mean, and `r2`, what part of the
    labels' variance is explained. `original_..`: the same of the original model.
    """

    largest: float | None = None
    mean: float | None = None
    relative: float | None = None
    agreement: float | None = None
    accuracy: float | None = None
    original_accuracy: float | None = None
    squared_error: float | None = None
    original_squared_error: float | None = None
    r2: float | None = None
    original_r2: float | None = None

    def rows(self) -> list[tuple[str, str, str]]:
        """What is known, in words: of the program, of the original."""
        rows = [
            ("accuracy", _percent(self.accuracy), _percent(self.original_accuracy)),
            ("mean squared error", _number(self.squared_error), _number(self.original_squared_error)),
            ("R²", _number(self.r2), _number(self.original_r2)),
            ("same answer", _percent(self.agreement), ""),
            ("largest error", _number(self.largest), ""),
            ("mean error", _number(self.mean), ""),
            ("relative error", _number(self.relative), ""),
        ]
        return [row for row in rows if row[1]]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


@dataclass(frozen=True)
class Decision:
    """Whether the entry `index` (after the batch axis) of an output is at least `value`."""

    output: str
    index: tuple[int, ...]
    value: float

    @classmethod
    def of(cls, given: Any, program: Program) -> Decision:
        """From (output, index or indices, value). Raises InputError."""
        try:
            output, index, value = given
            indices = tuple(map(int, index)) if isinstance(index, (tuple, list)) else (int(index),)
            found = cls(str(output), indices, float(value))
            if not np.isfinite(found.value):
                raise ValueError
        except (TypeError, ValueError):
            raise InputError(
                f"expected (output, index, a finite value), got {given!r}", slug="threshold", place="threshold"
            ) from None
        if found.output not in program.outputs:
            known = ", ".join(program.outputs)
            raise InputError(f"expected one of {known}, got {found.output}", slug="threshold", place="threshold")
        return found

    def bits(self, values: Array, batch_axes: int) -> Floats:
        """1 where it is, else 0. Raises InputError when there is no such entry."""
        index: tuple[Any, ...] = (*(slice(None),) * batch_axes, *self.index)
        try:
            entry = values[index]
        except IndexError:
            raise InputError(
                f"expected an index in shape {values.shape[batch_axes:]}, got {self.index}",
                slug="threshold",
                place="threshold",
            ) from None
        return np.asarray(entry >= self.value, dtype=np.float64)


@dataclass(frozen=True)
class Labels:
    """Labels by output name; `shared`: one array for whichever outputs it fits. `classes`: the names of classes, sorted."""

    arrays: Mapping[str, Array]
    shared: bool
    classes: Array | None

    @classmethod
    def of(cls, y: Any, samples: int, outputs: list[str], classes: Any) -> Labels:
        """Raises InputError when there are not as many as samples, or for an output that there is not."""
        # Of several targets it is a list of arrays: then labels are places.
        names = None if classes is None or isinstance(classes, list) else np.asarray(classes)
        shared = not isinstance(y, Mapping)
        given = {} if y is None else dict.fromkeys(outputs, y) if shared else dict(y)
        arrays = {}
        for name, values in given.items():
            if name not in outputs:
                known = ", ".join(outputs)
                raise InputError(f"expected labels for {known}, got some for {name}", slug="labels", place="y")
            arrays[name] = np.asarray(unmasked(values, "y"))
            if arrays[name].ndim == 0 or len(arrays[name]) != samples:
                raise InputError(
                    f"expected labels for {samples} samples, got shape {arrays[name].shape}", slug="labels", place="y"
                )
        return cls(arrays, shared, names)

    def check_used(self, scores: Mapping[str, OutputScores]) -> None:
        """Raises InputError when labels fit no output, or not the one that they are for."""
        fits = {n for n, s in scores.items() if s.accuracy is not None or s.squared_error is not None}
        if not self.arrays or (fits if self.shared else fits >= self.arrays.keys()):
            return
        name = next(name for name in self.arrays if name not in fits)
        raise InputError(
            f"labels of shape {self.arrays[name].shape} do not fit the output {name}",
            slug="labels",
            place="y",
            remedy="give classes (n,) for scores (n, k), or values in the output's shape",
        )

    def numbers(self, labels: Array, answers: int | None) -> Floats:
        """Labels as numbers: classes by their places, from 0 to `answers` - 1; any numbers where that is None."""
        names, numeric = self.classes, labels.dtype.kind in NUMBERS
        if names is not None and len(names) == answers and (names.dtype.kind in NUMBERS) == numeric:
            if numeric and names.dtype != labels.dtype:  # NumPy would compare as float64
                names, labels = as_floats(names, "classes"), as_floats(labels, "y")
            places = np.searchsorted(names, labels).clip(0, answers - 1)
            _check_all(names[places] == labels, labels, "one of the classes")
            return np.asarray(places, dtype=np.float64)
        if not numeric:
            raise InputError(
                f"expected numbers, got {labels.dtype}",
                slug="labels",
                place="y",
                remedy="give the classes' places, or the fitted classifier as original: it knows their names",
            )
        numbers = as_floats(labels, "y")
        if answers is not None:
            good = (numbers >= 0) & (numbers < answers) & (numbers == np.floor(numbers))
            _check_all(good, labels, f"classes from 0 to {answers - 1}")
        return numbers


def _check_all(good: Array, labels: Array, expected: str) -> None:
    if not np.all(good):
        wrong = labels[~np.asarray(good)].flat[0]
        raise InputError(f"expected {expected}, got {wrong}", slug="labels", place="y")


@dataclass(frozen=True)
class Judge:
    """Scores outputs by labels and, for one output, a decision. `batch_axes`: those in front of what an index is about."""

    labels: Labels
    decision: Decision | None
    batch_axes: int

    def score(self, port: Port, got: Array, want: Array | None, rows: Array) -> OutputScores:
        """Of an output's values, the program's and the original's; `rows`: which samples they are of. Raises InputError."""
        if len(got) == 0:
            return OutputScores()
        decision = self.decision if self.decision is not None and self.decision.output == port.name else None
        bit = (port.frac, port.lo, port.hi) == (0, 0, 1)
        if want is not None and want.shape != got.shape and not (bit and decision):
            raise InputError(
                f"expected an original whose output has shape {got.shape[1:]}, got {want.shape[1:]}",
                slug="threshold" if bit else "shape",
                place=port.name,
            )
        if want is not None and bit and decision:
            want = decision.bits(want, self.batch_axes)
        found: dict[str, float | None] = {}
        if want is not None and not bit:
            found = _errors(got, want)
        answers, count = self._answers(port, got, want, None if bit else decision)
        expected = None if want is None else self._answers(port, want, got, None if bit else decision)[0]
        if answers is not None and expected is not None:
            found["agreement"] = float(np.mean(answers == expected))
        if port.name in self.labels.arrays:
            given = self.labels.arrays[port.name][rows]
            if answers is not None and given.size == answers.size:
                right = self.labels.numbers(given, count).reshape(answers.shape)
                found["accuracy"] = float(np.mean(answers == right))
                found["original_accuracy"] = None if expected is None else float(np.mean(expected == right))
            elif (answers is None and given.size == got.size) or given.shape == got.shape:
                found |= _fit(self.labels.numbers(given, None).reshape(got.shape), got, want)
        return OutputScores(**found)

    def _answers(
        self, port: Port, values: Array, others: Array | None, decision: Decision | None
    ) -> tuple[Array | None, int | None]:
        """The answer for each sample, if the output has such, and how many there may be. `others`: the other side's values."""
        if decision is not None:
            return decision.bits(values, self.batch_axes), 2
        if values.ndim > 1 and values.shape[-1] > 1:
            return values.argmax(-1), values.shape[-1]
        both = [v for v in (values, others) if v is not None]
        if all(np.array_equal(v, np.floor(v)) and np.abs(v).max() < MOST_LABELS for v in both):
            return values, 2 if (port.frac, port.lo, port.hi) == (0, 0, 1) else None
        return None, None


def _errors(got: Array, want: Array) -> dict[str, float | None]:
    gap = np.abs(got - want)
    largest, magnitude = float(gap.max()), float(np.abs(want).max())
    relative = largest / magnitude if magnitude > 0 else None
    return {"largest": largest, "mean": float(gap.mean()), "relative": relative}


def _fit(labels: Floats, got: Array, want: Array | None) -> dict[str, float | None]:
    """Mean squared errors, and 1 minus their sum by that of the labels' own deviations from their mean."""
    variance = float(((labels - labels.mean(axis=0)) ** 2).sum())
    found: dict[str, float | None] = {}
    for prefix, values in (("", got), ("original_", want)):
        if values is not None:
            squares = (values - labels) ** 2
            found[f"{prefix}squared_error"] = float(squares.mean())
            found[f"{prefix}r2"] = 1 - float(squares.sum()) / variance if variance > 0 else None
    return found
