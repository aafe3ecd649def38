"""The part of borsh that the formats use: one declaration gives the decoder and the encoder.

Every encoding here is canonical by construction, so decoding then encoding gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from .errors import Refused

T = TypeVar("T")


class Input:
    """Bytes being decoded."""

    def __init__(self, data: bytes, place: str) -> None:
        self.data = data
        self.at = 0
        self.place = place

    def take(self, size: int) -> bytes:
        data = self.data[self.at : self.at + size]
        if len(data) != size:
            raise self.refuse("the bytes end too early")
        self.at += size
        return data

    def refuse(self, detail: str) -> Refused:
        return Refused("encoding", self.place, f"{detail} (byte {self.at})")


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How one type is read and written."""

    read: Callable[[Input], T]
    write: Callable[[T], bytes]


def integer(size: int, signed: bool) -> Codec[int]:
    return Codec(
        lambda data: int.from_bytes(data.take(size), "little", signed=signed),
        lambda x: x.to_bytes(size, "little", signed=signed),
    )


U8, U16, U32 = integer(1, False), integer(2, False), integer(4, False)
I32, I64 = integer(4, True), integer(8, True)


def _read_bool(data: Input) -> bool:
    tag = U8.read(data)
    if tag > 1:
        raise data.refuse(f"a bool of {tag}")
    return tag == 1


BOOL: Codec[bool] = Codec(_read_bool, lambda x: bytes([x]))


def fixed(size: int) -> Codec[bytes]:
    """An array [u8; size]."""
    return Codec(lambda data: data.take(size), bytes)


def _read_bytes(data: Input) -> bytes:
    return data.take(U32.read(data))


BYTES: Codec[bytes] = Codec(_read_bytes, lambda x: U32.write(len(x)) + x)


def _read_string(data: Input) -> str:
    raw = _read_bytes(data)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise data.refuse("a string that is not UTF-8") from None


STRING: Codec[str] = Codec(_read_string, lambda x: BYTES.write(x.encode("utf-8")))


def vector(item: Codec[T]) -> Codec[tuple[T, ...]]:
    """Vec<T>. Every T here takes a byte at least, so the input's length bounds the work."""

    def read(data: Input) -> tuple[T, ...]:
        count = U32.read(data)
        if count > len(data.data) - data.at:
            raise data.refuse(f"{count} entries in fewer bytes")
        return tuple(item.read(data) for _ in range(count))

    return Codec(read, lambda xs: U32.write(len(xs)) + b"".join(item.write(x) for x in xs))


def option(item: Codec[T]) -> Codec[T | None]:
    def read(data: Input) -> T | None:
        return item.read(data) if _read_bool(data) else None

    return Codec(read, lambda x: b"\0" if x is None else b"\1" + item.write(x))


def pair_of(*items: Codec[Any]) -> Codec[tuple[Any, ...]]:
    """A tuple, its parts one after the other."""
    return Codec(
        lambda data: tuple(item.read(data) for item in items),
        lambda xs: b"".join(item.write(x) for item, x in zip(items, xs, strict=True)),
    )


def struct(cls: type[T], fields: Mapping[str, Codec[Any]]) -> Codec[T]:
    """A struct: the fields one after the other, in the order of the mapping."""
    return Codec(
        lambda data: cls(**{name: codec.read(data) for name, codec in fields.items()}),
        lambda x: b"".join(codec.write(getattr(x, name)) for name, codec in fields.items()),
    )


def enum(variants: Sequence[tuple[type[Any], Codec[Any]]]) -> Codec[Any]:
    """An enum: one byte for the variant, in order from 0, then the variant's fields."""

    def read(data: Input) -> Any:
        tag = U8.read(data)
        if tag >= len(variants):
            raise data.refuse(f"no variant {tag}")
        return variants[tag][1].read(data)

    def write(x: Any) -> bytes:
        for tag, (cls, codec) in enumerate(variants):
            if type(x) is cls:
                return bytes([tag]) + codec.write(x)
        raise TypeError(f"{type(x).__name__} is no variant here")

    return Codec(read, write)


def decode(codec: Codec[T], data: bytes, place: str) -> T:
    """The value whose encoding is exactly data; Refused("encoding") otherwise."""
    source = Input(data, place)
    value = codec.read(source)
    if source.at != len(data):
        raise source.refuse(f"{len(data) - source.at} bytes left over")
    return value
