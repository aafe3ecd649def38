"""`tacit demo`: a clinic proves what its committed network says of a record that a hospital committed to, and forgeries fail.

Everything happens here and now: two networks are trained on data that scikit-learn ships, exported to ONNX, compiled,
committed to, and proven. The verifier's refusals are checked: one that is missing ends the demo with a bug's exit code.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule

from tacit import console
from tacit.demo import forgery, models

if TYPE_CHECKING:
    from tacit import Program, Secret, Weights
    from tacit.api.results import Proof, Statement

#: What the verifier's reasons mean in this story.
REASONS = {
    "grinding": "its work was done for another statement",
    "merkle": "the opened values are not the committed ones",
    "program": "it is a proof about another program",
    "final_claim": "what it says is not true",
    "commitments": "it is about another record than the hospital's",
}

#: In front of what somebody learns.
ARROW = "[cyan]→[/cyan]"


@dataclass
class Teller:
    """Tells the story on a console (or nobody) and keeps its figures."""

    out: Console | None
    figures: dict[str, Any] = field(default_factory=dict)

    def title(self, text: str) -> None:
        if self.out is not None:
            self.out.print()
            self.out.print(Rule(f"[bold]{escape(text)}[/bold]", align="left"), width=min(self.out.width, 100))

    def say(self, text: str) -> None:
        if self.out is not None:
            self.out.print(text)

    @contextmanager
    def step(self, key: str, text: str) -> Iterator[list[str]]:
        """Time the body under `key`; what it appends to the list is told beside the step's text."""
        notes: list[str] = []
        start = time.perf_counter()
        with console.busy(text, tell_end=False):
            yield notes
        seconds = time.perf_counter() - start
        self.figures[f"{key}_seconds"] = seconds
        self.row(text, console.duration(seconds), "; ".join(notes))

    def row(self, text: str, figure: str, note: str = "", mark: str = "[green]✓[/green]") -> None:
        self.say(f"{mark} {escape(text):<44} [bold]{figure:>10}[/bold]   [dim]{escape(note)}[/dim]")


def run(*, quiet: bool = False) -> dict[str, Any]:
    """Run both stories; the figures of each: seconds, bytes, answers, refusals.

    Raises MissingDependency without scikit-learn and skl2onnx.
    """
    out = None if quiet else console.stdout()
    with tempfile.TemporaryDirectory(prefix="tacit-demo-") as folder:
        result = {"clinic": _clinic(Teller(out), Path(folder)), "digits": _digits(Teller(out), Path(folder))}
    if out is not None:
        out.print("\nAll of it was computed just now; run it again and every proof has other bytes.")
    return result


# --- the clinic -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Deployed:
    """What the clinic and the hospital have published, and what they keep: model and record are its secrets."""

    file: Path
    trained: models.Trained
    program: Program
    weights: Weights
    model: Secret
    record: Secret
    nonce: bytes

    def verify(self, proof: Proof | bytes, **others: Any) -> Statement:
        """As the insurer does, with what it holds; `others` in place of some of it."""
        import tacit

        held = {"model": self.model.commitment, "data": self.record.commitment, "context": self.nonce}
        return tacit.verify(others.pop("program", self.program), proof, **{**held, **others})


def _clinic(tell: Teller, folder: Path) -> dict[str, Any]:
    tell.title("A hospital, a patient, a clinic, an insurer")
    tell.say(
        "The hospital measured the patient and published a commitment to her record. The clinic keeps its model.\n"
        "The insurer holds both commitments, from those who made them, and learns one bit: malignant or not.\n"
    )
    deployed = _deploy(tell, folder)
    trained, patient = deployed.trained, _first(deployed.trained, malignant=True)
    proof = _prove(tell, deployed)
    content = proof.to_bytes()
    with tell.step("verify", "the insurer verifies") as notes:
        statement = deployed.verify(proof)
        notes.append(f"proof of {console.size(len(content))}")
    answer = _only(statement.integers)
    truth = _word(int(trained.labels[patient]))
    tell.row("what the insurer learns", _word(answer), f"the biopsy said {truth}", mark=ARROW)
    tell.row("of which record", "hers", _whose(statement, deployed), mark=ARROW)
    tell.figures.update(bytes=len(content), answer=_word(answer), truth=truth, accuracy=trained.accuracy)
    tell.say("\nWhat a cheat would try, each with the file's names and checksum made right again:")
    attempts = _forgeries(deployed, content, answer)
    tell.figures["refusals"] = {name: _refused(tell, name, attempt) for name, attempt in attempts.items()}
    _another_record(tell, deployed)
    return tell.figures


