"""A node that registered and never replies costs the others nothing: each is shown the links that it needs itself."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flwr")

from flwr.app import Message
from little_flower import HostileGrid, LittleFlower

from tacit.flower import records
from tacit.network.submission import unpack_links


def test_a_silent_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: dict[tuple[int, str], list[int]] = defaultdict(list)
    answered = HostileGrid.answered

    def watched(self: Any, message: Message) -> Message | None:
        head = message.content.config_records[records.ROUND]
        if "links" in head:
            links = unpack_links(records.blob(head, "links", "test"))
            shown[message.metadata.dst_node_id, message.metadata.message_type].append(len(links))
        return answered(self, message)

    monkeypatch.setattr(HostileGrid, "answered", watched)
    flower = LittleFlower(tmp_path, rounds=10)
    flower.strategy.desk.left = lambda: 0.2  # type: ignore[method-assign]
    flower.grid.tampers[3] = lambda _: None
    flower.run(6)
    for node in (1, 2):
        assert shown[node, "train"] == [0, 1, 1, 1, 1, 1]
    # Rounds 1, 3 and 6: it sits out more each time, and is shown all that it may need.
    assert shown[3, "train"] == [0, 2, 5]
    assert flower.slugs(1) == flower.slugs(2) == []
    assert len(flower.link().contributions) == 2
