"""Every error that the package raises on purpose has a next step: its own, or that of its slug."""

from __future__ import annotations

import ast
from pathlib import Path

from tacit.next_steps import NEXT_STEPS

PACKAGE = Path(__file__).resolve().parents[2] / "python" / "tacit"
#: What makes an error, by the name that it is called by; the verifiers' refusals have their proof to show, and no step.
MAKERS = ("InputError", "ModelError", "ProgramError", "QuantizationError", "WitnessError", "AllowanceExceeded")
NETWORK = (*MAKERS, "InvalidProof", "refused", "_refused")


def without_step(path: Path) -> list[str]:
    makers = NETWORK if {"network", "data"} & set(path.parts) else MAKERS
    found = []
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call) or getattr(call.func, "id", "") not in makers:
            continue
        given = {word.arg: word.value for word in call.keywords}
        slug = given.get("slug")
        if isinstance(slug, ast.Constant) and "remedy" not in given and slug.value not in NEXT_STEPS:
            found.append(f"{path.relative_to(PACKAGE)}:{call.lineno}: {slug.value}")
    return found


def test_every_error_has_a_next_step() -> None:
    paths = [path for path in sorted(PACKAGE.rglob("*.py")) if "reference" not in path.parts]
    assert len(paths) > 100
    assert [line for path in paths for line in without_step(path)] == []


def test_the_native_module_s_owners_have_them_too() -> None:
    """Slugs of the owner's side that come without a remedy of their own."""
    for slug in ("allowance_other", "range", "master"):
        assert NEXT_STEPS[slug]
