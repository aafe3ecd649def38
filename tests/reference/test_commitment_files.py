"""Whole commitment files made by the Rust prover (rotation): both verifiers give the same answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tacit.reference import Refused, borsh
from tacit.reference.files import COMMITMENT_FILE, Kind, check_commitment_file, unwrap

FILES = sorted((Path(__file__).resolve().parents[2] / "vectors").glob("file_*.json"))


def test_there_are_files() -> None:
    assert len(FILES) >= 11


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_commitment_file(path: Path) -> None:
    v = json.loads(path.read_text())
    file = borsh.decode(COMMITMENT_FILE, unwrap(Kind.COMMITMENT, bytes.fromhex(v["file"])), "commitment file")
    if v["expected"] == "accept":
        check_commitment_file(file, v["target"])
        return
    with pytest.raises(Refused) as refused:
        check_commitment_file(file, v["target"])
    assert refused.value.slug == v["expected"]
