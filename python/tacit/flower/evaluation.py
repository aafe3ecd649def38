"""What nodes say of a model when they evaluate it: nobody proved it, so it is shown, and decides nothing.

One reply that does not fit the others would end a run of Flower's own strategies: here it is left out, and so is one with numbers
that are none. A node weighs as much as the records that its proofs are about, not as many as it says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from math import isfinite

from flwr.app import Message, MetricRecord, RecordDict

Form = frozenset[tuple[str, int]]


def sound(replies: Iterable[Message], key: str, records_of: Callable[[int], int | None]) -> list[RecordDict]:
    """One record of metrics of each node whose first reply has the most common form, with `key` set to the node's records."""
    found: list[tuple[Form, MetricRecord]] = []
    firsts: dict[int, Message] = {}
    for reply in replies:
        firsts.setdefault(reply.metadata.src_node_id, reply)
    for node, reply in firsts.items():
        metrics, records = _metrics(reply), records_of(node)
        if metrics is not None and records is not None:
            numbers = MetricRecord({**{name: value for name, value in metrics.items() if name != key}, key: records})
            found.append((_form(numbers), numbers))
    if not found:
        return []
    common = Counter(form for form, _ in found).most_common(1)[0][0]
    return [RecordDict({"metrics": numbers}) for form, numbers in found if form == common]


def _metrics(reply: Message) -> MetricRecord | None:
    if reply.has_error() or len(reply.content.metric_records) != 1:
        return None
    metrics = next(iter(reply.content.metric_records.values()))
    numbers = [n for value in metrics.values() for n in (value if isinstance(value, list) else [value])]
    return metrics if all(isfinite(number) for number in numbers) else None


def _form(metrics: MetricRecord) -> Form:
    """Names, and how many numbers each has; -1 for one that is no list."""
    return frozenset((name, len(value) if isinstance(value, list) else -1) for name, value in metrics.items())
