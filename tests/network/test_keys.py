"""Keys: files of their owner, signatures with a label, and no key of small order."""

from __future__ import annotations

import os
import pickle
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tacit.errors import InputError, InvalidProof
from tacit.network.digests import RECEIPT, REPLY
from tacit.network.keys import Key, check_key, check_signature

P = (1 << 255) - 19
L = (1 << 252) + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    """The group law in affine coordinates, from its definition."""
    t = D * p[0] * q[0] * p[1] * q[1]
    x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + t, -1, P)
    y = (p[1] * q[1] + p[0] * q[0]) * pow(1 - t, -1, P)
    return x % P, y % P


def root(square: int) -> int:
    found = pow(square, (P + 3) // 8, P)
    return found if found * found % P == square % P else found * pow(2, (P - 1) // 4, P) % P


def encoded(point: tuple[int, int]) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def small_points() -> list[tuple[int, int]]:
    """The eight points of the small subgroup: multiples of one of order eight, found as L times a point of the curve."""
    for y in range(2, 100):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = root(square)
        if x * x % P != square:
            continue
        found, base, factor = (0, 1), (x, y), L
        while factor:
            found, base, factor = (add(found, base) if factor & 1 else found), add(base, base), factor >> 1
        multiples = [(0, 1)]
        for _ in range(7):
            multiples.append(add(multiples[-1], found))
        if len(set(multiples)) == 8:
            return multiples
    raise AssertionError("no point of order eight")


SMALL = [encoded(point) for point in small_points()]


def test_a_signature_holds_for_its_label_and_bytes() -> None:
    key = Key.generate()
    signature = key.sign(REPLY, b"body")
    check_signature(key.public, REPLY, b"body", signature, "reply")
    cases = [
        (key.public, REPLY, b"bodY", signature),
        (key.public, RECEIPT, b"body", signature),
        (Key.generate().public, REPLY, b"body", signature),
        (key.public, REPLY, b"body", signature[:32] + bytes(32)),
        (key.public, REPLY, b"body", signature + b"\0"),
        (key.public, REPLY, b"body", b""),
    ]
    for public, label, body, other in cases:
        with pytest.raises(InvalidProof) as refusal:
            check_signature(public, label, body, other, "reply")
        assert refusal.value.slug == "signature"


def test_another_encoding_of_a_signature_is_refused() -> None:
    key = Key.generate()
    signature = key.sign(REPLY, b"body")
    more = int.from_bytes(signature[32:], "little") + L
    assert more < 1 << 256
    with pytest.raises(InvalidProof) as refusal:
        check_signature(key.public, REPLY, b"body", signature[:32] + more.to_bytes(32, "little"), "reply")
    assert refusal.value.slug == "signature"


def test_small_order_is_what_the_library_takes_and_we_refuse() -> None:
    assert len(set(SMALL)) == 8
    # The neutral point as key and as R, S = 0: a signature of anything.
    neutral = (1).to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(neutral).verify(neutral + bytes(32), b"anything")
    for public in SMALL:
        with pytest.raises(InvalidProof) as refusal:
            check_signature(public, REPLY, b"body", neutral + bytes(32), "node")
        assert refusal.value.slug == "key"


def test_other_encodings_of_points_are_refused() -> None:
    sign = 1 << 255
    neutral = [(1 | sign), (P + 1), (P + 1) | sign, (P - 1) | sign, P, P | sign]
    off = [y for y in range(2, 60) if not _on_curve(y)][:5]
    beyond = [P + y for y in range(2, 19)]
    for number in [*neutral, *off, *beyond]:
        with pytest.raises(InvalidProof, match="small order"):
            check_key(number.to_bytes(32, "little"), "node")
    for wrong in (b"", bytes(31), bytes(33)):
        with pytest.raises(InvalidProof, match="small order"):
            check_key(wrong, "node")


def _on_curve(y: int) -> bool:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    return root(square) ** 2 % P == square


def test_sound_keys_are_taken() -> None:
    for _ in range(20):
        check_key(Key.generate().public, "node")


def test_a_key_comes_back_from_its_file(tmp_path: Path) -> None:
    key, path = Key.generate(), tmp_path / "node.key"
    before = os.umask(0)
    try:
        key.save(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Key.load(path).public == key.public
    check_signature(key.public, REPLY, b"x", Key.load(path).sign(REPLY, b"x"), "reply")
    with pytest.raises(InputError) as refusal:
        key.save(path)
    assert refusal.value.slug == "exists"


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    Key.generate().save(path)
    for mode in (0o640, 0o604, 0o620):
        path.chmod(mode)
        with pytest.raises(InputError) as refusal:
            Key.load(path)
        assert refusal.value.slug == "key_exposed"


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "node.key"
    other = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for data, slug in ((b"", "key"), (b"nonsense", "key"), (other, "key")):
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(InputError) as refusal:
            Key.load(path)
        assert refusal.value.slug == slug
    with pytest.raises(InputError) as refusal:
        Key.load(tmp_path / "absent")
    assert refusal.value.slug == "file"
    with pytest.raises(InputError):
        Key.from_seed(bytes(31))


def test_the_private_half_is_not_shown() -> None:
    key = Key.from_seed(b"\x2a" * 32)
    assert repr(key) == f"<tacit.data.Key {key.public.hex()[:16]}>"
    with pytest.raises(TypeError):
        pickle.dumps(key)
