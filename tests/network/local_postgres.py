"""PostgreSQL in a temporary folder, and fresh databases in it."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

#: Where distributions put the programs that are on nobody's path.
FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def program(name: str) -> str | None:
    return shutil.which(name) or next((str(folder / name) for folder in FOLDERS if (folder / name).exists()), None)


@contextmanager
def postgres_server() -> Iterator[str]:
    """The folder of a server's socket; skipped where PostgreSQL or psycopg is missing."""
    initdb, server = program("initdb"), program("postgres")
    if initdb is None or server is None or find_spec("psycopg") is None:
        pytest.skip("needs PostgreSQL and psycopg")
    # It refuses root: then it runs as the user that its package made, or as nobody.
    user = next((name for name in ("postgres", "nobody") if os.geteuid() == 0 and _exists(name)), None)
    with tempfile.TemporaryDirectory(prefix="tacit-pg-") as name:
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        options = {"user": user, "cwd": folder, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C"}}
        data = str(folder / "data")
        made = subprocess.run(
            [initdb, "-D", data, "-A", "trust", "-U", "tacit", "-N"], capture_output=True, check=False, **options
        )
        if made.returncode:
            pytest.skip(f"initdb: {made.stderr.decode()[-200:]}")
        command = [server, "-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        try:
            _wait(str(folder), process)
            yield str(folder)
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing in its folder is kept
            process.wait(timeout=60)


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _wait(folder: str, process: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(200):
        try:
            psycopg.connect(host=folder, user="tacit", dbname="postgres").close()
        except psycopg.OperationalError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the server does not answer")


def fresh_postgres(folder: str) -> str:
    import psycopg

    name = f"t{os.urandom(6).hex()}"
    with psycopg.connect(host=folder, user="tacit", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql://tacit@/{name}?host={folder}"
