"""The vectors on disk are what this verifier makes and how it judges them."""

from __future__ import annotations

import json
from pathlib import Path

import make_vectors
import pytest

from tacit.reference import Refused, verify

FOLDER = Path(__file__).resolve().parents[2] / "vectors"
PROOFS = sorted([*FOLDER.glob("proof_*.json"), *FOLDER.glob("rust_*.json")])  # made here, and by the Rust prover


@pytest.mark.parametrize("name", ["field", "transcript", "public", "merkle", "encode"])
def test_primitive_vectors_are_current(name: str) -> None:
    made = getattr(make_vectors, f"{name}_vectors")()
    assert json.loads((FOLDER / f"{name}.json").read_text()) == made


def test_there_are_proof_vectors() -> None:
    assert len(PROOFS) >= 20


@pytest.mark.parametrize("path", PROOFS, ids=lambda path: path.stem)
def test_proof_vector(path: Path) -> None:
    v = json.loads(path.read_text())
    arguments = {
        "program_bytes": bytes.fromhex(v["program"]),
        "geometry_bytes": bytes.fromhex(v["geometry"]),
        "commitments": {name: bytes.fromhex(data) for name, data in v["commitments"].items()},
        "publics": v["publics"],
        "context": bytes.fromhex(v["context"]),
        "argument": bytes.fromhex(v["argument"]),
        "target": v["target"],
    }
    if v["expected"] == "accept":
        verify(**arguments)
        return
    with pytest.raises(Refused) as refused:
        verify(**arguments)
    assert refused.value.slug == v["expected"]
