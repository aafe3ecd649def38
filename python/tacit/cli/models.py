"""Models in integers as .npz files, and the records that they are trained on: what the commands of training read and write."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tacit.array_files import ArrayFile
from tacit.cli import files
from tacit.errors import InputError
from tacit.words import some

if TYPE_CHECKING:
    from tacit.data import Schema
    from tacit.train import Deployment

Ints = npt.NDArray[np.int64]


def read_model(task: Deployment, path: Path) -> dict[str, Ints]:
    """The deployment's weights in an .npz file: all of them and nothing else, int64, each in its interval.

    Raises InputError (slugs arrays, missing, shape, range), FileNotFoundError.
    """
    arrays = ArrayFile(path)
    wanted = [name for name, *_ in task.parameters]
    if set(arrays) != set(wanted):
        raise InputError(
            f"expected the weights {some(wanted)}, got {some(sorted(arrays))}",
            slug="missing",
            place=str(path),
            remedy="give a model that `tacit train` wrote for this deployment",
        )
    found: dict[str, Ints] = {}
    for name, shape, _, _ in task.parameters:
        array = arrays[name]
        if array.dtype.kind != "i" or array.dtype.itemsize != 8 or array.shape != tuple(shape):
            raise InputError(
                f"expected int64 of shape {list(shape)}, got {array.dtype} of shape {list(array.shape)[:16]}",
                slug="shape",
                place=f"{path}, {name}",
            )
        found[name] = array.astype(np.int64)
    task.check_model(found, str(path))
    return found


def write_model(path: Path, model: Mapping[str, Any], *, private: bool) -> None:
    """Its integers, whole or not at all; a private model's file is readable by its owner only. Raises InputError."""
    files.write_arrays(path, dict(model), private=private)


def read_records(schema: Path, table: Path, first: int | None) -> tuple[Any, Any]:
    """The schema, and a table's records in integers. Raises InputError."""
    from tacit import data

    about = data.Schema.load(schema)
    return about, about.encode(table, ids=first)


def read_schema(path: Path, digest: str | None) -> Schema:
    """A schema file, and whether it is the one of this digest. Raises InputError (slugs schema, schema_file)."""
    from tacit import data

    found = data.Schema.load(path)
    if digest is not None and digest.lower().removeprefix("0x") != found.digest:
        raise InputError(
            f"expected the schema of the digest {digest[:64]}, got {found.digest}",
            slug="schema",
            place=str(path),
            remedy="fetch the schema that its publisher published; `tacit data schema` shows a schema and its digest",
        )
    return found


def maybe_schema(path: Path | None, digest: str | None) -> Schema | None:
    """The same where a schema is given; a digest alone is refused. Raises InputError (slug usage)."""
    if path is not None:
        return read_schema(path, digest)
    if digest is not None:
        raise InputError(
            "a digest is given, and no schema",
            slug="usage",
            place="--schema-digest",
            remedy="give the file with --schema",
        )
    return None


def read_seed(text: str | None) -> bytes | None:
    """The 32 bytes of a seed. Raises InputError (slug seed)."""
    if text is None:
        return None
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
        if len(found) != 32:
            raise ValueError
    except ValueError:
        raise InputError(
            f"expected a seed of 64 hexadecimal digits, got {text[:80]!r}",
            slug="seed",
            place="--seed",
            remedy="take it from the round: nobody who trains may choose it",
        ) from None
    return found


def architecture(text: str, activation: str, seed: int) -> Any:
    """`mlp:WIDTH,..` as a graph; anything else is the name of a file. Raises InputError (slugs widths, activation)."""
    from tacit import train

    head, sign, rest = text.partition(":")
    if head != "mlp" or not sign:
        return text
    widths = rest[: 1 << 12].split(",")
    if not all(width.strip().isdecimal() and len(width) < 9 for width in widths):
        raise InputError(
            f"expected widths such as mlp:30,16,2, got {text[:60]!r}",
            slug="widths",
            place="MODEL",
            remedy="inputs first, scores last",
        )
    return train.mlp(*map(int, widths), activation=activation, seed=seed)


def told(path: Path) -> dict[str, Any] | None:
    """What a training proof or a deployment says of itself; None of any other file. Verifies nothing."""
    from tacit.api.kinds import HEAD, kind_of
    from tacit.api.native import read_file
    from tacit.train.file import BEGIN

    head = read_file(path, max(HEAD, len(BEGIN))) if path.is_file() else b""
    if kind_of(head) == "training proof":
        from tacit.train.proof import TrainingProof

        proof = TrainingProof.load(path)
        found = {"kind": "training proof", "deployment": proof.deployment.hex(), "argument_bytes": len(proof.argument)}
        return {"file": str(path), "bytes": path.stat().st_size, **found}
    if head.startswith(BEGIN):
        from tacit.train import Deployment

        return {"file": str(path), "bytes": path.stat().st_size, "kind": "deployment", **summary(Deployment.load(path))}
    return None


def summary(task: Deployment) -> dict[str, Any]:
    """A deployment in the types of JSON: the task, its weights and its programs."""
    d, plan, fracs = task.description, task.description.plan, task.programs.fracs
    rates = dict.fromkeys(f"{c} * 2^-{plan.power}" for c in plan.cs)
    frozen = plan.network.frozen
    return {
        "name": d.name,
        "digest": task.digest.hex(),
        "records": task.records,
        "features": list(plan.record.features),
        "loss": plan.loss.name,
        "steps": plan.steps,
        "batch": plan.batch,
        "order": d.places.order,
        "rate_over_batch": list(rates),
        "rate": [c * 2.0**-plan.power * plan.batch for c in dict.fromkeys(plan.cs)],
        "chunks": list(plan.chunks),
        "momentum": plan.momentum,
        "decay": plan.decay,
        "base": d.places.base,
        "next": d.places.next,
        "overflow": d.overflow,
        "layers": [f"{node.name}: {node.op}" for node in plan.network.nodes],
        "weights": [
            {
                "name": name,
                "shape": list(shape),
                "least": lo * 2.0 ** -fracs[name],
                "greatest": hi * 2.0 ** -fracs[name],
                "step": f"2^-{fracs[name]}",
                "trained": name not in frozen,
            }
            for name, shape, lo, hi in task.parameters
        ],
        "programs": [
            {"name": name, "digest": program.digest, "commitments": list(program.commitments), "proofs": program.proofs}
            for name, program in task.all.items()
        ],
    }
