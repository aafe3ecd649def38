"""H with a label in front: every digest and every signed text of a network says what it is of.

    tagged(label, body) = H(label || body),    H = keccak256 (docs/protocol/protocol.md, section 1)

No label is the beginning of another, and all begin with `t`, which is no tag of protocol.md: two digests of different kinds never
hash the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from tacit.hashing import digest

TASK = b"tacit task 1"
REGISTRATION = b"tacit registration 1"
ROSTER = b"tacit roster 1"
ANNOUNCEMENT = b"tacit announcement 1"
REPLY = b"tacit reply 2"
DELIVERY = b"tacit delivery 1"
RECEIPT = b"tacit receipt 1"
CLOSING = b"tacit closing 1"
RESULTS = b"tacit results 1"
LINK = b"tacit link 2"
MODEL = b"tacit model 1"
MANIFEST = b"tacit manifest blob 1"
COMMITMENT = b"tacit commitment blob 1"
PROOF = b"tacit proof blob 1"
EVIDENCE = b"tacit evidence blob 1"
SEED = b"tacit seed 1"
SHARD = b"tacit shard 1"
CHAIN = b"tacit chain 1"
REVEALS = b"tacit reveals 2"

#: All of them; docs/protocol/network.md has the same list.
LABELS = (
    TASK, REGISTRATION, ROSTER, ANNOUNCEMENT, REPLY, DELIVERY, RECEIPT, CLOSING, RESULTS, LINK, MODEL, MANIFEST, COMMITMENT,
    PROOF, EVIDENCE, SEED, SHARD, CHAIN, REVEALS,
)  # fmt: skip


def tagged(label: bytes, *parts: bytes | memoryview) -> bytes:
    """H(label || parts), 32 bytes; the parts one after the other, so all but the last have lengths that are known."""
    return digest(label, *parts)


def distinct_and_sorted(items: Iterable[bytes]) -> bool:
    """Whether every item is greater than the one before it: one order, nothing twice."""
    return all(left < right for left, right in pairwise(items))
