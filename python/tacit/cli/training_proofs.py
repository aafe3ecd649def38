"""`tacit train fit|prove|verify|predict`: what is made of a base, with and without a proof, and what a model predicts."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import numpy.typing as npt
import typer
from rich.markup import escape

from tacit import console
from tacit.cli import answers, files, models
from tacit.cli.options import Context, Counter, Json, SchemaDigest
from tacit.errors import InputError

if TYPE_CHECKING:
    from tacit.data import Schema
    from tacit.train import Deployment

DeploymentFile = Annotated[Path, typer.Argument(metavar="D.train", help="The deployment.", show_default=False)]
Table = Annotated[Path, typer.Argument(metavar="TABLE", help="The records (.csv, .parquet, .npz).", show_default=False)]
SchemaOption = Annotated[Path, typer.Option("--schema", metavar="S.schema", help="What a record is.")]
BaseFile = Annotated[Path, typer.Option("--base", metavar="W.npz", help="The weights before.")]
BaseSecret = Annotated[
    Path | None, typer.Option("--base-secret", metavar="FILE", help="Of a private base: its secret (model.secret).")
]
Seed = Annotated[
    str | None, typer.Option("--seed", metavar="HEX", help="32 bytes that minibatches are drawn from: the round's.")
]
FirstId = Annotated[int | None, typer.Option("--first-id", help="Number the records from here, where no column does.")]


def check_count(task: Deployment, records: Any, place: str) -> None:
    """As many records as the deployment is for. Raises InputError (slug records)."""
    if records.count != task.records:
        raise InputError(
            f"expected the {task.records} records that the deployment is for, got {records.count}",
            slug="records",
            place=place,
            remedy=f"compile for {records.count} records, or cut the table into shards of {task.records}",
        )


def _trained_on(task: Deployment, schema: Path, table: Path, first: int | None) -> Any:
    """A table's records, under the schema that the deployment was compiled with. Raises InputError."""
    about, records = models.read_records(schema, table, first)
    check_count(task, records, str(table))
    same_records(task, about, schema)
    return records


def same_records(task: Deployment, about: Any, schema: Path) -> None:
    """Records of the shape and the intervals that the deployment was compiled for. Raises InputError (slug schema_file)."""
    from tacit.data.told import check_told

    wanted = tuple((name, tuple(shape), lo, hi) for name, shape, lo, hi in about.tensors(task.records))
    if wanted != task.description.data:
        raise InputError(
            "expected the schema that the deployment was compiled with, got one of other records",
            slug="schema_file",
            place=str(schema),
            remedy="tacit train check --schema says whether a schema is the one",
        )
    check_told(task.dataset, about, str(schema))


def fit(
    deployment: DeploymentFile,
    table: Table,
    schema: SchemaOption,
    base: BaseFile,
    seed: Seed = None,
    first: FirstId = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="W.npz", help="The weights after.")] = Path("next.npz"),
    as_json: Json = False,
) -> None:
    """Train in integers, without a proof: the very weights that a proof would be of. Spends nothing."""
    from tacit import train

    files.check_output(out, deployment, schema, table, base, kind="arrays")
    task, drawn = train.Deployment.load(deployment), models.read_seed(seed)
    before, records = models.read_model(task, base), _trained_on(task, schema, table, first)
    start = time.perf_counter()
    with console.busy("training"):
        after = task.fit(before, records["x"], records["y"], drawn).weights
    seconds = time.perf_counter() - start
    models.write_model(out, after, private=True)
    result = {"next": str(out), "steps": task.description.plan.steps, "seconds": seconds}
    if as_json:
        console.print_json(result)
        return
    shown = [("next", f"[bold]{escape(str(out))}[/bold]"), ("steps", str(result["steps"]))]
    console.stdout().print(console.facts([*shown, ("took", console.duration(seconds))]))


