"""`tacit data schema|program|commit|prove|verify`: schemas, committed datasets, and proofs of what they hold."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import commit, files, models, signing
from tacit.cli.commit import Children, Out, Proofs
from tacit.cli.options import (
    Aim,
    CompiledProofs,
    Context,
    Counter,
    Json,
    Optimize,
    ProgramFile,
    ProofFile,
    SchemaDigest,
    Target,
)
from tacit.errors import InputError

app = typer.Typer(help="Datasets: what records look like, commitments to them, proofs, and who vouches for them.")

SchemaFile = Annotated[Path, typer.Argument(metavar="S.schema", help="The schema.", show_default=False)]
Table = Annotated[Path, typer.Argument(metavar="TABLE", help="The records (.csv, .parquet, .npz).", show_default=False)]
Ids = Annotated[
    str | None,
    typer.Option("--ids", metavar="LEAST:GREATEST", help="The public range of record ids; theirs, if not given."),
]
Histogram = Annotated[
    list[str] | None,
    typer.Option(
        "--histogram",
        metavar="public|CLASS=LEAST:MOST",
        help="Show how many records each class has, or only that it keeps bounds (again for each further class).",
        show_default=False,
    ),
]
T = TypeVar("T")


def _assigned(texts: list[str] | None, option: str, example: str, read: Callable[[str], T]) -> dict[str, T]:
    """NAME=VALUE, each name once. Raises InputError (slug usage)."""
    found = dict[str, T]()
    for text in texts or []:
        name, sign, value = text.partition("=")
        try:
            if not sign or not name.strip() or name.strip() in found:
                raise ValueError
            found[name.strip()] = read(value)
        except ValueError:
            raise InputError(
                f"expected NAME=VALUE, each name once, got {text[:60]!r}",
                slug="usage",
                place=option,
                remedy=f"for example {example}",
            ) from None
    return found


def _pair(kind: Callable[[str], T]) -> Callable[[str], tuple[T, T]]:
    def read(text: str) -> tuple[T, T]:
        least, greatest = text.split(":")
        return kind(least), kind(greatest)

    return read


def _ids(text: str | None) -> tuple[int, int] | None:
    return None if text is None else _assigned([f"ids={text}"], "--ids", "--ids 0:9999", _pair(int))["ids"]


# --- tacit data schema ------------------------------------------------------------------------------------------------

SchemaOrTable = Annotated[
    Path, typer.Argument(metavar="FILE", help="A schema to show, or a table to make one of.", show_default=False)
]
LabelColumn = Annotated[str | None, typer.Option(metavar="COLUMN", help="The column that is to be learned.")]
IdColumn = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column that numbers the records.")]
Ranges = Annotated[
    list[str] | None,
    typer.Option("--range", metavar="COLUMN=LEAST:GREATEST", help="What a number may be.", show_default=False),
]
Units = Annotated[
    list[str] | None,
    typer.Option("--unit", metavar="COLUMN=UNIT", help="What a number counts, for people.", show_default=False),
]
Categories = Annotated[
    list[str] | None,
    typer.Option("--categories", metavar="COLUMN=A,B,..", help="What a text may be.", show_default=False),
]
Classes = Annotated[str | None, typer.Option(metavar="A,B,..", help="What the label may be.", show_default=False)]
OneBit = Annotated[bool, typer.Option("--one-bit", help="The label's two classes in one bit, for a logistic loss.")]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="RULE", help="Across columns: 'systolic > diastolic'.", show_default=False),
]
Frac = Annotated[int, typer.Option(help="Fractional bits of the numbers.")]
IsPublic = Annotated[
    bool, typer.Option("--public", help="The table is no secret: what is not declared is taken from it.")
]
NewSchema = Annotated[Path | None, typer.Option("-o", "--out", metavar="S.schema", help="Where a new schema goes.")]


@app.command("schema")
def schema(
    file: SchemaOrTable,
    label: LabelColumn = None,
    id_: IdColumn = "",
    ranges: Ranges = None,
    units: Units = None,
    categories: Categories = None,
    classes: Classes = None,
    one_bit: OneBit = False,
    rules: Rules = None,
    frac: Frac = 8,
    public: IsPublic = False,
    out: NewSchema = None,
    as_json: Json = False,
) -> None:
    """Show a schema; or, with --label, make one of a table's columns. All that is in a schema is public."""
    from tacit import data

    if label is None:
        found = data.Schema.load(file)
    else:
        target = files.check_output(out or file.with_suffix(".schema"), file, kind="schema")
        declared = _assigned(ranges, "--range", "--range age=0:120", _pair(float))
        names = None if classes is None else classes.split(",")
        found = data.Schema.from_frame(
            file,
            label=data.Label.flag(label, names or ("no", "yes")) if one_bit else label,
            id=id_,
            ranges=declared,
            units=_assigned(units, "--unit", "--unit age=years", str),
            categories=_assigned(categories, "--categories", "--categories ward=a,b", lambda text: text.split(",")),
            classes=names,
            rules=rules or (),
            frac=frac,
            public=public,
        )
        found.save(target)
    lo, hi = found.interval
    result: dict[str, Any] = {
        "digest": found.digest,
        "x of a record": list(found.features),
        "integers of x": [lo, hi],
        "fractional bits": found.frac,
        "label": found.label.name,
        "classes": None if found.classes is None else list(found.classes),
        "id": found.id or None,
        "rules": [str(rule) for rule in found.rules],
        "columns": [_column(column) for column in found.columns],
    }
    if label is not None:
        result = {"schema": str(target), **result}
    if as_json:
        console.print_json(result)
        return
    columns = result.pop("columns")
    console.show({name: value for name, value in result.items() if value not in (None, [])})
    rows = [[escape(c["name"]), c["kind"], escape(c["values"]), escape(c["unit"])] for c in columns]
    console.stdout().print(console.table(["column", "kind", "values", "unit"], rows))


