"""The slugs: the verifier's from docs/protocol/protocol.md, section 9; all others from where the package raises them.

What a slug means stands here, in a sentence. A slug without one, or a sentence without a slug, is an error.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from reference_blocks.meanings import OF_ERRORS, OF_REFUSALS
from reference_blocks.tables import table

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "tacit"
CRATES = ROOT / "crates"
PROTOCOL = ROOT / "docs" / "protocol" / "protocol.md"
#: Slugs of the command line's own, and of values inside a network that have no room.
ELSEWHERE = ("bug", "execution", "memory", "usage")
#: Crates whose slugs reach Python; those of the verifier are in the protocol.
OWNERS = ("owner", "prover", "program", "py", "algebra")


def blocks() -> dict[str, Callable[[], str]]:
    return {"refusals": _refusals, "errors": _errors}


def _refusals() -> str:
    page = PROTOCOL.read_text(encoding="utf-8")
    section = page.partition("## 9. Error slugs of verification")[2]
    listed = re.search(r"`([a-z_]+(?: [a-z_]+)+)`", section)
    if listed is None:
        raise ValueError("protocol.md, section 9: expected the slugs in one pair of backticks")
    slugs = listed[1].split()
    _compare("the protocol", set(slugs), OF_REFUSALS)
    return table(("slug", "what is refused"), ((f"`{slug}`", OF_REFUSALS[slug]) for slug in slugs))


def _errors() -> str:
    from tacit.errors import NEXT_STEPS

    found = {*_raised(), *_native(), *NEXT_STEPS, *ELSEWHERE}
    found -= set(OF_REFUSALS) - set(OF_ERRORS)
    _compare("the package", found, OF_ERRORS)
    rows = [(f"`{slug}`", OF_ERRORS[slug], NEXT_STEPS.get(slug, "")) for slug in sorted(found)]
    return table(("slug", "what happened", "what to do next"), rows)


def _compare(place: str, found: set[str], said: dict[str, str]) -> None:
    if missing := sorted(found - set(said)):
        raise ValueError(
            f"reference_blocks/meanings.py does not say what these slugs of {place} mean: {', '.join(missing)}"
        )
    if extra := sorted(set(said) - found):
        raise ValueError(f"reference_blocks/meanings.py has slugs that {place} does not have: {', '.join(extra)}")


def _raised() -> Iterator[str]:
    """The slug of every error that the package raises with one in words, the second verifier's left out."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.is_relative_to(PACKAGE / "reference"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                for word in node.keywords:
                    if (
                        word.arg == "slug"
                        and isinstance(word.value, ast.Constant)
                        and isinstance(word.value.value, str)
                    ):
                        yield word.value.value
                if ast.unparse(node.func) == "self._error" and node.args and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value)
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "default_slug":
                yield str(ast.literal_eval(node.value))


def _native() -> Iterator[str]:
    """Slugs of the crates: arms that give one, and the second argument of what makes a failure."""
    for crate in OWNERS:
        for path in sorted((CRATES / crate / "src").rglob("*.rs")):
            source = path.read_text(encoding="utf-8").partition("\n#[cfg(test)]\nmod tests {")[0]
            yield from re.findall(
                r'Self::\w+(?:\([^)]*\)| \{[^}]*\})?(?: \| Self::\w+(?: \{[^}]*\})?)* => "([a-z_]+)"', source
            )
            yield from re.findall(r'(?:OwnerError|Fail)::(?:input|limit)\(\s*"([a-z_]+)"', source)
            yield from re.findall(r'(?:OwnerError|Fail)::new\(\s*Kind::(?:Input|Limit|Program),\s*"([a-z_]+)"', source)
