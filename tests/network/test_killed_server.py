"""A server and its nodes, killed (SIGKILL) at every step that leaves something behind, and started again: the same links.

A step is the renaming of a file and the end of a transaction. A process that is a copy of this one does the rounds, and ends
itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from little_network import START, Clock, LittleNetwork
from local_postgres import fresh_postgres
from sqlalchemy import Engine, event

ROUNDS = 2


def whole(folder: Path, url: str) -> list[str]:
    """Two rounds, from wherever they were left; their links."""
    network = LittleNetwork(folder, url=url, counts=((8,), (8,)), clock=Clock(START))
    assert all(outcome.taken for outcome in network.register())
    store, task = network.server.store, network.digest
    for number in range(1, ROUNDS + 1):
        row = store.round(task)
        if row is not None and (row.round > number or (row.round == number and row.state == "final")):
            continue
        network.clock.now = START + 1000 * (number - 1)
        if row is None or row.round < number or row.state == "open":
            network.begin()
            assert all(outcome.taken for outcome in network.answer())
            network.server.close()
        network.server.finish()
    rows = [store.round(task, number) for number in range(1, ROUNDS + 1)]
    store.close()
    return [(row.link or b"").hex() for row in rows if row is not None]


@contextmanager
def steps(at: int, count: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Kill this process in front of step number `at`; `count` is called at each."""
    left = at

    def step(*_: object) -> None:
        nonlocal left
        count()
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    replace = os.replace

    def replaced(*arguments: object, **options: object) -> None:
        step()
        replace(*arguments, **options)  # type: ignore[arg-type]

    event.listen(Engine, "commit", step)
    os.replace = replaced  # type: ignore[assignment]
    try:
        yield
    finally:
        os.replace = replace
        event.remove(Engine, "commit", step)


def forked(work: Callable[[], None]) -> int:
    """Do it in a copy of this process; how that ended: 0, or the signal."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def killed_everywhere(tmp_path: Path, address: Callable[[Path], str], every: int) -> None:
    tmp_path.joinpath("whole").mkdir()
    counted = 0

    def count() -> None:
        nonlocal counted
        counted += 1

    with steps(-1, count):
        links = whole(tmp_path / "whole", address(tmp_path / "whole"))
    assert len(set(links)) == ROUNDS
    assert counted > 60
    for at in range(0, counted, every):
        folder = tmp_path / f"killed-{at}"
        folder.mkdir()
        url = address(folder)

        def once(at: int = at, folder: Path = folder, url: str = url) -> None:
            with steps(at):
                whole(folder, url)

        assert forked(once) == signal.SIGKILL
        assert whole(folder, url) == links, f"killed at step {at} of {counted}"


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a killed process has written stays: only a machine that stops loses what was not flushed."""

    def unflushed(connection: Any, _: object) -> None:
        if "sqlite" in type(connection).__module__:
            connection.execute("PRAGMA synchronous=OFF").close()

    monkeypatch.setattr(os, "fsync", lambda _: None)
    event.listen(Engine, "connect", unflushed)
    yield
    event.remove(Engine, "connect", unflushed)


@pytest.mark.slow
def test_sqlite(tmp_path: Path) -> None:
    killed_everywhere(tmp_path, lambda folder: f"sqlite:///{folder}/rounds.db", 1)


@pytest.mark.slow
def test_postgresql(tmp_path: Path, postgres: str) -> None:
    killed_everywhere(tmp_path, lambda _: fresh_postgres(postgres), 7)
