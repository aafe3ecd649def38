"""`tacit commit model|data|rotate|renew`: long-lived commitments, each a public file and a secret one."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import Counter, Json, ProgramFile, WeightsFile
from tacit.errors import InputError

app = typer.Typer(help="Commit to a model or to data, once; proofs then refer to it.")

Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="NAME", help="NAME.commitment is public, NAME.secret stays here."),
]
Proofs = Annotated[int | None, typer.Option(min=1, help="Proofs to make it for; as compiled, if not given.")]

Children = Annotated[
    int,
    typer.Option(
        min=0, max=65535, help="Make a master for so many children (tacit commit rotate); they make the proofs."
    ),
]

Refusals = Annotated[
    int | None,
    typer.Option(min=1, help="Proofs that may be refused for hidden values; as many as proofs, if not given."),
]


@app.command("model")
def commit_model(
    program: ProgramFile,
    weights: WeightsFile,
    out: Out = Path("model"),
    proofs: Proofs = None,
    children: Children = 0,
    refusals: Refusals = None,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Commit to the weights. The commitment carries a proof that they lie in the program's intervals."""
    import tacit
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    loaded = tacit.Program.load(program)
    look_ahead(loaded, "model")
    start = time.perf_counter()
    with console.busy("committing to the model"):
        secret = tacit.commit_model(
            loaded, tacit.Weights.load(weights), proofs=proofs, children=children, refusals=refusals
        )
    save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json, counter=agreed)


@app.command("data")
def commit_data(
    program: ProgramFile,
    data: Annotated[
        Path,
        typer.Argument(metavar="X.npz", help="The input to commit to (.npz, .npy, .csv, .json).", show_default=False),
    ],
    out: Out = Path("data"),
    proofs: Proofs = None,
    children: Children = 0,
    refusals: Refusals = None,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Commit to an input of a program that was compiled with --input committed."""
    import tacit
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    loaded = tacit.Program.load(program)
    look_ahead(loaded, "data")
    arrays = files.read_inputs(data, files.input_names(loaded))
    start = time.perf_counter()
    with console.busy("committing to the data"):
        secret = tacit.commit_data(loaded, arrays, proofs=proofs, children=children, refusals=refusals)
    save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json, counter=agreed)


@app.command("rotate")
def rotate(
    master: Annotated[
        Path, typer.Argument(metavar="MASTER.secret", help="A secret made with --children.", show_default=False)
    ],
    out: Out = Path("child"),
    proofs: Annotated[
        int | None, typer.Option(min=1, help="Proofs to make it for; as many as there is room for, if not given.")
    ] = None,
    refusals: Refusals = None,
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Make a child: a fresh allowance for the master's values, under the master's identity. Uses up one of its children."""
    import tacit
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    loaded = tacit.Secret.load(master, counter=agreed)
    start = time.perf_counter()
    with console.busy("making a child"):
        secret = loaded.rotate(proofs, refusals=refusals)
    save(secret, output_files, seconds=time.perf_counter() - start, as_json=as_json, master=loaded, counter=agreed)


@app.command("renew")
def renew(
    old: Annotated[
        Path, typer.Argument(metavar="OLD.secret", help="The secret, whatever its count says.", show_default=False)
    ],
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="NAME", help="NAME.commitment and NAME.renewal are public."),
    ] = Path("renewed"),
    counter: Counter = None,
    as_json: Json = False,
) -> None:
    """Make a fresh commitment to the same values, and the proof of that; the old secret makes nothing any more.

    For a commitment that is spent, and for one whose journal was restored, or may have been: never prove with that.
    """
    import tacit
    from tacit.api.counted import counter_of

    output_files, agreed = files.fresh_pair(out), counter_of(counter)
    renewal_file = files.beside(out, ".renewal")
    files.check_distinct(*output_files, renewal_file)
    if renewal_file.exists():
        raise InputError(
            "there is a renewal already", slug="exists", place=str(renewal_file), remedy="another name with -o"
        )
    loaded = tacit.Secret.load(old, counter=agreed)
    start = time.perf_counter()
    with console.busy("renewing"):
        secret = loaded.renew()
    save(
        secret,
        output_files,
        seconds=time.perf_counter() - start,
        as_json=as_json,
        counter=agreed,
        renewal=(renewal_file, loaded.commitment.identity),
    )


