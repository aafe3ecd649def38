"""Manifests: what holds, and an error of its own for each that does not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from signing import DAY, ISSUER, NODE, NOW, OTHER, TASK, shard, signed, slug
from small_schemas import SMALL, small_table

import tacit
from tacit import data
from tacit.data import Issuers, Key, Manifest, Shard
from tacit.data.container import checksum
from tacit.data.issuers import Issuer
from tacit.data.manifest import task_digest
from tacit.errors import InputError, InvalidProof

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
