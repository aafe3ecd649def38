"""Arrays in .npz and .npy files, by their headers: a member is unpacked when it is asked for, and within a bound.

bytes that are unpacked <= max(2^28, 64 * bytes of the file)
"""

from __future__ import annotations

import io
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError

Array = npt.NDArray[Any]

#: Bytes that any file may unpack to, and per byte of it: a file that is not compressed has no bound but its own size.
FREE = 2**28
FREE_PER_BYTE = 64
#: Members of an archive: a file of arrays has one for each input.
MOST_MEMBERS = 4096
#: Bytes of a header. NumPy writes 64 to 128, more for structures only.
MOST_HEADER = 10_000
#: Kinds of arrays that somebody may mean: numbers, and what later is refused by its name or is a label.
KINDS = "biufcmMUS"

REMEDY = "write it with numpy.savez(path, NAME=array)"


class ArrayFile(Mapping[str, Array]):
    """The arrays of an .npz file by name, or the one of an .npy file under the name `x`; no pickled objects.

    Only names are read at first; `[name]` checks that array's header, and reads it. Raises InputError (slug arrays),
    FileNotFoundError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._unpacked = 0
        with self._failures(), path.open("rb") as file:
            start = file.read(len(np.lib.format.MAGIC_PREFIX))
            self._members: dict[str, zipfile.ZipInfo] | None = None
            if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
                with zipfile.ZipFile(file) as archive:
                    self._members = self._listed(archive)
            elif start != np.lib.format.MAGIC_PREFIX:
                self._refuse("pickled objects, or another kind of file" if start else "no data left in file")

    def _listed(self, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
        members = archive.infolist()
        if len(members) > MOST_MEMBERS:
            self._refuse(f"expected at most {MOST_MEMBERS} arrays, got {len(members)}")
        found: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in found:
                self._refuse(f"the array {name[:80]} is there twice")
            found[name] = member
        return found

    @property
    def alone(self) -> bool:
        """Whether it is one array without a name: an .npy file."""
        return self._members is None

    def __iter__(self) -> Iterator[str]:
        return iter(("x",) if self._members is None else self._members)

    def __len__(self) -> int:
        return 1 if self._members is None else len(self._members)

    def __contains__(self, name: object) -> bool:  # Mapping's own would read the array
        return name == "x" if self._members is None else name in self._members

    def __getitem__(self, name: str) -> Array:
        if name not in self:
            raise KeyError(name)
        with self._failures(name), self._path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(0)
            if self._members is None:
                self._check(name, file, size, size)
                file.seek(0)
                return _plain(file)
            with zipfile.ZipFile(file) as archive:
                member = self._members[name]
                with archive.open(member) as packed:
                    self._check(name, packed, member.file_size, size)
                with archive.open(member) as packed:
                    return _plain(packed)

    def _check(self, name: str, file: IO[bytes], size: int, file_size: int) -> None:
        """Header and bytes of an array agree, and the bytes are not too many."""
        dtype, shape, header = self._header(name, file)
        if dtype.hasobject or dtype.kind not in KINDS:
            kind = "pickled objects" if dtype.hasobject else str(dtype)[:80]
            self._refuse(f"array {name}: expected numbers, got {kind}")
        if any(isinstance(n, bool) or n < 0 for n in shape) or (not dtype.itemsize and math.prod(shape) > FREE):
            self._refuse(f"array {name}: expected a shape, got {str(shape)[:80]}")
        data = math.prod(shape) * dtype.itemsize
        if data != size - header:
            self._refuse(f"array {name}: expected {data} bytes for shape {str(shape)[:80]}, got {size - header}")
        most = max(FREE, FREE_PER_BYTE * file_size)
        self._unpacked += data
        if self._unpacked > most:
            self._refuse(
                f"array {name}: expected at most {most} bytes unpacked from {file_size}, got {self._unpacked}",
                "write it without compression: numpy.savez(path, NAME=array)",
            )

    def _header(self, name: str, file: IO[bytes]) -> tuple[np.dtype[Any], tuple[int, ...], int]:
        """Type, shape and the header's bytes. Its length is checked first: NumPy would read as much as it says."""
        start = file.read(12)
        width = {b"\x01\0": 2, b"\x02\0": 4}.get(start[6:8])
        if start[:6] != np.lib.format.MAGIC_PREFIX or width is None or len(start) < 8 + width:
            self._refuse(f"array {name}: pickled objects, or another kind of file")
        (length,) = struct.unpack_from("<H" if width == 2 else "<I", start, 8)
        if length > MOST_HEADER:
            self._refuse(f"array {name}: expected a header of at most {MOST_HEADER} bytes, got {length}")
        text = start[8:] + file.read(max(0, length - (4 - width)))  # a negative count would read all
        read = np.lib.format.read_array_header_1_0 if width == 2 else np.lib.format.read_array_header_2_0
        try:
            shape, _, dtype = read(io.BytesIO(text), max_header_size=MOST_HEADER)
        except (SyntaxError, tokenize.TokenError, RecursionError, MemoryError):  # of Python's parser
            self._refuse(f"array {name}: expected a header, got {text[width:][:80]!r}")
        return dtype, shape, 8 + width + length

    @contextmanager
    def _failures(self, name: str = "") -> Iterator[None]:
        try:
            yield
        except (
            ValueError,
            TypeError,
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            struct.error,
            EOFError,
            KeyError,
            RuntimeError,
            OSError,
        ) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the file; without a number it is of bzip2
                raise
            # A zip archive may be encrypted, or packed in a way that Python does not know: RuntimeError.
            self._refuse((f"array {name}: " if name else "") + str(error)[:200])

    def _refuse(self, reason: str, remedy: str = REMEDY) -> NoReturn:
        raise InputError(
            f"not an .npz or .npy file of plain arrays: {reason}", slug="arrays", place=str(self._path), remedy=remedy
        ) from None


def _plain(file: IO[bytes]) -> Array:
    return np.asarray(np.lib.format.read_array(file, allow_pickle=False))
