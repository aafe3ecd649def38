"""The hash of a block: keccak256 of its header in RLP, a block that did not exist when its number was announced.

The evidence is the header. It shows the number and the hash that belongs to it, and *not* that the block is on the chain that it
says: whoever verifies compares the hash with a chain that he trusts (`Block.confirm`). Whoever makes a block can drop it, at the
price of its reward: about one bit of bias each time.

    header = rlp([parent, uncles, miner, state, transactions, receipts, bloom, difficulty, number, limit, used, time, extra, mix,
                  nonce, base fee?, withdrawals?, blob gas used?, excess blob gas?, beacon root?, requests?])
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence

from tacit.errors import InputError, InvalidProof
from tacit.hashing import digest
from tacit.network.beacon.fetching import get_json, hexadecimal
from tacit.network.sources import Blocks

#: What a header is made of: JSON name, and how many bytes; None for a number or for text.
FIELDS: tuple[tuple[str, int | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", None),
    ("number", None),
    ("gasLimit", None),
    ("gasUsed", None),
    ("timestamp", None),
    ("extraData", None),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", None),
    ("withdrawalsRoot", 32),
    ("blobGasUsed", None),
    ("excessBlobGas", None),
    ("parentBeaconBlockRoot", 32),
    ("requestsHash", 32),
)
_FIRST = 15
_NUMBER = 8
_TEXT = 12
_MOST_HEADER = 2048
_MOST_ANSWER = 1 << 20
#: Seconds between blocks, for `fix` and `expected` only: a later block is known no earlier.
SLOT = 12
#: Blocks by which endpoints may differ, besides the depth: a quarter of an hour.
APART = 64


class Block:
    """A chain of blocks behind JSON-RPC endpoints, two at least, which must agree."""

    def __init__(
        self,
        source: Blocks,
        *,
        endpoints: Sequence[str] = (),
        seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.source = source
        self._endpoints, self._seconds, self._clock = tuple(endpoints), seconds, clock

    def fix(self, at: int, round: int) -> int:
        """As `Beacon.fix`: a number that the chain has not reached, as many blocks ahead as fit until `at`."""
        ahead = max(0, at - int(self._clock())) // SLOT
        return max(self._heads()) + 1 + ahead

    def when(self, moment: int) -> int | None:
        """As `Beacon.when`: blocks have no clock."""
        return None

    def expected(self, moment: int) -> int | None:
        """As `Beacon.expected`: when the block is as deep as it has to be, if none is left out until then."""
        head = min(self._heads())
        return int(self._clock()) + max(0, moment + self.source.depth - head) * SLOT

    def value(self, moment: int) -> bytes:
        """As `Beacon.value`: the header that all endpoints have, once it is `depth` blocks deep for all of them."""
        headers = set()
        for endpoint in self._asked():
            head = self._head(endpoint)
            if head < moment + self.source.depth:
                raise InputError(
                    f"block {moment} is to be {self.source.depth} blocks deep, and the chain is at {head}",
                    slug="beacon_early",
                    place="beacon",
                )
            headers.add(self._header(endpoint, moment))
        if len(headers) != 1:
            raise InputError(
                f"the endpoints disagree about block {moment}",
                slug="beacon_source",
                place="beacon",
                remedy="wait until the chain has settled, and name endpoints that follow the same one",
            )
        (evidence,) = headers
        self.verify(moment, evidence)
        return evidence

    def confirm(self, moment: int, evidence: bytes) -> None:
        """Whether the endpoints have this very block. Raises InvalidProof (slug beacon), InputError as `value`."""
        if self.value(moment) != evidence:
            raise InvalidProof(f"the chain has another block {moment}", slug="beacon", place=f"block {moment}")

    def verify(self, moment: int, evidence: bytes) -> bytes:
        """As `Beacon.verify`: the hash of a header of this number. Which chain it is on is not shown by it."""
        fields = header_fields(bytes(evidence))
        if fields is None or int.from_bytes(fields[_NUMBER], "big") != moment:
            raise InvalidProof(f"this is no header of block {moment}", slug="beacon", place=f"block {moment}")
        return digest(evidence)

    def _asked(self) -> tuple[str, ...]:
        if len(set(self._endpoints)) < 2:
            raise InputError(
                f"expected two endpoints at least, so that none has to be believed, got {len(set(self._endpoints))}",
                slug="beacon_source",
                place="beacon",
                remedy="give endpoints=",
            )
        return self._endpoints

    def _head(self, endpoint: str) -> int:
        if _integer(self._call(endpoint, "eth_chainId", []), endpoint) != self.source.chain:
            raise InputError(
                f"expected chain {self.source.chain}, got another one", slug="beacon_source", place=endpoint
            )
        return _integer(self._call(endpoint, "eth_blockNumber", []), endpoint)

    def _heads(self) -> list[int]:
        """Where the endpoints' chains end: near each other, or what is signed by them would be far from the true chain.

        An endpoint that still reads the chain says 0, and a false one any number.
        """
        heads = {endpoint: self._head(endpoint) for endpoint in self._asked()}
        least, most = min(heads, key=heads.__getitem__), max(heads, key=heads.__getitem__)
        apart = self.source.depth + APART
        if heads[most] - heads[least] > apart:
            raise InputError(
                f"expected endpoints whose chains end at most {apart} blocks apart, got block {heads[least]} from {least} "
                f"and block {heads[most]} from {most}",
                slug="beacon_source",
                place="beacon",
                remedy="wait until all endpoints have read the chain, or name others",
            )
        return list(heads.values())

    def _header(self, endpoint: str, number: int) -> bytes:
        block = self._call(endpoint, "eth_getBlockByNumber", [hex(number), False])
        if not isinstance(block, dict):
            raise InputError(f"there is no block {number}", slug="beacon_source", place=endpoint)
        header = header_of(block, endpoint)
        if digest(header) != hexadecimal(block.get("hash"), endpoint, size=32):
            raise InputError(f"block {number} has another hash than its header", slug="beacon_source", place=endpoint)
        return header

    def _call(self, endpoint: str, method: str, parameters: list[object]) -> object:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}).encode()
        found = get_json(endpoint, most=_MOST_ANSWER, seconds=self._seconds, body=body)
        if found.get("result") is None:
            raise InputError(f"no result for {method}", slug="beacon_source", place=endpoint)
        return found["result"]


def header_of(block: dict[str, object], place: str) -> bytes:
    """The RLP of a block's header from its JSON form. Raises InputError (slug fetch)."""
    items = []
    for at, (name, size) in enumerate(FIELDS):
        if at >= _FIRST and block.get(name) is None:
            break  # later forks only append
        if size is not None or at == _TEXT:
            items.append(hexadecimal(block.get(name), place, size=size))
        else:
            number = _integer(block.get(name), place)
            items.append(number.to_bytes((number.bit_length() + 7) // 8, "big"))
    body = b"".join(map(_text, items))
    return _prefix(0xC0, len(body)) + body


def header_fields(data: bytes) -> list[bytes] | None:
    """The fields of a header in RLP; None unless it is one, in its one encoding."""
    if not 500 < len(data) <= _MOST_HEADER or data[0] != 0xF9 or int.from_bytes(data[1:3], "big") != len(data) - 3:
        return None
    fields, at = [], 3
    while at < len(data):
        first = data[at]
        if first < 0x80:
            start, size = at, 1
        elif first < 0xB8:
            start, size = at + 1, first - 0x80
        elif first in (0xB8, 0xB9):
            start = at + 1 + first - 0xB7
            size = int.from_bytes(data[at + 1 : start], "big")
        else:
            return None
        field = data[start : start + size]
        if len(field) != size or _text(field) != data[at : start + size]:
            return None
        fields.append(field)
        at = start + size
    if not _FIRST <= len(fields) <= len(FIELDS):
        return None
    for field, (name, wanted) in zip(fields, FIELDS, strict=False):
        number = wanted is None and name != "extraData"
        if (wanted is not None and len(field) != wanted) or (number and (len(field) > 32 or field[:1] == b"\0")):
            return None
    return fields


def _text(item: bytes) -> bytes:
    return item if len(item) == 1 and item[0] < 0x80 else _prefix(0x80, len(item)) + item


def _prefix(base: int, size: int) -> bytes:
    """RLP's head: of a text with base 0x80, of a list with 0xc0."""
    if size < 56:
        return bytes([base + size])
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length


def _integer(value: object, place: str) -> int:
    text = value.removeprefix("0x") if isinstance(value, str) else ""
    if not 1 <= len(text) <= 64:
        raise InputError("expected a number in hexadecimal digits, got something else", slug="fetch", place=place)
    return int.from_bytes(hexadecimal("0" * (len(text) % 2) + text, place), "big")