def _deploy(tell: Teller, folder: Path) -> Deployed:
    """Train, compile, and both commitments: the clinic's to its model, the hospital's to the record."""
    import tacit

    with tell.step("train", "train a network, 30-64-32-1") as notes:
        trained = models.clinic()
        notes.append(f"{100 * trained.accuracy:.1f} % of {len(trained.labels)} unseen patients right")
    file = folder / "clinic.onnx"
    file.write_bytes(trained.onnx)
    with tell.step("compile", "compile it to integers") as notes:
        program, weights = tacit.compile(
            str(file),
            calibration={"x": trained.calibration},
            input="committed",
            threshold=("malignant", 0, 0.5),
        )
        notes.append("public: architecture and scales; the answer is p(malignant) >= 0.5")
    with tell.step("commit", "the clinic commits to the weights, once") as notes:
        model = tacit.commit_model(program, weights)
        notes.append(f"good for {model.remaining} proofs")
    with tell.step("commit_record", "the hospital commits to the record") as notes:
        record = tacit.commit_data(program, _record(trained, malignant=True))
        notes.append(f"published: {record.commitment.identity[:16]}..")
    return Deployed(file, trained, program, weights, model, record, os.urandom(16))


def _prove(tell: Teller, deployed: Deployed) -> Proof:
    import tacit

    with tell.step("prove", "prove the answer for this record") as notes:
        proof = tacit.prove(deployed.program, deployed.model, data=deployed.record, context=deployed.nonce)
        notes.append("her 30 measurements and the 4,097 weights stay hidden")
    return proof


def _first(trained: models.Trained, *, malignant: bool) -> int:
    """The first unseen patient with this biopsy."""
    return int(np.flatnonzero(trained.labels == int(malignant))[0])


def _record(trained: models.Trained, *, malignant: bool) -> dict[str, Any]:
    patient = _first(trained, malignant=malignant)
    return {"x": trained.unseen[patient : patient + 1]}


def _word(answer: int) -> str:
    return "malignant" if answer else "benign"


def _whose(statement: Statement, deployed: Deployed) -> str:
    """What the statement says of the record, if it is the hospital's; anything else is a bug."""
    claim = statement.input_claims["x"]
    if (claim.kind, claim.identity) != ("committed", deployed.record.commitment.identity):
        raise RuntimeError(f"the statement is about another record: {claim.says}")
    return f"the one that the hospital committed to, {deployed.record.commitment.identity[:16]}.."


def _forgeries(deployed: Deployed, content: bytes, answer: int) -> dict[str, Callable[[], Any]]:
    """Ways to make another statement of one proof."""
    import tacit

    calibration = {"x": deployed.trained.calibration}
    program, record = deployed.program, deployed.record.commitment
    other_program, _ = tacit.compile(
        str(deployed.file), calibration=calibration, input="committed", threshold=("malignant", 0, 0.6)
    )
    other = tacit.commit_model(program, _other_model(deployed.weights)).commitment
    return {
        "one bit of the proof changed": lambda: deployed.verify(forgery.changed_byte(content)),
        "the answer turned round": lambda: deployed.verify(forgery.changed_answer(content, 1 - answer)),
        "another model, one weight off by one": lambda: deployed.verify(
            forgery.renamed(content, program, other, record), model=other
        ),
        "another threshold, 0.6": lambda: deployed.verify(
            forgery.renamed(content, other_program, deployed.model.commitment, record), program=other_program
        ),
        "replayed for another request": lambda: deployed.verify(content, context=os.urandom(16)),
    }


