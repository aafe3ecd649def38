"""What a node may send through Flower: each is refused by name, the round goes on, and the others' updates are aggregated."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Array, ArrayRecord, ConfigRecord, Error, Message, MetricRecord, RecordDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from little_flower import LittleFlower, Tamper

from tacit.errors import InputError
from tacit.network.core import Times
from tacit.network.messages import REPLY


def content_tamper(change: Any) -> Tamper:
    """Change the records of a reply."""

    def tamper(reply: Message) -> Message:
        records = RecordDict(dict(reply.content))
        change(records)
        reply.content = records
        return reply

    return tamper


def with_array(name: str, array: Array) -> Tamper:
    def change(records: RecordDict) -> None:
        arrays = dict(records.array_records["arrays"])
        arrays[name] = array
        records["arrays"] = ArrayRecord(arrays)

    return content_tamper(change)


def with_head(**entries: Any) -> Tamper:
    def change(records: RecordDict) -> None:
        head = {**records.config_records["tacit"], **entries}
        records["tacit"] = ConfigRecord({name: value for name, value in head.items() if value is not None})

    return content_tamper(change)


def flipped(reply: Message) -> Message:
    """One entry of the update by one."""
    arrays = {name: array.numpy().copy() for name, array in reply.content.array_records["arrays"].items()}
    arrays["w"][0, 0] += 1
    return with_array("w", Array(arrays["w"]))(reply)


def huge_header(reply: Message) -> Message:
    """A header that asks for 8 TB; what Flower says of the array looks right."""
    array = reply.content.array_records["arrays"]["w"]
    data = array.data.replace(b"(4, 3)", b"(1099511627776,)", 1)
    return with_array("w", Array(array.dtype, array.shape, array.stype, data))(reply)


def pickled(reply: Message) -> Message:
    """Bytes that `numpy.load` would unpickle."""
    array = reply.content.array_records["arrays"]["w"]
    return with_array("w", Array("object", array.shape, "numpy.ndarray", array.data.replace(b"'<i8'", b"'|O' ")))(reply)


def failing(reply: Message) -> Message:
    return Message(Error(code=0, reason="out of order\x00\n" * 100), reply_to=reply)


def twice(records: RecordDict) -> None:
    records["more"] = MetricRecord({"x": 1.0})


TRAPS: dict[str, tuple[Tamper, str]] = {
    "wrong update": (flipped, "next"),
    "8 TB header": (huge_header, "array"),
    "pickled": (pickled, "array"),
    "floats": (with_array("w", Array(np.full((4, 3), 0.5))), "array"),
    "not a number": (with_array("w", Array(np.full((4, 3), np.nan))), "array"),
    "other shape": (with_array("w", Array(np.zeros((3, 4), np.int64))), "array"),
    "too large": (with_array("w", Array(np.zeros((400, 300), np.int64))), "message_size"),
    "a little too large": (with_array("w", Array(np.zeros((4, 4), np.int64))), "array"),
    "beyond its interval": (with_array("w", Array(np.full((4, 3), 1 << 40))), "interval"),
    "an array more": (with_array("more", Array(np.zeros(10, np.int64))), "tensors"),
    "two records of metrics": (content_tamper(twice), "flower_record"),
    "two records of arrays": (content_tamper(lambda r: r.__setitem__("b", r["arrays"])), "flower_record"),
    "no arrays": (content_tamper(lambda r: r.__delitem__("arrays")), "flower_record"),
    "no record": (content_tamper(lambda r: r.__delitem__("tacit")), "flower_record"),
    "metrics of another kind": (content_tamper(lambda r: r.__setitem__("metrics", r["tacit"])), "flower_record"),
    "nothing": (content_tamper(lambda r: r.clear()), "flower_record"),
    "an entry more": (with_head(more=b"x"), "flower_record"),
    "a text for bytes": (with_head(reply="x"), "flower_record"),
    "a proof without its delivery": (with_head(delivery=None), "flower_record"),
    "short proof": (with_head(proof=b"short"), "object_changed"),
    "no message": (with_head(reply=b"x" * 300), "message"),
    "a reply without end": (with_head(reply=bytes(1 << 20)), "message_size"),
    "an error": (failing, "node_failed"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_trap(tmp_path: Path, name: str) -> None:
    tamper, slug = TRAPS[name]
    flower = LittleFlower(tmp_path)
    flower.grid.tampers[2] = tamper
    flower.run(1)
    assert flower.slugs(2)[0] == slug
    assert flower.slugs(1) == flower.slugs(3) == []
    link = flower.link()
    assert [item.node for item in link.contributions] == sorted(flower.network.keys[at].public for at in (0, 2))
    assert [item.node for item in link.absences] == [flower.network.keys[1].public]
    assert link.next != link.base


def test_an_exception_in_a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flower = LittleFlower(tmp_path)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(flower.network.nodes[0], "answer", broken)
    flower.run(1)
    assert flower.slugs(1) == ["node_failed"]
    # What the fault was is the node's own affair: its text may quote a record.
    assert "the disk is full" not in flower.strategy.refused[0].reason
    assert "does not answer (failed)" in flower.strategy.refused[0].reason
    assert len(flower.link().contributions) == 2


def test_an_inflated_count_changes_nothing(tmp_path: Path) -> None:
    honest = LittleFlower(tmp_path / "a")
    honest.run(2)
    inflated = LittleFlower(tmp_path / "b")
    inflated.grid.tampers[1] = content_tamper(
        lambda records: records.__setitem__("metrics", MetricRecord({"num-examples": 10**9, "x": [float("nan")]}))
    )
    inflated.run(2)
    assert inflated.strategy.link == honest.strategy.link


def test_a_reply_that_cannot_be_read(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    flower.run(1)
    flower.grid.unreadable = {3}
    flower.run(2)
    assert flower.slugs(3) == ["flower_record"]
    assert len(flower.link().contributions) == 2


def test_another_nodes_reply_counts_for_that_node_only(tmp_path: Path) -> None:
    """Node 3 sends what node 1 signed: it is node 1's, once."""
    flower = LittleFlower(tmp_path)
    stolen: list[RecordDict] = []

    def keep(reply: Message) -> Message:
        stolen.append(reply.content)
        return reply

    def steal(reply: Message) -> Message:
        reply.content = stolen[0]
        return reply

    flower.grid.tampers = {1: keep, 3: steal}
    flower.run(1)
    assert len(flower.link().contributions) == 2
    assert [item.node for item in flower.link().absences] == [flower.network.keys[2].public]


