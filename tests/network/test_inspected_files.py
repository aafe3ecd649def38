"""`tacit inspect` says what a lineage, its objects and a node's files are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from little_network import LittleNetwork

from tacit.cli.app import run
from tacit.network.lineage import export


def inspected(path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert run(["inspect", str(path), "--json"]) == 0, path
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_every_file_of_a_network_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.run(1)
    lineage = tmp_path / "lineage"
    export(network.server.store, network.digest, lineage)
    assert inspected(lineage, capsys)["task"] == network.digest.hex()
    assert inspected(lineage / "lineage", capsys)["kind"] == "lineage"
    kinds = set()
    deployments = {
        digest.hex() for digest in network.task.deployments
    }  # stand-ins here: real ones are files of their own kind
    for file in (lineage / "objects").glob("*/*"):
        if file.name in deployments:
            continue
        about = inspected(file, capsys)
        kinds.add(about["statement"].removeprefix("of a lineage: a ").partition(",")[0])
        if about["kind"] == "announcement":
            assert about["deadline"].startswith("2027-")
    assert {
        "task",
        "roster",
        "announcement",
        "reply",
        "closing",
        "results",
        "link",
        "model in integers",
        "manifest",
    } <= kinds
    files = list(tmp_path.glob("**/round-1.*"))
    assert {"announcement", "reply"} <= {inspected(file, capsys)["kind"] for file in files}
