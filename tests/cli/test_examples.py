"""The examples run, and the demo's story holds: every forgery is refused, for a reason that fits."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tacit.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
# `examples/flower` has an environment of its own: tests/flower.
EXAMPLES = sorted(path for path in (ROOT / "examples").glob("*") if path.is_file())

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(example: Path, tmp_path: Path) -> None:
    interpreter = "bash" if example.suffix == ".sh" else sys.executable
    run = subprocess.run(
        [interpreter, str(example)],
        cwd=tmp_path,
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "proven" in run.stdout or "accepted" in run.stdout or "refused" in run.stdout


def test_demo() -> None:
    from tacit.demo import run

    figures = run(quiet=True)
    refusals = figures["clinic"]["refusals"]
    # The argument is what refuses them, no name in the file: the nonce fits by chance once in 2^14 or so, then something
    # after it.
    assert len(refusals) == 5
    own, renamed = figures["clinic"]["other_record"].values()
    assert own == "commitments", "an honest proof about another record is refused by the record's name"
    assert not {"commitments", "program", "checksum", "encoding", "schema", "header"} & {*refusals.values(), renamed}
    assert (figures["clinic"]["answer"], figures["clinic"]["trusting_the_prover"]) == ("malignant", "benign")
    assert figures["digits"]["image"] == "private"
    assert figures["clinic"]["accuracy"] > 0.9
    assert figures["digits"]["accuracy"] > 0.9
    assert 0 <= figures["digits"]["answer"] <= 9


@pytest.mark.slow
def test_federated_demo(tmp_path: Path) -> None:
    """Every cheat is refused (else the story raises), and the proven average is as good as the plain one."""
    pytest.importorskip("sqlalchemy")
    from tacit.demo import federated

    found = federated.run(quiet=True, folder=str(tmp_path / "kept"))
    for kind in ("random", "sorted"):
        assert [told["verified"] for told in found[kind]] == [4] * 5
        assert found[kind][-1]["accuracy"] >= max(0.93, found[kind][-1]["plain"] - 0.03)
    assert len(found["cheats"]) == 13
    assert found["cheats"].pop("flipped labels") == "accepted"
    assert all(slug for slug in found["cheats"].values())
    assert {path.name for path in tmp_path.iterdir()} == {"kept"}
    assert (tmp_path / "kept" / "lineage.html").stat().st_size > 1000
    with pytest.raises(InputError) as caught:
        federated.run(quiet=True, folder=str(tmp_path / "kept"))
    assert caught.value.slug == "exists"
