"""A small file asks for small work: what is made of a description is counted, and ends where its programs end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from functools import cache
from itertools import count
from typing import Any

import pytest

from tacit.data import Issuers, Schema
from tacit.errors import InputError, InvalidProof, ModelError, TacitError
from tacit.integer.graph import IntGraph
from tacit.network.training import TrainingReaders
from tacit.program.builder import Builder
from tacit.train import SGD, Deployment, compile, mlp
from tacit.train.description import MOST_CHUNKS, MOST_NODES, decode
from tacit.train.tape import Tape

SCHEMA = Schema.array((3,), -2, 2, 2, id="id")
Plain = dict[str, Any]


@cache
def task() -> Deployment:
    return compile(mlp(3, 4, 2), schema=SCHEMA, optimizer=SGD(0.5, 4, 4, momentum=0.5), records=16)


def packed(found: Any) -> bytes:
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def plain() -> Plain:
    found: Plain = json.loads(task().description.encode())
    return found


def filed(description: bytes) -> bytes:
    """The file of a real deployment with another description."""
    text = description.decode("utf-8", "surrogatepass")
    return packed({**json.loads(task().to_bytes()), "description": text})


class Counted:
    """How many values of steps, steps of graphs, and tensors of programs are made."""

    def __init__(self, patched: pytest.MonkeyPatch) -> None:
        self.made = 0
        for kind, name in ((Tape, "emit"), (IntGraph, "emit"), (Builder, "tensor")):
            patched.setattr(kind, name, self._counting(getattr(kind, name)))

    def _counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.made += 1
            return function(*args, **kwargs)

        return counted


def used(found: Plain) -> Plain:
    """The shapes in the order of use, as canonical bytes have them."""
    network = found["network"]
    names = dict.fromkeys(name for node in network["nodes"] for name in (*node[2], node[3]))
    network["shapes"] = {name: network["shapes"][name] for name in names}
    return found


def chained(count: int, make: Callable[[Plain, str, str], list[Any]], **changes: Any) -> Plain:
    """So many more nodes between the first ReLU and the second product."""
    found = {**plain(), **changes}
    network = found["network"]
    head, rest = network["nodes"][:3], network["nodes"][3:]
    last, between = head[-1][3], list[Any]()
    for i in range(count):
        between += make(network["shapes"], last, f"r{i}")
        last = between[-1][3]
    rest[0][2][0] = last
    network["nodes"] = [*head, *between, *rest]
    return used(found)


def unary(op: str, **attrs: Any) -> Callable[[Plain, str, str], list[Any]]:
    def make(shapes: Plain, last: str, name: str) -> list[Any]:
        shapes[name] = shapes[last]
        return [[name, op, [last], name, attrs]]

    return make


def doubled(shapes: Plain, last: str, name: str) -> list[Any]:
    shapes[name] = shapes[last]
    return [[name, "Add", [last, last], name, {}]]


def reshaped(shapes: Plain, last: str, name: str) -> list[Any]:
    shapes[name] = [1, 4] if shapes[last] == [1, 2, 2] else [1, 2, 2]
    return [[name, "Reshape", [last], name, {"shape": shapes[name]}]]


def joined(shapes: Plain, last: str, name: str) -> list[Any]:
    cut = f"{name}.cut"
    shapes[name], shapes[cut] = [1, 4 * 60], [1, 4]
    slice_ = {"starts": [0], "axes": [1], "steps": [1]}
    return [[name, "Concat", [last] * 60, name, {"axis": 1}], [cut, "Slice", [name], cut, slice_]]


def pooled(shapes: Plain, last: str, name: str) -> list[Any]:
    names = [f"{name}.{i}" for i in range(3)] + [name]
    shapes |= dict(zip(names, ([1, 1, 4], [1, 1, 28], [1, 1, 4], [1, 4]), strict=True))
    pool = {"kernel_shape": [25], "strides": [1], "dilations": [1], "pads": [0, 0]}
    return [
        [names[0], "Reshape", [last], names[0], {"shape": [1, 1, 4]}],
        [names[1], "Pad", [names[0]], names[1], {"pads": [0, 0, 12, 0, 0, 12], "value": 0.0}],
        [names[2], "MaxPool", [names[1]], names[2], pool],
        [name, "Reshape", [names[2]], name, {"shape": [1, 4]}],
    ]


def large() -> Plain:
    n = 1 << 24
    found = {**plain(), "records": n, "batch": n, "order": "all", "evaluate": n, "infer": 1 << 16}
    found["data"] = [[name, [n, *shape[1:]], lo, hi] for name, shape, lo, hi in found["data"]]
    return found


def fine(found: Plain) -> Plain:
    found["scales"] |= {"activations": 12, "activation_bits": 16}
    return found


SIDE_BY_SIDE = [[1 + i % 3, 1 + i % 7] for i in range(MOST_CHUNKS)]
WORST: dict[str, Callable[[], Plain]] = {
    "chunks": lambda: {**plain(), "chunks": [[1, 1]] * MOST_CHUNKS},
    "chunks that differ": lambda: {**plain(), "chunks": SIDE_BY_SIDE},
    "relus": lambda: chained(MOST_NODES - 5, unary("Relu")),
    "relus in chunks": lambda: chained(MOST_NODES - 5, unary("Relu"), chunks=SIDE_BY_SIDE),
    "tables": lambda: fine(chained(MOST_NODES - 5, unary("Gelu", approximate="none"))),
    "small tables": lambda: fine(chained(MOST_NODES - 5, unary("Tanh"))),
    "sums": lambda: chained(30, doubled),
    "views": lambda: chained(MOST_NODES - 6, reshaped),
    "views in chunks": lambda: chained(MOST_NODES - 6, reshaped, chunks=SIDE_BY_SIDE),
    "joins": lambda: chained(60, joined),
    "pools": lambda: chained(250, pooled),
    "steps": lambda: {**plain(), "chunks": [[1 << 12, 1]]},
    "records": large,
}


@pytest.mark.parametrize("worst", WORST)
def test_work_ends_where_the_programs_end(worst: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very bounds, beside programs of a small task: fewer values are made than the file has bytes."""
    data = filed(packed(WORST[worst]()))
    counted = Counted(monkeypatch)
    with pytest.raises(TacitError):
        Deployment.from_bytes(data).check(SCHEMA)
    assert counted.made < len(data)


