"""`tacit train compile|show|check|export|commit|commit-base`: the deployment of a task, and commitments for it.

What uses them is in `tacit.cli.training_proofs`.
"""

from __future__ import annotations

import time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import commit as commits
from tacit.cli import files, models, training_proofs
from tacit.cli.commit import Children, Out, Proofs
from tacit.cli.options import Aim, CompiledProofs, Counter, Json, Optimize, SchemaDigest, Target
from tacit.errors import InputError

app = typer.Typer(help="Training that is proven: the programs of a task, updates with their proofs, predictions.")


class Loss(str, Enum):
    """What is minimised; as the schema's labels are, if not given."""

    cross_entropy = "cross_entropy"
    logistic = "logistic"
    mse = "mse"


class Order(str, Enum):
    """Minibatches by a public permutation from a seed, or in the order of the records."""

    permutation = "permutation"
    committed = "committed"


class Place(str, Enum):
    """Who knows a model: everybody, or its owner, who commits to it."""

    public = "public"
    private = "private"


class Excess(str, Enum):
    """Of values far beyond their bits: clamped, so that every shard has a proof, or refused."""

    total = "total"
    refuse = "refuse"


DeploymentFile = Annotated[Path, typer.Argument(metavar="D.train", help="The deployment.", show_default=False)]
SchemaOption = Annotated[Path, typer.Option("--schema", metavar="S.schema", help="What a record is.")]

# --- tacit train compile ----------------------------------------------------------------------------------------------

Model = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="M.onnx, or mlp:WIDTHS, inputs first: mlp:30,16,2.", show_default=False),
]
Records = Annotated[int, typer.Option(min=1, metavar="N", help="Records of a shard: what one proof trains on.")]
Steps = Annotated[int, typer.Option(min=1, metavar="T", help="Steps of one proof.")]
Rate = Annotated[
    list[str],
    typer.Option(
        "--rate",
        metavar="RATE|STEPS:RATE",
        help="The learning rate; or one for so many steps, again for those that follow.",
        show_default=False,
    ),
]
BatchSize = Annotated[int | None, typer.Option(min=1, metavar="B", help="Records of a step; all, if not given.")]
Momentum = Annotated[float, typer.Option(help="What is kept of the last step, 0 to below 1.")]
Decay = Annotated[float, typer.Option(help="What a weight loses in a step, as a share of the rate.")]
Frozen = Annotated[
    list[str] | None,
    typer.Option("--frozen", metavar="NAME", help="A weight that stays; * stands for any part.", show_default=False),
]
Public = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="TABLE", help="Public records for the report; some are drawn, if not given."),
]