@app.command("check-renewal")
def check_renewal(
    trusted: Annotated[
        Path, typer.Argument(metavar="OLD.commitment", help="The commitment that is trusted.", show_default=False)
    ],
    renewals: Annotated[
        list[Path],
        typer.Argument(metavar="NAME.renewal..", help="Its renewals, the first one first.", show_default=False),
    ],
    security: Annotated[int, typer.Option(help="The proven bits to insist on (1 to 160).")] = 128,
    as_json: Json = False,
) -> None:
    """Check that a new commitment holds what a trusted one holds. Exit code 0: it does. Exit code 1: refused."""
    import tacit

    known = tacit.Commitment.load(trusted)
    newest = tacit.verify_renewal(known, *map(tacit.Commitment.load, renewals), security=security)
    result: dict[str, Any] = {"accepted": True, "trusted": known.identity, "newest": newest, "renewals": len(renewals)}
    if as_json:
        console.print_json(result)
        return
    console.stdout().print("[bold green]accepted[/bold green]: the same values, each within the same interval")
    console.stdout().print(console.facts([("trusted", known.identity), ("newest", newest)]))


@app.command("export")
def export(
    secret: Annotated[Path, typer.Argument(metavar="NAME.secret", help="The secret.", show_default=False)],
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="The commitment; NAME.commitment, if not given.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the public commitment of a secret again, where its file was lost or never written. Spends nothing."""
    import tacit

    target = files.check_output(out or files.beside(secret, ".commitment"), secret, kind="commitment")
    commitment = tacit.Secret.load(secret).commitment
    commitment.save(target)
    result: dict[str, Any] = {
        "commitment": str(target),
        "identity": commitment.identity,
        "bytes": target.stat().st_size,
    }
    if as_json:
        console.print_json(result)
        return
    shown = f"[bold]{escape(str(target))}[/bold] ({console.size(result['bytes'])})"
    console.stdout().print(console.facts([("publish", shown), ("identity", commitment.identity)]))


def look_ahead(program: Any, role: str) -> None:
    """Refuse what could not be saved, and say what many proofs cost."""
    from tacit.api.cost import check_secret, costly

    check_secret(program, role)
    console.note(costly(program, role))


def save(
    secret: Any,
    output_files: tuple[Path, Path],
    *,
    seconds: float,
    as_json: bool,
    master: Any = None,
    counter: Any = None,
    renewal: tuple[Path, str] | None = None,
    more: dict[str, Any] | None = None,
) -> None:
    """Write a new commitment's files, and say what they are. `renewal`: where its renewal goes, and the old identity.

    `more`: what else is said of it.
    """
    secret_file, commitment_file = output_files
    # The secret first: a published commitment whose secret was lost is worth nothing.
    secret.save(secret_file, counter=counter)
    secret.commitment.save(commitment_file)
    result: dict[str, Any] = {
        "commitment": str(commitment_file),
        "secret": str(secret_file),
        "bytes": commitment_file.stat().st_size,
        "proofs": secret.remaining,
        "seconds": seconds,
    }
    if secret.remaining is not None:
        result["refusals"] = secret.remaining_refusals
    if secret.children:
        result["children"] = secret.children
    if renewal is not None:
        secret.renewal.save(renewal[0])
        result |= {"renewal": str(renewal[0]), "renews": renewal[1], "identity": secret.commitment.identity}
    if master is not None:
        result |= {"master": secret.commitment.master, "children_left": master.children}
    result |= more or {}
    if as_json:
        console.print_json(result)
        return
    shown = [("publish", f"[bold]{escape(str(commitment_file))}[/bold] ({console.size(result['bytes'])})")]
    if renewal is not None:
        shown.append(("publish with it", f"[bold]{escape(str(renewal[0]))}[/bold], for those who trust the old one"))
        shown.append(("identity", secret.commitment.identity))
        shown.append(
            ("if it is known", "the old secret came from before its renewal: do not prove, renew this one, too")
        )
    shown += [(name, escape(str(value))) for name, value in (more or {}).items()]
    shown += [("keep", f"[bold]{escape(str(secret_file))}[/bold]"), ("good for", _good_for(secret))]
    if secret.remaining is not None:
        shown.append(("beyond that", "its values leak: 14 proofs on an allowance of 8 gave 8 of 8 weights away"))
        shown.append(("never", f"copy it or restore its journal; after a restore: tacit commit {_way_on(secret)}"))
    if master is not None:
        shown.append(("children left", str(master.children)))
    shown.append(("took", console.duration(seconds)))
    console.stdout().print(console.facts(shown))


def _way_on(secret: Any) -> str:
    return "renew" if secret.commitment.master is None else "rotate, with its master"


def _good_for(secret: Any) -> str:
    if secret.children:
        return f"{secret.children} children: tacit commit rotate"
    if secret.remaining is None:
        return "any number of proofs"
    return "1 proof" if secret.remaining == 1 else f"{secret.remaining} proofs"
