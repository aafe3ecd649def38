"""Long tasks of many nodes: whoever joins late, or was away, is shown all links, and can read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from attackers import ready
from fake_training import PARAMETERS
from hypothesis import given
from hypothesis import strategies as st
from little_network import SERVER, LittleNetwork

from tacit.errors import InputError, InvalidProof
from tacit.network.aggregate import Bound, Rule, Trimmed
from tacit.network.messages import ANNOUNCEMENT, LINK, MOST_LINK, MOST_LIST, MOST_ROUNDS, Link
from tacit.network.submission import MOST_LINKS, Brief, pack_links, unpack_links

LONGEST = Link(
    *(bytes(32),) * 2, MOST_ROUNDS, *(bytes(32),) * 6, Rule(Trimmed(1), Bound(1 << 40, True)), bytes(32)
)  # fmt: skip


def test_a_link_is_short_however_many_nodes_there_are(tmp_path: Path) -> None:
    sizes = set()
    for nodes in (2, 9):
        (tmp_path / str(nodes)).mkdir()
        network = ready(tmp_path / str(nodes), 1, counts=((8,),) * nodes)
        sizes |= {len(link) for link in network.server.links()}
    assert len(sizes) == 1
    assert len(LINK.write(LONGEST)) <= MOST_LINK


def test_the_links_of_the_longest_task_are_read() -> None:
    link = LINK.write(LONGEST)
    brief = Brief(b"announcement", b"evidence", b"base", (link,) * MOST_ROUNDS)
    assert Brief.from_bytes(brief.to_bytes(), PARAMETERS) == brief
    assert len(pack_links((bytes(MOST_LINK),) * MOST_ROUNDS)) == MOST_LINKS


@pytest.mark.parametrize(
    ("part", "data"),
    [
        ("links", (b"",) * (MOST_ROUNDS + 1)),
        ("links", (bytes(MOST_LINK + 1),)),
        ("evidence", bytes(MOST_LIST + 1)),
        ("announcement", bytes(ANNOUNCEMENT.most + 65)),
    ],
)
def test_a_brief_that_nobody_would_read_is_not_written(part: str, data: object) -> None:
    brief = replace(Brief(b"a", b"e", b"b"), **{part: data})
    with pytest.raises(InputError) as refusal:
        brief.to_bytes()
    assert refusal.value.slug == "message_size"


def test_a_newcomer_follows_many_links(tmp_path: Path) -> None:
    """More rounds than there may be parts in a bundle."""
    network = LittleNetwork(tmp_path, rounds=MOST_ROUNDS)
    network.register()
    previous, links = network.digest, []
    for round in range(1, 9001):
        link = replace(LONGEST, previous=previous, task=network.digest, round=round, base=network.task.base)
        links.append(LINK.write(replace(link, next=network.task.base)))
        previous = LINK.digest(links[-1])
    announced, _ = ANNOUNCEMENT.open(network.server.open())
    changes = {"round": 9001, "moment": 9001, "following": 9002, "previous": previous}
    late = ANNOUNCEMENT.sign(replace(announced, **changes), SERVER)
    node = network.nodes[0]
    assert node.chain is not None
    shown = unpack_links(pack_links(links))
    for missing in (shown[:-1], shown[1:], (*shown[:4000], *shown[4001:])):
        with pytest.raises(InvalidProof):
            node.reveal(late, missing)
    assert node.reveal(late, shown) == node.chain.value(9001)


def test_links_of_rounds_that_are_over(tmp_path: Path) -> None:
    network = ready(tmp_path, 3)
    links = network.server.links()
    assert [LINK.read(link).round for link in links] == [1, 2, 3]
    assert network.server.links(3) == links[2:]
    assert network.server.links(4) == ()
    network.answer()
    network.end(late=False)
    assert network.server.links() == network.restart().links()
    assert len(network.server.links(-5)) == 4
    store, digest = network.server.store, network.digest
    assert store.last_replies(digest, 9) == {key.public: 4 for key in network.keys}
    assert store.last_replies(digest, 4) == {key.public: 3 for key in network.keys}
    assert store.last_replies(digest, 1) == {}


def refused(data: bytes, slug: str) -> None:
    with pytest.raises(InvalidProof) as refusal:
        unpack_links(data)
    assert (refusal.value.slug, refusal.value.place) == (slug, "links")


def test_bytes_that_are_no_links() -> None:
    whole = pack_links((b"one", b"", b"three"))
    assert unpack_links(whole) == (b"one", b"", b"three")
    for end in range(len(whole)):
        refused(whole[:end], "message")
    refused(whole + b"\0", "message")
    refused(b"\xff" * 4, "message")
    refused(b"\xff" * 12, "message")
    refused((1).to_bytes(4, "little") + (MOST_LINK + 1).to_bytes(4, "little") + bytes(MOST_LINK + 1), "message")
    refused(bytes(MOST_LINKS + 1), "message_size")


@given(st.binary(max_size=64))
def test_any_bytes(data: bytes) -> None:
    try:
        found = unpack_links(data)
    except InvalidProof as refusal:
        found = None
        refused(data, refusal.slug)
    assert found is None or pack_links(found) == data
