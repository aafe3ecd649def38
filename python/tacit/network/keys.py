"""Ed25519 keys of nodes and servers: files that only their owner reads, and signatures that name what they are of.

    signature = Ed25519(key, label || body),    accepted with a key A only if A is a canonical point and [8] A != 0

`cryptography` refuses S + L, but takes a key of small order: with A = R = 0 and S = 0 any text has a signature. Such keys are
refused here, wherever a key comes from (RFC 8032, section 5.1.7; arithmetic of section 5.1.4).
"""

from __future__ import annotations

import os
import stat
from functools import lru_cache
from pathlib import Path

from tacit.api.native import read_file, write_file
from tacit.errors import InputError, InvalidProof, MissingDependency

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
except ImportError:
    raise MissingDependency(
        "networks sign with the library cryptography", place="tacit.network", remedy="pip install 'tacit[network]'"
    ) from None

_P = (1 << 255) - 19
_D = -121665 * pow(121666, -1, _P) % _P
#: A key's file is a few hundred bytes; more is none.
_MOST_FILE = 1 << 14


class Key:
    """A node's or a server's Ed25519 key, with its private half. Its text shows the public one only."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        #: 32 bytes.
        self.public: bytes = private.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Key:
        """A fresh key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_seed(cls, seed: bytes) -> Key:
        """The key of RFC 8032's 32 secret bytes. Raises InputError for another number of bytes."""
        if len(seed) != 32:
            raise InputError(f"expected 32 bytes, got {len(seed)}", slug="key", place="seed")
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it as PKCS #8 in PEM, without a password, readable by its owner only. Never replaces a file (slug exists)."""
        if os.path.lexists(path):
            raise InputError(
                "there is a file already, and keys are never replaced",
                slug="exists",
                place=str(path),
                remedy="give another name",
            )
        data = self._private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_file(path, data, private=True)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Key:
        """Read what `save` wrote. Raises InputError: slug key_exposed where others may read it, key for anything else."""
        try:
            mode = os.stat(path).st_mode
        except OSError as error:
            raise InputError(error.strerror or str(error), slug="file", place=str(path)) from None
        if stat.S_ISREG(mode) and mode & 0o077:
            raise InputError(
                f"expected a file that only its owner may read, got mode {stat.S_IMODE(mode):04o}",
                slug="key_exposed",
                place=str(path),
                remedy=f"chmod 600 {Path(path).name}, and use a new key if others had access",
            )
        try:
            found = serialization.load_pem_private_key(read_file(path, _MOST_FILE), password=None)
        except (ValueError, TypeError) as error:
            raise InputError(f"no private key in PEM: {type(error).__name__}", slug="key", place=str(path)) from None
        if not isinstance(found, Ed25519PrivateKey):
            raise InputError(
                f"expected an Ed25519 key, got {type(found).__name__.removesuffix('PrivateKey')}",
                slug="key",
                place=str(path),
            )
        return cls(found)

    def sign(self, label: bytes, body: bytes) -> bytes:
        """64 bytes: the signature of label || body. Labels are those of `tacit.network.digests`."""
        return self._private.sign(label + body)

    def __repr__(self) -> str:
        return f"<tacit.network.Key {self.public.hex()[:16]}>"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a private key is saved by save(), and never pickled")


def check_signature(public: bytes, label: bytes, body: bytes, signature: bytes, place: str) -> None:
    """Whether this key signed label || body. Raises InvalidProof (slug key for no sound key, signature)."""
    check_key(public, place)
    if len(signature) != 64:
        raise InvalidProof(f"expected a signature of 64 bytes, got {len(signature)}", slug="signature", place=place)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, label + body)
    except (InvalidSignature, ValueError):
        raise InvalidProof(
            f"the key {public.hex()[:16]} did not sign these bytes as {label.decode()!r}",
            slug="signature",
            place=place,
        ) from None


@lru_cache(maxsize=4096)
def _sound(public: bytes) -> bool:
    if len(public) != 32:
        return False
    number = int.from_bytes(public, "little")
    y, sign = number & ((1 << 255) - 1), number >> 255
    if y >= _P:
        return False
    x = _x_of(y, sign)
    return x is not None and not _small(x, y)


def check_key(public: bytes, place: str) -> None:
    """Whether these bytes are a canonical point of the curve outside its small subgroup. Raises InvalidProof (slug key)."""
    if not _sound(bytes(public)):
        raise InvalidProof(
            f"expected 32 bytes of a point that is not of small order, got {bytes(public[:40]).hex()}",
            slug="key",
            place=place,
        )


def _x_of(y: int, sign: int) -> int | None:
    """x with x^2 = (y^2 - 1) / (d y^2 + 1) and this sign (RFC 8032, section 5.1.3); None where there is none."""
    square = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if x * x % _P != square:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if x * x % _P != square or (x == 0 and sign):
        return None
    return x if x & 1 == sign else _P - x


def _small(x: int, y: int) -> bool:
    """Whether eight times the point is neutral, (0, 1): three doublings in projective coordinates."""
    z = 1
    for _ in range(3):
        b, c, d = pow(x + y, 2, _P), x * x % _P, y * y % _P
        f = d - c
        j = f - 2 * z * z
        x, y, z = (b - c - d) * j % _P, f * (-c - d) % _P, f * j % _P
    return x == 0 and y == z
