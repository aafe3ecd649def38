"""Block hashes: recorded headers give the hashes that everybody knows, and nothing else is a header."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from local_server import serving
from recorded import BLOCK_1, BLOCK_23535880, BLOCKS

from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.blocks import Block, header_fields, header_of
from tacit.network.sources import Blocks

CHAIN = Blocks(1, 64)
NUMBER = 23535880
HEADER = header_of(BLOCK_23535880, "block")


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block["number"])
def test_recorded_headers(block: dict[str, Any]) -> None:
    header = header_of(block, "block")
    value = Block(CHAIN).verify(int(block["number"], 16), header)
    assert "0x" + value.hex() == block["hash"]
    fields = header_fields(header)
    assert fields is not None
    assert len(fields) == len([name for name in block if name != "hash"])


def test_another_number_is_refused() -> None:
    for moment in (NUMBER - 1, NUMBER + 1, 0, 1 << 64):
        with pytest.raises(InvalidProof) as refusal:
            Block(CHAIN).verify(moment, HEADER)
        assert refusal.value.slug == "beacon"


def refused_or_another(data: bytes) -> bool:
    """Whether it is no header of the number, or one with another hash: bytes that were changed never give the same value."""
    try:
        return "0x" + Block(CHAIN).verify(NUMBER, data).hex() != BLOCK_23535880["hash"]
    except InvalidProof as refusal:
        return refusal.slug == "beacon"


def test_every_byte_counts() -> None:
    for at in range(len(HEADER)):
        changed = bytearray(HEADER)
        changed[at] ^= 1
        assert refused_or_another(bytes(changed))
        assert refused_or_another(HEADER[:at])
    assert refused_or_another(HEADER + b"\0")


@given(st.binary(max_size=900))
def test_any_bytes(data: bytes) -> None:
    assert refused_or_another(data)
    assert refused_or_another(b"\xf9" + len(data).to_bytes(2, "big") + data)


def test_other_encodings_of_a_number_are_no_header() -> None:
    # gas used 0 as one zero byte in place of the empty text; the base fee with a zero in front
    block = dict(BLOCK_1)
    fields = header_fields(header_of(block, "block"))
    assert fields is not None
    items = [*fields]
    items[10] = b"\0"
    assert header_fields(rlp(items)) is None
    items[10] = b"\0\7"
    assert header_fields(rlp(items)) is None
    items[10] = b"\7"
    assert header_fields(rlp(items)) == items
    assert header_fields(rlp(items[:14])) is None
    assert header_fields(rlp(items + [b"\7"] * 7)) is None


def rlp(items: list[bytes]) -> bytes:
    def head(base: int, size: int) -> bytes:
        if size < 56:
            return bytes([base + size])
        length = size.to_bytes((size.bit_length() + 7) // 8, "big")
        return bytes([base + 55 + len(length)]) + length

    body = b"".join(item if len(item) == 1 and item[0] < 0x80 else head(0x80, len(item)) + item for item in items)
    return head(0xC0, len(body)) + body


def node(
    block: dict[str, Any] | None, *, head: int = NUMBER + 64, chain: int = 1
) -> Callable[[str, bytes], tuple[int, bytes]]:
    """A JSON-RPC endpoint."""

    def answer(_: str, body: bytes) -> tuple[int, bytes]:
        asked = json.loads(body)
        results = {"eth_chainId": hex(chain), "eth_blockNumber": hex(head), "eth_getBlockByNumber": block}
        if asked["method"] == "eth_getBlockByNumber":
            assert asked["params"] == [hex(NUMBER), False]
        return 200, json.dumps({"jsonrpc": "2.0", "id": 1, "result": results[asked["method"]]}).encode()

    return answer


def test_two_endpoints_agree() -> None:
    with serving(node(BLOCK_23535880)) as one, serving(node(BLOCK_23535880, head=NUMBER + 70)) as two:
        beacon = Block(CHAIN, endpoints=[one, two])
        assert beacon.value(NUMBER) == HEADER
        beacon.confirm(NUMBER, HEADER)
        with pytest.raises(InvalidProof):
            beacon.confirm(NUMBER, header_of({**BLOCK_23535880, "gasUsed": "0x7"}, "block"))
        assert beacon.fix(0, 1) == NUMBER + 71
        assert beacon.when(NUMBER) is None


def changed(**fields: Any) -> dict[str, Any]:
    return {**BLOCK_23535880, **fields}


def with_its_hash(block: dict[str, Any]) -> dict[str, Any]:
    found = Block(CHAIN).verify(NUMBER, header_of(block, "block"))
    return {**block, "hash": "0x" + found.hex()}


@pytest.mark.parametrize(
    ("second", "slug"),
    [
        (node(changed(gasUsed="0x7")), "beacon_source"),  # another hash than its header
        (node(with_its_hash(changed(gasUsed="0x7"))), "beacon_source"),  # another block of this number
        (node(None), "beacon_source"),
        (node(BLOCK_23535880, chain=5), "beacon_source"),
        (node(BLOCK_23535880, head=NUMBER + 63), "beacon_early"),
        (node(BLOCK_23535880, head=0), "beacon_early"),
        (node(changed(logsBloom="0x00")), "fetch"),
        (node(changed(number=None)), "fetch"),
        (node(changed(gasUsed="0x" + "1" * 65)), "fetch"),
        (node(changed(miner=7)), "fetch"),
        (lambda *_: (200, b"[]"), "fetch"),
        (lambda *_: (200, b"{}"), "beacon_source"),
        (lambda *_: (503, b""), "fetch"),
    ],
)
def test_one_endpoint_is_never_believed(second: Any, slug: str) -> None:
    with serving(node(BLOCK_23535880)) as one, serving(second) as two, pytest.raises(InputError) as failure:
        Block(CHAIN, endpoints=[one, two]).value(NUMBER)
    assert failure.value.slug == slug


def test_two_are_needed() -> None:
    with serving(node(BLOCK_23535880)) as one:
        for endpoints in ([], [one], [one, one]):
            with pytest.raises(InputError, match="two endpoints"):
                Block(CHAIN, endpoints=endpoints).value(NUMBER)


@pytest.mark.parametrize("second", [0, NUMBER - 129, NUMBER + 129, 1 << 64])
def test_endpoints_that_are_far_apart(second: int) -> None:
    """One that still reads the chain says 0: what a server signed by it would be years away."""
    with serving(node(BLOCK_23535880, head=NUMBER)) as one, serving(node(BLOCK_23535880, head=second)) as two:
        beacon = Block(CHAIN, endpoints=[one, two])
        for asked in (lambda: beacon.fix(0, 1), lambda: beacon.expected(NUMBER)):
            with pytest.raises(InputError) as failure:
                asked()
            assert failure.value.slug == "beacon_source"
            assert all(text in failure.value.reason for text in (one, two, str(second), str(NUMBER)))


@pytest.mark.parametrize("second", [NUMBER - 128, NUMBER + 128])
def test_endpoints_that_are_near_each_other(second: int) -> None:
    with serving(node(BLOCK_23535880, head=NUMBER)) as one, serving(node(BLOCK_23535880, head=second)) as two:
        assert Block(CHAIN, endpoints=[one, two], clock=lambda: 0.0).fix(0, 1) == max(NUMBER, second) + 1