def compile_deployment(
    model: Model,
    schema: SchemaOption,
    records: Records,
    steps: Steps,
    rate: Rate,
    batch: BatchSize = None,
    order: Annotated[Order, typer.Option(help="How a step picks its records.")] = Order.permutation,
    loss: Annotated[
        Loss | None,
        typer.Option(
            help="What is minimised; as the labels are, if not given. mse is half the squared error of the scaled targets.",
            show_default=False,
        ),
    ] = None,
    momentum: Momentum = 0.0,
    decay: Decay = 0.0,
    base: Annotated[Place, typer.Option(help="Who knows the weights before.")] = Place.public,
    next_: Annotated[Place, typer.Option("--next", help="Who knows the weights after.")] = Place.public,
    frozen: Frozen = None,
    overflow: Annotated[Excess, typer.Option(help="Of values far beyond their bits.")] = Excess.total,
    calibration: Public = None,
    activation: Annotated[str, typer.Option(help="Of mlp: relu, sigmoid, tanh or gelu.")] = "relu",
    seed: Annotated[int, typer.Option(min=0, help="Of mlp: what its first weights are drawn from.")] = 0,
    infer: Annotated[int, typer.Option(min=1, help="Records of a prediction.")] = 1,
    evaluate: Annotated[
        int | None, typer.Option(min=0, help="Records of a test shard; as many as of training, if not given.")
    ] = None,
    proofs: CompiledProofs = 64,
    security: Target = 128,
    optimize: Optimize = Aim.balanced,
    name: Annotated[str, typer.Option(help="What programs call the task.")] = "",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="D.train", help="The deployment.")] = Path("task.train"),
    first: Annotated[
        Path | None, typer.Option("--first", metavar="W.npz", help="The first base; D.npz, if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make the programs of a task from what is public of it, and its first weights. No private record goes in."""
    from tacit import data, train

    target, weights = files.check_output(out, schema, kind="deployment"), first or out.with_suffix(".npz")
    files.check_output(weights, schema, calibration, kind="arrays")
    files.check_distinct(target, weights)
    about = data.Schema.load(schema)
    optimizer = train.SGD(
        rate=_schedule(rate, steps), batch=batch, steps=steps, momentum=momentum, decay=decay, order=order.value
    )
    start = time.perf_counter()
    with console.busy("making the programs"):
        task = train.compile(
            models.architecture(model, activation, seed), schema=about, optimizer=optimizer, records=records,
            loss=None if loss is None else loss.value, base=base.value, next=next_.value, frozen=frozen or (),
            overflow=overflow.value, calibration=None if calibration is None else str(calibration), infer=infer,
            evaluate=evaluate, proofs=proofs, security=security, optimize=optimize.value, name=name,
        )  # fmt: skip
    seconds = time.perf_counter() - start
    initial, found = task.initial, task.report
    assert found is not None
    task.save(target)
    models.write_model(weights, initial, private=base is Place.private)
    result: dict[str, Any] = {
        "deployment": str(target),
        "first_base": str(weights),
        "digest": task.digest.hex(),
        "seconds": seconds,
        "report": {**console.plain(found), "lost": found.lost},
    }
    if as_json:
        console.print_json(result)
        return
    shown = [("publish", f"[bold]{escape(str(target))}[/bold] ({console.size(target.stat().st_size)})")]
    shown += [("first base", escape(str(weights))), ("digest", result["digest"]), ("took", console.duration(seconds))]
    shown += [(f"rate {asked:g}", f"taken as {taken:g}") for asked, taken in found.rates]
    kind = "drawn" if found.drawn else "given"
    shown.append((f"on {found.records} {kind} records", f"{found.metric} {found.integers:.4f} in integers"))
    shown.append(("", f"{found.metric} {found.floats:.4f} in float64"))
    console.stdout().print(console.facts(shown))


def _schedule(texts: list[str], steps: int) -> Any:
    """RATE, or STEPS:RATE one after the other. Raises InputError (slug rate)."""
    found = []
    for text in texts:
        head, sign, rest = text[:64].rpartition(":")
        try:
            found.append((int(head) if sign else steps, float(rest)))
        except ValueError:
            raise InputError(
                f"expected RATE or STEPS:RATE, got {text[:60]!r}",
                slug="rate",
                place="--rate",
                remedy="for example --rate 0.1, or --rate 16:0.1 --rate 4:0.01",
            ) from None
    return tuple(found)


# --- tacit train show, check, export ----------------------------------------------------------------------------------


def show(deployment: DeploymentFile, as_json: Json = False) -> None:
    """Say what a deployment trains, by which steps, and what its programs are. Checks nothing."""
    from tacit import train

    with console.busy("reading"):
        result = models.summary(train.Deployment.load(deployment))
    if as_json:
        console.print_json(result)
        return
    shown = {name: value for name, value in result.items() if value not in (None, "", [])}
    weights, programs = shown.pop("weights"), shown.pop("programs")
    shown |= {
        name: ", ".join(map(str, shown[name])) for name in ("features", "rate_over_batch", "rate", "chunks", "layers")
    }
    console.show(shown)
    out = console.stdout()
    rows = [
        [escape(w["name"]), str(w["shape"]), f"{w['least']:g} .. {w['greatest']:g}", w["step"], _yes(w["trained"])]
        for w in weights
    ]
    out.print(console.table(["weight", "shape", "values", "step", "trained"], rows))
    lines = [[p["name"], p["digest"], ", ".join(p["commitments"]), str(p["proofs"])] for p in programs]
    out.print(console.table(["program", "digest", "commitments", "proofs"], lines))


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def check(
    deployment: DeploymentFile,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="S.schema", help="Compares records and dataset program, too.")
    ] = None,
    digest: SchemaDigest = None,
    as_json: Json = False,
) -> None:
    """Make every program once more from the description, and compare. Exit code 0: they are what the description says.

    Names, units, scales and the order of classes are in no program: compare the schema's digest (--schema-digest).
    """
    from tacit import train

    task = train.Deployment.load(deployment)
    about = models.maybe_schema(schema, digest)
    start = time.perf_counter()
    with console.busy("making the programs"):
        task.check(about)
    seconds = time.perf_counter() - start
    compared = [name for name in task.all if name != "dataset" or about is not None]
    if as_json:
        result = {"same": True, "digest": task.digest.hex(), "compared": compared, "seconds": seconds}
        console.print_json({**result, **({} if about is None else {"schema": about.digest})})
        return
    out = console.stdout()
    out.print(f"[bold green]the same programs[/bold green] in {console.duration(seconds)}: {', '.join(compared)}")
    if about is None:
        out.print("not compared: dataset, which is made from a schema (--schema)")
    out.print(console.facts([("digest", task.digest.hex()), *training_proofs.about_schema(about)]))


