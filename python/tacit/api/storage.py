"""What the objects of this package have in common: each is a file of its own kind, at a path, in a stream or in memory."""

from __future__ import annotations

import io
import os
import stat
from abc import ABC, abstractmethod
from typing import Any, Protocol, TypeVar

from tacit.api.native import MOST_PIPED, failures, read_file, write_file
from tacit.errors import InputError, naming

Path = str | os.PathLike[str]
_CHUNK = 1 << 20


class Readable(Protocol):
    """A file object opened for reading bytes."""

    def read(self, size: int, /) -> bytes | None: ...


class Writable(Protocol):
    """A file object opened for writing bytes."""

    def write(self, data: bytes, /) -> Any: ...


S = TypeVar("S", bound="Stored")


class Stored(ABC):
    """A file of its own kind. Files, bytes and pickles hold the same, and what is read from them is checked alike."""

    #: Readable by its owner only, where it is made.
    _private = False

    @classmethod
    @abstractmethod
    def _of_file(cls: type[S], data: bytes) -> S:
        """The object of a file's bytes. Raises the extension module's failures."""

    @abstractmethod
    def _to_file(self) -> bytes:
        """The file's bytes. Raises the extension module's failures."""

    @classmethod
    def from_bytes(cls: type[S], data: bytes | bytearray | memoryview) -> S:
        """The object of a file's bytes. Raises InvalidProof (slug encoding, checksum, ..) when they are of no such file."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise InputError(f"expected bytes, got {type(data).__name__}", slug="type", place="data")
        with failures():
            return cls._of_file(bytes(data))

    def to_bytes(self) -> bytes:
        """The bytes of the file that `save` writes."""
        with failures():
            return self._to_file()

    @classmethod
    def load(cls: type[S], source: Path | Readable) -> S:
        """Read a file: its path, or a file object opened for bytes, which is read to its end.

        Raises InputError when it cannot be read; InvalidProof (slug encoding, checksum, ..) or ProgramError when it is
        not one of this kind.
        """
        data = read_source(source)
        with naming(place_of(source)), failures(place_of(source)):
            return cls._of_file(data)

    def save(self, target: Path | Writable) -> None:
        """Write the file: to a path, whole or not at all, or to a file object opened for bytes, which stays open."""
        with failures(place_of(target)):
            data = self._to_file()
        if isinstance(target, (str, os.PathLike)):
            write_file(target, data, private=self._private)
        else:
            _write_stream(target, data)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_bytes, (self.to_bytes(),)

    # Nothing in them changes: in the same process a copy is the object itself, with what it remembers.

    def __copy__(self: S) -> S:
        return self

    def __deepcopy__(self: S, memo: dict[int, Any]) -> S:
        return self


def place_of(file: object) -> str:
    """What errors call a file: its path or name, or the class of the file object."""
    name = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", None)
    return os.fsdecode(name) if isinstance(name, (str, os.PathLike)) else f"a {type(file).__name__}"


def read_source(source: Path | Readable) -> bytes:
    """The bytes of a file, or what is left in a file object. Raises InputError."""
    if isinstance(source, (str, os.PathLike)):
        return read_file(source)
    place = place_of(source)
    _check_stream(source, "read", place)
    most = None if isinstance(source, io.BytesIO) or _regular(source) else MOST_PIPED
    found = bytearray()
    try:
        while part := source.read(_CHUNK):
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise _not_of_bytes(place, f"gave {type(part).__name__}")
            found += part
            if most is not None and len(found) > most:
                raise InputError(
                    f"expected at most {most} bytes from what is no file, got more",
                    slug="file",
                    place=place,
                    remedy="save it to a file, and give its path",
                )
    except (OSError, ValueError, EOFError) as error:
        raise InputError(getattr(error, "strerror", None) or str(error), slug="file", place=place) from None
    if part is None:
        raise InputError("expected a file that waits for its data, got one that does not", slug="file", place=place)
    return bytes(found)


def _write_stream(target: Writable, data: bytes) -> None:
    """Write all of it, however little is taken at a time. Raises InputError; part of it may have been written then."""
    place = place_of(target)
    _check_stream(target, "write", place)
    rest = memoryview(data)
    try:
        while rest:
            taken = target.write(bytes(rest))
            if taken is None and not isinstance(target, io.RawIOBase):
                return  # a file object that does not say: all of it
            if not isinstance(taken, int) or not 0 < taken <= len(rest):
                raise InputError(f"expected 1 to {len(rest)} bytes to be taken, got {taken}", slug="file", place=place)
            rest = rest[taken:]
    except TypeError as error:
        raise _not_of_bytes(place, f"said: {error}") from None
    except (OSError, ValueError) as error:
        raise InputError(getattr(error, "strerror", None) or str(error), slug="file", place=place) from None


def _check_stream(file: object, verb: str, place: str) -> None:
    if isinstance(file, (bytes, bytearray, memoryview)):
        raise InputError(
            "expected a path or a file object, got bytes",
            slug="type",
            place=place,
            remedy="from_bytes takes a file's bytes",
        )
    if not callable(getattr(file, verb, None)):
        raise InputError(
            f"expected a path, or a file object that can {verb}, got {type(file).__name__}",
            slug="type",
            place=place,
            remedy="give the name of a file",
        )
    if isinstance(file, io.TextIOBase):
        raise _not_of_bytes(place, "is for text")


def _not_of_bytes(place: str, got: str) -> InputError:
    return InputError(
        f"expected a file object for bytes, got one that {got}",
        slug="type",
        place=place,
        remedy="open it in the mode 'rb' or 'wb'",
    )


def _regular(file: object) -> bool:
    """Whether it is a file on a disk itself, with an end; what unpacks one has no such."""
    raw = getattr(file, "raw", file)
    if not isinstance(raw, io.FileIO):
        return False
    try:
        return stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
    except (OSError, ValueError):
        return False
