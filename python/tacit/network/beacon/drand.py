"""drand: a threshold of independent servers signs every round; the value is sha256 of the signature, as drand publishes it.

    unchained   S in G1, P in G2:   e(H1(sha256(round)), P) = e(S, g2)
    chained     S in G2, P in G1:   e(P, H2(sha256(previous || round))) = e(g1, S)

`round` is eight bytes, big-endian; H1 and H2 hash to the curves (RFC 9380) under the tags of drand. S and P must be canonical
points of the prime-order groups, not infinity. The library takes *integers* for points: a signature of 49 bytes with a zero in
front would verify, too, and have another sha256, which is a choice of values. So lengths are checked first.

Who signs knows the value a moment earlier, and a threshold of signers together knows all.
"""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from tacit.data.manifest import date
from tacit.errors import InputError, InvalidProof, MissingDependency
from tacit.network.beacon.fetching import get_json, hexadecimal
from tacit.network.sources import CHAIN_HASHES, Chained, Unchained

TAG_G1 = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
TAG_G2 = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"
#: Who serves drand's rounds over HTTP, from its public documentation.
ENDPOINTS = ("https://api.drand.sh", "https://drand.cloudflare.com")
_MOST_ANSWER = 1 << 14
_G1, _G2 = 48, 96


class Drand:
    """A drand network. `endpoints`: who is asked, in turn; `chain`: the hash by which they know it, of a network of your own."""

    def __init__(
        self,
        source: Unchained | Chained,
        *,
        endpoints: Sequence[str] = ENDPOINTS,
        chain: str | None = None,
        seconds: float = 10.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.source = source
        self._endpoints, self._seconds, self._clock = tuple(endpoints), seconds, clock
        self._chain = chain or CHAIN_HASHES.get(source)

    def fix(self, at: int, round: int) -> int:
        """As `Beacon.fix`: the first round at `at` or later; its time is genesis + (round - 1) period."""
        steps = max(0, at - self.source.genesis)
        # A chained network's first round follows its genesis, not a signature.
        return max(2, -(-steps // self.source.period) + 1)

    def when(self, moment: int) -> int | None:
        """As `Beacon.when`."""
        return self.source.genesis + (moment - 1) * self.source.period

    def expected(self, moment: int) -> int | None:
        """As `Beacon.expected`."""
        return self.when(moment)

    def value(self, moment: int) -> bytes:
        """As `Beacon.value`: the signature, behind the previous one where they are chained; checked."""
        due = self.source.genesis + (moment - 1) * self.source.period
        if self._clock() < due:
            raise InputError(
                f"round {moment} is signed at {date(due)}, which is not yet", slug="beacon_early", place="beacon"
            )
        if self._chain is None:
            raise InputError(
                "the hash of this network is not known", slug="beacon_source", place="beacon", remedy="give chain="
            )
        reasons = []
        for endpoint in self._endpoints:
            try:
                found = get_json(f"{endpoint}/{self._chain}/public/{moment}", most=_MOST_ANSWER, seconds=self._seconds)
                evidence = self._evidence(found)
                self.verify(moment, evidence)
            except (InputError, InvalidProof) as error:
                reasons.append(str(error.reason))
            else:
                return evidence
        raise InputError(
            f"no endpoint gives round {moment}: {'; '.join(reasons) or 'none is named'}",
            slug="beacon_source",
            place="beacon",
            remedy="try again, or name other endpoints",
        )

    def _evidence(self, found: dict[str, object]) -> bytes:
        if isinstance(self.source, Unchained):
            return hexadecimal(found.get("signature"), "signature", size=_G1)
        previous = hexadecimal(found.get("previous_signature"), "previous_signature", size=_G2)
        return previous + hexadecimal(found.get("signature"), "signature", size=_G2)

    def verify(self, moment: int, evidence: bytes) -> bytes:
        """As `Beacon.verify`; 0.2 to 0.4 s the first time, remembered then."""
        if not 1 <= moment < 1 << 64 or not _signed(self.source, moment, bytes(evidence)):
            raise InvalidProof(
                f"this is not the network's signature of round {moment}", slug="beacon", place=f"drand round {moment}"
            )
        size = _G1 if isinstance(self.source, Unchained) else _G2
        return hashlib.sha256(evidence[-size:]).digest()


@lru_cache(maxsize=256)
def _signed(source: Unchained | Chained, round: int, evidence: bytes) -> bool:
    check = _unchained if isinstance(source, Unchained) else _chained
    _library()
    try:
        return check(source.key, round.to_bytes(8, "big"), evidence)
    except Exception:  # bytes that are no point: the library says so in several ways
        return False


def _unchained(key: bytes, round: bytes, evidence: bytes) -> bool:
    """e(H1(sha256(round)), P) e(S, -g2) = 1."""
    if len(evidence) != _G1 or len(key) != _G2:
        return False
    py_ecc = _library()
    signature = py_ecc.decompress_G1(_number(evidence))
    public = py_ecc.decompress_G2((_number(key[:_G1]), _number(key[_G1:])))
    if not _sound(signature) or not _sound(public):
        return False
    hashed = py_ecc.hash_to_G1(hashlib.sha256(round).digest(), TAG_G1, hashlib.sha256)
    return _is_one(((public, hashed), (py_ecc.neg(py_ecc.G2), signature)))


def _chained(key: bytes, round: bytes, evidence: bytes) -> bool:
    """e(P, H2(sha256(previous || round))) e(-g1, S) = 1."""
    if len(evidence) != 2 * _G2 or len(key) != _G1:
        return False
    py_ecc = _library()
    previous, own = evidence[:_G2], evidence[_G2:]
    signature = py_ecc.decompress_G2((_number(own[:_G1]), _number(own[_G1:])))
    public = py_ecc.decompress_G1(_number(key))
    if not _sound(signature) or not _sound(public):
        return False
    hashed = py_ecc.hash_to_G2(hashlib.sha256(previous + round).digest(), TAG_G2, hashlib.sha256)
    return _is_one(((hashed, public), (signature, py_ecc.neg(py_ecc.G1))))


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _sound(point: object) -> bool:
    """Of the prime-order group, and not its neutral element."""
    py_ecc = _library()
    return not py_ecc.is_inf(point) and bool(py_ecc.subgroup_check(point))


def _is_one(pairs: Sequence[tuple[object, object]]) -> bool:
    """Whether the product of the pairings is 1; one final exponentiation for all."""
    py_ecc = _library()
    product = py_ecc.FQ12.one()
    for in_g2, in_g1 in pairs:
        product *= py_ecc.pairing(in_g2, in_g1, final_exponentiate=False)
    return bool(py_ecc.final_exponentiate(product) == py_ecc.FQ12.one())


class _Library:
    """The names of py_ecc that are used."""

    def __init__(self) -> None:
        # Importing it lets all of Python recurse 100,000 deep, where a hostile JSON text overflows the stack and ends all.
        limit = sys.getrecursionlimit()
        try:
            self._load()
        finally:
            sys.setrecursionlimit(limit)

    def _load(self) -> None:
        from py_ecc import optimized_bls12_381 as curve
        from py_ecc.bls.g2_primitives import subgroup_check
        from py_ecc.bls.hash_to_curve import hash_to_G1, hash_to_G2
        from py_ecc.bls.point_compression import decompress_G1, decompress_G2

        self.hash_to_G1, self.hash_to_G2 = hash_to_G1, hash_to_G2
        self.decompress_G1, self.decompress_G2 = decompress_G1, decompress_G2
        self.subgroup_check, self.is_inf, self.neg = subgroup_check, curve.is_inf, curve.neg
        self.pairing, self.final_exponentiate = curve.pairing, curve.final_exponentiate
        self.G1, self.G2, self.FQ12 = curve.G1, curve.G2, curve.FQ12


@lru_cache(maxsize=1)
def _library() -> _Library:
    try:
        return _Library()
    except ImportError:
        raise MissingDependency(
            "drand's signatures are checked with py_ecc", place="beacon", remedy="pip install 'tacit[network]'"
        ) from None
