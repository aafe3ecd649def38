"""`tacit data schema|program|commit|prove|verify`: schemas, committed datasets, and proofs of what they hold."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import commit, files, models, schemas, signing
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
from tacit.cli.schemas import alone, assigned, pair

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


def _ids(text: str | None) -> tuple[int, int] | None:
    return None if text is None else alone(text, "--ids", "--ids 0:9999", pair(int))


app.command("schema")(schemas.schema)


def _histogram(texts: list[str] | None) -> Any:
    if not texts:
        return None
    return "public" if texts == ["public"] else assigned(texts, "--histogram", "--histogram ill=10:90", pair(int))


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
