"""Everything public, each by its digest: a folder, or the same folder behind a static web server.

    objects/ab/ab12..    bytes; their digest, which the kind of object says how to take, is the name

A name is asked for by somebody who knows what it must be, so nobody has to be trusted for the bytes. A store keeps its objects in
such a folder, and a lineage is one.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, TypeVar

from tacit.api.native import write_file
from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.fetching import get
from tacit.network.digests import tagged
from tacit.network.kinds import Kind

#: Bytes of an object at most: a model of the most entries, and its head.
MOST_OBJECT = (1 << 31) + (1 << 24)
M = TypeVar("M")


class Objects(Protocol):
    """Where bytes are, by name."""

    def read(self, name: bytes, most: int, place: str) -> bytes:
        """The bytes of this name, unchecked. Raises InvalidProof: slug object_missing, or object_size beyond `most`."""


class Folder:
    """Objects in a folder. What is written is on the disk, under its name, when `put` returns."""

    def __init__(self, path: str | os.PathLike[str], *, make: bool = False) -> None:
        self.path = Path(path)
        if make:
            _make(self.path)

    def put(self, name: bytes, data: bytes) -> None:
        """Write bytes under a name, whole or not at all; once more is nothing. Raises InputError (slug file)."""
        target = self._at(name)
        _make(target.parent)
        if not target.exists():
            return write_file(target, data)
        # Another process may have died between naming it and the disk.
        for path in (target, target.parent):
            _flush(path)
        return None

    def has(self, name: bytes) -> bool:
        """Whether there are bytes of this name."""
        return self._at(name).is_file()

    def read(self, name: bytes, most: int, place: str) -> bytes:
        """As `Objects.read`."""
        return read_bounded(self._at(name), most, place)

    def _at(self, name: bytes) -> Path:
        return self.path / "objects" / name.hex()[:2] / name.hex()


class Overlay:
    """Bytes in memory in front of others: what somebody sent, and is not kept before it was checked."""

    def __init__(self, parts: Mapping[bytes, bytes], below: Objects) -> None:
        self._parts, self._below = parts, below

    def read(self, name: bytes, most: int, place: str) -> bytes:
        """As `Objects.read`."""
        data = self._parts.get(name)
        if data is None:
            return self._below.read(name, most, place)
        if len(data) > most:
            raise InvalidProof(f"expected at most {most} bytes, got {len(data)}", slug="object_size", place=place)
        return data


class Web:
    """Objects behind a web server that serves such a folder as files."""

    def __init__(self, url: str, *, seconds: float = 60.0) -> None:
        self.url, self._seconds = url.rstrip("/"), seconds

    def read(self, name: bytes, most: int, place: str) -> bytes:
        """As `Objects.read`."""
        return self.file(f"objects/{name.hex()[:2]}/{name.hex()}", most, place)

    def file(self, path: str, most: int, place: str) -> bytes:
        """The bytes of any file there. Raises InvalidProof as `read`."""
        try:
            return get(f"{self.url}/{path}", most=most, seconds=self._seconds)
        except InputError as error:
            slug = "object_size" if "at most" in error.reason else "object_missing"
            raise InvalidProof(f"{path}: {error.reason}", slug=slug, place=place) from None


def read_bounded(path: Path, most: int, place: str) -> bytes:
    """The bytes of a plain file, `most` at most. Raises InvalidProof (slug object_missing, object_size)."""
    try:
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            found = os.fstat(file.fileno())
            # A pipe or a device among somebody else's files would never end.
            if not stat.S_ISREG(found.st_mode):
                raise InvalidProof(f"{path.name} is no plain file", slug="object_missing", place=place)
            data = file.read(most + 1)
    except OSError as error:
        raise InvalidProof(f"{path.name}: {error.strerror}", slug="object_missing", place=place) from None
    if len(data) > most:
        raise InvalidProof(f"expected at most {most} bytes, got more", slug="object_size", place=place)
    return data


def read_tagged(objects: Objects, label: bytes, name: bytes, most: int, place: str) -> bytes:
    """The bytes whose H(label || bytes) is the name. Raises InvalidProof (slug object_missing, object_size, object_changed)."""
    data = objects.read(name, most, place)
    if tagged(label, data) != name:
        raise _changed(name, place)
    return data


def read_message(objects: Objects, kind: Kind[M], name: bytes) -> M:
    """The message of this digest. Raises InvalidProof as `read_tagged`, and as `Kind.read`."""
    return kind.read(read_tagged(objects, kind.label, name, kind.most, kind.place))


def read_signed(objects: Objects, kind: Kind[M], name: bytes, key: bytes) -> M:
    """The message of this digest, signed by the key. Raises InvalidProof as `read_message`, and as `Kind.check`."""
    data = objects.read(name, kind.most + 64, kind.place)
    if kind.digest(data[64:]) != name:
        raise _changed(name, kind.place)
    message, signed = kind.open(data)
    kind.check(signed, key)
    return message


def _changed(name: bytes, place: str) -> InvalidProof:
    return InvalidProof(f"the bytes are not those of {name.hex()[:16]}", slug="object_changed", place=place)


def _make(folder: Path) -> None:
    """A folder and those above it, on the disk."""
    if folder.is_dir():
        return
    _make(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
        _flush(folder.parent)
    except OSError as error:
        raise InputError(error.strerror or str(error), slug="file", place=str(folder)) from None


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
