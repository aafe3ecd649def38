"""The side of the server: a strategy that verifies every update before it aggregates, in exact integers.

A round of Flower is a round of `tacit.network.server`: open, beacon, replies, proofs, close, check, aggregate, link. What is kept
is in its store, so a strategy that is started again goes on where the last one was ended.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import replace
from logging import getLogger
from math import ceil
from typing import Any

import numpy as np
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MessageType, MetricRecord, RecordDict
from flwr.serverapp import Grid
from flwr.serverapp.strategy import FedAvg, Result

from tacit.errors import InputError
from tacit.flower import evaluation
from tacit.flower.collecting import Collector
from tacit.flower.desk import Desk, Refused
from tacit.flower.files import Floats, load_server
from tacit.network.interface import Ints, Model
from tacit.network.server import Server

_LOG = getLogger("flwr")


class VerifiedFedAvg(FedAvg):
    """FedAvg over updates whose proofs hold, weighted by the records that the proofs are about.

    `task`: the server's file (`load_server`), or a server. `store`: where rounds are kept, `sqlite:///rounds.db` or
    `postgresql://..`; with a server it has its own. `deferred`: nodes reply first and prove when they are asked for it, by the
    round's deadline. `floats`: real weights of integers, where `task` is a server. `view`: makes of real weights by name what the
    app's evaluation takes, such as other names. `patience`: seconds that a round waits for nodes to come; `poll`: between looks.

    `fraction_train`, `min_train_nodes`, `min_available_nodes`, `fraction_evaluate`, `min_evaluate_nodes`: as FedAvg's, but
    nothing is waited for longer than `patience`, and a round goes on with the nodes that are there. How updates are averaged is
    the task's rule. `refused` lists what was not taken, and why. Raises InputError for files that do not fit.
    """

    def __init__(
        self,
        task: str | os.PathLike[str] | Server,
        store: str | None = None,
        *,
        deferred: bool = False,
        floats: Callable[[Model], Floats] | None = None,
        view: Callable[[Floats], Floats] | None = None,
        patience: float = 60.0,
        poll: float = 0.1,
        **sampling: Any,
    ) -> None:
        super().__init__(**sampling)
        if isinstance(task, Server):
            server, made = task, floats or _as_they_are
        else:
            server, made = load_server(task, store)
        self.desk = Desk(server, deferred=deferred)
        self._floats, self._view, self._patience, self._poll = made, view or dict, patience, poll
        self._collector: Collector | None = None

    # --- what it knows ------------------------------------------------------------------------------------------------

    @property
    def server(self) -> Server:
        """Rounds, and what is kept of them."""
        return self.desk.server

    @property
    def refused(self) -> list[Refused]:
        """What was not taken in this process, in order."""
        return self.desk.refused

    @property
    def rounds(self) -> int:
        """Rounds that are over, in this process and before."""
        row = self.server.store.round(self.server.digest)
        return 0 if row is None else row.round - (row.state != "final")

    @property
    def link(self) -> bytes | None:
        """The digest of the last link: the end of the lineage. None before the first round is over."""
        row = self.server.store.round(self.server.digest, self.rounds)
        return None if row is None else row.link

    @property
    def model(self) -> dict[str, Ints]:
        """The integers of the model as it is now."""
        row = self.server.store.round(self.server.digest, self.rounds)
        return self.server.model(self.server.task.base if row is None else row.next or b"")

    def initial(self) -> ArrayRecord:
        """The real weights of the model as it is now: before the first round the task's base."""
        found = self._view(self._floats(self.model))
        return ArrayRecord({name: Array(np.ascontiguousarray(array)) for name, array in found.items()})

    # --- Flower's calls -----------------------------------------------------------------------------------------------

    def start(
        self,
        grid: Grid,
        initial_arrays: ArrayRecord | None = None,
        num_rounds: int = 3,
        timeout: float = 3600,
        train_config: ConfigRecord | None = None,
        evaluate_config: ConfigRecord | None = None,
        evaluate_fn: Callable[[int, ArrayRecord], MetricRecord | None] | None = None,
    ) -> Result:
        """Rounds until `num_rounds` are over, those of earlier processes counted: the same call after a crash goes on.

        `initial_arrays`: what `initial` gives; the model is the task's, and another is refused (slug base). `timeout`: seconds
        from a round's beacon to its deadline; a node that does not answer costs that time. Arrays that are handed to
        `evaluate_fn` and in the result are real weights. Raises InputError: slug base, no_nodes, rounds_over, store.
        """
        before = self.initial()  # what the caller got: a round that is ended here moves the model
        self.desk.settle()
        initial = self.initial()
        if initial_arrays is not None and not (_same(before, initial_arrays) or _same(initial, initial_arrays)):
            raise InputError(
                "expected the model that the task begins with, or the store has", slug="base", place="initial_arrays",
                remedy="start(.., initial_arrays=strategy.initial())",
            )  # fmt: skip
        self.server.times = replace(self.server.times, window=max(ceil(timeout), 1))
        done = self.rounds
        left = max(num_rounds - done, 0)

        def counted(number: int, arrays: ArrayRecord) -> MetricRecord | None:
            return None if evaluate_fn is None else evaluate_fn(number + done, arrays)

        evaluate = None if evaluate_fn is None else counted
        result = super().start(self._collect(grid), initial, left, timeout, train_config, evaluate_config, evaluate)
        result.arrays = self.initial()
        for name in ("train_metrics_clientapp", "evaluate_metrics_clientapp", "evaluate_metrics_serverapp"):
            setattr(result, name, {number + done: found for number, found in getattr(result, name).items()})
        return result

    def _collect(self, grid: Grid) -> Collector:
        if isinstance(grid, Collector):
            self._collector = grid
        elif self._collector is None or self._collector.below is not grid:
            self._collector = Collector(grid, self._poll)
        return self._collector

    def configure_train(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Open a round: registrations, beacon, and what nodes need to train. `arrays` are not sent: the base is integers."""
        collector = self._collect(grid)
        self.desk.settle()
        self.desk.admit(collector, max(self.min_train_nodes, self.min_available_nodes), self._patience)
        announced = self.desk.begin(collector, self.fraction_train, self.min_train_nodes)
        if not self.desk.wait_for_beacon(announced):
            _LOG.warning("round %s: its beacon did not come", announced.round)
            return []
        config["server-round"] = announced.round
        collector.send_next_to(self.desk.replied, self.desk.left())
        return self.desk.questions(announced, config)

    def aggregate_train(
        self, server_round: int, replies: Iterable[Message]
    ) -> tuple[ArrayRecord | None, MetricRecord | None]:
        """End the round: check what came, aggregate what holds. Replies were taken as they came; those given here are, too."""
        for reply in replies:
            for question, hook in self.desk.replied(reply.metadata.src_node_id, reply):
                if self._collector is not None:
                    self._collector.exchange([question], self.desk.left(), hook)
        before = len(self.refused)
        link, results = self.desk.finish()
        for one in self.refused[before:]:
            _LOG.warning("round %s: refused node %s (%s): %s", one.round, one.node, one.slug, one.reason)
        counts = {"verified": len(results.contributions), "missing": len(results.absences), "round": link.round}
        _LOG.info("round %s: %s verified, link %s", link.round, counts["verified"], (self.link or b"").hex()[:16])
        return self.initial(), MetricRecord({**counts})

    def configure_evaluate(
        self, server_round: int, arrays: ArrayRecord, config: ConfigRecord, grid: Grid
    ) -> Iterable[Message]:
        """Ask a share of the registered nodes that are online now; none is waited for."""
        present = sorted(self.desk.seats.present(list(grid.get_node_ids())))
        count = min(len(present), max(int(len(present) * self.fraction_evaluate), self.min_evaluate_nodes))
        if self.fraction_evaluate == 0.0 or not count:
            return []
        config["server-round"] = self.rounds
        content = RecordDict({self.arrayrecord_key: arrays, self.configrecord_key: config})
        return list(self._construct_messages(content, random.sample(present, count), MessageType.EVALUATE))

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> MetricRecord | None:
        """Average what nodes say, by the records of their proofs; what does not fit is left out."""
        found = evaluation.sound(replies, self.weighted_by_key, self._records)
        return self.evaluate_metrics_aggr_fn(found, self.weighted_by_key) if found else None

    def _records(self, node: int) -> int | None:
        key = self.desk.seats.key(node)
        registered = None if key is None else self.server.store.node(self.server.digest, key)
        return None if registered is None else self.server.world.deployments[registered.deployment].records

    def summary(self) -> None:
        """Log what it will do."""
        task = self.server.task
        _LOG.info(
            "\t├──> Task %r (%s), rule %s", task.name, self.server.digest.hex()[:16], type(task.rule.way).__name__
        )
        _LOG.info("\t├──> %s of %s rounds are over; proofs %s", self.rounds, task.rounds, self._when())
        super().summary()

    def _when(self) -> str:
        return "come later" if self.desk.deferred else "come with replies"


def _as_they_are(model: Model) -> Floats:
    return {name: array.astype(np.float64) for name, array in model.items()}


def _same(one: ArrayRecord, other: ArrayRecord) -> bool:
    return {name: array.data for name, array in one.items()} == {name: array.data for name, array in other.items()}
