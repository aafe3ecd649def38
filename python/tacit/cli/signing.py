"""`tacit data key|trust|sign|revoke|check`: who vouches for datasets, and whether a manifest holds.

A private key comes from a file that only its owner reads, or from the environment; never from the command line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import Context, Json, ProgramFile
from tacit.errors import InputError

if TYPE_CHECKING:
    from tacit.data import Key

#: The variable with an issuer's key: PEM, or the 64 hexadecimal digits of its secret bytes.
VARIABLE = "TACIT_ISSUER_KEY"
DAY = 86_400

SchemaFile = Annotated[Path, typer.Argument(metavar="S.schema", help="The schema.", show_default=False)]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help=f"The issuer's private key; else that of ${VARIABLE}."),
]
Task = Annotated[
    str, typer.Option("--task", metavar="TEXT", help="What the data is for: a text, or its 64 hexadecimal digits.")
]
Node = Annotated[str, typer.Option("--node", metavar="HEX", help="The public key of the node.")]


def _key(path: Path | None) -> Key:
    from tacit import data

    return data.Key.from_environment(VARIABLE) if path is None else data.Key.load(path)


def key(
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="Stays here.")] = Path("issuer.key"),
    as_json: Json = False,
) -> None:
    """Make an Ed25519 key for an issuer or a node: a file that only its owner reads. Its public half is printed."""
    from tacit import data

    made = data.Key.generate()
    made.save(out)
    result = {"keep": str(out), "public": made.public.hex()}
    if as_json:
        console.print_json(result)
        return
    console.stdout().print(console.facts([("keep", f"[bold]{escape(str(out))}[/bold]"), ("public", result["public"])]))


def trust(
    registry: Annotated[Path, typer.Argument(metavar="ISSUERS.json", help="A file, or a new one.", show_default=False)],
    public: Annotated[str, typer.Argument(metavar="HEX", help="The issuer's public key.", show_default=False)],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose it is.", show_default=False)],
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="It signs from then on (UTC).")] = "1970-01-01",
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="It signs no longer than this (UTC).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add an issuer to a registry: whose word a task takes."""
    from tacit import data
    from tacit.data.manifest import date, seconds_of

    files.check_output(registry, kind="issuers")
    known = data.Issuers.load(registry) if registry.exists() else data.Issuers()
    begin, end = seconds_of(since, "--from"), None if until is None else seconds_of(until, "--until")
    if end is not None and end <= begin:
        raise InputError(
            f"expected an end after the beginning, {date(begin)}, got {date(end)}",
            slug="time",
            place="--until",
            remedy="give a later --until, or leave it out: then there is no end",
        )
    found = known.adding(public, name, since=begin, until=end)
    found.save(registry)
    result = {"issuers": str(registry), "names": [entry.name for entry in found.entries]}
    if as_json:
        console.print_json(result)
        return
    console.show(result)


def sign(
    program: ProgramFile,
    schema: SchemaFile,
    shards: Annotated[
        list[str],
        typer.Option(
            "--shard",
            metavar="NAME",
            help="Data: NAME.commitment with its dataset proof NAME.proof. Again for each further one.",
        ),
    ],
    task: Task,
    node: Node,
    expires: Annotated[str, typer.Option("--expires", metavar="DATE", help="Until when it holds (UTC).")],
    private: KeyFile = None,
    context: Context = "",
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The manifest.")] = Path("node.manifest"),
    as_json: Json = False,
) -> None:
    """Vouch for data: verify each dataset proof, and sign a manifest for a node. The names signed are those of masters."""
    import tacit
    from tacit import data
    from tacit.data.manifest import key_of, seconds_of

    bound_to, end, signer = files.read_context(context), seconds_of(expires, "--expires"), _key(private)
    _check_ends(end)
    receiver = key_of(node, "--node")
    files.check_output(out, program, schema, private, kind="manifest")
    loaded, about = tacit.Program.load(program), data.Schema.load(schema)
    found = []
    with console.busy("verifying"):
        for name in shards:
            commitment = tacit.Commitment.load(_of_shard(name, ".commitment"))
            proof = tacit.Proof.load(_of_shard(name, ".proof"))
            found.append(data.verify_dataset(loaded, about, proof, commitment, context=bound_to))
    made = data.Manifest.sign(signer, task=task, node=receiver, schema=about, program=loaded, shards=found, expires=end)
    made.save(out)
    result = {"manifest": str(out), **made.as_dict()}
    if as_json:
        console.print_json(result)
        return
    console.show(result)


def _check_ends(end: int) -> None:
    """Before proofs are verified, which takes long: a manifest that has ended holds for nobody. Raises InputError (slug time)."""
    from tacit.data.manifest import date

    now = int(time.time())
    if end <= now:
        raise InputError(
            f"expected an end after now, {date(now)}, got {date(end)}",
            slug="time",
            place="--expires",
            remedy="give a later date: until when the node may train on this data",
        )


