"""A kind of message: its label, its bytes, its signature.

A message is read strictly: its length is compared with a limit before anything else, it decodes, all its bytes are used, and it
encodes to the same bytes again. A signed one is its signature, 64 bytes, and then its bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from tacit.errors import InputError, InvalidProof
from tacit.network.digests import tagged
from tacit.network.keys import Key, check_signature
from tacit.program.borsh import EncodingError, decode, encode

M = TypeVar("M")


@dataclass(frozen=True)
class Signed:
    """A message's bytes, and a signature of label || bytes that is not checked yet."""

    body: bytes
    signature: bytes


@dataclass(frozen=True)
class Kind(Generic[M]):
    """`place`: what errors call it. `most`: bytes at most. `sound`: what is wrong with a message that decodes, or None."""

    place: str
    label: bytes
    codec: Any
    most: int
    sound: Callable[[M], str | None]

    def write(self, message: M) -> bytes:
        """Canonical bytes. Raises InputError (slug message) for one that nobody would read."""
        try:
            data = encode(self.codec, message)
            fault = self.sound(message) or ("it is too long" if len(data) > self.most else None)
        except EncodingError as error:
            fault = str(error)
        if fault:
            raise InputError(fault, slug="message", place=self.place)
        return data

    def digest(self, data: bytes) -> bytes:
        """What names these bytes: H(label || bytes)."""
        return tagged(self.label, data)

    def read(self, data: bytes) -> M:
        """The message of canonical bytes. Raises InvalidProof (slug message_size, message)."""
        if len(data) > self.most:
            raise InvalidProof(
                f"expected at most {self.most} bytes, got {len(data)}", slug="message_size", place=self.place
            )
        try:
            found: M = decode(self.codec, bytes(data))
            fault = self.sound(found) or (None if encode(self.codec, found) == data else "another encoding of the same")
        except EncodingError as error:
            fault = str(error)
        except InputError as error:  # of a message that looks at itself where it is made
            fault = error.reason
        if fault:
            raise InvalidProof(f"no message of this kind: {fault}", slug="message", place=self.place)
        return found

    def sign(self, message: M, key: Key) -> bytes:
        """Signature and bytes."""
        body = self.write(message)
        return key.sign(self.label, body) + body

    def open(self, data: bytes) -> tuple[M, Signed]:
        """The message of signed bytes; nothing is known of its signature before `check`. Raises InvalidProof as `read`."""
        if not 64 <= len(data) <= 64 + self.most:
            raise InvalidProof(
                f"expected 64 to {64 + self.most} bytes, got {len(data)}", slug="message_size", place=self.place
            )
        signed = Signed(bytes(data[64:]), bytes(data[:64]))
        return self.read(signed.body), signed

    def check(self, signed: Signed, key: bytes) -> None:
        """Whether this key signed it. Raises InvalidProof (slug key, signature)."""
        check_signature(key, self.label, signed.body, signed.signature, self.place)

    def read_signed(self, data: bytes, key: bytes) -> tuple[M, bytes]:
        """The message that this key signed, and its digest. Raises InvalidProof as `open` and `check`."""
        message, signed = self.open(data)
        self.check(signed, key)
        return message, self.digest(signed.body)
