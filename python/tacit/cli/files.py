"""Files that the command line reads and writes besides the package's own: arrays, contexts, output names."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit.api.kinds import HEAD, journal_of, kind_of
from tacit.array_files import ArrayFile
from tacit.cli.tables import read_lists, read_table
from tacit.errors import InputError
from tacit.words import some

Arrays = dict[str, npt.NDArray[Any]]


def read_arrays(path: Path, names: Sequence[str] = ()) -> Mapping[str, npt.NDArray[Any]]:
    """The arrays of an .npz file by name, read when they are asked for; no pickled objects. Or one array, under the name `x`:
    of an .npy file, a table (.csv, a sample a line), or a list (.json; an object has several).

    `names`: what is looked for; a table has a column (n, 1) for each of several. Raises InputError if it is not such a file,
    FileNotFoundError if it is not there; both again when an array is read.
    """
    if path.suffix.lower() == ".csv":
        table = read_table(path)
        return table.columns() if len(names) > 1 else {"x": table.values}
    if path.suffix.lower() == ".json":
        found = read_lists(path)
        return found if isinstance(found, dict) else {"x": found}
    return ArrayFile(path)


def pick(arrays: Mapping[str, npt.NDArray[Any]], names: list[str], *, place: str) -> Arrays:
    """The arrays that a program's inputs ask for.

    Names must agree; but for a single input a file with a single array, or with one named `x`, will do.
    """
    if all(name in arrays for name in names):
        return {name: arrays[name] for name in names}
    if len(names) == 1:
        if len(arrays) == 1:
            return {names[0]: next(iter(arrays.values()))}
        if "x" in arrays:
            return {names[0]: arrays["x"]}
    missing = [name for name in names if name not in arrays]
    raise InputError(
        f"no array for input {some(missing)}; the file has {some(arrays)}",
        slug="input_missing",
        place=place,
        remedy=f"numpy.savez(path, {', '.join(f'{name}=...' for name in names)})",
    )


def read_inputs(path: Path, names: Sequence[str]) -> Arrays:
    """The arrays of a file that these inputs ask for. Raises InputError, FileNotFoundError."""
    return pick(read_arrays(path, names), list(names), place=str(path))


def input_names(program: Any) -> list[str]:
    """The names of a program's inputs, in order."""
    return list(program.inputs)


def calibration_arrays(path: Path, model: Path) -> Arrays:
    """The arrays of a calibration file that are inputs of an ONNX model; raises InputError, FileNotFoundError.

    Files of samples often hold more than inputs (labels, expected outputs), so the model's names decide.
    """
    return read_inputs(path, onnx_inputs(model))


def onnx_inputs(model: Path) -> list[str]:
    """The names of the inputs of an ONNX file that are not initialisers. Raises InputError, FileNotFoundError."""
    graph = _onnx_graph(model)
    constants = {item.name for item in graph.initializer}
    return [item.name for item in graph.input if item.name not in constants]


def _onnx_graph(model: Path) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        return onnx.load(str(model), load_external_data=False).graph
    except DecodeError as error:
        raise InputError(f"not an ONNX file: {error}", slug="onnx", place=str(model)) from None


#: Characters of a threshold or a range; a name has 2^15 at most.
MOST_TEXT = 2**16


def read_threshold(text: str, model: Path | list[str]) -> tuple[str, tuple[int, ...], float]:
    """`VALUE` or `OUTPUT[INDEX]>=VALUE` as (output, index after the batch axis, value); the index is 0 if not given.

    A bare value is about the only output of `model`, an ONNX file, or the outputs' names. Raises InputError.
    """
    try:
        output, index, value = _threshold(text)
    except ValueError:
        raise InputError(
            f"expected VALUE or OUTPUT[INDEX]>=VALUE, got {text[:80]}",
            slug="threshold",
            place="--threshold",
            remedy="for example 0.5, or 'scores[3]>=0.5'",
        ) from None
    if output is None:
        names = model if isinstance(model, list) else [item.name for item in _onnx_graph(model).output]
        output = _only(names, "output", "threshold", f"[0]>={text.strip()}")
    return output, index, value


