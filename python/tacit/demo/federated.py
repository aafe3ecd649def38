"""`tacit demo federated`: four hospitals train one model, each proves its updates, and nobody shows a record.

First with records dealt at random, then sorted by diagnosis, beside the same averaging in float64 without a proof. Then somebody
cheats, in every way that a proof or a signature stops, and in one that neither does: labels that are false.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

import tacit
from tacit import console, data, train
from tacit.demo import Teller, hospitals
from tacit.demo.cheating import flipped, refusals
from tacit.demo.hospitals import ROUNDS, TRAINING, Federation, Split
from tacit.errors import CompilerBug, InputError
from tacit.network.aggregate import Rule
from tacit.network.training import TrainingReaders
from tacit.train import floats

#: A proven average may be behind one in float64 by this much before the story is wrong.
MOST_BEHIND = 0.03


@dataclass
class Told:
    """A round: accuracy of the model after it, of the averaging in float64, seconds of proofs and of checks."""

    accuracy: float
    plain: float
    proving: float
    checking: float
    verified: int


@dataclass
class Course:
    """All rounds of a federation, and the last model."""

    rounds: list[Told] = field(default_factory=list)
    model: dict[str, Any] = field(default_factory=dict)


def run(*, quiet: bool = False, folder: str | None = None) -> dict[str, Any]:
    """Tell the story; its figures. `folder`: a new one, for what is public of the second federation; else nothing is kept.

    Raises MissingDependency without scikit-learn, cryptography or sqlalchemy, InputError (slug exists) for a folder that
    holds something.
    """
    kept = None if folder is None else Path(folder)
    if kept is not None and kept.exists() and (not kept.is_dir() or any(kept.iterdir())):
        raise InputError(
            "expected a new folder, or an empty one, got one that holds something",
            slug="exists",
            place=str(kept),
            remedy="name another one",
        )
    out = None if quiet else console.stdout()
    teller = Teller(out)
    start = time.perf_counter()
    described = hospitals.schema()
    teller.title("A task: what is trained, on what, by which steps")
    with teller.step("compile", "The task's programs are compiled"):
        made = hospitals.deployed(described)
    teller.say(f"  {made.report}")
    teller.say(
        f"  a proof says: {TRAINING.steps} steps of {TRAINING.batch} records from a public seed, every one of them as declared"
    )
    found: dict[str, Any] = {"compile_seconds": teller.figures["compile_seconds"]}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        for kind in ("random", "sorted"):
            tables = hospitals.split(skewed=kind == "sorted")
            found[kind] = _federation(teller, made, described, tables, place / kind, kind, kept)
        found["cheats"] = _cheats(teller, made, described, place / "cheats")
    found["seconds"] = time.perf_counter() - start
    teller.say("")
    teller.row("All of it", console.duration(found["seconds"]), "proofs, checks, refusals")
    if kept is None:
        teller.say("  tacit demo federated --folder NEW keeps the lineage, and a picture of it")
    return found


def _federation(
    teller: Teller, made: train.Deployment, described: Any, tables: Split, folder: Path, kind: str, kept: Path | None
) -> list[dict[str, float]]:
    teller.title(
        f"Four hospitals, {hospitals.RECORDS} records each, {'dealt at random' if kind == 'random' else 'sorted by diagnosis'}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    with teller.step(f"{kind}_joining", "They commit to their records, prove them valid, and join") as notes:
        made_up = hospitals.federation(made, described, tables, folder, Rule())
        for hospital in made_up.hospitals:
            node = hospitals.joined(hospital, made_up, folder)
            outcome = made_up.server.register(*node.registration())
            if not outcome.taken:
                raise CompilerBug(f"{hospital.name} was refused: {outcome.state} {outcome.reason}")
        notes.append("an issuer signed every commitment")
    course = _rounds(made_up, tables)
    _tell(teller, course)
    if kind == "sorted":
        _lineage(teller, made_up, course, tables, folder, kept)
    last = course.rounds[-1]
    if last.plain - last.accuracy > MOST_BEHIND or last.verified < hospitals.HOSPITALS:
        raise CompilerBug(f"the proven average is at {last.accuracy}, the plain one at {last.plain}")
    return [vars(told) for told in course.rounds]


def _rounds(made_up: Federation, tables: Split) -> Course:
    """Five rounds, and the same average in float64 beside them."""
    course, made = Course(), made_up.deployment
    plain = {name: np.asarray(values) for name, values in made.real(made.initial).items()}
    for number in range(1, ROUNDS + 1):
        hospitals.opened(made_up)
        start = time.perf_counter()
        answers = [hospital.node.answer(made_up.server.brief()) for hospital in made_up.hospitals if hospital.node]
        proving = time.perf_counter() - start
        for answer in answers:
            made_up.server.receive(answer)
        start = time.perf_counter()
        course.model = hospitals.closed(made_up)
        checking = time.perf_counter() - start
        plain = _plain_round(made_up, plain, number)
        course.rounds.append(
            Told(
                hospitals.accuracy(made, course.model, tables.test, made_up.schema),
                _plain_accuracy(made_up, plain, tables),
                proving,
                checking,
                len(answers),
            )
        )
    return course


def _lineage(
    teller: Teller, made_up: Federation, course: Course, tables: Split, folder: Path, kept: Path | None
) -> None:
    """A prediction under the last model, proven, and all that it rests on, verified again by somebody who trusts nobody."""
    from tacit.network import lineage

    teller.title("A prediction, and where it comes from")
    made, published = made_up.deployment, folder / "public"
    record = made_up.schema.encode({name: values[:1] for name, values in tables.test.items()})
    with teller.step("prediction", "The last model predicts, and proves it") as notes:
        weights = made.weights(course.model)
        proof = tacit.prove(
            made.infer, tacit.commit_model(made.infer, weights), {"x": record["x"] * 2.0**-made_up.schema.frac},
            context=b"a patient's second opinion",
        )  # fmt: skip
        lineage.export(made_up.server.store, made_up.server.digest, published, schema=made_up.schema.to_json())
        notes.append("the record is shown to nobody")
    readers = TrainingReaders(made_up.schema, data.Issuers().adding(made_up.issuer.public, "Health authority"))
    with teller.step("lineage", "Somebody verifies all of it again") as notes:
        found = lineage.verify(
            published, readers, task=made_up.server.digest, prediction=proof.data, context=b"a patient's second opinion"
        )
        proofs = sum(len(round.contributors) for round in found.rounds)
        notes.append(
            f"{len(found.rounds)} rounds, {proofs} proofs of training, {hospitals.HOSPITALS} datasets, 1 issuer"
        )
    if teller.out is not None:
        teller.out.print(lineage.tree(found))
    (published / "lineage.html").write_text(lineage.page(found), encoding="utf-8")
    if kept is not None:
        shutil.copytree(published, kept, dirs_exist_ok=True)
        teller.say(f"  kept in {kept}, with a picture of it: {kept / 'lineage.html'}")


def _plain_round(made_up: Federation, model: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What everybody does today: FedAvg in float64, batches drawn anyhow, nothing checked."""
    made, plan = made_up.deployment, made_up.deployment.description.plan
    found = []
    for i, hospital in enumerate(made_up.hospitals):
        rows = train_batches(number, i, made)
        x, y = hospital.records["x"] * 2.0**-plan.record.frac, hospital.records["y"]
        rate = float(TRAINING.rate) if isinstance(TRAINING.rate, float) else 0.1
        found.append(floats.train(plan.network, plan.loss, model, [(x[r], y[r]) for r in rows], [rate] * len(rows)))
    return {name: np.mean([one[name] for one in found], 0) for name in model}


