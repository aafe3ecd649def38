"""Flower's side of a little network with the stand-in: a strategy, nodes, and a grid on which some of them misbehave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ended import Ended
from flwr.app import Message
from flwr.clientapp import ClientApp
from little_network import LittleNetwork

from tacit.flower import LocalGrid, VerifiedFedAvg, client_app

#: Changes a node's reply; None: it never comes.
Tamper = Callable[[Message], Message | None]


class HostileGrid(LocalGrid):
    """`tampers`: by node, for replies to train messages, or by (node, type of message)."""

    def __init__(self, app: ClientApp, nodes: int, **options: Any) -> None:
        super().__init__(app, [{"partition-id": at} for at in range(nodes)], **options)
        self.tampers: dict[int | tuple[int, str], Tamper] = {}
        self.offline: set[int] = set()
        self.unreadable: set[int] = set()
        #: Nodes whose replies to train messages are not there yet.
        self.held: set[int] = set()
        self.asked: list[tuple[int, str]] = []
        self._names: dict[str, tuple[int, str]] = {}

    def get_node_ids(self) -> list[int]:
        return [node for node in super().get_node_ids() if node not in self.offline]

    def answered(self, message: Message) -> Message | None:
        node, kind = message.metadata.dst_node_id, message.metadata.message_type
        self.asked.append((node, kind))
        self._names[message.metadata.message_id] = node, kind
        reply = super().answered(message)
        tamper = self.tampers.get((node, kind), self.tampers.get(node) if kind == "train" else None)
        return reply if reply is None or tamper is None else tamper(reply)

    def pull_messages(self, message_ids: Any) -> list[Message]:
        names = list(message_ids)
        trained = {name: node for name, (node, kind) in self._names.items() if kind == "train"}
        if any(trained.get(name) in self.unreadable and name in self._replies for name in names):
            raise ValueError("an object of this message does not inflate")
        there = [name for name in names if trained.get(name) not in self.held]
        return list(super().pull_messages(there))


class LittleFlower:
    """Nodes 1, 2, .. of a little network on a grid; the clock moves where the server sleeps."""

    def __init__(self, folder: Path, *, app: ClientApp | None = None, deferred: bool = False, **options: Any) -> None:
        self.network = LittleNetwork(folder, **options)
        self.app = app or client_app(self.node)
        self.grid = HostileGrid(self.app, len(self.network.nodes))
        self.deferred = deferred
        self.strategy = self.restart()

    def node(self, context: Any) -> Any:
        return self.network.nodes[context.node_config["partition-id"]]

    def restart(self, **options: Any) -> VerifiedFedAvg:
        given = {"deferred": self.deferred, "fraction_evaluate": 0.0, "patience": 2.0, "poll": 0.01}
        self.strategy = VerifiedFedAvg(self.network.restart(), **given | options)
        self.strategy.desk.sleep = self._sleep
        return self.strategy

    def _sleep(self, seconds: float) -> None:
        self.network.clock.now += int(seconds) + 1

    def run(self, rounds: int = 1, **options: Any) -> Any:
        return self.strategy.start(self.grid, self.strategy.initial(), num_rounds=rounds, timeout=600, **options)

    def link(self) -> Ended:
        return Ended.read(self.strategy.server.store.objects, self.strategy.link or b"")

    def slugs(self, node: int) -> list[str]:
        return [one.slug for one in self.strategy.refused if one.node == node]
