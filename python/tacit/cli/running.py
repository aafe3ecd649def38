"""`tacit run` and `tacit evaluate`: what a program answers, and how well, without a proof."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.markup import escape

from tacit import console
from tacit.cli import answers, files
from tacit.cli.options import (
    AnswersOut,
    AnySecret,
    DataSecret,
    DecisionText,
    Json,
    LabelsFile,
    Original,
    PlainWeights,
    ProgramFile,
    SampleInput,
    ShowHidden,
    TestInput,
)
from tacit.errors import InputError

#: Samples that are shown to people.
MOST_SAMPLES = 8


def run(
    program: ProgramFile,
    weights: PlainWeights = None,
    model: AnySecret = None,
    input_: SampleInput = None,
    data: DataSecret = None,
    out: AnswersOut = None,
    show_hidden: ShowHidden = False,
    schema: answers.AnswerSchema = None,
    as_json: Json = False,
) -> None:
    """Run the integer program on one input or many, without proving. Spends nothing."""
    import tacit

    if out is not None:
        if out.suffix.lower() != ".npz":
            raise InputError(
                f"expected a file name that ends in .npz, got {out.name}",
                slug="file",
                place="--out",
                remedy="-o out.npz",
            )
        files.check_output(out, program, weights, model, data, input_, kind="arrays")
    loaded = tacit.Program.load(program)
    words = answers.schema_for(loaded, schema, None)
    values = _values(weights, model)
    secret = None if data is None else tacit.Secret.load(data)
    names = [name for name, port in loaded.inputs.items() if secret is None or port.place != "data"]
    arrays: files.Arrays = {}
    if input_ is not None:
        arrays = files.read_inputs(input_, names)
    start = time.perf_counter()
    with console.busy("running"):
        found = tacit.run(loaded, values, arrays, data=secret, detail=show_hidden)
    result: dict[str, Any] = {"seconds": time.perf_counter() - start}
    shapes = {name: port.shape for name, port in loaded.outputs.items()}
    many = any(found.outputs[name].shape != shape for name, shape in shapes.items())
    if many:
        result["samples"] = len(next(iter(found.outputs.values())))
        result["refused"] = [
            {"sample": i, "slug": error.slug, "where": error.place, "reason": error.reason, **error.details}
            for i, error in found.refused.items()
        ]
    if out is not None:
        files.write_arrays(out, {name: np.asarray(values) for name, values in found.outputs.items()})
        result["out"] = str(out)
    else:
        result["outputs"] = found.outputs
    result |= answers.named(words, found.outputs, of_a_proof=False)
    if as_json:
        console.print_json(result)
        return
    _show(result, loaded, found.outputs, many=many)
    if words is not None:
        answers.show(words, result["predictions"])


def _values(weights: Path | None, model: Path | None) -> Any:
    """The weights, or the secret that holds them; InputError unless it is just one."""
    import tacit

    if model is not None and weights is None:
        return tacit.Secret.load(model)
    if weights is not None and model is None:
        return tacit.Weights.load(weights)
    raise InputError(
        f"expected --weights or --model, got {'neither' if weights is None else 'both'}",
        slug="commitments",
        place="--weights",
        remedy="--weights M.weights, or --model model.secret",
    )


def _show(result: dict[str, Any], program: Any, outputs: Any, *, many: bool) -> None:
    from tacit.api.claims import predicate_of, predicates

    out = console.stdout()
    rows = [("took", console.duration(result["seconds"]))]
    if many:
        rows.append(("samples", console.number(result["samples"])))
        rows.append(("without a proof", console.number(len(result["refused"]))))
        rows += [("the first", _refusal(refused)) for refused in result["refused"][:1]]
    if "out" in result:
        rows.append(("outputs", f"[bold]{escape(result['out'])}[/bold]"))
    elif not many:
        said = predicates(program, outputs)
        for name, values in outputs.items():
            rows.append((f"output {name}", escape(said[name].says) if name in said else console.entries(values)))
    out.print(console.facts(rows))
    if "out" in result or not many:
        return
    shown = min(result["samples"], MOST_SAMPLES)
    table = [[str(i), *(console.entries(values[i]) for values in outputs.values())] for i in range(shown)]
    out.print(console.table(["sample", *(predicate_of(program.outputs[name]) or name for name in outputs)], table))
    if result["samples"] > shown:
        out.print(f"[dim]and {console.number(result['samples'] - shown)} more: -o FILE.npz, or --json[/dim]")


def _refusal(refused: dict[str, Any]) -> str:
    hidden = refused.get("hidden")
    more = f"; hidden: {hidden['where']}: {hidden['reason']}" if hidden else ""
    return escape(console.one_line(f"sample {refused['sample']}: {refused['where']}: {refused['reason']}{more}"))


def evaluate(
    program: ProgramFile,
    input_: TestInput,
    weights: PlainWeights = None,
    model: AnySecret = None,
    labels: LabelsFile = None,
    original: Original = None,
    threshold: DecisionText = None,
    show_hidden: ShowHidden = False,
    as_json: Json = False,
) -> None:
    """Say how good the integer program is on a test set: against labels, against its original. Spends nothing."""
    import tacit

    loaded = tacit.Program.load(program)
    values = _values(weights, model)
    names = list(loaded.outputs)
    arrays = files.read_inputs(input_, files.input_names(loaded))
    start = time.perf_counter()
    with console.busy("evaluating"):
        found = tacit.evaluate(
            loaded,
            values,
            arrays,
            None if labels is None else files.read_labels(labels),
            original=None if original is None else str(original),
            threshold=None if threshold is None else files.read_threshold(threshold, names),
            detail=show_hidden,
        )
    seconds = time.perf_counter() - start
    if as_json:
        console.print_json({**console.plain(found), "seconds": seconds})
        return
    out = console.stdout()
    rows = [
        ("took", console.duration(seconds)),
        ("samples", console.number(found.samples)),
        ("without a proof", console.number(found.refused)),
    ]
    if found.reason is not None:
        rows.append(("the first", escape(console.one_line(found.reason))))
    out.print(console.facts(rows))
    for name, scores in found.outputs.items():
        if lines := scores.rows():
            out.print()
            out.print(console.table([name, "program", "original"], lines))
