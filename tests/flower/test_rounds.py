"""Rounds over a grid in this process: what comes out is what the network itself gives, in either mode, and after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("flwr")

from ended import Ended
from fake_training import PARAMETERS
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.client import NumPyClient
from flwr.clientapp import ClientApp
from little_flower import LittleFlower
from little_network import LittleNetwork

from tacit.errors import InputError
from tacit.flower import client_app

COUNTS = ((8,), (12,), (8, 8))


def test_the_links_are_those_of_the_network_itself(tmp_path: Path) -> None:
    plain = LittleNetwork(tmp_path / "plain", counts=COUNTS)
    plain.register()
    expected = [Ended.read(plain.server.store.objects, name) for name in plain.run(2)]
    flower = LittleFlower(tmp_path / "flower", counts=COUNTS)
    result = flower.run(2)
    found = flower.link()
    # Times differ, and with them announcements and seeds; who contributed what does not.
    assert [item.node for item in found.contributions] == [item.node for item in expected[1].contributions]
    assert found.absences == ()
    assert flower.strategy.refused == []
    assert found.round == 2
    assert {name: array.numpy().tolist() for name, array in result.arrays.items()} == {
        name: array.tolist() for name, array in flower.strategy.model.items()
    }
    assert dict(result.train_metrics_clientapp[2]) == {"verified": 3, "missing": 0, "round": 2}


def test_deferred_proofs_give_the_same_model(tmp_path: Path) -> None:
    at_once = LittleFlower(tmp_path / "a", counts=COUNTS)
    later = LittleFlower(tmp_path / "b", counts=COUNTS, deferred=True)
    at_once.run(2)
    later.run(2)
    assert later.strategy.link == at_once.strategy.link
    assert [kind for node, kind in later.grid.asked if node == 1] == [
        "query.tacit_register", "query.tacit_reveal", "train", "query.tacit_proof", "train", "query.tacit_proof"
    ]  # fmt: skip


def test_nodes_keep_the_receipts_of_their_replies(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path, deferred=True)
    flower.run(2)
    kept = sorted((tmp_path / "node-0").glob("round-1.receipt-*"))
    # of the reply, with the question for its proof; of the proof, with the next round
    assert len(kept) == 2


@pytest.mark.parametrize("deferred", [False, True])
def test_a_strategy_that_is_started_again_goes_on(tmp_path: Path, deferred: bool) -> None:
    whole = LittleFlower(tmp_path / "a", deferred=deferred)
    whole.run(3)
    parts = LittleFlower(tmp_path / "b", deferred=deferred)
    seen = []
    parts.run(1)
    # The process ends behind round 2's replies, before its proofs were checked.
    announced = parts.strategy.desk
    collector = parts.strategy._collect(parts.grid)
    parts.grid.asked.clear()
    messages = list(parts.strategy.configure_train(2, ArrayRecord(), ConfigRecord(), collector))
    collector.send_and_receive(messages)
    assert announced.server.store.round(parts.network.digest).state == "open"
    parts.restart()
    result = parts.run(3, evaluate_fn=lambda number, arrays: seen.append(number))
    assert parts.strategy.link == whole.strategy.link
    assert seen == [1, 2, 3]
    assert sorted(result.train_metrics_clientapp) == [2, 3]
    # All rounds are over: nothing is done, and the model is there.
    again = parts.restart()
    assert parts.run(3).arrays == again.initial()


def test_a_round_left_open_behind_its_deadline_is_ended_first(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    collector = flower.strategy._collect(flower.grid)
    list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    flower.network.clock.now += 10_000
    flower.restart()
    flower.run(2)
    assert flower.link().round == 2
    assert len(flower.link().contributions) == 3


@pytest.mark.parametrize("closed", [False, True])
def test_a_round_left_with_its_replies_is_ended_first(tmp_path: Path, closed: bool) -> None:
    """The call is the same after a crash: the model that it begins with is the one before that round's aggregate."""
    flower = LittleFlower(tmp_path)
    collector = flower.strategy._collect(flower.grid)
    messages = list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    collector.send_next_to(flower.strategy.desk.replied, 1.0)
    collector.send_and_receive(messages)
    if closed:
        flower.network.server.close()
    flower.network.clock.now += 10_000
    flower.restart()
    result = flower.run(2)
    assert sorted(result.train_metrics_clientapp) == [2]
    assert flower.link().round == 2
    assert len(flower.link().contributions) == 3


