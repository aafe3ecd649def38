"""Exceptions of the package: every one has a stable ``slug``, a ``place`` and, where there is a next step, a ``remedy``.

``str(error)`` is ``place: reason (remedy)``; programs match on ``error.slug``, people read the sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from tacit.next_steps import NEXT_STEPS as NEXT_STEPS


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


T = TypeVar("T", bound=TacitError)


def located(error: T, place: str) -> T:
    """The same error with a file in front of its place, where it does not name it yet."""
    if place in error.place:
        return error
    where = f"{place}: {error.place}" if error.place else place
    return type(error)(error.reason, slug=error.slug, place=where, remedy=error.remedy, details=error.details)


@contextmanager
def naming(place: str) -> Iterator[None]:
    """Errors of the body name this file."""
    try:
        yield
    except TacitError as error:
        if (found := located(error, place)) is error:
            raise
        raise found from None


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