def _column(column: Any) -> dict[str, str]:
    if column.scale is not None:
        values = f"{column.scale.lo:g} .. {column.scale.hi:g}"
    else:
        names = column.categories or tuple(map(str, column.codes)) or ("false", "true")
        values = ", ".join(names[:8]) + (f", .. ({len(names)})" if len(names) > 8 else "")
    return {"name": column.name, "kind": column.kind, "values": values, "unit": column.unit}


def _histogram(texts: list[str] | None) -> Any:
    if not texts:
        return None
    return "public" if texts == ["public"] else _assigned(texts, "--histogram", "--histogram ill=10:90", _pair(int))


@app.command("program")
def program(
    schema: SchemaFile,
    records: Annotated[int, typer.Argument(metavar="RECORDS", help="How many one commitment holds.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="M.tacit", help="The program; S.tacit, if not given.")
    ] = None,
    histogram: Histogram = None,
    proofs: CompiledProofs = 64,
    security: Target = 128,
    optimize: Optimize = Aim.balanced,
    as_json: Json = False,
) -> None:
    """Make the dataset program of a schema. It follows from these arguments alone: everybody makes the same."""
    from tacit import data

    target = files.check_output(out or schema.with_suffix(".tacit"), schema, kind="program")
    made = data.compile(
        data.Schema.load(schema),
        records,
        histogram=_histogram(histogram),
        proofs=proofs,
        security=security,
        optimize=optimize.value,
    )
    made.save(target)
    result = {"program": str(target), "digest": made.digest, "records": records, "proofs": made.proofs}
    if as_json:
        console.print_json(result)
        return
    console.show(result)


@app.command("commit")
def commit_dataset(
    program: ProgramFile,
    schema: SchemaFile,
    table: Table,
    out: Out = Path("data"),
    ids: Ids = None,
    first: Annotated[
        int | None, typer.Option("--first-id", help="Number the records from here, where no column does.")
    ] = None,
    proofs: Proofs = None,
    children: Children = 0,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Commit to the records of a table. An issuer makes a master (--children), and hands children to the node."""
    import tacit
    from tacit import data
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    declared, loaded = _ids(ids), tacit.Program.load(program)
    commit.look_ahead(loaded, "data")
    start = time.perf_counter()
    with console.busy("committing to the records"):
        made = data.commit_dataset(
            loaded,
            data.Schema.load(schema),
            table,
            ids=first,
            id_range=declared,
            proofs=proofs,
            children=children,
        )
    lo, hi = made.id_range
    commit.save(
        made.secret,
        output_files,
        seconds=time.perf_counter() - start,
        as_json=as_json,
        counter=agreed,
        more={"identity": made.identity, "records": made.records, "ids": f"{lo}:{hi}"},
    )


@app.command("prove")
def prove_dataset(
    program: ProgramFile,
    schema: SchemaFile,
    secret: Annotated[Path, typer.Option("--data", metavar="FILE", help="The data's secret (data.secret).")],
    ids: Annotated[
        str, typer.Option("--ids", metavar="LEAST:GREATEST", help="The public range of record ids to prove.")
    ],
    context: Context = "",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The proof.")] = Path("data.proof"),
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Prove what a commitment holds: valid records, none twice, ids in the range. Spends one proof of its allowance."""
    import tacit
    from tacit import data
    from tacit.api.counted import counter_of

    bound_to, agreed, declared = files.read_context(context), counter_of(counter), _ids(ids)
    files.check_output(out, program, schema, secret, kind="proof")
    loaded, about = tacit.Program.load(program), data.Schema.load(schema)
    assert declared is not None
    opened = data.Dataset.opened(loaded, about, tacit.Secret.load(secret, counter=agreed), declared)
    start = time.perf_counter()
    with console.busy("proving"):
        proof = data.prove_dataset(loaded, opened, context=bound_to)
    seconds = time.perf_counter() - start
    files.keep(proof, out)
    result = {
        "proof": str(out),
        "bytes": len(proof),
        "seconds": seconds,
        "remaining": opened.secret.remaining,
    }
    if as_json:
        console.print_json(result)
        return
    shown = [("proof", f"[bold]{escape(str(out))}[/bold] ({console.size(len(proof))})")]
    shown += [("took", console.duration(seconds)), ("proofs left, data", str(opened.secret.remaining))]
    console.stdout().print(console.facts(shown))


@app.command("verify")
def verify_dataset(
    program: ProgramFile,
    schema: SchemaFile,
    proof: ProofFile,
    commitment: Annotated[Path, typer.Option("--data", metavar="FILE", help="The data's commitment.")],
    context: Context = "",
    security: Annotated[int, typer.Option(help="The proven security to insist on, in bits (1 to 160).")] = 128,
    digest: SchemaDigest = None,
    as_json: Json = False,
) -> None:
    """Check a dataset proof, and that the program is the schema's. Exit code 0: the statement below is true.

    Names, units, scales and the order of classes are no part of a proof: compare the schema's digest (--schema-digest).
    """
    import tacit
    from tacit import data

    bound_to = files.read_context(context)
    start = time.perf_counter()
    with console.busy("verifying"):
        found = data.verify_dataset(
            tacit.Program.load(program),
            models.read_schema(schema, digest),
            tacit.Proof.load(proof),
            tacit.Commitment.load(commitment),
            context=bound_to,
            security=security,
        )
    seconds = time.perf_counter() - start
    shown = console.plain(found)
    if as_json:
        console.print_json({"accepted": True, "seconds": seconds, "says": found.says, "statement": shown})
        return
    out = console.stdout()
    out.print(f"[bold green]accepted[/bold green] in {console.duration(seconds)}")
    for sentence in found.says:
        out.print(escape(console.one_line(sentence)))
    console.show({name: value for name, value in shown.items() if value is not None})


for name, call in signing.COMMANDS.items():
    app.command(name)(call)
