"""Fixtures: a fresh database of either kind, and a lineage with somebody who forges it.

PostgreSQL is started here, in a temporary folder, where it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from local_postgres import fresh_postgres, postgres_server

if TYPE_CHECKING:
    from little_network import LittleNetwork
    from spoiled_lineage import Forger

pytest.register_assert_rewrite("attackers", "spoiled_lineage")


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


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> LittleNetwork:
    """Two rounds; in the second a node's proof is refused, another's does not come, and a third stays away."""
    from little_network import LittleNetwork  # keys need a library that not every test here does
    from spoiled_lineage import lying

    from tacit.network.submission import Submission

    made = LittleNetwork(tmp_path_factory.mktemp("network"), counts=((8,), (12,), (8, 8), (8,), (8,)))
    made.register()
    made.run(1)
    made.begin()
    brief = made.server.brief()
    answers = [node.answer(brief) for node in made.nodes]
    for answer in answers[:2]:
        made.server.receive(answer)
    made.server.receive(Submission(answers[2].reply, answers[2].arrays, answers[2].commitment))
    lying(made, 3, answers[3])
    made.end()
    return made


@pytest.fixture
def folder(network: LittleNetwork, tmp_path: Path) -> Path:
    """A copy of the lineage, to be spoiled."""
    from tacit.network.lineage import export

    export(network.server.store, network.digest, tmp_path / "lineage", schema=b"a schema")
    return tmp_path / "lineage"


@pytest.fixture
def forger(folder: Path) -> Forger:
    from spoiled_lineage import Forger

    return Forger(folder)
