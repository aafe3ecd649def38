"""`tacit lineage verify`: from a prediction back to the issuers of the data, every proof verified again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tacit import console
from tacit.api.native import read_file, write_file
from tacit.cli import files
from tacit.cli.options import Context, Json
from tacit.errors import InputError

if TYPE_CHECKING:
    from tacit.data import Issuers, Revocations, Schema
    from tacit.network.lineage import Lineage
    from tacit.network.lineage.files import Source

app = typer.Typer(help="Where a trained model comes from.")

#: What a picture is written as.
PICTURES = (".svg", ".html")


@app.callback()
def lineage() -> None:
    """Where a trained model comes from."""


@app.command("verify")
def verify(
    place: Annotated[
        str, typer.Argument(metavar="DIR|URL", help="The lineage, as its server publishes it.", show_default=False)
    ],
    task: Annotated[str, typer.Option("--task", metavar="HEX", help="The task that it must be of.")] = "",
    link: Annotated[str, typer.Option("--link", metavar="HEX", help="The last link that it must have.")] = "",
    schema: Annotated[
        Path | None,
        typer.Option("--schema", metavar="FILE", help="The records' schema; that of the lineage, if not given."),
    ] = None,
    registry: Annotated[
        Path | None,
        typer.Option(
            "--issuers", metavar="FILE", help="Whose word is taken (`tacit data trust`); the task's keys, if not given."
        ),
    ] = None,
    revocations: Annotated[
        list[Path] | None,
        typer.Option("--revocations", metavar="FILE", help="A list of revoked serials. Again for each further one."),
    ] = None,
    prediction: Annotated[
        Path | None, typer.Option("--prediction", metavar="PROOF", help="A proof of an answer under its model.")
    ] = None,
    context: Context = "",
    round: Annotated[
        int | None, typer.Option("--round", help="The round whose model answered; the last one, if not given.")
    ] = None,
    picture: Annotated[
        Path | None, typer.Option("--picture", metavar="FILE", help="Draw it: .svg, or .html for a page.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Verify every proof of a lineage again. Exit code 0: all of it holds. Exit code 1: refused, with place and reason."""
    from tacit.network.lineage import examine, open_lineage, tree
    from tacit.network.training import TrainingReaders

    wanted_task, wanted_link = _digest(task, "--task"), _digest(link, "--link")
    bound_to = files.read_context(context)
    if picture is not None and picture.suffix not in PICTURES:
        raise _usage("--picture", f"expected a name that ends in {' or '.join(PICTURES)}, got {picture.name}")
    if picture is not None:
        files.check_output(picture, kind="picture")
    if prediction is None and (round is not None or context):
        raise _usage("--prediction", "a round and a context are those of a prediction")
    proof = None if prediction is None else read_file(prediction)
    source = open_lineage(place)
    with console.busy("verifying"):
        described, (issuers, notes) = _schema(source, schema), _issuers(source, registry)
        readers = TrainingReaders(described, issuers, _revocations(revocations))
        found = examine(
            source, readers, task=wanted_task, link=wanted_link, prediction=proof, context=bound_to, round=round
        )
    found.names = {entry.key: entry.name for entry in issuers.entries} if registry is not None else {}
    found.notes += notes
    if picture is not None:
        _draw(found, picture)
    if found.refusal is not None:
        raise found.refusal
    if as_json:
        console.print_json({"accepted": True, **found.as_dict()})
        return
    out = console.stdout()
    out.print(tree(found))
    out.print(f"[bold green]accepted[/bold green]  {len(found.rounds)} rounds, every proof verified")


def _schema(source: Source, path: Path | None) -> Schema:
    """Of the file that is given, else of the lineage: deployments are made from it again, so another one does not pass."""
    from tacit.data import Schema

    if path is not None:
        return Schema.load(path)
    data = source.schema()
    if data is None:
        raise InputError(
            "the lineage comes without its schema", slug="file", place="--schema", remedy="give the task's schema"
        )
    return Schema.from_json(data, place="schema of the lineage")


def _issuers(source: Source, path: Path | None) -> tuple[Issuers, list[str]]:
    """A registry, and what is not shown without one."""
    from tacit.data import Issuers
    from tacit.network.lineage import task_of

    if path is not None:
        return Issuers.load(path), []
    found = Issuers()
    for key in task_of(source).issuers:
        found = found.adding(key, key.hex()[:16])
    return found, ["that the issuers are who they should be: their keys are the task's own, no registry was given"]


def _revocations(paths: list[Path] | None) -> list[Revocations]:
    from tacit.data import Revocations

    return [Revocations.load(path) for path in paths or []]


def _draw(found: Lineage, target: Path) -> None:
    from tacit.network.lineage import page
    from tacit.network.lineage import picture as drawn

    text = drawn(found) if target.suffix == ".svg" else page(found)
    write_file(target, text.encode())


def _digest(text: str, option: str) -> bytes | None:
    """32 bytes of 64 hexadecimal digits; None for no text."""
    if not text:
        return None
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != 32:
        raise _usage(option, f"expected 64 hexadecimal digits, got {text[:80]!r}")
    return found


def _usage(option: str, reason: str) -> InputError:
    return InputError(reason, slug="usage", place=option, remedy="see tacit lineage verify --help")
