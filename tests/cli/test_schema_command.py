"""`tacit data schema` says all that Python's Schema says, and columns and classes may have any name."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tacit.cli.app import run
from tacit.data import Column, Label, Schema

TABLE = """patient,age,a=b,"ward, old",outcome
1,40,0.5,x,"ill, badly"
2,50,0.7,y,well
"""
RANGES = ["--range", "age=0:120", "--range", "a=b=0:1"]
CLASSES = ["--classes", 'well,"ill, badly"']


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text(TABLE, encoding="utf-8")


def made(*options: str, table: str = "t.csv") -> Schema:
    """The schema that the command makes."""
    assert run(["data", "schema", table, *options, "-o", "made.schema"]) == 0
    return Schema.load("made.schema")


def test_center_and_scale_and_names_with_signs() -> None:
    schema = made(
        *("--label", "outcome", "--id", "patient", *RANGES, *CLASSES, "--categories", "ward, old=x,y"),
        *("--center", "age=50", "--scale", "age=10", "--center", "a=b=0.25", "--unit", "a=b=mg/l=x"),
    )
    assert schema.columns == (
        Column.number("age", 0, 120, center=50, scale=10),
        Column.number("a=b", 0, 1, center=0.25, unit="mg/l=x"),
        Column.category("ward, old", ["x", "y"]),
    )
    assert schema.label == Label.classes("outcome", ["well", "ill, badly"])
    assert schema.encode("t.csv").count == 2


def test_codes_and_several_targets() -> None:
    Path("t.csv").write_text("stage,smoker,dose,stay\n0,yes,1,5\n2,no,2,9\n", encoding="utf-8")
    schema = made(
        *("--label", "dose", "--label", "stay", "--range", "dose=0:4", "--range", "stay=0:90"),
        *("--scale", "stay=7", "--codes", "stage=0,1,2", "--label-frac", "5"),
        *("--flag", "smoker"),
    )
    assert schema.columns == (Column.code("stage", [0, 1, 2]), Column.flag("smoker"))
    targets = [Column.number("dose", 0, 4), Column.number("stay", 0, 90, scale=7)]
    assert schema.label == Label.numbers("targets", targets, frac=5)


def test_arrays() -> None:
    np.savez("t.npz", x=np.zeros((2, 4, 4)), y=np.array(["a", "b"]))
    schema = made("--label", "y", "--range", "x=0:1", "--classes", "a,b", table="t.npz")
    assert schema == Schema.array((4, 4), 0, 1, ["a", "b"])


def test_a_schema_may_be_made_again_under_its_name() -> None:
    """A schema that is there is known as one, though its file begins with a line break."""
    for center in ("30", "50"):
        schema = made("--label", "age", "--range", "age=0:120", "--center", f"age={center}", "--public")
    assert schema.label.targets[0].scale is not None
    assert schema.label.targets[0].scale.center == 50


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "outcome", *RANGES, "--center", "age=fifty"], "--center age=50"),
        (["--label", "outcome", *RANGES, "--classes", '"well,ill'], "--classes a,b"),
        (["--label", "outcome", "--id", "a=b", *RANGES, *CLASSES], "whole number"),
        (["--label", "outcome", *CLASSES], "--range"),
        (["--center", "age=50"], "no label"),
        (["--label", "outcom"], "(--label, --id"),
        (["--label", "outcome", "--range", "age"], "NAME=VALUE"),
        (["--label", "outcome", "--range", "age=0:1", "--range", "age=0:2"], "twice"),
        (["--label", "outcome", "--range", "age=0:1:2"], "a value of age"),
    ],
)
def test_what_cannot_be_read_is_said(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "schema", "t.csv", *options, "-o", "made.schema"]) == 1
    assert said in capsys.readouterr().err
    assert not Path("made.schema").exists()


def test_a_table_without_a_label_is_no_schema_to_show(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["data", "schema", "t.csv"]) == 1
    assert "--label COLUMN" in capsys.readouterr().err
