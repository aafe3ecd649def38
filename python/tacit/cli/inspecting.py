"""`tacit inspect`: what any file is that this package writes, and the tables and arrays that it reads. Verifies nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tacit import console
from tacit.array_files import ArrayFile
from tacit.cli import answers, checking, files, models, network_files, schemas
from tacit.cli.options import Json
from tacit.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from tacit.api.objects import Program
    from tacit.data import Schema

#: Rows of a table that are shown.
MOST_ROWS = 64
#: Bytes of a JSON file that is looked into, and of those that tell what a file is.
MOST_JSON, HEAD = 1 << 24, 256

#: Keys that an accuracy report has.
_REPORT = {"samples", "outputs", "top1", "noise"}


def inspect(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A file that tacit wrote, a table, or a lineage.", show_default=False),
    ],
    program: Annotated[
        Path | None,
        typer.Option("--program", metavar="M.tacit", help="Of a proof: names its values, tells what it hides."),
    ] = None,
    schema: answers.AnswerSchema = None,
    as_json: Json = False,
) -> None:
    """Say what a file is, what it states, how large, how secure, and what it hides. Verifies nothing."""
    import tacit

    if (told := described(file)) is not None:
        if as_json:
            console.print_json(told)
        elif told.get("kind") == "schema":
            schemas.show(told)
        else:
            console.show(_shortened(told))
        return
    about = None if program is None else tacit.Program.load(program)
    words = None if schema is None else _words(about, schema)
    with console.busy("reading"):
        result = tacit.inspect(file, program=about)
    if words is not None and isinstance(values := result.get("claims", {}).get("output prediction"), list):
        result |= answers.named(words, {"prediction": values})
    if as_json:
        console.print_json(result)
        return
    layers = result.pop("architecture", None)
    console.show(_shortened(console.plain(result)))
    if layers is not None:
        checking.show(layers)


def _words(program: Program | None, schema: Path) -> Schema | None:
    """The schema in whose words a proof's prediction is told. Raises InputError."""
    if program is None:
        raise InputError(
            "a schema names what a proof publishes, and that is its program's",
            slug="usage",
            place="--schema",
            remedy="give the program as well: --program M.tacit",
        )
    return answers.schema_for(program, schema, None)


def _shortened(result: dict[str, Any]) -> dict[str, Any]:
    """With the first rows of a long table, for people: a file may list a hundred thousand tensors."""
    short = dict(result)
    for name, value in result.items():
        if isinstance(value, (list, dict)) and len(value) > MOST_ROWS:
            first = list(value.items() if isinstance(value, dict) else value)[:MOST_ROWS]
            short[name] = dict(first) if isinstance(value, dict) else first
            short[f"{name} not shown here (--json has them)"] = len(value) - MOST_ROWS
    return short


def described(path: Path) -> dict[str, Any] | None:
    """What a file is that `tacit.inspect` does not read; None of one that it does, or of none at all.

    Raises InputError of a file that is of a kind that it says it is, and damaged.
    """
    for told in (files.signed, models.told, network_files.told):
        if (found := told(path)) is not None:
            return found
    if not path.is_file():
        return None
    with path.open("rb") as stream:
        head = stream.read(HEAD)
    for begins, read in _READERS:
        if begins(head, path) and (about := read(path)) is not None:
            return {"file": str(path), "bytes": path.stat().st_size, **about}
    return None


def _arrays(path: Path) -> dict[str, Any]:
    """By their headers; a model of training is one of these, and only its deployment tells."""
    archive = ArrayFile(path)
    rows = [{"name": name, "shape": list(array.shape), "type": str(array.dtype)} for name, array in archive.items()]
    return {
        "kind": "arrays",
        "statement": "arrays by name: inputs, records, outputs, or a model of training",
        "arrays": rows,
    }


