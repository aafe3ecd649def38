"""Rows of rounds, of what came in them and of what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, literal, select, update

from tacit.errors import InputError, InvalidProof
from tacit.network.store import schema
from tacit.network.store.database import Database, bytes_or_none, short

#: Other messages of a node in a round that are kept; one shows as much as many.
MOST_CONFLICTS = 4
#: In place of a node, where nobody is known to have signed what was refused.
NOBODY = b""


@dataclass(frozen=True)
class Row:
    """A round as it stands."""

    round: int
    state: str
    announcement: bytes
    evidence: bytes | None
    beacon: bytes | None
    closing: bytes | None
    link: bytes | None
    next: bytes | None


@dataclass(frozen=True)
class Entry:
    """A contribution as it stands. `slug`, `reason`: of a refusal."""

    node: bytes
    reply: bytes
    delivery: bytes | None
    state: str
    slug: str
    reason: str


class Rounds(Database):
    """How rounds go."""

    def round(self, task: bytes, round: int | None = None) -> Row | None:
        """A round, the last one if no number is given; None if there is none."""
        with self._transaction() as connection:
            return self._round(connection, task, round)

    def _round(self, connection: Connection, task: bytes, round: int | None, *, lock: str = "") -> Row | None:
        table = schema.rounds
        query = select(table).where(table.c.task == task).order_by(table.c.round.desc()).limit(1)
        if round is not None:
            query = query.where(table.c.round == round)
        if lock:
            query = query.with_for_update(read=lock == "share")
        row = connection.execute(query).first()
        if row is None:
            return None
        later = (row.evidence, row.beacon, row.closing, row.link, row.next)
        return Row(int(row.round), row.state, bytes(row.announcement), *map(bytes_or_none, later))

    def links(self, task: bytes, since: int) -> list[tuple[int, bytes]]:
        """(round, digest of its link) of the rounds from this one on that are final, in order."""
        table = schema.rounds
        query = select(table.c.round, table.c.link).where((table.c.task == task) & (table.c.round >= since))
        with self._transaction() as connection:
            rows = connection.execute(query.where(table.c.link.is_not(None)).order_by(table.c.round)).all()
        return [(int(row.round), bytes(row.link)) for row in rows]

    def open_round(self, task: bytes, round: int, announcement: bytes) -> Row:
        """Begin a round, unless it is there: then it stays as it is. Only behind a round that is final (slug round_order)."""
        with self._transaction() as connection:
            connection.execute(select(schema.tasks).where(schema.tasks.c.task == task).with_for_update())
            last = self._round(connection, task, None)
            if last is None or last.round + 1 == round:
                if (0 if last is None else last.round) + 1 != round or (last is not None and last.state != "final"):
                    raise InputError(
                        f"round {round} begins when the one before it is final", slug="round_order", place="store"
                    )
                self._insert(connection, schema.rounds, task=task, round=round, state="open", announcement=announcement)
            found = self._round(connection, task, round)
        if found is None:
            raise InputError(f"there is no round before {round}", slug="round_order", place="store")
        return found

    def set_beacon(self, task: bytes, round: int, evidence: bytes, beacon: bytes) -> Row:
        """Note a round's beacon, unless there is one: then it stays."""
        table = schema.rounds
        with self._transaction() as connection:
            connection.execute(
                update(table)
                .where((table.c.task == task) & (table.c.round == round) & table.c.beacon.is_(None))
                .values(evidence=evidence, beacon=beacon)
            )
            found = self._round(connection, task, round)
        if found is None:
            raise InputError(f"there is no round {round}", slug="round_order", place="store")
        return found

    # --- contributions ------------------------------------------------------------------------------------------------

    def add_reply(
        self, task: bytes, round: int, node: bytes, reply: bytes, reveal: tuple[int, bytes] | None = None
    ) -> str:
        """Note a reply: `new`, `same`, or `conflict`; `closed` if the round is not open. `reveal`: a round and its value."""
        with self._transaction() as connection:
            row = self._round(connection, task, round, lock="share")
            if row is None or row.state != "open":
                return "closed"
            values = {"reply": reply, "state": "received"} | dict.fromkeys(("slug", "reason"), "")
            new = self._insert(connection, schema.contributions, task=task, round=round, node=node, **values)
            if new:
                if reveal is not None:
                    self._insert(connection, schema.reveals, task=task, round=reveal[0], node=node, value=reveal[1])
                return "new"
            found = self._entry(connection, task, round, node)
            if found is not None and found.reply == reply:
                return "same"
            self._keep_conflict(connection, task, round, node, reply)
            return "conflict"

    def add_delivery(self, task: bytes, round: int, node: bytes, reply: bytes, delivery: bytes) -> str:
        """Note the proof of a reply: `new`, `same`, `conflict`; `closed`, or `no_reply` if this reply is not there."""
        table = schema.contributions
        with self._transaction() as connection:
            row = self._round(connection, task, round, lock="share")
            if row is None or row.state != "open":
                return "closed"
            mine = (table.c.task == task) & (table.c.round == round) & (table.c.node == node)
            changed = connection.execute(
                update(table)
                .where(mine & (table.c.reply == reply) & table.c.delivery.is_(None))
                .values(delivery=delivery)
                .returning(literal(1))
            ).first()
            if changed is not None:
                return "new"
            found = self._entry(connection, task, round, node)
            if found is None or found.reply != reply:
                return "no_reply"
            if found.delivery == delivery:
                return "same"
            self._keep_conflict(connection, task, round, node, delivery)
            return "conflict"

    def _entry(self, connection: Connection, task: bytes, round: int, node: bytes) -> Entry | None:
        table = schema.contributions
        row = connection.execute(
            select(table).where((table.c.task == task) & (table.c.round == round) & (table.c.node == node))
        ).first()
        return None if row is None else _entry_of(row)

    def entry(self, task: bytes, round: int, node: bytes) -> Entry | None:
        """A node's contribution, None if there is none."""
        with self._transaction() as connection:
            return self._entry(connection, task, round, node)

    def entries(self, task: bytes, round: int) -> list[Entry]:
        """The contributions of a round, sorted by node."""
        with self._transaction() as connection:
            return self._entries(connection, task, round)

    def last_replies(self, task: bytes, before: int) -> dict[bytes, int]:
        """Of every node that replied before this round the last round that it replied to."""
        table = schema.contributions
        last = func.max(table.c.round).label("last")
        query = select(table.c.node, last).where((table.c.task == task) & (table.c.round < before))
        with self._transaction() as connection:
            rows = connection.execute(query.group_by(table.c.node)).all()
        return {bytes(row.node): int(row.last) for row in rows}

    def _entries(self, connection: Connection, task: bytes, round: int) -> list[Entry]:
        table = schema.contributions
        rows = connection.execute(select(table).where((table.c.task == task) & (table.c.round == round))).all()
        return sorted(map(_entry_of, rows), key=lambda entry: entry.node)

    @contextmanager
    def closing(self, task: bytes, round: int) -> Iterator[Closing]:
        """The set of a round, fixed: nothing is added while this is open, nor after `Closing.fix`."""
        with self._transaction() as connection:
            row = self._round(connection, task, round, lock="update")
            if row is None:
                raise InputError(f"there is no round {round}", slug="round_order", place="store")
            yield Closing(connection, task, row, self._entries(connection, task, round))

    def judge(self, task: bytes, round: int, node: bytes, error: InvalidProof | None) -> None:
        """Note that a contribution was verified, or why it is refused; the first judgement stays."""
        table = schema.contributions
        mine = (table.c.task == task) & (table.c.round == round) & (table.c.node == node)
        values = {"state": "verified" if error is None else "refused"}
        if error is not None:
            values |= {"slug": error.slug[:64], "reason": short(str(error))}
        with self._transaction() as connection:
            connection.execute(update(table).where(mine & (table.c.state == "received")).values(**values))

    def finish_round(self, task: bytes, round: int, link: bytes, next: bytes) -> Row:
        """A closed round is final, unless it is already: then it stays."""
        table = schema.rounds
        with self._transaction() as connection:
            connection.execute(
                update(table)
                .where((table.c.task == task) & (table.c.round == round) & (table.c.state == "closed"))
                .values(state="final", link=link, next=next)
            )
            found = self._round(connection, task, round)
        if found is None or found.state != "final":
            raise InputError(f"round {round} is not closed", slug="round_order", place="store")
        return found

    # --- what went wrong ----------------------------------------------------------------------------------------------

    def refuse(self, task: bytes, round: int, node: bytes, slug: str, reason: str) -> None:
        """Count a refusal. `node`: who signed what was refused; no bytes where nobody is known to have."""
        table = schema.refusals
        mine = {"task": task, "round": round, "node": node, "slug": slug[:64]}
        with self._transaction() as connection:
            if not self._insert(connection, table, **mine, times=1, reason=short(reason)):
                where = [table.c[name] == value for name, value in mine.items()]
                connection.execute(update(table).where(*where).values(times=table.c.times + 1, reason=short(reason)))

    def refused(self, task: bytes, round: int) -> list[tuple[bytes, str, int, str]]:
        """(node, slug, how often, the last reason) of a round, sorted."""
        table = schema.refusals
        with self._transaction() as connection:
            rows = connection.execute(select(table).where((table.c.task == task) & (table.c.round == round))).all()
        return sorted((bytes(row.node), row.slug, int(row.times), row.reason) for row in rows)

    def may_conflict(self, task: bytes, round: int, node: bytes) -> bool:
        """Whether another message of this node in this round would be kept."""
        table = schema.conflicts
        with self._transaction() as connection:
            mine = (table.c.task == task) & (table.c.round == round) & (table.c.node == node)
            return len(connection.execute(select(table.c.message).where(mine)).all()) < MOST_CONFLICTS

    def _keep_conflict(self, connection: Connection, task: bytes, round: int, node: bytes, message: bytes) -> None:
        table = schema.conflicts
        there = connection.execute(
            select(table.c.message).where((table.c.task == task) & (table.c.round == round) & (table.c.node == node))
        ).all()
        if len(there) < MOST_CONFLICTS:
            self._insert(connection, table, task=task, round=round, node=node, message=message)

    def conflicts(self, task: bytes, round: int) -> list[tuple[bytes, bytes]]:
        """(node, digest of a second message that it signed) of a round, sorted."""
        table = schema.conflicts
        with self._transaction() as connection:
            rows = connection.execute(select(table).where((table.c.task == task) & (table.c.round == round))).all()
        return sorted((bytes(row.node), bytes(row.message)) for row in rows)


class Closing:
    """An open closing of a round: `row` and `entries` as they stand, and the call that fixes them."""

    def __init__(self, connection: Connection, task: bytes, row: Row, entries: list[Entry]) -> None:
        self._connection, self._task = connection, task
        self.row, self.entries = row, entries

    def fix(self, closing: bytes) -> None:
        """The round is closed under this digest, unless it is closed already."""
        table = schema.rounds
        mine = (table.c.task == self._task) & (table.c.round == self.row.round) & (table.c.state == "open")
        self._connection.execute(update(table).where(mine).values(state="closed", closing=closing))


def _entry_of(row: Any) -> Entry:
    return Entry(bytes(row.node), bytes(row.reply), bytes_or_none(row.delivery), row.state, row.slug, row.reason)
