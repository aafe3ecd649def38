"""What a network asks of training and of datasets, and no more: rounds, stores and lineages work with anything of this form.

`tacit.train` and `tacit.data` have it. An identity or digest is 32 bytes, an interval (lo, hi) has both ends in it, and a model
is its integer tensors by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tacit.data.manifest import Shard as Shard

Ints = npt.NDArray[np.int64]
Model = Mapping[str, Ints]
#: (name, shape, least value, greatest value)
Parameter = tuple[str, tuple[int, ...], int, int]


class Commitment(Protocol):
    """A commitment to a shard that was accepted: its validity proof holds, and a child's rotation."""

    @property
    def identity(self) -> str:
        """64 hexadecimal digits; what a proof names."""

    @property
    def master(self) -> str | None:
        """The identity of the master whose values it holds; None if it is no child."""


class Deployment(Protocol):
    """One declared training: architecture, loss, steps, rate, batch, number of records; a proof says it was followed."""

    @property
    def digest(self) -> bytes:
        """What names it; follows from all of it."""

    @property
    def records(self) -> int:
        """Records of the shard that a proof is about: the only source of weights in an average."""

    @property
    def parameters(self) -> Sequence[Parameter]:
        """The integer tensors of the model, base and next alike."""

    @property
    def scales(self) -> Mapping[str, int]:
        """Fractional bits of every parameter: what its integers mean, and with other ones mean no more."""

    @property
    def network(self) -> bytes:
        """A digest of the network that is trained: its operators, shapes and coefficients, and which weights move."""

    def order(self, seed: bytes) -> Ints | None:
        """The records of every step, in order, as the seed says; None where every step takes all."""

    def fit(self, base: Model, data: Any, seed: bytes) -> dict[str, Ints]:
        """The model that `prove` would give, without a proof: what a node sends first whose proof comes later."""

    def prove(self, base: Model, data: Any, seed: bytes, context: bytes) -> tuple[dict[str, Ints], bytes]:
        """The model after the declared steps on this secret's records, and the proof of it."""

    def verify(self, base: Model, next: Model, data: Commitment, seed: bytes, context: bytes, proof: bytes) -> None:
        """Whether the proof says that `next` is what training makes of `base` on this commitment. Raises InvalidProof."""


class Manifest(Protocol):
    """What an issuer signed for a node, after all checks of its own."""

    @property
    def issuer(self) -> bytes:
        """The Ed25519 key that signed it."""

    @property
    def node(self) -> bytes:
        """The Ed25519 key of the node that it was signed for."""

    @property
    def shards(self) -> Sequence[Shard]:
        """Sorted by identity; id ranges do not overlap."""


class Readers(Protocol):
    """How the bytes of others become things; every call refuses what does not hold. Raises InvalidProof.

    Work follows the length of the bytes, which is bounded before.
    """

    def deployment(self, data: bytes, *, name: bytes | None = None) -> Deployment:
        """The deployment of a file's bytes. `name`: the digest that it has, compared before anything that takes long."""

    def manifest(self, data: bytes, *, task: bytes, node: bytes, now: int, issuers: Sequence[bytes]) -> Manifest:
        """A manifest that one of these issuers signed for this node and task, and that holds at `now` (Unix seconds).

        Deployments of the task are read before, and nothing is made for a manifest that fits none of them.
        """

    def commitment(self, data: bytes) -> Commitment:
        """A commitment to a shard, accepted."""

    def dataset(self, commitment: Commitment, proof: bytes, deployment: Deployment) -> Shard:
        """What the dataset proof says of the shard under this commitment: identity (the master's, of a child), records, ids."""

    def prediction(self, deployment: Deployment, model: Model, proof: bytes, context: bytes) -> Mapping[str, object]:
        """What a proof of inference under this model says; facts for people."""