def test_two_different_replies_are_evidence(tmp_path: Path) -> None:
    """The round is asked again after a restart, and the node signs another reply: the first counts, both are kept."""
    flower = LittleFlower(tmp_path)
    collector = flower.strategy._collect(flower.grid)
    messages = list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    collector.send_and_receive(messages)
    flower.restart()

    def another(reply: Message) -> Message:
        found, _ = REPLY.open(reply.content.config_records["tacit"]["reply"])
        signed = REPLY.sign(type(found)(**{**found.__dict__, "next": bytes(32)}), flower.network.keys[1])
        return with_head(reply=signed)(reply)

    flower.grid.tampers[2] = another
    flower.run(1)
    assert flower.slugs(2) == ["conflict"]
    assert len(flower.link().contributions) == 3


# --- proofs that come later ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tamper", "slug"),
    [
        (lambda reply: None, "undelivered"),
        (failing, "node_failed"),
        (with_head(proof=b"short"), "object_changed"),
        (with_head(delivery=b"x" * 200), "message"),
        (content_tamper(lambda r: r.__delitem__("tacit")), "flower_record"),
    ],
)
def test_a_deferred_proof_that_does_not_come(tmp_path: Path, tamper: Tamper, slug: str) -> None:
    flower = LittleFlower(tmp_path, deferred=True)
    flower.grid.tampers[2, "query.tacit_proof"] = tamper
    collector_seconds = 0.5

    flower.strategy.desk.left = lambda: collector_seconds  # type: ignore[method-assign]
    flower.run(1)
    assert flower.slugs(2)[0] == slug
    assert [(item.node, item.slug) for item in flower.link().absences] == [
        (flower.network.keys[1].public, "undelivered")
    ]
    assert len(flower.link().contributions) == 2


# --- nodes that are not there -------------------------------------------------------------------------------------------


def test_a_dead_node_is_asked_less_and_less(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path, rounds=12)
    flower.run(1)
    flower.strategy.desk.left = lambda: 0.2  # type: ignore[method-assign]
    flower.grid.tampers[2] = lambda reply: None
    flower.grid.asked.clear()
    flower.run(8)
    asked = [kind for node, kind in flower.grid.asked if node == 2]
    # rounds 2, 4 and 7
    assert asked.count("train") == 3
    flower.grid.tampers.clear()
    flower.run(12)
    assert len(flower.link().contributions) == 3


