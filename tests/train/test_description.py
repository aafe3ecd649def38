"""Files and descriptions of deployments are anybody's bytes: they are read, or refused with an error of the package."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import Net
from trained import ACTS, flat

from tacit.data import Schema
from tacit.errors import CompilerBug, InputError, ProgramError, TacitError
from tacit.train import SGD, Deployment, compile, mlp
from tacit.train.description import MOST_BYTES, decode
from tacit.train.file import check
from tacit.train.programs import Programs

SCHEMA = Schema.array((1, 4, 4), -8, 8, 2, id="id")


@cache
def task() -> Deployment:
    net = Net(1, x=(1, 1, 4, 4))
    value = net.pool("MaxPool", ACTS["relu"](net, net.conv("x", 2, 3, 1)), 2, 2)
    graph = net.graph(net.dense(flat(net, value), 2))
    return compile(graph, schema=SCHEMA, optimizer=SGD(0.1, 4, 2, momentum=0.5), records=8, frozen=["c1"])


def plain() -> dict[str, Any]:
    return json.loads(task().description.encode())


def packed(found: Any) -> bytes:
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def paths(found: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in found if isinstance(found, dict) else range(len(found)) if isinstance(found, list) else ():
        yield from paths(found[key], (*path, key))


def changed(found: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return deepcopy(value)
    at = found
    for key in path[:-1]:
        at = at[key]
    if value is ...:
        del at[path[-1]]
    else:
        at[path[-1]] = deepcopy(value)
    return found


def read(data: bytes) -> bool:
    """Whether a description is read and its programs come out; only errors of the package are raised."""
    try:
        made = decode(data)
    except InputError:
        return False
    try:
        check(Deployment(Programs(made), task().all), None)
    except TacitError:
        return False
    return True


def test_it_is_read_as_it_was_written(tmp_path: Any) -> None:
    made = task()
    assert decode(made.description.encode()).encode() == made.description.encode()
    made.save(tmp_path / "task")
    loaded = Deployment.load(tmp_path / "task")
    loaded.check(SCHEMA)
    assert loaded.digest == made.digest
    with pytest.raises(InputError):
        _ = loaded.initial


VALUES = st.sampled_from(
    [None, True, -1, 0, 1, 2, 3, 5, 1 << 12, 1 << 30, 1 << 62, 1 << 70, 1.5, 0.0, -1e308, "", "x", "Relu", "Conv", "\ud800",
     [], [[]], {}, [1, 2], [1 << 30] * 8, {"a": 1}, "private", "all", "id", ...]
)  # fmt: skip


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.data())
def test_changed_descriptions_raise_nothing_else(data: st.DataObject) -> None:
    """One to three values replaced or taken out: what is still read is what it says."""
    found = plain()
    for _ in range(data.draw(st.integers(1, 3))):
        where = list(paths(found))
        found = changed(found, where[data.draw(st.integers(0, len(where) - 1))], data.draw(VALUES))
        if found is Ellipsis or not isinstance(found, (dict, list)):
            break
    text = packed(None if found is Ellipsis else found)
    if read(text):
        assert decode(text).encode() == text


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.data())
def test_changed_bytes_raise_nothing_else(data: st.DataObject) -> None:
    text = bytearray(task().description.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        text[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    read(bytes(text))


@given(st.binary(max_size=200))
def test_any_bytes_raise_nothing_else(data: bytes) -> None:
    for reader in (decode, Deployment._of_file):
        with pytest.raises(InputError):
            reader(data)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"tacit-training":1,"x":' + b"9" * 100_000 + b"}",
        b" " * (MOST_BYTES + 1),
        b'{"tacit-training":1}',
        b"NaN",
        b"\xff\xfe",
        b'{"tacit-deployment":1,"description":"{}","programs":[]}',
        b'{"tacit-deployment":1,"description":"{}","programs":{"train":"!"}}',
        b'{"tacit-deployment":1,"description":{},"programs":{"train":"","infer":"","dataset":""}}',
    ],
    ids=range(10),
)
def test_hostile_files(data: bytes) -> None:
    for reader in (decode, Deployment._of_file):
        with pytest.raises(InputError) as caught:
            reader(data)
        assert caught.value.slug == "description"
        assert len(str(caught.value)) < 1000


def test_other_bytes_of_the_same_meaning_are_none() -> None:
    data = task().description.encode()
    found = json.loads(data)
    others = [
        json.dumps(found).encode(),
        data + b" ",
        packed(dict(reversed(found.items()))),
        data.replace(b'"batch":4', b'"batch":4,"batch":4'),
        packed({**found, "more": 1}),
        packed({**found, "momentum": 0}),
    ]
    for other in others:
        with pytest.raises(InputError) as caught:
            decode(other)
        assert caught.value.slug == "description"


def records(found: dict[str, Any]) -> None:
    found["records"] = 1 << 20


def slab(found: dict[str, Any]) -> None:
    found["data"][0][1][0] = 1 << 20


def labels(found: dict[str, Any]) -> None:
    found["label_interval"] = [0, 3]


def swapped(found: dict[str, Any]) -> None:
    found["data"] = [found["data"][1], found["data"][0], found["data"][2]]


def batches(found: dict[str, Any]) -> None:
    found["batch"] = 9


def committed(found: dict[str, Any]) -> None:
    found["order"], found["chunks"] = "committed", [[3, 13]]


def everything(found: dict[str, Any]) -> None:
    found["order"] = "all"


def frozen(found: dict[str, Any]) -> None:
    found["network"]["frozen"] = ["nothing"]


def forever(found: dict[str, Any]) -> None:
    found["chunks"] = [[1 << 12, 1]] * 2


def cycle(found: dict[str, Any]) -> None:
    found["network"]["nodes"][0][2][0] = found["network"]["nodes"][-1][3]


def twice(found: dict[str, Any]) -> None:
    found["network"]["nodes"].append(found["network"]["nodes"][-1])


def scale(found: dict[str, Any]) -> None:
    found["interval"], found["data"][0][2:] = [-(1 << 61), 1 << 61], [-(1 << 61), 1 << 61]


@pytest.mark.parametrize(
    "change",
    [records, slab, labels, swapped, batches, committed, everything, frozen, forever, cycle, twice],
    ids=lambda f: f.__name__,
)
def test_parts_that_do_not_agree(change: Callable[[dict[str, Any]], None]) -> None:
    """An inflated count, other labels, batches beyond the shard: no description."""
    found = plain()
    change(found)
    with pytest.raises(InputError) as caught:
        decode(packed(found))
    assert caught.value.slug == "description"


def test_programs_that_leave_the_field_are_refused() -> None:
    found = plain()
    scale(found)
    made = Deployment(Programs(decode(packed(found))), task().all)
    for use in (made.check, lambda: made.check_model(task().initial, "base")):
        with pytest.raises(InputError) as caught:
            use()
        assert caught.value.slug == "description"


def test_huge_shapes_cost_nothing() -> None:
    """2^30 inputs and as many weights stand in a kilobyte: reading it makes no array of that size."""
    data = compile(mlp(3, 2), schema=Schema.array((3,), -8, 8, 2, id="id"), optimizer=SGD(0.1, 4, 2), records=8)
    text = data.description.encode().decode()
    for old, new in (('"features":[3]', '"features":[536870912]'), ("[8,3]", "[8,536870912]"), ("[1,3]", "[1,536870912]"),
                     ("[3,2]", "[536870912,2]")):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    tracemalloc.start()
    try:
        made = Deployment(Programs(decode(text.encode())), data.all)
        with pytest.raises((TacitError, CompilerBug)):
            made.check()
        assert tracemalloc.get_traced_memory()[1] < 1 << 26
    finally:
        tracemalloc.stop()


def test_another_program_is_noticed() -> None:
    """A program of another rate, or one more than the description makes, in a file that is otherwise whole."""
    made, schema = task(), SCHEMA
    net = Net(1, x=(1, 1, 4, 4))
    graph = net.graph(net.dense(flat(net, ACTS["relu"](net, net.conv("x", 2, 3, 1))), 2))
    other = compile(graph, schema=schema, optimizer=SGD(0.2, 4, 2), records=8, evaluate=0)
    for name in ("train", "infer"):
        with pytest.raises(ProgramError) as caught:
            Deployment(made.programs, {**made.all, name: other.all[name]}).check(schema)
        assert (caught.value.slug, caught.value.place) == ("program", name)
    with pytest.raises(ProgramError) as caught:
        Deployment(other.programs, {**other.all, "evaluate": made.all["evaluate"]}).check(schema)
    assert caught.value.place == "evaluate"
    with pytest.raises(ProgramError):
        made.check(Schema.array((1, 4, 4), -8, 8, 2, frac=7, id="id"))
    narrower = Schema.array((1, 4, 4), -8, 8, 2, frac=8, id="number")
    with pytest.raises(ProgramError):
        Deployment(made.programs, {**made.all, "dataset": other.all["train"]}).check(narrower)


def test_initial_weights_are_checked() -> None:
    made = task()
    real = made.real(made.initial)
    first = next(iter(real))
    wrong: list[Any] = [None, [], {}, {**real, "more": np.zeros(1)}, {**real, first: np.zeros(3)},
                        {**real, first: np.full(real[first].shape, np.nan)}, {**real, first: real[first] + 1e6}]  # fmt: skip
    for weights in wrong:
        with pytest.raises(InputError):
            made.integers(weights)
        with pytest.raises(InputError):
            made.check_model(weights, "base")


@pytest.mark.parametrize(
    ("op", "attribute", "value"),
    [
        ("Relu", "negative_slope", 0.3), ("Relu", "trained", False), ("MaxPool", "strides", [True, 2]),
        ("MaxPool", "strides", [2.0, 2]), ("MaxPool", "pads", [0, 0, 0, -1]), ("MaxPool", "pads", [0.0, 0, 0, 0]),
        ("MaxPool", "pads", [False, 0, 0, 0]), ("MaxPool", "ceil_mode", 0), ("Conv", "group", True), ("Conv", "group", ...),
        ("Conv", "dilations", 1), ("Add", "axis", 1), ("Reshape", "allowzero", 0), ("Reshape", "shape", None),
    ],
    ids=str,
)  # fmt: skip
def test_attributes_are_those_of_the_operator(op: str, attribute: str, value: Any) -> None:
    """What no program reads, or reads as another number, is no part of a description."""
    found = plain()
    node = next(node for node in found["network"]["nodes"] if node[1] == op)
    if value is ...:
        del node[4][attribute]
    else:
        node[4][attribute] = value
    with pytest.raises(InputError) as caught:
        decode(packed(found))
    assert caught.value.slug == "description"


def test_attributes_have_one_order() -> None:
    found = plain()
    node = next(node for node in found["network"]["nodes"] if node[1] == "MaxPool")
    node[4] = dict(reversed(node[4].items()))
    with pytest.raises(InputError) as caught:
        decode(packed(found))
    assert caught.value.slug == "description"
