"""The tables, one schema for SQLite and PostgreSQL. Digests and keys are 32 bytes; what they name lies in the objects' folder."""

from __future__ import annotations

from tacit.errors import MissingDependency

try:
    from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text
except ImportError:
    raise MissingDependency(
        "a server keeps its rounds with SQLAlchemy", place="store", remedy="pip install 'tacit[network]'"
    ) from None

#: Raised when a table changes, or bytes that its digests name (2: short links; 3: values of reveals).
#: A store of another version is refused.
VERSION = 3

metadata = MetaData()


def _digest(name: str, *, key: bool = False, absent: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary(32), primary_key=key, nullable=absent)


versions = Table("tacit_version", metadata, Column("version", Integer, primary_key=True))

tasks = Table("tacit_task", metadata, _digest("task", key=True))

#: One registration, so one manifest, a node.
nodes = Table(
    "tacit_node",
    metadata,
    _digest("task", key=True),
    _digest("node", key=True),
    _digest("registration"),
    _digest("deployment"),
    _digest("manifest"),
    _digest("chain", absent=True),
)

#: One node a shard.
shards = Table(
    "tacit_shard",
    metadata,
    _digest("task", key=True),
    _digest("identity", key=True),
    _digest("node"),
    _digest("commitment"),
    Column("records", BigInteger, nullable=False),
    Column("lowest", BigInteger, nullable=False),
    Column("highest", BigInteger, nullable=False),
)

#: state: open, closed, final
rounds = Table(
    "tacit_round",
    metadata,
    _digest("task", key=True),
    Column("round", BigInteger, primary_key=True),
    Column("state", String(8), nullable=False),
    _digest("announcement"),
    _digest("evidence", absent=True),
    _digest("beacon", absent=True),
    _digest("closing", absent=True),
    _digest("link", absent=True),
    _digest("next", absent=True),
)

#: state: received, verified, refused
contributions = Table(
    "tacit_contribution",
    metadata,
    _digest("task", key=True),
    Column("round", BigInteger, primary_key=True),
    _digest("node", key=True),
    _digest("reply"),
    _digest("delivery", absent=True),
    Column("state", String(8), nullable=False),
    Column("slug", String(64), nullable=False),
    Column("reason", Text, nullable=False),
)

#: A second, other reply or delivery of a node: what it signed, kept as evidence.
conflicts = Table(
    "tacit_conflict",
    metadata,
    _digest("task", key=True),
    Column("round", BigInteger, primary_key=True),
    _digest("node", key=True),
    _digest("message", key=True),
)

#: What was refused and by whom it was signed (nobody: zero bytes), counted: rows are bounded by nodes and slugs.
refusals = Table(
    "tacit_refusal",
    metadata,
    _digest("task", key=True),
    Column("round", BigInteger, primary_key=True),
    _digest("node", key=True),
    Column("slug", String(64), primary_key=True),
    Column("times", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
)

reveals = Table(
    "tacit_reveal",
    metadata,
    _digest("task", key=True),
    Column("round", BigInteger, primary_key=True),
    _digest("node", key=True),
    _digest("value"),
)
