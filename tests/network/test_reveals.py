"""Commit and reveal: chains open one value a round, nobody opens two, and who opens none is named."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tacit.errors import InputError, InvalidProof
from tacit.network.beacon.reveals import MOST_MISSED, Chain, Opened, RevealedBeacon, opens, revealed, step
from tacit.network.keys import Key
from tacit.network.messages import MOST_ROUNDS

TASK = b"t" * 32
KEYS = sorted((Key.from_seed(bytes([at]) * 32) for at in range(4)), key=lambda key: key.public)
NODES = [key.public for key in KEYS]
CHAINS = {key.public: Chain(key, TASK, 10) for key in KEYS}
HEADS = {node: Opened(0, chain.head) for node, chain in CHAINS.items()}


def beacon(values: dict[bytes, bytes], known: dict[bytes, Opened] | None = None) -> RevealedBeacon:
    return RevealedBeacon(TASK, lambda _: HEADS if known is None else known, lambda _: values)


def values(round: int, nodes: list[bytes] = NODES) -> dict[bytes, bytes]:
    return {node: CHAINS[node].value(round) or b"" for node in nodes}


def refused(known: dict[bytes, Opened], moment: int, evidence: bytes) -> str:
    with pytest.raises(InvalidProof) as refusal:
        beacon({}, known).verify(moment, evidence)
    assert refusal.value.slug == "beacon"
    return refusal.value.reason


def test_values_follow_each_other() -> None:
    found, known = [], dict(HEADS)
    for round in range(1, 11):
        source = beacon(values(round), known)
        evidence = source.value(round)
        found.append(source.verify(round, evidence))
        known = {node: Opened(round, value) for node, value in values(round).items()}
    assert len(set(found)) == 10


def test_a_chain_follows_from_its_key() -> None:
    assert Chain(KEYS[0], TASK, 10).head == CHAINS[NODES[0]].head
    assert len({Chain(KEYS[0], TASK, 10).head, Chain(KEYS[1], TASK, 10).head, Chain(KEYS[0], b"u" * 32, 10).head}) == 3
    assert CHAINS[NODES[0]].value(0) is None
    assert CHAINS[NODES[0]].value(11) is None


@pytest.mark.parametrize("rounds", [1, 255, 256, 257, 700])
def test_values_are_the_same_in_any_order(rounds: int) -> None:
    key, asked = KEYS[0], list(range(1, rounds + 1))
    random.Random(rounds).shuffle(asked)
    wanted = {rounds: Chain(key, TASK, rounds).value(rounds) or b""}
    for at in range(rounds, 0, -1):
        wanted[at - 1] = step(TASK, key.public, at, wanted[at])
    chain = Chain(key, TASK, rounds)
    assert all(chain.value(at) == wanted[at] for at in asked)
    assert chain.head == Chain(key, TASK, rounds).head == wanted[0]


def test_a_long_chain_is_made_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node is loaded for every message: once through the chain at most, a few steps for the next value, little is kept."""
    steps = 0

    def counted(*parts: Any) -> bytes:
        nonlocal steps
        steps += 1
        return step(*parts)

    monkeypatch.setattr("tacit.network.beacon.reveals.step", counted)
    chain = Chain(KEYS[0], TASK, MOST_ROUNDS)
    assert steps == 0
    assert chain.value(MOST_ROUNDS - 5) is not None
    assert steps == 5
    assert chain.value(10) is not None
    assert steps <= MOST_ROUNDS
    steps = 0
    for round in range(11, 300):
        chain.value(round)
    assert steps <= 289 * 256
    assert len(chain._kept) <= MOST_ROUNDS // 256 + 1


def test_absence_is_seen_and_changes_the_beacon() -> None:
    whole, three = beacon(values(1)), beacon(values(1, NODES[:3]))
    assert revealed(three.value(1), 1)[NODES[3]] is None
    assert whole.verify(1, whole.value(1)) != three.verify(1, three.value(1))
    # In the next round the absent one opens two steps at once.
    known = {**{node: Opened(1, value) for node, value in values(1, NODES[:3]).items()}, NODES[3]: HEADS[NODES[3]]}
    later = beacon(values(2), known)
    assert later.verify(2, later.value(2)) == beacon(values(2), known).verify(2, later.value(2))


def test_nobody_opened() -> None:
    with pytest.raises(InputError) as failure:
        beacon({}).value(1)
    assert failure.value.slug == "beacon_early"
    evidence = beacon(values(1)).value(1)
    empty = evidence[:4] + b"".join(node + b"\0" for node in NODES)
    assert "nobody" in refused(HEADS, 1, empty)


def test_other_values_are_refused() -> None:
    evidence = beacon(values(1)).value(1)
    assert "does not open" in refused(HEADS, 2, evidence)
    other = {**values(1), NODES[0]: CHAINS[NODES[1]].value(1) or b""}
    with pytest.raises(InvalidProof):
        beacon(other).value(1)
    with pytest.raises(InvalidProof):
        beacon(values(2)).value(1)
    known = {node: Opened(1, value) for node, value in values(1).items()}
    assert "does not open" in refused(known, 1, evidence)


def test_nodes_of_the_round_and_no_others() -> None:
    evidence = beacon(values(1)).value(1)
    assert "expected all 3 nodes" in refused({node: HEADS[node] for node in NODES[:3]}, 1, evidence)
    fewer = beacon(values(1, NODES[:3]), {node: HEADS[node] for node in NODES[:3]}).value(1)
    assert "expected all 4 nodes" in refused(HEADS, 1, fewer)
    entries = [node + b"\1" + value for node, value in values(1).items()]
    swapped = (4).to_bytes(4, "little") + b"".join(entries[::-1])
    assert "ascending" in refused(HEADS, 1, swapped)
    twice = (4).to_bytes(4, "little") + b"".join([*entries[:3], entries[2]])
    assert "ascending" in refused(HEADS, 1, twice)


def test_work_is_bounded() -> None:
    last = Opened(0, bytes(32))
    assert not opens(TASK, NODES[0], last, MOST_ROUNDS + 1, bytes(32))
    assert not opens(TASK, NODES[0], Opened(1, bytes(32)), MOST_MISSED + 2, bytes(32))
    assert not opens(TASK, NODES[0], last, 0, bytes(32))
    assert not opens(TASK, NODES[0], Opened(5, bytes(32)), 3, bytes(32))
    assert "bytes" in refused(HEADS, 1, bytes((1 << 22) + 1))
    assert "2^32" in refused(HEADS, 1 << 32, b"")


@pytest.mark.parametrize("joins", [MOST_MISSED, MOST_MISSED + 1, MOST_ROUNDS])
def test_a_node_joins_in_any_round(joins: int) -> None:
    chain = Chain(KEYS[0], TASK, MOST_ROUNDS)
    value = chain.value(joins)
    assert value is not None
    assert opens(TASK, NODES[0], Opened(0, chain.head), joins, value)
    assert not opens(TASK, NODES[0], Opened(0, chain.head), joins - 1, value)


def test_a_step_names_task_node_and_round() -> None:
    value = bytes(32)
    found = {step(TASK, NODES[0], 1, value), step(b"u" * 32, NODES[0], 1, value)}
    found |= {step(TASK, NODES[1], 1, value), step(TASK, NODES[0], 2, value)}
    assert len(found) == 4


@given(st.data())
def test_any_byte(data: st.DataObject) -> None:
    evidence = beacon(values(1)).value(1)
    changed = bytearray(evidence)
    changed[data.draw(st.integers(0, len(evidence) - 1))] ^= data.draw(st.integers(1, 255))
    refused(HEADS, 1, bytes(changed))
