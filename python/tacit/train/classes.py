"""A model's classes beside a schema's: which is which. By what the names say, however they are written; never against it."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from numbers import Real
from typing import Any

import numpy as np

from tacit.data.values import FLAGS

#: More words for 0 and 1, read so only where every class is such a word: alone they are letters as others.
LETTERS = {"n": 0.0, "f": 0.0, "y": 1.0, "t": 1.0}


def class_places(own: list[Any], names: Sequence[str]) -> list[int] | None:
    """Where each of the schema's classes stands among a model's; None: nowhere.

    By names; else by the numbers and truths that both say ("1.0", "01", True and "yes" are 1); else, where the schema's names
    say neither, by numbers that count from 0.
    """
    given = [str(name) for name in own]
    if sorted(given) == sorted(names):
        return [given.index(name) for name in names]
    numbers, wanted = [_number(name) for name in given], [_number(name) for name in names]
    if None not in numbers and None not in wanted:
        alike = len({*numbers}) == len(numbers) == len(wanted) and {*numbers} == {*wanted}
        return [numbers.index(number) for number in wanted] if alike else None
    counted = all(isinstance(name, bool | Real | np.bool_) for name in own) and own == list(range(len(names)))
    said = any(_number(name) is not None and not _letter(name) for name in names)
    return list(range(len(names))) if counted and not said else None


def _letter(name: str) -> bool:
    return name.strip().casefold() in LETTERS


def _number(name: str) -> float | None:
    """The number or truth that a class's name says; None where it is a word."""
    word = name.strip().casefold()
    if word in FLAGS or word in LETTERS:
        return float(FLAGS[word] if word in FLAGS else LETTERS[word])
    try:
        number = float(word)
    except ValueError:
        return None
    return number if isfinite(number) else None
