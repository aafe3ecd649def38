"""Fixtures: a fresh database of either kind. PostgreSQL is started here, in a temporary folder, where it is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from local_postgres import fresh_postgres, postgres_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The folder of a server's socket; skipped where PostgreSQL or psycopg is missing."""
    with postgres_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/rounds.db"
    return fresh_postgres(request.getfixturevalue("postgres"))