def _json(path: Path) -> dict[str, Any] | None:
    from tacit.api.native import read_file
    from tacit.foreign_json import parse

    if path.stat().st_size > MOST_JSON:
        return {"kind": "JSON", "statement": f"perhaps: it is longer than the {MOST_JSON} bytes that are looked into"}
    data = read_file(path, MOST_JSON)
    try:
        found: Any = parse(data)
    except ValueError:
        return None
    if isinstance(found, dict) and "tacit-schema" in found:
        from tacit.data import Schema

        statement = "what records look like; its digest names it, and all of it is public"
        return {"kind": "schema", "statement": statement, **schemas.described(Schema.from_json(data, place=str(path)))}
    if isinstance(found, dict) and "tacit-issuers" in found:
        from tacit.data import Issuers

        Issuers.from_json(data, place=str(path))
        statement = "a registry: these keys may sign manifests, each for its time"
        return {"kind": "issuers", "statement": statement, "issuers": found["issuers"]}
    if isinstance(found, dict) and set(found) >= _REPORT:
        statement = "of a program: keep it private, it tells of the weights"
        return {"kind": "accuracy report", "statement": statement, "content": _plain(found)}
    if isinstance(found, dict) and set(found) == {"error"} and isinstance(found["error"], dict):
        statement = "what a command printed with --json"
        return {"kind": "error", "statement": statement, "content": _plain(found["error"])}
    if isinstance(found, (dict, list)):
        return {"kind": "JSON", "statement": "lists or an object: perhaps inputs of a program, or what --json printed"}
    return None


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """What a file says by itself, which stays apart from what is said of it: whoever wrote it chose these names."""
    return {name: value for name, value in found.items() if isinstance(value, (int, float, str))}


def _key(path: Path) -> dict[str, Any]:
    statement = "a private key: stays where it is, readable by its owner only"
    try:
        from tacit.data import Key

        return {"kind": "private key", "statement": statement, "public": Key.load(path).public.hex()}
    except MissingDependency:
        return {"kind": "private key", "statement": statement}


def _table(path: Path) -> dict[str, Any] | None:
    from tacit.data.tables import table_of

    try:
        table = table_of(path)
    except InputError:  # of other texts with commas: inputs of a program have no names
        if path.suffix.lower() != ".csv":
            raise
        return {"kind": "table", "statement": "lines of cells, but no table of records with a line of names"}
    names = list(table.columns)
    return {
        "kind": "table",
        "statement": "records, perhaps; a schema says what they are",
        "rows": table.rows,
        "columns": names,
    }


def _counts(head: bytes, path: Path) -> bool:
    return re.match(rb"[0-9a-f]{64} [0-9]+\n", head) is not None


def _ends(*suffixes: str) -> Callable[[bytes, Path], bool]:
    return lambda head, path: path.suffix.lower() in suffixes


def _begins(*beginnings: bytes) -> Callable[[bytes, Path], bool]:
    return lambda head, path: head.lstrip().lower().startswith(beginnings)


def _said(kind: str, statement: str) -> Callable[[Path], dict[str, Any]]:
    return lambda path: {"kind": kind, "statement": statement}


_READERS: tuple[tuple[Callable[[bytes, Path], bool], Callable[[Path], dict[str, Any] | None]], ...] = (
    (_begins(b"pk\x03\x04", b"pk\x05\x06", b"\x93numpy"), _arrays),
    (_begins(b"{", b"["), _json),
    (_begins(b"-----begin private key"), _key),
    (_begins(b"sqlite format 3"), _said("database", "perhaps the rounds of a server's store (tacit.network.Store)")),
    (_begins(b"<svg", b"<?xml", b"<!doctype html", b"<html", b"\x89png", b"%pdf"), _said("picture", "for people")),
    (_ends(".csv", ".parquet", ".pq"), _table),
    (_ends(".onnx"), _said("ONNX model", "what `tacit compile` makes a program of")),
    (_counts, _said("counter", "counts what was spent, apart from the journals; never copied back")),
)
