"""Rows of tasks, of nodes and their shards, and of the hash chains that nodes open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from tacit.errors import InvalidProof
from tacit.network.interface import Shard
from tacit.network.store import schema
from tacit.network.store.database import Database, bytes_or_none


@dataclass(frozen=True)
class Registered:
    """A node as it stands in a task."""

    node: bytes
    registration: bytes
    deployment: bytes
    manifest: bytes
    chain: bytes | None


class Nodes(Database):
    """Who takes part in what."""

    def add_task(self, task: bytes) -> bool:
        """Note a task; False if it is known."""
        with self._transaction() as connection:
            return self._insert(connection, schema.tasks, task=task)

    def add_node(self, task: bytes, node: Registered, shards: Sequence[tuple[Shard, bytes]]) -> bool:
        """Note a node with its shards (and the digest of a commitment to each); False if it is there just so.

        Raises InvalidProof: slug registered for another registration of the node, shard_taken where another node has a shard of
        this identity, or ids in its range.
        """
        with self._transaction() as connection:
            # Registrations of a task take turns: ranges are compared with all that are there.
            connection.execute(select(schema.tasks).where(schema.tasks.c.task == task).with_for_update())
            found = self._node(connection, task, node.node)
            if found is not None:
                if found != node:
                    raise _registered(node.node)
                return False
            self._check_shards(connection, task, [shard for shard, _ in shards])
            fields = {"deployment": node.deployment, "manifest": node.manifest, "chain": node.chain}
            self._insert(connection, schema.nodes, task=task, node=node.node, registration=node.registration, **fields)
            for shard, commitment in shards:
                self._insert(
                    connection,
                    schema.shards,
                    task=task,
                    identity=shard.identity,
                    node=node.node,
                    commitment=commitment,
                    records=shard.records,
                    lowest=shard.lowest,
                    highest=shard.highest,
                )
            return True

    def check_shards(self, task: bytes, shards: Sequence[Shard]) -> None:
        """Whether no node has these shards, or ids in their ranges. Raises InvalidProof (slug shard_taken)."""
        with self._transaction() as connection:
            self._check_shards(connection, task, shards)

    def _check_shards(self, connection: Connection, task: bytes, shards: Sequence[Shard]) -> None:
        table = schema.shards
        for shard in shards:
            overlaps = (table.c.lowest <= shard.highest) & (table.c.highest >= shard.lowest)
            taken = connection.execute(
                select(table.c.node, table.c.identity).where(
                    (table.c.task == task) & (overlaps | (table.c.identity == shard.identity))
                )
            ).first()
            if taken is not None:
                same = bytes(taken.identity) == shard.identity
                what = "this shard" if same else f"ids from {shard.lowest} to {shard.highest}"
                raise InvalidProof(
                    f"node {bytes(taken.node).hex()[:16]} has {what} already", slug="shard_taken", place="registration"
                )

    def node(self, task: bytes, node: bytes) -> Registered | None:
        """A node's registration, None if there is none."""
        with self._transaction() as connection:
            return self._node(connection, task, node)

    def _node(self, connection: Connection, task: bytes, node: bytes) -> Registered | None:
        table = schema.nodes
        row = connection.execute(select(table).where((table.c.task == task) & (table.c.node == node))).first()
        return None if row is None else _registered_of(row)

    def nodes(self, task: bytes) -> list[Registered]:
        """All nodes of a task, sorted."""
        table = schema.nodes
        with self._transaction() as connection:
            rows = connection.execute(select(table).where(table.c.task == task).order_by(table.c.node)).all()
        return sorted(map(_registered_of, rows), key=lambda node: node.node)

    def add_reveal(self, task: bytes, round: int, node: bytes, value: bytes) -> bool:
        """Note the value that a node opens for a round; False if there is one."""
        with self._transaction() as connection:
            return self._insert(connection, schema.reveals, task=task, round=round, node=node, value=value)

    def reveals(self, task: bytes, round: int) -> dict[bytes, bytes]:
        """What was opened for a round, by node."""
        table = schema.reveals
        with self._transaction() as connection:
            rows = connection.execute(select(table).where((table.c.task == task) & (table.c.round == round))).all()
        return {bytes(row.node): bytes(row.value) for row in rows}

    def last_reveals(self, task: bytes, before: int, node: bytes | None = None) -> dict[bytes, tuple[int, bytes]]:
        """(round, value) of the last value that each node, or this one, opened for a round before this one."""
        table = schema.reveals
        asked = (table.c.task == task) & (table.c.round < before)
        if node is not None:
            asked &= table.c.node == node
        last = (
            select(table.c.node, func.max(table.c.round).label("last")).where(asked).group_by(table.c.node).subquery()
        )
        query = select(table).join(last, (table.c.node == last.c.node) & (table.c.round == last.c.last))
        with self._transaction() as connection:
            rows = connection.execute(query.where(table.c.task == task)).all()
        return {bytes(row.node): (int(row.round), bytes(row.value)) for row in rows}


def _registered(node: bytes) -> InvalidProof:
    return InvalidProof(
        f"node {node.hex()[:16]} is registered otherwise already, and a node has one manifest",
        slug="registered",
        place="registration",
    )


def _registered_of(row: Any) -> Registered:
    return Registered(
        bytes(row.node), bytes(row.registration), bytes(row.deployment), bytes(row.manifest), bytes_or_none(row.chain)
    )
