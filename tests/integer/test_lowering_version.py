"""A lowering has a version, since programs of another one are made otherwise from the same layers and must not be called false.

`lowerings/NAME.json`: an architecture, and the digest of its program. Where a change makes another program of one of them, the
version of the lowering goes up by one (`tacit.integer.architecture.LOWERING`), and `TACIT_WRITE_LOWERINGS=1` writes them anew.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from test_readable_architecture import CASES, compiled

from tacit.integer import architecture as arch

FOLDER = Path(__file__).parent / "lowerings"
REWRITE = "TACIT_WRITE_LOWERINGS=1 python -m pytest tests/integer/test_lowering_version.py, and LOWERING + 1"


@pytest.mark.parametrize("name", CASES)
def test_each_version_makes_the_same_programs(name: str) -> None:
    path = FOLDER / f"{name.replace(' ', '_')}.json"
    if os.environ.get("TACIT_WRITE_LOWERINGS") == "1":
        graph, options = CASES[name]
        made = compiled(graph, **options)
        path.write_text(json.dumps({"architecture": made.architecture.decode(), "program": made.digest.hex()}) + "\n")
    found = json.loads(path.read_text())
    data = found["architecture"].encode()
    assert arch.decode(data).lowering == arch.LOWERING, REWRITE
    assert arch.decode(data).lowered().digest.hex() == found["program"], REWRITE