def _threshold(text: str) -> tuple[str | None, tuple[int, ...], float]:
    """Its parts, cut at single places: a pattern of several repeated parts takes time with the square of the text."""
    if len(text) > MOST_TEXT:
        raise ValueError
    head, compared, value = text.rpartition(">=")
    name, index = head.strip(), "0"
    if name.endswith("]"):
        name, _, index = name[:-1].rpartition("[")
    name = name.strip()
    if (compared and not name) or set("[]>=") & {*name, *value} or set(index) - set("0123456789, "):
        raise ValueError
    return name if compared else None, tuple(int(part) for part in (index or "0").split(",")), float(value)


def _only(names: list[str], kind: str, option: str, rest: str) -> str:
    """The name that need not be given, of the one input or output there is. Raises InputError."""
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"expected a model with one {kind}, got {', '.join(names)}",
        slug="ranges" if option == "range" else option,
        place=f"--{option}",
        remedy=f"name it: '{names[-1]}{rest}'",
    )


def read_ranges(texts: list[str], model: Path) -> dict[str, tuple[float, float]]:
    """`[INPUT=]LEAST:GREATEST`, each for one input of the model. Raises InputError."""
    found: dict[str, tuple[float, float]] = {}
    for text in texts:
        name, _, ends = text.rpartition("=")
        try:
            least, greatest = (float(end) for end in ends[:MOST_TEXT].split(":", 2))
        except ValueError:
            raise InputError(
                f"expected LEAST:GREATEST or INPUT=LEAST:GREATEST, got {text[:80]}",
                slug="ranges",
                place="--range",
                remedy="for example 0:1, or 'pixels=0:255'",
            ) from None
        if not name:
            name = _only(onnx_inputs(model), "input", "range", f"={ends}")
        found[name.strip()] = least, greatest
    return found


def read_labels(path: Path) -> npt.NDArray[Any]:
    """The only array of a file, or the one named `y` or `labels`; of a table also all columns, if none has such a name.

    Raises InputError, FileNotFoundError.
    """
    if path.suffix.lower() == ".csv":
        table = read_table(path)
        named = [name for name in ("y", "labels") if name in table.names]
        only = named[:1] or (table.names if len(table.names) == 1 else ())
        return table.columns()[only[0]][:, 0] if only else table.values
    arrays = read_arrays(path)
    for name in arrays if len(arrays) == 1 else ("y", "labels"):
        if name in arrays:
            return arrays[name]
    raise InputError(
        f"expected one array, or one named y or labels, got {', '.join(arrays) or 'none'}",
        slug="labels",
        place=str(path),
        remedy="numpy.savez(path, labels=...)",
    )


def write_arrays(path: Path, arrays: Arrays, *, private: bool = True) -> None:
    """An .npz file, readable by its owner only unless it is not `private`, whole or not there. Raises InputError."""
    from tacit.api.native import write_file

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # numpy.savez takes no array that has the name of its argument
        for name, values in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, values, allow_pickle=False)
    write_file(path, buffer.getvalue(), private=private)


def read_context(text: str) -> bytes:
    """The bytes of a hexadecimal context; `0x` in front is allowed. Raises InputError."""
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raise InputError(
            f"expected pairs of hexadecimal digits, got {text[:80]!r}",
            slug="context",
            place="--context",
            remedy="two hexadecimal digits a byte, such as c0ffee",
        ) from None


def beside(path: Path, suffix: str) -> Path:
    """The file of another kind with the same name: `m.tacit` -> `m.weights`, `model` -> `model.secret`."""
    if not path.name:
        raise InputError(f"expected the name of a file, got {path}", slug="file", place=str(path))
    known = {".tacit", ".weights", ".commitment", ".secret", ".proof", ".renewal"}
    return path.with_suffix(suffix) if path.suffix in known else path.with_name(path.name + suffix)


def check_output(path: Path, *inputs: Path | None, kind: str | None = None) -> Path:
    """The path, if a file can be written there that destroys nothing; before there is work to lose. Raises InputError.

    `inputs`: what the command reads. `kind`: a file that is there already must be of this kind: of `tacit.inspect`, or one of
    `BEGINNINGS`.
    """
    place = str(path)
    if not path.name or path.is_dir():
        raise InputError("expected the name of a file, got a folder", slug="file", place=place)
    if not path.parent.is_dir():
        raise InputError("no such folder", slug="file", place=str(path.parent))
    if not os.access(path.parent, os.W_OK):
        raise InputError("the folder is not writable", slug="file", place=str(path.parent))
    if path.exists():
        if not path.is_file():
            raise InputError("expected a file, got a device or a pipe", slug="file", place=place)
        if any(one is not None and one.exists() and path.samefile(one) for one in inputs):
            raise InputError(
                "the output would replace an input", slug="exists", place=place, remedy="another name with -o"
            )
        if kind is not None and not _is_of(path, kind):
            raise InputError(
                f"another file than {_named(kind)} is there already",
                slug="exists",
                place=place,
                remedy="choose another name",
            )
    return path


