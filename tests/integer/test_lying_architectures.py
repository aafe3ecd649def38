"""Architectures that were written to be misread: each has a program, and none of them passes a check."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tacit.api.architecture import read
from tacit.errors import ProgramError
from tacit.integer import architecture as arch
from tacit.integer.operators import OPERATORS

Json = Any
#: An input, and what a hidden product of it with weights would be.
X: Json = ["x", [1, 4], -128, 127, 4]
W: Json = ["w", [4, 4], -8, 7]
PRODUCT: Json = ["h", "Contract", {"a": "nk", "b": "kj", "out": "nj"}, ["x", "w"]]
ROUNDED: Json = ["r", "Round", {"shift": 4, "bits": 8}, ["h"]]


def written(
    steps: list[Json],
    *,
    ports: list[Json] | None = None,
    results: Json = None,
    parameters: list[Json] | None = None,
    wide: int = 12,
) -> bytes:
    """An architecture's bytes; its output is the last step, unless others are given."""
    found = {
        "tacit-architecture": arch.VERSION,
        "lowering": arch.LOWERING,
        "name": "net",
        "inputs": "private",
        "weights": "private",
        "outputs": "public",
        "limb": 8,
        "wide": wide,
        "ports": [X] if ports is None else ports,
        "parameters": parameters or [],
        "steps": steps,
        "results": results or [["y", steps[-1][0], -(1 << 31), (1 << 31) - 1, 4, 0, None]],
    }
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()


def refused(data: bytes) -> str:
    """Why: of the bytes, or of the program that they are lowered to."""
    with pytest.raises(ProgramError) as caught:
        arch.check(arch.decode(data).lowered(), data)
    assert caught.value.slug == "architecture"
    return str(caught.value)


def step(operator: str, operands: list[str] | None = None, **attributes: Any) -> Json:
    return ["s", operator, attributes, operands or ["x"]]


CUBE: Json = ["x", [2, 3, 4], -128, 127, 4]
IMAGE: Json = ["x", [1, 1, 4, 4], -128, 127, 4]
WINDOWS = {"kernel": [2, 2], "strides": [1, 1], "dilations": [1, 1], "pads": [0, 0], "out": [3, 3]}
#: Steps that read as one thing and were lowered to another, or that hide that an operand does not count.
MISREAD: dict[str, tuple[Json, Json]] = {
    "an axis twice": (step("Total", axes=[0, 0]), CUBE),
    "an axis from the end": (step("Total", axes=[-1]), CUBE),
    "the first entry for all": (step("Expand", to=[1, 3]), X),
    "fewer axes": (step("Expand", to=[4]), X),
    "a part of a reshape": (step("Reshape", to=[1, 3]), X),
    "an axis left out": (step("Permute", perm=[1]), X),
    "an axis for two": (step("Permute", perm=[1, 1]), ["x", [4, 4], -128, 127, 4]),
    "more axes than there are": (step("WindowSum", axes=3), X),
    "a maximum of more axes": (step("RoundMax", shift=0, bits=8, axes=3), X),
    "windows of one axis": (step("Windows", **{k: v[:1] for k, v in WINDOWS.items()}), IMAGE),
    "windows that stand still": (step("Windows", **{**WINDOWS, "strides": [0, 1]}), IMAGE),
    "a cut that stands still": (step("Cut", starts=[0, 0], steps=[1, 0], to=[1, 4]), X),
    "bounds in the wrong order": (step("RoundClip", shift=0, bits=9, lo=5, hi=3, at=4.0), X),
    "wide bounds in the wrong order": (step("RoundClip", shift=0, bits=14, lo=5, hi=3, at=4.0), X),
    "a clamp in the wrong order": (step("Saturate", shift=0, lo=5, hi=3, bits=9, at=4.0), X),
    "no bound": (step("RoundClip", shift=0, bits=9, lo=None, hi=None, at=4.0), X),
    "a sign of nothing": (step("Offset", sign=0, constant=3, at=4.0), X),
    "a large sign": (step("Offset", sign=1 << 40, constant=3, at=4.0), X),
    "a column from the end": (step("Take", columns=[-1]), X),
    "a division by a negative number": (step("RoundDivide", divisor=-3, bits=8, power=0), X),
    "bits without end": (step("Round", shift=0, bits=1 << 40), X),
    "a slope without end": (step("RoundLeaky", shift=0, bits=14, slope=1, power=1 << 40), X),
    "a scale beyond numbers": (step("SoftmaxLast", at=1e300, bits=8, out=8), X),
    "shares without end": (step("SoftmaxLast", at=4.0, bits=8, out=1 << 40), X),
    "a table without end": (step("SoftmaxLast", at=4.0, bits=60, out=8), X),
    "a label that nobody sees": (step("Contract", ["x", "x"], a="n\u200b", b="n\u200b", out="n\u200b"), X),
    "a diagonal": (step("Contract", ["x", "x"], a="nn", b="nn", out="nn"), ["x", [4, 4], -128, 127, 4]),
    "a label of one operand": (step("Contract", ["x", "x"], a="nk", b="nj", out="nj"), X),
}


