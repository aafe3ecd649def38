"""Updates that a node did not train, or trained for another round, task or base: refused by name, and the round goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attackers import honest_others, link_of, one_cell, ready, refused_at_once, refused_at_the_end, remade
from fake_training import FakeDeployment

from tacit.network.aggregate import Bound, Rule
from tacit.network.interface import Ints
from tacit.network.messages import REPLY
from tacit.network.wire import read_model

Change = Callable[[dict[str, Ints], dict[str, Ints]], dict[str, Ints]]


CHANGES: dict[str, Change] = {
    "lazy": lambda base, next: base,
    "one cell": one_cell,
    "negated": lambda base, next: {name: 2 * base[name] - next[name] for name in next},
    "ten times": lambda base, next: {name: base[name] + 10 * (next[name] - base[name]) for name in next},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_update_that_was_not_trained(tmp_path: Path, change: Change) -> None:
    network = ready(tmp_path)
    node, brief = network.nodes[0], network.server.brief()
    answer = node.answer(brief)
    base = network.server.model(network.task.base)
    next = read_model(answer.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=change(base, next)), "final_claim")


def test_another_nodes_update_and_proof(tmp_path: Path) -> None:
    network = ready(tmp_path)
    brief = network.server.brief()
    thief, owner = network.nodes[0], network.nodes[1]
    stolen = owner.answer(brief)
    own = thief.answer(brief)
    next = read_model(stolen.arrays, owner.deployment.parameters)
    refused_at_the_end(network, remade(thief, own, next=next, proof=stolen.proof), "final_claim")


def test_another_nodes_reply_as_it_is(tmp_path: Path) -> None:
    # It is that node's own reply, whoever brings it: once.
    network = ready(tmp_path)
    answer = network.nodes[1].answer(network.server.brief())
    assert network.server.receive(answer).state == "new"
    assert network.server.receive(answer).state == "same"


def test_the_proof_of_another_round(tmp_path: Path) -> None:
    network = ready(tmp_path)
    old = network.nodes[0].answer(network.server.brief())
    network.answer()
    network.end()
    network.begin()
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    next = read_model(old.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=next, proof=old.proof), "final_claim")


def test_a_reply_to_another_round(tmp_path: Path) -> None:
    network = ready(tmp_path)
    old = network.nodes[0].answer(network.server.brief())
    honest_others(network)
    network.end()
    network.begin()
    assert network.server.receive(old).state == "late"
    answer = network.nodes[0].answer(network.server.brief())
    announcement = REPLY.open(old.reply)[0].announcement
    refused_at_once(network, remade(network.nodes[0], answer, announcement=announcement), "announcement")


def test_a_stale_base(tmp_path: Path) -> None:
    network = ready(tmp_path, rounds=1)
    node, brief = network.nodes[0], network.server.brief()
    answer = node.answer(brief)

    class Stale(FakeDeployment):
        def prove(self, base: Any, data: Any, seed: bytes, context: bytes) -> Any:
            return super().prove(network.server.model(network.task.base), data, seed, context)

    liar = network.node(0, (8,), name="-liar")
    liar.deployment = Stale(8)
    stale = liar.answer(brief)
    assert stale.arrays != answer.arrays
    refused_at_the_end(network, stale, "final_claim")


def test_the_proof_of_another_task(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    network = ready(tmp_path)
    other = ready(tmp_path / "other", name="another task")
    foreign = other.nodes[0].answer(other.server.brief())
    assert network.server.receive(foreign).state == "task_other"
    node = network.nodes[0]
    answer = node.answer(network.server.brief())
    next = read_model(foreign.arrays, node.deployment.parameters)
    refused_at_the_end(network, remade(node, answer, next=next, proof=foreign.proof), "final_claim")


def test_an_update_longer_than_the_bound(tmp_path: Path) -> None:
    network = ready(tmp_path, rule=Rule(bound=Bound(1)))
    network.answer()
    link = link_of(network)
    assert {item.slug for item in link.absences} == {"update_norm"}
    assert link.next == link.base
