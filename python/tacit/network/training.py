"""The real things behind a network's interface: deployments of `tacit.train`, datasets and manifests of `tacit.data`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

import tacit
from tacit.data import Issuers, Manifest, Revocations, Schema, check_manifest, verify_dataset
from tacit.data.answers import OUTPUT, check_predicts, predictions
from tacit.data.checking import check_vouched
from tacit.errors import InputError, InvalidProof, ProgramError, TacitError
from tacit.hashing import digest
from tacit.network import interface
from tacit.network.interface import Ints, Model, Parameter
from tacit.train import Deployment


@dataclass(frozen=True)
class ShardData:
    """What a node holds of a shard: the secret of its commitment, and the records' integers (x, y, id)."""

    secret: tacit.Secret = field(repr=False)
    records: Mapping[str, Ints] = field(repr=False)


class TrainedDeployment:
    """A deployment with public models as a network takes it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        places = deployment.description.places
        if (places.base, places.next) != ("public", "public"):
            raise InputError(
                "expected a deployment with public base and next, which a server can average",
                slug="visibility",
                place="deployment",
                remedy='compile it with base="public", next="public"',
            )

    @property
    def digest(self) -> bytes:
        return self.deployment.digest

    @property
    def records(self) -> int:
        return self.deployment.records

    @property
    def parameters(self) -> Sequence[Parameter]:
        return self.deployment.parameters

    @property
    def scales(self) -> Mapping[str, int]:
        return {name: self.deployment.programs.fracs[name] for name, _, _, _ in self.parameters}

    @property
    def network(self) -> bytes:
        return digest(self.deployment.description.network())

    def order(self, seed: bytes) -> Ints | None:
        return self.deployment.order(seed)

    def fit(self, base: Model, data: ShardData, seed: bytes) -> dict[str, Ints]:
        return self.deployment.fit(dict(base), data.records["x"], data.records["y"], self._seed(seed)).weights

    def prove(self, base: Model, data: ShardData, seed: bytes, context: bytes) -> tuple[dict[str, Ints], bytes]:
        update = self.deployment.prove(dict(base), data.secret, data.records, seed=self._seed(seed), context=context)
        return update.weights, update.proof

    def verify(
        self, base: Model, next: Model, data: interface.Commitment, seed: bytes, context: bytes, proof: bytes
    ) -> None:
        if not isinstance(data, tacit.Commitment):
            raise InvalidProof("expected a commitment to a shard", slug="commitments", place="data")
        try:
            self.deployment.verify(dict(base), dict(next), data, proof, seed=self._seed(seed), context=context)
        except InputError as error:  # integers that are no model of this deployment
            raise InvalidProof(error.reason, slug="tensors", place=error.place) from None

    def _seed(self, seed: bytes) -> bytes | None:
        """None where the order of records is not drawn."""
        return seed if self.deployment.description.places.order == "permutation" else None


class TrainingReaders:
    """How the bytes of others become deployments, manifests, commitments and statements of datasets.

    `schema`: that of the task's records, from which every deployment's programs are made again. `issuers`: whose word counts;
    `revocations`: lists that they signed. A manifest is refused (slug records) unless a deployment was read that has as many
    records as its shards: no program is made for bytes that somebody sent.
    """

    def __init__(self, schema: Schema, issuers: Issuers, revocations: Sequence[Revocations] = ()) -> None:
        self.schema, self.issuers, self.revocations = schema, issuers, tuple(revocations)
        #: By number of records; one for each that a deployment has.
        self._datasets: dict[int, tacit.Program] = {}

    @property
    def names(self) -> dict[bytes, str]:
        """Of issuers by key, as the registry has them."""
        return {entry.key: entry.name for entry in self.issuers.entries}

    def deployment(self, data: bytes, *, name: bytes | None = None) -> TrainedDeployment:
        """Made once more from its description, and compared, if it is the one of this name."""
        try:
            found = Deployment.from_bytes(data)
            if name is not None and found.digest != name:
                raise InvalidProof(
                    f"expected the deployment {name.hex()[:16]}, got {found.digest.hex()[:16]}",
                    slug="object_changed",
                    place="deployment",
                )
            found.check(self.schema)
            self._datasets[found.records] = found.dataset
            return TrainedDeployment(found)
        except (InputError, ProgramError) as error:
            raise InvalidProof(error.reason, slug="program", place="deployment", remedy=error.remedy) from None

    def manifest(
        self, data: bytes, *, task: bytes, node: bytes, now: int, issuers: Sequence[bytes]
    ) -> interface.Manifest:
        try:
            found = Manifest.from_bytes(data)
        except TacitError as error:
            raise InvalidProof(error.reason, slug="manifest", place="manifest", remedy=error.remedy) from None
        if found.issuer not in issuers:
            raise InvalidProof("the task does not take this issuer", slug="issuer_unknown", place="manifest")
        records = found.shards[0].records
        if records not in self._datasets:
            check_vouched(found, self.issuers, self.revocations, task=task, node=node, schema=self.schema, now=now)
            raise InvalidProof(
                f"expected as many records as a deployment of the task has, got {records}",
                slug="records",
                place=f"shard {found.shards[0].identity.hex()[:16]}",
                remedy="commit to as many records as the deployment has, and ask the issuer for a manifest of that",
            )
        return check_manifest(
            found,
            self.issuers,
            self.revocations,
            task=task,
            node=node,
            schema=self.schema,
            program=self._datasets[records],
            now=now,
        ).manifest

    def commitment(self, data: bytes) -> tacit.Commitment:
        try:
            found = tacit.Commitment.from_bytes(data)
        except InputError as error:
            raise InvalidProof(error.reason, slug="encoding", place="commitment") from None
        found.accept()
        return found

    def dataset(
        self, commitment: interface.Commitment, proof: bytes, deployment: interface.Deployment
    ) -> interface.Shard:
        if not isinstance(commitment, tacit.Commitment) or not isinstance(deployment, TrainedDeployment):
            raise InvalidProof("expected a commitment to a shard", slug="commitments", place="data")
        found = verify_dataset(deployment.deployment.dataset, self.schema, proof, commitment)
        identity = bytes.fromhex(commitment.master or commitment.identity)
        return interface.Shard(identity, found.records, *found.id_range)

    def prediction(
        self, deployment: interface.Deployment, model: Model, proof: bytes, context: bytes
    ) -> Mapping[str, object]:
        if not isinstance(deployment, TrainedDeployment):
            raise InvalidProof("expected a deployment of training", slug="program", place="prediction")
        own = deployment.deployment
        found = tacit.verify(own.infer, proof, model=own.weights(dict(model)), context=context)
        facts: dict[str, object] = {}
        for name, values in found.outputs.items():
            facts[name] = self._named(own.infer, name, values)
        for name, claim in found.input_claims.items():
            facts[f"input {name}"] = claim.says
        return facts | {"program": own.infer.digest}

    def _named(self, program: tacit.Program, name: str, values: object) -> object:
        """In the schema's words where the program predicts from such records: each record's classes, or targets."""
        if name == OUTPUT:
            with suppress(InputError):
                check_predicts(program, self.schema)
                return predictions(self.schema, values)
        return np.asarray(values).tolist()
