"""The side of a node: a Flower app whose training is proven.

Its mod answers train messages itself, with the integer trainer and a proof; the app's own train function is never called, for
what it gives could not be proven. Everything else, evaluation for one, is the app's.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from logging import getLogger
from typing import Any

from flwr.app import ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from tacit.errors import InputError, InvalidProof, TacitError
from tacit.flower import records
from tacit.flower.files import load_node
from tacit.network.node import Node
from tacit.network.submission import unpack_links
from tacit.network.wire import pack

_LOG = getLogger("flwr")
Next = Callable[[Message, Context], Message]
Mod = Callable[[Message, Context, Next], Message]
#: Of a SuperNode's `--node-config`: another file of the node than the app names.
NODE_KEY = "tacit-node"


def client_app(
    node: str | os.PathLike[str] | Callable[[Context], Node] = "node.toml",
    client_fn: Callable[..., Any] | None = None,
    mods: Iterable[Mod] = (),
) -> ClientApp:
    """A ClientApp of a node that proves. Use it where the app made its ClientApp; functions are registered with it as before.

    `node`: the node's file (`load_node`), unless `--node-config` names another under `tacit-node`; or a function that makes the
    node, for simulations of many in one process. `client_fn`, `mods`: as for ClientApp; the app's mods see messages first, and
    a mod that changes an answer makes it one that is refused.
    """
    chain = [*mods, proving_mod(node)]
    return ClientApp(client_fn=client_fn, mods=chain) if client_fn is not None else _App(mods=chain)


class _App(ClientApp):
    """Messages reach mods only where a function is registered for their type: here one is, for all that the mod answers."""

    def __init__(self, mods: list[Mod]) -> None:
        super().__init__(mods=mods)
        for kind in (records.REGISTER, records.REVEAL, records.PROOF):
            self.query(kind.partition(".")[2])(_never)
        super().train()(_never)

    def train(self, action: str = "default", *, mods: list[Mod] | None = None) -> Callable[[Any], Any]:
        """As ClientApp's; the app's own function for training is not called, so it is not kept."""
        return (lambda function: function) if action == "default" else super().train(action, mods=mods)


def proving_mod(node: str | os.PathLike[str] | Callable[[Context], Node]) -> Mod:
    """The mod alone, for a ClientApp that is made elsewhere; `node` as for `client_app`.

    The app must have functions for train messages and for the queries tacit_register, tacit_reveal and tacit_proof.
    """

    def mod(message: Message, context: Context, call_next: Next) -> Message:
        kind = message.metadata.message_type
        answered = {records.REGISTER: _register, records.REVEAL: _reveal, records.PROOF: _deliver}.get(kind)
        if kind.partition(".")[0] == "train":
            answered = _train
        if answered is None:
            return call_next(message, context)
        if records.ROUND not in message.content.config_records:
            # Training as a server without proofs asks for it would show an update that nobody checked.
            raise InvalidProof(f"expected the record {records.ROUND!r}, got none", slug="flower_record", place=kind)
        return Message(_discreet(lambda: answered(_loaded(node, context), message.content), kind), reply_to=message)

    return mod


def _loaded(node: str | os.PathLike[str] | Callable[[Context], Node], context: Context) -> Node:
    return node(context) if callable(node) else load_node(str(context.node_config.get(NODE_KEY, node)))


def _discreet(work: Callable[[], RecordDict], kind: str) -> RecordDict:
    """What the work gives. Flower sends the text of an exception to the server, and one about a record may quote it.

    So of the node's own faults the server learns the slug; the log of the node has the rest. What it learns of its own messages
    (InvalidProof) is about what is public.
    """
    try:
        return work()
    except InvalidProof:
        raise
    except Exception as error:
        _LOG.exception("%s: not answered", kind)
        slug = error.slug if isinstance(error, TacitError) else "failed"
    raise InputError(
        f"the node does not answer ({slug})", slug=slug, place=kind, remedy="the log of the node says more"
    )


def _never(message: Message, context: Context) -> Message:
    raise AssertionError("the mod answers before")


# --- what is asked ------------------------------------------------------------------------------------------------------


def _register(node: Node, content: RecordDict) -> RecordDict:
    registration, parts = node.registration()
    named = {digest.hex(): data for digest, data in parts.items()}
    return _answered({"registration": registration, "parts": pack(named)})


def _reveal(node: Node, content: RecordDict) -> RecordDict:
    head = content.config_records[records.ROUND]
    links = unpack_links(records.blob(head, "links", "reveal"))
    value = node.reveal(records.blob(head, "announcement", "reveal"), links)
    return _answered({"node": node.key.public, "value": value})


def _train(node: Node, content: RecordDict) -> RecordDict:
    head = content.config_records[records.ROUND]
    if "receipt" in head:
        node.keep(records.blob(head, "receipt", "train"))
    parameters = list(node.deployment.parameters)
    brief, deferred = records.read_brief(content, parameters)
    submission = node.answer(brief, deferred=deferred)
    if submission.delivery is None and not deferred:
        submission = node.deliver(records.whole(head, "round", "train"))
    answer = records.written_answer(submission, {name: shape for name, shape, _, _ in parameters})
    # What other mods and dashboards look for; nothing is weighed by it.
    answer[records.METRICS] = MetricRecord({"num-examples": node.deployment.records})
    return answer


def _deliver(node: Node, content: RecordDict) -> RecordDict:
    head = content.config_records[records.ROUND]
    if "receipt" in head:
        node.keep(records.blob(head, "receipt", "proof"))
    submission = node.deliver(records.whole(head, "round", "proof"))
    return _answered({"delivery": submission.delivery or b"", "proof": submission.proof or b""})


def _answered(parts: dict[str, bytes]) -> RecordDict:
    return RecordDict({records.ANSWER: ConfigRecord(parts)})
