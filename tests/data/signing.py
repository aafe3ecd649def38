"""Manifests that the tests of this folder sign and check, and the keys of who signs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from small_schemas import SMALL

import tacit
from tacit import data
from tacit.data import Issuers, Key, Manifest, Shard
from tacit.errors import ManifestError, TacitError

pytest.importorskip("cryptography")

ISSUER, OTHER, NODE = (Key.from_seed(bytes([i]) * 32) for i in (1, 2, 3))
NOW, DAY = 1_800_000_000, 86_400
TASK = "heart disease, 2027"


def shard(number: int, lowest: int = 0, highest: int = 9, records: int = 4) -> Shard:
    return Shard(bytes([number]) * 32, records, lowest, highest)


def sign_manifest(program: tacit.Program, master: data.Dataset, /, key: Key = ISSUER, **changes: Any) -> Manifest:
    """The node's, for the master's shard and another; what is named in `changes` is otherwise."""
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


def check_signed(program: tacit.Program, manifest: Manifest, /, **changes: Any) -> data.CheckedManifest:
    """Checked a day later, by who knows both issuers; what is named in `changes` is otherwise."""
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


def slug(action: Any, kind: type[TacitError] = ManifestError) -> str:
    with pytest.raises(kind) as caught:
        action()
    assert caught.value.remedy, caught.value
    return caught.value.slug


def signed(manifest: Manifest, key: Key = ISSUER, **changes: Any) -> Manifest:
    """One that `Manifest.sign` would not make, with a signature that fits."""
    made = replace(manifest, **changes)
    return replace(made, signature=key.sign(data.manifest.TAG, made.digest))
