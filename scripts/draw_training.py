"""Draws how the steps of a training proof lie beside each other: docs/assets/pictures/steps.svg, and -tall for phones.

Columns are what `tacit.train.emit` makes of `CHUNKS`; the style is that of the other pictures.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

PICTURES = Path(__file__).resolve().parents[1] / "docs" / "assets" / "pictures"
#: Steps of each chunk: powers of two, largest first.
CHUNKS = (4, 2)
WORDS = (
    "Six steps in two chunks: the base is before the first, every snapshot is after one step and before the next, the next is "
    "after the last; all steps read the data slab"
)


class Step(NamedTuple):
    """Chunk, number in it, and where the weights before and after it stand."""

    chunk: int
    number: int
    before: str
    after: str


def steps() -> Iterator[Step]:
    """All steps in order."""
    before = "W"
    for j, count in enumerate(CHUNKS):
        for t in range(count):
            last = j == len(CHUNKS) - 1 and t == count - 1
            after = "next W" if last else f"s{j}[{t}]"
            yield Step(j, t, before, after)
            before = after


class Picture:
    """Shapes and words in the house's classes."""

    def __init__(self, width: int, height: int) -> None:
        style = re.search(r"<style>.*?</style>", (PICTURES / "flow.svg").read_text(encoding="utf-8"), re.DOTALL)
        assert style is not None
        self.parts = [
            f'<svg class="picture" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{WORDS}.">',
            f"<title>{WORDS}.</title>",
            style[0],
        ]

    def text(self, x: float, y: float, words: str, kind: str = "s", anchor: str = "") -> None:
        at = f' text-anchor="{anchor}"' if anchor else ""
        self.parts.append(f'<text class="{kind}" x="{x:g}" y="{y:g}"{at}>{words}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, radius: int = 8) -> None:
        self.parts.append(
            f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius}"/>'
        )

    def cell(self, x: float, y: float, width: float, label: str) -> None:
        """A tensor's entry: base and next are known or committed, the rest is the prover's."""
        self.box(x, y, width, 30, "open" if "W" in label else "kept", 6)
        self.text(x + width / 2, y + 20, label, "m s", "middle")

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        length = ((to_x - x) ** 2 + (to_y - y) ** 2) ** 0.5
        dx, dy = (to_x - x) / length, (to_y - y) / length
        end = (to_x - 7 * dx, to_y - 7 * dy)
        self.parts.append(f'<path class="arrow" d="M{x:.4g} {y:.4g} L{end[0]:.4g} {end[1]:.4g}"/>')
        left, right = (end[0] - 4 * dy, end[1] + 4 * dx), (end[0] + 4 * dy, end[1] - 4 * dx)
        self.parts.append(
            f'<path class="head" d="M{to_x:.4g} {to_y:.4g} L{left[0]:.4g} {left[1]:.4g} L{right[0]:.4g} {right[1]:.4g} Z"/>'
        )

    def legend(self, x: float, y: float, lines: tuple[tuple[str, str], ...]) -> None:
        for i, (kind, words) in enumerate(lines):
            if kind:
                self.box(x, y + 24 * i - 12, 14, 14, kind, 3)
            self.text(x + 22, y + 24 * i, words)

    def made(self) -> str:
        return "\n".join([*self.parts, "</svg>"]) + "\n"


LEGEND = (
    ("open", "base and next: public, or a commitment each"),
    ("kept", "snapshots: hidden, one cell a weight and step"),
    ("", "each step: 0 = after - before + c * gradient"),
)


def wide() -> str:
    """Columns, one a step."""
    picture, width, gap, apart = Picture(768, 330), 96, 26, 48
    x, y = 20.0, 96.0
    places: list[tuple[float, Step]] = []
    for step in steps():
        if step.number == 0 and step.chunk:
            x += apart - gap
        places.append((x, step))
        x += width + gap
    end = places[-1][0] + width
    picture.box(20, 20, end - 20, 34, "tone")
    picture.text((20 + end) / 2, 42, "the data slab: x, y and id of all N records, committed", "t", "middle")
    for i, (left, step) in enumerate(places):
        if step.number == 0:
            picture.text(left, 84, f"CHUNK {step.chunk}", "h")
        picture.arrow(left + width / 2 + 30, 54, left + width / 2 + 30, y)
        picture.box(left, y, width, 134, "box")
        picture.text(left + 10, y + 22, f"step {i}", "b")
        picture.text(left + 10, y + 42, f"rows q[{i}]")
        picture.cell(left + 8, y + 54, width - 16, step.before)
        picture.cell(left + 8, y + 94, width - 16, step.after)
    for (left, _), (right, _) in pairwise(places):  # above all boxes
        picture.arrow(left + width - 8, y + 109, right + 8, y + 69)
    picture.legend(20, 262, LEGEND)
    picture.text(end, 262, "s0, s1: the tensors `steps 0 W` and `steps 1 W`", anchor="end")
    picture.text(end, 286, "axes are padded to powers of two: 6 steps are 4 + 2", anchor="end")
    return picture.made()


def tall() -> str:
    """Rows, one a step."""
    picture, y = Picture(360, 610), 74.0
    picture.box(20, 20, 320, 34, "tone")
    picture.text(180, 42, "the data slab: N records, committed", "t", "middle")
    rows = []
    for i, step in enumerate(steps()):
        if step.number == 0:
            y += 22
            picture.text(20, y - 8, f"CHUNK {step.chunk}", "h")
        picture.box(20, y, 320, 50, "box")
        picture.text(32, y + 22, f"step {i}", "b")
        picture.text(32, y + 40, f"rows q[{i}]")
        picture.cell(110, y + 10, 100, step.before)
        picture.cell(230, y + 10, 100, step.after)
        rows.append(y)
        y += 62
    for upper, lower in pairwise(rows):
        picture.arrow(270, upper + 40, 170, lower + 10)
    picture.legend(20, y + 24, (*LEGEND, ("", "s0, s1: the tensors `steps 0 W`, `steps 1 W`")))
    return picture.made()


def pictures() -> dict[str, str]:
    """What belongs in which file."""
    return {"steps.svg": wide(), "steps-tall.svg": tall()}


def main() -> int:
    for name, text in pictures().items():
        (PICTURES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
