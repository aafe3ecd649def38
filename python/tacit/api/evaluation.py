"""How good a program is on a test set: against the model it was made from, and against labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tacit.api.objects import Array, Port, Program, Weights
from tacit.api.parameters import by_name, check, check_names
from tacit.api.running import as_array, run_samples, runner_of
from tacit.api.scores import Decision, Judge, Labels, OutputScores
from tacit.api.secret import Secret
from tacit.errors import InputError, TacitError
from tacit.progress import slow


@dataclass(frozen=True)
class Evaluation:
    """A program on a test set; `print` shows it as a table.

    `samples`: how many there are; `refused`: how many of them have no proof, `reason`: why the first has none. The scores in
    `outputs`, by output name, are over the others, also those of the original model.
    """

    samples: int
    refused: int
    reason: str | None
    outputs: Mapping[str, OutputScores]

    def __str__(self) -> str:
        lines = [f"{self.samples} samples, {self.refused} without a proof"]
        if self.reason is not None:
            lines.append(f"the first: {self.reason}")
        for name, scores in self.outputs.items():
            if not (rows := scores.rows()):
                continue
            table = [(name, "program", "original"), *rows]
            first, second = (max(len(row[i]) for row in table) for i in (0, 1))
            lines += ["", *(f"{a:<{first}}  {b:>{second}}  {c:>10}".rstrip() for a, b, c in table)]
        return "\n".join(lines)


def evaluate(
    program: Program,
    model: Weights | Secret,
    x: Mapping[str, Array] | Array,
    y: Mapping[str, Any] | Any = None,
    *,
    original: Any = None,
    threshold: Any = None,
    detail: bool = False,
) -> Evaluation:
    """Run the program on a test set (as `tacit.run`: nothing is proven or spent) and say how good it is.

    `x`: samples (n, d..) by input name, or one array; committed inputs, too. A program of batch b gets b at a time, the last
    ones filled up; a sample without a proof takes the others of its batch along.
    `y`: labels, one array or by output name. Classes (n,) for scores (n, k) or for an output of labels; 0 and 1 for a
    threshold; values in the output's own shape otherwise.
    `original`: the model, as `tacit.compile` takes it; onnxruntime runs it, for the errors and the share of equal answers.
    A fitted classifier also tells the names of the classes in `y`.
    `threshold` = (output, index, value), as for `tacit.compile`: what a published bit says of the original. Of a program that
    publishes the output itself, both are scored by that decision.
    `detail`: the reason names the hidden value that leaves its range, which tells of the weights.
    Raises InputError, ModelError.
    """
    check("detail", detail, bool)
    runner = runner_of(program, model, detail=detail)
    ports = list(program.inputs.values())
    named = by_name("x", x, ports)
    check_names(named, ports)
    batch = _batch(program)
    arrays, samples = _proofs(ports, named, batch)
    classes = getattr(original, "classes_", None)
    labels = Labels.of(y, samples, list(program.outputs), classes)
    decision = None if threshold is None else Decision.of(threshold, program)
    judge = Judge(labels, decision, 2 if batch is None else 1)
    proofs = len(next(iter(arrays.values())))
    with slow("evaluating"):
        found = run_samples(program, runner, arrays, proofs, detail=detail)
        kept = np.array([i for i in range(proofs) if i not in found.refused], dtype=np.int64)
        wanted = {} if original is None else _originals(original, program, arrays, kept, batch)
    each = 1 if batch is None else batch
    rows = (kept[:, None] * each + np.arange(each)).reshape(-1)
    real = rows < samples  # what fills up the last batch is no sample

    def by_sample(values: Array) -> Array:
        return (values if batch is None else values.reshape(-1, *values.shape[2:]))[real]

    outputs = {}
    for name, port in program.outputs.items():
        want = by_sample(wanted[name]) if name in wanted else None
        outputs[name] = judge.score(port, by_sample(found.outputs[name][kept]), want, rows[real])
    answered = int(real.sum())
    if answered:
        labels.check_used(outputs)
    reason = next((f"sample {i * each}: {_told(error)}" for i, error in found.refused.items()), None)
    return Evaluation(samples, samples - answered, reason, outputs)


def _told(error: TacitError) -> str:
    """What an error says, and what it holds of hidden values, where that was asked for."""
    hidden = error.details.get("hidden")
    return f"{error}; hidden: {hidden['where']}: {hidden['reason']}" if hidden else str(error)


def _batch(program: Program) -> int | None:
    """The first extent of every input and output; None if they do not have the same, so that a sample is what a proof takes."""
    extents = {port.shape[:1] for port in (*program.inputs.values(), *program.outputs.values())}
    first = extents.pop()
    return first[0] if first and not extents else None


def _proofs(ports: list[Port], named: Mapping[str, Any], batch: int | None) -> tuple[dict[str, Array], int]:
    """Inputs as (proofs, *shape), the last sample repeated where a batch is not full; and how many samples there are."""
    flat = {}
    for port in ports:
        array = as_array(port, named[port.name])
        whole = array.ndim == len(port.shape) + 1 and array.shape[1:] == port.shape
        if batch is not None and whole:
            array = array.reshape(-1, *port.shape[1:])
        elif not whole and (batch is None or array.ndim != len(port.shape) or array.shape[1:] != port.shape[1:]):
            shape = port.shape if batch is None else port.shape[1:]
            raise InputError(
                f"expected samples (n, {', '.join(map(str, shape))}), got {array.shape}", slug="shape", place=port.name
            )
        flat[port.name] = array
    counts = {name: len(array) for name, array in flat.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        each = ", ".join(f"{n} of {name}" for name, n in counts.items()) or "none"
        raise InputError(f"expected as many samples of each input, got {each}", slug="shape", place="x")
    samples = next(iter(counts.values()))
    if batch is None:
        return flat, samples
    # The last sample fills up the last batch: it has a proof or none already.
    order = np.minimum(np.arange(-(-samples // batch) * batch), samples - 1)
    return {port.name: flat[port.name][order].reshape(-1, *port.shape) for port in ports}, samples


def _originals(
    model: Any, program: Program, arrays: Mapping[str, Array], kept: Array, batch: int | None
) -> dict[str, Array]:
    """What the original model gives for these proofs, by output name: (len(kept), ..). Raises InputError, ModelError."""
    # Here, so that running without an original loads no importer.
    from tacit.importers import origin_of
    from tacit.importers.original import Original

    example = {n: a[0].astype(np.float32) if a.dtype.kind == "f" else a[0] for n, a in arrays.items()}  # for torch
    original_model = Original(origin_of(model, batch=batch or 1, example=example))
    missing = [f"input {name}" for name in arrays if name not in original_model.shapes]
    missing += [f"output {name}" for name in program.outputs if name not in original_model.outputs]
    if missing:
        raise InputError(f"the model has no {', '.join(missing)}", slug="original", place="original")
    unread = {name: np.zeros(shape) for name, shape in original_model.shapes.items() if name not in arrays}
    runs = [original_model.run({**unread, **{name: array[i] for name, array in arrays.items()}}) for i in kept]
    found = {name: np.stack([run[name] for run in runs]) for name in program.outputs} if runs else {}
    for name, values in found.items():
        if batch is not None and values.shape[1:2] != (batch,):
            raise InputError(
                f"expected an original whose output has {batch} rows for {batch} inputs, got shape {values.shape[1:]}",
                slug="original",
                place=name,
            )
    return found