def prove(
    deployment: DeploymentFile,
    table: Table,
    schema: SchemaOption,
    base: BaseFile,
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="The records' secret (data.secret).")],
    base_secret: BaseSecret = None,
    seed: Seed = None,
    first: FirstId = None,
    context: Context = "",
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="NAME", help="NAME.npz has the weights after, NAME.proof the proof of them."
        ),
    ] = Path("next"),
    proofs: Annotated[int | None, typer.Option(min=1, help="Proofs that a private next is made for.")] = None,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Train on committed records and prove it. Spends one proof of each private commitment's allowance."""
    import tacit
    from tacit import train
    from tacit.api.counted import counter_of

    bound_to, drawn, agreed = files.read_context(context), models.read_seed(seed), counter_of(counter)
    weights_file, proof_file = files.beside(out, ".npz"), files.beside(out, ".proof")
    files.check_output(weights_file, deployment, schema, table, base, kind="arrays")
    files.check_output(proof_file, kind="training proof")
    task = train.Deployment.load(deployment)
    private_next = task.description.places.next == "private"
    pair = files.fresh_pair(out) if private_next else None
    files.check_distinct(weights_file, proof_file, *(pair or ()))
    before, records = models.read_model(task, base), _trained_on(task, schema, table, first)
    held: Any = before
    if task.description.places.base == "private":
        if base_secret is None:
            raise InputError(
                "the base is private: its secret is missing",
                slug="missing",
                place="--base-secret",
                remedy="make one with `tacit train commit-base`",
            )
        held = train.Held(before, tacit.Secret.load(base_secret, counter=agreed))
    secret = tacit.Secret.load(data, counter=agreed)
    start = time.perf_counter()
    with console.busy("training and proving"):
        update = task.prove(held, secret, records, seed=drawn, context=bound_to, proofs=proofs)
    seconds = time.perf_counter() - start
    # The model first: a proof without what it is of is worth nothing.
    models.write_model(weights_file, update.weights, private=private_next)
    if pair is not None and update.secret is not None:
        update.secret.save(pair[0], counter=agreed)
        update.secret.commitment.save(pair[1])
    files.keep(train.TrainingProof(task.digest, update.proof), proof_file)
    result: dict[str, Any] = {"proof": str(proof_file), "bytes": proof_file.stat().st_size, "next": str(weights_file)}
    result |= {"steps": task.description.plan.steps, "seconds": seconds, "remaining": {"data": secret.remaining}}
    if pair is not None:
        result |= {"secret": str(pair[0]), "commitment": str(pair[1])}
    if isinstance(held, train.Held):
        result["remaining"]["base"] = held.secret.remaining
    _show_proof(result, as_json)


def _show_proof(result: dict[str, Any], as_json: bool) -> None:
    if as_json:
        console.print_json(result)
        return
    rows = [("proof", f"[bold]{escape(result['proof'])}[/bold] ({console.size(result['bytes'])})")]
    if "commitment" in result:
        rows.append(("publish with it", f"[bold]{escape(result['commitment'])}[/bold]"))
        rows += [("keep", f"[bold]{escape(result[name])}[/bold]") for name in ("next", "secret")]
    else:
        rows.append(("publish with it", f"[bold]{escape(result['next'])}[/bold]"))
    rows += [("steps", str(result["steps"])), ("took", console.duration(result["seconds"]))]
    rows += [(f"proofs left, {name}", str(count)) for name, count in result["remaining"].items()]
    console.stdout().print(console.facts(rows))


