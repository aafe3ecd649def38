"""Who may sign manifests, and which of them are void: a registry of issuers, and lists of revoked serials."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tacit import hashing
from tacit.api.native import read_file, write_file
from tacit.api.storage import Path, Stored
from tacit.data.container import framed, read
from tacit.data.keys import Key
from tacit.data.limits import is_whole
from tacit.data.manifest import MOST_TIME, U64, date, key_of, seconds_of
from tacit.errors import InputError, naming
from tacit.foreign_json import parse, said
from tacit.program.borsh import U16, Fixed, Struct, Vec, encode, struct_of
from tacit.words import some

VERSION = 1
KIND = 7
#: T(14, 0).
TAG = (14 << 56).to_bytes(8, "big")
#: Issuers of a registry, serials of a list, bytes of either file.
MOST_ISSUERS, MOST_SERIALS, MOST_BYTES = 1 << 12, 1 << 19, 1 << 24


# --- issuers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Issuer:
    """A key that may sign manifests, whose it is, and from when until when (seconds since 1970; None: without an end)."""

    key: bytes
    name: str
    since: int = 0
    until: int | None = None

    def holds(self, at: int) -> bool:
        """Whether it may sign at this time."""
        return self.since <= at and (self.until is None or at <= self.until)


@dataclass(frozen=True)
class Issuers:
    """Whose word a task takes; public, as a JSON file. Raises InputError (slug issuers), InvalidProof (slug key)."""

    entries: tuple[Issuer, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(self.entries))
        if len(self.entries) > MOST_ISSUERS:
            raise _wrong(f"expected at most {MOST_ISSUERS} issuers, got {len(self.entries)}", "issuers")
        for entry in self.entries:
            _check_issuer(entry)
        if len({entry.key for entry in self.entries}) < len(self.entries):
            raise _wrong("expected every key once, got one twice", "issuers")

    def find(self, key: bytes) -> Issuer | None:
        """The issuer of this key."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def adding(self, key: bytes | str, name: str, *, since: int = 0, until: int | None = None) -> Issuers:
        """These and one more. Raises InputError (slug issuers), InvalidProof (slug key)."""
        public = key_of(key, "issuer")
        if (there := self.find(public)) is not None:
            raise InputError(
                f"the key {public.hex()[:16]} is there already, as {there.name!r}",
                slug="issuers",
                place="issuers",
                remedy="an issuer has one entry: change its line in the file for another name or other times",
            )
        return Issuers((*self.entries, Issuer(public, name, since, until)))

    def to_json(self) -> bytes:
        """The file's bytes."""
        rows = [
            {"key": e.key.hex(), "name": e.name, "from": date(e.since), "until": e.until and date(e.until)}
            for e in self.entries
        ]
        return json.dumps({"tacit-issuers": VERSION, "issuers": rows}, ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def from_json(cls, data: bytes, *, place: str = "issuers") -> Issuers:
        """Of a file's bytes, read strictly. Raises InputError (slugs issuers, time), InvalidProof (slug key)."""
        if len(data) > MOST_BYTES:
            raise _wrong(f"expected at most {MOST_BYTES} bytes, got more", place)
        try:
            values = parse(data, object_pairs_hook=_once)
        except ValueError as error:
            raise _wrong(said(error), place) from None
        found = _keys(values, ("tacit-issuers", "issuers"), place)
        version, rows = found["tacit-issuers"], found["issuers"]
        if type(version) is not int or version != VERSION or not isinstance(rows, list):
            raise _wrong(f"expected a list of issuers of version {VERSION}", place)
        return cls(tuple(_issuer(row, place) for row in rows))

    @classmethod
    def load(cls, path: Path) -> Issuers:
        """Read the file. Raises as `from_json`, and InputError (slug file)."""
        with naming(str(path)):
            return cls.from_json(read_file(path, MOST_BYTES + 1), place=str(path))

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all. Raises InputError (slug file)."""
        write_file(path, self.to_json())


def _issuer(row: Any, place: str) -> Issuer:
    found = _keys(row, ("key", "name", "from", "until"), place)
    key, since, until = found["key"], found["from"], found["until"]
    if not isinstance(key, str) or not isinstance(since, str) or not (until is None or isinstance(until, str)):
        raise _wrong("expected texts for key, from and until", place)
    ends = None if until is None else seconds_of(until, f"{place}: until")
    return Issuer(key_of(key, place), found["name"], seconds_of(since, f"{place}: from"), ends)


def _check_issuer(entry: Any) -> None:
    if not isinstance(entry, Issuer):
        raise _wrong(f"expected issuers, got {type(entry).__name__}", "issuers")
    key_of(entry.key, "issuer")
    try:
        good = isinstance(entry.name, str) and entry.name.isprintable() and 0 < len(entry.name.encode()) <= 128
    except UnicodeEncodeError:
        good = False
    if not good:
        raise _wrong(f"expected a name of 1 to 128 bytes, got {str(entry.name)[:40]!r}", "an issuer's name")
    ends = (entry.since, MOST_TIME if entry.until is None else entry.until)
    if not all(map(is_whole, ends)) or not 0 <= ends[0] < ends[1] <= MOST_TIME:
        raise _wrong(
            f"expected an end after the beginning, and before the year 10000, got {_times(entry)}",
            f"issuer {entry.name}",
        )


def _times(entry: Issuer) -> str:
    """From when until when, for an error: what is no time stays as it is."""

    def told(value: Any) -> str:
        return date(value) if is_whole(value) and 0 <= value <= MOST_TIME else str(value)[:40]

    return f"{told(entry.since)} until {'ever' if entry.until is None else told(entry.until)}"


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key twice")
    return found


def _keys(values: Any, keys: tuple[str, ...], place: str) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise _wrong(f"expected an object with the keys {', '.join(keys)}, got {type(values).__name__}", place)
    if set(values) != set(keys):
        raise _wrong(f"expected an object with the keys {', '.join(keys)}, got {some(sorted(values))}", place)
    return values


def _wrong(reason: str, place: str) -> InputError:
    return InputError(
        reason,
        slug="issuers",
        place=place,
        remedy="`tacit data trust` makes such a file, and adds an issuer to one: its public key, a name, and times",
    )


# --- revocations ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Revocations(Stored):
    """Serials of manifests that their issuer takes back, in a list that it signed.

    `number`: of the list; a newer one has a greater number, and all that is in the older ones. `time`: seconds since 1970.
    `serials`: ascending. `signature`: not checked yet.
    """

    issuer: bytes
    number: int
    time: int
    serials: tuple[bytes, ...]
    signature: bytes = field(repr=False)
    version: int = VERSION

    @classmethod
    def sign(
        cls, key: Key, serials: Iterable[bytes], *, before: Revocations | None = None, now: int | None = None
    ) -> Revocations:
        """The next list: these serials, and those of the list `before`. Raises InputError (slug revocations)."""
        if before is not None and before.issuer != key.public:
            raise _no_list("expected a list of the same issuer as the one before")
        old = () if before is None else before.serials
        number = 1 if before is None else before.number + 1
        at = int(time.time()) if now is None else now
        made = cls(key.public, number, at, tuple(sorted({*old, *serials})), bytes(64))
        if fault := made._fault():
            raise _no_list(fault)
        return cls(made.issuer, number, at, made.serials, key.sign(TAG, made.digest))

    @property
    def digest(self) -> bytes:
        """keccak256(T(14, 0) || the bytes that are signed)."""
        return hashing.digest(TAG, encode(_SIGNED, self))

    def _fault(self) -> str | None:
        if self.version != VERSION:
            return f"expected version {VERSION}, got {self.version}"
        if len(self.serials) > MOST_SERIALS or any(len(serial) != 16 for serial in self.serials):
            return f"expected at most {MOST_SERIALS} serials of 16 bytes"
        if any(a >= b for a, b in pairwise(self.serials)):
            return "expected ascending serials, none twice"
        if not is_whole(self.time) or not 0 <= self.time <= MOST_TIME or not 1 <= self.number < 1 << 64:
            return "expected a number from 1, and a time in seconds since 1970"
        return None

    @classmethod
    def _of_file(cls, data: bytes) -> Revocations:
        return read(KIND, _CODEC, data, MOST_BYTES, cls)

    def _to_file(self) -> bytes:
        return framed(KIND, encode(_CODEC, self))

    def as_dict(self) -> dict[str, Any]:
        """For people, in the types of JSON."""
        return {
            "kind": "revocations",
            "issuer": self.issuer.hex(),
            "number": self.number,
            "time": date(self.time),
            "serials": [serial.hex() for serial in self.serials],
        }


_FIELDS: dict[str, Any] = {
    "version": U16,
    "issuer": Fixed(32),
    "number": U64,
    "time": U64,
    "serials": Vec(Fixed(16)),
}
_SIGNED: Struct = struct_of(Revocations, **_FIELDS)
_CODEC: Struct = struct_of(Revocations, **_FIELDS, signature=Fixed(64))


def _no_list(reason: str) -> InputError:
    return InputError(reason, slug="revocations", place="revocations", remedy="give the 16 bytes of manifests' serials")
