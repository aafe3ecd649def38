"""Architectures that were written to be misread: each has a program, and none of them passes a check."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    "nothing of it": (step("Times", factor=0, power=0), X),
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
    "Take": ({"columns": [0, 2]}, X),
    "Times": ({"factor": 3, "power": 0}, X),
    "Total": ({"axes": [1]}, X),
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
