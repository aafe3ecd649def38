"""`tacit prove`, `verify` and `demo`."""

from __future__ import annotations

import time
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.markup import escape

from tacit import console
from tacit.cli import answers, checking, files
from tacit.cli import chart as charts
from tacit.cli.options import (
    Chart,
    Context,
    Counter,
    DataCommitment,
    DataSecret,
    Json,
    ModelCommitment,
    ModelSecret,
    OutputCommitment,
    OutputName,
    Profile,
    ProgramFile,
    ProofFile,
    ProofInput,
    ProofOut,
    RotatedCommitment,
    SchemaDigest,
    ShowHidden,
)
from tacit.errors import InputError


class Story(str, Enum):
    """What `tacit demo` tells."""

    clinic = "clinic"
    federated = "federated"


def prove(
    program: ProgramFile,
    input_: ProofInput = None,
    model: ModelSecret = None,
    data: DataSecret = None,
    context: Context = "",
    out: ProofOut = Path("out.proof"),
    output: OutputName = None,
    counter: Counter = None,
    profile: Profile = False,
    chart: Chart = None,
    show_hidden: ShowHidden = False,
    as_json: Json = False,
) -> None:
    """Run the committed model on an input and prove the answer. Spends one proof of each commitment's allowance."""
    import tacit
    from tacit.api.claims import predicates
    from tacit.api.counted import counter_of

    bound_to = files.read_context(context)
    if chart is not None:
        charts.check(files.check_output(chart, program, input_, model, data, out))
    files.check_distinct(out, chart, *files.written_with(output))
    files.check_output(out, program, input_, model, data, kind="proof")
    if model is not None and data is not None and model.exists() and data.exists() and model.samefile(data):
        raise InputError("expected the data's secret, got the model's", slug="commitments", place="--data")
    loaded = tacit.Program.load(program)
    output_files = _output_files(loaded, output)
    arrays = _inputs(loaded, input_)  # before a secret is opened: what is refused in any case touches none
    agreed, given = counter_of(counter), (("model", model), ("data", data))
    secrets = {name: tacit.Secret.load(path, counter=agreed) for name, path in given if path is not None}
    profile = profile or chart is not None
    start = time.perf_counter()
    with console.busy("proving"):
        proof = tacit.prove(
            loaded,
            secrets.get("model"),
            arrays,
            data=secrets.get("data"),
            context=bound_to,
            profile=profile,
            detail=show_hidden,
        )
    seconds = time.perf_counter() - start
    if output_files is not None and proof.output is not None:
        # First: a proof whose output commitment was lost cannot be verified.
        proof.output.save(output_files[0], counter=agreed)
        proof.output.commitment.save(output_files[1])
    files.keep(proof, out)
    result: dict[str, Any] = {"proof": str(out), "bytes": len(proof), "seconds": seconds}
    result |= {"remaining": _left(secrets), "says": _says(loaded, secrets.get("data"))}
    if output_files is not None:
        result["output_secret"], result["output_commitment"] = map(str, output_files)
    result["outputs"] = console.plain(proof.outputs)
    result["predicates"] = predicates(loaded, proof.outputs)
    result["verified"] = False  # by nobody yet: the outputs are what this command has computed
    if profile:
        result["profile"] = {name: value for name, value in proof.profile.items() if name != "total"}
        result["peak_memory_bytes"] = proof.peak_memory
    if chart is not None:
        charts.draw_phases(result["profile"], chart)
        result["chart"] = str(chart)
    if as_json:
        console.print_json(result)
        return
    _show_proof(result)


def _inputs(program: Any, path: Path | None) -> files.Arrays:
    """The arrays of the input file, which the program takes. Raises InputError."""
    from tacit.api.parameters import given_integers

    found: files.Arrays = {}
    if path is not None:
        found = files.read_inputs(path, files.input_names(program))
    given_integers(program, found)
    return found


def _left(secrets: Mapping[str, Any]) -> dict[str, int]:
    return {name: secret.remaining for name, secret in secrets.items() if secret.remaining is not None}


def _says(program: Any, data: Any) -> list[str]:
    """What a proof made with this data says of each input."""
    from tacit.api.claims import input_claims

    identities = {} if data is None else {"data": data.commitment.master or data.commitment.identity}
    return [claim.says for claim in input_claims(program, identities).values()]


def _output_files(program: Any, name: Path | None) -> tuple[Path, Path] | None:
    """Secret and commitment of the outputs, neither there yet; None for a program that publishes them."""
    if program.commits_outputs:
        if name is None:
            raise InputError(
                "the program commits its outputs: the commitment needs a name",
                slug="output_commitment",
                place="--output-commitment",
                remedy="for example --output-commitment answer",
            )
        return files.fresh_pair(name)
    if name is not None:
        raise InputError(
            "the program publishes its outputs",
            slug="output_commitment",
            place="--output-commitment",
            remedy="compile with --outputs committed",
        )
    return None


