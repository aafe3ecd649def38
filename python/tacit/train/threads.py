"""Threads of numeric libraries while a short training runs, which a proof follows.

The threads of a BLAS wait for more work by spinning, and a proof that begins then shares its processors with them: behind a
step of 6.5 million products a proof took 0.14 s in place of 0.17 s where one thread had computed them (two cores, medians of 40).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

#: Products of one pass over all steps below which one thread is enough.
SHORT = 1 << 24


@cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded now: NumPy's own is."""
    return ThreadpoolController()


@contextmanager
def short_work(products: int) -> Iterator[None]:
    """Within it products of arrays are computed by one thread, if there are few: the process's setting, put back afterwards."""
    if products > SHORT:
        yield
        return
    with _libraries().limit(limits=1, user_api="blas"):
        yield
