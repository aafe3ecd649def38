"""drand: recorded rounds are taken, and nothing else, least of all another encoding of the same point."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.util
import json
import subprocess
import sys

import pytest
from local_server import serving
from recorded import (
    MAINNET_PREVIOUS,
    MAINNET_RANDOMNESS,
    MAINNET_ROUND,
    MAINNET_SIGNATURE,
    QUICKNET_RANDOMNESS,
    QUICKNET_ROUND,
    QUICKNET_SIGNATURE,
)

from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.drand import Drand
from tacit.network.sources import CHAIN_HASHES, MAINNET, QUICKNET, Chained, Unchained

pytestmark = pytest.mark.skipif(importlib.util.find_spec("py_ecc") is None, reason="py_ecc is not installed")

P = 0x1A0111EA397FE69A4B1BA7B6434BACD764774B84F38512BF6730D2A0F6B0F6241EABFFFEB153FFFFB9FEFFFFFFFFAAAB
INFINITY = b"\xc0" + bytes(47)


def refused(source: Unchained | Chained, moment: int, evidence: bytes) -> bool:
    with pytest.raises(InvalidProof) as refusal:
        Drand(source).verify(moment, evidence)
    return refusal.value.slug == "beacon"


def test_quicknet() -> None:
    value = Drand(QUICKNET).verify(QUICKNET_ROUND, QUICKNET_SIGNATURE)
    assert value.hex().startswith(QUICKNET_RANDOMNESS)
    assert value == hashlib.sha256(QUICKNET_SIGNATURE).digest()
    assert refused(QUICKNET, QUICKNET_ROUND + 1, QUICKNET_SIGNATURE)
    assert refused(QUICKNET, QUICKNET_ROUND - 1, QUICKNET_SIGNATURE)


def test_the_chained_network() -> None:
    value = Drand(MAINNET).verify(MAINNET_ROUND, MAINNET_PREVIOUS + MAINNET_SIGNATURE)
    assert value.hex().startswith(MAINNET_RANDOMNESS)
    assert refused(MAINNET, MAINNET_ROUND + 1, MAINNET_PREVIOUS + MAINNET_SIGNATURE)
    assert refused(MAINNET, MAINNET_ROUND, MAINNET_SIGNATURE + MAINNET_PREVIOUS)
    assert refused(MAINNET, MAINNET_ROUND, MAINNET_SIGNATURE)


def test_a_zero_in_front_is_another_randomness() -> None:
    # The library takes integers: without the length it would verify, and sha256 of 49 bytes is another value.
    assert refused(QUICKNET, QUICKNET_ROUND, b"\0" + QUICKNET_SIGNATURE)
    assert refused(MAINNET, MAINNET_ROUND, b"\0" + MAINNET_PREVIOUS + MAINNET_SIGNATURE)
    assert refused(MAINNET, MAINNET_ROUND, MAINNET_PREVIOUS + b"\0" + MAINNET_SIGNATURE)


@pytest.mark.parametrize(
    "evidence",
    [
        b"",
        bytes(48),
        b"\xff" * 48,
        INFINITY,
        b"\xe0" + bytes(47),
        ((4 << 381) + P + 5).to_bytes(48, "big"),
        QUICKNET_SIGNATURE[:-1] + b"\0",
        bytes([QUICKNET_SIGNATURE[0] ^ 0x20]) + QUICKNET_SIGNATURE[1:],
        bytes([QUICKNET_SIGNATURE[0] & 0x7F]) + QUICKNET_SIGNATURE[1:],
        QUICKNET_SIGNATURE + b"\0",
        # x = 0 is on G1's curve (y^2 = 4), outside the prime-order group
        b"\x80" + bytes(47),
    ],
)
def test_what_is_no_signature(evidence: bytes) -> None:
    assert refused(QUICKNET, QUICKNET_ROUND, evidence)


def test_a_key_at_infinity_signs_nothing() -> None:
    # With P and S at infinity both pairings are 1.
    nobody = dataclasses.replace(QUICKNET, key=b"\xc0" + bytes(95))
    assert refused(nobody, QUICKNET_ROUND, INFINITY)
    assert refused(dataclasses.replace(QUICKNET, key=QUICKNET.key[:48]), QUICKNET_ROUND, QUICKNET_SIGNATURE)


def test_moments_are_rounds_to_come() -> None:
    beacon = Drand(QUICKNET)
    assert beacon.when(1) == QUICKNET.genesis
    for at in (QUICKNET.genesis + 10, 1_700_000_000, 1_700_000_001, 1_700_000_002):
        moment = beacon.fix(at, 1)
        assert at <= (beacon.when(moment) or 0) < at + QUICKNET.period
    assert beacon.fix(0, 1) == 2
    with pytest.raises(InvalidProof):
        beacon.verify(0, QUICKNET_SIGNATURE)
    with pytest.raises(InvalidProof):
        beacon.verify(1 << 64, QUICKNET_SIGNATURE)


def answer(signature: bytes) -> bytes:
    return json.dumps({"round": QUICKNET_ROUND, "signature": signature.hex()}).encode()


def test_values_come_from_whoever_has_them() -> None:
    asked = []

    def good(path: str, _: bytes) -> tuple[int, bytes]:
        asked.append(path)
        return 200, answer(QUICKNET_SIGNATURE)

    with (
        serving(lambda *_: (500, b"")) as broken,
        serving(lambda *_: (200, b"[" * 100_000)) as deep,
        serving(lambda *_: (200, answer(MAINNET_SIGNATURE[:48]))) as lying,
        serving(good) as honest,
    ):
        beacon = Drand(QUICKNET, endpoints=[broken, deep, lying, honest])
        assert beacon.value(QUICKNET_ROUND) == QUICKNET_SIGNATURE
        assert asked == [f"/{CHAIN_HASHES[QUICKNET]}/public/{QUICKNET_ROUND}"]
        with pytest.raises(InputError) as failure:
            Drand(QUICKNET, endpoints=[broken, deep, lying]).value(QUICKNET_ROUND)
    assert failure.value.slug == "beacon_source"
    assert "the server answers 500" in failure.value.reason


def test_chained_values_come_with_what_they_follow() -> None:
    found = {"previous_signature": MAINNET_PREVIOUS.hex(), "signature": MAINNET_SIGNATURE.hex()}
    with serving(lambda *_: (200, json.dumps(found).encode())) as server:
        evidence = Drand(MAINNET, endpoints=[server]).value(MAINNET_ROUND)
    assert evidence == MAINNET_PREVIOUS + MAINNET_SIGNATURE


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b'{"signature": 5}', b'{"signature": "zz"}', b'{"signature": "0x"}', b"x" * (1 << 15)],
)
def test_answers_that_are_none(body: bytes) -> None:
    with serving(lambda *_: (200, body)) as server, pytest.raises(InputError) as failure:
        Drand(QUICKNET, endpoints=[server]).value(QUICKNET_ROUND)
    assert failure.value.slug == "beacon_source"


def test_a_redirection_is_not_followed() -> None:
    with (
        serving(lambda *_: (200, answer(QUICKNET_SIGNATURE))) as elsewhere,
        serving(lambda *_: (302, elsewhere.encode())) as server,
        pytest.raises(InputError) as failure,
    ):
        Drand(QUICKNET, endpoints=[server]).value(QUICKNET_ROUND)
    assert "answers 302" in failure.value.reason


def test_files_are_no_endpoints() -> None:
    with pytest.raises(InputError, match="expected http"):
        Drand(QUICKNET, endpoints=["file:///etc/passwd?"]).value(QUICKNET_ROUND)


def test_before_its_time_there_is_no_value() -> None:
    with pytest.raises(InputError) as failure:
        Drand(QUICKNET, clock=lambda: float(QUICKNET.genesis)).value(QUICKNET_ROUND)
    assert failure.value.slug == "beacon_early"


def test_a_network_of_ones_own_has_a_hash() -> None:
    own = dataclasses.replace(QUICKNET, period=5)
    with pytest.raises(InputError) as failure:
        Drand(own).value(2)
    assert failure.value.slug == "beacon_source"


def test_python_still_recurses_no_deeper_than_before() -> None:
    """The library's import raises the limit, and JSON nested that deep would end the process."""
    code = (
        "import sys\n"
        "before = sys.getrecursionlimit()\n"
        "from tacit.network.beacon import drand\n"
        "drand._library()\n"
        "assert sys.getrecursionlimit() == before, sys.getrecursionlimit()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
