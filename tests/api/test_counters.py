"""Counters elsewhere: what they promise, and what a secret asks of them."""

from __future__ import annotations

import gc
import shutil
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import tacit
from tacit.api.counted import RENEWED
from tacit.counters import Counter, FileCounter, PostgresCounter, open_counter
from tacit.errors import AllowanceExceeded, InputError, TacitError

A, B = "a" * 64, "b" * 64


class Connection:
    """A database that speaks as much of PostgreSQL as the counter does: its very statements, placeholders apart."""

    def __init__(self, path: Path) -> None:
        self._inner = sqlite3.connect(path, isolation_level="IMMEDIATE", timeout=30)

    def cursor(self) -> Connection:
        return self

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> None:
        self._rows = self._inner.execute(statement.replace("%s", "?"), values)

    def fetchone(self) -> Any:
        return self._rows.fetchone()

    def commit(self) -> None:
        self._inner.commit()

    def close(self) -> None:
        self._inner.close()


@pytest.fixture(params=["file", "database"])
def counter(request: pytest.FixtureRequest, tmp_path: Path) -> Counter:
    if request.param == "file":
        return open_counter(f"file:{tmp_path / 'counts'}")
    return PostgresCounter(lambda: Connection(tmp_path / "counts.db"))


def refusal(call: Callable[[], object]) -> Any:
    with pytest.raises(TacitError) as caught:
        call()
    return caught.value.with_traceback(None)


def test_numbers_grow(counter: Counter) -> None:
    assert counter.read(A) is None
    assert counter.advance(A, 3)
    assert not counter.advance(A, 3)
    assert not counter.advance(A, 2)
    assert counter.advance(A, RENEWED)
    assert counter.advance(B, 1)
    assert (counter.read(A), counter.read(B)) == (RENEWED, 1)


def test_one_of_many_gets_a_number(counter: Counter) -> None:
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda _: counter.advance(A, 7), range(16)))
    assert sum(won) == 1


def test_a_line_that_was_never_finished(tmp_path: Path) -> None:
    path = tmp_path / "counts"
    counter = FileCounter(path)
    counter.advance(A, 3)
    with path.open("ab") as file:
        file.write(f"{A} 4".encode())
    assert counter.read(A) == 3
    assert counter.advance(A, 4)
    assert path.read_text() == f"{A} 3\n{A} 4\n"
    for broken in (f"{A} 4\n{A} 3\n", "x\n", f"{A} -1\n"):
        path.write_text(broken)
        error = refusal(lambda: counter.read(A))
        assert (error.slug, type(error)) == ("counter_io", InputError)


@pytest.mark.parametrize("start", ["", f"{A} 5\n"])
def test_another_file_is_left_as_it_is(tmp_path: Path, start: str) -> None:
    """Named by mistake: a journal, say, has no end of a line in it."""
    path = tmp_path / "notes"
    for text in ("my thesis", f"{A} x", f"{A}5", f"{A} {10**19}"):
        path.write_text(start + text)
        for call in (lambda: FileCounter(path).read(A), lambda: FileCounter(path).advance(B, 7)):
            assert refusal(call).slug == "counter_io"
            assert path.read_text() == start + text
    path.write_text(f"{start}{A} ")
    FileCounter(path).read(A)
    assert path.read_text() == f"{start}{A} ", "to look changes nothing"


