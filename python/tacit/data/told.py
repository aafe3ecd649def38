"""The schema that a program file says it was made of: words beside the program, believed by nobody, but a mistake shows.

Schemas whose integers are alike make one program: names, units, scales and the order of classes are no part of it. So a program
cannot tell them apart; the digest that whoever compiled it wrote into its file can, where it was written.
"""

from __future__ import annotations

from typing import Any

from tacit.api.objects import Program
from tacit.data.schema import Schema
from tacit.errors import InputError, TacitError

#: What a sentence about a schema adds: what a proof binds, and what it does not.
NOT_BOUND = "its names, units, scales and classes are no part of the proof: compare its digest with the published one"


def notes(schema: Schema) -> dict[str, Any]:
    """What a dataset program's file says of its schema."""
    return {"dataset": {"schema": schema.digest}}


def told_schema(program: Program) -> str | None:
    """The digest that the file names, hexadecimal; None where it names none."""
    dataset = program.notes.get("dataset")
    found = dataset.get("schema") if isinstance(dataset, dict) else None
    return found if isinstance(found, str) else None


def check_told(program: Program, schema: Schema, place: str, kind: type[TacitError] = InputError) -> None:
    """Whether the file names this schema, or none. Raises `kind` (slug schema)."""
    found = told_schema(program)
    if found is not None and found != schema.digest:
        raise kind(
            f"expected the schema {found[:16]} that the program file names, got {schema.digest[:16]}: "
            "their integers are alike, and their names, units, scales or classes are not",
            slug="schema",
            place=place,
            remedy="give the schema that its publisher published; `tacit data schema` shows a schema and its digest",
        )
