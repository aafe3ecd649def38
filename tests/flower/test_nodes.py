"""What a node refuses to do for a server, and evaluations that nobody can spoil."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from little_flower import LittleFlower

from tacit.errors import InputError, InvalidProof
from tacit.flower import evaluation, records
from tacit.network.keys import Key
from tacit.network.messages import ANNOUNCEMENT


def asked(folder: Path, *, deferred: bool = False) -> tuple[LittleFlower, Message]:
    """A train message to the first node, not sent."""
    flower = LittleFlower(folder, deferred=deferred)
    collector = flower.strategy._collect(flower.grid)
    messages = list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    return flower, messages[0]


def refused(flower: LittleFlower, message: Message, kind: type[Exception] = InvalidProof) -> str:
    with pytest.raises(kind) as caught:
        flower.app(message, flower.grid._contexts[message.metadata.dst_node_id])
    return getattr(caught.value, "slug", "")


def test_training_without_a_round(tmp_path: Path) -> None:
    """A server without proofs would get an update that nobody checked."""
    flower, message = asked(tmp_path)
    message.content = RecordDict({"arrays": message.content["arrays"]})
    assert refused(flower, message) == "flower_record"


def test_another_base_than_the_announced_one(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    base = {name: array.numpy().copy() for name, array in message.content.array_records["arrays"].items()}
    base["w"][0, 0] += 1
    arrays = ArrayRecord({name: Array(array) for name, array in base.items()})
    message.content = RecordDict({**message.content, "arrays": arrays})
    assert refused(flower, message) == "base"


def test_a_base_with_a_header_of_8_terabytes(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    array = message.content.array_records["arrays"]["w"]
    data = array.data.replace(b"(4, 3)", b"(1099511627776,)", 1)
    arrays = {**message.content.array_records["arrays"], "w": Array(array.dtype, array.shape, array.stype, data)}
    message.content = RecordDict({**message.content, "arrays": ArrayRecord(arrays)})
    assert refused(flower, message) == "array"


@pytest.mark.parametrize(
    ("entries", "slug"),
    [
        ({"announcement": b"x" * 400}, "message"),
        ({"announcement": "x"}, "flower_record"),
        ({"evidence": 3}, "flower_record"),
        ({"deferred": 1}, "flower_record"),
        ({"receipt": bytes(300)}, "message"),
    ],
)
def test_a_round_that_does_not_hold(tmp_path: Path, entries: dict[str, Any], slug: str) -> None:
    flower, message = asked(tmp_path)
    head = ConfigRecord({**message.content.config_records["tacit.round"], **entries})
    message.content = RecordDict({**message.content, "tacit.round": head})
    assert refused(flower, message) == slug


def test_an_announcement_of_somebody_else(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    head = message.content.config_records["tacit.round"]
    announced, _ = ANNOUNCEMENT.open(head["announcement"])
    signed = ANNOUNCEMENT.sign(announced, Key.generate())
    message.content = RecordDict({**message.content, "tacit.round": ConfigRecord({**head, "announcement": signed})})
    assert refused(flower, message) == "signature"


def test_a_proof_of_a_round_that_it_did_not_reply_to(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    content = RecordDict({"tacit.round": ConfigRecord({"round": 1})})
    question = Message(content, message.metadata.dst_node_id, records.PROOF)
    assert refused(flower, question, InputError) == "no_reply"


def test_the_integers_travel_exactly(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    parameters = list(flower.network.nodes[0].deployment.parameters)
    brief, deferred = records.read_brief(message.content, parameters)
    assert not deferred
    assert flower.network.server.brief() == brief


# --- evaluations ----------------------------------------------------------------------------------------------------------


def says(message: Message, node: int, **records: MetricRecord) -> Message:
    reply = Message(RecordDict(records), reply_to=message)
    reply.metadata.__dict__["_src_node_id"] = node
    return reply


def test_evaluations_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    flower, message = asked(tmp_path)
    good = [says(message, node, m=MetricRecord({"num-examples": 10**node, "accuracy": 0.25 * node})) for node in (1, 2)]
    bad = [
        says(message, 3, m=MetricRecord({"num-examples": 1, "accuracy": float("nan")})),
        says(message, 3, m=MetricRecord({"num-examples": 1, "loss": 1.0})),
        says(message, 3, m=MetricRecord({"accuracy": [1.0, 2.0]})),
        says(message, 3, m=MetricRecord({"accuracy": 1.0}), n=MetricRecord({"accuracy": 1.0})),
        says(message, 3),
        says(message, 99, m=MetricRecord({"num-examples": 1, "accuracy": 1.0})),
    ]
    # Both nodes' proofs are about eight records each, whatever they say.
    for one in bad:
        assert dict(flower.strategy.aggregate_evaluate(1, [one, *bad, *good]) or {}) == {"accuracy": 0.375}
    assert flower.strategy.aggregate_evaluate(1, bad[:1]) is None
    assert evaluation.sound([], "num-examples", lambda node: 1) == []


def test_metrics_of_bad_numbers(tmp_path: Path) -> None:
    _, message = asked(tmp_path)
    lists = says(message, 1, m=MetricRecord({"accuracy": [0.5, float(np.inf)]}))
    assert evaluation.sound([lists], "num-examples", lambda node: 1) == []
