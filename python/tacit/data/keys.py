"""Ed25519 keys: files that only their owner reads, and signatures of a label and a body (RFC 8032; extra `network`)."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

from tacit.api.native import read_file, write_file
from tacit.data.curve import L, is_sound
from tacit.errors import InputError, InvalidProof, MissingDependency

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

#: Bytes of a key's file, at most.
MOST_FILE = 1 << 14
_REMEDY = "make one with tacit.data.Key.generate().save(path), or `tacit data key`"


def _library() -> Any:
    """`cryptography`'s module of Ed25519. Raises MissingDependency."""
    try:
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError:
        raise MissingDependency(
            "signing and checking signatures needs cryptography",
            place="cryptography",
            remedy="pip install 'tacit[network]'",
        ) from None
    return ed25519


class Key:
    """An Ed25519 key with its private half. It is neither copied nor pickled; its text shows the public half only."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        #: 32 bytes.
        self.public: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Key:
        """A fresh key of the operating system's randomness. Raises MissingDependency."""
        return cls(_library().Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key of 32 secret bytes, as RFC 8032 has it. Raises InputError (slug key)."""
        if not isinstance(seed, bytes) or len(seed) != 32:
            raise InputError("expected 32 secret bytes, got something else", slug="key", place="seed", remedy=_REMEDY)
        return cls(_library().Ed25519PrivateKey.from_private_bytes(seed))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Key:
        """The key of a file as `save` writes it: PKCS #8 in PEM, without a password.

        Raises InputError (slugs file, key), and key_exposed where others than its owner may open the file.
        """
        place = os.fspath(path)
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            raise InputError(error.strerror or str(error), slug="file", place=place) from None
        if stat.S_ISREG(mode) and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise InputError(
                f"expected a file that its owner alone may open, got one of mode {stat.S_IMODE(mode):03o}",
                slug="key_exposed",
                place=place,
                remedy="make a new key if somebody may have read this one; otherwise chmod 600",
            )
        return cls._of_pem(read_file(path, MOST_FILE), place)

    @classmethod
    def from_environment(cls, name: str) -> Key:
        """The key in a variable of the environment: PEM, or 64 hexadecimal digits of the secret bytes. Raises InputError."""
        text = os.environ.get(name, "").strip()
        if not text:
            raise InputError(
                "expected a private key in this variable of the environment, got nothing",
                slug="key",
                place=name,
                remedy=f"set it, or give the file of a key (--key); {_REMEDY}",
            )
        if len(text) == 64:
            try:
                return cls.from_seed(bytes.fromhex(text))
            except ValueError:
                pass
        return cls._of_pem(text.encode(), name)

    @classmethod
    def _of_pem(cls, data: bytes, place: str) -> Key:
        ed25519 = _library()
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        try:
            found = load_pem_private_key(data, password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):  # what it says may repeat a part of the key
            found = None
        if not isinstance(found, ed25519.Ed25519PrivateKey):
            raise InputError("expected an Ed25519 private key in PEM", slug="key", place=place, remedy=_REMEDY)
        return cls(found)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it, readable by its owner only, whole or not at all; a file that is there is never replaced (slug exists)."""
        from cryptography.hazmat.primitives import serialization

        if os.path.lexists(path):
            raise InputError(
                "a file is there already: a key is never replaced",
                slug="exists",
                place=os.fspath(path),
                remedy="choose another name, or move the old one away",
            )
        data = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_file(path, data, private=True)

    def sign(self, label: bytes, body: bytes) -> bytes:
        """64 bytes: the signature of label || body. No label begins another one."""
        return bytes(self._private.sign(label + body))

    def __repr__(self) -> str:
        return f"<tacit.data.Key {self.public.hex()[:16]}>"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a private key is neither copied nor pickled: save it, and load it where it is used")


def check_key(public: bytes | str, place: str) -> bytes:
    """The bytes of a key that is a canonical point of the prime order; a text is none. Raises InvalidProof (slug key)."""
    if isinstance(public, str):
        raise InvalidProof(
            f"expected the 64 hexadecimal digits of an Ed25519 public key, got {public[:80]!r}",
            slug="key",
            place=place,
            remedy="`tacit data key` prints it where it makes a key, and `tacit inspect` of the key's file does",
        )
    if not isinstance(public, (bytes, bytearray)) or not is_sound(bytes(public)):
        shown = bytes(public[:32]).hex() if isinstance(public, (bytes, bytearray)) else type(public).__name__
        raise InvalidProof(
            f"expected the 32 bytes of an Ed25519 key of the prime order, got {shown}",
            slug="key",
            place=place,
            remedy="ask its owner for the key: keys of small order sign everything",
        )
    return bytes(public)


def check_signature(public: bytes, label: bytes, body: bytes, signature: bytes, place: str) -> None:
    """Whether this key signed label || body: a sound key, S < L, and [S] B = R + [k] A with R as it was sent.

    Raises InvalidProof (slugs key, signature).
    """
    key = check_key(public, place)
    ed25519 = _library()
    from cryptography.exceptions import InvalidSignature

    good = len(signature) == 64 and int.from_bytes(signature[32:], "little") < L
    try:
        if good:
            ed25519.Ed25519PublicKey.from_public_bytes(key).verify(bytes(signature), label + body)
    except (InvalidSignature, ValueError):
        good = False
    if not good:
        raise InvalidProof(
            f"expected a signature of the key {key.hex()[:16]}, got another one, or changed bytes",
            slug="signature",
            place=place,
            remedy="ask for the file again, from whoever signed it",
        )