def test_a_deferred_proof_after_the_node_changed_its_mode(tmp_path: Path) -> None:
    """A node that signed a reply for later, and is then asked for both, proves it."""
    flower = LittleFlower(tmp_path, deferred=True)
    flower.grid.tampers = {(node, "query.tacit_proof"): lambda reply: None for node in (1, 2, 3)}
    collector = flower.strategy._collect(flower.grid)
    messages = list(flower.strategy.configure_train(1, ArrayRecord(), ConfigRecord(), collector))
    collector.send_next_to(flower.strategy.desk.replied, 0.0)
    collector.send_and_receive(messages)
    flower.grid.tampers = {}
    flower.deferred = False
    flower.restart()
    flower.run(1)
    assert len(flower.link().contributions) == 3
    assert (1, "query.tacit_proof") not in flower.grid.asked[-3:]


def test_another_model_to_begin_with_is_refused(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    other = ArrayRecord([np.zeros((4, 3)), np.zeros(3)])
    with pytest.raises(InputError) as caught:
        flower.strategy.start(flower.grid, other)
    assert caught.value.slug == "base"


def test_real_weights_under_the_names_of_the_app(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    strategy = flower.restart(
        floats=lambda model: {name: array * 2.0**-20 for name, array in model.items()},
        view=lambda floats: {f"layer.{name}": array.T for name, array in floats.items()},
    )
    seen = {}

    def evaluate(number: int, arrays: ArrayRecord) -> MetricRecord:
        seen[number] = {name: array.numpy() for name, array in arrays.items()}
        return MetricRecord({"n": number})

    result = flower.run(1, evaluate_fn=evaluate)
    assert seen[1]["layer.w"].shape == (3, 4)
    assert np.array_equal(seen[1]["layer.w"], strategy.model["w"].T * 2.0**-20)
    assert not np.array_equal(seen[0]["layer.w"], seen[1]["layer.w"])
    assert result.evaluate_metrics_serverapp[1] == MetricRecord({"n": 1})


def test_a_share_of_the_nodes(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path, counts=((8,),) * 4)
    flower.restart(fraction_train=0.5, min_train_nodes=1)
    flower.run(1)
    assert len(flower.link().contributions) == 2
    # The others are no members of the round, so nobody waits for them.
    assert flower.link().absences == ()


# --- apps that were there before ----------------------------------------------------------------------------------------


def evaluating(message: Message, context: Context) -> Message:
    return Message(RecordDict({"metrics": MetricRecord({"num-examples": 10, "accuracy": 0.5})}), reply_to=message)


def test_the_functions_of_an_app(tmp_path: Path) -> None:
    """The app's evaluation is called, its training is not; its mods see what is sent."""
    seen: list[str] = []

    def mod(message: Message, context: Context, call_next: Any) -> Message:
        seen.append(message.metadata.message_type)
        return call_next(message, context)

    holder: list[LittleFlower] = []
    app = client_app(lambda context: holder[0].node(context), mods=[mod])

    @app.train()
    def train(message: Message, context: Context) -> Message:
        raise AssertionError("never called")

    app.evaluate()(evaluating)
    flower = LittleFlower(tmp_path, app=app)
    holder.append(flower)
    flower.restart(fraction_evaluate=1.0)
    result = flower.run(1)
    assert isinstance(app, ClientApp)
    assert len(flower.link().contributions) == 3
    assert dict(result.evaluate_metrics_clientapp[1]) == {"accuracy": 0.5}
    assert set(seen) == {"query.tacit_register", "query.tacit_reveal", "train", "evaluate"}


@pytest.mark.parametrize("deferred", [False, True])
def test_an_app_with_a_client_fn(tmp_path: Path, deferred: bool) -> None:
    class Client(NumPyClient):
        def fit(self, parameters: Any, config: Any) -> Any:
            raise AssertionError("never called")

    holder: list[LittleFlower] = []
    app = client_app(lambda context: holder[0].node(context), client_fn=lambda context: Client().to_client())
    flower = LittleFlower(tmp_path, app=app, deferred=deferred)
    holder.append(flower)
    flower.run(1)
    assert len(flower.link().contributions) == 3


def test_parameters_are_what_the_deployment_declares(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path)
    assert set(flower.strategy.initial()) == {name for name, _, _, _ in PARAMETERS}
