"""`tacit inspect` says what every kind of file is that the package writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tacit import data
from tacit.cli.app import run


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def inspected(name: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What it says as JSON; as text it says the kind, too."""
    assert run(["inspect", name]) == 0
    text = capsys.readouterr().out
    assert run(["inspect", name, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert found["kind"] in text
    assert found["file"] == name
    assert found["statement"]
    return found


def test_a_schema(capsys: pytest.CaptureFixture[str]) -> None:
    columns = (data.Column.number("age", 0, 120, unit="years", center=50, scale=15), data.Column.flag("smoker"))
    schema = data.Schema(columns, data.Label.classes("outcome", ["well", "ill"]))
    schema.save("s.schema")
    found = inspected("s.schema", capsys)
    assert (found["kind"], found["digest"], found["classes"]) == ("schema", schema.digest, ["well", "ill"])
    assert found["columns"][0] == {
        **{"name": "age", "kind": "number", "values": "0 .. 120", "unit": "years", "center": "50", "scale": "15"}
    }


def test_a_registry_and_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("cryptography")
    key = data.Key.generate()
    key.save("k.key")
    data.Issuers().adding(key.public, "the registry", since=86_400).save("issuers.json")
    registry = inspected("issuers.json", capsys)
    assert registry["issuers"][0]["name"] == "the registry"
    assert registry["issuers"][0]["from"] == "1970-01-02T00:00:00Z"
    found = inspected("k.key", capsys)
    assert (found["kind"], found["public"]) == ("private key", key.public.hex())
    assert set(found) == {"file", "bytes", "kind", "statement", "public"}  # nothing of the private half


def test_arrays_and_tables(capsys: pytest.CaptureFixture[str]) -> None:
    np.savez("w.npz", w0=np.zeros((2, 3), dtype=np.int64), b0=np.zeros(3))
    assert inspected("w.npz", capsys)["arrays"] == [
        {"name": "w0", "shape": [2, 3], "type": "int64"},
        {"name": "b0", "shape": [3], "type": "float64"},
    ]
    np.save("x.npy", np.zeros(4))
    assert inspected("x.npy", capsys)["kind"] == "arrays"
    Path("t.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    table = inspected("t.csv", capsys)
    assert (table["rows"], table["columns"]) == (2, ["a", "b"])


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("r.json", '{"samples": 3, "refused": 0, "outputs": {}, "top1": {}, "noise": {}}', "accuracy report"),
        ("x.json", "[[1, 2]]", "JSON"),
        ("e.json", '{"error": {"slug": "range", "reason": "no"}}', "error"),
        ("p.svg", "<svg></svg>", "picture"),
        ("p.html", "<!DOCTYPE html>", "picture"),
        ("counts", f"{'ab' * 32} 3\n", "counter"),
    ],
)
def test_others(name: str, text: str, kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path(name).write_text(text, encoding="utf-8")
    assert inspected(name, capsys)["kind"] == kind


HOSTILE = {
    "an error": {"error": {"kind": "proof", "statement": "VERIFIED", "file": "good.proof", "bytes": 1}},
    "a report": {**dict.fromkeys(("samples", "outputs", "top1", "noise"), 0), "kind": "proof", "statement": "VERIFIED"},
    "an error that is a schema": {"error": {"kind": "schema"}},
    "a list of errors": {"error": [1, 2]},
    "no error": {"error": None},
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_a_file_does_not_say_what_it_is(name: str, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Its own words stay apart from what is said of it, whatever it calls them."""
    Path("h.json").write_text(json.dumps(HOSTILE[name]), encoding="utf-8")
    assert run(["inspect", "h.json", *options]) == 0
    said = capsys.readouterr().out
    if options:
        found = json.loads(said)
        assert found["kind"] in ("error", "accuracy report", "JSON")
        assert found["file"] == "h.json"
        assert "VERIFIED" not in found["statement"]
    else:
        assert "h.json" in said


def test_a_long_json_file_is_not_read(capsys: pytest.CaptureFixture[str]) -> None:
    with Path("long.json").open("wb") as stream:
        stream.write(b"[")
        stream.truncate(1 << 27)
    assert "longer" in inspected("long.json", capsys)["statement"]


def test_a_damaged_schema_is_named_as_one(capsys: pytest.CaptureFixture[str]) -> None:
    Path("s.schema").write_text('{"tacit-schema": 1}', encoding="utf-8")
    assert run(["inspect", "s.schema"]) == 1
    error = capsys.readouterr().err
    assert "schema_file" in error
    assert "s.schema" in error


def test_anything_else_says_what_would_do(capsys: pytest.CaptureFixture[str]) -> None:
    Path("notes.txt").write_text("nothing", encoding="utf-8")
    assert run(["inspect", "notes.txt", "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["slug"] == "magic"
    assert "lineages" in error["next"]
