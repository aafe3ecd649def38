"""Beacons of a test's own, served on the loopback: a drand network with a key that is known here, and a chain of blocks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from local_server import serving
from recorded import BLOCK_1

from tacit.hashing import digest
from tacit.network.beacon.blocks import Block, header_of
from tacit.network.beacon.drand import TAG_G1, TAG_G2, Drand
from tacit.network.sources import Blocks, Chained, Unchained

_SECRET, _PERIOD, _SLOT = 0x5EC2E7, 30, 12
_FIRST_BLOCK = 1_000_000


class Line:
    """Whether the endpoints answer."""

    cut = False


def _curve() -> Any:
    from tacit.network.beacon import drand

    return drand._library()


def _bytes(point: Any, *, second: bool) -> bytes:
    from py_ecc.bls.point_compression import compress_G1, compress_G2

    parts = compress_G2(point) if second else (compress_G1(point),)
    return b"".join(part.to_bytes(48, "big") for part in parts)


def _times(point: Any) -> Any:
    from py_ecc.optimized_bls12_381 import multiply

    return multiply(point, _SECRET)


@lru_cache(maxsize=64)
def _signed(round: int, chained: bool) -> dict[str, str]:
    """What a drand server gives for a round; the signature before is any, for nobody has it to compare."""
    name = round.to_bytes(8, "big")
    previous = hashlib.sha256(b"before" + name).digest() * 3 if chained else b""
    message = hashlib.sha256(previous + name).digest()
    hashed = _curve().hash_to_G2 if chained else _curve().hash_to_G1
    signature = _bytes(_times(hashed(message, TAG_G2 if chained else TAG_G1, hashlib.sha256)), second=chained)
    return {"signature": signature.hex()} | ({"previous_signature": previous.hex()} if chained else {})


@contextmanager
def own_drand(clock: Callable[[], float], line: Line, *, chained: bool) -> Iterator[Drand]:
    """A network of one signer, which signs no round before its time."""
    base = _curve().G1 if chained else _curve().G2
    public = _bytes(_times(base), second=not chained)
    genesis = int(clock()) - 1000
    source = Chained(public, genesis, _PERIOD) if chained else Unchained(public, genesis, _PERIOD)

    def answer(path: str, _: bytes) -> tuple[int, bytes]:
        round = int(path.rpartition("/")[2])
        if line.cut or genesis + (round - 1) * _PERIOD > clock():
            return 503, b""
        return 200, json.dumps(_signed(round, chained)).encode()

    with serving(answer) as server:
        yield Drand(source, endpoints=[server], chain="own", clock=clock)


@contextmanager
def own_blocks(clock: Callable[[], float], line: Line) -> Iterator[Block]:
    """Two endpoints that follow one chain, with a block every twelve seconds."""
    began = int(clock())

    def head() -> int:
        return _FIRST_BLOCK + (int(clock()) - began) // _SLOT

    def block(number: int) -> dict[str, Any] | None:
        if number > head():
            return None
        made = {**BLOCK_1, "number": hex(number)}
        return made | {"hash": "0x" + digest(header_of(made, "block")).hex()}

    def answer(_: str, body: bytes) -> tuple[int, bytes]:
        if line.cut:
            return 503, b""
        asked = json.loads(body)
        results = {
            "eth_chainId": lambda: "0x7",
            "eth_blockNumber": lambda: hex(head()),
            "eth_getBlockByNumber": lambda: block(int(asked["params"][0], 16)),
        }
        return 200, json.dumps({"result": results[asked["method"]]()}).encode()

    with serving(answer) as one, serving(answer) as two:
        yield Block(Blocks(7, 4), endpoints=[one, two], clock=clock)
