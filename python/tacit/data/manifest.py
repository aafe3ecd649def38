"""Manifests: which commitments an issuer vouches for, for which node and task, until when (docs/protocol/data.md, section 3).

Canonical borsh bytes, read strictly; an Ed25519 signature of T(13, 0) || digest, digest = keccak256(T(13, 0) || bytes).
Nothing is known of a manifest that was read: `tacit.data.check_manifest` says whether it holds.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from itertools import pairwise
from typing import Any

from tacit import hashing
from tacit.api.objects import Program
from tacit.api.storage import Stored
from tacit.data.container import framed, read
from tacit.data.dataset import Dataset, DatasetStatement
from tacit.data.keys import Key, check_key
from tacit.data.limits import MOST_ID, MOST_RECORDS, is_whole
from tacit.data.schema import Schema
from tacit.errors import InputError
from tacit.program.borsh import U16, U32, Fixed, Int, Struct, Vec, encode, struct_of

VERSION = 1
KIND = 6
#: T(13, 0), T(15, 0).
TAG, TASK_TAG = ((tag << 56).to_bytes(8, "big") for tag in (13, 15))
#: Shards of a manifest, bytes of its file, and the last second that it can name (in the year 9999).
MOST_SHARDS, MOST_BYTES, MOST_TIME = 1 << 16, 1 << 23, 253_402_300_799
U64, _HASH = Int("<Q"), Fixed(32)


def task_digest(task: str | bytes) -> bytes:
    """The 32 bytes that name a task: as they are (or 64 hexadecimal digits), or keccak256(T(15, 0) || UTF-8) of a text.

    Raises InputError (slug task).
    """
    if isinstance(task, (bytes, bytearray)) and len(task) == 32:
        return bytes(task)
    if isinstance(task, str) and task.isprintable() and task:
        try:
            return bytes.fromhex(task) if len(task) == 64 else hashing.digest(TASK_TAG, task.encode())
        except ValueError:  # no digits, or no text that has bytes
            pass
    raise InputError("expected 32 bytes or a text", slug="task", place="task", remedy="such as 'heart disease, 2026'")


@dataclass(frozen=True)
class Shard:
    """A commitment to a part of a node's data: its identity (of a child its master's), records, and the range of their ids."""

    identity: bytes
    records: int
    lowest: int
    highest: int

    def fault(self) -> str | None:
        """What is wrong with it, or None."""
        if len(self.identity) != 32:
            return f"expected an identity of 32 bytes, got {len(self.identity)}"
        if not 1 <= self.records <= MOST_RECORDS:
            return f"expected 1 to {MOST_RECORDS} records, got {self.records}"
        if not 0 <= self.lowest <= self.highest <= MOST_ID or self.highest - self.lowest + 1 < self.records:
            return f"expected a range of ids for {self.records} records, got [{self.lowest}, {self.highest}]"
        return None


@dataclass(frozen=True)
class Manifest(Stored):
    """What an issuer signed: these shards are valid data for this task, and this node may train on them.

    `task`, `schema`, `program`: digests. `issuer`, `node`: Ed25519 keys. `shards`: sorted by identity. `issued`, `expires`:
    seconds since 1970. `serial`: 16 bytes, what revocations name. `signature`: the issuer's, not checked yet.
    """

    task: bytes
    issuer: bytes
    node: bytes
    schema: bytes
    program: bytes
    shards: tuple[Shard, ...]
    issued: int
    expires: int
    serial: bytes
    signature: bytes = field(repr=False)
    version: int = VERSION

    @classmethod
    def sign(
        cls,
        key: Key,
        *,
        task: str | bytes,
        node: bytes | str,
        schema: Schema,
        program: Program,
        shards: Iterable[Dataset | DatasetStatement | Shard],
        expires: int,
        issued: int | None = None,
        serial: bytes | None = None,
    ) -> Manifest:
        """Vouch for datasets. Sign what you committed yourself, or whose records you have seen and whose proof you verified.

        `key`: the issuer's. `task`: 32 bytes or a text. `node`: the node's public key. `shards`: datasets, or the statements of
        accepted dataset proofs, all of one program. `expires`, `issued`: seconds since 1970; issued now, if not given.
        `serial`: by default 16 random bytes. Raises InputError (slugs manifest, task), InvalidProof (slug key).
        """
        found = []
        for one in shards:
            for name, wanted, got in _compared(one, schema, program):
                if wanted != got:
                    raise _refused(f"expected shards of {name} {wanted[:16]}, got one of {got[:16]}")
            found.append(one if isinstance(one, Shard) else _shard(one))
        made = cls(
            task_digest(task),
            key.public,
            key_of(node, "node"),
            bytes.fromhex(schema.digest),
            bytes.fromhex(program.digest),
            tuple(sorted(found, key=lambda shard: shard.identity)),
            int(time.time()) if issued is None else _seconds(issued, "issued"),
            _seconds(expires, "expires"),
            secrets.token_bytes(16) if serial is None else serial,
            bytes(64),
        )
        if fault := made._fault() or _overlap(made.shards):
            raise _refused(fault)
        signature = key.sign(TAG, made.digest)
        return cls(**{**made.__dict__, "signature": signature})

    @property
    def digest(self) -> bytes:
        """What names it: keccak256(T(13, 0) || the bytes that are signed)."""
        return hashing.digest(TAG, encode(_SIGNED, self))

    def _fault(self) -> str | None:
        """What no honest issuer signs, whatever its keys say; None for a manifest that may be checked."""
        if self.version != VERSION:
            return f"expected version {VERSION}, got {self.version}"
        if not isinstance(self.serial, bytes) or len(self.serial) != 16:
            return "expected a serial of 16 bytes"
        if not 1 <= len(self.shards) <= MOST_SHARDS:
            return f"expected 1 to {MOST_SHARDS} shards, got {len(self.shards)}"
        if not self.issued < self.expires <= MOST_TIME:
            return f"expected an end after {date(self.issued)}, got {date(self.expires)}"
        identities = [shard.identity for shard in self.shards]
        if any(a >= b for a, b in pairwise(identities)):
            return "expected shards of ascending identities, none twice"
        if len({shard.records for shard in self.shards}) > 1:
            return "expected shards of as many records each: they share a program"
        return next((fault for shard in self.shards if (fault := shard.fault())), None)

    def overlap(self) -> str | None:
        """Two shards whose ranges of ids meet, in words; None where they are disjoint."""
        return _overlap(self.shards)

    @classmethod
    def _of_file(cls, data: bytes) -> Manifest:
        return read(KIND, _CODEC, data, MOST_BYTES, cls)

    def _to_file(self) -> bytes:
        return framed(KIND, encode(_CODEC, self))

    def as_dict(self) -> dict[str, Any]:
        """For people, in the types of JSON; what is signed are the bytes."""
        return {
            "kind": "manifest",
            "digest": self.digest.hex(),
            "task": self.task.hex(),
            "issuer": self.issuer.hex(),
            "node": self.node.hex(),
            "schema": self.schema.hex(),
            "program": self.program.hex(),
            "issued": date(self.issued),
            "expires": date(self.expires),
            "serial": self.serial.hex(),
            "shards": [
                {"identity": s.identity.hex(), "records": s.records, "ids": [s.lowest, s.highest]} for s in self.shards
            ],
        }


_SHARD = struct_of(Shard, identity=_HASH, records=U32, lowest=U64, highest=U64)
_FIELDS: dict[str, Any] = {
    "version": U16,
    "task": _HASH,
    "issuer": _HASH,
    "node": _HASH,
    "schema": _HASH,
    "program": _HASH,
    "shards": Vec(_SHARD),
    "issued": U64,
    "expires": U64,
    "serial": Fixed(16),
}
#: What is signed, and what a file's body is.
_SIGNED: Struct = struct_of(Manifest, **_FIELDS)
_CODEC: Struct = struct_of(Manifest, **_FIELDS, signature=Fixed(64))


def _shard(one: Dataset | DatasetStatement) -> Shard:
    identity = one.master or one.identity
    return Shard(bytes.fromhex(identity), one.records, *one.id_range)


def _compared(one: Any, schema: Schema, program: Program) -> list[tuple[str, str, str]]:
    if isinstance(one, Shard):
        return []
    if not isinstance(one, (Dataset, DatasetStatement)):
        raise _refused(f"expected datasets or statements as shards, got {type(one).__name__}")
    return [("schema", schema.digest, one.schema), ("program", program.digest, one.program)]


def _overlap(shards: Iterable[Shard]) -> str | None:
    ordered = sorted(shards, key=lambda shard: (shard.lowest, shard.highest))
    for a, b in pairwise(ordered):
        if b.lowest <= a.highest:
            return f"expected ranges of ids apart, got [{a.lowest}, {a.highest}] and [{b.lowest}, {b.highest}]"
    return None


def _refused(reason: str) -> InputError:
    return InputError(
        reason, slug="manifest", place="manifest", remedy="an issuer signs shards of one program, with ids apart"
    )


def _seconds(value: Any, what: str) -> int:
    if not is_whole(value) or not 0 <= value <= MOST_TIME:
        raise _refused(
            f"{what}: expected a time as whole seconds since 1970, at most {MOST_TIME}, got {str(value)[:40]}"
        )
    return int(value)


def key_of(given: bytes | str, place: str) -> bytes:
    """A public key of its bytes or of 64 hexadecimal digits. Raises InvalidProof (slug key)."""
    if not isinstance(given, str):
        return check_key(given, place)
    try:
        return check_key(bytes.fromhex(given) if len(given) == 64 else given, place)
    except ValueError:  # no digits
        return check_key(given, place)


def date(seconds: int) -> str:
    """A time as people write it, in UTC; one that is no time, as in somebody else's message, as the nearest one."""
    return datetime.fromtimestamp(min(max(seconds, 0), MOST_TIME), timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds_of(text: str, place: str) -> int:
    """The time that `date` wrote, or the beginning of a day. Raises InputError (slug time)."""
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"):
        try:
            moment = datetime.strptime(text, form).replace(tzinfo=timezone.utc)
        except (ValueError, TypeError):
            continue
        if moment.year >= 1970:
            return int(moment.timestamp())
    raise InputError(
        f"expected a time in UTC, from 1970 on, got {str(text)[:40]!r}",
        slug="time",
        place=place,
        remedy="such as 2026-07-01 or 2026-07-01T12:00:00Z",
    )