def train_batches(number: int, hospital: int, made: train.Deployment) -> Any:
    """Batches of a seed of the story's own."""
    order = made.order(bytes([number, hospital]) * 16)
    assert order is not None
    return order


def _plain_accuracy(made_up: Federation, model: Mapping[str, Any], tables: Split) -> float:
    plan = made_up.deployment.description.plan
    records = made_up.schema.encode(dict(tables.test))
    predicted = floats.predictions(plan.network, plan.loss, model, records["x"] * 2.0**-plan.record.frac)
    return float((predicted.argmax(1) == records["y"].argmax(1)).mean())


def _tell(teller: Teller, course: Course) -> None:
    table = Table(box=None, pad_edge=False)
    for column in ("round", "proven", "FedAvg, no proof", "4 proofs", "checks", "verified"):
        table.add_column(column, justify="right")
    for number, told in enumerate(course.rounds, 1):
        table.add_row(
            str(number), f"{told.accuracy:.1%}", f"{told.plain:.1%}", console.duration(told.proving),
            console.duration(told.checking), f"{told.verified} of {hospitals.HOSPITALS}",
        )  # fmt: skip
    if teller.out is not None:
        teller.out.print(table)


def _cheats(teller: Teller, made: train.Deployment, described: Any, folder: Path) -> dict[str, str]:
    teller.title("Somebody cheats")
    folder.mkdir(parents=True, exist_ok=True)
    found = {}
    for refusal in refusals(made, described, folder):
        if refusal.slug not in refusal.expected:
            raise CompilerBug(f"{refusal.text}: expected {refusal.expected}, got {refusal.slug or 'nothing'}")
        found[refusal.text] = refusal.slug
        teller.row(refusal.text, "refused", f"{refusal.slug}: {refusal.why}", mark="[red]✗[/red]")
    honest, false = flipped(made, described, folder)
    note = f"no proof knows the truth: {honest:.1%} becomes {false:.1%}"
    teller.row("It turns all its diagnoses round", "accepted", note, mark="[yellow]![/yellow]")
    found["flipped labels"] = "accepted"
    return found