def export(
    deployment: DeploymentFile,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FOLDER", help="Where the programs go.")],
    model: Annotated[
        Path | None, typer.Option("--model", metavar="W.npz", help="A public model: its weights go there, too.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the programs of a deployment as files for `tacit data`, `prove` and `verify`, and a public model's weights."""
    from tacit import train

    task = train.Deployment.load(deployment)
    values = None if model is None else models.read_model(task, model)
    if not out.exists():
        files.check_output(out)
        out.mkdir()
    targets = {name: out / f"{name}.tacit" for name in task.all}
    for target in targets.values():
        files.check_output(target, deployment, kind="program")
    weights = {} if values is None else {n: out / f"{n}.weights" for n in ("infer", "evaluate") if n in task.all}
    for target in weights.values():
        files.check_output(target, model, kind="weights")
    for name, target in targets.items():
        task.all[name].save(target)
    for name, target in weights.items():
        assert values is not None
        task.weights(values, name).save(target)
    result: dict[str, Any] = {"programs": {name: str(target) for name, target in targets.items()}}
    if weights:
        result["weights"] = {name: str(target) for name, target in weights.items()}
    (console.print_json if as_json else console.show)(result)


# --- tacit train commit, commit-base ----------------------------------------------------------------------------------


def commit(
    deployment: DeploymentFile,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE", help="The records (.csv, .parquet, .npz).", show_default=False)
    ],
    schema: SchemaOption,
    first: Annotated[
        int | None, typer.Option("--first-id", help="Number the records from here, where no column does.")
    ] = None,
    out: Out = Path("data"),
    proofs: Proofs = None,
    children: Children = 0,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Commit to the records that a node trains on, or to those of a test: as many as training or an evaluation takes.

    Proofs of all programs of the deployment for so many records refer to it.
    """
    from tacit import train
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    task = train.Deployment.load(deployment)
    about, records = models.read_records(schema, table, first)
    training_proofs.same_records(task, about, schema)
    commits.look_ahead(task.program_of(records.count, str(table)), "data")
    start = time.perf_counter()
    with console.busy("committing to the records"):
        secret = task.commit_data(records, proofs=proofs, children=children)
    lo, hi = records.id_range
    commits.save(
        secret,
        output_files,
        seconds=time.perf_counter() - start,
        as_json=as_json,
        counter=agreed,
        more={"identity": secret.commitment.identity, "records": records.count, "ids": f"{lo}:{hi}"},
    )


def commit_base(
    deployment: DeploymentFile,
    model: Annotated[Path, typer.Argument(metavar="W.npz", help="The private model.", show_default=False)],
    out: Out = Path("model"),
    proofs: Proofs = None,
    children: Children = 0,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Commit to a private model, as a base to train or as a model that predicts."""
    from tacit import train
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    task = train.Deployment.load(deployment)
    commits.look_ahead(task.train, "model")
    weights = models.read_model(task, model)
    start = time.perf_counter()
    with console.busy("committing to the model"):
        secret = task.commit_base(weights, proofs=proofs, children=children).secret
    commits.save(
        secret,
        output_files,
        seconds=time.perf_counter() - start,
        as_json=as_json,
        counter=agreed,
        more={"identity": secret.commitment.identity},
    )


app.command("compile")(compile_deployment)
app.command("show")(show)
app.command("check")(check)
app.command("export")(export)
app.command("commit")(commit)
app.command("commit-base")(commit_base)
for _name, _call in training_proofs.COMMANDS.items():
    app.command(_name)(_call)
