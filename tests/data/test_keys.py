"""Keys: files that nobody else reads, and signatures that mean one thing."""

from __future__ import annotations

import copy
import pickle
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tacit.data import Key, check_key, check_signature
from tacit.data.curve import NEUTRAL, D, L, P, add, decode, is_neutral, is_sound, times
from tacit.errors import InputError, InvalidProof

ed25519 = pytest.importorskip("cryptography.hazmat.primitives.asymmetric.ed25519")

#: The eight points of small order, and encodings of them with y >= p or the sign of x = 0 set.
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]
OTHER_ENCODINGS = [
    "0100000000000000000000000000000000000000000000000000000000000080",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]
#: RFC 8032, section 7.1, test 2.
SEED = bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
PUBLIC = bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
SIGNATURE = bytes.fromhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
)


def slug(action: Any, kind: type[Exception] = InvalidProof) -> str:
    with pytest.raises(kind) as caught:
        action()
    assert caught.value.remedy  # type: ignore[attr-defined]
    return str(caught.value.slug)  # type: ignore[attr-defined]


def encoded(point: tuple[int, int, int, int]) -> bytes:
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def test_the_standard_s_example() -> None:
    key = Key.from_seed(SEED)
    assert key.public == PUBLIC
    assert key.sign(b"", b"\x72") == SIGNATURE
    check_signature(PUBLIC, b"", b"\x72", SIGNATURE, "here")
    assert key.sign(b"\x72", b"") == SIGNATURE  # a label is what stands in front


def test_the_curve_is_the_curve() -> None:
    base = decode(bytes.fromhex("58" + "66" * 31))
    assert base is not None
    x, y, _, _ = base
    assert (-x * x + y * y - 1 - D * x * x * y * y) % P == 0
    assert is_neutral(times(L, base))
    assert not is_neutral(times(L - 1, base))
    scalar = int.from_bytes(__import__("hashlib").sha512(SEED).digest()[:32], "little")
    scalar = scalar & ~7 & (1 << 254) - 1 | 1 << 254
    assert encoded(times(scalar, base)) == PUBLIC
    assert encoded(add(base, NEUTRAL)) == encoded(base)


@pytest.mark.parametrize("text", SMALL + OTHER_ENCODINGS)
def test_keys_of_small_order_are_refused(text: str) -> None:
    assert (decode(bytes.fromhex(text)) is not None) == (text in SMALL)
    assert not is_sound(bytes.fromhex(text))
    assert slug(lambda: check_key(bytes.fromhex(text), "here")) == "key"


def test_a_key_with_a_part_of_small_order_is_refused() -> None:
    sound, small = decode(PUBLIC), decode(bytes.fromhex(SMALL[4]))
    assert sound is not None
    assert small is not None
    assert is_sound(PUBLIC)
    mixed = encoded(add(sound, small))
    assert decode(mixed) is not None
    assert slug(lambda: check_key(mixed, "here")) == "key"


def test_the_library_takes_what_is_refused_here() -> None:
    """Key and R neutral, S = 0: [S] B = R + [k] A whatever is signed."""
    neutral = bytes.fromhex(SMALL[0])
    forged = neutral + bytes(32)
    ed25519.Ed25519PublicKey.from_public_bytes(neutral).verify(forged, b"anything at all")
    assert slug(lambda: check_signature(neutral, b"", b"anything at all", forged, "here")) == "key"


def test_signatures_that_are_none_are_refused() -> None:
    more = int.from_bytes(SIGNATURE[32:], "little") + L
    bad = [b"", SIGNATURE[:63], SIGNATURE + b"\0", bytes(64), SIGNATURE[:32] + more.to_bytes(32, "little")]
    bad += [SIGNATURE[:i] + bytes([SIGNATURE[i] ^ 1]) + SIGNATURE[i + 1 :] for i in range(0, 64, 7)]
    for signature in bad:
        assert slug(lambda s=signature: check_signature(PUBLIC, b"", b"\x72", s, "here")) == "signature"
    assert slug(lambda: check_signature(PUBLIC, b"\0", b"\x72", SIGNATURE, "here")) == "signature"
    other = Key.generate().public
    assert slug(lambda: check_signature(other, b"", b"\x72", SIGNATURE, "here")) == "signature"


@given(st.binary(min_size=0, max_size=40))
@settings(max_examples=60)
def test_any_bytes_are_a_sound_key_or_none(data: bytes) -> None:
    if is_sound(data):
        assert len(data) == 32
    for wrong in (None, 7, "3d40"):
        assert slug(lambda w=wrong: check_key(w, "here")) == "key"  # type: ignore[arg-type]


def test_fresh_keys_are_sound_and_differ() -> None:
    keys = {Key.generate().public for _ in range(4)}
    assert len(keys) == 4
    assert all(map(is_sound, keys))


# --- files ------------------------------------------------------------------------------------------------------------


def test_a_key_s_file_is_its_owner_s(tmp_path: Path) -> None:
    key, path = Key.generate(), tmp_path / "issuer.key"
    key.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Key.load(path).public == key.public
    assert slug(lambda: key.save(path), InputError) == "exists"
    for mode in (0o640, 0o604, 0o620, 0o601):
        path.chmod(mode)
        assert slug(lambda: Key.load(path), InputError) == "key_exposed"


def test_files_that_are_no_keys(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import x25519

    path = tmp_path / "key"
    assert slug(lambda: Key.load(path), InputError) == "file"
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    other = x25519.X25519PrivateKey.generate().private_bytes(*pem, serialization.NoEncryption())
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(*pem, serialization.BestAvailableEncryption(b"word"))
    for data in (b"", b"-----BEGIN PRIVATE KEY-----\n", other, locked, bytes(1 << 15)):
        path.write_bytes(data)
        path.chmod(0o600)
        assert slug(lambda: Key.load(path), InputError) == "key"
    for seed in (b"", bytes(31), "x" * 32):
        assert slug(lambda s=seed: Key.from_seed(s), InputError) == "key"  # type: ignore[arg-type]


def test_a_key_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", SEED.hex())
    assert Key.from_environment("A_KEY").public == PUBLIC
    Key.from_seed(SEED).save(tmp_path / "key")
    monkeypatch.setenv("A_KEY", (tmp_path / "key").read_text())
    assert Key.from_environment("A_KEY").public == PUBLIC
    for text in ("", "x" * 64, "a key"):
        monkeypatch.setenv("A_KEY", text)
        assert slug(lambda: Key.from_environment("A_KEY"), InputError) == "key"
    monkeypatch.delenv("A_KEY")
    assert slug(lambda: Key.from_environment("A_KEY"), InputError) == "key"


def test_a_key_is_neither_shown_nor_copied() -> None:
    key = Key.from_seed(SEED)
    assert repr(key) == f"<tacit.data.Key {PUBLIC.hex()[:16]}>"
    for action in (lambda: pickle.dumps(key), lambda: copy.copy(key), lambda: copy.deepcopy(key)):
        with pytest.raises(TypeError):
            action()
