"""What travels in Flower's messages: which records, under which names, with which entries.

    server to node                                     node to server
    train                arrays, config, tacit.round   arrays, metrics, tacit: reply [, delivery, proof]
    query.tacit_register tacit.round                   tacit: registration, parts
    query.tacit_reveal   tacit.round                   tacit: node, value
    query.tacit_proof    tacit.round                   tacit: delivery, proof

`tacit.round` has `round`, and as it needs them `announcement`, `links`, `evidence`, `deferred`, `receipt`; arrays are the
integers of the model. All bytes are those of `tacit.network`, signed where it matters. What Flower says of an array (dtype,
shape) is not looked at: `Array.numpy` believes a header that somebody else wrote, `tacit.network.wire` does not.
"""

from __future__ import annotations

from collections.abc import Mapping

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from tacit.errors import InvalidProof
from tacit.network.context import model_bytes
from tacit.network.interface import Model, Parameter
from tacit.network.submission import Brief, Submission, pack_links, unpack_links
from tacit.network.wire import read_model, write_model

ARRAYS, CONFIG, METRICS, ROUND, ANSWER = "arrays", "config", "metrics", "tacit.round", "tacit"
REGISTER, REVEAL, PROOF = "query.tacit_register", "query.tacit_reveal", "query.tacit_proof"
#: Characters of somebody else's reason that are kept.
_MOST_REASON = 200


def entry(record: Mapping[str, object], name: str, kind: type, place: str) -> object:
    """The entry of a record, of this type. Raises InvalidProof (slug flower_record)."""
    found = record.get(name)
    if type(found) is not kind:
        got = "none" if found is None else type(found).__name__
        raise InvalidProof(f"expected {name!r} of type {kind.__name__}, got {got}", slug="flower_record", place=place)
    return found


def blob(record: Mapping[str, object], name: str, place: str) -> bytes:
    """The bytes of an entry. Raises InvalidProof (slug flower_record)."""
    found = entry(record, name, bytes, place)
    assert isinstance(found, bytes)
    return found


def whole(record: Mapping[str, object], name: str, place: str) -> int:
    """The whole number of an entry. Raises InvalidProof (slug flower_record)."""
    found = entry(record, name, int, place)
    assert isinstance(found, int)
    return found


def arrays_of(files: Mapping[str, bytes], shapes: Mapping[str, tuple[int, ...]]) -> ArrayRecord:
    """A record of arrays that are `.npy` bytes of int64 already."""
    return ArrayRecord(
        {name: Array("int64", tuple(shapes[name]), "numpy.ndarray", data) for name, data in files.items()}
    )


def shapes_of(model: Model) -> dict[str, tuple[int, ...]]:
    """The shapes of a model's tensors."""
    return {name: array.shape for name, array in model.items()}


def files_of(record: ArrayRecord) -> dict[str, bytes]:
    """The bytes of every array, as they came. Raises InvalidProof (slug flower_record)."""
    return {name: blob({"data": array.data}, "data", name) for name, array in record.items()}


# --- rounds -----------------------------------------------------------------------------------------------------------


def written_brief(brief: Brief, base: Model, number: int, *, deferred: bool) -> RecordDict:
    """What a node needs of a round. The base is sent as arrays, which Flower cuts into pieces."""
    head = {"round": number, "announcement": brief.announcement, "evidence": brief.evidence, "deferred": deferred}
    head["links"] = pack_links(brief.links)
    arrays = arrays_of(write_model(base), shapes_of(base))
    return RecordDict({ARRAYS: arrays, ROUND: ConfigRecord(head)})


def read_brief(content: RecordDict, parameters: list[Parameter]) -> tuple[Brief, bool]:
    """The brief of a train message, and whether the proof comes later. Raises InvalidProof."""
    head = content.config_records[ROUND]
    if set(content.array_records) != {ARRAYS}:
        raise InvalidProof(f"expected one record of arrays, {ARRAYS!r}", slug="flower_record", place="train")
    base = read_model(files_of(content.array_records[ARRAYS]), parameters)
    announcement, evidence = blob(head, "announcement", "train"), blob(head, "evidence", "train")
    links = unpack_links(blob(head, "links", "train"))
    brief = Brief(announcement, evidence, model_bytes(base, parameters), links)
    return brief, entry(head, "deferred", bool, "train") is True


def written_answer(submission: Submission, shapes: Mapping[str, tuple[int, ...]]) -> RecordDict:
    """A reply, and its proof if it is there. The commitment came with the registration."""
    parts = {"reply": submission.reply}
    if submission.delivery is not None:
        parts |= {"delivery": submission.delivery, "proof": submission.proof or b""}
    return RecordDict({ARRAYS: arrays_of(submission.arrays, shapes), ANSWER: ConfigRecord(parts)})


def read_answer(message: Message) -> Submission:
    """The answer to a train message: just the records that belong in it; metrics are nobody's proof, and not looked at.

    Raises InvalidProof (slug node_failed, flower_record).
    """
    content = content_of(message)
    if set(content) - {METRICS} != {ARRAYS, ANSWER} or set(content.array_records) != {ARRAYS}:
        raise InvalidProof(
            f"expected the records {ARRAYS!r} and {ANSWER!r}, got {len(content)} records",
            slug="flower_record",
            place="reply",
        )
    if METRICS in content and set(content.metric_records) != {METRICS}:
        raise InvalidProof(
            f"expected {METRICS!r} to be metrics, got another record", slug="flower_record", place="reply"
        )
    head = answer_of(content, "reply", {"reply"}, {"delivery", "proof"})
    return Submission(
        head["reply"], files_of(content.array_records[ARRAYS]), None, head.get("delivery"), head.get("proof")
    )


def content_of(message: Message) -> RecordDict:
    """What a node answered. Raises InvalidProof (slug node_failed) where it is an error."""
    if message.has_error():
        reason = "".join(c if c.isprintable() else " " for c in str(message.error.reason)[-_MOST_REASON:])
        raise InvalidProof(f"the node answered with an error: {reason}", slug="node_failed", place="reply")
    return message.content


def answer_of(
    content: RecordDict, place: str, needed: set[str], optional: frozenset[str] | set[str] = frozenset()
) -> dict[str, bytes]:
    """The entries of the record `tacit`, all bytes: those that are needed, and all or none of the others.

    Raises InvalidProof (slug flower_record).
    """
    if ANSWER not in content.config_records:
        raise InvalidProof(f"expected the record {ANSWER!r}, got none", slug="flower_record", place=place)
    head = content.config_records[ANSWER]
    if set(head) not in (needed, needed | optional):
        got = ", ".join(sorted(map(str, head)))[:_MOST_REASON]
        raise InvalidProof(
            f"expected {', '.join(sorted(needed))} in {ANSWER!r}, got {got}", slug="flower_record", place=place
        )
    return {name: blob(head, name, place) for name in head}
