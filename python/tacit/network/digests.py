"""H with a label in front: every digest and every signed text of a network says what it is of.

    tagged(label, body) = H(label || body),    H = keccak256 (docs/protocol/protocol.md, section 1)

No label is the beginning of another, and all begin with `t`, which is no tag of protocol.md: two digests of different kinds never
hash the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from Crypto.Hash import keccak

TASK = b"tacit task 1"
REGISTRATION = b"tacit registration 1"
ROSTER = b"tacit roster 1"
ANNOUNCEMENT = b"tacit announcement 1"
REPLY = b"tacit reply 1"
DELIVERY = b"tacit delivery 1"
RECEIPT = b"tacit receipt 1"
CLOSING = b"tacit closing 1"
LINK = b"tacit link 1"
MODEL = b"tacit model 1"
MANIFEST = b"tacit manifest blob 1"
COMMITMENT = b"tacit commitment blob 1"
PROOF = b"tacit proof blob 1"
EVIDENCE = b"tacit evidence blob 1"
SEED = b"tacit seed 1"
SHARD = b"tacit shard 1"
CHAIN = b"tacit chain 1"
REVEALS = b"tacit reveals 1"

#: All of them; docs/protocol/network.md has the same list.
LABELS = (
    TASK, REGISTRATION, ROSTER, ANNOUNCEMENT, REPLY, DELIVERY, RECEIPT, CLOSING, LINK, MODEL, MANIFEST, COMMITMENT, PROOF,
    EVIDENCE, SEED, SHARD, CHAIN, REVEALS,
)  # fmt: skip


def tagged(label: bytes, *parts: bytes | memoryview) -> bytes:
    """H(label || parts), 32 bytes; the parts one after the other, so all but the last have lengths that are known."""
    return digest(label, *parts)


def digest(*parts: bytes | memoryview) -> bytes:
    """H of the parts one after the other, 32 bytes."""
    state = keccak.new(digest_bits=256)
    for part in parts:
        state.update(part)
    found: bytes = state.digest()
    return found


def words(key: bytes, count: int) -> list[int]:
    """The first `count` elements of words(key) (protocol.md, section 1): integers below p, in the order of the stream."""
    prime = (1 << 64) - (1 << 32) + 1
    found: list[int] = []
    block = 0
    front = (4 << 56).to_bytes(8, "big")
    while len(found) < count:
        data = digest(front, key, block.to_bytes(8, "big"))
        found += [word for at in range(0, 32, 8) if (word := int.from_bytes(data[at : at + 8], "big")) < prime]
        block += 1
    return found[:count]


def distinct_and_sorted(items: Iterable[bytes]) -> bool:
    """Whether every item is greater than the one before it: one order, nothing twice."""
    return all(left < right for left, right in pairwise(items))
