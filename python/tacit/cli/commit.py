"""`tacit commit model|data|rotate`: long-lived commitments, each a public file and a secret one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import Json, ProgramFile, WeightsFile

app = typer.Typer(help="Commit to a model or to data, once; proofs then refer to it.")

Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="NAME", help="NAME.commitment is public, NAME.secret stays here."),
]
Proofs = Annotated[int | None, typer.Option(min=1, help="Proofs to make it for; as compiled, if not given.")]

Children = Annotated[
    int,
    typer.Option(
        min=0, max=65535, help="Make a master for so many children (tacit commit rotate); they make the proofs."
    ),
]


@app.command("model")
def commit_model(
    program: ProgramFile,
    weights: WeightsFile,
    out: Out = Path("model"),
    proofs: Proofs = None,
    children: Children = 0,
    as_json: Json = False,
) -> None:
    """Commit to the weights. The commitment carries a proof that they lie in the program's intervals."""
    import tacit

    output_files = files.fresh_pair(out)
    loaded = tacit.Program.load(program)
    _look_ahead(loaded, "model")
    start = time.perf_counter()
    with console.busy("committing to the model"):
        secret = tacit.commit_model(loaded, tacit.Weights.load(weights), proofs=proofs, children=children)
    _save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json)


@app.command("data")
def commit_data(
    program: ProgramFile,
    data: Annotated[Path, typer.Argument(metavar="X.npz", help="The input to commit to.", show_default=False)],
    out: Out = Path("data"),
    proofs: Proofs = None,
    children: Children = 0,
    as_json: Json = False,
) -> None:
    """Commit to an input of a program that was compiled with --input committed."""
    import tacit

    output_files = files.fresh_pair(out)
    loaded = tacit.Program.load(program)
    _look_ahead(loaded, "data")
    arrays = files.pick(files.read_arrays(data), files.input_names(loaded), place=str(data))
    start = time.perf_counter()
    with console.busy("committing to the data"):
        secret = tacit.commit_data(loaded, arrays, proofs=proofs, children=children)
    _save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json)


@app.command("rotate")
def rotate(
    master: Annotated[
        Path, typer.Argument(metavar="MASTER.secret", help="A secret made with --children.", show_default=False)
    ],
    out: Out = Path("child"),
    proofs: Annotated[
        int | None, typer.Option(min=1, help="Proofs to make it for; as many as there is room for, if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a child: a fresh budget for the master's values, under the master's identity. Uses up one of its children."""
    import tacit

    output_files = files.fresh_pair(out)
    loaded = tacit.Secret.load(master)
    start = time.perf_counter()
    with console.busy("making a child"):
        secret = loaded.rotate(proofs)
    _save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json, master=loaded)


@app.command("export")
def export(
    secret: Annotated[Path, typer.Argument(metavar="NAME.secret", help="The secret.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The commitment; NAME.commitment, if not given.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the public commitment of a secret again, where its file was lost or never written. Spends nothing."""
    import tacit

    target = files.check_output(out or files.beside(secret, ".commitment"), secret, kind="commitment")
    commitment = tacit.Secret.load(secret).commitment
    commitment.save(target)
    result: dict[str, Any] = {
        "commitment": str(target),
        "identity": commitment.identity,
        "bytes": target.stat().st_size,
    }
    if as_json:
        console.print_json(result)
        return
    shown = f"[bold]{escape(str(target))}[/bold] ({console.size(result['bytes'])})"
    console.stdout().print(console.facts([("publish", shown), ("identity", commitment.identity)]))


def _look_ahead(program: Any, slab: str) -> None:
    """Refuse what could not be saved, and say what many proofs cost."""
    from tacit.api.cost import check_secret, costly

    check_secret(program, slab)
    console.note(costly(program, slab))


def _save(secret: Any, output_files: tuple[Path, Path], *, seconds: float, as_json: bool, master: Any = None) -> None:
    secret_file, commitment_file = output_files
    # The secret first: a published commitment whose secret was lost is worth nothing.
    secret.save(secret_file)
    secret.commitment.save(commitment_file)
    result = {
        "commitment": str(commitment_file),
        "secret": str(secret_file),
        "bytes": commitment_file.stat().st_size,
        "proofs": secret.remaining,
        "seconds": seconds,
    }
    if secret.children:
        result["children"] = secret.children
    if master is not None:
        result |= {"master": secret.commitment.master, "children_left": master.children}
    if as_json:
        console.print_json(result)
        return
    console.stdout().print(
        console.facts(
            [
                ("publish", f"[bold]{escape(str(commitment_file))}[/bold] ({console.size(result['bytes'])})"),
                ("keep", f"[bold]{escape(str(secret_file))}[/bold], never a copy in use beside it"),
                ("good for", _good_for(secret)),
                *([] if master is None else [("children left", str(master.children))]),
                ("took", console.duration(seconds)),
            ]
        )
    )


def _good_for(secret: Any) -> str:
    if secret.children:
        return f"{secret.children} children: tacit commit rotate"
    if secret.remaining is None:
        return "any number of proofs"
    return "1 proof" if secret.remaining == 1 else f"{secret.remaining} proofs"
