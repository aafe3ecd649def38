"""Borsh, the byte format of programs: little-endian, length-prefixed, one encoding a value (https://borsh.io).

A codec is a small description of a type; `encode` and `decode` follow it. Decoding accepts canonical bytes only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


class EncodingError(ValueError):
    """Bytes that are not a canonical encoding, or a value that has none."""

    slug = "encoding"


@dataclass(frozen=True)
class Int:
    format: str


@dataclass(frozen=True)
class Text:
    limit: int = 1 << 16


@dataclass(frozen=True)
class Fixed:
    """So many bytes, without their number."""

    size: int


@dataclass(frozen=True)
class Bool:
    pass


@dataclass(frozen=True)
class Vec:
    item: Any


@dataclass(frozen=True)
class Option:
    item: Any


@dataclass(frozen=True)
class Pair:
    first: Any
    second: Any


@dataclass(frozen=True)
class Struct:
    cls: Callable[..., Any]
    fields: tuple[tuple[str, Any], ...]


@dataclass(frozen=True)
class Enum:
    variants: tuple[Struct, ...]


def struct_of(cls: Callable[..., Any], **fields: Any) -> Struct:
    return Struct(cls, tuple(fields.items()))


U8, U16, U32, I32, I64 = Int("<B"), Int("<H"), Int("<I"), Int("<i"), Int("<q")


def encode(codec: Any, value: Any) -> bytes:
    """The bytes of a value. Raises EncodingError when it has none."""
    out = bytearray()
    _write(codec, value, out)
    return bytes(out)


def decode(codec: Any, data: bytes) -> Any:
    """The value of these bytes, all of them. Raises EncodingError unless they are canonical."""
    reader = _Reader(data)
    value = _read(codec, reader)
    if reader.at != len(data):
        raise EncodingError(f"{len(data) - reader.at} trailing bytes")
    return value


def _pack(format: str, value: int) -> bytes:
    try:
        return struct.pack(format, value)
    except struct.error:
        bits, signed = 8 * struct.calcsize(format), format[1:].islower()
        least, most = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
        got = str(value)[:40]
        raise EncodingError(f"expected a whole number from {least} to {most}, got {got}") from None


def _write(codec: Any, value: Any, out: bytearray) -> None:
    match codec:
        case Int(format):
            out += _pack(format, value)
        case Bool():
            out.append(1 if value else 0)
        case Fixed(size):
            if len(value) != size:
                raise EncodingError(f"{len(value)} bytes, expected {size}")
            out += value
        case Text(limit):
            data = value.encode()
            if len(data) > limit:
                raise EncodingError(f"text of {len(data)} bytes, at most {limit}")
            out += _pack("<I", len(data)) + data
        case Vec(Int(format)):
            out += _pack("<I", len(value))
            for item in value:
                out += _pack(format, item)
        case Vec(item):
            out += _pack("<I", len(value))
            for element in value:
                _write(item, element, out)
        case Option(item):
            out.append(0 if value is None else 1)
            if value is not None:
                _write(item, value, out)
        case Pair(first, second):
            _write(first, value[0], out)
            _write(second, value[1], out)
        case Struct(_, fields):
            for name, field in fields:
                _write(field, getattr(value, name), out)
        case Enum(variants):
            tag = next(i for i, variant in enumerate(variants) if variant.cls is type(value))
            out.append(tag)
            _write(variants[tag], value, out)
        case _:
            raise TypeError(codec)


class _Reader:
    """Bytes with a cursor; every read is checked against the end."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, count: int) -> bytes:
        if count > len(self.data) - self.at:
            raise EncodingError(f"truncated at byte {self.at}")
        self.at += count
        return self.data[self.at - count : self.at]

    def integer(self, format: str) -> int:
        (value,) = struct.unpack(format, self.take(struct.calcsize(format)))
        return int(value)

    def flag(self) -> bool:
        value = self.take(1)[0]
        if value > 1:
            raise EncodingError(f"flag {value} at byte {self.at - 1}")
        return value == 1


def _read(codec: Any, reader: _Reader) -> Any:
    match codec:
        case Int(format):
            return reader.integer(format)
        case Bool():
            return reader.flag()
        case Fixed(size):
            return reader.take(size)
        case Text(limit):
            size = reader.integer("<I")
            if size > limit:
                raise EncodingError(f"text of {size} bytes, at most {limit}")
            try:
                return reader.take(size).decode()
            except UnicodeDecodeError:
                raise EncodingError(f"text that is not UTF-8 before byte {reader.at}") from None
        case Vec(Int(format)):
            count = reader.integer("<I")
            data = reader.take(count * struct.calcsize(format))
            return struct.unpack(f"<{count}{format[1:]}", data)
        case Vec(item):
            return tuple(_read(item, reader) for _ in range(reader.integer("<I")))
        case Option(item):
            return _read(item, reader) if reader.flag() else None
        case Pair(first, second):
            return (_read(first, reader), _read(second, reader))
        case Struct(cls, fields):
            return cls(**{name: _read(field, reader) for name, field in fields})
        case Enum(variants):
            tag = reader.take(1)[0]
            if tag >= len(variants):
                raise EncodingError(f"unknown variant {tag} at byte {reader.at - 1}")
            return _read(variants[tag], reader)
        case _:
            raise TypeError(codec)
