"""`tacit data schema`: make the schema of a table, and show one. Also how NAME=VALUE options are read."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.markup import escape

from tacit import console
from tacit.cli import files
from tacit.cli.options import Json
from tacit.errors import InputError

if TYPE_CHECKING:
    from tacit.data import Schema

T = TypeVar("T")
#: How files of tables end.
TABLES = (".csv", ".parquet", ".pq", ".npz")


def assigned(
    texts: list[str] | None, option: str, example: str, read: Callable[[str], T], names: Iterable[str] = ()
) -> dict[str, T]:
    """NAME=VALUE, each name once. Raises InputError (slug usage).

    A name may have = in it: the longest part in front of one that is among `names` is taken, else all before the last =.
    """
    found, known = dict[str, T](), frozenset(names)
    for text in texts or []:
        name, value = _cut(text, known)
        if not name:
            raise _usage(f"expected NAME=VALUE, got {text[:60]!r}", option, example)
        if name in found:
            raise _usage(f"expected each name once, got {name[:60]!r} twice", option, example)
        found[name] = alone(value, option, example, read, of=name)
    return found


def alone(text: str, option: str, example: str, read: Callable[[str], T], *, of: str = "") -> T:
    """One value; `of`: whose it is. Raises InputError (slug usage)."""
    try:
        return read(text)
    except (ValueError, csv.Error):
        what = f"a value of {of[:60]}" if of else "a value"
        raise _usage(f"expected {what} as the example has one, got {text[:60]!r}", option, example) from None


def _usage(reason: str, option: str, example: str) -> InputError:
    return InputError(reason, slug="usage", place=option, remedy=f"for example {example}")


def _cut(text: str, names: frozenset[str]) -> tuple[str, str]:
    """(name, value); an empty name where there is no =."""
    at = [i for i, sign in enumerate(text[: 1 << 12]) if sign == "="]
    where = next((i for i in reversed(at) if text[:i].strip() in names), None)
    head, _, tail = text.rpartition("=") if where is None else (text[:where], "=", text[where + 1 :])
    return head.strip(), tail


def pair(kind: Callable[[str], T]) -> Callable[[str], tuple[T, T]]:
    """LEAST:GREATEST."""

    def read(text: str) -> tuple[T, T]:
        least, greatest = text.split(":")
        return kind(least), kind(greatest)

    return read


def listed(text: str) -> list[str]:
    """A,B,..; as in a CSV file, a part with a comma stands in double quotes. Raises ValueError, csv.Error."""
    lines = list(csv.reader([text], skipinitialspace=True, strict=True))
    if len(lines) != 1:
        raise ValueError("expected one line")
    return [part.strip() for part in lines[0]]


SchemaOrTable = Annotated[
    Path, typer.Argument(metavar="FILE", help="A schema to show, or a table to make one of.", show_default=False)
]
LabelColumn = Annotated[
    list[str] | None,
    typer.Option(
        "--label",
        metavar="COLUMN",
        help="The column that is to be learned; again for each further one, all with a range.",
        show_default=False,
    ),
]
IdColumn = Annotated[str, typer.Option("--id", metavar="COLUMN", help="The column that numbers the records.")]
Ranges = Annotated[
    list[str] | None,
    typer.Option("--range", metavar="COLUMN=LEAST:GREATEST", help="What a number may be.", show_default=False),
]
Centers = Annotated[
    list[str] | None,
    typer.Option(
        "--center",
        metavar="COLUMN=NUMBER",
        help="A typical value of a number; the middle of its range, if not given (0 of arrays).",
        show_default=False,
    ),
]
Scales = Annotated[
    list[str] | None,
    typer.Option(
        "--scale",
        metavar="COLUMN=NUMBER",
        help="How far values are from it, typically; half the range, if not given (1 of arrays).",
        show_default=False,
    ),
]
Units = Annotated[
    list[str] | None,
    typer.Option("--unit", metavar="COLUMN=UNIT", help="What a number counts, for people.", show_default=False),
]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        "--categories", metavar="COLUMN=A,B,..", help='What a text may be; "A, B" for a comma.', show_default=False
    ),
]
Codes = Annotated[
    list[str] | None,
    typer.Option(
        "--codes", metavar="COLUMN=0,1,..", help="Whole numbers that one entry may be, kept as they are.",
        show_default=False,
    ),
]  # fmt: skip
Flags = Annotated[
    list[str] | None,
    typer.Option("--flag", metavar="COLUMN", help="It is yes or no (true, false, 1, 0).", show_default=False),
]
Classes = Annotated[
    str | None,
    typer.Option(metavar="A,B,..", help='What the label may be; "A, B" for a comma.', show_default=False),
]
OneBit = Annotated[bool, typer.Option("--one-bit", help="The label's two classes in one bit, for a logistic loss.")]
Rules = Annotated[
    list[str] | None,
    typer.Option("--rule", metavar="RULE", help="Across columns: 'systolic > diastolic'.", show_default=False),
]
Frac = Annotated[int, typer.Option(help="Fractional bits of the numbers.")]
LabelFrac = Annotated[int, typer.Option("--label-frac", help="Fractional bits of a label with a range.")]
IsPublic = Annotated[
    bool, typer.Option("--public", help="The table is no secret: what is not declared is taken from it.")
]
NewSchema = Annotated[Path | None, typer.Option("-o", "--out", metavar="S.schema", help="Where a new schema goes.")]


def schema(
    file: SchemaOrTable,
    label: LabelColumn = None,
    id_: IdColumn = "",
    ranges: Ranges = None,
    centers: Centers = None,
    scales: Scales = None,
    units: Units = None,
    categories: Categories = None,
    codes: Codes = None,
    flags: Flags = None,
    classes: Classes = None,
    one_bit: OneBit = False,
    rules: Rules = None,
    frac: Frac = 8,
    label_frac: LabelFrac = 8,
    public: IsPublic = False,
    out: NewSchema = None,
    as_json: Json = False,
) -> None:
    """Show a schema; or, with --label, make one of a table's columns. All that is in a schema is public.

    A column with = in its name is written as it is: --range a=b=0:1 is the range of a=b.
    """
    from tacit import data
    from tacit.data.tables import table_of

    target = None
    if not label:
        _check_alone(ranges, centers, scales, units, categories, codes, flags, rules, classes, out)
        if file.suffix.lower() in TABLES:
            raise InputError(
                "expected a schema to show, got a table, and no label",
                slug="usage",
                place=str(file),
                remedy="to make a schema of it, name the column that is to be learned: --label COLUMN",
            )
        found = data.Schema.load(file)
    else:
        target = files.check_output(out or file.with_suffix(".schema"), file, kind="schema")
        table = table_of(file)

        def of(texts: list[str] | None, option: str, example: str, read: Callable[[str], T]) -> dict[str, T]:
            return assigned(texts, f"--{option}", f"--{option} {example}", read, table.columns)

        named = None if classes is None else alone(classes, "--classes", "--classes a,b", listed)
        found = data.Schema.from_frame(
            table,
            label=_label(label, named, one_bit),
            id=id_,
            ranges=of(ranges, "range", "age=0:120", pair(float)),
            centers=of(centers, "center", "age=50", float),
            scales=of(scales, "scale", "age=15", float),
            units=of(units, "unit", "age=years", str),
            categories=of(categories, "categories", "ward=a,b", listed),
            codes=of(codes, "codes", "stage=0,1,2", lambda text: [int(part) for part in listed(text)]),
            flags=flags or (),
            classes=named,
            rules=rules or (),
            frac=frac,
            label_frac=label_frac,
            public=public,
        )
        found.save(target)
    _show(found, {} if target is None else {"schema": str(target)}, as_json)


def _label(names: list[str], classes: list[str] | None, one_bit: bool) -> Any:
    """What `Schema.from_frame` takes as a label."""
    from tacit import data

    if one_bit and len(names) > 1:
        raise InputError(
            "one bit is of one label, got several", slug="usage", place="--one-bit", remedy="give --label once"
        )
    if one_bit:
        return data.Label.flag(names[0], classes or ("no", "yes"))
    return names[0] if len(names) == 1 else names


def _check_alone(*options: Any) -> None:
    """Without a label a schema is shown: what would make another one must not be passed over in silence."""
    if any(options):
        raise InputError(
            "options that make a schema are given, and no label",
            slug="usage",
            place="--label",
            remedy="name the column that is to be learned; without --label and the others a schema is shown",
        )


def described(found: Schema) -> dict[str, Any]:
    """A schema in the types of JSON, for people."""
    lo, hi = found.interval
    return {
        "digest": found.digest,
        "x of a record": list(found.features),
        "integers of x": [lo, hi],
        "fractional bits": found.frac,
        "label": found.label.name,
        "classes": None if found.classes is None else list(found.classes),
        "targets": [_column(target) for target in found.label.targets],
        "id": found.id or None,
        "rules": [str(rule) for rule in found.rules],
        "columns": [_column(column) for column in found.columns],
    }


def show(result: dict[str, Any]) -> None:
    """Print what `described` says, perhaps with more facts, for people."""
    lists = {name: result.pop(name) for name in ("columns", "targets")}
    console.show({name: value for name, value in result.items() if value not in (None, [])})
    for name, columns in lists.items():
        rows = [[escape(c[key]) for key in ("name", "kind", "values", "unit", "center", "scale")] for c in columns]
        head = [name.removesuffix("s"), "kind", "values", "unit", "center", "scale"]
        if rows:
            console.stdout().print(console.table(head, rows))


def _show(found: Schema, more: dict[str, Any], as_json: bool) -> None:
    result = {**more, **described(found)}
    (console.print_json if as_json else show)(result)


def _column(column: Any) -> dict[str, str]:
    center = scale = ""
    if column.scale is not None:
        values = f"{column.scale.lo:g} .. {column.scale.hi:g}"
        center, scale = f"{column.scale.center:g}", f"{column.scale.scale:g}"
    else:
        names = column.categories or tuple(map(str, column.codes)) or ("false", "true")
        values = ", ".join(f'"{name}"' if "," in name else name for name in names[:8])
        values += f", .. ({len(names)})" if len(names) > 8 else ""
    return {
        "name": column.name,
        "kind": column.kind,
        "values": values,
        "unit": column.unit,
        "center": center,
        "scale": scale,
    }
