"""`tacit compile`: a model becomes a public program and private integers."""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import ActivationBits, InputBits, Json, OutputBits, WeightBits


class Weights(str, Enum):
    """Who may see the weights."""

    private = "private"
    public = "public"


class Input(str, Enum):
    """Who may see the input; a committed one is proven against its owner's published commitment."""

    private = "private"
    committed = "committed"
    public = "public"


class Outputs(str, Enum):
    """Who learns the answer; a committed one is in a commitment that is made along with each proof."""

    public = "public"
    committed = "committed"


class Aim(str, Enum):
    """What the code's rate trades for what."""

    time = "time"
    balanced = "balanced"
    size = "size"


def compile_model(
    model: Annotated[Path, typer.Argument(metavar="M.onnx", help="The network.", show_default=False)],
    calibration: Annotated[
        Path,
        typer.Option(
            "--calibration", metavar="X.npz", help="Typical inputs; ranges come from them.", show_default=False
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="M.tacit", help="The public program.", show_default=False)
    ] = None,
    batch: Annotated[int, typer.Option(min=1, help="Inputs per proof.")] = 1,
    headroom: Annotated[
        float | None,
        typer.Option(help="How far values may exceed the calibrated ranges, as a factor.", show_default=False),
    ] = None,
    activation_bits: ActivationBits = None,
    weight_bits: WeightBits = 16,
    input_bits: InputBits = None,
    output_bits: OutputBits = 16,
    weights: Annotated[Weights, typer.Option(help="Who may see the weights.")] = Weights.private,
    input_: Annotated[Input, typer.Option("--input", help="Who may see the input.")] = Input.private,
    outputs: Annotated[Outputs, typer.Option(help="Publish the outputs, or a commitment to them.")] = Outputs.public,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="[OUTPUT[INDEX]>=]VALUE",
            help="Publish only whether an output's entry reaches a value: 0.5, or 'scores[3]>=0.5'.",
            show_default=False,
        ),
    ] = None,
    proofs: Annotated[int, typer.Option(min=1, help="Proofs that one commitment is made for.")] = 64,
    security: Annotated[int, typer.Option(help="Proven security in bits: 128 or 100.")] = 128,
    optimize: Annotated[Aim, typer.Option(help="Prover time against proof size.")] = Aim.balanced,
    as_json: Json = False,
) -> None:
    """Compile an ONNX model to a public program (M.tacit) and its private integers (M.weights).

    Prints how the integer program compares with the float model on the calibration inputs, and what a proof will cost.
    """
    import tacit
    from tacit.quantize import Options

    target = out if out is not None else model.with_suffix(".tacit")
    arrays = files.calibration_arrays(files.read_arrays(calibration), model, place=str(calibration))
    bound = None if threshold is None else files.read_threshold(threshold, model)
    precision = Options(
        activation_bits=activation_bits, weight_bits=weight_bits, input_bits=input_bits, output_bits=output_bits
    )
    start = time.perf_counter()
    with console.busy(f"compiling {model.name}"):
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
            options=precision,
        )
    seconds = time.perf_counter() - start
    weights_file = files.beside(target, ".weights")
    program.save(target)
    integers.save(weights_file)
    result = {
        "program": str(target),
        "weights": str(weights_file),
        "digest": console.plain(program.digest),
        "seconds": seconds,
        "report": console.plain(program.report),
        "estimate": console.plain(program.estimate),
    }
    if as_json:
        console.print_json(result)
    else:
        _show(result)


def _show(result: dict[str, Any]) -> None:
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
    report = dict(result["report"])
    noise = report.pop("noise", None)
    if noise:
        worst = min(noise, key=noise.__getitem__)
        report["noisiest layer"] = f"{worst}, signal {noise[worst]:.0f} dB above the rounding noise"
    outputs = report.pop("outputs", {})
    report["outputs"] = [{"output": name, **errors} for name, errors in outputs.items()]
    for title, data in (
        ("against the float model, on the calibration inputs", report),
        ("a proof, expected on two cores", result["estimate"]),
    ):
        out.print(f"\n[bold]{title}[/bold]")
        console.show(data, depth=1)
