"""A lineage as boxes and arrows: what a box is, what it hides, and what is behind it. Tree and picture are made from it.

Columns: prediction, model, rounds, contributions, shards, issuers. Of many rounds the last three are shown, and the rest is one
box; of many nodes in a round the first twelve.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tacit.console import duration, number, one_line, size
from tacit.network.lineage.report import Contributor, Lineage, Round

SHOWN, HIDDEN, REFUSED, FOLDED = "shown", "hidden", "refused", "folded"
ROUNDS_SHOWN, NODES_SHOWN, LINES_SHOWN = 3, 12, 5
HEXADECIMAL = frozenset("0123456789abcdef")
PREDICTION, MODEL, ROUND, NODE, SHARD, ISSUER = range(6)


@dataclass(frozen=True)
class Box:
    """`lines`: what stands in it, the first one bold; `tip`: the whole identity; `kind`: how it is coloured."""

    column: int
    lines: tuple[str, ...]
    kind: str
    tip: str = ""


@dataclass
class Graph:
    """Boxes by key, in order, and arrows from what follows to what it follows from."""

    boxes: dict[str, Box] = field(default_factory=dict)
    arrows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, key: str, box: Box, *follows: str) -> None:
        """A box, and arrows to it; a box that is there stays."""
        self.boxes.setdefault(key, box)
        for other in follows:
            if (other, key) not in self.arrows:
                self.arrows.append((other, key))


def graph(found: Lineage) -> Graph:
    """The boxes of a lineage, from its end back."""
    made = Graph()
    last = f"model {len(found.rounds)}"
    if found.prediction is not None:
        short = [line for name, value in found.prediction.items() for line in _said(name, value, 16)]
        whole = [line for name, value in found.prediction.items() for line in _said(name, value, 64)]
        made.add("prediction", Box(PREDICTION, ("prediction", *short[:LINES_SHOWN]), SHOWN, "; ".join(whole)))
        if found.predicted is not None and found.predicted != found.model:
            at = next((item.number for item in found.rounds if item.next == found.predicted), 0)
            made.add(f"model {at}", _model(found.predicted, f"model of round {at}"), "prediction")
        else:
            made.add(last, _model(found.model, "model"), "prediction")
    made.add(last, _model(found.model, "model"))
    before = last
    if found.refusal is not None:
        lines = ("refused", one_line(found.refusal.place), f"{found.refusal.slug}: {one_line(found.refusal.reason)}")
        made.add("refusal", Box(ROUND, lines, REFUSED, str(found.refusal)))
        made.arrows.append(("refusal", last))
    for item in reversed(found.rounds[-ROUNDS_SHOWN:]):
        before = _add_round(made, item, before, found.names)
    folded = found.rounds[:-ROUNDS_SHOWN]
    if folded:
        what = f"rounds {folded[0].number} to {folded[-1].number}" if len(folded) > 1 else f"round {folded[0].number}"
        proofs = sum(len(item.contributors) for item in folded)
        left = sum(len(item.left) for item in folded)
        lines = (what, f"{number(proofs)} proofs verified", f"{number(left)} times left out")
        made.add("folded", Box(ROUND, lines, FOLDED, folded[-1].link.hex()), before)
        before = "folded"
    made.add("base", _model(found.task.base, "first model", MODEL if not found.rounds else ROUND), before)
    return made


def _said(name: str, value: object, digits: int) -> list[str]:
    """A fact of a prediction in lines: a record's classes or targets one each, digests by their first digits."""
    if isinstance(value, list) and value and all(isinstance(record, dict) for record in value):
        at = [f"record {i}, " if len(value) > 1 else "" for i in range(len(value))]
        return [
            f"{where}{one_line(key)}: {number(v)}"
            for where, rec in zip(at, value, strict=True)
            for key, v in rec.items()
        ]
    text = one_line(str(value))
    return [f"{name}: {text[:digits] if len(text) == 64 and not set(text) - HEXADECIMAL else text}"]


def _model(identity: bytes, title: str, column: int = MODEL) -> Box:
    return Box(column, (title, identity.hex()[:16], "all weights public"), SHOWN, identity.hex())


def _add_round(made: Graph, item: Round, before: str, names: Mapping[bytes, str]) -> str:
    key = f"round {item.number}"
    nodes = len(item.contributors) + len(item.left)
    beacon = "no beacon" if item.beacon is None else f"beacon {item.beacon.hex()[:12]}"
    lines = (key, f"{len(item.contributors)} of {nodes} nodes", beacon)
    open_for = duration(max(0, item.deadline - item.opened))
    made.add(key, Box(ROUND, lines, SHOWN, f"link {item.link.hex()}, open for {open_for}"), before)
    for found in item.contributors[:NODES_SHOWN]:
        _add_contributor(made, found, key, names)
    more = len(item.contributors) - NODES_SHOWN
    if more > 0:
        made.add(f"{key} more", Box(NODE, (f"{more} nodes more", "proofs verified"), FOLDED), key)
    for left in item.left[:NODES_SHOWN]:
        why = left.slug if left.seen else f"{left.slug}, says the server"
        lines = (f"node {left.node.hex()[:12]}", "left out", one_line(why))
        made.add(f"{key} left {left.node.hex()}", Box(NODE, lines, REFUSED, left.node.hex()), key)
    more = len(item.left) - NODES_SHOWN
    if more > 0:
        made.add(f"{key} left more", Box(NODE, (f"{more} nodes more", "left out"), REFUSED), key)
    return key


def _add_contributor(made: Graph, found: Contributor, round: str, names: Mapping[bytes, str]) -> None:
    node = f"{round} node {found.node.hex()}"
    lines = (f"node {found.node.hex()[:12]}", "update public, proven", f"proof {size(found.proof_bytes)}")
    made.add(node, Box(NODE, lines, SHOWN, found.node.hex()), round)
    shard = f"shard {found.shard.hex()}"
    lines = (
        f"dataset {found.shard.hex()[:12]}",
        f"{number(found.records)} records, hidden",
        f"ids {found.ids[0]} to {found.ids[1]}",
    )
    made.add(shard, Box(SHARD, lines, HIDDEN, found.shard.hex()), node)
    issuer = f"issuer {found.issuer.hex()}"
    name = names.get(found.issuer, f"issuer {found.issuer.hex()[:12]}")
    made.add(issuer, Box(ISSUER, (one_line(name), "signed its manifest"), SHOWN, found.issuer.hex()), shard)


#: What is hidden, and from whom; below the tree, and beside the picture.
HIDES = (
    ("records of a node", "from everybody but the node, and the issuer that signed for them"),
    ("number of records, range of ids", "from nobody: they stand in the manifest"),
    ("updates and models", "from nobody; what an update tells of its records is not hidden"),
    ("input of a prediction", "as its program says"),
)
