"""Manifests, issuers and revocations: what holds, and an error of its own for each that does not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schemas import SMALL, small_table

import tacit
from tacit import data
from tacit.data import Issuers, Key, Manifest, Revocations, Shard
from tacit.data.container import checksum, framed
from tacit.data.issuers import Issuer
from tacit.data.manifest import _CODEC, KIND, date, seconds_of, task_digest
from tacit.errors import InputError, InvalidProof, ManifestError, TacitError
from tacit.program.borsh import encode

pytest.importorskip("cryptography")

ISSUER, OTHER, NODE = (Key.from_seed(bytes([i]) * 32) for i in (1, 2, 3))
NOW, DAY = 1_800_000_000, 86_400
TASK = "heart disease, 2027"


@pytest.fixture(scope="module")
def program() -> tacit.Program:
    return data.compile(SMALL, 4, proofs=4)


@pytest.fixture(scope="module")
def master(program: tacit.Program) -> data.Dataset:
    return data.commit_dataset(program, SMALL, small_table(), id_range=(0, 100), children=3)


@pytest.fixture(scope="module")
def child(master: data.Dataset) -> data.Dataset:
    return master.child(3)


@pytest.fixture(scope="module")
def statement(program: tacit.Program, child: data.Dataset) -> data.DatasetStatement:
    return data.verify_dataset(program, SMALL, data.prove_dataset(program, child), child.commitment)


def shard(number: int, lowest: int = 0, highest: int = 9, records: int = 4) -> Shard:
    return Shard(bytes([number]) * 32, records, lowest, highest)


@pytest.fixture(scope="module")
def sign(program: tacit.Program, master: data.Dataset) -> Callable[..., Manifest]:
    def made(key: Key = ISSUER, **changes: Any) -> Manifest:
        given: dict[str, Any] = {
            "task": TASK,
            "node": NODE.public,
            "schema": SMALL,
            "program": program,
            "shards": [master, shard(7, 200, 300)],
            "issued": NOW,
            "expires": NOW + 10 * DAY,
        }
        return Manifest.sign(key, **{**given, **changes})

    return made


@pytest.fixture(scope="module")
def check(program: tacit.Program) -> Callable[..., data.CheckedManifest]:
    def checked(manifest: Manifest, **changes: Any) -> data.CheckedManifest:
        given: dict[str, Any] = {
            "issuers": Issuers().adding(ISSUER.public, "the registry").adding(OTHER.public, "another"),
            "revocations": (),
            "task": TASK,
            "node": NODE.public,
            "schema": SMALL,
            "program": program,
            "now": NOW + DAY,
        }
        given |= changes
        return data.check_manifest(manifest, given.pop("issuers"), given.pop("revocations"), **given)

    return checked


def slug(action: Any, kind: type[TacitError] = ManifestError) -> str:
    with pytest.raises(kind) as caught:
        action()
    assert caught.value.remedy, caught.value
    return caught.value.slug


def signed(manifest: Manifest, key: Key = ISSUER, **changes: Any) -> Manifest:
    """One that `Manifest.sign` would not make, with a signature that fits."""
    made = replace(manifest, **changes)
    return replace(made, signature=key.sign(data.manifest.TAG, made.digest))


# --- what holds -------------------------------------------------------------------------------------------------------


def test_a_manifest_that_holds(sign: Any, check: Any, child: data.Dataset, statement: Any, tmp_path: Path) -> None:
    sign().save(tmp_path / "node.manifest")
    manifest = Manifest.load(tmp_path / "node.manifest")
    found = check(manifest, commitment=child.commitment, dataset=statement)
    assert found.issuer.name == "the registry"
    assert found.shard == Shard(bytes.fromhex(child.master), 4, 0, 100)
    assert check(manifest).shard is None
    told = manifest.as_dict()
    assert json.loads(json.dumps(told)) == told
    assert (told["issued"], told["expires"]) == ("2027-01-15T08:00:00Z", "2027-01-25T08:00:00Z")
    assert told["digest"] == manifest.digest.hex()
    assert [tuple(s["ids"]) for s in told["shards"]] == [(s.lowest, s.highest) for s in manifest.shards]


def test_a_child_is_accepted_by_its_master_s_identity(sign: Any, check: Any, master: Any, child: data.Dataset) -> None:
    other = master.child(1)
    for one in (child, other, master):
        loaded = tacit.Commitment.from_bytes(one.commitment.to_bytes())
        assert check(sign(), commitment=loaded).shard.identity.hex() == master.identity


def test_the_bytes_are_what_the_page_says() -> None:
    """By hand: borsh, little-endian; a change of them would make every manifest void."""
    manifest = Manifest(*(bytes([i]) * 32 for i in range(1, 6)), (shard(9, 5, 2**40),), 258, NOW, b"s" * 16, b"g" * 64)
    body = b"\x01\x00" + b"".join(bytes([i]) * 32 for i in range(1, 6)) + b"\x01\0\0\0"
    body += b"\x09" * 32 + b"\x04\0\0\0" + b"\x05" + bytes(7) + bytes(5) + b"\x01\0\0"
    body += b"\x02\x01" + bytes(6) + NOW.to_bytes(8, "little") + b"s" * 16
    assert manifest.to_bytes() == b"TACIT\0\x06\x01" + body + b"g" * 64 + checksum(6, body + b"g" * 64)
    from Crypto.Hash import keccak

    assert manifest.digest == keccak.new(digest_bits=256, data=bytes([13, *bytes(7)]) + body).digest()
    assert task_digest("a") == keccak.new(digest_bits=256, data=bytes([15, *bytes(7)]) + b"a").digest()


# --- each that does not -----------------------------------------------------------------------------------------------


def test_an_issuer_that_nobody_named(sign: Any, check: Any) -> None:
    assert slug(lambda: check(sign(Key.generate()))) == "issuer_unknown"
    assert slug(lambda: check(sign(), issuers=Issuers())) == "issuer_unknown"


def test_a_signature_of_somebody_else(sign: Any, check: Any) -> None:
    manifest = sign()
    forged = replace(manifest, signature=OTHER.sign(data.manifest.TAG, manifest.digest))
    assert slug(lambda: check(forged), InvalidProof) == "signature"
    unlabelled = replace(manifest, signature=ISSUER.sign(b"", manifest.digest))
    assert slug(lambda: check(unlabelled), InvalidProof) == "signature"
    # Another issuer's name over the first one's signature.
    assert slug(lambda: check(replace(manifest, issuer=OTHER.public)), InvalidProof) == "signature"


@pytest.mark.parametrize(
    "changes",
    [
        {"task": bytes(32)},
        {"node": OTHER.public},
        {"schema": bytes(32)},
        {"program": bytes(32)},
        {"shards": (shard(7, 200, 300),)},
        {"issued": NOW + 1},
        {"expires": NOW + 99 * DAY},
        {"serial": bytes(16)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_everything_is_signed(sign: Any, check: Any, changes: Any) -> None:
    assert slug(lambda: check(replace(sign(), **changes)), InvalidProof) == "signature"


def test_an_issuer_whose_time_is_over_or_has_not_come(sign: Any, check: Any) -> None:
    def issuers(**ends: int) -> Issuers:
        return Issuers((Issuer(ISSUER.public, "the registry", **ends),))

    assert check(sign(), issuers=issuers(since=NOW, until=NOW + DAY)).issuer
    assert slug(lambda: check(sign(), issuers=issuers(since=NOW + 1))) == "issuer_expired"
    assert slug(lambda: check(sign(), issuers=issuers(until=NOW + DAY - 1))) == "issuer_expired"
    # Signed with a key whose time was over then, and dated back: what counts is now.
    back = sign(issued=NOW - 30 * DAY)
    assert slug(lambda: check(back, issuers=issuers(until=NOW - 20 * DAY))) == "issuer_expired"


def test_one_that_is_too_early_or_too_late(sign: Any, check: Any) -> None:
    assert slug(lambda: check(sign(), now=NOW - 1)) == "manifest_early"
    assert check(sign(), now=NOW + 10 * DAY)
    assert slug(lambda: check(sign(), now=NOW + 10 * DAY + 1)) == "manifest_expired"


def test_one_for_another_task_node_schema_or_program(sign: Any, check: Any) -> None:
    manifest = sign()
    assert slug(lambda: check(manifest, task="lungs")) == "manifest_task"
    assert slug(lambda: check(manifest, node=OTHER.public)) == "manifest_node"
    assert slug(lambda: check(manifest, schema=replace(SMALL, rules=()))) == "manifest_schema"
    assert slug(lambda: check(manifest, program=data.compile(SMALL, 5))) == "manifest_program"
    assert slug(lambda: check(manifest, node=bytes(32)), InvalidProof) == "key"
    assert slug(lambda: check(manifest, task=7), InputError) == "task"


def test_ranges_of_ids_that_overlap(sign: Any, check: Any) -> None:
    pair = (shard(1, 0, 50), shard(2, 50, 99))
    assert slug(lambda: check(signed(sign(), shards=pair))) == "manifest_overlap"
    inside = (shard(1, 10, 20), shard(2, 0, 99))
    assert slug(lambda: check(signed(sign(), shards=inside))) == "manifest_overlap"
    assert slug(lambda: sign(shards=pair), InputError) == "manifest"


def test_data_that_was_not_signed_for(sign: Any, check: Any, program: Any, child: Any, statement: Any) -> None:
    stranger = data.commit_dataset(program, SMALL, small_table(), id_range=(0, 100))
    assert slug(lambda: check(sign(), commitment=stranger.commitment)) == "manifest_shard"
    assert slug(lambda: check(sign(), commitment=stranger.commitment, dataset=statement)) == "manifest_shard"
    # Signed for, with another range of ids or number of records than the proof shows.
    other = [Shard(bytes.fromhex(child.master), 4, 0, 99)]
    assert slug(lambda: check(sign(shards=other), dataset=statement)) == "manifest_shard"
    other = [Shard(bytes.fromhex(child.master), 3, 0, 100)]
    assert slug(lambda: check(sign(shards=other), dataset=statement)) == "manifest_shard"
    # The child's own identity is not what an issuer signs.
    own = [Shard(bytes.fromhex(child.identity), 4, 0, 100)]
    assert slug(lambda: check(sign(shards=own), commitment=child.commitment)) == "manifest_shard"


def test_a_child_that_only_names_its_master_is_refused(sign: Any, check: Any, master: Any, child: Any) -> None:
    """Its rotation is verified: a changed link is no link."""
    raw = child.commitment.to_bytes()
    body = bytearray(raw[8:-32])
    body[-100] ^= 1
    forged = tacit.Commitment.from_bytes(raw[:8] + bytes(body) + checksum(3, bytes(body)))
    assert forged.master == master.identity
    assert slug(lambda: check(sign(), commitment=forged), InvalidProof) in ("rotation", "validity")


# --- revocations ------------------------------------------------------------------------------------------------------


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


# --- bytes ------------------------------------------------------------------------------------------------------------


def test_every_byte_of_a_file_counts(sign: Any) -> None:
    for raw, kind in ((sign().to_bytes(), Manifest), (Revocations.sign(ISSUER, [bytes(16)]).to_bytes(), Revocations)):
        for at in range(len(raw)):
            changed = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            with pytest.raises(InvalidProof) as caught:
                kind.from_bytes(changed)
            assert caught.value.slug in ("magic", "file_kind", "version", "checksum")
        for end in (0, 3, 7, 8, 39, 40, len(raw) - 1):
            with pytest.raises(InvalidProof) as caught:
                kind.from_bytes(raw[:end])
            assert caught.value.slug in ("truncated", "checksum", "encoding")


def body(manifest: Manifest, **changes: Any) -> bytes:
    return encode(_CODEC, replace(manifest, **changes))


def test_bodies_that_are_no_manifests(sign: Any) -> None:
    manifest = sign()
    bad = [
        b"",
        body(manifest)[:-1],
        body(manifest) + b"\0",
        body(manifest, version=2),
        body(manifest, shards=()),
        body(manifest, shards=tuple(reversed(manifest.shards))),
        body(manifest, shards=(manifest.shards[0],) * 2),
        body(manifest, shards=(shard(1, 0, 9, 0),)),
        body(manifest, shards=(shard(1, 0, 9, 11),)),
        body(manifest, shards=(shard(1, 9, 0),)),
        body(manifest, shards=(shard(1, 0, 2**48),)),
        body(manifest, shards=(shard(1), shard(2, 10, 99, 5))),
        body(manifest, expires=manifest.issued),
        body(manifest, expires=2**64 - 1),
        # A number of shards that would fill the memory: the bytes end first.
        body(manifest)[:162] + b"\xff\xff\xff\xff" + body(manifest)[166:],
    ]
    for one in bad:
        assert slug_of(lambda o=one: Manifest.from_bytes(framed(KIND, o))) == "encoding"
    assert slug_of(lambda: Manifest.from_bytes(framed(7, body(manifest)))) == "file_kind"
    assert slug_of(lambda: Manifest.from_bytes(bytes(1 << 24))) == "encoding"
    later = bytearray(sign().to_bytes())
    later[7] = 2
    assert slug_of(lambda: Manifest.from_bytes(bytes(later))) == "version"


def slug_of(action: Any) -> str:
    with pytest.raises(InvalidProof) as caught:
        action()
    return caught.value.slug


@given(st.binary(max_size=400))
@settings(max_examples=80)
def test_any_body_ends_in_an_error_or_comes_back(raw: bytes) -> None:
    for kind, number in ((Manifest, 6), (Revocations, 7)):
        try:
            found = kind.from_bytes(framed(number, raw))
        except InvalidProof:
            continue
        assert found.to_bytes() == framed(number, raw)


# --- what cannot be signed --------------------------------------------------------------------------------------------


def test_manifests_that_nobody_should_sign(sign: Any, program: Any, statement: Any) -> None:
    other = data.compile(SMALL, 5, proofs=2)
    foreign = data.commit_dataset(other, SMALL, small_table(5))
    bad: list[dict[str, Any]] = [
        {"shards": []},
        {"shards": [foreign]},
        {"shards": [statement, statement]},
        {"shards": ["data"]},
        {"shards": [replace(statement, schema="00" * 32)]},
        {"expires": NOW},
        {"expires": -1},
        {"expires": 2.5},
        {"expires": 2**63},
        {"issued": True},
        {"serial": b"short"},
        {"serial": "0" * 16},
    ]
    for changes in bad:
        assert slug(lambda c=changes: sign(**c), InputError) == "manifest"
    assert slug(lambda: sign(task=""), InputError) == "task"
    assert slug(lambda: sign(task=b"short"), InputError) == "task"
    assert slug(lambda: sign(node=bytes(32)), InvalidProof) == "key"
    assert slug(lambda: sign(node="no key"), InvalidProof) == "key"
    assert sign(node=NODE.public.hex()).node == NODE.public
    assert sign(task=task_digest(TASK)).task == sign(task=task_digest(TASK).hex()).task == sign().task


# --- between nodes ----------------------------------------------------------------------------------------------------


def test_no_dataset_and_no_id_in_two_manifests(sign: Any) -> None:
    first = sign(shards=[shard(1, 0, 9), shard(2, 20, 29)])
    data.check_disjoint([first, sign(shards=[shard(3, 10, 19)])])
    again = sign(shards=[shard(2, 40, 49)])
    assert slug(lambda: data.check_disjoint([first, again])) == "manifest_repeated"
    over = sign(shards=[shard(4, 25, 99)])
    assert slug(lambda: data.check_disjoint([first, over])) == "manifest_overlap"


# --- the registry -----------------------------------------------------------------------------------------------------


def test_a_registry_s_file(tmp_path: Path) -> None:
    found = Issuers().adding(ISSUER.public, "Kliniken Süd", since=NOW).adding(OTHER.public.hex(), "b", until=NOW + DAY)
    found.save(tmp_path / "issuers.json")
    assert Issuers.load(tmp_path / "issuers.json") == found
    assert found.find(OTHER.public) == Issuer(OTHER.public, "b", 0, NOW + DAY)
    assert found.find(NODE.public) is None


def rows(**changes: Any) -> bytes:
    row = {"key": ISSUER.public.hex(), "name": "a", "from": "2026-01-01", "until": None}
    return json.dumps({"tacit-issuers": 1, "issuers": [row | changes]}).encode()


def test_registries_that_are_none() -> None:
    assert Issuers.from_json(rows()).entries[0].since == seconds_of("2026-01-01", "here")
    bad: list[tuple[bytes, str]] = [
        (b"", "issuers"),
        (b"[]", "issuers"),
        (b"[" * 100_000, "issuers"),
        (b'{"tacit-issuers": 1}', "issuers"),
        (b'{"tacit-issuers": 2, "issuers": []}', "issuers"),
        (b'{"tacit-issuers": true, "issuers": []}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": {}}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": [], "issuers": []}', "issuers"),
        (b'{"tacit-issuers": 1, "issuers": [7]}', "issuers"),
        (rows(more=1), "issuers"),
        (rows(name=""), "issuers"),
        (rows(name=7), "issuers"),
        (rows(name="\ud800"), "issuers"),
        (rows(key=7), "issuers"),
        (rows(key="00" * 32), "key"),
        (rows(key="01" + "00" * 31), "key"),
        (rows(key="zz"), "key"),
        (rows(until=7), "issuers"),
        (rows(until="2025-01-01"), "issuers"),
        (rows(until="tomorrow"), "time"),
        (rows(**{"from": "1969-12-31"}), "time"),
        (rows(**{"from": "2026-01-01T00:00:00"}), "time"),
    ]
    for raw, expected in bad:
        assert slug(lambda r=raw: Issuers.from_json(r), TacitError) == expected, raw
    twice = json.loads(rows())
    twice["issuers"] *= 2
    assert slug(lambda: Issuers.from_json(json.dumps(twice).encode()), InputError) == "issuers"
    assert slug(lambda: Issuers((7,)), InputError) == "issuers"  # type: ignore[arg-type]


@given(st.integers(0, 4_102_444_800))
def test_times_come_back(seconds: int) -> None:
    assert seconds_of(date(seconds), "here") == seconds