def verify(
    deployment: DeploymentFile,
    proof: Annotated[Path, typer.Argument(metavar="PROOF", help="The training proof.", show_default=False)],
    base: Annotated[
        Path, typer.Option("--base", metavar="FILE", help="The weights before (W.npz), or their commitment.")
    ],
    next_: Annotated[
        Path, typer.Option("--next", metavar="FILE", help="The weights after (W.npz), or their commitment.")
    ],
    data: Annotated[Path, typer.Option("--data", metavar="FILE", help="The records' commitment (data.commitment).")],
    seed: Seed = None,
    context: Context = "",
    security: Annotated[int, typer.Option(help="The proven security to insist on, in bits (1 to 160).")] = 128,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="S.schema", help="Compares records and dataset program, too.")
    ] = None,
    digest: SchemaDigest = None,
    known: Annotated[
        bool, typer.Option("--known", help="The deployment was checked before: its programs are not made again.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check that one model was trained from another on committed records. Exit code 0: the statement below is true.

    Names, units, scales and the order of classes are no part of a proof: compare the schema's digest (--schema-digest).
    """
    import tacit
    from tacit import train

    bound_to, drawn = files.read_context(context), models.read_seed(seed)
    task, file = train.Deployment.load(deployment), train.TrainingProof.load(proof)
    file.check_deployment(task.digest)
    about = models.maybe_schema(schema, digest)
    if not known:
        with console.busy("making the programs"):
            task.check(about)
    elif about is not None and schema is not None:
        same_records(task, about, schema)
    places = task.description.places
    before, after = _model(task, places.base, base), _model(task, places.next, next_)
    commitment = tacit.Commitment.load(data)
    start = time.perf_counter()
    with console.busy("verifying"):
        task.verify(before, after, commitment, file.argument, seed=drawn, context=bound_to, security=security)
    seconds = time.perf_counter() - start
    said = says(task, commitment)
    result = {"accepted": True, "seconds": seconds, "says": said, "checked": not known, "digest": task.digest.hex()}
    result |= {} if about is None else {"schema": about.digest}
    if as_json:
        console.print_json(result)
        return
    out = console.stdout()
    out.print(f"[bold green]accepted[/bold green] in {console.duration(seconds)}")
    for sentence in said:
        out.print(escape(console.one_line(sentence)))
    checked = "not made again (--known)" if known else "the description's own"
    out.print(console.facts([("deployment", task.digest.hex()), ("its programs", checked), *about_schema(about)]))


def about_schema(about: Schema | None) -> list[tuple[str, str]]:
    """What is said of a schema that was compared: its digest, and what no program binds."""
    from tacit.data.told import NOT_BOUND

    return [] if about is None else [("schema", about.digest), ("of that", NOT_BOUND)]


def _model(task: Deployment, place: str, path: Path) -> Any:
    import tacit

    return models.read_model(task, path) if place == "public" else tacit.Commitment.load(path)


def says(task: Deployment, data: Any) -> list[str]:
    """What an accepted training proof states, in sentences."""
    plan, places = task.description.plan, task.description.places
    picked = {
        "permutation": f"{plan.batch} records each, drawn from the seed",
        "committed": f"{plan.batch} records each, in their order",
        "all": f"all {task.records} records each",
    }
    return [
        f"the next is what {plan.steps} steps make of the base: {picked[places.order]}",
        f"on {task.records} records under {(data.master or data.identity)[:16]}, whose integers are in the schema's intervals",
        "not shown: the records; not said: that they are true, or that the model is good",
    ]


# --- tacit train predict ----------------------------------------------------------------------------------------------


def predict(
    deployment: DeploymentFile,
    table: Table,
    schema: SchemaOption,
    model: Annotated[Path, typer.Option("--model", metavar="FILE", help="The weights (W.npz), or a model's secret.")],
    context: Context = "",
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="PROOF", help="Prove it, for as many records as one takes.")
    ] = None,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Say what a model predicts for records without labels; with -o, prove it (`tacit train export`, `tacit verify`)."""
    import tacit
    from tacit import data, train
    from tacit.api.counted import counter_of

    bound_to, agreed = files.read_context(context), counter_of(counter)
    if out is not None:
        files.check_output(out, deployment, table, schema, model, kind="proof")
    task, about = train.Deployment.load(deployment), data.Schema.load(schema)
    same_records(task, about, schema)
    x = about.encode_features(str(table))
    if out is not None:
        _check_one(task, x, table)
    values: Any
    values = (
        task.weights(models.read_model(task, model))
        if model.suffix == ".npz"
        else tacit.Secret.load(model, counter=agreed)
    )
    start = time.perf_counter()
    with console.busy("proving" if out is not None else "predicting"):
        if out is None:
            found = _run(task, values, x, about.frac)
        else:
            owner = values if isinstance(values, tacit.Secret) else tacit.commit_model(task.infer, values)
            proof = tacit.prove(task.infer, owner, {"x": x * 2.0**-about.frac}, context=bound_to)
            found = proof.outputs["prediction"]
    seconds = time.perf_counter() - start
    result: dict[str, Any] = {"seconds": seconds, "predictions": about.predictions(found)}
    if out is not None:
        files.keep(proof, out)
        result |= {"proof": str(out), "bytes": out.stat().st_size}
    _show_predictions(result, about, as_json)


def _check_one(task: Deployment, x: npt.NDArray[Any], table: Path) -> None:
    """As many records as one proof takes. Raises InputError (slug records)."""
    wanted = task.description.infer
    if len(x) != wanted:
        raise InputError(
            f"expected {wanted} records, as many as a proof of a prediction takes, got {len(x)}",
            slug="records",
            place=str(table),
            remedy="leave out -o, or compile with another --infer",
        )


def _run(task: Deployment, values: Any, x: npt.NDArray[Any], frac: int) -> npt.NDArray[Any]:
    """(n, targets): predictions for any number of records, the last ones repeated to fill a run."""
    import tacit

    each = task.description.infer
    rows = np.minimum(np.arange(-(-len(x) // each) * each), len(x) - 1)
    given = (x[rows] * 2.0**-frac).reshape(-1, each, *x.shape[1:])
    found = tacit.run(task.infer, values, {"x": given[0] if len(given) == 1 else given}).outputs["prediction"]
    return np.asarray(found).reshape(len(rows), -1)[: len(x)]


def _show_predictions(result: dict[str, Any], about: Schema, as_json: bool) -> None:
    if as_json:
        console.print_json(result)
        return
    rows = [("took", console.duration(result["seconds"]))]
    if "proof" in result:
        rows.insert(0, ("proof", f"[bold]{escape(result['proof'])}[/bold] ({console.size(result['bytes'])})"))
    console.stdout().print(console.facts(rows))
    answers.show(about, result["predictions"])


COMMANDS: dict[str, Callable[..., None]] = {"fit": fit, "prove": prove, "verify": verify, "predict": predict}