def _of_shard(name: str, suffix: str) -> Path:
    """NAME.commitment or NAME.proof. Raises InputError (slug file)."""
    path = files.beside(Path(name), suffix)
    if not path.exists():
        raise InputError(
            f"expected the file {path}, found none",
            slug="file",
            place=f"--shard {name}",
            remedy="a shard's NAME stands for NAME.commitment and its dataset proof NAME.proof (`tacit data prove`)",
        )
    return path


def revoke(
    manifests: Annotated[
        list[str],
        typer.Argument(metavar="MANIFEST..", help="Manifests to take back, or their serials.", show_default=False),
    ],
    private: KeyFile = None,
    before: Annotated[
        Path | None, typer.Option("--before", metavar="FILE", help="The list until now: the new one has all of it.")
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The list.")] = Path("issuer.revocations"),
    as_json: Json = False,
) -> None:
    """Take manifests back: sign the next list of revoked serials. Publish it where the manifests are looked at."""
    from tacit import data

    files.check_output(out, private, kind="revocations")
    old = None if before is None else data.Revocations.load(before)
    made = data.Revocations.sign(_key(private), map(_serial, manifests), before=old)
    made.save(out)
    result = {"revocations": str(out), **made.as_dict()}
    if as_json:
        console.print_json(result)
        return
    console.show(result)


def _serial(text: str) -> bytes:
    """Of a manifest's file, or 32 hexadecimal digits. Raises InputError (slug file), InvalidProof."""
    from tacit import data

    if len(text) != 32 and not Path(text).exists():
        raise InputError(
            f"expected the file of a manifest or the 32 hexadecimal digits of a serial, got {text[:80]!r}",
            slug="file",
            place="MANIFEST",
            remedy="`tacit inspect` of a manifest shows its serial",
        )
    if len(text) == 32 and not Path(text).exists():
        try:
            return bytes.fromhex(text)
        except ValueError:
            pass
    return data.Manifest.load(text).serial


def check(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="The manifest.", show_default=False)],
    program: ProgramFile,
    schema: SchemaFile,
    registry: Annotated[
        Path, typer.Option("--issuers", metavar="FILE", help="Whose word is taken (`tacit data trust`).")
    ],
    task: Task,
    node: Node,
    revocations: Annotated[
        list[Path] | None,
        typer.Option("--revocations", metavar="FILE", help="A list of revoked serials. Again for each further one."),
    ] = None,
    fresh: Annotated[
        int | None, typer.Option("--fresh", metavar="DAYS", help="How old the issuer's newest list may be.")
    ] = None,
    commitment: Annotated[
        Path | None, typer.Option("--data", metavar="FILE", help="Data that the manifest must be for.")
    ] = None,
    proof: Annotated[
        Path | None, typer.Option("--proof", metavar="FILE", help="Its dataset proof, to compare records and ids.")
    ] = None,
    context: Context = "",
    at: Annotated[
        str | None, typer.Option("--at", metavar="DATE", help="The time to look at it (UTC); now, if not given.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a manifest. Exit code 0: an issuer of the registry vouches for it. Exit code 1: refused, with the reason."""
    import tacit
    from tacit import data
    from tacit.data.manifest import seconds_of

    if proof is not None and commitment is None:
        raise InputError("a proof is about data", slug="usage", place="--proof", remedy="give its commitment, --data")
    bound_to = files.read_context(context)
    loaded, about = tacit.Program.load(program), data.Schema.load(schema)
    known = None if commitment is None else tacit.Commitment.load(commitment)
    statement = None
    with console.busy("verifying"):
        if proof is not None and known is not None:
            statement = data.verify_dataset(loaded, about, tacit.Proof.load(proof), known, context=bound_to)
        found = data.check_manifest(
            data.Manifest.load(manifest),
            data.Issuers.load(registry),
            [data.Revocations.load(path) for path in revocations or []],
            task=task,
            node=node,
            schema=about,
            program=loaded,
            commitment=known,
            dataset=statement,
            now=None if at is None else seconds_of(at, "--at"),
            fresh=None if fresh is None else fresh * DAY,
        )
    result: dict[str, Any] = {"accepted": True, "issued by": found.issuer.name, **found.manifest.as_dict()}
    if found.shard is not None:
        result["this data"] = found.shard.identity.hex()
    if as_json:
        console.print_json(result)
        return
    del result["accepted"], result["kind"]
    console.stdout().print("[bold green]accepted[/bold green]: an issuer of the registry vouches for this data")
    console.show(result)


#: By name, in the order of their use.
COMMANDS: dict[str, Callable[..., None]] = {
    "key": key,
    "trust": trust,
    "sign": sign,
    "revoke": revoke,
    "check": check,
}
