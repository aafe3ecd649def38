"""A save that is killed at any point: what it leaves is found and removed, and nothing else is."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import tacit
from tacit.api import leftovers
from tacit.errors import AllowanceExceeded, InputError

Compiled = tuple[tacit.Program, tacit.Weights]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks as Unix has them")

#: Saves a secret, and stops for good at the named call: before the rename, or before the journal.
KILLED = """
import os, sys, signal
import tacit
from tacit import _native
from tacit.api import native
folder, where = sys.argv[1:]
program, weights = tacit.Program.load(folder + "/p"), tacit.Weights.load(folder + "/w")
secret = tacit.commit_model(program, weights)
def stop(*_):
    print("stopped", flush=True)
    signal.pause()
if where == "rename":
    os.replace = stop
else:
    native.leftovers.temporary = lambda *given, make=native.leftovers.temporary: (make(*given), stop())[0]
secret.save(folder + "/m.secret")
"""


def stopped(compiled: Compiled, folder: Path, where: str) -> subprocess.Popen[str]:
    """A process that saves m.secret and has come so far."""
    program, weights = compiled
    program.save(folder / "p")
    weights.save(folder / "w")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", KILLED, str(folder), where]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "stopped\n"
    return process


def hidden(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.startswith("."))


@pytest.mark.parametrize("where", ["rename", "empty"])
def test_a_killed_save_leaves_nothing_that_stays(compiled: Compiled, tmp_path: Path, where: str) -> None:
    process = stopped(compiled, tmp_path, where)
    try:
        left = hidden(tmp_path)
        assert len(left) == 1
        # It lives: nothing is taken from it.
        leftovers.remove(tmp_path / "m.secret")
        assert hidden(tmp_path) == left
        assert (tmp_path / "m.secret.journal").exists() == (where == "rename")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert hidden(tmp_path) == left
    program, weights = compiled
    if where == "rename":
        with pytest.raises(InputError) as missing:
            tacit.Secret.load(tmp_path / "m.secret")
        assert missing.value.slug == "file"
        assert not (tmp_path / "m.secret.journal").exists(), "its secret never had a name"
    secret = tacit.commit_model(program, weights)
    secret.save(tmp_path / "m.secret")
    assert hidden(tmp_path) == []
    del secret
    assert tacit.Secret.load(tmp_path / "m.secret").remaining == 3


def test_only_leftovers_are_removed(compiled: Compiled, tmp_path: Path) -> None:
    target, digits = tmp_path / "m.secret", "0123456789abcdef"
    precious = tmp_path / "precious"
    precious.write_bytes(b"kept")
    kept = {
        f".m.secret.{digits[:-1]}": None,
        f".m.secret.{digits}.bak": None,
        f".m.secret.{digits.upper()}": None,
        f".other.secret.{digits}": None,
        f".mXsecret.{digits}": None,
    }
    for name in kept:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / f".m.secret.{'1' * 16}").symlink_to(precious)
    os.link(precious, tmp_path / f".m.secret.{'2' * 16}")
    os.mkfifo(tmp_path / f".m.secret.{'3' * 16}")
    (tmp_path / f".m.secret.{'4' * 16}").mkdir()
    before = hidden(tmp_path)
    (tmp_path / f".m.secret.{digits}").write_bytes(b"left")
    leftovers.remove(target)
    assert hidden(tmp_path) == before
    assert precious.read_bytes() == b"kept"


def test_the_journal_of_another_secret_stays(compiled: Compiled, tmp_path: Path) -> None:
    program, weights = compiled
    for name in ("a", "b"):
        tacit.commit_model(program, weights).save(tmp_path / f"{name}.secret")
    # a's secret was moved, and a save of another one to its name was killed.
    (tmp_path / "a.secret").rename(tmp_path / "moved")
    (tmp_path / "b.secret").rename(tmp_path / f".a.secret.{'0' * 16}")
    with pytest.raises(InputError) as refused:
        tacit.commit_model(program, weights).save(tmp_path / "a.secret")
    assert refused.value.slug == "exists"
    assert "removed once its secret is gone" in refused.value.remedy
    assert hidden(tmp_path) == []
    (tmp_path / "moved").rename(tmp_path / "a.secret")
    assert tacit.Secret.load(tmp_path / "a.secret").remaining == 3


def test_others_cannot_open_secret_or_journal(compiled: Compiled, tmp_path: Path) -> None:
    path, journal = tmp_path / "m.secret", tmp_path / "m.secret.journal"
    mask = os.umask(0)
    try:
        tacit.commit_model(*compiled).save(path)
    finally:
        os.umask(mask)
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (path, journal)]
    assert modes == [0o600, 0o600]
    path.chmod(0o644)
    journal.chmod(0o666)
    held = tacit.Secret.load(path)
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (path, journal)]
    assert modes == [0o600, 0o600]
    with pytest.raises(AllowanceExceeded) as refused:
        tacit.Secret.load(path)
    assert refused.value.slug == "allowance_locked"
    assert held.remaining == 3
