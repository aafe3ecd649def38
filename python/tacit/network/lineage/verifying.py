"""The calls that verify a lineage."""

from __future__ import annotations

from pathlib import Path

from tacit.errors import InvalidProof
from tacit.network import digests
from tacit.network.checks import Limits, World, check_alike
from tacit.network.context import check_parameters, model_of, model_size
from tacit.network.interface import Deployment, Readers
from tacit.network.lineage.files import Source, open_lineage
from tacit.network.lineage.report import Lineage
from tacit.network.lineage.walk import Walk, at_place, refused
from tacit.network.objects import read_message, read_tagged
from tacit.network.task import TASK, Task


def verify(
    place: str | Path | Source,
    readers: Readers,
    *,
    task: bytes | None = None,
    link: bytes | None = None,
    prediction: bytes | None = None,
    context: bytes = b"",
    round: int | None = None,
    limits: Limits | None = None,
) -> Lineage:
    """Verify a lineage, and a prediction under its last model, or under that of a `round`.

    `task`, `link`: what is known of it from elsewhere, 32 bytes each; without them it is shown that *some* task was done, by its
    own rules. `context`: what the prediction is bound to. Raises InvalidProof; `examine` gives what held until then, too.
    """
    found = examine(
        place, readers, task=task, link=link, prediction=prediction, context=context, round=round, limits=limits
    )
    if found.refusal is not None:
        raise found.refusal
    return found


def examine(
    place: str | Path | Source,
    readers: Readers,
    *,
    task: bytes | None = None,
    link: bytes | None = None,
    prediction: bytes | None = None,
    context: bytes = b"",
    round: int | None = None,
    limits: Limits | None = None,
) -> Lineage:
    """As `verify`, but a refusal behind the task itself is in the result (`Lineage.refusal`), with the rounds that hold."""
    source = place if isinstance(place, Source) else open_lineage(place)
    head = source.head()
    for what, wanted, got in (("task", task, head.task), ("link", link, head.link)):
        if wanted is not None and wanted != got:
            raise refused(f"expected {what} {wanted.hex()[:16]}, got {got.hex()[:16]}", slug="lineage", place="lineage")
    walk = _opened(source, head.task, readers, limits or Limits(), round)
    # Readers that know issuers by name say so; others need not.
    found = Lineage(head.task, walk.task, names=dict(getattr(readers, "names", {})))
    try:
        for name in walk.links(head.link):
            found.rounds.append(walk.round(name))
            found.link = name
        found.notes += walk.notes
        if found.void:
            found.notes.append(_void(found.void, len(found.rounds)))
        if task is None:
            found.notes.append("that this is the task that you mean: compare its digest with one that you know")
        if prediction is not None:
            found.predicted, found.prediction = walk.prediction(found, prediction, context, round)
    except InvalidProof as error:
        found.refusal = error
    return found


def _void(rounds: list[int], of: int) -> str:
    """A server that was late, or one that saw a value, and waited for another."""
    named = ", ".join(map(str, rounds[:8])) + (", .." if len(rounds) > 8 else "")
    return (
        f"that the server was late, and did not choose among beacons: {len(rounds)} of {of} rounds had none, and nobody "
        f"contributed ({named})"
    )


def _opened(source: Source, name: bytes, readers: Readers, limits: Limits, kept: int | None) -> Walk:
    with at_place("task"):
        task = read_message(source.objects, TASK, name)
        deployments: dict[bytes, Deployment] = {}
        for wanted in task.deployments:
            found = readers.deployment(source.objects.read(wanted, limits.deployment, "deployment"), name=wanted)
            if found.digest != wanted:
                raise refused("it is another deployment than the task names", slug="object_changed", place="deployment")
            deployments[wanted] = found
        parameters = list(deployments[task.deployments[0]].parameters)
        check_alike(list(deployments.values()))
        check_parameters(parameters)
        data = read_tagged(source.objects, digests.MODEL, task.base, model_size(parameters), "base")
        base = model_of(data, parameters)
    return Walk(task, World(task, name, deployments, source.objects, readers, limits), base, task.base, kept)


def task_of(source: Source) -> Task:
    """The task of a lineage; nothing else of it is verified. Raises InvalidProof."""
    with at_place("task"):
        return read_message(source.objects, TASK, source.head().task)
