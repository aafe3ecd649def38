"""Rules across columns: sum a_i * column_i + c >= 0 (or > 0), with whole a_i, of the values as the schema rounds them.

    Rule("systolic > diastolic")    Rule("2 * `visits a year` <= 3 * admissions + 10")    Rule("`sex=f` >= pregnant")

A value is offset_i + step_i * x_i with exact decimals, so a rule is one inequality between integers: with the least common
denominator L of all that is in it, sum A_i x_i + C >= 0, A_i = L a_i step_i; a strict one asks for 1 in place of 0.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor, gcd, lcm
from typing import NoReturn

from tacit.data.columns import Entry, window
from tacit.errors import InputError

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|`(?P<quoted>[^`]+)`|(?P<name>[^\W\d]\w*)|(?P<sign>>=|<=|[<>+*-]))"
)
_PLAIN = re.compile(r"[^\W\d]\w*")
#: Characters of a rule's text, its terms, and bits of what it compares.
MOST_TEXT, MOST_TERMS, MOST_BITS = 4096, 64, 48


def refuse(reason: str, text: str) -> NoReturn:
    raise InputError(
        reason,
        slug="rule",
        place=f"rule {text[:80]!r}",
        remedy="for example 'systolic > diastolic' or '2 * `a name` + 3 >= other'",
    )


@dataclass(frozen=True)
class Rule:
    """An affine inequality between columns, flags and entries such as `sex=f`. Equal rules have equal texts after parsing.

    `terms`: (a_i, name); `constant`: c; `strict`: > in place of >=. Raises InputError (slug rule).
    """

    text: str
    terms: tuple[tuple[int, str], ...] = field(init=False)
    constant: Fraction = field(init=False)
    strict: bool = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.text, str) or len(self.text) > MOST_TEXT:
            refuse(f"expected a text of at most {MOST_TEXT} characters", str(self.text))
        terms, constant, strict = _parsed(self.text)
        object.__setattr__(self, "terms", terms)
        object.__setattr__(self, "constant", constant)
        object.__setattr__(self, "strict", strict)
        object.__setattr__(self, "text", self._canonical())

    def _canonical(self) -> str:
        parts = []
        for factor, name in self.terms:
            times = "" if abs(factor) == 1 else f"{abs(factor)} * "
            quoted = name if _PLAIN.fullmatch(name) else f"`{name}`"
            parts.append(("- " if factor < 0 else "+ ") + times + quoted)
        if self.constant:
            parts.append(("- " if self.constant < 0 else "+ ") + _decimal(abs(self.constant)))
        return " ".join(parts).removeprefix("+ ") + (" > 0" if self.strict else " >= 0")

    def __str__(self) -> str:
        return self.text

    def integers(self, entries: Sequence[Entry]) -> tuple[tuple[tuple[int, int], ...], int]:
        """((A_i, index of the entry), ..) and C of sum A_i x_i + C >= 0, by their greatest common divisor. Raises InputError."""
        places = {entry.name: i for i, entry in enumerate(entries)}
        for _, name in self.terms:
            if name not in places:
                refuse(f"expected columns of the schema, got {name!r}", self.text)
        parts = [(factor, places[name]) for factor, name in self.terms]
        constant = self.constant + sum(factor * entries[i].offset for factor, i in parts)
        steps = [factor * entries[i].step for factor, i in parts]
        common = lcm(constant.denominator, *(step.denominator for step in steps))
        factors = [int(step * common) for step in steps]
        divisor = gcd(*factors)
        moved = floor(Fraction(int(constant * common) - self.strict, divisor))
        found = tuple((factor // divisor, i) for factor, (_, i) in zip(factors, parts, strict=True))
        least, most = window(min(entry.lo for entry in entries), max(entry.hi for entry in entries))
        reach = abs(moved) + sum(abs(a) for a, _ in found) * max(1, -least, most)
        if reach.bit_length() > MOST_BITS:
            refuse(f"expected columns with rounder centers and scales, got numbers beyond {MOST_BITS} bits", self.text)
        if greatest(found, moved, entries) < 0:
            refuse("expected a rule that some record meets, got one that the ranges exclude", self.text)
        return found, moved


def _decimal(value: Fraction) -> str:
    """A sum of decimal numbers, with all its digits."""
    places = next(k for k in range(64) if (value * 10**k).denominator == 1)
    digits = f"{int(value * 10**places):0{places + 1}d}"
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def greatest(factors: Sequence[tuple[int, int]], constant: int, entries: Sequence[Entry]) -> int:
    """The greatest value of sum a_i x_i + constant for entries in their ranges."""
    return constant + sum(max(a * entries[i].lo, a * entries[i].hi) for a, i in factors)


class _Tokens:
    def __init__(self, text: str) -> None:
        self.text, self.found, self.at = text, list[tuple[str, str]](), 0
        at, end = 0, len(text.rstrip())
        while at < end:
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                refuse(f"expected names, numbers and the signs + - * > >= < <=, got {text[at:].strip()[:20]!r}", text)
            self.found.append((match.lastgroup.replace("quoted", "name"), match[match.lastgroup]))
            at = match.end()

    def next(self) -> tuple[str, str]:
        self.at += 1
        return self.found[self.at - 1] if self.at <= len(self.found) else ("end", "")

    def peek(self) -> str:
        return self.found[self.at][1] if self.at < len(self.found) and self.found[self.at][0] == "sign" else ""


def _side(tokens: _Tokens) -> tuple[dict[str, int], Fraction]:
    """[sign] term {sign term}; a term is a number, a name, or a whole number * a name."""
    terms, constant, sign = dict[str, int](), Fraction(0), 1
    if tokens.peek() in ("+", "-"):
        sign = -1 if tokens.next()[1] == "-" else 1
    while True:
        kind, word = tokens.next()
        if kind == "number" and tokens.peek() == "*":
            tokens.next()
            factor, (kind, name) = word, tokens.next()
            if kind != "name" or "." in factor or len(factor) > 15:
                refuse(f"expected a whole number before a name, got {factor} * {name or 'nothing'}", tokens.text)
            terms[name] = terms.get(name, 0) + sign * int(factor)
        elif kind == "number":
            if len(word) > 24:
                refuse(f"expected a number of at most 24 digits, got {word[:30]}", tokens.text)
            constant += sign * Fraction(word)
        elif kind == "name":
            terms[word] = terms.get(word, 0) + sign
        else:
            refuse(f"expected a column or a number, got {word or 'the end'}", tokens.text)
        if tokens.peek() not in ("+", "-"):
            return terms, constant
        sign = -1 if tokens.next()[1] == "-" else 1


def _parsed(text: str) -> tuple[tuple[tuple[int, str], ...], Fraction, bool]:
    """Terms, constant and strictness of (greater side) - (lesser side)."""
    tokens = _Tokens(text)
    left = _side(tokens)
    kind, sign = tokens.next()
    if kind != "sign" or sign not in (">", ">=", "<", "<="):
        refuse(f"expected one of > >= < <=, got {sign or 'the end'}", text)
    right = _side(tokens)
    if tokens.next()[0] != "end":
        refuse("expected one inequality, got more", text)
    more, less = (left, right) if sign[0] == ">" else (right, left)
    terms = dict(more[0])
    for name, factor in less[0].items():
        terms[name] = terms.get(name, 0) - factor
    kept = tuple((factor, name) for name, factor in terms.items() if factor)
    if not 1 <= len(kept) <= MOST_TERMS:
        refuse(f"expected 1 to {MOST_TERMS} columns, got {len(kept)}", text)
    return kept, more[1] - less[1], sign in (">", "<")
