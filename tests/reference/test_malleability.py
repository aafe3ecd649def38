"""An accepted argument is no unique name of its statement: where the last code is short, an onlooker remakes its end.

The later codes are committed in clear. Once as many positions of the last one are open as its columns have coefficients,
whoever reads the argument knows the whole code and its tree, and can open it wherever another nonce says
(docs/protocol/security.md, section 5).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from test_argument import EARLY

from tacit.reference import Refused, borsh, opening, verify
from tacit.reference.commitment import GEOMETRY_CODEC, Geometry
from tacit.reference.field import P, domain_point, pack_f
from tacit.reference.transcript import Reader, unpack_f

VECTORS = Path(__file__).resolve().parents[2] / "vectors"


def statement_of(name: str) -> dict[str, Any]:
    v = json.loads((VECTORS / f"{name}.json").read_text())
    return {
        "program_bytes": bytes.fromhex(v["program"]),
        "geometry_bytes": bytes.fromhex(v["geometry"]),
        "commitments": {slab: bytes.fromhex(data) for slab, data in v["commitments"].items()},
        "publics": v["publics"],
        "context": bytes.fromhex(v["context"]),
        "argument": bytes.fromhex(v["argument"]),
        "target": v["target"],
    }


class Onlooker(Reader):
    """Notes where messages begin, with the state before each, and what was drawn and opened."""

    starts: dict[str, tuple[int, bytes]]
    drawn: list[int]

    def message(self, kind: str, size: int) -> bytes:
        self.starts[kind] = (self.at, self.state)
        return super().message(kind, size)

    def positions(self, kind: str, count: int, log: int) -> list[int]:
        self.drawn = super().positions(kind, count, log)
        return self.drawn


def interpolate(xs: Sequence[int], ys: Sequence[int]) -> list[int]:
    """Coefficients of the polynomial of degree below len(xs) through the points."""
    out = [0] * len(xs)
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        basis, scale = [1], y
        for j, other in enumerate(xs):
            if j != i:
                basis = [(a - other * b) % P for a, b in zip([0, *basis], [*basis, 0], strict=True)]
                scale = scale * pow(x - other, P - 2, P) % P
        out = [(a + scale * b) % P for a, b in zip(out, basis, strict=True)]
    return out


def last_code(geometry: Geometry, seen: Onlooker) -> list[bytes]:
    """Every row of the last code, from the rows that were opened."""
    level = geometry.levels[-1]
    size, rows = 24 << level.fold, geometry.rows >> geometry.folds
    at, _ = seen.starts["opening"]
    known = [unpack_f(seen.argument[at + size * i : at + size * (i + 1)], "row") for i in range(len(seen.drawn))]
    xs = [domain_point(i, level.log_domain) for i in seen.drawn[:rows]]
    columns = [interpolate(xs, column) for column in zip(*known[:rows], strict=True)]
    at_x = [domain_point(i, level.log_domain) for i in range(1 << level.log_domain)]
    return [pack_f([sum(c * pow(x, e, P) for e, c in enumerate(column)) % P for column in columns]) for x in at_x]


def open_tree(rows: Sequence[bytes], positions: Sequence[int]) -> tuple[bytes, bytes]:
    """The multi-opening of an unsalted tree, and its root."""
    out = b"".join(rows[i] for i in positions)
    nodes, known = [opening.leaf_digest(row, b"") for row in rows], sorted(positions)
    while len(nodes) > 1:
        out += b"".join(nodes[i ^ 1] for i in known if i ^ 1 not in known)
        nodes = [opening.node_digest(a, b) for a, b in zip(nodes[::2], nodes[1::2], strict=True)]
        known = sorted({i >> 1 for i in known})
    return out, nodes[0]


def other_ends(geometry: Geometry, seen: Onlooker) -> Iterator[bytes]:
    """Arguments with other last nonces."""
    rows, level = last_code(geometry, seen), geometry.levels[-1]
    at, state = seen.starts["nonce"]
    for nonce in count():
        end = Reader(nonce.to_bytes(8, "big"))
        end.state = state
        end.message("nonce", 8)
        if int.from_bytes(end.state[:8], "big") % (1 << geometry.grind) == 0:
            opened, _ = open_tree(rows, end.positions("queries", level.queries, level.log_domain))
            yield seen.argument[:at] + end.argument + opened


def test_another_argument_from_one_that_was_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a witness: the statement, the argument and the page are enough. No other statement accepts the result."""
    statement = statement_of("rust_mlp")
    geometry = borsh.decode(GEOMETRY_CODEC, statement["geometry_bytes"], "geometry")
    assert geometry.rows >> geometry.folds <= geometry.levels[-1].queries, "a short last code"
    seen = Onlooker(statement["argument"])
    seen.starts = {}
    with monkeypatch.context() as patch:
        patch.setattr(sys.modules["tacit.reference.verify"], "Reader", lambda _: seen)
        verify(**statement)
    ends = other_ends(geometry, seen)
    made = {next(ends) for _ in range(4)} - {statement["argument"]}
    assert len(made) >= 3
    for argument in made:
        verify(**{**statement, "argument": argument})
        with pytest.raises(Refused) as refused:
            verify(**{**statement, "argument": argument, "context": statement["context"] + b"!"})
        assert refused.value.slug in EARLY


def test_last_codes_that_are_derived_are_longer_than_what_is_opened() -> None:
    """No geometry that the compiler derives here has the short last code of the toy one; none is promised not to."""
    cases = json.loads((VECTORS / "soundness.json").read_text())["cases"]
    derived = [c["geometry"] for c in cases if "cells" in c["name"] and "2^100" not in c["name"]]
    assert len(derived) >= 20
    for g in derived:
        assert g["rows"] >> sum(fold for fold, _, _ in g["levels"]) > g["levels"][-1][2]
