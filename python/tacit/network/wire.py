"""Integer tensors from the `.npy` bytes of others, without believing a header.

`numpy.load` allocates what the header says, so a header of 2^40 entries asks for 8 TiB. Here the header is never parsed: the one
that this tensor must have is written down, and compared.

    magic, 1, 0 || length of the text, two bytes, little-endian || {'descr': '<i8', ..}, spaces, a line end || entries
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod

import numpy as np

from tacit.errors import InvalidProof
from tacit.network.context import check_interval
from tacit.network.interface import Ints, Model, Parameter

#: Bytes that a header takes at most; NumPy writes 128 for all but the longest shapes.
MOST_HEADER = 1024
_MAGIC = b"\x93NUMPY\x01\x00"


def write_array(array: Ints) -> bytes:
    """The `.npy` bytes (version 1.0) of an int64 array, row-major."""
    text = _description(array.shape)
    room = -(len(_MAGIC) + 2 + len(text) + 1) % 64
    head = text + b" " * room + b"\n"
    return _MAGIC + len(head).to_bytes(2, "little") + head + np.ascontiguousarray(array, dtype="<i8").tobytes()


def read_array(data: bytes, shape: Sequence[int], interval: tuple[int, int], place: str) -> Ints:
    """The int64 array of `.npy` bytes: of this shape, with entries in the interval; a view of the bytes, read-only.

    Raises InvalidProof: slug array_size for too many or too few bytes, array for another header, interval for a value.
    """
    size = 8 * prod(shape)
    if not size + 10 < len(data) <= size + 10 + MOST_HEADER:
        raise InvalidProof(
            f"expected {size} bytes behind a header of at most {MOST_HEADER}, got {len(data)}",
            slug="array_size",
            place=place,
        )
    head = data[: len(data) - size]
    text = _description(shape)
    if (
        not head.startswith(_MAGIC)
        or int.from_bytes(head[8:10], "little") != len(head) - 10
        or not head.startswith(text, 10)
        or not head.endswith(b"\n")
        or head[10 + len(text) : -1].strip(b" ")
    ):
        raise InvalidProof(
            f"expected .npy of version 1.0 with {text.decode().strip()}, got another header", slug="array", place=place
        )
    array = np.frombuffer(data, "<i8", prod(shape), len(head)).reshape(tuple(shape))
    check_interval(array, *interval, place)
    return array


def write_model(model: Model) -> dict[str, bytes]:
    """Every tensor as `.npy` bytes."""
    return {name: write_array(array) for name, array in model.items()}


def read_model(arrays: Mapping[str, bytes], parameters: Sequence[Parameter]) -> dict[str, Ints]:
    """The declared tensors, all of them and no other. Raises InvalidProof (slug tensors, array_size, array, interval)."""
    names = [name for name, _, _, _ in parameters]
    if set(arrays) != set(names):
        extra, missing = sorted(set(arrays) - set(names)), sorted(set(names) - set(arrays))
        got = f"without {missing[0]!r}" if missing else f"also {extra[0][:64]!r}"
        raise InvalidProof(f"expected {len(names)} tensors, got {len(arrays)}, {got}", slug="tensors", place="arrays")
    return {name: read_array(arrays[name], shape, (low, high), name) for name, shape, low, high in parameters}


def most_bytes(parameters: Sequence[Parameter]) -> int:
    """Bytes that the arrays of a model have at most."""
    return sum(8 * prod(shape) + 10 + MOST_HEADER for _, shape, _, _ in parameters)


def _description(shape: Sequence[int]) -> bytes:
    """The dictionary as NumPy writes it, byte for byte."""
    written = repr(tuple(int(extent) for extent in shape))
    return f"{{'descr': '<i8', 'fortran_order': False, 'shape': {written}, }}".encode()


# --- many parts in one --------------------------------------------------------------------------------------------------

#: Parts of a bundle at most, and bytes of a name.
_MOST_PARTS = 1 << 13
_MOST_NAME = 512


def pack(parts: Mapping[str, bytes]) -> bytes:
    """Named parts in one: their number (four bytes), then each, sorted by name: lengths (two, eight bytes), name, part."""
    found = [len(parts).to_bytes(4, "little")]
    for name, part in sorted(parts.items(), key=lambda item: item[0].encode()):
        text = name.encode()
        found += [len(text).to_bytes(2, "little"), len(part).to_bytes(8, "little"), text, part]
    return b"".join(found)


def unpack(data: bytes, most: int, place: str) -> dict[str, bytes]:
    """The parts of `pack`. Raises InvalidProof (slug message_size, message)."""
    if len(data) > most:
        raise InvalidProof(f"expected at most {most} bytes, got {len(data)}", slug="message_size", place=place)
    count, at, last = int.from_bytes(data[:4], "little"), 4, b""
    found: dict[str, bytes] = {}
    try:
        if len(data) < 4 or count > _MOST_PARTS:
            raise ValueError(f"{count} parts")
        for _ in range(count):
            named, size = int.from_bytes(data[at : at + 2], "little"), int.from_bytes(data[at + 2 : at + 10], "little")
            name, part = data[at + 10 : at + 10 + named], data[at + 10 + named : at + 10 + named + size]
            if not 0 < named <= _MOST_NAME or len(name) != named or len(part) != size or name <= last:
                raise ValueError("a part that is not whole, or not in order")
            at, last = at + 10 + named + size, name
            found[name.decode()] = part
        if at != len(data):
            raise ValueError(f"{len(data) - at} bytes left over")
    except ValueError as error:
        raise InvalidProof(f"no parts by name: {error}", slug="message", place=place) from None
    return found
