"""Exceptions of the package: every one has a stable ``slug``, a ``place`` and, where there is a next step, a ``hint``.

``str(error)`` is ``place: reason (hint)``; programs match on ``error.slug``, people read the sentence.
"""

from __future__ import annotations


class TacitError(Exception):
    """Base of all errors that the package raises on purpose.

    ``slug``: a stable identifier such as ``unsupported_operator``.
    ``place``: where it happened: a node, a tensor, a file, a proof field; empty when there is no better word.
    ``hint``: what to do next; empty when there is nothing to advise.
    """

    default_slug = "error"

    def __init__(self, reason: str, *, slug: str | None = None, place: str = "", hint: str = "") -> None:
        self.reason = reason
        self.slug = slug if slug is not None else self.default_slug
        self.place = place
        self.hint = hint
        text = f"{place}: {reason}" if place else reason
        super().__init__(f"{text} ({hint})" if hint else text)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Keyword-only arguments do not survive the default pickling of exceptions (worker processes need it).
        return _rebuild, (type(self), self.reason, self.slug, self.place, self.hint)


def _rebuild(kind: type[TacitError], reason: str, slug: str, place: str, hint: str) -> TacitError:
    return kind(reason, slug=slug, place=place, hint=hint)


class ModelError(TacitError):
    """The model cannot be read, is malformed, or uses something that is not supported."""

    default_slug = "model"


class InputError(TacitError):
    """Data handed to a model or a function does not fit: names, shapes, types, ranges."""

    default_slug = "input"


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


class BudgetExceeded(TacitError):
    """A bound on size, memory, time or soundness would be passed; nothing was done."""

    default_slug = "budget"


class MissingDependency(TacitError):
    """An optional library that this call needs is not installed; ``hint`` says how to install it."""

    default_slug = "missing_dependency"
