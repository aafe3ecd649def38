"""A picture that a script draws is what the script draws."""

from __future__ import annotations

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_steps() -> None:
    spec = importlib.util.spec_from_file_location("draw_training", ROOT / "scripts" / "draw_training.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    drawn = module.pictures()
    assert set(drawn) == {"steps.svg", "steps-tall.svg"}
    for name, text in drawn.items():
        found = (ROOT / "docs" / "assets" / "pictures" / name).read_text(encoding="utf-8")
        assert found == text, "python scripts/draw_training.py"
    # Chunks and places as the emitter makes them: powers of two, the last snapshot of all is the next.
    from tacit.train.compiling import powers

    assert tuple(powers(sum(module.CHUNKS))) == module.CHUNKS
    cells = [(step.before, step.after) for step in module.steps()]
    assert [before for before, _ in cells[1:]] == [after for _, after in cells[:-1]]
    assert cells[0][0] == "W"
    assert cells[-1][1] == "next W"
