"""A stand-in for training and datasets that is honest about checking: what it proves was computed by it, and nothing else passes.

An oracle's key signs the statement of whatever `prove` computed itself. Tests never use that key otherwise, so a proof of
anything that was not trained does not exist, as with the real ones.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tacit.errors import InvalidProof
from tacit.network.aggregate import Rule
from tacit.network.context import model_identity
from tacit.network.digests import digest
from tacit.network.interface import Ints, Model, Shard
from tacit.network.keys import Key, check_signature
from tacit.network.sources import Reveals
from tacit.network.task import Task
from tacit.program.borsh import EncodingError, Fixed, Int, Vec, decode, encode, struct_of
from tacit.train.order import epoch_order

_ORACLE = Key.from_seed(b"oracle of the tests, 32 bytes..."[:32])
PARAMETERS = [("w", (4, 3), -(1 << 31), (1 << 31) - 1), ("b", (3,), -(1 << 31), (1 << 31) - 1)]
U64 = Int("<Q")
#: What verifying costs, counted: attacks must be refused before.
VERIFIED: list[str] = []


def _says(label: bytes, *parts: bytes) -> bytes:
    return _ORACLE.sign(label, digest(*parts))


def _check(label: bytes, proof: bytes, *parts: bytes) -> None:
    VERIFIED.append(label.decode())
    try:
        check_signature(_ORACLE.public, label, digest(*parts), proof, "argument")
    except InvalidProof:
        raise InvalidProof("a relation of the program does not hold", slug="final_claim", place="argument") from None


def base_model(seed: int = 0) -> dict[str, Ints]:
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-(1 << 20), 1 << 20, shape) for name, shape, _, _ in PARAMETERS}


# --- shards -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeCommitment:
    identity: str
    master: str | None
    shard: Shard

    def to_bytes(self) -> bytes:
        body = self.statement()
        return body + _says(b"commitment", body)

    def statement(self) -> bytes:
        numbers = b"".join(x.to_bytes(8, "little") for x in (self.shard.records, self.shard.lowest, self.shard.highest))
        return bytes.fromhex(self.identity) + bytes.fromhex(self.master or "00" * 32) + numbers


@dataclass(frozen=True)
class FakeSecret:
    """A shard's records; `child` makes another commitment to the same."""

    values: np.ndarray
    commitment: FakeCommitment

    def child(self, number: int) -> FakeSecret:
        master = self.commitment.master or self.commitment.identity
        identity = digest(bytes.fromhex(master), bytes([number])).hex()
        return replace(self, commitment=replace(self.commitment, identity=identity, master=master))

    def dataset_proof(self) -> bytes:
        return _says(b"dataset", _statement(self.commitment.shard))


def _statement(shard: Shard) -> bytes:
    numbers = b"".join(x.to_bytes(8, "little") for x in (shard.records, shard.lowest, shard.highest))
    return shard.identity + numbers


def commit(values: np.ndarray, lowest: int) -> FakeSecret:
    """A commitment to records with ids lowest, lowest + 1, ..; equal values have other identities under other ids."""
    identity = digest(b"shard", values.tobytes(), lowest.to_bytes(8, "little"))
    shard = Shard(identity, len(values), lowest, lowest + len(values) - 1)
    return FakeSecret(values, FakeCommitment(identity.hex(), None, shard))


# --- deployments ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeDeployment:
    """Steps of a linear model in whole numbers, record by record, in the order that the seed says."""

    records: int
    rate: int = 3

    def to_bytes(self) -> bytes:
        return b"fake deployment" + self.records.to_bytes(4, "little") + self.rate.to_bytes(4, "little")

    @property
    def digest(self) -> bytes:
        return digest(self.to_bytes())

    @property
    def parameters(self) -> Sequence[tuple[str, tuple[int, ...], int, int]]:
        return PARAMETERS

    @property
    def scales(self) -> Mapping[str, int]:
        # Rates of 4 and 5 stand for other plans: other scales, another network.
        return dict.fromkeys(("w", "b"), 15 if self.rate == 4 else 14)

    @property
    def network(self) -> bytes:
        return digest(b"another" if self.rate == 5 else b"a linear model")

    def order(self, seed: bytes) -> Ints:
        return epoch_order(seed, 0, self.records)

    def train(self, base: Model, values: np.ndarray, seed: bytes) -> dict[str, Ints]:
        ordered = values[self.order(seed)]
        w, b = base["w"].astype(np.int64), base["b"].astype(np.int64)
        for row in ordered:
            x, y = row[:4], row[4:]
            off = (x @ w + b >> 14) - y
            w, b = w - (self.rate * np.outer(x, off) >> 8), b - (self.rate * off >> 4)
        return {"w": np.clip(w, -(1 << 31), (1 << 31) - 1), "b": np.clip(b, -(1 << 31), (1 << 31) - 1)}

    def fit(self, base: Model, data: Any, seed: bytes) -> dict[str, Ints]:
        return self.train(base, data.values, seed)

    def prove(self, base: Model, data: Any, seed: bytes, context: bytes) -> tuple[dict[str, Ints], bytes]:
        next = self.train(base, data.values, seed)
        return next, _says(b"training", *self._parts(base, next, data.commitment, seed, context))

    def verify(self, base: Model, next: Model, data: Any, seed: bytes, context: bytes, proof: bytes) -> None:
        _check(b"training", proof, *self._parts(base, next, data, seed, context))

    def _parts(self, base: Model, next: Model, data: FakeCommitment, seed: bytes, context: bytes) -> tuple[bytes, ...]:
        identities = [model_identity(model, PARAMETERS) for model in (base, next)]
        return self.digest, *identities, bytes.fromhex(data.identity), seed, context

    def predict(self, model: Model, x: Sequence[int], context: bytes) -> bytes:
        answer = int(np.argmax(np.array(x) @ model["w"] + model["b"]))
        parts = self.digest, model_identity(model, PARAMETERS), bytes([answer]), context
        return bytes([answer]) + _says(b"prediction", *parts)


