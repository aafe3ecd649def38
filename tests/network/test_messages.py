"""Messages: one encoding a value, signed with their label, and no bytes that are something else."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tacit.data.manifest import MOST_TIME
from tacit.errors import InputError, InvalidProof
from tacit.network import messages as m
from tacit.network import task as t
from tacit.network.aggregate import Bound, Mean, Rule, Trimmed
from tacit.network.keys import Key
from tacit.network.kinds import Kind
from tacit.network.sources import MAINNET, QUICKNET, Blocks, Reveals


def d(letter: str) -> bytes:
    return letter.encode() * 32


TASK = t.Task(
    "breast cancer", d("s"), (d("d"), d("e")), d("b"), Rule(Trimmed(1), Bound(9, True)), Reveals(), 5, 2, (d("i"),)
)
CONTRIBUTION = m.Contribution(d("n"), d("d"), d("m"), d("r"), d("v"), d("x"))
EXAMPLES: list[tuple[Kind[Any], Any]] = [
    (t.TASK, TASK),
    (m.REGISTRATION, m.Registration(d("t"), d("n"), d("d"), d("m"), (m.Offer(d("c"), d("p")),), None)),
    (m.ROSTER, m.Roster((m.Member(d("a"), d("r")), m.Member(d("b"), d("r"))))),
    (m.ANNOUNCEMENT, m.Announcement(d("t"), 1, d("b"), d("p"), d("r"), 7, 8, 100, 200)),
    (m.REPLY, m.Reply(d("t"), 1, d("n"), d("a"), d("b"), d("d"), d("c"), d("x"), d("v"))),
    (m.DELIVERY, m.Delivery(d("t"), 1, d("n"), d("r"), d("p"))),
    (m.RECEIPT, m.Receipt(d("t"), 1, d("n"), d("r"), 150)),
    (m.CLOSING, m.Closing(d("t"), 1, d("a"), (m.Received(d("n"), d("r"), None),), 201)),
    (
        m.LINK,
        m.Link(
            d("p"), d("t"), 1, d("a"), d("c"), d("e"), d("v"), d("b"), d("r"), Rule(Trimmed(1), Bound(9, True)), d("x")
        ),
    ),
    (m.RESULTS, m.Results((CONTRIBUTION,), (m.Absence(d("o"), "absent"),))),
]  # fmt: skip
IDS = [kind.place for kind, _ in EXAMPLES]


@pytest.mark.parametrize(("kind", "message"), EXAMPLES, ids=IDS)
def test_a_message_comes_back(kind: Kind[Any], message: Any) -> None:
    data = kind.write(message)
    assert kind.read(data) == message
    key = Key.generate()
    signed = kind.sign(message, key)
    assert kind.read_signed(signed, key.public) == (message, kind.digest(data))
    with pytest.raises(InvalidProof) as refusal:
        kind.read_signed(signed, Key.generate().public)
    assert refusal.value.slug == "signature"


@pytest.mark.parametrize(("kind", "message"), EXAMPLES, ids=IDS)
def test_every_byte_counts(kind: Kind[Any], message: Any) -> None:
    key = Key.generate()
    signed = kind.sign(message, key)
    for at in range(len(signed)):
        changed = bytearray(signed)
        changed[at] ^= 1 + at % 255
        with pytest.raises(InvalidProof) as refusal:
            kind.read_signed(bytes(changed), key.public)
        assert refusal.value.slug in ("signature", "message", "message_size")
    for other in (signed[:-1], signed + b"\0", signed[:64], b""):
        with pytest.raises(InvalidProof):
            kind.read_signed(other, key.public)


def test_a_signature_of_one_kind_is_none_of_another() -> None:
    # A receipt and a delivery of the same length would otherwise stand for each other.
    key = Key.generate()
    for kind, message in EXAMPLES:
        body = kind.write(message)
        for other, _ in EXAMPLES:
            if other is not kind:
                signature = key.sign(other.label, body)
                with pytest.raises(InvalidProof) as refusal:
                    kind.read_signed(signature + body, key.public)
                assert refusal.value.slug == "signature"


@given(st.sampled_from(EXAMPLES), st.binary(max_size=600))
def test_any_bytes(example: tuple[Kind[Any], Any], data: bytes) -> None:
    kind, _ = example
    try:
        found: object = kind.write(kind.read(data))
    except InvalidProof as refusal:
        found = refusal.slug
    assert found in ("message", "message_size", data)


@pytest.mark.parametrize(("kind", "message"), EXAMPLES, ids=IDS)
def test_too_many_bytes_are_not_looked_at(kind: Kind[Any], message: Any) -> None:
    with pytest.raises(InvalidProof) as refusal:
        kind.read(bytes(kind.most + 1))
    assert refusal.value.slug == "message_size"


def test_a_list_that_claims_to_be_long_ends_with_the_bytes() -> None:
    with pytest.raises(InvalidProof) as refusal:
        m.ROSTER.read(b"\xff\xff\xff\xff" + bytes(100))
    assert refusal.value.slug == "message"


def task_of(**fields: Any) -> t.Task:
    """A task as somebody else's bytes may have it: none that this package would make."""
    made = object.__new__(t.Task)
    made.__dict__.update({**vars(TASK), **fields})
    return made


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (t.TASK, task_of(deployments=(d("e"), d("d")))),
        (t.TASK, task_of(deployments=(d("d"), d("d")))),
        (t.TASK, task_of(deployments=())),
        (t.TASK, task_of(issuers=())),
        (t.TASK, task_of(name="a\nb")),
        (t.TASK, task_of(name="")),
        (t.TASK, task_of(rounds=0)),
        (t.TASK, task_of(least=0)),
        (t.TASK, task_of(server=b"short")),
        (t.TASK, task_of(source=dataclasses.replace(QUICKNET, period=0))),
        (t.TASK, task_of(rule=Rule(Mean(), Bound(0)))),
        (m.REGISTRATION, m.Registration(d("t"), d("n"), d("d"), d("m"), (), None)),
        (m.ROSTER, m.Roster((m.Member(d("b"), d("r")), m.Member(d("a"), d("r"))))),
        (m.ANNOUNCEMENT, m.Announcement(d("t"), 0, d("b"), d("p"), d("r"), 7, 8, 100, 200)),
        (m.ANNOUNCEMENT, m.Announcement(d("t"), 1, d("b"), d("p"), d("r"), 7, 8, 201, 200)),
        (m.ANNOUNCEMENT, m.Announcement(d("t"), 1, d("b"), d("p"), d("r"), 7, 8, 100, MOST_TIME + 1)),
        (m.RECEIPT, m.Receipt(d("t"), 1, d("n"), d("r"), MOST_TIME + 1)),
        (m.CLOSING, m.Closing(d("t"), 1, d("a"), (), (1 << 64) - 1)),
        (m.CLOSING, m.Closing(d("t"), 1, d("a"), (m.Received(d("n"), d("r"), None),) * 2, 1)),
        (m.RESULTS, m.Results((CONTRIBUTION,), (m.Absence(d("n"), "absent"),))),
        (m.RESULTS, m.Results((CONTRIBUTION, CONTRIBUTION), ())),
        (m.RESULTS, m.Results((), (m.Absence(d("n"), "not a slug"),))),
        (m.LINK, dataclasses.replace(EXAMPLES[-2][1], beacon=None)),
        (t.TASK, task_of(rounds=m.MOST_ROUNDS + 1)),
    ],
)
def test_messages_that_mean_nothing(kind: Kind[Any], message: Any) -> None:
    with pytest.raises(InputError) as refusal:
        kind.write(message)
    assert refusal.value.slug == "message"


def test_bytes_of_a_task_that_means_nothing_are_refused() -> None:
    """A task looks at itself where it is made; of others' bytes that is a refusal, and no error of ours."""
    data = t.TASK.write(TASK)
    rounds = data.replace(TASK.rounds.to_bytes(4, "little"), bytes(4))
    assert rounds != data
    with pytest.raises(InvalidProof) as refusal:
        t.TASK.read(rounds)
    assert refusal.value.slug == "message"


@pytest.mark.parametrize("source", [QUICKNET, MAINNET, Blocks(1, 64), Reveals()])
def test_every_source_stands_in_a_task(source: Any) -> None:
    task = dataclasses.replace(TASK, source=source)
    assert t.TASK.read(t.TASK.write(task)) == task


def test_a_trimmed_mean_needs_more_than_it_leaves_out() -> None:
    assert t.least_contributions(dataclasses.replace(TASK, rule=Rule(Trimmed(4)))) == 9
    assert t.least_contributions(dataclasses.replace(TASK, rule=Rule(Mean()), least=3)) == 3
