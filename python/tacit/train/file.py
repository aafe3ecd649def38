"""The file of a deployment: its description and its programs; and whether they fit each other."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tacit.api.objects import Program
from tacit.errors import ProgramError
from tacit.foreign_json import parse, said
from tacit.program import Program as Decoded
from tacit.train.description import MOST_BYTES, decode, refused
from tacit.train.programs import Programs, another
from tacit.train.step import Record

if TYPE_CHECKING:
    from tacit.data import Schema
    from tacit.train.deployment import Deployment

VERSION = 1
#: How every file begins.
BEGIN = b'{"tacit-deployment":'
#: Bytes of a file, at most.
MOST_FILE = 1 << 28


#: Programs of every deployment, and of some.
ALWAYS, OPTIONAL = ("train", "infer", "dataset"), ("evaluate",)


def written(description: bytes, programs: Mapping[str, Program]) -> bytes:
    """JSON: {"tacit-deployment": 1, "description": "..", "programs": {"train": base64, "infer": .., ..}}."""
    found = {
        "tacit-deployment": VERSION,
        "description": description.decode(),
        "programs": {name: base64.b64encode(p._to_file()).decode() for name, p in programs.items()},
    }
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()


def read(data: bytes) -> tuple[Programs, dict[str, Program]]:
    """What `written` wrote. Raises InputError (slug description), and what reading a program raises."""
    if len(data) > MOST_FILE:
        raise refused(f"expected at most {MOST_FILE} bytes, got {len(data)}")
    try:
        found: Any = parse(data)
        if found["tacit-deployment"] != VERSION:
            raise refused(f"expected version {VERSION}, got {found['tacit-deployment']!r}")
        text = str(found["description"]).encode()
        files = {str(name): base64.b64decode(part, validate=True) for name, part in found["programs"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise refused(f"expected the file of a deployment: {said(error)}") from None
    if not {*ALWAYS} <= files.keys() <= {*ALWAYS, *OPTIONAL} or len(text) > MOST_BYTES:
        raise refused(f"expected the programs {', '.join(ALWAYS)}, got {', '.join(files)}")
    description = decode(text)
    if (description.evaluate > 0) != ("evaluate" in files):
        raise refused("expected the program evaluate where records are said for it, and there alone")
    programs = {n: Program._of_file(files[n]) for n in (*ALWAYS, *OPTIONAL) if n in files}
    return Programs(description, programs), programs


def check(made: Deployment, schema: Schema | None) -> None:
    """Every program comes out of the description again. Raises ProgramError naming the first that does not."""
    # Those of a deployment that was compiled here are made once more, too.
    programs = made.programs if made.programs.given is not None else replace(made.programs, given=made.all)
    expected = _made(programs)
    if schema is not None:
        from tacit import data
        from tacit.data.told import check_told

        expected["dataset"] = data.program(schema, made.records)
        wanted = tuple((name, tuple(shape), lo, hi) for name, shape, lo, hi in schema.tensors(made.records))
        record = Record(
            schema.features, schema.interval, schema.frac, schema.labels, schema.label_interval, schema.label_frac
        )
        if (wanted, record) != (made.description.data, made.description.plan.record):
            raise ProgramError("the records are not those of the schema", slug="program", place="data")
    for name in sorted({*expected, *made.all} - {"dataset"} | expected.keys()):
        found, program = made.all.get(name), expected.get(name)
        if found is None or (programs.decoded(name) or Decoded.decode(found._native.bytes())) != program:
            raise another(name)
    if schema is not None:
        check_told(made.dataset, schema, "schema", ProgramError)


def _made(programs: Programs) -> dict[str, Decoded | None]:
    """All that the description alone makes. Raises InputError (slug description) where it makes none."""
    found = {"train": programs.training.program, "infer": programs.inference[0]}
    evaluation = programs.evaluation
    return {**found, **({} if evaluation is None else {"evaluate": evaluation})}
