"""The frame of a file (docs/protocol/protocol.md, section 8): magic, kind, version, a borsh body, its checksum."""

from __future__ import annotations

from typing import Protocol, TypeVar

from tacit.api.kinds import FILE_KINDS, MAGIC
from tacit.errors import InvalidProof
from tacit.hashing import digest, tag
from tacit.program.borsh import EncodingError, Struct, decode

VERSION = 1
_HEAD, _SUM = len(MAGIC) + 2, 32


def checksum(kind: int, body: bytes) -> bytes:
    """keccak256(T(10, kind) || body)."""
    return digest(tag(10, kind), body)


def framed(kind: int, body: bytes) -> bytes:
    """The file of a body."""
    return MAGIC + bytes([kind, VERSION]) + body + checksum(kind, body)


def body_of(kind: int, data: bytes, most: int) -> bytes:
    """The body of a file of this kind, of at most `most` bytes in all. Raises InvalidProof (slugs magic, file_kind, ..)."""
    what = FILE_KINDS[kind]
    if len(data) > most:
        raise InvalidProof(f"expected at most {most} bytes, got {len(data)}", slug="encoding", place=what)
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise InvalidProof("expected a file of this package, got another one", slug="magic", place=what)
    if len(data) < _HEAD:
        raise InvalidProof(f"expected at least {_HEAD} bytes, got {len(data)}", slug="truncated", place=what)
    if data[len(MAGIC)] != kind:
        found = FILE_KINDS.get(data[len(MAGIC)], f"kind {data[len(MAGIC)]}")
        raise InvalidProof(f"expected a {what} file, got a {found} file", slug="file_kind", place=what)
    if data[len(MAGIC) + 1] != VERSION:
        got = data[len(MAGIC) + 1]
        raise InvalidProof(f"expected version {VERSION}, got {got}", slug="version", place=what)
    if len(data) < _HEAD + _SUM:
        raise InvalidProof(f"expected at least {_HEAD + _SUM} bytes, got {len(data)}", slug="truncated", place=what)
    body = data[_HEAD:-_SUM]
    if data[-_SUM:] != checksum(kind, body):
        raise InvalidProof("expected the checksum of the file's bytes, got another one", slug="checksum", place=what)
    return body


class Faulty(Protocol):
    """What says itself whether it is well formed."""

    def _fault(self) -> str | None: ...


T = TypeVar("T", bound=Faulty)


def read(kind: int, codec: Struct, data: bytes, most: int, made: type[T]) -> T:
    """What a file of this kind holds, canonical and well formed. Raises InvalidProof (slug encoding, and those of `body_of`)."""
    what = FILE_KINDS[kind]
    try:
        found = decode(codec, body_of(kind, data, most))
    except EncodingError as error:
        raise InvalidProof(f"no {what}: {error}", slug="encoding", place=what) from None
    assert isinstance(found, made)
    if fault := found._fault():
        raise InvalidProof(f"no {what}: {fault}", slug="encoding", place=what)
    return found
