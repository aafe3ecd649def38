"""A lineage as a tree for a terminal: from a prediction back to the issuers."""

from __future__ import annotations

from rich.markup import escape
from rich.tree import Tree

from tacit.console import one_line
from tacit.network.lineage.graph import FOLDED, HIDDEN, HIDES, REFUSED, SHOWN, Graph, graph
from tacit.network.lineage.report import Lineage

_STYLES = {SHOWN: "green", HIDDEN: "yellow", REFUSED: "red", FOLDED: "dim"}


def tree(found: Lineage) -> Tree:
    """What `tacit lineage verify` prints."""
    made = graph(found)
    title = (
        f"[bold]{escape(one_line(found.task.name))}[/bold]  [dim]task {found.digest.hex()[:16]}, {found.beacon}[/dim]"
    )
    top = Tree(title)
    behind = {key for _, key in made.arrows}
    for key in made.boxes:
        if key not in behind:
            _grow(top, made, key, set())
    hides = top.add("[bold]hidden[/bold]")
    for what, whom in HIDES:
        hides.add(f"[yellow]{what}[/yellow]: {whom}")
    if found.notes:
        notes = top.add("[bold]not shown[/bold]")
        for note in found.notes:
            notes.add(escape(one_line(note)))
    return top


def _grow(parent: Tree, made: Graph, key: str, seen: set[str]) -> None:
    """A box with all that is behind it; rounds stand below each other, not inside."""
    if key in seen:
        return
    seen.add(key)
    box = made.boxes[key]
    style = _STYLES[box.kind]
    first, *rest = (escape(one_line(line)) for line in box.lines)
    branch = parent.add(f"[{style}]{first}[/{style}]" + "".join(f"  [dim]{line}[/dim]" for line in rest))
    for before, behind in made.arrows:
        if before == key:
            chained = made.boxes[behind].column == box.column
            _grow(parent if chained else branch, made, behind, set() if not chained else seen)
