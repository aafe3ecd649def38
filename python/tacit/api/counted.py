"""A secret beside its counter: nothing leaves that the counter does not know of, and a journal behind it is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tacit import _native
from tacit.api.native import failures
from tacit.counters import Counter, open_counter
from tacit.errors import AllowanceExceeded, InputError

#: The number of a commitment that was renewed: no journal reaches it.
RENEWED = 2**62
#: The number of one whose secret is being saved. Any journal has more entries.
_BEGUN = 1


def counter_of(counter: Counter | str | None) -> Counter | None:
    """A counter, or the text that names one. Raises InputError (slugs counter, type), MissingDependency."""
    if counter is None or (isinstance(counter, Counter) and not isinstance(counter, str)):
        return counter
    if isinstance(counter, str):
        return open_counter(counter)
    raise InputError(f"expected a counter or its name, got {type(counter).__name__}", slug="type", place="counter")


class Counted:
    """The count of one secret, here and there. Threads that prove with it share one."""

    def __init__(self, native: _native.Slab, counter: Counter | None = None) -> None:
        self._native = native
        self._counter = counter
        self._identity = native.identity.hex()
        self._lock = threading.Lock()
        #: Threads inside `counting`, and what the counter said when the first came or was raised to since.
        self._inside = 0
        self._reached = 0

    def begin(self, counter: Counter) -> None:
        """Before a first journal is written: the counter must not know the commitment. Raises AllowanceExceeded (restored)."""
        found = counter.read(self._identity)
        if found is not None and found > _BEGUN:
            raise self._refused(found)
        counter.advance(self._identity, _BEGUN)
        self._counter = counter

    def attach(self) -> None:
        """Note in the journal that this counter must agree from here on; one that it does not know is begun there.

        An older copy, from before the note, is left as it is: it may be looked at and renewed.
        """
        if self._counter is None or self._native.counter:
            return
        found = self._counter.read(self._identity)
        if found is None:
            self._counter.advance(self._identity, _BEGUN)
        if (found or 0) <= self._native.records:
            with failures():
                self._native.require_counter()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Around whatever writes to the journal: what it makes is given away only once the counter has the journal's number.

        Raises AllowanceExceeded (restored, renewed, counter), InputError (counter_io).
        """
        if self._counter is None:
            if self._native.counter:
                raise self._error("counter", "its journal asks for the counter that it was saved with, got none")
            yield
            return
        self._enter(self._counter)
        try:
            yield
        finally:
            self._leave(self._counter)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Around a renewal, which may be of an older copy, but not of one that the counter knows to be renewed.

        After it no copy of the journal counts any more. Raises AllowanceExceeded (renewed), InputError (counter_io).
        """
        if self._counter is not None and self._counter.read(self._identity) == RENEWED:
            raise self._refused(RENEWED)
        yield
        if self._counter is not None and not self._counter.advance(self._identity, RENEWED):
            raise self._refused(RENEWED)

    def _enter(self, counter: Counter) -> None:
        with self._lock:
            found = counter.read(self._identity)
            if found is None:
                raise self._error("counter", "the counter does not know this commitment")
            # While another thread is inside, the counter moves by this object alone, or by a copy.
            if found > (self._reached if self._inside else self._native.records):
                raise self._refused(found)
            if not self._inside:
                self._reached = found
            self._inside += 1

    def _leave(self, counter: Counter) -> None:
        with self._lock:
            self._inside -= 1
            here = self._native.records
            if here > self._reached:
                if not counter.advance(self._identity, here):
                    raise self._refused(counter.read(self._identity))
                self._reached = here

    def _refused(self, found: int | None) -> AllowanceExceeded:
        if found == RENEWED:
            return AllowanceExceeded(
                "the counter says that this commitment was renewed",
                slug="renewed",
                place=self._native.slab,
                remedy="use the secret that it was renewed to; this one is an older copy",
            )
        return self._error(
            "restored",
            f"the counter is at {found}, the journal at {self._native.records}: the journal is an older copy, or the "
            "secret is in use twice",
        )

    def _error(self, slug: str, reason: str) -> AllowanceExceeded:
        remedies = {
            "counter": "name the counter (counter=.., --counter); if it is lost: tacit commit renew OLD.secret -o NAME",
            "restored": "never prove with it: tacit commit renew OLD.secret -o NAME (a child: rotate its master)",
        }
        return AllowanceExceeded(reason, slug=slug, place=self._native.slab, remedy=remedies[slug])
