"""Reads the vectors of single sub-protocols (vectors/README.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from tacit.reference.field import ZERO, K, add, dot, eq_table, mul
from tacit.reference.forms import Affine
from tacit.reference.transcript import Reader, unpack_f, unpack_k

FOLDER = Path(__file__).resolve().parents[2] / "vectors"


@lru_cache(None)
def load(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text())


def cases(name: str) -> list[dict[str, Any]]:
    return load(name)["cases"]


def broken(name: str) -> list[dict[str, Any]]:
    return load(name)["broken"]


def note(vector: Mapping[str, Any]) -> str:
    return str(vector["note"])


def k(text: str) -> K:
    return unpack_k(bytes.fromhex(text), "vector")[0]


def ks(texts: Sequence[str]) -> list[K]:
    return [k(text) for text in texts]


def elements(text: str) -> list[int]:
    return unpack_f(bytes.fromhex(text), "vector")


def affine(v: Mapping[str, Any]) -> Affine:
    """Constant and pads."""
    return Affine(k(v["constant"]), {number: k(weight) for number, weight in v["pads"]})


def at_pads(value: Affine, pads: Sequence[K]) -> K:
    """The value of a constant and pads."""
    out = value.constant
    for number, weight in value.pads.items():
        out = add(out, mul(weight, pads[number]))
    return out


def extension(table: Sequence[K], point: Sequence[K]) -> K:
    """The multilinear extension of 2^n values at a point."""
    return dot(eq_table(point), table)


def edited(argument: bytes, edit: Mapping[str, Any] | None) -> bytes:
    if edit is None:
        return argument
    at = edit["at"]
    return argument[:at] + bytes.fromhex(edit["insert"]) + argument[at + edit["remove"] :]


class Recorder(Reader):
    """A reader that starts where a vector says, and notes what it draws and what is sent in clear.

    replaced: challenges by kind, for what no hash gives.
    """

    def __init__(self, case: Mapping[str, Any], broken: Mapping[str, Any], replaced: Mapping[str, K] | None = None):
        super().__init__(edited(bytes.fromhex(case["argument"]), broken.get("edit")))
        self.replaced = replaced or {}
        self.draws: list[tuple[str, Any]] = []
        self.sent: list[tuple[str, list[K]]] = []
        for step in case["start"]["absorbed"]:
            self.absorb(step["kind"], bytes.fromhex(step["data"]))
        assert self.state.hex() == case["start"]["state"]

    def challenge(self, kind: str) -> K:
        drawn = super().challenge(kind)
        drawn = self.replaced.get(kind, drawn)
        self.draws.append((kind, drawn))
        return drawn

    def positions(self, kind: str, count: int, log: int) -> list[int]:
        drawn = super().positions(kind, count, log)
        self.draws.append((kind, drawn))
        return drawn

    def clear(self, kind: str, count: int) -> list[K]:
        values = super().clear(kind, count)
        self.sent.append((kind, values))
        return values

    def plain(self, pads: Sequence[K], first: int = 0) -> list[tuple[str, list[K]]]:
        """Every message with its pads added, the first of which is number `first`."""
        out = []
        for kind, values in self.sent:
            own = pads[first : first + len(values)]
            out.append((kind, [add(v, p) for v, p in zip(values, own, strict=True)]))
            first += len(values)
        return out


def product(tables: Sequence[Sequence[K]], point: Sequence[K]) -> K:
    """The product of the tables' extensions at a point."""
    out: K = (1, 0, 0)
    for table in tables:
        out = mul(out, extension(table, point))
    return out


def total(values: Sequence[K]) -> K:
    out = ZERO
    for value in values:
        out = add(out, value)
    return out
