"""`tacit compile`: a model becomes a public program and private integers."""

from __future__ import annotations

import time
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from tacit import console
from tacit.cli import chart as charts
from tacit.cli import files
from tacit.cli.options import (
    ActivationBits,
    Aim,
    ArchitectureOnly,
    Batch,
    Beyond,
    Calibration,
    CompiledProofs,
    Headroom,
    Input,
    InputBits,
    InputSeen,
    Json,
    MaxError,
    ModelFile,
    Optimize,
    OutputBits,
    Outputs,
    OutputsSeen,
    Overflow,
    ProgramOut,
    Ranges,
    ReportOut,
    Target,
    ThresholdText,
    WeightBits,
    Weights,
    WeightsSeen,
)
from tacit.errors import AccuracyWarning, InputError

if TYPE_CHECKING:
    from tacit.compiler.accuracy import Report


def compile_model(
    model: ModelFile,
    calibration: Calibration,
    out: ProgramOut = None,
    batch: Batch = 1,
    headroom: Headroom = None,
    activation_bits: ActivationBits = None,
    weight_bits: WeightBits = None,
    input_bits: InputBits = None,
    output_bits: OutputBits = 16,
    weights: WeightsSeen = Weights.private,
    input_: InputSeen = Input.private,
    outputs: OutputsSeen = Outputs.public,
    threshold: ThresholdText = None,
    proofs: CompiledProofs = 64,
    security: Target = 128,
    optimize: Optimize = Aim.balanced,
    max_error: MaxError = 0.05,
    overflow: Overflow = Beyond.total,
    ranges: Ranges = None,
    architecture_only: ArchitectureOnly = False,
    report: ReportOut = None,
    as_json: Json = False,
) -> None:
    """Compile an ONNX model to a public program (M.tacit) and its private integers (M.weights).

    Prints how the integer program compares with the float model on the calibration inputs, and what a proof will cost.
    """
    import tacit
    from tacit.api.cost import costly
    from tacit.quantize import Options

    target = files.beside(model.with_suffix("") if model.name else model, ".tacit") if out is None else out
    weights_file = _check_outputs(target, report, model, calibration)
    arrays = files.calibration_arrays(calibration, model)
    bound = None if threshold is None else files.read_threshold(threshold, model)
    precision = Options(
        activation_bits=activation_bits, weight_bits=weight_bits, input_bits=input_bits, output_bits=output_bits
    )
    start = time.perf_counter()
    with console.busy(f"compiling {model.name}"), warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", AccuracyWarning)
        program, integers = tacit.compile(
            str(model),
            calibration=arrays,
            batch=batch,
            headroom=headroom,
            weights=weights.value,
            input=input_.value,
            outputs=outputs.value,
            threshold=bound,
            proofs=proofs,
            security=security,
            optimize=optimize.value,
            max_error=max_error,
            overflow=overflow.value,
            ranges=files.read_ranges(ranges, model) if ranges else None,
            options=precision,
            architecture_only=architecture_only,
        )
    for warning in warned:
        console.stderr().print(f"[yellow]warning[/yellow]: {escape(console.one_line(str(warning.message)))}")
    console.note(costly(program))
    result = _save(program, integers, (target, weights_file), report, seconds=time.perf_counter() - start)
    if as_json:
        console.print_json(result)
    else:
        _show(result, program.report)


def _check_outputs(target: Path, report: Path | None, *inputs: Path) -> Path:
    """Where the weights go; all files can be written and replace nothing but their like, or InputError."""
    weights_file = files.beside(target, ".weights")
    if weights_file == target:
        raise InputError(
            "the weights go there", slug="exists", place=str(target), remedy="-o names the program: M.tacit"
        )
    if report is not None:
        charts.check(files.check_output(report, *inputs), ".json", option="--report")
    files.check_distinct(target, weights_file, report)
    files.check_output(target, *inputs, kind="program")
    return files.check_output(weights_file, *inputs, kind="weights")


def _save(
    program: Any, integers: Any, output_files: tuple[Path, Path], report: Path | None, *, seconds: float
) -> dict[str, Any]:
    """Write the files; what there is to say about them."""
    target, weights_file = output_files
    program.save(target)
    integers.save(weights_file)
    if report is not None:
        charts.save_report(program.report, report)
    return {
        "program": str(target),
        "weights": str(weights_file),
        "digest": console.plain(program.digest),
        "seconds": seconds,
        "report": console.plain(program.report),
        "estimate": console.plain(program.estimate),
    }


def _show(result: dict[str, Any], report: Report | None) -> None:
    out = console.stdout()
    out.print(
        console.facts(
            [
                ("publish", f"[bold]{escape(result['program'])}[/bold], digest {result['digest'][:16]}..."),
                ("keep", f"[bold]{escape(result['weights'])}[/bold]"),
                ("took", console.duration(result["seconds"])),
            ]
        )
    )
    shown: dict[str, Any] = {}
    if report is not None:
        shown = {name: getattr(report, name) for name in ("samples", "refused", "top1", "against")}
        shown |= {"notes": report.notes} if report.notes else {}
        shown |= {"beyond the samples": report.overflow()} if report.ways else {}
        shown |= {"noisiest layer": report.noisiest} if report.noise else {}
        unsure = any(error.unsure for error in report.outputs.values())
        columns = ["largest", "mean", "relative", "mean_relative", *(["unsure", "decided"] if unsure else [])]
        rows = [{"output": name, **asdict(error)} for name, error in report.outputs.items()]
        shown["outputs"] = [{column: row[column] for column in ("output", *columns)} for row in rows]
    estimate = dict(result["estimate"])
    commitments = [{"to": name, **cost} for name, cost in estimate.pop("commitments").items()]
    for title, data in (
        ("against the float model, on the calibration inputs", shown),
        ("a proof, expected on two cores", estimate),
        ("once, expected on two cores", {"commitments": commitments}),
    ):
        out.print(f"\n[bold]{title}[/bold]")
        console.show(data, depth=1)
