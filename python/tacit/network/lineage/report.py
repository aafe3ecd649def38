"""What was found in a lineage, for people and programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tacit.errors import InvalidProof
from tacit.network.sources import Blocks, Chained, Reveals, Unchained
from tacit.network.task import Task


@dataclass(frozen=True)
class Contributor:
    """A contribution whose proof holds. `shard`: identity, as its issuer signed it; `ids`: the range of its records' ids."""

    node: bytes
    issuer: bytes
    shard: bytes
    records: int
    ids: tuple[int, int]
    next: bytes
    proof_bytes: int


@dataclass(frozen=True)
class Left:
    """A node that contributed nothing, and why. `seen`: that was found again here; else it is the server's word."""

    node: bytes
    slug: str
    seen: bool


@dataclass(frozen=True)
class Round:
    """A round whose link holds; 32 bytes each, times in Unix seconds."""

    number: int
    link: bytes
    base: bytes
    next: bytes
    beacon: bytes | None
    moment: int
    opened: int
    deadline: int
    contributors: tuple[Contributor, ...]
    left: tuple[Left, ...]


@dataclass
class Lineage:
    """All of it. `prediction`: what the given proof says, None without one; `notes`: what is not shown by it;
    `names`: of issuers, by key, from a registry of the verifier's own.

    `refusal`: where verification ended, if it did; then `rounds` are those that hold.
    """

    digest: bytes
    task: Task
    rounds: list[Round] = field(default_factory=list)
    link: bytes = b""
    prediction: Mapping[str, object] | None = None
    predicted: bytes | None = None
    notes: list[str] = field(default_factory=list)
    refusal: InvalidProof | None = None
    names: Mapping[bytes, str] = field(default_factory=dict)

    @property
    def model(self) -> bytes:
        """The identity of the last model."""
        return self.rounds[-1].next if self.rounds else self.task.base

    @property
    def beacon(self) -> str:
        """The beacon's source, in words."""
        source = self.task.source
        if isinstance(source, (Unchained, Chained)):
            return f"drand, key {source.key.hex()[:16]}"
        if isinstance(source, Blocks):
            return f"blocks of chain {source.chain}"
        assert isinstance(source, Reveals)
        return "hash chains of the nodes"

    @property
    def void(self) -> list[int]:
        """The rounds without a beacon: nobody could contribute."""
        return [found.number for found in self.rounds if found.beacon is None]

    def as_dict(self) -> dict[str, object]:
        """In the types of JSON; bytes are hexadecimal."""
        return {
            "task": self.digest.hex(),
            "name": self.task.name,
            "link": self.link.hex(),
            "model": self.model.hex(),
            "beacon": self.beacon,
            "rounds": [_round(found) for found in self.rounds],
            "prediction": self.prediction,
            "notes": list(self.notes),
        }


def _round(found: Round) -> dict[str, object]:
    return {
        "round": found.number,
        "link": found.link.hex(),
        "base": found.base.hex(),
        "next": found.next.hex(),
        "beacon": None if found.beacon is None else found.beacon.hex(),
        "contributions": [
            {
                "node": item.node.hex(),
                "issuer": item.issuer.hex(),
                "shard": item.shard.hex(),
                "records": item.records,
                "ids": list(item.ids),
                "proof_bytes": item.proof_bytes,
            }
            for item in found.contributors
        ],
        "left_out": [{"node": item.node.hex(), "slug": item.slug, "seen": item.seen} for item in found.left],
    }
