"""Any bytes on a server with a round begun: nothing of them is taken, little is kept, and the round goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from attackers import link_of, ready
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from little_network import LittleNetwork

from tacit.network.context import model_identity
from tacit.network.keys import Key
from tacit.network.messages import REPLY
from tacit.network.submission import Submission


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> tuple[LittleNetwork, Submission]:
    network = ready(tmp_path_factory.mktemp("standing"))
    return network, network.nodes[0].answer(network.server.brief())


ANYTHING = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@ANYTHING
@given(
    st.binary(max_size=600),
    st.dictionaries(st.text(max_size=5), st.binary(max_size=300), max_size=4),
    st.binary(max_size=99),
)
def test_any_bytes(standing: Any, reply: bytes, arrays: dict[str, bytes], other: bytes) -> None:
    server = standing[0].server
    assert not server.receive(Submission(reply, arrays, other, other, other)).taken
    assert not server.deliver(reply, other).taken
    assert not server.register(reply, {other: reply}).taken
    assert not server.reveal(len(reply), other, reply).taken


@ANYTHING
@given(st.data())
def test_any_change_of_an_answer(standing: Any, data: st.DataObject) -> None:
    """Every part but the proof is checked at once; the reply itself is signed."""
    network, answer = standing
    part = data.draw(st.sampled_from(["reply", "w", "b", "commitment"]))
    whole = answer.arrays[part] if part in answer.arrays else getattr(answer, part)
    at = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([bytes(changed), whole[:at], whole + bytes(at)]))
    if cut == whole:
        return
    fields = {"arrays": {**answer.arrays, part: cut}} if part in answer.arrays else {part: cut}
    assert not network.server.receive(replace(answer, **fields)).taken


def test_refusals_are_counted_in_few_rows(standing: Any) -> None:
    network, answer = standing
    reply, _ = REPLY.open(answer.reply)
    for round in range(2, 60):
        stranger = Key.from_seed(bytes([round]) * 32)
        signed = REPLY.sign(replace(reply, round=round * 7, node=stranger.public), stranger)
        assert network.server.receive(replace(answer, reply=signed)).state == "round_unknown"
    rows = network.server.store.refused(network.digest, 0)
    assert [(node, times >= 58) for node, slug, times, _ in rows if slug == "round_unknown"] == [(b"", True)]
    assert len(rows) < 20


def test_and_the_round_goes_on(standing: Any) -> None:
    """Behind all of the above: the honest answers are taken and verified."""
    network, _ = standing
    assert all(outcome.taken for outcome in network.answer())
    link = link_of(network)
    assert len(link.contributions) == 3
    assert model_identity(network.server.model(link.next), network.server.parameters) == link.next


@given(st.binary(max_size=300))
def test_submissions_have_one_form(data: bytes) -> None:
    try:
        found: object = Submission.from_bytes(data, 1 << 20).to_bytes()
    except Exception as error:
        found = getattr(error, "slug", error)
    assert found in ("message", "message_size", data)


def test_submissions_come_back(standing: Any) -> None:
    _, answer = standing
    data = answer.to_bytes()
    assert Submission.from_bytes(data, len(data)) == answer
    with pytest.raises(Exception, match="at most") as refusal:
        Submission.from_bytes(data, len(data) - 1)
    assert getattr(refusal.value, "slug", None) == "message_size"