@pytest.mark.parametrize(("layer", "port"), MISREAD.values(), ids=MISREAD.keys())
def test_a_step_that_does_not_fit_is_refused(layer: Json, port: Json) -> None:
    with pytest.raises(ProgramError) as caught:
        arch.decode(written([layer], ports=[port]))
    assert caught.value.slug == "architecture"


#: One step that is well formed, of every operator.
WELL_FORMED: dict[str, tuple[dict[str, Any], Json]] = {
    "Added": ({"signs": [1], "shifts": [1]}, X),
    "ArgMaxLast": ({"bits": 9}, X),
    "AtLeast": ({"bits": 9}, X),
    "Commit": ({}, X),
    "Contract": ({"a": "nk", "b": "nk", "out": "nk"}, X),
    "Cut": ({"starts": [0, 1], "steps": [1, 2], "to": [1, 2]}, X),
    "Expand": ({"to": [3, 4]}, X),
    "Join": ({"axis": 1}, X),
    "Offset": ({"sign": -1, "constant": 3, "at": 4.0}, X),
    "OneHotMaxLast": ({"bits": 9}, X),
    "Permute": ({"perm": [1, 0]}, X),
    "Reshape": ({"to": [2, 2]}, X),
    "Round": ({"shift": 1, "bits": 8}, X),
    "RoundClip": ({"shift": 0, "bits": 9, "lo": 3, "hi": 5, "at": 4.0}, X),
    "RoundDivide": ({"divisor": 3, "bits": 8, "power": 0}, X),
    "RoundLeaky": ({"shift": 0, "bits": 9, "slope": 1, "power": 3}, X),
    "RoundLine": ({"shift": 0, "part": 1, "lo": -64, "outs": [7] * 129, "at": 3.0, "gives": 3.0}, X),
    "RoundMax": ({"shift": 0, "bits": 9, "axes": 1}, X),
    "RoundRelu": ({"shift": 0, "bits": 9}, X),
    "RoundTable": ({"shift": 0, "lo": -128, "outs": [7] * 256, "at": 4.0, "gives": 4.0}, X),
    "Saturate": ({"shift": 0, "lo": 3, "hi": 5, "bits": 9}, X),
    "SoftmaxLast": ({"at": 4.0, "bits": 9, "out": 8}, X),
    "Spread": ({"axis": 1, "step": 2}, X),
    "Take": ({"columns": [0, 2]}, X),
    "Times": ({"factor": 3, "power": 0}, X),
    "Total": ({"axes": [1]}, X),
    "View": ({"pairs": [[[1, 1]], [[0, 1]]], "offsets": [0, 1], "to": [3, 1]}, X),
    "WindowSum": ({"axes": 1}, X),
    "Windows": (WINDOWS, IMAGE),
    "Within": ({"lo": -128, "hi": 127, "at": 4.0}, X),
}
#: How many operands those have that have not one.
OPERANDS = {"Contract": 2}
OF_ANY_NUMBER = "Join"


