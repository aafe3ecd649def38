"""What the pages of docs/reference take from the code: `make_reference.py` writes it, `--check` fails where a page is stale.

A page has blocks between two comments,

    <!-- generated NAME -->
    <!-- end NAME -->

and what stands between them is made here, from the registries of operators, the errors, the command line and the docstrings.
Everything else on a page is written by hand and left alone.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BLOCK = re.compile(r"<!-- generated (?P<name>[^>]+?) -->\n.*?<!-- end (?P=name) -->\n", re.DOTALL)


@cache
def blocks() -> Mapping[str, Callable[[], str]]:
    """Block name -> what makes its text."""
    # Here, so that --help needs no package.
    from reference_blocks import commands, decisions, errors, operators, python_api

    return {
        **operators.blocks(),
        **errors.blocks(),
        **commands.blocks(),
        **python_api.blocks(),
        **decisions.blocks(DOCS / "adr"),
    }


def filled(page: str, place: str) -> str:
    """The page with its blocks made anew. Raises KeyError for a block that nothing makes."""

    def made(block: re.Match[str]) -> str:
        name = block["name"]
        if name not in blocks():
            raise KeyError(f"{place}: nothing makes the block {name!r}")
        return f"<!-- generated {name} -->\n\n{blocks()[name]().strip()}\n\n<!-- end {name} -->\n"

    return BLOCK.sub(made, page)


def stale(docs: Path = DOCS, *, write: bool) -> list[Path]:
    """Pages whose blocks are not what the code says; with `write`, they are made so. Raises KeyError for a block on no page."""
    found, used = [], set()
    for path in sorted(docs.rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        names = [block["name"] for block in BLOCK.finditer(page)]
        if not names:
            continue
        used.update(names)
        new = filled(page, str(path))
        if new != page:
            found.append(path)
            if write:
                path.write_text(new, encoding="utf-8")
    if left := sorted(set(blocks()) - used):
        raise KeyError(f"on no page: {', '.join(left)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit code 1 where a page is stale")
    asked = parser.parse_args()
    found = stale(write=not asked.check)
    for path in found:
        print(f"{'stale' if asked.check else 'written'}: {path.relative_to(ROOT)}")
    if asked.check and found:
        print("run scripts/make_reference.py, and read the difference", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
