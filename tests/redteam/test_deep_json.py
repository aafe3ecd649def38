"""Deep JSON of others, in a process whose recursion limit a package has raised: an error, never the end of the process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tacit.foreign_json import MOST_DEPTH, TooDeep, deep, parse

#: Every reader of JSON that others wrote, by what it is called with the bytes.
READERS = """
import sys
sys.setrecursionlimit(100_000)
from pathlib import Path
from tempfile import mkdtemp
from tacit.cli.tables import read_lists
from tacit.data import Issuers, Schema
from tacit.errors import TacitError
from tacit.integer import architecture
from tacit.network.beacon import fetching
from tacit.train import Deployment
from tacit.train.description import decode

path = Path(mkdtemp()) / "deep.json"
path.write_bytes(DATA)
fetching.get = lambda *_, **__: DATA
wrapped = b'{"tacit-deployment":1,"programs":{},"description":"' + DATA.replace(b'"', b'\\\\"') + b'"}'
readers = {
    "architecture": lambda: architecture.decode(DATA),
    "schema": lambda: Schema.from_json(DATA),
    "issuers": lambda: Issuers.from_json(DATA),
    "description": lambda: decode(DATA[: 1 << 20]),
    "deployment": lambda: Deployment.from_bytes(DATA),
    "description in a deployment": lambda: Deployment.from_bytes(wrapped),
    "fetched": lambda: fetching.get_json("https://a.b", most=1, seconds=1),
    "lists": lambda: read_lists(path),
}
for name, reader in readers.items():
    try:
        reader()
    except TacitError:
        continue
    raise SystemExit(f"{name}: nothing was refused")
print(len(readers))
"""


@pytest.mark.parametrize("data", ['b"[" * 10**6', """b'{"a":' * 10**6""", """b'"[",' + b"[" * 10**6 + b"]" * 10**6"""])
def test_deep_json_ends_no_process(data: str) -> None:
    found = subprocess.run(
        [sys.executable, "-c", f"DATA = {data}\n{READERS}"], capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert found.stdout.strip() == "8"


def test_depth_is_that_of_brackets_outside_strings() -> None:
    at_most = b"[" * MOST_DEPTH + b"]" * MOST_DEPTH
    parse(at_most)
    for text in (
        b"[" + at_most + b"]",
        at_most.replace(b"[", b'{"a":', 1).replace(b'{"a":[', b'{"a":[[').replace(b"]", b"]"),
    ):
        assert deep(text)
        with pytest.raises(TooDeep):
            parse(text)
    for value in (
        "[" * 1000,
        '"' + "[" * 1000,
        "\\" + "{" * 1000,
        '\\"' * 500 + "[" * 1000,
        "\\\\" + "[" * 1000,
        "é[" * 100,
    ):
        text = json.dumps({"a": value, value: [value]}).encode()
        assert not deep(text), value
        assert parse(text) == {"a": value, value: [value]}
    # Many brackets side by side are not deep.
    assert parse(b"[" + b"[]," * 10_000 + b"[]]") == [[]] * 10_001


def test_every_reader_uses_it() -> None:
    """`json.loads` is called in one place."""
    package = Path(parse.__code__.co_filename).parent
    callers = [str(p.relative_to(package)) for p in sorted(package.rglob("*.py")) if "json.load" in p.read_text()]
    assert callers == ["foreign_json.py"]