@pytest.mark.parametrize("name", sorted(name for name, cls in OPERATORS.items() if cls.__module__.startswith("tacit.")))
def test_no_operand_is_listed_and_left_out(name: str) -> None:
    """`reads: fake, honest` where only the first counts: the honest layers would be read as a part of the model."""
    attributes, (_, shape, *_) = WELL_FORMED[name]
    operator, count = arch._operator(name, attributes), OPERANDS.get(name, 1)
    assert operator.fits(*[tuple(shape)] * count)
    assert not operator.fits(*[tuple(shape)] * (count - 1))
    assert operator.fits(*[tuple(shape)] * (count + 1)) == (name == OF_ANY_NUMBER)


def test_an_honest_layer_that_counts_for_nothing() -> None:
    """Two ways to list layers whose result is thrown away."""
    for last in (
        ["y", "Reshape", {"to": [1, 4]}, ["x", "r"]],
        ["y", "Added", {"signs": [1, 0], "shifts": [0, 0]}, ["x", "r"]],
    ):
        data = written([PRODUCT, ROUNDED, last], parameters=[W])
        assert "mean nothing" in refused(data)


@pytest.mark.parametrize(
    ("function", "gives", "outs"),
    [
        ("sigmoid", 0.0, [int(i * 7919 % 13 > 6) for i in range(256)]),
        ("tanh", -3.0, [i % 3 - 1 for i in range(256)]),
        ("erf", 4.0, [round(16 * (-1) ** (i < 128)) for i in range(256)]),
        ("tanh", 1e300, [0] * 256),
    ],
)
def test_a_table_near_its_function(function: str, gives: float, outs: list[int]) -> None:
    """Within one unit of its results a coarse table may be any function of one bit."""
    layer = step("RoundTable", shift=0, lo=-128, outs=outs, at=4.0, gives=gives, function=function)
    refused(written([layer], results=[["y", "s", -(1 << 15), (1 << 15) - 1, int(min(gives, 512)), 0, None]]))


def asked(question: Json, steps: list[Json] | None = None, **changes: dict[str, Any]) -> bytes:
    """x[0, 3] >= 0.5 at scale 2^-4, asked as `question`."""
    made = steps or [
        ["c", "Cut", {"starts": [0, 3], "steps": [1, 1], "to": [1, 1]}, ["x"]],
        ["g", "Offset", {"sign": 1, "constant": -8, "at": 4.0}, ["c"]],
        ["a", "AtLeast", {"bits": 12}, ["g"]],
        ["z", "Reshape", {"to": [1]}, ["a"]],
    ]
    for name, attributes in changes.items():
        next(s for s in made if s[0] == name)[2].update(attributes)
    return written(made, results=[["y", "z", 0, 1, 0, 0, question]])


def test_a_question_that_is_answered_passes() -> None:
    for data in (asked(["y", [3], 0.5]), asked(["y", [3], 0.5], g={"constant": 0}), asked(["y", [3], 0.49])):
        arch.check(arch.decode(data).lowered(), data)  # 0 is where a sigmoid is 0.5; nothing lies between 0.49 and 0.5


@pytest.mark.parametrize(
    "data",
    [
        asked(["y", [2], 0.5]),
        asked(["y", [3], 0.9]),
        asked(["approved", [3], 0.5]),
        asked(["y", [3], 0.5], g={"constant": -9}),
        asked(["y", [3], 0.5], g={"sign": -1}),
        asked(["y", [3], 0.5], g={"constant": 1 << 40}),
        asked(["y", [3], 0.5], c={"steps": [1, 2]}),
        asked(["y", [], 0.5]),
        asked(["y", [3], 0.5], [["a", "AtLeast", {"bits": 12}, ["x"]], ["z", "Reshape", {"to": [4]}, ["a"]]]),
    ],
)
def test_a_question_that_is_not_answered(data: bytes) -> None:
    """A statement repeats it in words."""
    assert "question" in refused(data)


def rows(data: bytes) -> dict[str, Any]:
    """The table of layers, by their names."""
    known = read(data)
    assert known is not None
    return {row.name: row for row in (*known.given, *known.layers, *known.results)}


def test_what_an_output_reads_is_shown() -> None:
    """The honest layers lead to another output than the one that counts, which is the input itself."""
    ends = [["answer", "x", -128, 127, 0, 4, None], ["rest", "r", -128, 127, 0, 0, None]]
    found = rows(written([PRODUCT, ROUNDED], parameters=[W], results=ends))
    assert found["answer"].reads == ("x",)
    assert found["answer"].numbers == "public, shift 4, [-128, 127] in units of 2^0"
    assert found["rest"].reads == ("r",)
    assert found["x"].numbers == "private, [-128, 127] in units of 2^-4"


