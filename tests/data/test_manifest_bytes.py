"""The bytes of manifests and revocations: as the page says, and an error for all others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing import ISSUER, NOW, shard

from tacit.data import Manifest, Revocations
from tacit.data.container import checksum, framed
from tacit.data.manifest import _CODEC, KIND, task_digest
from tacit.errors import InvalidProof
from tacit.program.borsh import encode


def test_the_bytes_are_what_the_page_says() -> None:
    """By hand: borsh, little-endian; a change of them would make every manifest void."""
    manifest = Manifest(*(bytes([i]) * 32 for i in range(1, 6)), (shard(9, 5, 2**40),), 258, NOW, b"s" * 16, b"g" * 64)
    body = b"\x01\x00" + b"".join(bytes([i]) * 32 for i in range(1, 6)) + b"\x01\0\0\0"
    body += b"\x09" * 32 + b"\x04\0\0\0" + b"\x05" + bytes(7) + bytes(5) + b"\x01\0\0"
    body += b"\x02\x01" + bytes(6) + NOW.to_bytes(8, "little") + b"s" * 16
    assert manifest.to_bytes() == b"TACIT\0\x06\x01" + body + b"g" * 64 + checksum(6, body + b"g" * 64)
    from Crypto.Hash import keccak

    assert manifest.digest == keccak.new(digest_bits=256, data=bytes([13, *bytes(7)]) + body).digest()
    assert task_digest("a") == keccak.new(digest_bits=256, data=bytes([15, *bytes(7)]) + b"a").digest()


def test_every_byte_of_a_file_counts(sign: Any) -> None:
    for raw, kind in ((sign().to_bytes(), Manifest), (Revocations.sign(ISSUER, [bytes(16)]).to_bytes(), Revocations)):
        for at in range(len(raw)):
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            with pytest.raises(InvalidProof) as caught:
                kind.from_bytes(changed)
            assert caught.value.slug in ("magic", "file_kind", "version", "checksum")
        for end in (0, 3, 7, 8, 39, 40, len(raw) - 1):
            with pytest.raises(InvalidProof) as caught:
                kind.from_bytes(raw[:end])
            assert caught.value.slug in ("truncated", "checksum", "encoding")


def body(manifest: Manifest, **changes: Any) -> bytes:
    return encode(_CODEC, replace(manifest, **changes))


def test_bodies_that_are_no_manifests(sign: Any) -> None:
    manifest = sign()
    bad = [
        b"",
        body(manifest)[:-1],
        body(manifest) + b"\0",
        body(manifest, version=2),
        body(manifest, shards=()),
        body(manifest, shards=tuple(reversed(manifest.shards))),
        body(manifest, shards=(manifest.shards[0],) * 2),
        body(manifest, shards=(shard(1, 0, 9, 0),)),
        body(manifest, shards=(shard(1, 0, 9, 11),)),
        body(manifest, shards=(shard(1, 9, 0),)),
        body(manifest, shards=(shard(1, 0, 2**48),)),
        body(manifest, shards=(shard(1), shard(2, 10, 99, 5))),
        body(manifest, expires=manifest.issued),
        body(manifest, expires=2**64 - 1),
        # A number of shards that would fill the memory: the bytes end first.
        body(manifest)[:162] + b"\xff\xff\xff\xff" + body(manifest)[166:],
    ]
    for one in bad:
        assert slug_of(lambda o=one: Manifest.from_bytes(framed(KIND, o))) == "encoding"
    assert slug_of(lambda: Manifest.from_bytes(framed(7, body(manifest)))) == "file_kind"
    assert slug_of(lambda: Manifest.from_bytes(bytes(1 << 24))) == "encoding"
    later = bytearray(sign().to_bytes())
    later[7] = 2
    assert slug_of(lambda: Manifest.from_bytes(bytes(later))) == "version"


def slug_of(action: Any) -> str:
    with pytest.raises(InvalidProof) as caught:
        action()
    return caught.value.slug


@given(st.binary(max_size=400))
@settings(max_examples=80)
def test_any_body_ends_in_an_error_or_comes_back(raw: bytes) -> None:
    for kind, number in ((Manifest, 6), (Revocations, 7)):
        try:
            found = kind.from_bytes(framed(number, raw))
        except InvalidProof:
            continue
        assert found.to_bytes() == framed(number, raw)
