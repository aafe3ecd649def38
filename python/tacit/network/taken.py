"""What a node took of a task, as it lies in its folder, and whether an announcement goes on from there.

A node sees no proofs of others: the links between say which base the server owns to, by digests from the task on. So nobody is
trained for on a base without a past, nor in a round that is still far; whether what the links say holds, `lineage.verify` shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tacit.api.native import read_file
from tacit.errors import InvalidProof
from tacit.network.checks import check_opened
from tacit.network.messages import ANNOUNCEMENT, LINK, Announcement
from tacit.network.task import Task


@dataclass(frozen=True)
class Taken:
    """The announcement of the last round that a node took part in, and its digest."""

    announcement: Announcement
    digest: bytes


def last_taken(folder: Path) -> Taken | None:
    """Of the announcements in a node's folder the one of the last round."""
    found = [ANNOUNCEMENT.open(read_file(file)) for file in folder.glob("round-*.announcement")]
    if not found:
        return None
    announced, signed = max(found, key=lambda item: item[0].round)
    return Taken(announced, ANNOUNCEMENT.digest(signed.body))


def check_goes_on(
    task: Task, digest: bytes, last: Taken | None, announced: Announcement, links: Sequence[bytes]
) -> None:
    """Whether a round goes on from the last one that was taken, or from the task, by the links between.

    Raises InvalidProof: slug announcement for another round or moment, or one that is dated back; base for another base or past.
    """
    number, previous, base = 1, digest, task.base
    if last is not None:
        number, previous, base = last.announcement.round, last.announcement.previous, last.announcement.base
        if announced.round <= number:
            raise _refused("announcement", f"expected a round after {number}, which was taken, got {announced.round}")
        check_opened(announced, last.announcement.opened)
    for data in links:
        link = LINK.read(data)
        if link.round < number:
            continue
        if link.round > number:
            raise _refused(
                "base", f"expected the link of round {number}, got that of round {link.round}", _all_since(number)
            )
        wanted = (digest, number, previous, base)
        another = last is not None and link.round == last.announcement.round and link.announcement != last.digest
        if (link.task, link.round, link.previous, link.base) != wanted or another:
            raise _refused("base", f"the link of round {link.round} does not go on from what was taken before it")
        number, previous, base = number + 1, LINK.digest(data), link.next
    if announced.round != number:
        raise _refused(
            "announcement",
            f"expected round {number}, got {announced.round} without the links between",
            _all_since(number),
        )
    if (announced.previous, announced.base) != (previous, base):
        raise _refused("base", "the round does not begin with what the link before it ends with")
    if last is not None and number == last.announcement.round + 1 and announced.moment != last.announcement.following:
        raise _refused(
            "announcement",
            f"expected moment {last.announcement.following}, as the round before fixed it, got {announced.moment}",
        )


def _all_since(number: int) -> str:
    return f"ask the server for its links since round {number}: Server.brief(since={number})"


def _refused(slug: str, reason: str, remedy: str = "") -> InvalidProof:
    return InvalidProof(reason, slug=slug, place="announcement", remedy=remedy)