def test_an_input_that_no_output_depends_on_is_shown() -> None:
    found = rows(written([step("Commit")], ports=[X, ["record", [1, 4], 0, 255, 0]]))
    assert "NO OUTPUT DEPENDS ON IT" in found["record"].numbers
    assert "NO" not in found["x"].numbers


#: Layers that throw everything away, and what is left.
ALIKE: dict[str, tuple[list[Json], list[Json], str, int]] = {
    "weights of nothing": ([PRODUCT], [["w", [4, 4], 0, 0]], "h", 0),
    "nothing of it": ([step("Times", factor=0, power=0)], [], "s", 0),
    "a wide shift": ([step("Round", shift=20, bits=8)], [], "s", 0),
    "a clamp to one number": ([step("Saturate", shift=0, lo=5, hi=5, bits=9)], [], "s", 5),
    "a clamp beyond all": ([step("Saturate", shift=0, lo=200, hi=300, bits=12)], [], "s", 200),
    "a clip to one number": ([step("RoundClip", shift=0, bits=9, lo=5, hi=5, at=4.0)], [], "s", 5),
    "rows that are alike": (
        [step("RoundTable", shift=0, lo=-128, outs=[3] * 256 + [9], at=4.0, gives=4.0)], [], "s", 3
    ),
    "nothing below": ([step("Offset", sign=1, constant=500, at=4.0), ["a", "AtLeast", {"bits": 12}, ["s"]]], [], "a", 1),
}  # fmt: skip


@pytest.mark.parametrize(("layers", "parameters", "name", "number"), ALIKE.values(), ids=ALIKE.keys())
def test_a_value_that_is_always_one_number_is_shown(
    layers: list[Json], parameters: list[Json], name: str, number: int
) -> None:
    frac = 0 if name == "a" else -16 if layers[0][2].get("shift") == 20 else 4
    end = ["y", layers[-1][0], -(1 << 31), (1 << 31) - 1, frac, 0, None]
    found = rows(written(layers, parameters=parameters, results=[end]))
    assert f"{name} is always {number}" in found[name].numbers
    assert f"y is always {number}" in found["y"].numbers
    honest = rows(written([PRODUCT, ROUNDED], parameters=[W], results=[["y", "r", -128, 127, 0, 0, None]]))
    assert not any("always" in row.numbers for row in honest.values())


def test_numbers_that_grow_without_end_are_not_made() -> None:
    """A hundred squares, one of the other, have 2^100 digits: no program has them, and the table says nothing of them."""
    squares = [["s0", "Contract", {"a": "nk", "b": "nk", "out": "nk"}, ["x", "x"]]]
    squares += [[f"s{i}", *squares[0][1:3], [f"s{i - 1}"] * 2] for i in range(1, 100)]
    five = ["f0", "Saturate", {"shift": 0, "lo": 5, "hi": 5, "bits": 9}, ["x"]]
    fives = [five, *([f"f{i}", "Times", {"factor": 1 << 40, "power": 0}, [f"f{i - 1}"]] for i in range(1, 200))]
    ends = [["y", "f199", -128, 127, 0, 0, None], ["z", "s99", -128, 127, 0, 0, None]]
    found = rows(written([*squares, *fives], ports=[["x", [1, 4], -128, 127, 0]], results=ends))
    assert "s99" in found
    assert found["f1"].numbers.endswith(f"f1 is always {5 << 40}")
    assert "always" not in found["f3"].numbers


def test_no_name_paints_a_verdict() -> None:
    """Control characters, line ends and characters that nobody sees are made visible."""
    name = "a\x1b[2J\n\u200b\u202echecked: this program computes exactly these layers"
    known = read(written([["s", "Commit", {}, ["x"]], [name, "Commit", {}, ["s"]]]))
    assert known is not None
    text = str(known)
    assert not set("\x1b\u200b\u202e") & set(text)
    assert [line for line in text.splitlines() if line.startswith("checked")] == []
    assert text.splitlines()[-1].startswith("not checked")
