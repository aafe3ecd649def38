"""Whether a manifest holds: every way in which it does not has an error of its own."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tacit.api.objects import Commitment, Program
from tacit.data import issuers as lists
from tacit.data import manifest as signed
from tacit.data.dataset import DatasetStatement
from tacit.data.issuers import Issuer, Issuers, Revocations
from tacit.data.keys import check_signature
from tacit.data.manifest import Manifest, Shard, date, key_of, task_digest
from tacit.data.schema import Schema
from tacit.errors import ManifestError

_ASK = "ask the issuer for a manifest that holds"


@dataclass(frozen=True)
class CheckedManifest:
    """A manifest that holds: who signed it, and the shard of the commitment that was asked about (None without one)."""

    manifest: Manifest
    issuer: Issuer
    shard: Shard | None


def check_manifest(
    manifest: Manifest,
    issuers: Issuers,
    revocations: Iterable[Revocations] = (),
    *,
    task: str | bytes,
    node: bytes | str,
    schema: Schema,
    program: Program,
    commitment: Commitment | None = None,
    dataset: DatasetStatement | None = None,
    now: int | None = None,
    fresh: int | None = None,
    security: int = 128,
) -> CheckedManifest:
    """Accept a manifest, or raise ManifestError: its slug says what is wrong.

    In this order: unknown issuer (issuer_unknown), signature (signature; key for a key that is none), the issuer's own time
    (issuer_expired), revoked (manifest_revoked), issued later than now (manifest_early), expired (manifest_expired), of another
    task, node, schema or dataset program (manifest_task, manifest_node, manifest_schema, manifest_program), with ranges of ids
    that overlap (manifest_overlap), and, of what is asked about, a shard that is not in it (manifest_shard).

    `revocations`: signed lists; those of other issuers do not matter. `fresh`: how many seconds old the newest list of the
    issuer may be, and there must be one (revocations_stale). `commitment`: of the data; a child counts by its master, and is
    accepted first (`Commitment.accept`). `dataset`: the statement of an accepted dataset proof, whose records and range of ids
    are compared too. `now`: seconds since 1970.
    """
    at = int(time.time()) if now is None else now
    issuer = check_vouched(manifest, issuers, revocations, task=task, node=node, schema=schema, now=at, fresh=fresh)
    if fault := _differs("dataset program", bytes.fromhex(program.digest), manifest.program):
        raise ManifestError(fault, slug="manifest_program", place="manifest", remedy=_ASK)
    if fault := manifest.overlap():
        raise ManifestError(fault, slug="manifest_overlap", place="manifest", remedy=_ASK)
    if commitment is not None:
        commitment.accept(security)
    return CheckedManifest(manifest, issuer, _shard_of(manifest, commitment, dataset))


def check_vouched(
    manifest: Manifest,
    issuers: Issuers,
    revocations: Iterable[Revocations],
    *,
    task: str | bytes,
    node: bytes | str,
    schema: Schema,
    now: int,
    fresh: int | None = None,
) -> Issuer:
    """The first half of `check_manifest`, which needs no program: who signed it, and that it holds at this time, for this.

    A manifest whose program is not known is refused for what is wrong with it. It holds when `check_manifest` says so.
    """
    issuer = issuers.find(manifest.issuer)
    if issuer is None:
        raise ManifestError(
            f"expected an issuer that this task takes, got the key {manifest.issuer.hex()[:16]}",
            slug="issuer_unknown",
            place="manifest",
            remedy="add the issuer to the registry, if its word is to count (`tacit data trust`)",
        )
    check_signature(issuer.key, signed.TAG, manifest.digest, manifest.signature, "manifest")
    if not issuer.holds(manifest.issued) or not issuer.holds(now):
        until = "for ever" if issuer.until is None else date(issuer.until)
        raise ManifestError(
            f"expected a time from {date(issuer.since)} until {until}, in which {issuer.name} signs, "
            f"got {date(manifest.issued)} and now {date(now)}",
            slug="issuer_expired",
            place="manifest",
            remedy=_ASK,
        )
    _check_revoked(manifest, issuer, revocations, now, fresh)
    _check_fields(manifest, now, task, node, schema)
    return issuer


def _check_revoked(
    manifest: Manifest, issuer: Issuer, revocations: Iterable[Revocations], at: int, fresh: int | None
) -> None:
    own = [one for one in revocations if one.issuer == issuer.key]
    for one in own:
        check_signature(issuer.key, lists.TAG, one.digest, one.signature, "revocations")
    # All of them: what an older list takes back stays so.
    for one in own:
        if manifest.serial in one.serials:
            raise ManifestError(
                f"{issuer.name} took it back: its serial {manifest.serial.hex()} is in list {one.number} of {date(one.time)}",
                slug="manifest_revoked",
                place="manifest",
                remedy=_ASK,
            )
    if fresh is not None and not any(at - fresh <= one.time <= at for one in own):
        newest = max((one.time for one in own), default=None)
        raise ManifestError(
            f"expected a list of revocations since {date(at - fresh)}, got {'none' if newest is None else date(newest)}",
            slug="revocations_stale",
            place="revocations",
            remedy=f"fetch the newest list of {issuer.name}",
        )


def _differs(what: str, wanted: bytes, got: bytes) -> str | None:
    return None if wanted == got else f"expected a manifest of {what} {wanted.hex()[:16]}, got one of {got.hex()[:16]}"


def _check_fields(manifest: Manifest, at: int, task: str | bytes, node: bytes | str, schema: Schema) -> None:
    if at < manifest.issued:
        raise ManifestError(
            f"it is issued at {date(manifest.issued)}, and now is {date(at)}",
            slug="manifest_early",
            place="manifest",
            remedy="wait, or set the clock",
        )
    if at > manifest.expires:
        raise ManifestError(
            f"it held until {date(manifest.expires)}, and now is {date(at)}",
            slug="manifest_expired",
            place="manifest",
            remedy=_ASK,
        )
    if fault := _differs("task", task_digest(task), manifest.task):
        raise ManifestError(fault, slug="manifest_task", place="manifest", remedy=_ASK)
    if fault := _differs("node", key_of(node, "node"), manifest.node):
        raise ManifestError(fault, slug="manifest_node", place="manifest", remedy=_ASK)
    if fault := _differs("schema", bytes.fromhex(schema.digest), manifest.schema):
        raise ManifestError(fault, slug="manifest_schema", place="manifest", remedy=_ASK)


def _shard_of(manifest: Manifest, commitment: Commitment | None, dataset: DatasetStatement | None) -> Shard | None:
    """The shard of what is asked about, by the identity that the issuer signed. Raises ManifestError (manifest_shard)."""
    asked = [one.master or one.identity for one in (commitment, dataset) if one is not None]
    if not asked:
        return None
    found = next((shard for shard in manifest.shards if shard.identity.hex() == asked[0]), None)
    if len(set(asked)) > 1 or found is None:
        raise _no_shard(f"expected a shard of this manifest, got {asked[-1][:16]}")
    if dataset is not None:
        proven = (dataset.records, *dataset.id_range)
        if proven != (found.records, found.lowest, found.highest):
            raise _no_shard(
                f"expected {found.records} records with ids in [{found.lowest}, {found.highest}] as signed, "
                f"got a proof of {proven[0]} in [{proven[1]}, {proven[2]}]"
            )
    return found


def _no_shard(reason: str) -> ManifestError:
    return ManifestError(reason, slug="manifest_shard", place="manifest", remedy="give the data that was signed for")


def check_disjoint(manifests: Iterable[Manifest]) -> None:
    """Whether no commitment and no record id stands in two of these manifests; once each was accepted.

    Raises ManifestError (slugs manifest_repeated, manifest_overlap). Ids are those of their issuers: this says nothing of one
    person in the data of two hospitals that number their records apart.
    """
    seen = set[bytes]()
    ranges: list[tuple[int, int]] = []
    for manifest in manifests:
        for shard in manifest.shards:
            if shard.identity in seen:
                raise ManifestError(
                    f"expected every commitment in one manifest, got {shard.identity.hex()[:16]} in two",
                    slug="manifest_repeated",
                    place="manifests",
                    remedy="count each dataset once",
                )
            seen.add(shard.identity)
            ranges.append((shard.lowest, shard.highest))
    ranges.sort()
    for (_, highest), (lowest, _) in pairwise(ranges):
        if lowest <= highest:
            raise ManifestError(
                f"expected ranges of ids apart, got two that hold {lowest}",
                slug="manifest_overlap",
                place="manifests",
                remedy="issuers give out ids from ranges of their own",
            )