#: How files of kinds that have no header begin, and what each is called.
BEGINNINGS = {
    "arrays": ("an .npz of arrays", (b"PK",)),
    "deployment": ("a deployment", (b'{"tacit-deployment"',)),
    "issuers": ("a registry of issuers", (b'{"tacit-issuers"',)),
    "schema": ("a schema", (b'{"tacit-schema"',)),
    "picture": ("a picture", (b"<svg", b"<?xml", b"<!doctypehtml", b"<html")),
}


def _is_of(path: Path, kind: str) -> bool:
    if kind not in BEGINNINGS:
        return _kind(path) == kind
    from tacit.api.native import read_file

    # Without spaces: a JSON file that people read has line breaks.
    head = b"".join(read_file(path, 64).lower().split())
    return any(head.startswith(beginning.lower()) for beginning in BEGINNINGS[kind][1])


def _named(kind: str) -> str:
    return BEGINNINGS[kind][0] if kind in BEGINNINGS else f"a {kind}"


def check_distinct(*paths: Path | None) -> None:
    """Files that one command writes are different ones, or InputError: the later would replace the earlier."""
    seen = set[Path]()
    for path in paths:
        if path is None:
            continue
        where = Path(os.path.realpath(path.parent)) / path.name
        if where in seen:
            raise InputError(
                "two outputs of this command would be this file",
                slug="exists",
                place=str(path),
                remedy="give every file a name of its own",
            )
        seen.add(where)


def keep(proof: Any, out: Path) -> None:
    """Write the proof; where that fails, its proof is spent all the same, and the error says so."""
    try:
        proof.save(out)
    except InputError as error:
        raise InputError(
            f"{error.reason}; the proof is lost, and counted as spent",
            slug=error.slug,
            place=error.place,
            remedy="make room or choose another folder with -o, and prove again",
        ) from None


def signed(path: Path) -> dict[str, Any] | None:
    """What a manifest or a list of revocations says, its signature not checked; None of any other file."""
    kind = _kind(path) if path.is_file() else None
    if kind not in ("manifest", "revocations"):
        return None
    from tacit import data

    found = data.Manifest.load(path) if kind == "manifest" else data.Revocations.load(path)
    return {"file": str(path), **found.as_dict()}


def _kind(path: Path) -> str | None:
    from tacit.api.native import read_file

    return kind_of(read_file(path, HEAD))


def fresh_pair(name: Path) -> tuple[Path, Path]:
    """Where NAME.secret and NAME.commitment go; neither is there yet, or InputError."""
    secret, commitment = fresh(beside(name, ".secret")), beside(name, ".commitment")
    check_output(secret)
    if commitment.exists():
        raise InputError(
            "there is a commitment already",
            slug="exists",
            place=str(commitment),
            remedy="choose another name with -o, or remove it if no secret belongs to it",
        )
    return secret, commitment


def written_with(name: Path | None) -> tuple[Path, ...]:
    """What a commitment named so consists of: secret, journal, commitment. Nothing without a name."""
    if name is None:
        return ()
    secret = beside(name, ".secret")
    return secret, journal_of(secret), beside(name, ".commitment")


def fresh(path: Path) -> Path:
    """The path, unless a file is there: a secret holds a count of proofs and must never be lost or turned back."""
    from tacit.api import leftovers

    if path.name:
        leftovers.remove(path)
    journal = journal_of(path)
    if journal.exists() and not path.exists():
        raise InputError(
            "there is the journal of a secret that is not there: a command was interrupted, or the secret was moved",
            slug="exists",
            place=str(journal),
            remedy="remove the journal if no secret belongs to it, or choose another name with -o",
        )
    if path.exists():
        raise InputError(
            "there is a secret already; it may be the only opening of a published commitment",
            slug="exists",
            place=str(path),
            remedy="choose another name with -o, or move the old one away",
        )
    return path
