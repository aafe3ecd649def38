"""The code on the guides' pages runs: a page's blocks one after the other, in a folder with a model and samples; of some pages
the commands, too."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from trained_networks import train

GUIDES = sorted((Path(__file__).resolve().parents[2] / "docs" / "guides").glob("*.md"))
COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
#: Pages whose commands run as they are printed, on the files that the page's code wrote.
PRINTED = ("training",)
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")


def code(page: Path) -> str:
    return "\n".join(BLOCK.findall(page.read_text(encoding="utf-8")))


def test_guides_have_code() -> None:
    assert sum(bool(code(page)) for page in GUIDES) >= 8


@pytest.mark.parametrize("page", [page for page in GUIDES if code(page)], ids=lambda page: page.stem)
def test_the_code_runs(page: Path, tmp_path: Path) -> None:
    trained = train(0)
    (tmp_path / "m.onnx").write_bytes(trained.onnx().SerializeToString())
    np.savez(tmp_path / "x.npz", x=trained.samples.astype(np.float32))
    run = subprocess.run([sys.executable, "-c", code(page)], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    if page.stem in PRINTED:
        text = "\n".join(COMMANDS.findall(page.read_text(encoding="utf-8")))
        assert "tacit" in text
        script = f'set -e\ntacit() {{ "{sys.executable}" -m tacit.cli "$@"; }}\n{text}'
        run = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.returncode == 0, run.stdout[-1000:] + run.stderr
