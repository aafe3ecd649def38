"""A server and nodes around the stand-in, on a clock that tests move."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
from fake_training import FakeDeployment, FakeManifest, FakeReaders, base_model, commit, task_of

from tacit.network.core import Outcome, Times
from tacit.network.interface import Shard
from tacit.network.keys import Key
from tacit.network.messages import ANNOUNCEMENT
from tacit.network.node import Holding, Node
from tacit.network.server import Server
from tacit.network.store import Row, Store
from tacit.network.task import TASK, Task

START = 1_800_000_000
SERVER = Key.from_seed(b"s" * 32)
ISSUER = Key.from_seed(b"i" * 32)


class Clock:
    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return float(self.now)


class LittleNetwork:
    """`counts`: the records of every node's shards; `children`: nodes prove with a child of what the issuer signed."""

    def __init__(
        self,
        folder: Path,
        *,
        counts: tuple[tuple[int, ...], ...] = ((8,), (8,), (8,)),
        url: str | None = None,
        children: bool = True,
        times: Times | None = None,
        beacon: Any = None,
        clock: Clock | None = None,
        **fields: Any,
    ) -> None:
        self.folder, self.clock = folder, clock or Clock()
        self.deployments = {records: FakeDeployment(records) for shards in counts for records in shards}
        named = tuple(sorted(deployment.digest for deployment in self.deployments.values()))
        self.task: Task = task_of(deployments=named, **fields)
        self.digest = TASK.digest(TASK.write(self.task))
        self.url = url or f"sqlite:///{folder}/rounds.db"
        self._options = {"beacon": beacon, "times": times or Times(30, 600)}
        self.server = self.restart()
        self.keys = [Key.from_seed(bytes([at + 1]) * 32) for at in range(len(counts))]
        self.nodes = [self.node(at, shards, children=children) for at, shards in enumerate(counts)]

    def restart(self) -> Server:
        """The server again, as after it was ended."""
        store = Store(self.url, self.folder / "public")
        data = [deployment.to_bytes() for deployment in self.deployments.values()]
        return Server(
            store, self.task, key=SERVER, readers=FakeReaders(), deployments=data, base=base_model(), clock=self.clock,
            **self._options,
        )  # fmt: skip

    def holding(self, at: int, number: int, records: int, *, children: bool = True) -> Holding:
        """Shard `number` of node `at`: ids follow from both."""
        rng = np.random.default_rng([at, number])
        values = np.concatenate(
            [rng.integers(0, 256, (records, 4)), np.eye(3, dtype=np.int64)[rng.integers(0, 3, records)]], 1
        )
        secret = commit(values, 1000 * at + 100 * number)
        shard = secret.commitment.shard
        proof = secret.dataset_proof()
        used = secret.child(1) if children else secret
        return Holding(shard, used, used.commitment.to_bytes(), proof)

    def manifest(self, at: int, shards: list[Shard], **fields: Any) -> bytes:
        ordered = tuple(sorted(shards, key=lambda shard: shard.identity))
        given = FakeManifest(self.digest, self.keys[at].public, ordered, START - 100, START + 10**6, ISSUER.public)
        return dataclasses.replace(given, **fields).sign(ISSUER)

    def node(self, at: int, shards: tuple[int, ...], *, children: bool = True, name: str = "") -> Node:
        holdings = [self.holding(at, number, records, children=children) for number, records in enumerate(shards)]
        return Node(
            self.keys[at],
            self.task,
            deployment=self.deployments[shards[0]],
            manifest=self.manifest(at, [holding.shard for holding in holdings]),
            holdings=holdings,
            folder=self.folder / f"node-{at}{name}",
            beacon=self._options["beacon"],
        )

    def register(self) -> list[Outcome]:
        return [self.server.register(*node.registration()) for node in self.nodes]

    def begin(self) -> None:
        """Open a round, and see to its beacon."""
        announcement = self.server.open()
        announced, _ = ANNOUNCEMENT.open(announcement)
        for node in self.nodes:
            if node.chain is not None:
                value = node.reveal(announcement, self.server.links())
                self.server.reveal(announced.round, node.key.public, value)
        self.clock.now += 31
        self.server.begin()

    def answer(self) -> list[Outcome]:
        return [self.server.receive(node.answer(self.server.brief())) for node in self.nodes]

    def end(self, *, late: bool = True) -> Row:
        if late:
            self.clock.now += 631
        self.server.close()
        return self.server.finish()

    def run(self, rounds: int) -> list[bytes]:
        """Whole rounds; their links."""
        links = []
        for _ in range(rounds):
            self.begin()
            self.answer()
            links.append(self.end(late=False).link or b"")
        return links
