"""What a program predicts, in a schema's words: the names of classes, targets in their units (`--schema`)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import models
from tacit.errors import naming

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tacit.api.objects import Program
    from tacit.data import Schema

#: Predictions that are shown.
MOST_SHOWN = 20
AnswerSchema = Annotated[
    Path | None,
    typer.Option(
        "--schema", metavar="S.schema", help="Of a deployment's program infer: names the classes, or targets and units."
    ),
]


def schema_for(program: Program, path: Path | None, digest: str | None) -> Schema | None:
    """The schema whose words are asked for, if the program predicts from its records. Raises InputError."""
    from tacit.data.answers import check_predicts

    about = models.maybe_schema(path, digest)
    if about is not None:
        with naming(str(path)):
            check_predicts(program, about)
    return about


def named(about: Schema | None, outputs: Mapping[str, Any], *, of_a_proof: bool = True) -> dict[str, Any]:
    """What a command adds to its result: each record's prediction, and the digest of the schema whose words these are.

    `of_a_proof`: it says, too, that a proof does not bind them.
    """
    from tacit.data.answers import OUTPUT
    from tacit.data.told import NOT_BOUND

    if about is None:
        return {}
    words = {"predictions": about.predictions(outputs[OUTPUT]), "schema": about.digest}
    return words | ({"of the schema": NOT_BOUND} if of_a_proof else {})


def show(about: Schema, predictions: Sequence[Mapping[str, float]]) -> None:
    """A line a record, the names of classes or targets above."""
    from tacit.data.answers import heads

    out, names = console.stdout(), list(predictions[0])
    shown = [[str(i), *(console.number(row[n]) for n in names)] for i, row in enumerate(predictions[:MOST_SHOWN])]
    out.print(console.table(["record", *heads(about)], shown))
    if len(predictions) > MOST_SHOWN:
        out.print(f"[dim]and {console.number(len(predictions) - MOST_SHOWN)} more: --json[/dim]")


def show_schema(about: Schema) -> None:
    """Whose words they were, and that a proof does not bind them."""
    from tacit.data.told import NOT_BOUND

    out = console.stdout()
    out.print(console.facts([("schema", about.digest), ("of that", escape(NOT_BOUND))]))
