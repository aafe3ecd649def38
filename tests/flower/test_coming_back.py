"""Nodes that were left out, were away or lost what they had written down take part again, by the links between."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

pytest.importorskip("flwr")

from fake_training import FakeReaders
from little_flower import LittleFlower
from little_network import START, Clock
from own_beacons import Line, own_drand

from tacit.network.lineage import export, verify


def contributions(flower: LittleFlower) -> list[set[int]]:
    """Of every round who contributed; the lineage is verified."""
    folder = flower.network.folder / "lineage"
    export(flower.network.server.store, flower.network.digest, folder)
    at = {key.public: number for number, key in enumerate(flower.network.keys, 1)}
    return [{at[one.node] for one in found.contributors} for found in verify(folder, FakeReaders()).rounds]


def test_nodes_that_are_left_out_by_chance(tmp_path: Path) -> None:
    flower = LittleFlower(tmp_path, counts=((8,),) * 6, rounds=10)
    flower.restart(fraction_train=0.3, min_train_nodes=2, min_available_nodes=2)
    flower.run(5)
    # Another process knows nothing of who was asked when.
    flower.restart(fraction_train=0.3, min_train_nodes=2, min_available_nodes=2)
    flower.run(10)
    assert flower.strategy.refused == []
    found = contributions(flower)
    assert [len(nodes) for nodes in found] == [2] * 10
    assert len(Counter(node for nodes in found for node in nodes)) > 3


@pytest.mark.parametrize("deferred", [False, True])
def test_a_node_that_lost_what_it_wrote_down(tmp_path: Path, deferred: bool) -> None:
    """It misses a round, for the server showed it the links since its last reply; then it is shown all."""
    flower = LittleFlower(tmp_path, deferred=deferred, rounds=10)
    flower.run(3)
    shutil.rmtree(tmp_path / "node-1")
    (tmp_path / "node-1").mkdir()
    flower.run(7)
    found = contributions(flower)
    assert found[:4] == [{1, 2, 3}] * 3 + [{1, 3}]
    # It sits one out, as whoever missed one.
    assert found[5:] == [{1, 2, 3}] * 2


def test_a_round_without_a_beacon_is_nobodys_fault(tmp_path: Path) -> None:
    """It is opened a day late: nobody is asked, and nobody sits out a round for it."""
    pytest.importorskip("py_ecc")
    clock = Clock(START)
    with own_drand(clock, Line(), chained=False) as beacon:
        flower = LittleFlower(tmp_path, source=beacon.source, beacon=beacon, clock=clock, rounds=4)
        flower.run(1)
        clock.now += 86400
        flower.run(2)
        assert flower.link().beacon is None
        assert flower.strategy.refused == []
        assert not any(flower.strategy.desk.seats.missed(node) for node in (1, 2, 3))
        flower.run(3)
        assert contributions(flower) == [{1, 2, 3}, set(), {1, 2, 3}]
