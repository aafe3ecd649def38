"""H, tags and the stream of field elements (docs/protocol/protocol.md, section 1), for all but the second verifier."""

from __future__ import annotations

from Crypto.Hash import keccak

#: The field's characteristic: a word of the stream from here on is skipped.
_P = (1 << 64) - (1 << 32) + 1


def digest(*parts: bytes | memoryview) -> bytes:
    """H of the parts one after the other: keccak256, 32 bytes."""
    state = keccak.new(digest_bits=256)
    for part in parts:
        state.update(part)
    found: bytes = state.digest()
    return found


def tag(number: int, n: int = 0) -> bytes:
    """T(number, n): eight bytes."""
    return (number << 56 | n).to_bytes(8, "big")


def words(key: bytes, count: int) -> list[int]:
    """The first `count` elements of words(key): integers below p, in the order of the stream."""
    found: list[int] = []
    block = 0
    while len(found) < count:
        data = digest(tag(4), key, block.to_bytes(8, "big"))
        found += [word for at in range(0, 32, 8) if (word := int.from_bytes(data[at : at + 8], "big")) < _P]
        block += 1
    return found[:count]
