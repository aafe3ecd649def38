"""Lineages that are spoiled: by a node that lies, or by whoever has the server's key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from attackers import one_cell, remade
from ended import Ended
from fake_training import FakeReaders
from little_network import SERVER, LittleNetwork

from tacit.errors import InvalidProof
from tacit.network.kinds import Kind
from tacit.network.lineage import Lineage, tree, verify
from tacit.network.lineage.files import Head
from tacit.network.messages import LINK, Absence
from tacit.network.objects import Folder
from tacit.network.submission import Submission
from tacit.network.wire import read_model


def lying(network: LittleNetwork, at: int, answer: Submission) -> None:
    """The node signs for an update that its proof is not of."""
    node = network.nodes[at]
    next = read_model(answer.arrays, node.deployment.parameters)
    assert network.server.receive(remade(node, answer, next=one_cell(next, next))).taken


def refused(folder: Path, slug: str, place: str = "", **options: Any) -> InvalidProof:
    with pytest.raises(InvalidProof) as refusal:
        verify(folder, FakeReaders(), **options)
    assert refusal.value.slug == slug, str(refusal.value)
    assert refusal.value.place.startswith(place), refusal.value.place
    return refusal.value


def absences_with(link: Ended, node: bytes, slug: str) -> tuple[Absence, ...]:
    """The link's, and the node's for that reason."""
    return tuple(sorted((*link.absences, Absence(node, slug)), key=lambda item: item.node))


class Forger:
    """Whoever has the server's key: new links, announcements, rosters and closings, rightly signed and rightly named."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.objects = folder, Folder(folder)
        self.head = Head.from_bytes((folder / "lineage").read_bytes())
        self.link = Ended.read(self.objects, self.head.link)

    def _read(self, name: bytes) -> bytes:
        return self.objects.read(name, 1 << 24, "forger")

    def plain(self, kind: Kind[Any], name: bytes, **fields: Any) -> bytes:
        data = kind.write(replace(kind.read(self._read(name)), **fields))
        self.objects.put(kind.digest(data), data)
        return kind.digest(data)

    def signed(self, kind: Kind[Any], name: bytes, **fields: Any) -> bytes:
        message, _ = kind.open(self._read(name))
        data = kind.sign(replace(message, **fields), SERVER)
        self.objects.put(kind.digest(data[64:]), data)
        return kind.digest(data[64:])

    def publish(self, **fields: Any) -> None:
        """The last link with these fields."""
        data = LINK.write(self.link.with_(self.objects, **fields))
        self.objects.put(LINK.digest(data), data)
        (self.folder / "lineage").write_bytes(Head(self.head.task, LINK.digest(data)).to_bytes())


def text_of(found: Lineage) -> str:
    from rich.console import Console

    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(tree(found))
    return console.export_text()
