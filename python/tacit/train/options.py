"""What `tacit.train.compile` takes, looked at before anything is made of it: types, ranges, names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.data.limits import MOST_RECORDS, is_whole
from tacit.errors import InputError, ModelError
from tacit.exact import unmasked
from tacit.train.description import BITS, MOST_CHUNKS, MOST_NAME, MOST_NODES, MOST_OPERANDS, OVERFLOWS
from tacit.train.network import Network
from tacit.train.optimizer import SGD
from tacit.train.tape import Scales

#: Records of one inference, at most.
MOST_INFER = 1 << 16


def check_kinds(schema: Any, optimizer: Any) -> None:
    """Raises InputError (slug type)."""
    from tacit.data import Schema

    for name, value, kind in (("schema", schema, Schema), ("optimizer", optimizer, SGD)):
        if not isinstance(value, kind):
            raise InputError(f"expected {kind.__name__}, got {type(value).__name__}", slug="type", place=name)


def check_options(
    *, frozen: Any, overflow: Any, scales: Any, infer: Any, evaluate: Any, name: Any, base: Any, next: Any
) -> None:
    """Raises InputError (slugs type, overflow, scales, visibility, records)."""
    if isinstance(frozen, str) or not isinstance(frozen, Sequence) or not all(isinstance(n, str) for n in frozen):
        raise InputError(f"expected a list of names of weights, got {frozen!r}", slug="type", place="frozen")
    if overflow not in OVERFLOWS:
        raise InputError(f"expected one of {', '.join(OVERFLOWS)}, got {overflow!r}", slug="overflow", place="overflow")
    for side, value in (("base", base), ("next", next)):
        if value not in ("public", "private"):
            raise InputError(f"expected public or private, got {value!r}", slug="visibility", place=side)
    if not isinstance(name, str) or len(name) > MOST_NAME or not name.isprintable():
        raise InputError(f"expected a name of at most {MOST_NAME} printable characters", slug="type", place="name")
    for place, value, least, most in (("infer", infer, 1, MOST_INFER), ("evaluate", evaluate, 0, MOST_RECORDS)):
        if value is not None and (not is_whole(value) or not least <= value <= most):
            raise InputError(f"expected {least} to {most} records, got {value!r}", slug="records", place=place)
    if scales is not None:
        _check_scales(scales)


def _check_scales(scales: Any) -> None:
    if not isinstance(scales, Scales):
        raise InputError(f"expected Scales, got {type(scales).__name__}", slug="type", place="scales")
    for name, (least, most) in BITS.items():
        value = getattr(scales, name)
        if not is_whole(value) or not least <= value <= most:
            raise InputError(f"expected {least} to {most} bits, got {value!r}", slug="scales", place=f"scales, {name}")


def plain_scales(scales: Scales | None) -> Scales | None:
    """The same, in Python's own integers: a description says one thing in one way, and records' bits are the schema's."""
    if scales is None:
        return None
    return replace(Scales(**{name: int(getattr(scales, name)) for name in BITS}), inputs=Scales().inputs)


def reals(values: Any, place: str) -> npt.NDArray[np.float64]:
    """An array of real numbers. Raises InputError (slug dtype)."""
    try:
        array = np.asarray(unmasked(values, place))
        if array.dtype.kind not in "biufO":
            raise TypeError(f"they are {array.dtype}")
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"expected real numbers: {str(error)[:80]}",
            slug="dtype",
            place=place,
            remedy="give arrays of floats or integers",
        ) from None


def check_ends(network: Network, features: tuple[int, ...], targets: int) -> None:
    """The network takes a schema's records and gives as many scores as it has labels. Raises ModelError (slug shape)."""
    shapes = network.graph.shapes
    remedy = "the schema's columns and labels decide the first and the last width of a network"
    for what, count, wanted in (
        ("features", prod(shapes[network.input]), prod(features)),
        ("scores", prod(shapes[network.scores]), targets),
    ):
        if count != wanted:
            raise ModelError(
                f"expected {wanted} {what}, as the schema has them, got {count}",
                slug="shape",
                place=network.graph.name,
                remedy=remedy,
            )
    # Entries keep their order and get other axes: of as many entries in other axes each would be another one's.
    own, given = (tuple(n for n in shape if n != 1) for shape in (shapes[network.input][1:], features))
    if own != given and len(own) > 1 and len(given) > 1:
        raise ModelError(
            f"expected records of shape {list(features)}, as the schema has them, got {list(shapes[network.input][1:])}",
            slug="shape",
            place=network.graph.name,
            remedy="give the schema the model's axes in their order (channels first, mostly), and the records with it",
        )


def check_size(network: Network, chunks: int) -> None:
    """What is compiled can be read again: names, nodes and chunks are within a description's bounds.

    Raises ModelError (slugs name, too_large), InputError (slug rate).
    """
    graph, nodes = network.graph, network.nodes
    for node in nodes:
        for name in (graph.name or "model", node.name or node.op, *node.inputs, *node.outputs):
            if not 0 < len(name) <= MOST_NAME or not name.isprintable():
                raise ModelError(
                    f"expected names of 1 to {MOST_NAME} printable characters, got one of {len(name)}",
                    slug="name",
                    place=ascii(name[:40])[1:-1] or "model",
                    remedy="rename it in the model",
                )
    operands = sum(len(node.inputs) for node in nodes)
    if len(nodes) > MOST_NODES or operands > MOST_OPERANDS:
        raise ModelError(
            f"expected at most {MOST_NODES} nodes with {MOST_OPERANDS} operands, got {len(nodes)} with {operands}",
            slug="too_large",
            place=graph.name[:MOST_NAME],
            remedy="train a smaller network",
        )
    if chunks > MOST_CHUNKS:
        raise InputError(
            f"expected at most {MOST_CHUNKS} chunks of steps, got {chunks}",
            slug="rate",
            place="rate",
            remedy="use fewer rates, or numbers of steps that are powers of two",
        )
