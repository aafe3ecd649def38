"""What a node sends and what it gets, as parts by name; any transport that carries bytes will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tacit.errors import InputError, InvalidProof
from tacit.network.checks import Limits
from tacit.network.interface import Parameter
from tacit.network.messages import MOST_LINK, MOST_LIST, MOST_MESSAGE, MOST_ROUNDS
from tacit.network.wire import most_bytes, pack, unpack
from tacit.words import some

_ARRAY = "array/"
#: Bytes of the links that a node is shown at most: a newcomer to the last round of the longest task needs all.
MOST_LINKS = 4 + MOST_ROUNDS * (4 + MOST_LINK)


@dataclass(frozen=True)
class Submission:
    """A reply with its tensors (`.npy` bytes), a commitment that the server has not yet, and the proof, now or later."""

    reply: bytes
    arrays: Mapping[str, bytes] = field(repr=False)
    commitment: bytes | None = field(default=None, repr=False)
    delivery: bytes | None = None
    proof: bytes | None = field(default=None, repr=False)

    def to_bytes(self) -> bytes:
        """All of it in one string of bytes."""
        parts = {"reply": self.reply, "commitment": self.commitment, "delivery": self.delivery, "proof": self.proof}
        arrays = {_ARRAY + name: data for name, data in self.arrays.items()}
        return pack({name: part for name, part in parts.items() if part is not None} | arrays)

    @classmethod
    def from_bytes(cls, data: bytes, most: int) -> Submission:
        """What `to_bytes` gave. Raises InvalidProof (slug message_size, message)."""
        parts = unpack(data, most, "submission")
        arrays = {name.removeprefix(_ARRAY): parts.pop(name) for name in list(parts) if name.startswith(_ARRAY)}
        if "reply" not in parts or set(parts) - {"reply", "commitment", "delivery", "proof"}:
            raise InvalidProof(
                f"expected a reply and its parts, got {some(sorted(parts))}", slug="message", place="submission"
            )
        return cls(arrays=arrays, **parts)

    def check_sizes(self, parameters: Sequence[Parameter], limits: Limits) -> None:
        """Whether no part has more bytes than it may have. Raises InvalidProof (slug message_size)."""
        sizes = [
            ("reply", len(self.reply), MOST_MESSAGE + 64),
            ("arrays", sum(map(len, self.arrays.values())), most_bytes(parameters)),
            ("commitment", len(self.commitment or b""), limits.commitment),
            ("delivery", len(self.delivery or b""), MOST_MESSAGE + 64),
            ("proof", len(self.proof or b""), limits.proof),
        ]
        for place, size, most in sizes:
            if size > most:
                raise InvalidProof(f"expected at most {most} bytes, got {size}", slug="message_size", place=place)


def most_submission(parameters: Sequence[Parameter], limits: Limits) -> int:
    """Bytes that a submission has at most: what a transport should stop at."""
    return most_bytes(parameters) + limits.commitment + limits.proof + (1 << 20)


@dataclass(frozen=True)
class Brief:
    """What a node needs of a round: the announcement, signed; the beacon's evidence; the base model's canonical bytes.

    `links`: those of the rounds since the last that the node took part in, in order.
    """

    announcement: bytes
    evidence: bytes
    base: bytes = field(repr=False)
    links: tuple[bytes, ...] = field(default=(), repr=False)

    def to_bytes(self) -> bytes:
        """All of it in one string of bytes. Raises InputError (slug message_size) for more than a node would read."""
        if fault := self._too_long():
            raise InputError(fault, slug="message_size", place="brief")
        parts = {"announcement": self.announcement, "evidence": self.evidence, "base": self.base}
        return pack(parts | {"links": pack_links(self.links)})

    def _too_long(self) -> str | None:
        """What of it is longer than it may be; of the base that follows from the task's parameters."""
        for what, data, most in (
            ("an announcement", self.announcement, MOST_MESSAGE + 64),
            ("evidence", self.evidence, MOST_LIST),
        ):
            if len(data) > most:
                return f"expected {what} of at most {most} bytes, got {len(data)}"
        return None

    @classmethod
    def from_bytes(cls, data: bytes, parameters: Sequence[Parameter]) -> Brief:
        """What `to_bytes` gave. Raises InvalidProof (slug message_size, message)."""
        most = most_bytes(parameters) + MOST_LIST + 2 * MOST_MESSAGE + MOST_LINKS
        parts = unpack(data, most, "brief")
        if set(parts) != {"announcement", "evidence", "base", "links"}:
            raise InvalidProof("expected announcement, evidence, base and links", slug="message", place="brief")
        found = cls(parts["announcement"], parts["evidence"], parts["base"], unpack_links(parts["links"]))
        if fault := found._too_long():
            raise InvalidProof(fault, slug="message_size", place="brief")
        return found


def pack_links(links: Sequence[bytes]) -> bytes:
    """Links in one string of bytes: their number, then each behind its length, four bytes each, little-endian.

    Raises InputError (slug message_size) for more than a node would read.
    """
    longest = max(map(len, links), default=0)
    if len(links) > MOST_ROUNDS or longest > MOST_LINK:
        raise InputError(
            f"expected at most {MOST_ROUNDS} links of at most {MOST_LINK} bytes, got {len(links)} of at most {longest}",
            slug="message_size",
            place="links",
        )
    return b"".join([_size(links), *(part for data in links for part in (_size(data), data))])


def unpack_links(data: bytes) -> tuple[bytes, ...]:
    """What `pack_links` gave. Raises InvalidProof (slug message_size, message)."""
    if len(data) > MOST_LINKS:
        raise InvalidProof(f"expected at most {MOST_LINKS} bytes, got {len(data)}", slug="message_size", place="links")
    count, at = int.from_bytes(data[:4], "little"), 4
    found: list[bytes] = []
    while len(found) < count and at + 4 <= len(data):
        size = int.from_bytes(data[at : at + 4], "little")
        found.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    # A link that is cut off, and a number of links that are not there, end elsewhere than the bytes.
    if len(data) < 4 or len(found) != count or at != len(data) or max(map(len, found), default=0) > MOST_LINK:
        raise InvalidProof(
            f"expected {count} links of at most {MOST_LINK} bytes, each behind its length, and nothing behind them",
            slug="message",
            place="links",
        )
    return tuple(found)


def _size(items: Sequence[object] | bytes) -> bytes:
    return len(items).to_bytes(4, "little")
