"""Rounds with the stand-in: what happens in order, what is recorded, and that every call may be made again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ended import Ended
from fake_training import PARAMETERS, VERIFIED, base_model
from little_network import SERVER, START, LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network.aggregate import Median, Rule, aggregate
from tacit.network.context import model_identity
from tacit.network.messages import ANNOUNCEMENT, CLOSING, LINK, RECEIPT, Announcement
from tacit.network.objects import read_signed
from tacit.network.submission import Submission


def link_of(network: LittleNetwork, name: bytes) -> Ended:
    return Ended.read(network.server.store.objects, name)


def test_two_rounds(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path, counts=((8,), (12,), (8, 8)))
    assert [outcome.state for outcome in network.register()] == ["new"] * 3
    first, second = (link_of(network, name) for name in network.run(2))
    assert first.previous == network.digest
    assert second.previous == LINK.digest(LINK.write(first))
    assert second.base == first.next != first.base == network.task.base
    assert [item.node for item in first.contributions] == sorted(key.public for key in network.keys)
    assert first.absences == second.absences == ()
    # The weights are the deployments', and the aggregate is exact.
    models = [network.server.model(item.next) for item in first.contributions]
    records = {node.key.public: node.deployment.records for node in network.nodes}
    weighted = [(records[item.node], model) for item, model in zip(first.contributions, models, strict=True)]
    assert model_identity(aggregate(Rule(), weighted, PARAMETERS), PARAMETERS) == first.next
    assert None not in (first.beacon, second.beacon)
    assert first.beacon != second.beacon


def test_receipts_and_closings_are_signed(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    outcomes = network.answer()
    for node, outcome in zip(network.nodes, outcomes, strict=True):
        receipt, _ = RECEIPT.read_signed(outcome.receipt or b"", network.task.server)
        assert (receipt.task, receipt.round, receipt.node) == (network.digest, 1, node.key.public)
    row = network.server.close()
    closing = read_signed(network.server.store.objects, CLOSING, row.closing or b"", network.task.server)
    assert [item.node for item in closing.received] == sorted(key.public for key in network.keys)
    assert all(item.delivery is not None for item in closing.received)


def test_the_next_beacon_is_named_before(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    announced: list[Announcement] = []
    for _ in range(3):
        announced.append(ANNOUNCEMENT.open(network.server.open())[0])
        network.begin()
        network.answer()
        network.end(late=False)
    assert [item.moment for item in announced] == [1, 2, 3]
    assert [item.following for item in announced] == [2, 3, 4]
    assert all(item.deadline >= item.opened for item in announced)


def test_everything_may_be_asked_again(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    assert [outcome.state for outcome in network.register()] == ["same"] * 3
    signed = network.server.open()
    network.clock.now += 5
    assert network.server.open() == signed
    network.begin()
    assert network.server.begin() == network.server.begin()
    network.answer()
    assert [outcome.state for outcome in network.answer()] == ["same"] * 3
    network.server = network.restart()
    assert [outcome.state for outcome in network.answer()] == ["same"] * 3
    row = network.end()
    assert network.server.close() == network.server.finish() == row
    assert row.link == network.restart().finish().link
    assert row.state == "final"


def test_a_verified_proof_is_not_looked_at_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    network.answer()
    network.server.close()

    def full(*_: object) -> None:
        raise InputError("the disk is full", slug="file", place="disk")

    with monkeypatch.context() as patch:
        patch.setattr(type(network.server), "_link", full)
        with pytest.raises(InputError, match="the disk is full"):
            network.server.finish()
    VERIFIED.clear()
    network.server = network.restart()
    assert network.server.finish().state == "final"
    assert "training" not in VERIFIED


def test_who_does_not_come_is_recorded(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    brief = network.server.brief()
    network.server.receive(network.nodes[0].answer(brief))
    deferred = network.nodes[1].answer(brief)
    assert network.server.receive(Submission(deferred.reply, deferred.arrays, deferred.commitment)).state == "new"
    with pytest.raises(InputError) as failure:
        network.server.close()
    assert failure.value.slug == "round_open"
    link = link_of(network, network.end().link or b"")
    assert [item.node for item in link.contributions] == [network.keys[0].public]
    absent = {item.node: item.slug for item in link.absences}
    assert absent == {network.keys[1].public: "undelivered", network.keys[2].public: "absent"}


def test_a_proof_may_come_later(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    brief = network.server.brief()
    answers = [node.answer(brief) for node in network.nodes]
    for answer in answers:
        first = Submission(answer.reply, answer.arrays, answer.commitment)
        assert network.server.receive(first).state == "new"
    for answer in answers:
        assert network.server.deliver(answer.delivery or b"", answer.proof or b"").state == "new"
        assert network.server.deliver(answer.delivery or b"", answer.proof or b"").state == "same"
    assert len(link_of(network, network.end(late=False).link or b"").contributions) == 3


def test_too_few_change_nothing(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path, least=2)
    network.register()
    network.begin()
    network.server.receive(network.nodes[0].answer(network.server.brief()))
    link = link_of(network, network.end().link or b"")
    assert link.next == link.base
    assert len(link.contributions) == 1
    # and the task goes on
    assert len(link_of(network, network.run(1)[0]).contributions) == 3


def test_a_round_without_a_beacon_ends(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.server.open()
    with pytest.raises(InputError) as failure:
        network.server.begin()
    assert failure.value.slug == "beacon_early"
    with pytest.raises(InputError) as failure:
        network.server.brief()
    assert failure.value.slug == "beacon_early"
    link = link_of(network, network.end().link or b"")
    assert (link.beacon, link.evidence, link.contributions) == (None, None, ())
    assert {item.slug for item in link.absences} == {"absent"}
    assert link.next == link.base


def test_rounds_have_an_end(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path, rounds=2)
    network.register()
    network.run(2)
    with pytest.raises(InputError) as failure:
        network.server.open()
    assert failure.value.slug == "rounds_over"


def test_nobody_is_registered(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    with pytest.raises(InputError) as failure:
        network.server.open()
    assert failure.value.slug == "no_nodes"
    for call in (network.server.close, network.server.finish, network.server.begin, network.server.brief):
        with pytest.raises(InputError) as failure:
            call()
        assert failure.value.slug == "round_order"


def test_a_node_that_registers_later_joins_the_next_round(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    late = network.nodes.pop()
    network.register()
    network.begin()
    assert network.server.register(*late.registration()).state == "new"
    with pytest.raises(InvalidProof) as refusal:
        late.answer(network.server.brief())
    assert refusal.value.slug == "beacon"
    network.answer()
    network.end()
    network.nodes.append(late)
    assert len(link_of(network, network.run(1)[0]).contributions) == 3


def test_another_rule(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path, rule=Rule(Median()))
    network.register()
    link = link_of(network, network.run(1)[0])
    models = [network.server.model(item.next)["w"] for item in link.contributions]
    assert np.array_equal(network.server.model(link.next)["w"], np.median(np.stack(models), axis=0).astype(np.int64))


# --- nodes ------------------------------------------------------------------------------------------------------------


def test_a_node_signs_one_reply_a_round(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    brief = network.server.brief()
    first = network.nodes[0].answer(brief)
    assert network.node(0, (8,)).answer(brief).to_bytes() == first.to_bytes()  # as after a restart
    announced, _ = ANNOUNCEMENT.open(brief.announcement)
    other = replace(brief, announcement=ANNOUNCEMENT.sign(replace(announced, deadline=announced.deadline + 1), SERVER))
    with pytest.raises(InputError) as failure:
        network.nodes[0].answer(other)
    assert failure.value.slug == "replied"
    # Both are kept: the server's signature is under either.
    kept = [tmp_path / "node-0" / f"round-1.{name}" for name in ("announcement", "second-announcement")]
    signed = [ANNOUNCEMENT.read_signed(path.read_bytes(), network.task.server)[0] for path in kept]
    assert (signed[0].round, signed[1].round) == (1, 1)
    assert signed[0] != signed[1]


def test_a_node_believes_nobody(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    network.register()
    network.begin()
    brief, node = network.server.brief(), network.node(0, (8,), name="-new")
    announced, _ = ANNOUNCEMENT.open(brief.announcement)

    def signed(**fields: object) -> bytes:
        return ANNOUNCEMENT.sign(replace(announced, **fields), SERVER)  # type: ignore[arg-type]

    at = brief.evidence.index(node.key.public) + 33
    wrong = {
        "signature": replace(brief, announcement=bytes(64) + brief.announcement[64:]),
        "task_other": replace(brief, announcement=signed(task=bytes(32))),
        "base": replace(brief, base=brief.base[:-1] + b"\x7f"),
        "beacon": replace(brief, evidence=brief.evidence[:at] + bytes(32) + brief.evidence[at + 32 :]),
    }
    for slug, told in wrong.items():
        with pytest.raises(InvalidProof) as refusal:
            node.answer(told)
        assert refusal.value.slug == slug
    with pytest.raises(InvalidProof) as refusal:
        node.answer(replace(brief, announcement=signed(previous=bytes(32))))
    assert refusal.value.slug == "base"
    assert not list((tmp_path / "node-0-new").iterdir())


def test_a_server_of_another_task_is_no_server(tmp_path: Path) -> None:
    network = LittleNetwork(tmp_path)
    with pytest.raises(InputError) as failure:
        LittleNetwork(tmp_path, base=bytes(32))
    assert failure.value.slug == "task"
    with pytest.raises(InputError):
        LittleNetwork(tmp_path, server=network.keys[0].public)
    assert network.clock.now == START
    assert set(base_model()) == {"w", "b"}
