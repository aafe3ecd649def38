"""What a node sends and what it gets, as parts by name; any transport that carries bytes will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tacit.errors import InvalidProof
from tacit.network.checks import Limits
from tacit.network.interface import Parameter
from tacit.network.messages import MOST_LIST, MOST_MESSAGE
from tacit.network.wire import most_bytes, pack, unpack
from tacit.words import some

_ARRAY = "array/"
#: Bytes of the links that a node is shown at most; 8,192 links.
MOST_LINKS = 1 << 26


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
        """All of it in one string of bytes."""
        parts = {"announcement": self.announcement, "evidence": self.evidence, "base": self.base}
        return pack(parts | {"links": pack_links(self.links)})

    @classmethod
    def from_bytes(cls, data: bytes, parameters: Sequence[Parameter]) -> Brief:
        """What `to_bytes` gave. Raises InvalidProof (slug message_size, message)."""
        parts = unpack(data, most_bytes(parameters) + MOST_LIST + MOST_LINKS, "brief")
        if set(parts) != {"announcement", "evidence", "base", "links"}:
            raise InvalidProof("expected announcement, evidence, base and links", slug="message", place="brief")
        return cls(parts["announcement"], parts["evidence"], parts["base"], unpack_links(parts["links"]))


def pack_links(links: Sequence[bytes]) -> bytes:
    """Links in one string of bytes."""
    return pack({f"{at:08}": data for at, data in enumerate(links)})


def unpack_links(data: bytes) -> tuple[bytes, ...]:
    """What `pack_links` gave. Raises InvalidProof (slug message_size, message)."""
    return tuple(unpack(data, MOST_LINKS, "links").values())
