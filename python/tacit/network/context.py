"""What every proof of a round is bound to, and the seed that nobody chose.

    seed    = H("tacit seed 1" || task || round || node || data || base || beacon)
    shard   = the first eight bytes of H("tacit shard 1" || task || round || node || base || beacon), big-endian, mod count

`round` is four bytes, little-endian, all else 32 bytes. `data` is the identity that the issuer signed: a master's where the node
proves with a child, for a node could make many children after the beacon and keep the one whose order it likes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np

from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.digests import tagged
from tacit.network.interface import Ints, Model, Parameter
from tacit.program.borsh import U32, Fixed, Text, Vec, encode, struct_of

Digest = Fixed(32)
#: Entries of a model at most, and its tensors: what a hostile description cannot pass.
MOST_ENTRIES = 1 << 28
MOST_TENSORS = 1 << 12


@dataclass(frozen=True)
class Context:
    """The bytes that a training proof is bound to: borsh of these fields behind the text `tacit train 1`."""

    task: bytes
    round: int
    node: bytes
    manifest: bytes
    beacon: bytes
    previous: bytes
    announcement: bytes
    label: str = "tacit train 1"

    def to_bytes(self) -> bytes:
        """Canonical; 213 bytes."""
        return encode(_CONTEXT, self)


_CONTEXT = struct_of(
    Context,
    label=Text(32),
    task=Digest,
    round=U32,
    node=Digest,
    manifest=Digest,
    beacon=Digest,
    previous=Digest,
    announcement=Digest,
)


def seed(*, task: bytes, round: int, node: bytes, data: bytes, base: bytes, beacon: bytes) -> bytes:
    """The seed of a node's batches in a round: 32 bytes, known to everybody once the beacon is."""
    return tagged(digests.SEED, *_fields(task, round, node, data, base, beacon))


def shard_due(count: int, *, task: bytes, round: int, node: bytes, base: bytes, beacon: bytes) -> int:
    """Which of a node's `count` shards, sorted by identity, a round is about."""
    if count < 1:
        raise InputError(f"expected at least one shard, got {count}", slug="shard", place="shards")
    drawn = tagged(digests.SHARD, *_fields(task, round, node, base, beacon))
    return int.from_bytes(drawn[:8], "big") % count


def _fields(task: bytes, round: int, *rest: bytes) -> tuple[bytes, ...]:
    for part in (task, *rest):
        if len(part) != 32:
            raise InputError(f"expected 32 bytes, got {len(part)}", slug="digest", place="context")
    return task, round.to_bytes(4, "little"), *rest


# --- models -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tensor:
    name: str
    shape: tuple[int, ...]


_TENSORS = Vec(struct_of(_Tensor, name=Text(256), shape=Vec(U32)))


def model_head(parameters: Sequence[Parameter]) -> bytes:
    """How the canonical bytes of a model begin: names and shapes in order, borsh."""
    return encode(_TENSORS, [_Tensor(name, tuple(shape)) for name, shape, _, _ in parameters])


def model_size(parameters: Sequence[Parameter]) -> int:
    """Bytes of a model's canonical form."""
    return len(model_head(parameters)) + 8 * sum(prod(shape) for _, shape, _, _ in parameters)


def model_bytes(model: Model, parameters: Sequence[Parameter]) -> bytes:
    """A model's canonical bytes: `model_head`, then every entry as eight bytes, little-endian, row-major.

    Raises InputError when the tensors are not the declared ones, or leave their intervals.
    """
    check_model(model, parameters)
    parts = [np.ascontiguousarray(model[name], dtype="<i8").tobytes() for name, _, _, _ in parameters]
    return b"".join([model_head(parameters), *parts])


def model_of(data: bytes, parameters: Sequence[Parameter]) -> dict[str, Ints]:
    """The model of canonical bytes, views of them where that can be. Raises InvalidProof (slug tensors, interval)."""
    head = model_head(parameters)
    if len(data) != model_size(parameters) or data[: len(head)] != head:
        raise InvalidProof(
            f"expected {model_size(parameters)} bytes of {len(parameters)} tensors in order, got {len(data)} bytes "
            "or other tensors",
            slug="tensors",
            place="model",
        )
    found, at = {}, len(head)
    for name, shape, lowest, highest in parameters:
        count = prod(shape)
        flat = np.frombuffer(data, "<i8", count, at)
        # The head has any number of bytes, and native code takes numbers at their own addresses only.
        found[name] = (flat if flat.flags.aligned else flat.copy()).reshape(shape)
        at += 8 * count
        check_interval(found[name], lowest, highest, name)
    return found


def model_identity(model: Model, parameters: Sequence[Parameter]) -> bytes:
    """What names a public model: H("tacit model 1" || its canonical bytes). A private one is named by its commitment."""
    return tagged(digests.MODEL, model_bytes(model, parameters))


def check_model(model: Model, parameters: Sequence[Parameter]) -> None:
    """Whether these are the declared tensors, int64, with all entries in their intervals. Raises InputError."""
    names = [name for name, _, _, _ in parameters]
    if set(model) != set(names):
        raise InputError(f"expected the tensors {names}, got {sorted(model)}", slug="tensors", place="model")
    for name, shape, lowest, highest in parameters:
        array = model[name]
        if not isinstance(array, np.ndarray) or array.dtype != np.int64 or array.shape != tuple(shape):
            got = f"{array.dtype} {array.shape}" if isinstance(array, np.ndarray) else type(array).__name__
            raise InputError(f"expected int64 {tuple(shape)}, got {got}", slug="tensors", place=name)
        try:
            check_interval(array, lowest, highest, name)
        except InvalidProof as error:
            raise InputError(error.reason, slug="interval", place=name) from None


def check_interval(array: Ints, lowest: int, highest: int, place: str) -> None:
    """Whether all entries lie in [lowest, highest]. Raises InvalidProof (slug interval)."""
    if array.size and (int(array.min()) < lowest or int(array.max()) > highest):
        worst = int(array.min()) if int(array.min()) < lowest else int(array.max())
        raise InvalidProof(f"expected values in [{lowest}, {highest}], got {worst}", slug="interval", place=place)


def check_parameters(parameters: Sequence[Parameter]) -> None:
    """Whether a deployment's tensors are ones that a network can hold. Raises InputError (slug parameters)."""
    names = [name for name, _, _, _ in parameters]
    entries = sum(prod(shape) for _, shape, _, _ in parameters)
    sound = all(-(1 << 62) <= low <= high < 1 << 62 for _, _, low, high in parameters)
    if not 1 <= len(names) <= MOST_TENSORS or len(set(names)) != len(names) or entries > MOST_ENTRIES or not sound:
        raise InputError(
            f"expected 1 to {MOST_TENSORS} tensors of distinct names, {MOST_ENTRIES} entries at most, intervals within 63 "
            f"bits; got {len(names)} tensors, {entries} entries",
            slug="parameters",
            place="deployment",
        )
