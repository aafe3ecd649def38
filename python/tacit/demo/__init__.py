"""`tacit demo`: a clinic proves what its committed network says of a patient whom nobody sees, and forgeries fail.

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
from typing import Any

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule

from tacit import console
from tacit.demo import forgery, models

#: What the verifier's reasons mean in this story.
REASONS = {
    "grinding": "its work was done for another statement",
    "merkle": "the opened values are not the committed ones",
    "program": "it is a proof about another program",
    "final_claim": "what it says is not true",
}


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


def _clinic(tell: Teller, folder: Path) -> dict[str, Any]:
    import tacit

    tell.title("A clinic, a patient, an insurer")
    tell.say(
        "The clinic keeps its model, the patient keeps her record, the insurer learns one bit: malignant or not.\n"
    )
    with tell.step("train", "train a network, 30-64-32-1") as notes:
        trained = models.clinic()
        notes.append(f"{100 * trained.accuracy:.1f} % of {len(trained.labels)} unseen patients right")
    file = folder / "clinic.onnx"
    file.write_bytes(trained.onnx)
    with tell.step("compile", "compile it to integers") as notes:
        program, weights = tacit.compile(
            str(file), calibration={"x": trained.calibration}, threshold=("malignant", 0, 0.5)
        )
        notes.append("public: architecture and scales; the answer is p(malignant) >= 0.5")
    with tell.step("commit", "commit to the weights, once") as notes:
        model = tacit.commit_model(program, weights)
        notes.append(f"good for {model.remaining} proofs")
    patient = int(np.flatnonzero(trained.labels == 1)[0])
    record = {"x": trained.unseen[patient : patient + 1]}
    nonce = os.urandom(16)
    with tell.step("prove", "prove the answer for one patient") as notes:
        proof = tacit.prove(program, model, record, context=nonce)
        notes.append("her 30 measurements and the 4,097 weights stay hidden")
    content = proof.to_bytes()
    with tell.step("verify", "the insurer verifies") as notes:
        statement = tacit.verify(program, proof, model=model.commitment, context=nonce)
        notes.append(f"proof of {console.size(len(content))}")
    answer = _only(statement.integers)
    verdict = "malignant" if answer else "benign"
    truth = "malignant" if trained.labels[patient] else "benign"
    tell.row("what the insurer learns", verdict, f"the biopsy said {truth}", mark="[cyan]→[/cyan]")
    tell.figures.update(bytes=len(content), answer=verdict, truth=truth, accuracy=trained.accuracy)

    other_program, _ = tacit.compile(str(file), calibration={"x": trained.calibration}, threshold=("malignant", 0, 0.6))
    other = tacit.commit_model(program, _other_model(weights)).commitment
    tell.say("\nWhat a cheat would try, each with the file's names and checksum made right again:")
    attempts: dict[str, Callable[[], Any]] = {
        "one bit of the proof changed": lambda: tacit.verify(
            program, forgery.changed_byte(content), model=model.commitment, context=nonce
        ),
        "the answer turned round": lambda: tacit.verify(
            program, forgery.changed_answer(content, 1 - answer), model=model.commitment, context=nonce
        ),
        "another model, one weight off by one": lambda: tacit.verify(
            program, forgery.renamed(content, program, other), model=other, context=nonce
        ),
        "another threshold, 0.6": lambda: tacit.verify(
            other_program,
            forgery.renamed(content, other_program, model.commitment),
            model=model.commitment,
            context=nonce,
        ),
        "replayed for another request": lambda: tacit.verify(
            program, proof, model=model.commitment, context=os.urandom(16)
        ),
    }
    tell.figures["refusals"] = {name: _refused(tell, name, attempt) for name, attempt in attempts.items()}
    return tell.figures


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
    tell.row("the digit with the highest score", str(read), f"it is a {trained.labels[0]}", mark="[cyan]→[/cyan]")
    tell.figures.update(
        bytes=len(proof.to_bytes()), answer=read, truth=int(trained.labels[0]), accuracy=trained.accuracy
    )
    return tell.figures