def _show_proof(result: dict[str, Any]) -> None:
    out = console.stdout()
    rows = [("proof", f"[bold]{escape(result['proof'])}[/bold] ({console.size(result['bytes'])})")]
    rows.append(("took", console.duration(result["seconds"])))
    hidden = "not published" if "output_commitment" in result else "not verified yet"
    for name, values in result["outputs"].items():
        predicate = result["predicates"].get(name)
        answer = _answer(values) if predicate is None else console.one_line(predicate.says)
        rows.append((f"output {name}, {hidden}", escape(answer)))
    rows += [("it says of the input", escape(sentence)) for sentence in result["says"]]
    rows += [(f"proofs left, {name}", str(count)) for name, count in result["remaining"].items()]
    if "output_commitment" in result:
        rows.append(("publish with it", f"[bold]{escape(result['output_commitment'])}[/bold]"))
        rows.append(("keep", f"[bold]{escape(result['output_secret'])}[/bold]"))
    if "peak_memory_bytes" in result:
        rows.append(("peak memory", console.size(result["peak_memory_bytes"])))
    if "chart" in result:
        rows.append(("chart", escape(result["chart"])))
    out.print(console.facts(rows))
    if "profile" in result:
        total = sum(result["profile"].values()) or 1.0
        out.print(
            console.table(
                ["phase", "time", "share"],
                [
                    [escape(name), console.duration(value), f"{100 * value / total:.0f} %"]
                    for name, value in result["profile"].items()
                ],
            )
        )


def _answer(values: Any) -> str:
    """All digits of a few entries, the first of many."""
    return str(values) if np.size(values) <= console.MOST_ENTRIES else console.entries(values)


def verify(
    program: ProgramFile,
    proof: ProofFile,
    model: ModelCommitment = None,
    data: DataCommitment = None,
    output: OutputCommitment = None,
    rotation: RotatedCommitment = None,
    context: Context = "",
    security: Annotated[int, typer.Option(help="The proven security to insist on, in bits (1 to 160).")] = 128,
    require_check: Annotated[
        bool, typer.Option("--require-check", help="Refuse a program that does not compute the layers that it names.")
    ] = False,
    schema: answers.AnswerSchema = None,
    digest: SchemaDigest = None,
    as_json: Json = False,
) -> None:
    """Check a proof. Exit code 0: the statement below is true. Exit code 1: refused, with the reason."""
    import tacit

    bound_to = files.read_context(context)
    start = time.perf_counter()
    with console.busy("verifying"):
        about = tacit.Program.load(program)
        words = answers.schema_for(about, schema, digest)
        statement = tacit.verify(
            about,
            tacit.Proof.load(proof),
            model=None if model is None else _model(model),
            data=None if data is None else tacit.Commitment.load(data),
            output=None if output is None else tacit.Commitment.load(output),
            rotation=None if rotation is None else tacit.Commitment.load(rotation),
            context=bound_to,
            security=security,
            require_check=require_check,
        )
    seconds = time.perf_counter() - start
    shown = console.plain(statement)
    result = {"accepted": True, "seconds": seconds, "says": statement.says, "statement": shown}
    result |= answers.named(words, statement.outputs)
    if as_json:
        console.print_json(result)
        return
    out = console.stdout()
    out.print(f"[bold green]accepted[/bold green] in {console.duration(seconds)}")
    for predicate in statement.predicates.values():
        out.print(f"[bold]{escape(console.one_line(predicate.says))}[/bold]")
    for sentence in statement.says:
        out.print(f"input {escape(console.one_line(sentence))}")
    del shown["input_claims"], shown["predicates"]  # the sentences just said it
    for part in ("outputs", "integers") if statement.predicates else ():
        shown[part] = {name: value for name, value in shown[part].items() if name not in statement.predicates}
        if not shown[part]:
            del shown[part]
    del shown["architecture"]
    if words is not None:
        answers.show(words, result["predictions"])
        answers.show_schema(words)
    console.show(shown)
    checking.show(about.told_architecture)


def _model(path: Path) -> Any:
    """A commitment, or, for a program whose weights are public, the weights themselves."""
    import tacit

    weights_file = path.suffix == ".weights"
    return tacit.Weights.load(path) if weights_file else tacit.Commitment.load(path)


def demo(
    story: Annotated[Story, typer.Argument(help="Which one.")] = Story.clinic,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", help="Of federated: a new folder, for the lineage and a picture of it."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Tell a story that is proven here and now, with forgeries that are refused.

    clinic: two small models are trained, and answers of theirs proven. Needs scikit-learn and skl2onnx.

    federated: four hospitals train one model, and each proves its updates. Needs scikit-learn and the extra network.
    """
    if story is Story.federated:
        from tacit.demo import federated

        result = federated.run(quiet=as_json, folder=None if folder is None else str(folder))
    else:
        from tacit.demo import run

        result = run(quiet=as_json)
    if as_json:
        console.print_json(result)
