"""`tacit check`, and the table of a program's layers that other commands print."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import Json, ProgramFile

#: Layers that are shown beside other things; `tacit check` shows all.
MOST_LAYERS = 24

#: What --deep says.
DETERMINED = {
    "unique": "[bold green]deep: one output for given inputs and weights, whatever a prover does[/bold green]",
    "undecided": "[bold yellow]deep: undecided: the time was up (--seconds)[/bold yellow]",
    "out of reach": "[bold yellow]deep: out of reach: the program is too large for this search[/bold yellow]",
}

FloatModel = Annotated[
    Path | None,
    typer.Option("--model", metavar="M.onnx", help="Compare with this network, too, whatever its weights are."),
]
Samples = Annotated[
    Path | None,
    typer.Option(
        "--calibration",
        metavar="X.npz",
        help="Inputs for --model (.npz, .npy, .csv, .json); drawn from the program's ranges, if not given.",
    ),
]


def check(
    program: ProgramFile,
    model: FloatModel = None,
    calibration: Samples = None,
    batch: Annotated[int, typer.Option(min=1, help="Inputs per proof, as it was compiled.")] = 1,
    deep: Annotated[
        bool, typer.Option("--deep", help="Search a small program for two answers to the same inputs and weights.")
    ] = False,
    seconds: Annotated[float, typer.Option(min=1, help="How long --deep may search.")] = 60.0,
    as_json: Json = False,
) -> None:
    """Find out which layers a program computes. Exit code 0: exactly these. Exit code 1: others, or it says none.

    A proof is about a program, and its maker may be its prover: check it, or compile the model yourself.
    """
    import tacit

    loaded = tacit.Program.load(program)
    start = time.perf_counter()
    with console.busy("checking"):
        samples = None
        if model is not None and calibration is not None:
            samples = files.calibration_arrays(calibration, model)
        found = loaded.check(
            model=None if model is None else str(model),
            calibration=samples,
            batch=batch,
            deep=deep,
            seconds=seconds,
        )
    seconds = time.perf_counter() - start
    if as_json:
        compared = {} if model is None else {"model": str(model)}
        console.print_json({"program": loaded.digest, **found.as_dict(), **compared, "seconds": seconds})
        return
    show(found.as_dict(), most=None)
    if model is not None:
        console.stdout().print(
            escape(f"{model} has these layers, too; weights, factors, constants and clips were not compared")
        )
    if found.determined is not None:
        console.stdout().print(DETERMINED[found.determined])


def show(architecture: Mapping[str, Any], *, most: int | None = MOST_LAYERS) -> None:
    """The layers as a table, what each operator computes, and whether that was checked."""
    out = console.stdout()
    layers = architecture.get("layers", [])
    shown = layers[:most]
    rows = [
        (
            escape(console.one_line(layer["name"])),
            layer["operator"],
            escape(console.one_line(", ".join(layer["reads"]))),
            "x".join(map(str, layer["shape"])) or "1",
            console.number(layer["parameters"]) if layer["parameters"] else "",
            escape(console.one_line(layer["numbers"])),
        )
        for layer in (*architecture.get("given", []), *shown, *architecture.get("results", []))
    ]
    if rows:
        out.print(console.table(["layer", "operator", "reads", "shape", "parameters", "public in it"], rows))
    if len(layers) > len(shown):
        left = len(layers) - len(shown)
        out.print(f"[dim]and {console.number(left)} more layers before the outputs: tacit check[/dim]")
    if most is None:
        out.print(console.facts([(name, escape(says)) for name, says in architecture.get("operators", {}).items()]))
    style = "bold green" if architecture["architecture"] == "checked" else "bold yellow"
    out.print(f"[{style}]{escape(architecture['verdict'])}[/{style}]")
