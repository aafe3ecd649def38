"""Counters that stand elsewhere than a secret's journal, so that a journal that was turned back is noticed (ADR 0009).

    secret.save("model.secret", counter="file:/mnt/other/counts")
    secret = tacit.Secret.load("model.secret", counter="postgresql://host/database")

A counter keeps one number for every commitment: entries of its journal, as far as anything that follows from them has left. It
only ever grows. Where it is ahead of the journal, the journal is an older copy.
"""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, runtime_checkable

from tacit.errors import InputError, MissingDependency

_LINE = re.compile(rb"([0-9a-f]{64}) ([0-9]{1,19})\n")
#: Seconds to wait for other processes.
_PATIENCE = 30.0
#: What a crash leaves of one.
_PART = re.compile(rb"[0-9a-f]{0,64}|[0-9a-f]{64} [0-9]{0,19}")


@runtime_checkable
class Counter(Protocol):
    """What a secret asks of a counter. Both calls raise InputError (slug counter_io) when they cannot be answered."""

    def read(self, identity: str) -> int | None:
        """The number of this commitment (64 hexadecimal digits); None if it was never counted here."""

    def advance(self, identity: str, count: int) -> bool:
        """Raise the number to `count`, from less or from none, in one step that survives a crash; False if it is not less."""


def open_counter(where: str) -> Counter:
    """`file:PATH` or `postgresql://..` as a counter; nothing is opened yet. Raises InputError, MissingDependency."""
    if where.startswith("file:") and len(where) > len("file:"):
        return FileCounter(where.removeprefix("file:"))
    if where.startswith(("postgresql://", "postgres://")):
        return PostgresCounter.connect(where)
    # The text may hold a password: it is not repeated.
    raise InputError(
        "expected file:PATH or postgresql://HOST/DATABASE, got another text",
        slug="counter",
        place="counter",
        remedy="for example file:/mnt/other/counts: on another disk than the secret, and not in its backups",
    )


class FileCounter:
    """Numbers in a file, one line each time one grows; for a disk that is not restored together with the secret's.

    Processes take turns by a lock on the file, so it must be on a file system that locks.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def read(self, identity: str) -> int | None:
        """As `Counter.read`."""
        if not os.path.exists(self.path):
            return None
        with self._locked() as file:
            return self._numbers(file)[0].get(identity)

    def advance(self, identity: str, count: int) -> bool:
        """As `Counter.advance`; on the disk when it returns."""
        with self._locked() as file:
            numbers, end = self._numbers(file)
            if numbers.get(identity, -1) >= count:
                return False
            file.seek(end)
            file.truncate()
            file.write(f"{identity} {count}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        folder = os.open(os.path.dirname(os.path.abspath(self.path)), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

    def _numbers(self, file: Any) -> tuple[dict[str, int], int]:
        """All numbers, and where their lines end. Of a last one that was never finished nothing left on its account.

        Anything else is no counter's, and stays as it is: another file may have been named by mistake.
        """
        data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        if not _PART.fullmatch(data, len(whole)):
            raise self._broken("it ends with what is no count")
        found: dict[str, int] = {}
        at = 0
        while at < len(whole):
            line = _LINE.match(whole, at)
            if line is None:
                raise self._broken("it has a line that is no count")
            identity, count = line[1].decode(), int(line[2])
            if found.get(identity, -1) >= count:
                raise self._broken("a count in it falls")
            found[identity] = count
            at = line.end()
        return found, at

    @contextmanager
    def _locked(self) -> Iterator[Any]:
        import fcntl

        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
            with os.fdopen(handle, "r+b") as file:
                if not stat.S_ISREG(os.fstat(handle).st_mode):  # a device has no end, a pipe none yet
                    raise self._broken("it is no plain file")
                self._lock(lambda: fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB))
                yield file
        except OSError as error:
            raise InputError(error.strerror or str(error), slug="counter_io", place=f"counter {self.path}") from None

    def _lock(self, take: Callable[[], None]) -> None:
        """Wait for the lock, which nobody needs for long. A journal named by mistake is held as long as its secret."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                return take()
            except BlockingIOError:
                if time.monotonic() > end:
                    raise self._broken("another process holds it, or it is no counter's") from None
                time.sleep(0.01)

    def _broken(self, reason: str) -> InputError:
        return InputError(
            reason, slug="counter_io", place=f"counter {self.path}", remedy="bring back the counter's file as it was"
        )


class PostgresCounter:
    """Numbers in a table of a PostgreSQL database, a row for each commitment (psycopg, the extra `postgres`).

    Each call is a connection and a transaction of its own, which has reached the disk when it returns.
    """

    TABLE = "CREATE TABLE IF NOT EXISTS tacit_counter (identity text PRIMARY KEY, count bigint NOT NULL)"
    READ = "SELECT count FROM tacit_counter WHERE identity = %s"
    #: One statement: of two that race to the same number, one gets a row.
    ADVANCE = (
        "INSERT INTO tacit_counter (identity, count) VALUES (%s, %s) "
        "ON CONFLICT (identity) DO UPDATE SET count = excluded.count "
        "WHERE tacit_counter.count < excluded.count RETURNING count"
    )

    def __init__(self, connect: Callable[[], Any]) -> None:
        """`connect` gives a new connection of Python's database interface, as `psycopg.connect` does."""
        self._connect = connect

    @classmethod
    def connect(cls, url: str) -> PostgresCounter:
        """The counter of a database. Raises MissingDependency without psycopg."""
        try:
            import psycopg
        except ImportError:
            raise MissingDependency(
                "counters in PostgreSQL need psycopg",
                place="counter",
                remedy="pip install 'tacit[postgres]'",
            ) from None
        # "remote_apply" and "off" would be other promises; "on" is the disk of the server itself.
        return cls(lambda: psycopg.connect(url, options="-c synchronous_commit=on"))

    def read(self, identity: str) -> int | None:
        """As `Counter.read`."""
        row = self._one(self.READ, (identity,))
        return None if row is None else int(row[0])

    def advance(self, identity: str, count: int) -> bool:
        """As `Counter.advance`."""
        return self._one(self.ADVANCE, (identity, count)) is not None

    def _one(self, statement: str, values: tuple[Any, ...]) -> Any:
        """The first row, of a transaction that is over when this returns."""
        try:
            connection = self._connect()
            try:
                cursor = connection.cursor()
                cursor.execute(self.TABLE)
                cursor.execute(statement, values)
                row = cursor.fetchone()
                connection.commit()
                return row
            finally:
                connection.close()
        except Exception as error:  # psycopg.Error, or another driver's
            # Its text may name the host and user; the kind is enough to know where to look.
            raise InputError(
                f"the database does not answer: {type(error).__name__}",
                slug="counter_io",
                place="counter",
                remedy="check that the database can be reached, and that this user may create and write tacit_counter",
            ) from None
