"""Exceptions, as those of `tacit`: a stable ``slug``, a ``place`` and a ``remedy``, the next step."""

from __future__ import annotations


class TacitError(Exception):
    """Base of all errors that the package raises on purpose. ``str(error)`` is ``place: reason (remedy)``.

    ``slug``: a stable identifier such as ``grinding``; ``place``: a file, an argument or a part of the proof.
    """

    def __init__(self, reason: str, *, slug: str, place: str = "", remedy: str = "") -> None:
        self.reason = reason
        self.slug = slug
        self.place = place
        self.remedy = remedy
        text = f"{place}: {reason}" if place else reason
        super().__init__(f"{text} ({remedy})" if remedy else text)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Keyword-only arguments do not survive the default pickling of exceptions.
        return _rebuild, (type(self), self.reason, self.slug, self.place, self.remedy)


def _rebuild(kind: type[TacitError], reason: str, slug: str, place: str, remedy: str) -> TacitError:
    return kind(reason, slug=slug, place=place, remedy=remedy)


class InvalidProof(TacitError):
    """The verifier refuses: a proof, a commitment, or a file that is not what it should be."""


class InputError(TacitError):
    """What was handed in cannot be used: a file that is not there, a name, a shape, a number of bits."""
