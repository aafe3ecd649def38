"""Replies as they come: one that cannot be read, or never comes, holds up no other.

Flower's own `send_and_receive` pulls all replies in one call, which one unreadable reply ends, and looks every three seconds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import httpx
from flwr.app import Message, RecordDict
from flwr.serverapp import Grid
from flwr.supercore.run import Run

#: Takes a reply of a node (None: it cannot be read), and gives what is to be sent then, and who takes the answers.
Hook = Callable[[int, "Message | None"], "Iterable[tuple[Message, Hook]]"]


@dataclass(frozen=True)
class _Waiting:
    node: int
    hook: Hook
    until: float


class Collector(Grid):
    """Another Grid, asked patiently. `poll`: seconds between looks."""

    def __init__(self, grid: Grid, poll: float) -> None:
        self.below, self._poll = grid, poll
        self._waiting: dict[str, _Waiting] = {}
        self._next: tuple[Hook, float] | None = None

    def exchange(self, messages: Iterable[Message], seconds: float, hook: Hook) -> None:
        """Send, and give every reply to the hook as it comes, until all have answered or the time is over.

        What comes later goes to the hook whenever replies are looked for again, until the message's own time is over.
        """
        end = time.monotonic() + seconds
        mine = self._send([(message, hook) for message in messages])
        while True:
            came = self._look(mine)
            if not mine & self._waiting.keys() or (not came and time.monotonic() >= end):
                return
            if not came:
                time.sleep(self._poll)

    def _send(self, messages: Iterable[tuple[Message, Hook]]) -> set[str]:
        pairs = list(messages)
        sent = [message for message, _ in pairs]
        names, found = list(self.below.push_messages(sent)) if sent else [], set[str]()
        now = time.monotonic()
        if len(names) != len(sent):
            # Some could not be sent, and are left out: the others are known by their own names.
            names = [name if (name := message.metadata.message_id) in names else "" for message in sent]
        for name, (message, hook) in zip(names, pairs, strict=True):
            if name:
                self._waiting[name] = _Waiting(message.metadata.dst_node_id, hook, now + message.metadata.ttl)
                found.add(name)
        return found

    def _look(self, mine: set[str]) -> bool:
        """Take what came, and send what the hooks give; whether anything came."""
        came = False
        for name in list(self._waiting):
            # One by one: what came together with a reply that cannot be read would be lost with it.
            for reply in self._pull(name):
                waiting, came = self._waiting.pop(name), True
                mine |= self._send(waiting.hook(waiting.node, reply))
        now = time.monotonic()
        self._waiting = {name: one for name, one in self._waiting.items() if one.until > now}
        return came

    def _pull(self, name: str) -> list[Message | None]:
        """The reply to a message, if it is there; None for one that cannot be read."""
        try:
            return list(self.below.pull_messages([name]))[:1]
        except (httpx.TransportError, OSError):  # the line, not the reply: it is asked for again
            return []
        except Exception:
            return [None]

    # --- the Grid itself ----------------------------------------------------------------------------------------------

    def send_next_to(self, hook: Hook, seconds: float) -> None:
        """The next `send_and_receive` gives its replies to the hook, for so long at most, and returns none."""
        self._next = hook, seconds

    def send_and_receive(self, messages: Iterable[Message], *, timeout: float | None = None) -> Iterable[Message]:
        """As Flower's, without what cannot be read. None: an hour."""
        found: list[Message] = []

        def keep(_: int, reply: Message | None) -> Iterable[tuple[Message, Hook]]:
            found.extend([] if reply is None else [reply])
            return ()

        seconds = 3600.0 if timeout is None else timeout
        (hook, most), self._next = self._next or (keep, seconds), None
        self.exchange(messages, min(seconds, most), hook)
        return found

    def set_run(self, run: Run) -> None:
        """As the Grid below."""
        self.below.set_run(run)

    @property
    def run(self) -> Run:
        """As the Grid below."""
        return self.below.run

    def create_message(
        self, content: RecordDict, message_type: str, dst_node_id: int, group_id: str, ttl: float | None = None
    ) -> Message:
        """As the Grid below."""
        return self.below.create_message(content, message_type, dst_node_id, group_id, ttl)

    def get_node_ids(self) -> Iterable[int]:
        """As the Grid below."""
        return list(self.below.get_node_ids())

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        """As the Grid below."""
        return list(self.below.push_messages(messages))

    def pull_messages(self, message_ids: Iterable[str]) -> Iterable[Message]:
        """As the Grid below."""
        return list(self.below.pull_messages(message_ids))
