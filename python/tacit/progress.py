"""Word on stderr that a call goes on, for those who wait: nothing below a second, two lines above."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

#: Work that takes longer than this many seconds shows that it goes on.
PATIENCE = 1.0

#: Whether somebody outside already tells of the work: then the calls inside are silent.
_told: ContextVar[bool] = ContextVar("told", default=False)


@contextmanager
def told() -> Iterator[None]:
    """Run the body, whose progress the caller shows by itself."""
    token = _told.set(True)
    try:
        yield
    finally:
        _told.reset(token)


def note(message: str) -> None:
    """Say something on stderr that is worth knowing before work goes on; silent where the caller tells of it by itself."""
    if message and not _told.get():
        print(f"tacit: {message}", file=sys.stderr, flush=True)


@contextmanager
def slow(message: str) -> Iterator[None]:
    """Run the body; if it takes longer than `PATIENCE` seconds, say so on stderr, and at its end how long it took."""
    if _told.get():
        yield
        return
    shown = threading.Event()

    def show() -> None:
        shown.set()
        print(f"tacit: {message} ...", file=sys.stderr, flush=True)

    timer = threading.Timer(PATIENCE, show)
    timer.daemon = True
    start = time.perf_counter()
    timer.start()
    try:
        with told():
            yield
    finally:
        timer.cancel()
        if shown.is_set():
            print(f"tacit: {message}: {time.perf_counter() - start:.1f} s", file=sys.stderr, flush=True)