# --- manifests, and how all of it is read -----------------------------------------------------------------------------


@dataclass(frozen=True)
class FakeManifest:
    task: bytes
    node: bytes
    shards: tuple[Shard, ...]
    issued: int
    expires: int
    issuer: bytes

    def sign(self, key: Key) -> bytes:
        body = encode(_MANIFEST, self)
        return key.sign(b"manifest", body) + body


_MANIFEST = struct_of(
    FakeManifest,
    task=Fixed(32),
    node=Fixed(32),
    shards=Vec(struct_of(Shard, identity=Fixed(32), records=U64, lowest=U64, highest=U64)),
    issued=U64,
    expires=U64,
    issuer=Fixed(32),
)


class FakeReaders:
    """`tacit.network.interface.Readers`."""

    def deployment(self, data: bytes, *, name: bytes | None = None) -> FakeDeployment:
        if len(data) != 23 or not data.startswith(b"fake deployment"):
            raise InvalidProof("no deployment", slug="encoding", place="deployment")
        return FakeDeployment(int.from_bytes(data[15:19], "little"), int.from_bytes(data[19:], "little"))

    def manifest(self, data: bytes, *, task: bytes, node: bytes, now: int, issuers: Sequence[bytes]) -> FakeManifest:
        try:
            found: FakeManifest = decode(_MANIFEST, data[64:])
        except EncodingError as error:
            raise InvalidProof(str(error), slug="encoding", place="manifest") from None
        if found.issuer not in issuers:
            raise InvalidProof("nobody knows this issuer", slug="issuer", place="manifest")
        check_signature(found.issuer, b"manifest", data[64:], data[:64], "manifest")
        if found.task != task or found.node != node:
            raise InvalidProof("it is for another task or node", slug="manifest_node", place="manifest")
        if not found.issued <= now <= found.expires:
            raise InvalidProof("it is not valid now", slug="manifest_expired", place="manifest")
        return found

    def commitment(self, data: bytes) -> FakeCommitment:
        if len(data) != 152:
            raise InvalidProof("no commitment", slug="encoding", place="commitment")
        _check(b"commitment", data[88:], data[:88])
        identity, master = data[:32].hex(), data[32:64].hex()
        records, lowest, highest = (int.from_bytes(data[at : at + 8], "little") for at in (64, 72, 80))
        of = identity if master == "00" * 32 else master
        shard = Shard(bytes.fromhex(of), records, lowest, highest)
        return FakeCommitment(identity, None if of == identity else master, shard)

    def dataset(self, commitment: Any, proof: bytes, deployment: Any) -> Shard:
        _check(b"dataset", proof, _statement(commitment.shard))
        return commitment.shard

    def prediction(self, deployment: Any, model: Model, proof: bytes, context: bytes) -> Mapping[str, object]:
        identity = model_identity(model, PARAMETERS)
        _check(b"prediction", proof[1:], deployment.digest, identity, proof[:1], context)
        return {"answer": proof[0]}


def task_of(**fields: Any) -> Task:
    """A task with these fields; the others are set to something."""
    given: dict[str, Any] = {
        "name": "a task of the tests",
        "server": Key.from_seed(b"s" * 32).public,
        "deployments": (FakeDeployment(8).digest,),
        "base": model_identity(base_model(), PARAMETERS),
        "rule": Rule(),
        "source": Reveals(),
        "rounds": 5,
        "least": 1,
        "issuers": (Key.from_seed(b"i" * 32).public,),
    }
    return Task(**given | fields)