def test_a_counter_is_a_plain_file_that_nobody_keeps(
    made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tacit.counters._PATIENCE", 0.05)
    for path in (tmp_path, "/dev/null", "/dev/zero"):
        assert refusal(lambda p=path: FileCounter(p).read(A)).slug == "counter_io"
    secret = tmp_path / "m.secret"
    made[1]().save(secret)
    gc.collect()
    before = Path(f"{secret}.journal").read_bytes()
    error = refusal(lambda: tacit.Secret.load(secret, counter=f"file:{secret}.journal"))
    assert (error.slug, error.reason.split(",")[0]) == ("counter_io", "another process holds it")
    assert Path(f"{secret}.journal").read_bytes() == before


def test_counters_that_do_not_answer(tmp_path: Path) -> None:
    def broken() -> Any:
        raise OSError("password=hunter2")

    error = refusal(lambda: PostgresCounter(broken).read(A))
    assert error.slug == "counter_io"
    assert "hunter2" not in str(error)
    assert refusal(lambda: FileCounter(tmp_path / "no" / "folder").advance(A, 1)).slug == "counter_io"
    for text in ("", "file:", "mysql://u:hunter2@h/d"):
        error = refusal(lambda t=text: open_counter(t))
        assert error.slug == "counter"
        assert "hunter2" not in str(error)


# --- secrets that have one


@pytest.fixture
def made(case: Any) -> tuple[tacit.Program, Callable[[], tacit.Secret], dict[str, Any]]:
    small = case()
    return small.program, small.commit, small.inputs


def prove(program: tacit.Program, path: Path, inputs: Any, counter: Any) -> int | None:
    """One proof with the secret at a path; what is left. Nothing holds it afterwards."""
    secret = tacit.Secret.load(path, counter=counter)
    tacit.prove(program, secret, inputs)
    return secret.remaining


def test_a_copy_of_both_files_is_noticed(made: Any, counter: Counter, tmp_path: Path) -> None:
    program, commit, inputs = made
    here, there = tmp_path / "m.secret", tmp_path / "copy.secret"
    commit().save(here, counter=counter)
    for suffix in ("", ".journal"):
        shutil.copy(f"{here}{suffix}", f"{there}{suffix}")
    prove(program, there, inputs, counter)
    error = refusal(lambda: prove(program, here, inputs, counter))
    assert (error.slug, type(error)) == ("restored", AllowanceExceeded)
    gc.collect()
    # Renewing is the way on, once: the counter remembers that as well.
    tacit.Secret.load(here, counter=counter).renew()
    gc.collect()
    assert refusal(lambda: tacit.Secret.load(there, counter=counter).renew()).slug == "renewed"
    gc.collect()
    assert refusal(lambda: prove(program, there, inputs, counter)).slug == "renewed"


def test_two_copies_at_once(made: Any, counter: Counter, tmp_path: Path) -> None:
    """Both have looked before either has proven: one proof leaves, the other is kept back."""
    program, commit, inputs = made
    paths = [tmp_path / "a.secret", tmp_path / "b.secret"]
    commit().save(paths[0], counter=counter)
    for suffix in ("", ".journal"):
        shutil.copy(f"{paths[0]}{suffix}", f"{paths[1]}{suffix}")
    looked, answers = threading.Barrier(2, timeout=60), []

    class Slow:
        def read(self, identity: str) -> int | None:
            found = counter.read(identity)
            if threading.current_thread() not in seen:
                seen.add(threading.current_thread())
                looked.wait()
            return found

        advance = staticmethod(counter.advance)

    seen: set[threading.Thread] = set()

    def one(path: Path) -> None:
        try:
            answers.append(prove(program, path, inputs, Slow()) is not None)
        except AllowanceExceeded as error:
            answers.append(error.slug)

    threads = [threading.Thread(target=one, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, answers)) == ["True", "restored"]


def test_threads_share_one_secret(made: Any, counter: Counter, tmp_path: Path) -> None:
    program, commit, inputs = made
    secret = commit()
    secret.save(tmp_path / "m.secret", counter=counter)
    left = secret.remaining
    with ThreadPoolExecutor(left) as pool:
        list(pool.map(lambda _: tacit.prove(program, secret, inputs), range(left)))
    assert secret.remaining == 0
    assert counter.read(secret.commitment.identity) == secret._native.records


def test_a_counter_from_now_on(made: Any, counter: Counter, tmp_path: Path) -> None:
    program, commit, inputs = made
    path = tmp_path / "m.secret"
    commit().save(path)
    shutil.copy(f"{path}.journal", tmp_path / "before")
    prove(program, path, inputs, counter)
    gc.collect()
    assert refusal(lambda: prove(program, path, inputs, None)).slug == "counter"
    gc.collect()
    # Another counter, or one that was lost, knows nothing.
    other = FileCounter(tmp_path / "other")
    assert refusal(lambda: prove(program, path, inputs, other)).slug == "counter"
    gc.collect()
    # Back before it was asked for.
    shutil.copy(tmp_path / "before", f"{path}.journal")
    assert refusal(lambda: prove(program, path, inputs, counter)).slug == "restored"


def test_a_counter_that_fails_keeps_the_proof(made: Any, tmp_path: Path) -> None:
    program, commit, inputs = made
    counter = FileCounter(tmp_path / "counts")
    path = tmp_path / "m.secret"
    commit().save(path, counter=counter)

    class Broken:
        read = staticmethod(counter.read)

        def advance(self, identity: str, count: int) -> bool:
            raise InputError("gone", slug="counter_io", place="counter")

    assert refusal(lambda: prove(program, path, inputs, Broken())).slug == "counter_io"
    gc.collect()
    # It is spent in the journal, and the next one goes on from there.
    left = prove(program, path, inputs, counter)
    assert left == commit().remaining - 2


def test_no_journal_without_its_counter(made: Any, tmp_path: Path) -> None:
    """A save that ends anywhere leaves no secret that proves uncounted."""
    program, commit, inputs = made
    counter = FileCounter(tmp_path / "counts")

    class Ends:
        """Ends the process' work at the n-th question."""

        def __init__(self, left: int) -> None:
            self.left = left

        def read(self, identity: str) -> int | None:
            self._count()
            return counter.read(identity)

        def advance(self, identity: str, count: int) -> bool:
            self._count()
            return counter.advance(identity, count)

        def _count(self) -> None:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt

    for asked in range(5):
        path = tmp_path / f"{asked}.secret"
        try:
            commit().save(path, counter=Ends(asked))
        except KeyboardInterrupt:
            assert not path.exists()
            assert not Path(f"{path}.journal").exists()
            continue
        break
    assert asked == 3, "each of the three questions was the last one"
    gc.collect()
    assert refusal(lambda: prove(program, path, inputs, None)).slug == "counter"
    gc.collect()
    assert prove(program, path, inputs, counter) is not None


def test_renewals_of_copies_cannot_both_be_saved(made: Any, counter: Counter, tmp_path: Path) -> None:
    """Two renewals make one commitment; where its counter has begun, a second journal for it is refused."""
    program, commit, inputs = made
    old = tmp_path / "old.secret"
    commit().save(old)
    shutil.copy(f"{old}.journal", tmp_path / "backup")
    tacit.Secret.load(old).renew().save(tmp_path / "new.secret", counter=counter)
    gc.collect()
    prove(program, tmp_path / "new.secret", inputs, counter)
    shutil.copy(tmp_path / "backup", f"{old}.journal")
    again = tacit.Secret.load(old).renew()
    assert refusal(lambda: again.save(tmp_path / "again.secret", counter=counter)).slug == "restored"
    assert not (tmp_path / "again.secret").exists()


def test_something_else_is_no_counter(made: Any, tmp_path: Path) -> None:
    secret = made[1]()
    wrong: Any = 7
    assert refusal(lambda: secret.save(tmp_path / "m.secret", counter=wrong)).slug == "type"
    assert list(tmp_path.iterdir()) == []
