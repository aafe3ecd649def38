"""Registries of issuers: their files, and an error for each that is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from signing import DAY, ISSUER, NODE, NOW, OTHER, slug

from tacit.data import Issuers
from tacit.data.issuers import Issuer
from tacit.data.manifest import date, seconds_of
from tacit.errors import InputError, TacitError


def test_a_registry_s_file(tmp_path: Path) -> None:
    found = Issuers().adding(ISSUER.public, "Kliniken Süd", since=NOW).adding(OTHER.public.hex(), "b", until=NOW + DAY)
    found.save(tmp_path / "issuers.json")
    assert Issuers.load(tmp_path / "issuers.json") == found
    assert found.find(OTHER.public) == Issuer(OTHER.public, "b", 0, NOW + DAY)
    assert found.find(NODE.public) is None


def rows(**changes: Any) -> bytes:
    row = {"key": ISSUER.public.hex(), "name": "a", "from": "2026-01-01", "until": None}
    return json.dumps({"tacit-issuers": 1, "issuers": [row | changes]}).encode()


def test_registries_that_are_none() -> None:
    assert Issuers.from_json(rows()).entries[0].since == seconds_of("2026-01-01", "here")
    bad: list[tuple[bytes, str]] = [
        (b"", "issuers"),
        (b"[]", "issuers"),
        (b"[" * 100_000, "issuers"),
        (b'{"tacit-issuers": 1}', "issuers"),
        (b'{"tacit-issuers": 2, "issuers": []}', "issuers"),
        (b'{"tacit-issuers": true, "issuers": []}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": {}}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": [], "issuers": []}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": [7]}', "issuers"),
        (rows(more=1), "issuers"),
        (rows(name=""), "issuers"),
        (rows(name=7), "issuers"),
        (rows(name="\ud800"), "issuers"),
        (rows(key=7), "issuers"),
        (rows(key="00" * 32), "key"),
        (rows(key="01" + "00" * 31), "key"),
        (rows(key="zz"), "key"),
        (rows(until=7), "issuers"),
        (rows(until="2025-01-01"), "issuers"),
        (rows(until="tomorrow"), "time"),
        (rows(**{"from": "1969-12-31"}), "time"),
        (rows(**{"from": "2026-01-01T00:00:00"}), "time"),
    ]
    for raw, expected in bad:
        assert slug(lambda r=raw: Issuers.from_json(r), TacitError) == expected, raw
    twice = json.loads(rows())
    twice["issuers"] *= 2
    assert slug(lambda: Issuers.from_json(json.dumps(twice).encode()), InputError) == "issuers"
    assert slug(lambda: Issuers((7,)), InputError) == "issuers"  # type: ignore[arg-type]


@given(st.integers(0, 4_102_444_800))
def test_times_come_back(seconds: int) -> None:
    assert seconds_of(date(seconds), "here") == seconds
