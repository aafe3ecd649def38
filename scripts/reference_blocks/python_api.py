"""The Python interface: signatures and docstrings of what `import tacit` gives, and of the modules that are part of it.

A docstring's sentences on one parameter begin with its name, in backticks, and a colon; they become a list. So does what it
raises.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from reference_blocks.tables import code, table

#: Block -> the names that it has, in this order. Two dots: somewhere in that package.
PARTS = {
    "python calls": (
        "tacit.compile",
        "tacit.commit_model",
        "tacit.commit_data",
        "tacit.prove",
        "tacit.verify",
        "tacit.verify_renewal",
        "tacit.run",
        "tacit.evaluate",
        "tacit.inspect",
    ),
    "python objects": (
        "tacit.Program",
        "tacit.Weights",
        "tacit.Secret",
        "tacit.Commitment",
        "tacit.Proof",
        "tacit.api.results.Statement",
        "tacit.api..Architecture",
        "tacit.api.objects.Port",
        "tacit.api.running.Run",
        "tacit.api.evaluation.Evaluation",
        "tacit.compiler..Report",
        "tacit.quantize..Options",
    ),
    "python errors": (
        "tacit.errors.TacitError",
        "tacit.errors.InvalidProof",
        "tacit.errors.ManifestError",
        "tacit.errors.InputError",
        "tacit.errors.ModelError",
        "tacit.errors.QuantizationError",
        "tacit.errors.ProgramError",
        "tacit.errors.AllowanceExceeded",
        "tacit.errors.WitnessError",
        "tacit.errors.MissingDependency",
        "tacit.errors.NoCopy",
        "tacit.errors.AccuracyWarning",
        "tacit.errors.CompilerBug",
    ),
    "python data": (
        "tacit.data.Schema",
        "tacit.data.Column",
        "tacit.data.Label",
        "tacit.data.Rule",
        "tacit.data.Records",
        "tacit.data.shards",
        "tacit.data.compile",
        "tacit.data.program",
        "tacit.data.commit_dataset",
        "tacit.data.prove_dataset",
        "tacit.data.verify_dataset",
        "tacit.data.Dataset",
        "tacit.data.DatasetStatement",
        "tacit.data.Key",
        "tacit.data.check_key",
        "tacit.data.check_signature",
        "tacit.data.Manifest",
        "tacit.data.Shard",
        "tacit.data.task_digest",
        "tacit.data.Issuers",
        "tacit.data.Issuer",
        "tacit.data.Revocations",
        "tacit.data.check_manifest",
        "tacit.data.CheckedManifest",
        "tacit.data.check_disjoint",
    ),
    "python train": (
        "tacit.train.compile",
        "tacit.train.SGD",
        "tacit.train.Scales",
        "tacit.train.mlp",
        "tacit.train.TrainingReport",
        "tacit.train.Deployment",
        "tacit.train.Update",
        "tacit.train.Held",
        "tacit.train.TrainingProof",
    ),
    "python network": (
        "tacit.network.Task",
        "tacit.network.task_digest",
        "tacit.network.Rule",
        "tacit.network.Mean",
        "tacit.network.Median",
        "tacit.network.Trimmed",
        "tacit.network.Bound",
        "tacit.network.Unchained",
        "tacit.network.Chained",
        "tacit.network.Blocks",
        "tacit.network.Reveals",
        "tacit.network.Beacon",
        "tacit.network.Drand",
        "tacit.network.Block",
        "tacit.network.Store",
        "tacit.network.Server",
        "tacit.network.Times",
        "tacit.network.Outcome",
        "tacit.network.Node",
        "tacit.network.Holding",
        "tacit.network.Submission",
        "tacit.network.Brief",
        "tacit.network.model_identity",
        "tacit.network.TrainingReaders",
        "tacit.network.TrainedDeployment",
        "tacit.network.ShardData",
        "tacit.network.lineage.export",
        "tacit.network.lineage.verify",
        "tacit.network.lineage.examine",
        "tacit.network.lineage.picture",
        "tacit.network.lineage.page",
        "tacit.network.lineage.tree",
        "tacit.network.lineage.Lineage",
        "tacit.network.lineage.Round",
        "tacit.network.lineage.Contributor",
        "tacit.network.lineage.Left",
    ),
    "python counters": (
        "tacit.counters.open_counter",
        "tacit.counters.Counter",
        "tacit.counters.FileCounter",
        "tacit.counters.PostgresCounter",
    ),
}
#: Modules whose names are shown in full.
NAMED = (
    "tacit",
    "tacit.data",
    "tacit.train",
    "tacit.network",
    "tacit.network.lineage",
    "tacit.errors",
    "tacit.counters",
)
#: A sentence that begins a new item: names in backticks and a colon, or what is raised.
ITEM = re.compile(r"(?:(?<=[.);] )|^)(?=(?:`\w+`(?:, `\w+`)*: )|Raises )")


def blocks() -> dict[str, Callable[[], str]]:
    return {part: (lambda names=names: "\n\n".join(map(_entry, names))) for part, names in PARTS.items()}


def _entry(path: str) -> str:
    module, _, name = path.rpartition(".")
    thing = _found(module[:-1], name) if module.endswith(".") else getattr(importlib.import_module(module), name)
    shown = path if module in NAMED else name
    if not inspect.isclass(thing):
        return f"### {shown}\n\n{_signature(shown, thing)}\n\n{prose(inspect.getdoc(thing) or '')}"
    values = [(f"`{n}`", _type(value), first(inspect.getdoc(value) or "")) for n, value in _values(thing)]
    doc, said = _described(prose(inspect.getdoc(thing) or ""), [n for n, _ in _fields(thing)])
    fields = [(f"`{n}`", code(kind), said.get(n, "")) for n, kind in _fields(thing)]
    parts = [f"### {shown}", doc]
    if values or fields:
        described = any(row[2] for row in (*fields, *values))
        rows = [row if described else row[:2] for row in (*fields, *values)]
        parts.append(table(("attribute", "type", "")[: 3 if described else 2], rows))
    for method, call in _methods(thing):
        parts.append(
            f"#### {name}.{method}\n\n{_signature(f'{name}.{method}', call)}\n\n{prose(inspect.getdoc(call) or '')}"
        )
    return "\n\n".join(parts)


def _described(doc: str, fields: list[str]) -> tuple[str, dict[str, str]]:
    """What a class's docstring says of single fields, taken out of it for the table of attributes."""
    said, left = {}, []
    for line in doc.split("\n"):
        item = re.fullmatch(r"- `(\w+)`: (.+)", line)
        if item and item[1] in fields:
            said[item[1]] = item[2]
        else:
            left.append(line)
    return "\n".join(left).strip(), said


