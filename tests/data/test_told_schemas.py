"""Schemas whose integers are alike make one program; the file of a program names its own, and others are refused by name."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from tacit import data, train
from tacit.api.objects import Program
from tacit.cli.app import run
from tacit.data import relations
from tacit.errors import InputError, InvalidProof, ProgramError

SCHEMA = data.Schema(
    columns=(data.Column.number("radius", 0, 8, unit="um"), data.Column.number("texture", 0, 4)),
    label=data.Label.classes("diagnosis", ["ill", "well"]),
)
COLUMN = SCHEMA.columns[0]
OTHERS = {
    "name": replace(SCHEMA, columns=(replace(COLUMN, name="height"), *SCHEMA.columns[1:])),
    "unit": replace(SCHEMA, columns=(replace(COLUMN, unit="mm"), *SCHEMA.columns[1:])),
    "classes": replace(SCHEMA, label=data.Label.classes("diagnosis", ["well", "ill"])),
    "scale": replace(
        SCHEMA,
        columns=(data.Column.number("radius", 0, 16, unit="um"), data.Column.number("texture", 0, 8)),
    ),
}
ROWS = "radius,texture,diagnosis\n1,1,ill\n2,2,well\n3,3,ill\n4,4,well\n"


@cache
def program() -> Program:
    return data.compile(SCHEMA, 4)


@cache
def task() -> train.Deployment:
    return train.compile(train.mlp(2, 2), schema=SCHEMA, optimizer=train.SGD(0.5, 2, 1), records=4, evaluate=0)


@pytest.mark.parametrize("name", OTHERS)
def test_they_are_alike_and_refused(name: str, tmp_path: Path) -> None:
    other = OTHERS[name]
    assert other.digest != SCHEMA.digest
    assert relations.program(other, 4) == relations.program(SCHEMA, 4)
    (tmp_path / "t.csv").write_text(ROWS, encoding="utf-8")
    made = data.commit_dataset(program(), SCHEMA, tmp_path / "t.csv")
    proof = data.prove_dataset(program(), made)
    assert data.verify_dataset(program(), SCHEMA, proof, made.commitment).schema == SCHEMA.digest
    with pytest.raises(InvalidProof) as refused:
        data.verify_dataset(program(), other, proof, made.commitment)
    assert refused.value.slug == "schema"
    with pytest.raises(InputError) as wrong:
        data.Dataset.opened(program(), other, made.secret, (0, 9))
    assert wrong.value.slug == "schema"
    with pytest.raises(ProgramError) as forged:
        task().check(other)
    assert forged.value.slug == "schema"
    task().check(SCHEMA)


def test_a_deployment_that_was_saved_names_its_schema() -> None:
    loaded = train.Deployment.from_bytes(task().to_bytes())
    loaded.check(SCHEMA)
    with pytest.raises(ProgramError):
        loaded.check(OTHERS["unit"])
    assert loaded.digest == task().digest


def test_a_published_digest_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever the file of the deployment names."""
    path = str(tmp_path)
    task().save(f"{path}/t.train")
    SCHEMA.save(f"{path}/s.schema")
    OTHERS["unit"].save(f"{path}/o.schema")
    check = ["train", "check", f"{path}/t.train"]
    assert run([*check, "--schema", f"{path}/s.schema", "--schema-digest", SCHEMA.digest]) == 0
    shown = capsys.readouterr().out
    assert SCHEMA.digest in shown
    assert "no part of the proof" in " ".join(shown.split())
    for wrong in (
        ["--schema", f"{path}/o.schema"],
        ["--schema", f"{path}/o.schema", "--schema-digest", SCHEMA.digest],
        ["--schema", f"{path}/s.schema", "--schema-digest", OTHERS["unit"].digest],
        ["--schema-digest", SCHEMA.digest],
    ):
        assert run([*check, *wrong]) == 1
    assert "schema" in capsys.readouterr().err
