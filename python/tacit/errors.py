"""Exceptions of the package: every one has a stable ``slug``, a ``place`` and, where there is a next step, a ``remedy``.

``str(error)`` is ``place: reason (remedy)``; programs match on ``error.slug``, people read the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: The next step for a slug, where the place that raises it knows of none that is more precise.
NEXT_STEPS = {
    "accuracy": "let the compiler choose the bits, or give more; calibrate with inputs like the real ones; rescale weights or "
    "columns of extreme magnitudes; max_error sets the bound",
    "architecture": "compile the model yourself, or ask whoever made the program for one that is what it says",
    "architecture_only": "compile this model without architecture_only",
    "attribute": "the node is not valid ONNX: correct it where the model is made, and export it again",
    "batch": "choose a batch size that the model and the samples allow",
    "bits": "give a whole number of bits in that range, or none: then the compiler searches",
    "allowance_io": "check that the folder of the secret can be written and has room",
    "allowance_locked": "wait until the other process is done: one process at a time proves with a secret",
    "checksum": "fetch or make the file anew: its bytes were changed or cut off",
    "children": "give a number of children from 1 to 65535, or 0 for a plain commitment",
    "constant_type": "store constants as integers of 8 to 64 bits or floats of 16 to 64",
    "cycle": "the model is not valid ONNX: export it again",
    "dtype": "give an array of real numbers, such as numpy.float32",
    "duplicate": "the model is not valid ONNX: export it again",
    "external_data": "put the data file beside the model, as it was exported",
    "extra": "give just the inputs that the program takes (`tacit inspect` lists them)",
    "file": "check the name, the permissions and the room on the disk",
    "file_kind": "`tacit inspect FILE` says what a file is; give the kind that is asked for",
    "headroom": "give a factor such as 1.5: how far values may exceed the calibrated ranges",
    "inexact": "give numbers that a float64 holds: whole ones up to 2^53",
    "input_type": "export the model with tensors of numbers as inputs",
    "labels": "give one label for every sample: a class (n,), or values in the output's shape",
    "max_error": "give a share such as 0.05, the default: the largest relative error that is taken",
    "magic": "this is no file that tacit wrote; `tacit inspect FILE` says what a file is",
    "missing": "give a value for every input of the program (`tacit inspect` lists them)",
    "not_finite": "remove or replace infinities and NaN",
    "onnx": "give a model in the ONNX format: export it from its framework",
    "original": "give the model that the program was compiled from",
    "quantization": "rescale weights, inputs or constants of extreme magnitudes",
    "overflow": "give one of these: docs/reference/command-line.md says what each does",
    "ranges": 'give (least, greatest) for each input, such as {"x": (0.0, 1.0)}, with all samples inside',
    "proofs": "give a number of proofs that the program allows",
    "security": "compile for 128 or 100 bits, and insist on no more when verifying",
    "shape": "reshape the values to what the program takes (`tacit inspect` shows it)",
    "commitments": "give the commitments that the program needs, each for its own role (`tacit inspect` lists them)",
    "threshold": 'give (output, index, value), such as ("scores", 3, 0.5), with a value in the output\'s range',
    "onnxruntime": "run the model with onnxruntime by itself: it must be valid there first",
    "structure": "the model is not valid ONNX: export it again",
    "truncated": "fetch or make the file anew: it is not whole",
    "type": "give a value of the type that is named",
    "unsupported_operator": "change this node where the model is made (docs/reference/operators.md lists what is taken)",
    "version": "use the release of tacit that wrote the file, or make the file anew with this one",
}


class TacitError(Exception):
    """Base of all errors that the package raises on purpose.

    ``slug``: a stable identifier such as ``unsupported_operator``.
    ``place``: where it happened: a node, a tensor, a file, a proof field; empty when there is no better word.
    ``remedy``: what to do next (the slug's own step, if none is given); empty when there is nothing to advise.
    ``details``: for programs, what the sentence has no room for, in the types of JSON; empty for most errors.
    """

    default_slug = "error"

    def __init__(
        self,
        reason: str,
        *,
        slug: str | None = None,
        place: str = "",
        remedy: str = "",
        details: Mapping[str, Any] | None = None,
    ) -> None:
        self.reason = reason
        self.slug = slug if slug is not None else self.default_slug
        self.place = place
        self.remedy = remedy or NEXT_STEPS.get(self.slug, "")
        self.details = dict(details or {})
        text = f"{place}: {reason}" if place else reason
        super().__init__(f"{text} ({self.remedy})" if self.remedy else text)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Keyword-only arguments do not survive the default pickling of exceptions (worker processes need it).
        return _rebuild, (type(self), self.reason, self.slug, self.place, self.remedy, self.details)


def _rebuild(
    kind: type[TacitError], reason: str, slug: str, place: str, remedy: str, details: Mapping[str, Any]
) -> TacitError:
    return kind(reason, slug=slug, place=place, remedy=remedy, details=details)


class ModelError(TacitError):
    """The model cannot be read, is malformed, or uses something that is not supported."""

    default_slug = "model"


class InputError(TacitError):
    """Data handed to a model or a function does not fit: names, shapes, types, ranges."""

    default_slug = "input"


class NoCopy(InputError, TypeError):
    """An object that counts what it is used for is asked for a copy. Also a TypeError, as `pickle` and `copy` raise it."""

    default_slug = "copy"


class QuantizationError(TacitError):
    """No integer program within the asked-for precision represents the graph."""

    default_slug = "quantization"


class ProgramError(TacitError):
    """A program is not well-formed: ``validate()`` refuses it."""

    default_slug = "program"


class WitnessError(TacitError):
    """The program, a partial function, is not defined on these inputs: a value lies outside a table or an interval."""

    default_slug = "witness"


class InvalidProof(TacitError):
    """The verifier refuses; ``slug`` is one of the verifier's reasons, ``place`` the part of the proof."""

    default_slug = "proof"


class ManifestError(InvalidProof):
    """An issuer's manifest does not hold, or not for what is asked; ``slug`` is one of its own for each reason."""

    default_slug = "manifest"


class AllowanceExceeded(TacitError):
    """A bound on size, memory, time or soundness would be passed; nothing was done."""

    default_slug = "allowance"


class MissingDependency(TacitError):
    """An optional library that this call needs is not installed; ``remedy`` says how to install it."""

    default_slug = "missing_dependency"


class AccuracyWarning(UserWarning):
    """A program answers less exactly than the compiler aims for, or not for all calibration samples; its report has figures."""


class CompilerBug(RuntimeError):
    """The compiler contradicts itself: no fault of the caller's, and no program comes of it. The message names the node."""