def _found(package: str, name: str) -> Any:
    """The class of that name that a module of the package defines. Raises LookupError."""
    home = importlib.import_module(package)
    for info in pkgutil.walk_packages(home.__path__, f"{package}."):
        kind = getattr(importlib.import_module(info.name), name, None)
        if inspect.isclass(kind) and kind.__module__ == info.name:
            return kind
    raise LookupError(f"no module of {package} defines {name}")


def _fields(kind: type) -> Iterator[tuple[str, str]]:
    """(name, type) of a dataclass's fields."""
    for name, field in getattr(kind, "__dataclass_fields__", {}).items():
        if not name.startswith("_"):
            yield name, field.type if isinstance(field.type, str) else field.type.__name__


def _own(kind: type) -> Iterator[tuple[str, Any]]:
    """What the package defines of a class, in the order of its source; what comes from outside is left out."""
    seen = set()
    for base in kind.__mro__:
        if not base.__module__.startswith("tacit"):
            continue
        for name, value in vars(base).items():
            if not name.startswith("_") and name not in seen:
                seen.add(name)
                yield name, value


def _values(kind: type) -> Iterator[tuple[str, Any]]:
    for name, value in _own(kind):
        if isinstance(value, (property, cached_property)):
            yield name, value.fget if isinstance(value, property) else value.func


def _methods(kind: type) -> Iterator[tuple[str, Callable[..., Any]]]:
    for name, value in _own(kind):
        call = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
        if inspect.isfunction(call) and call.__doc__:
            yield name, call


def _type(call: Callable[..., Any]) -> str:
    return code(str(call.__annotations__.get("return", "")))


def _signature(name: str, call: Callable[..., Any]) -> str:
    """As it is written in the source; one parameter a line where it is long."""
    parameters = [p for p in inspect.signature(call).parameters.values() if p.name not in ("self", "cls")]
    parts, star = [], False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not star:
            parts, star = [*parts, "*"], True
        star = star or p.kind is p.VAR_POSITIONAL
        note = "" if p.annotation is p.empty else f": {p.annotation}"
        value = f'"{p.default}"' if isinstance(p.default, str) else repr(p.default)
        default = "" if p.default is p.empty else f" = {value}" if note else f"={value}"
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        parts.append(f"{stars}{p.name}{note}{default}")
    gives = call.__annotations__.get("return")
    end = f" -> {gives}" if gives not in (None, "None") else ""
    line = f"{name}({', '.join(parts)}){end}"
    if len(line) > 88:
        line = f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"
    return f"```python\n{line}\n```"


def first(doc: str) -> str:
    """A docstring's first paragraph, on one line."""
    return " ".join(doc.split("\n\n")[0].split())


def prose(doc: str) -> str:
    """A docstring as Markdown: its paragraphs, and in them a list of what is said of parameters."""
    parts: list[str] = []
    for paragraph in doc.split("\n\n"):
        if paragraph.startswith("    "):
            parts.append(paragraph)
            continue
        pieces = [piece.strip().removesuffix(";") for piece in ITEM.split(" ".join(paragraph.split())) if piece.strip()]
        items = [piece for piece in pieces if ITEM.match(piece)]
        for piece in pieces:
            if piece not in items:
                parts.append(piece)
            elif parts and parts[-1].startswith("- "):
                parts[-1] += f"\n- {piece}"
            else:
                parts.append(f"- {piece}")
    return "\n\n".join(parts)
