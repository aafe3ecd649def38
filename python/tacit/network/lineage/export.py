"""What a server publishes of a task: the head, and every object that a verifier will ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tacit.api.native import write_file
from tacit.errors import InputError
from tacit.network.kinds import Kind, M
from tacit.network.lineage.files import HEAD, SCHEMA, Head
from tacit.network.messages import ANNOUNCEMENT, CLOSING, DELIVERY, LINK, REGISTRATION, REPLY, ROSTER
from tacit.network.objects import MOST_OBJECT, Folder, Objects, read_message
from tacit.network.store import Store
from tacit.network.task import TASK


def export(store: Store, task: bytes, folder: str | os.PathLike[str], *, schema: bytes | None = None) -> Head:
    """Write the lineage of a task, as far as its last final round, into a folder; once more adds what is new.

    The folder may be that of the store's own objects: then nothing is copied. `schema`: the file of the records' schema, public.
    Raises InputError (slug round_order) before the first round is final, and slug file.
    """
    last = store.round(task)
    if last is not None and last.state != "final":
        last = store.round(task, last.round - 1)
    if last is None or last.link is None:
        raise InputError("no round of this task is final", slug="round_order", place="lineage")
    target = Folder(folder, make=True)
    if target.path.resolve() != store.objects.path.resolve():
        for name in _named(store.objects, task, last.link):
            if not target.has(name):
                target.put(name, store.objects.read(name, MOST_OBJECT, "object"))
    head = Head(task, last.link)
    if schema is not None:
        write_file(Path(folder) / SCHEMA, schema)
    # Last: a head names only what is there.
    write_file(Path(folder) / HEAD, head.to_bytes())
    return head


def _named(objects: Objects, task: bytes, head: bytes) -> Iterator[bytes]:
    """The names of everything, from the head down; of one's own store, so nothing is checked."""
    described = read_message(objects, TASK, task)
    yield task
    yield described.base
    yield from described.deployments
    members: set[bytes] = set()
    while head != task:
        link = read_message(objects, LINK, head)
        announcement = _signed(objects, ANNOUNCEMENT, link.announcement)
        closing = _signed(objects, CLOSING, link.closing)
        yield from (head, link.announcement, link.closing, link.results, link.next, announcement.roster)
        if link.evidence is not None:
            yield link.evidence
        members |= {member.registration for member in read_message(objects, ROSTER, announcement.roster).members}
        for received in closing.received:
            yield received.reply
            if received.delivery is not None:
                reply, delivery = _signed(objects, REPLY, received.reply), _signed(objects, DELIVERY, received.delivery)
                yield from (received.delivery, reply.next, reply.commitment, delivery.proof)
        head = link.previous
    for member in members:
        registration = _signed(objects, REGISTRATION, member)
        yield from (member, registration.manifest)
        for offer in registration.offers:
            yield from (offer.commitment, offer.proof)


def _signed(objects: Objects, kind: Kind[M], name: bytes) -> M:
    message, _ = kind.open(objects.read(name, kind.most + 64, kind.place))
    return message
