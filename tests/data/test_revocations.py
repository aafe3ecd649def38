"""Lists of what an issuer takes back: those that count, and an error of its own for each that does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from signing import DAY, ISSUER, NOW, OTHER, slug

from tacit import data
from tacit.data import Revocations
from tacit.errors import InputError, InvalidProof


def test_one_that_was_taken_back(sign: Any, check: Any, tmp_path: Path) -> None:
    manifest, kept = sign(), sign()
    first = Revocations.sign(ISSUER, [manifest.serial], now=NOW)
    first.save(tmp_path / "1.revocations")
    loaded = Revocations.load(tmp_path / "1.revocations")
    assert loaded == first
    assert slug(lambda: check(manifest, revocations=[loaded])) == "manifest_revoked"
    assert check(kept, revocations=[loaded])
    second = Revocations.sign(ISSUER, [kept.serial], before=first, now=NOW + 5)
    assert (second.number, len(second.serials)) == (2, 2)
    assert slug(lambda: check(kept, revocations=[first, second])) == "manifest_revoked"
    # What an older list takes back stays so, whatever a newer one says.
    empty = Revocations.sign(ISSUER, [], now=NOW + 9)
    assert slug(lambda: check(manifest, revocations=[empty, first])) == "manifest_revoked"
    assert second.as_dict()["number"] == 2


def test_another_issuer_takes_nothing_back(sign: Any, check: Any) -> None:
    manifest = sign()
    assert check(manifest, revocations=[Revocations.sign(OTHER, [manifest.serial], now=NOW)])


def test_lists_that_are_not_signed(sign: Any, check: Any) -> None:
    manifest = sign()
    good = Revocations.sign(ISSUER, [manifest.serial], now=NOW)
    for changes in ({"serials": ()}, {"number": 9}, {"time": NOW + 1}, {"signature": bytes(64)}):
        assert slug(lambda c=changes: check(manifest, revocations=[replace(good, **c)]), InvalidProof) == "signature"
    # A list's signature is none of a manifest, and the other way round.
    crossed = replace(good, signature=ISSUER.sign(data.manifest.TAG, good.digest))
    assert slug(lambda: check(manifest, revocations=[crossed]), InvalidProof) == "signature"


def test_lists_that_are_old(sign: Any, check: Any) -> None:
    manifest, now = sign(), NOW + DAY
    newest = Revocations.sign(ISSUER, [], now=NOW)
    assert check(manifest, revocations=[newest], fresh=DAY)
    assert slug(lambda: check(manifest, revocations=[newest], fresh=DAY - 1)) == "revocations_stale"
    assert slug(lambda: check(manifest, fresh=DAY)) == "revocations_stale"
    # A list from the future is no fresh one.
    ahead = Revocations.sign(ISSUER, [], now=now + 1)
    assert slug(lambda: check(manifest, revocations=[ahead], fresh=DAY)) == "revocations_stale"


def test_lists_that_cannot_be_made() -> None:
    for serials in ([b""], [bytes(15)], [bytes(17)]):
        assert slug(lambda s=serials: Revocations.sign(ISSUER, s), InputError) == "revocations"
    assert slug(lambda: Revocations.sign(ISSUER, [], now=-1), InputError) == "revocations"
    assert slug(lambda: Revocations.sign(ISSUER, [], now=1.5), InputError) == "revocations"  # type: ignore[arg-type]
    before = Revocations.sign(OTHER, [], now=NOW)
    assert slug(lambda: Revocations.sign(ISSUER, [], before=before), InputError) == "revocations"
