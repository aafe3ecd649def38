"""`tacit commit model|data`: long-lived commitments, each a public file and a secret one."""

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


@app.command("model")
def commit_model(
    program: ProgramFile,
    weights: WeightsFile,
    out: Out = Path("model"),
    proofs: Proofs = None,
    as_json: Json = False,
) -> None:
    """Commit to the weights. The commitment carries a proof that they lie in the program's intervals."""
    import tacit

    secret_file = files.fresh(files.beside(out, ".secret"))
    start = time.perf_counter()
    with console.busy("committing to the model"):
        secret = tacit.commit_model(tacit.Program.load(program), tacit.Weights.load(weights), **_budget(proofs))
    _save(secret, out, secret_file, seconds=time.perf_counter() - start, as_json=as_json)


@app.command("data")
def commit_data(
    program: ProgramFile,
    data: Annotated[Path, typer.Argument(metavar="X.npz", help="The input to commit to.", show_default=False)],
    out: Out = Path("data"),
    proofs: Proofs = None,
    as_json: Json = False,
) -> None:
    """Commit to an input of a program that was compiled with --input committed."""
    import tacit

    secret_file = files.fresh(files.beside(out, ".secret"))
    loaded = tacit.Program.load(program)
    arrays = files.pick(files.read_arrays(data), files.input_names(loaded), place=str(data))
    start = time.perf_counter()
    with console.busy("committing to the data"):
        secret = tacit.commit_data(loaded, arrays, **_budget(proofs))
    _save(secret, out, secret_file, seconds=time.perf_counter() - start, as_json=as_json)


def _budget(proofs: int | None) -> dict[str, Any]:
    return {} if proofs is None else {"proofs": proofs}


def _save(secret: Any, out: Path, secret_file: Path, *, seconds: float, as_json: bool) -> None:
    commitment_file = files.beside(out, ".commitment")
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
    if as_json:
        console.print_json(result)
        return
    console.stdout().print(
        console.facts(
            [
                ("publish", f"[bold]{escape(str(commitment_file))}[/bold] ({console.size(result['bytes'])})"),
                ("keep", f"[bold]{escape(str(secret_file))}[/bold], never a copy in use beside it"),
                ("good for", "any number of proofs" if secret.remaining is None else f"{secret.remaining} proofs"),
                ("took", console.duration(seconds)),
            ]
        )
    )
