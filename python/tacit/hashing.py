"""H and tags (docs/protocol/protocol.md, section 1), for all but the second verifier."""

from __future__ import annotations

from Crypto.Hash import keccak


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
