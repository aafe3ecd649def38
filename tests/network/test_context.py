"""Seeds, orders, contexts, identities: what they are made of, field by field, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from Crypto.Hash import keccak
from hypothesis import given
from hypothesis import strategies as st

from tacit.errors import InputError, InvalidProof
from tacit.network import digests
from tacit.network.context import (
    Context,
    check_parameters,
    model_bytes,
    model_identity,
    model_of,
    seed,
    shard_due,
)
from tacit.reference.transcript import digest_of, words
from tacit.train.order import epoch_order

FIELDS = {name: bytes([at]) * 32 for at, name in enumerate(("task", "node", "data", "base", "beacon"), 1)}
PARAMETERS = [("w", (2, 3), -100, 100), ("b", (3,), -10, 10)]
MODEL = {"w": np.arange(6).reshape(2, 3), "b": np.array([-10, 0, 10])}


def test_no_label_begins_another() -> None:
    assert len(set(digests.LABELS)) == len(digests.LABELS)
    for label in digests.LABELS:
        assert label.startswith(b"tacit ")
        assert [other for other in digests.LABELS if other != label and other.startswith(label)] == []


def test_labels_are_all_listed() -> None:
    named = {value for name, value in vars(digests).items() if name.isupper() and isinstance(value, bytes)}
    assert named == set(digests.LABELS)


def test_the_seed_is_what_the_page_says() -> None:
    text = b"tacit seed 1" + b"\1" * 32 + (7).to_bytes(4, "little") + b"\2" * 32 + b"\3" * 32 + b"\4" * 32 + b"\5" * 32
    assert seed(round=7, **FIELDS) == keccak.new(digest_bits=256, data=text).digest()


@pytest.mark.parametrize("name", ["round", *FIELDS])
def test_every_field_of_a_seed_counts(name: str) -> None:
    fields = {**FIELDS, "round": 7}
    changed = {**fields, name: 8 if name == "round" else bytes(32)}
    assert seed(**changed) != seed(**fields)


def test_a_field_of_another_length_is_refused() -> None:
    # task || round || .. has no lengths in it: they must be fixed
    with pytest.raises(InputError) as refusal:
        seed(round=1, **{**FIELDS, "node": bytes(33)})
    assert refusal.value.slug == "digest"


def test_the_order_is_that_of_the_words() -> None:
    key = digest_of(b"s" * 32, (3).to_bytes(8, "big"))
    stream = words(key)
    drawn = [next(stream) for _ in range(50)]
    assert epoch_order(b"s" * 32, 3, 50).tolist() == sorted(range(50), key=lambda at: (drawn[at], at))


@given(st.integers(1, 300), st.integers(0, 5))
def test_an_order_is_a_permutation(records: int, epoch: int) -> None:
    order = epoch_order(b"x" * 32, epoch, records)
    assert sorted(order.tolist()) == list(range(records))
    if records > 20:
        assert order.tolist() != epoch_order(b"x" * 32, epoch + 1, records).tolist()


def test_shards_are_drawn_alike() -> None:
    given_ = {name: value for name, value in FIELDS.items() if name != "data"}
    counts = [0] * 3
    for round in range(300):
        counts[shard_due(3, round=round, **given_)] += 1
    assert min(counts) > 60
    with pytest.raises(InputError, match="at least one shard"):
        shard_due(0, round=1, **given_)


def test_a_context_names_its_fields() -> None:
    context = Context(b"t" * 32, 5, b"n" * 32, b"m" * 32, b"b" * 32, b"p" * 32, b"a" * 32)
    front = (13).to_bytes(4, "little") + b"tacit train 1"
    assert context.to_bytes() == front + b"t" * 32 + (5).to_bytes(4, "little") + b"".join(
        letter * 32 for letter in (b"n", b"m", b"b", b"p", b"a")
    )
    assert len(context.to_bytes()) == 213


def test_a_model_comes_back() -> None:
    data = model_bytes(MODEL, PARAMETERS)
    found = model_of(data, PARAMETERS)
    assert all(np.array_equal(found[name], MODEL[name]) for name in MODEL)
    assert model_identity(found, PARAMETERS) == digests.tagged(b"tacit model 1", data)


@pytest.mark.parametrize("name", ["w", "w0", "w01", "weight", "a longer one", "fc1.weight"])
def test_tensors_lie_at_addresses_of_numbers(name: str) -> None:
    """Whatever the names before them are: native code takes no others."""
    parameters = [(name, (3,), -5, 5)]
    found = model_of(model_bytes({name: np.array([1, -2, 3])}, parameters), parameters)
    assert found[name].flags.aligned
    assert found[name].tolist() == [1, -2, 3]


@given(st.data())
def test_other_bytes_are_another_model_or_none(data: st.DataObject) -> None:
    whole = model_bytes(MODEL, PARAMETERS)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        found = model_identity(model_of(bytes(changed), PARAMETERS), PARAMETERS)
    except InvalidProof as refusal:
        found = refusal.slug.encode()
    assert found in (b"tensors", b"interval", digests.tagged(b"tacit model 1", bytes(changed)))
    assert found != model_identity(MODEL, PARAMETERS)


def test_names_and_shapes_are_part_of_an_identity() -> None:
    flat = {"w": MODEL["w"].reshape(3, 2), "b": MODEL["b"]}
    assert model_identity(flat, [("w", (3, 2), -100, 100), PARAMETERS[1]]) != model_identity(MODEL, PARAMETERS)
    renamed = {"v": MODEL["w"], "b": MODEL["b"]}
    assert model_identity(renamed, [("v", (2, 3), -100, 100), PARAMETERS[1]]) != model_identity(MODEL, PARAMETERS)


@pytest.mark.parametrize(
    ("model", "slug"),
    [
        ({"w": MODEL["w"]}, "tensors"),
        ({**MODEL, "c": MODEL["b"]}, "tensors"),
        ({**MODEL, "b": MODEL["b"].astype(float)}, "tensors"),
        ({**MODEL, "b": MODEL["b"].reshape(3, 1)}, "tensors"),
        ({**MODEL, "b": [1, 2, 3]}, "tensors"),
        ({**MODEL, "b": MODEL["b"] + 1}, "interval"),
        ({**MODEL, "b": MODEL["b"] - 1}, "interval"),
    ],
)
def test_other_tensors_have_no_bytes(model: dict[str, np.ndarray], slug: str) -> None:
    with pytest.raises(InputError) as refusal:
        model_bytes(model, PARAMETERS)
    assert refusal.value.slug == slug


@pytest.mark.parametrize(
    "parameters",
    [
        [],
        [("w", (1,), 0, 1), ("w", (2,), 0, 1)],
        [("w", (1 << 20, 1 << 20), 0, 1)],
        [("w", (1 << 40, 1 << 40), 0, 1)],
        [("w", (1,), 1, 0)],
        [("w", (1,), 0, 1 << 62)],
    ],
)
def test_a_deployment_beyond_the_limits_is_refused(parameters: list[tuple[str, tuple[int, ...], int, int]]) -> None:
    with pytest.raises(InputError) as refusal:
        check_parameters(parameters)
    assert refusal.value.slug == "parameters"