@pytest.mark.parametrize(
    "found",
    [
        {**plain(), "chunks": [[1, 1]] * (MOST_CHUNKS + 1)},
        chained(MOST_NODES - 4, unary("Relu")),
        chained(70, joined),
        chained(1, lambda shapes, last, _: unary("Relu")(shapes, last, "r" * 201)),
    ],
    ids=["chunks", "nodes", "operands", "names"],
)
def test_beyond_the_bounds(found: Plain) -> None:
    with pytest.raises(InputError) as caught:
        decode(packed(found))
    assert caught.value.slug == "description"
    assert "at most" in str(caught.value)


def test_realistic_tasks_are_within_them() -> None:
    """Hundreds of chunks and of nodes are read; some of each are compiled, read again and compared."""
    for found in ({**plain(), "chunks": [[32, 3], [8, 3]] * 100}, chained(200, unary("Relu"))):
        assert decode(packed(found)).encode() == packed(found)
    rates = tuple((1, 0.5 / (1 + i % 5)) for i in range(16))
    for widths, optimizer in (((3, 4, 2), SGD(rates, 4, 16)), ((3, *[4] * 14, 2), SGD(0.5, 4, 1))):
        made = compile(mlp(*widths), schema=SCHEMA, optimizer=optimizer, records=16, evaluate=0)
        Deployment.from_bytes(made.to_bytes()).check(SCHEMA)


def test_compile_refuses_what_could_not_be_read() -> None:
    with pytest.raises(ModelError) as model:
        compile(mlp(3, *[2] * 400, 2), schema=SCHEMA, optimizer=SGD(0.5, 4, 1), records=16)
    assert model.value.slug == "too_large"
    many = tuple((1, 0.5 / (1 + i % 2)) for i in range(MOST_CHUNKS + 1))
    with pytest.raises(InputError) as rates:
        compile(mlp(3, 2), schema=SCHEMA, optimizer=SGD(many, 4, len(many)), records=16)
    assert rates.value.slug == "rate"


HOSTILE: list[Any] = [
    None, True, -1, 0, 1, 1 << 12, 1 << 24, 1 << 30, 1 << 62, 1 << 70, 0.5, 1e308, 5e-324, "", "x", "w0", "before w0",
    "steps 0 w0", "next w0", "Relu", "Softmax", "\ud800", "n" * 300, [], [[]], {}, [1 << 30] * 8, [0, 0], {"a": 1}, "private",
]  # fmt: skip


def places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    keys = found if isinstance(found, dict) else range(len(found)) if isinstance(found, list) else ()
    return [path] + [below for key in keys for below in places(found[key], (*path, key))]


def test_every_field_changed_is_read_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each value of a real description, and each name of one, becomes hostile ones in turn; files are read, checked, used."""
    counted, hostile = Counted(monkeypatch), count()
    for path in places(plain())[1:]:
        for value in HOSTILE[next(hostile) % 6 :: 6]:
            found = plain()
            at = found
            for key in path[:-1]:
                at = at[key]
            at[path[-1]] = deepcopy(value)
            _used(filed(packed(found)), counted)
    for name in plain()["network"]["shapes"]:
        for value in (
            "before w0",
            "steps 0 w0",
            "momenta 0 w0",
            "next w0",
            "speed before w0",
            "batches 0",
            "w0",
            "",
            "y",
        ):
            text = task().description.encode().decode().replace(f'"{name}"', f'"{value}"')
            _used(filed(text.encode()), counted)


def _used(data: bytes, counted: Counted) -> None:
    """Only errors of the package, and no more values than bytes: also of a file that nobody checked."""
    for use in (
        lambda: Deployment.from_bytes(data).check(SCHEMA),
        lambda: Deployment.from_bytes(data).check_model({}, "base"),
        lambda: Deployment.from_bytes(data).weights(task().initial),
    ):
        counted.made = 0
        with suppress(TacitError):
            use()
        assert counted.made < len(data)


@pytest.mark.parametrize("name", ["before w0", "steps 0 w0", "momenta 0 w0", "next w0", "speed before w0"])
def test_a_strangers_names_are_the_readers_refusal(name: str) -> None:
    text = task().description.encode().decode().replace('"w1"', f'"{name}"')
    with pytest.raises(InvalidProof):
        TrainingReaders(SCHEMA, Issuers(())).deployment(filed(text.encode()))
