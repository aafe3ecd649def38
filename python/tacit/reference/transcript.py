"""Hash, words and transcript. Docs: protocol.md, sections 1 and 2."""

from __future__ import annotations

from collections.abc import Iterator

from Crypto.Hash import keccak

from .errors import Refused
from .field import K, P

LEAF, NODE, TRANSCRIPT, STREAM = 0, 1, 2, 4
IDENTITY, BINDING, PROGRAM, SCHEMA, PUBLIC_BLOCK, FILE, ARCHITECTURE = 5, 6, 7, 8, 9, 10, 11


def digest_of(*parts: bytes) -> bytes:
    """H: keccak256 with the original padding, of the parts one after the other."""
    digest: bytes = keccak.new(digest_bits=256, data=b"".join(parts)).digest()
    return digest


def be64(n: int) -> bytes:
    return n.to_bytes(8, "big")


def domain_tag(tag: int, n: int = 0) -> bytes:
    """T(tag, n): the eight bytes that open every use of H."""
    return be64((tag << 56) + n)


def blocks(key: bytes) -> Iterator[int]:
    """The u64 of the stream under key, four from a block of H."""
    i = 0
    while True:
        block = digest_of(domain_tag(STREAM), key, be64(i))
        for j in range(0, 32, 8):
            yield int.from_bytes(block[j : j + 8], "big")
        i += 1


def words(key: bytes) -> Iterator[int]:
    """Uniform elements of F: the u64 of the stream, those of at least p skipped."""
    return (x for x in blocks(key) if x < P)


def next_k(stream: Iterator[int]) -> K:
    """The next three elements of F as one of K."""
    return (next(stream), next(stream), next(stream))


class Transcript:
    """The Fiat-Shamir state: every challenge depends on everything absorbed before it."""

    def __init__(self) -> None:
        self.state = digest_of(domain_tag(TRANSCRIPT, 0), b"tacit/1")

    def absorb(self, kind: str, data: bytes) -> None:
        name = kind.encode("ascii")
        self.state = digest_of(domain_tag(TRANSCRIPT, 1), self.state, be64(len(name)), name, be64(len(data)), data)

    def challenge(self, kind: str) -> K:
        self._draw(2, kind)
        return next_k(words(self.state))

    def challenges(self, kind: str, count: int) -> list[K]:
        return [self.challenge(kind) for _ in range(count)]

    def positions(self, kind: str, count: int, log: int) -> list[int]:
        """count positions below 2^log drawn with replacement; the distinct ones, ascending."""
        self._draw(3, kind)
        stream = blocks(self.state)
        return sorted({next(stream) % (1 << log) for _ in range(count)})

    def _draw(self, n: int, kind: str) -> None:
        name = kind.encode("ascii")
        self.state = digest_of(domain_tag(TRANSCRIPT, n), self.state, be64(len(name)), name)


def unpack_f(data: bytes, place: str) -> list[int]:
    """Elements of F from eight bytes each; refuses one of at least p."""
    out = [int.from_bytes(data[i : i + 8], "big") for i in range(0, len(data), 8)]
    for x in out:
        if x >= P:
            raise Refused("non_canonical", place, f"{x} is not below p")
    return out


def unpack_k(data: bytes, place: str) -> list[K]:
    """Elements of K from 24 bytes each."""
    f = unpack_f(data, place)
    return [(f[i], f[i + 1], f[i + 2]) for i in range(0, len(f), 3)]


class Reader(Transcript):
    """A transcript that reads an argument: `message` is the only door for its bytes."""

    def __init__(self, argument: bytes) -> None:
        super().__init__()
        self.argument = argument
        self.at = 0

    def message(self, kind: str, size: int) -> bytes:
        data = self.argument[self.at : self.at + size]
        if len(data) != size:
            raise Refused("truncated", kind, f"{size} bytes wanted, {len(data)} left")
        self.at += size
        self.absorb(kind, data)
        return data

    def clear(self, kind: str, count: int) -> list[K]:
        """One message of count elements of K, as they are."""
        return unpack_k(self.message(kind, 24 * count), kind)

    def finish(self) -> None:
        if self.at != len(self.argument):
            raise Refused("trailing_bytes", "argument", f"{len(self.argument) - self.at} bytes")
