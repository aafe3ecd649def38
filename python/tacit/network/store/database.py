"""The database itself: SQLite or PostgreSQL, transactions, and rows that are inserted if they are new."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tacit.errors import InputError, MissingDependency
from tacit.network.store import schema

try:
    from sqlalchemy import Connection, Engine, Table, create_engine, event, literal, select, text
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
except ImportError:
    raise MissingDependency(
        "a server keeps its rounds with SQLAlchemy", place="store", remedy="pip install 'tacit[network]'"
    ) from None

#: Characters of a reason that are kept.
_MOST_REASON = 500
#: Of PostgreSQL's advisory locks: who makes the tables.
_LOCK = 0x7461636974


class Database:
    """Connections, and the tables of `tacit.network.store.schema` in it."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        with self._transaction() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            schema.metadata.create_all(connection)
            versions = select(schema.versions.c.version)
            # Of another release's store nothing is changed: that one goes on with it.
            if connection.execute(versions).first() is None:
                self._insert(connection, schema.versions, version=schema.VERSION)
            found = [row[0] for row in connection.execute(versions)]
        if found != [schema.VERSION]:
            raise InputError(
                f"expected tables of version {schema.VERSION}, got {sorted(found)}",
                slug="store_version",
                place="store",
                remedy="use the release of tacit that made them, or another database",
            )

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            # Its text may hold the address and the user.
            raise InputError(
                f"the database does not answer: {type(error).__name__}",
                slug="store",
                place="store",
                remedy="check that the database can be reached and written",
            ) from None

    def _insert(self, connection: Connection, table: Table, **values: Any) -> bool:
        """Whether the row was new. An INSERT's count of rows is not to be had from every driver: RETURNING is."""
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(table).values(**values).on_conflict_do_nothing().returning(literal(1))
        return connection.execute(statement).first() is not None


def _engine(url: str) -> Engine:
    try:
        address = make_url(url)
        if address.drivername == "postgresql":
            address = address.set(drivername="postgresql+psycopg")
        name = address.get_backend_name()
        if name not in ("sqlite", "postgresql") or (name == "sqlite" and address.database in (None, "", ":memory:")):
            raise ArgumentError
        # Text is UTF-8 whatever the server's own encoding; what was committed is on the server's disk.
        settings = {"client_encoding": "utf8", "options": "-c synchronous_commit=on"} if name == "postgresql" else {}
        engine = create_engine(address, connect_args=settings)
    except ImportError:
        raise MissingDependency(
            "stores in PostgreSQL need psycopg", place="store", remedy="pip install 'tacit[postgres]'"
        ) from None
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise InputError(
            "expected sqlite:///FILE or postgresql://HOST/DATABASE, got another text", slug="store", place="store"
        ) from None
    if name == "sqlite":
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _prepare(connection: Any, _: Any) -> None:
    """SQLite: the driver itself begins late, and for reading first; here every transaction takes the lock when it begins."""
    connection.isolation_level = None
    for setting in ("busy_timeout=20000", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {setting}").close()


def bytes_or_none(value: Any) -> bytes | None:
    """A digest of a row, as whichever type the driver gives it."""
    return None if value is None else bytes(value)


def short(reason: str) -> str:
    """What fits a row: PostgreSQL's text has no NUL."""
    return re.sub(r"[\x00-\x1f\ud800-\udfff]", "?", reason)[:_MOST_REASON]