def _another_record(tell: Teller, deployed: Deployed) -> None:
    """The patient brings a healthy stranger's record, and commits to it herself: a true proof, but not about her."""
    import tacit

    tell.say("\nAnd the patient, who would rather be found healthy, brings a stranger's record:")
    stranger = tacit.commit_data(deployed.program, _record(deployed.trained, malignant=False))
    proof = tacit.prove(deployed.program, deployed.model, data=stranger, context=deployed.nonce)
    renamed = forgery.renamed(proof.to_bytes(), deployed.program, deployed.model.commitment, deployed.record.commitment)
    attempts: dict[str, Callable[[], Any]] = {
        "under a commitment of her own": lambda: deployed.verify(proof),
        "the same, with the hospital's name on it": lambda: deployed.verify(renamed),
    }
    tell.figures["other_record"] = {name: _refused(tell, name, attempt) for name, attempt in attempts.items()}
    fooled = deployed.verify(proof, data=stranger.commitment)
    found = _word(_only(fooled.integers))
    tell.figures["trusting_the_prover"] = found
    tell.row("an insurer who takes her commitment", found, "true, of the stranger", mark="[yellow]![/yellow]")
    tell.say(
        "A committed input is as good as the way its commitment came: take it from whoever measured, not from whoever\n"
        "proves. With input=private there is none: then a proof says that some record gives this answer."
    )


def _other_model(weights: Any) -> Any:
    """The weights with one integer changed by one: as near to the committed model as another one can be."""
    name, values = next(iter(weights.tensors.items()))
    changed = np.array(values)
    cell = changed.reshape(-1)
    cell[0] += -1 if cell[0] > 0 else 1
    return dataclasses.replace(weights, tensors={**weights.tensors, name: changed})


def _refused(tell: Teller, name: str, attempt: Callable[[], Any]) -> str:
    """The slug of the refusal; an accepted forgery is a bug and ends everything."""
    from tacit.errors import InvalidProof

    try:
        attempt()
    except InvalidProof as refusal:
        words = REASONS.get(refusal.slug, refusal.reason)
        tell.row(name, "refused", f"{words} [{refusal.slug}]", mark="[red]✗[/red]")
        return refusal.slug
    raise RuntimeError(f"the verifier accepted a forgery: {name}")


def _only(integers: Mapping[str, Any]) -> int:
    """The one integer of a statement with a single output."""
    (values,) = integers.values()
    return int(np.asarray(values).reshape(-1)[0])


# --- handwriting ------------------------------------------------------------------------------------------------------


def _digits(tell: Teller, folder: Path) -> dict[str, Any]:
    import tacit

    tell.title("A convolutional network reads a digit that nobody sees")
    with tell.step("train", "train a network on 8 x 8 images") as notes:
        trained = models.digits()
        notes.append(f"{100 * trained.accuracy:.1f} % of {len(trained.labels)} unseen images right")
    file = folder / "digits.onnx"
    file.write_bytes(trained.onnx)
    with tell.step("compile", "compile it to integers"):
        program, weights = tacit.compile(str(file), calibration={"x": trained.calibration})
    with tell.step("commit", "commit to the weights, once"):
        model = tacit.commit_model(program, weights)
    image = {"x": trained.unseen[:1]}
    with tell.step("prove", "prove the ten scores of one image"):
        proof = tacit.prove(program, model, image, context=b"digits")
    with tell.step("verify", "verify") as notes:
        statement = tacit.verify(program, proof, model=model.commitment, context=b"digits")
        notes.append(f"proof of {console.size(len(proof.to_bytes()))}")
    (scores,) = statement.outputs.values()
    read = int(np.argmax(np.asarray(scores).reshape(-1)))
    tell.row("the digit with the highest score", str(read), f"it is a {trained.labels[0]}", mark=ARROW)
    tell.row("of which image", "some image", "its owner committed to none: whoever proves may choose it", mark=ARROW)
    tell.figures["image"] = statement.input_claims["x"].kind
    tell.figures.update(
        bytes=len(proof.to_bytes()), answer=read, truth=int(trained.labels[0]), accuracy=trained.accuracy
    )
    return tell.figures