def test_a_reply_behind_the_deadline(tmp_path: Path) -> None:
    """It comes when the next round is on, and counts for neither."""
    flower = LittleFlower(tmp_path, rounds=6)
    flower.strategy.desk.left = lambda: 0.2  # type: ignore[method-assign]
    flower.grid.held = {2}
    flower.run(1)
    assert [(item.node, item.slug) for item in flower.link().absences] == [(flower.network.keys[1].public, "absent")]
    flower.grid.held = set()
    flower.run(2)
    assert flower.slugs(2) == ["late"]
    assert len(flower.link().contributions) == 2


def test_nodes_that_are_fewer_than_asked_for(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    flower.restart(min_train_nodes=3, min_available_nodes=10, patience=0.3)
    flower.grid.offline = {2}
    flower.run(1)
    assert len(flower.link().contributions) == 2
    assert flower.link().absences == ()
    # It comes later, and is in the next round.
    flower.grid.offline = set()
    flower.run(2)
    assert len(flower.link().contributions) == 3


def test_no_node_at_all(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    flower.restart(patience=0.2)
    flower.grid.offline = {1, 2, 3}
    with pytest.raises(InputError) as caught:
        flower.run(1)
    assert caught.value.slug == "no_nodes"


def test_a_registration_that_is_refused_is_asked_for_again(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path, rounds=6)
    flower.grid.tampers[2, "query.tacit_register"] = with_head(parts=b"x")
    flower.run(1)
    assert flower.slugs(2) == ["message"]
    assert len(flower.link().contributions) == 2
    flower.grid.tampers.clear()
    flower.run(4)
    assert len(flower.link().contributions) == 3


@pytest.mark.parametrize("parts", [b"", b"\x01\x00\x00\x00" + b"\xff" * 30, bytes(1 << 16)])
def test_parts_of_a_registration_that_are_none(tmp_path: Path, parts: bytes) -> None:
    flower = LittleFlower(tmp_path)
    flower.grid.tampers[2, "query.tacit_register"] = with_head(parts=parts)
    flower.run(1)
    assert len(flower.slugs(2)) == 1
    assert len(flower.link().contributions) == 2


def test_a_value_of_a_chain_that_is_none(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    flower.grid.tampers[2, "query.tacit_reveal"] = with_head(value=b"y" * 32)
    flower.run(1)
    # The node opened its value, and does not answer where it is left out: what is lost on the way costs it the round.
    assert flower.slugs(2)[0] == "chain"
    assert len(flower.link().contributions) == 2


# --- replies of any form ------------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.text(max_size=20), st.binary(max_size=400)
)
HEADS = st.dictionaries(st.sampled_from(["reply", "delivery", "proof", "round", "x"]), SCALARS, max_size=5).map(
    ConfigRecord
)
FILES = st.builds(
    lambda data, shape: Array("int64", tuple(shape), "numpy.ndarray", data),
    st.binary(max_size=300),
    st.lists(st.integers(-5, 2**40), max_size=3),
)
ARRAYS = st.dictionaries(st.sampled_from(["w", "b", "x"]), FILES, max_size=3).map(ArrayRecord)
METRICS = st.dictionaries(st.text(max_size=5), st.floats(), max_size=3).map(MetricRecord)
CONTENTS = st.dictionaries(
    st.sampled_from(["tacit", "arrays", "metrics", "x"]), st.one_of(HEADS, ARRAYS, METRICS), max_size=4
).map(RecordDict)


def test_any_content_is_refused_and_recorded(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    collector = flower.strategy._collect(flower.grid)
    messages = list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    desk = flower.strategy.desk

    @given(CONTENTS)
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def refused(content: RecordDict) -> None:
        before = len(desk.refused)
        for hook in (desk.replied, desk._registered, desk._revealed, desk._delivered):
            assert list(hook(1, Message(content, reply_to=messages[0]))) == []
        assert len(desk.refused) == before + 4

    refused()
    collector.send_and_receive(messages)
    flower.strategy.aggregate_train(1, [])
    assert len(flower.link().contributions) == 3


def test_a_value_that_does_not_come_costs_no_time_of_the_round(tmp_path: Path) -> None:
    """However short a round is: its time begins with its beacon, and a dead node does not end it before."""
    flower = LittleFlower(tmp_path, times=Times(notice=3))
    flower.grid.tampers[2, "query.tacit_reveal"] = lambda reply: None
    flower.strategy.start(flower.grid, flower.strategy.initial(), num_rounds=1, timeout=2)
    assert flower.link().beacon is not None
    assert len(flower.link().contributions) == 2
