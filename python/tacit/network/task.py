"""The task: what is trained, by whose rules. Its bytes and its name (docs/protocol/network.md, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

from tacit.errors import InputError
from tacit.network import digests
from tacit.network.aggregate import RULE, Rule, Trimmed
from tacit.network.kinds import Kind
from tacit.network.messages import MOST_MESSAGE, MOST_NAMED, MOST_NODES, MOST_ROUNDS, ascending
from tacit.network.sources import SOURCE, Source
from tacit.program.borsh import U32, Fixed, Text, Vec, struct_of

_Digest = Fixed(32)


@dataclass(frozen=True)
class Task:
    """What is trained, by whose rules: public, and fixed before anybody joins. Its digest names it everywhere.

    `server` signs rounds and receipts. `deployments`: digests, sorted; they differ in the number of records. `base`: the identity
    of the first model. `least`: contributions without which a round changes nothing. `issuers`: keys that sign manifests, sorted.
    Raises InputError (slug message) for one that nobody would read.
    """

    name: str
    server: bytes
    deployments: tuple[bytes, ...]
    base: bytes
    rule: Rule
    source: Source
    rounds: int
    least: int
    issuers: tuple[bytes, ...]

    def __post_init__(self) -> None:
        remedy = "correct the fields of network.Task"
        try:
            TASK.write(self)  # here, and not where the first node reads it
        except InputError as error:
            raise InputError(error.reason, slug=error.slug, place=error.place, remedy=remedy) from None
        except (AttributeError, TypeError, StopIteration):
            raise InputError(
                "a field is of another type than it must be", slug="message", place="task", remedy=remedy
            ) from None


def _task(task: Task) -> str | None:
    if not task.name.isprintable() or not task.name.strip():
        return "expected a name of printable characters"
    for what, keys in (("deployments", task.deployments), ("issuers", task.issuers)):
        if not 1 <= len(keys) <= MOST_NAMED:
            return f"expected 1 to {MOST_NAMED} {what}, got {len(keys)}"
        if fault := ascending(keys, what):
            return fault
    if not 1 <= task.rounds <= MOST_ROUNDS or not 1 <= task.least <= MOST_NODES:
        return (
            f"expected 1 to {MOST_ROUNDS} rounds and 1 to {MOST_NODES} contributions at least, "
            f"got {task.rounds} and {task.least}"
        )
    period = getattr(task.source, "period", 1)
    if period < 1:
        return "expected a beacon with a period of at least a second"
    return None if task.rule.bound is None or task.rule.bound.norm > 0 else "expected a bound on the norm above 0"


def _least(rule: Rule) -> int:
    return 2 * rule.way.cut + 1 if isinstance(rule.way, Trimmed) else 1


def task_digest(task: Task) -> bytes:
    """What names a task: H("tacit task 1" || its bytes). Raises InputError (slug message) for one that nobody would read."""
    return TASK.digest(TASK.write(task))


def least_contributions(task: Task) -> int:
    """Contributions without which a round changes nothing: the task's own number, and what a trimmed mean leaves out and one."""
    return max(task.least, _least(task.rule))


TASK: Kind[Task] = Kind(
    "task",
    digests.TASK,
    struct_of(
        Task,
        name=Text(64),
        server=_Digest,
        deployments=Vec(_Digest),
        base=_Digest,
        rule=RULE,
        source=SOURCE,
        rounds=U32,
        least=U32,
        issuers=Vec(_Digest),
    ),
    MOST_MESSAGE,
    _task,
)
