"""A program's readable architecture: what `compile` makes is made again from it, and nothing else is."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from nets import Net, mlp

from tacit import program as pg
from tacit.compiler.pipeline import CompiledProgram, compile_model
from tacit.errors import ProgramError
from tacit.graph import Graph
from tacit.integer import architecture as arch
from tacit.integer.layers import layers, legend
from tacit.integer.operators import OPERATORS
from tacit.integer.plan import first_difference, plan
from tacit.quantize import Options


def compiled(graph: Graph, **options: Any) -> CompiledProgram:
    rng = np.random.default_rng(1)
    samples = {name: rng.normal(size=(24, *graph.shapes[name])) for name in graph.inputs}
    return compile_model(graph, calibration=samples, **options)[0]


def convolutional(seed: int = 0) -> Graph:
    net = Net(seed, x=(1, 2, 8, 8))
    value = net.pool("MaxPool", net.relu(net.conv("x", 4, 3, pad=1)), 2, 2)
    value = net.pool("AveragePool", net.relu(net.conv(value, 4, 3, stride=2, group=2)), 1, 1)
    return net.graph(net.add("Softmax", [net.dense(net.add("Reshape", [value], (1, 4)), 3)], (1, 3), axis=1))


def functions(seed: int = 0) -> Graph:
    net = Net(seed, x=(1, 5))
    value = "x"
    for op in ("Sigmoid", "Tanh", "Erf", "Gelu"):
        value = net.add(op, [net.dense(value, 4)], (1, 4), **({"approximate": "tanh"} if op == "Gelu" else {}))
    value = net.add("Clip", [net.dense(value, 4)], (1, 4), min=-0.7, max=0.6)
    value = net.add("LeakyRelu", [net.dense(value, 4)], (1, 4), alpha=0.01)
    return net.graph(net.add("ArgMax", [value], (1,), axis=1, keepdims=0))


CASES: dict[str, tuple[Graph, dict[str, Any]]] = {
    "mlp": (mlp(), {}),
    "mlp batch": (mlp(batch=3), {"batch": 3}),
    "public weights": (mlp(), {"weights": "public", "inputs": "public"}),
    "committed": (mlp(), {"inputs": "committed", "outputs": "committed"}),
    "refuse": (mlp(), {"overflow": "refuse"}),
    "widen": (mlp(), {"overflow": "widen"}),
    "saturate": (mlp(), {"overflow": "saturate"}),
    "threshold": (mlp(), {"threshold": ("add7", 1, 0.5)}),
    "convolutional": (convolutional(), {}),
    "functions": (functions(), {}),
    "lines": (functions(), {"options": Options(interpolate=True)}),
    "one for all checkpoints": (mlp(), {"architecture_only": True}),
}


@pytest.fixture(scope="module", params=list(CASES))
def case(request: pytest.FixtureRequest) -> CompiledProgram:
    graph, options = CASES[request.param]
    return compiled(graph, **options)


def test_the_program_is_made_again(case: CompiledProgram) -> None:
    found = arch.check(case.program, case.architecture)
    assert found.encode() == case.architecture
    assert found.lowered() == case.program
    assert [layer.name for layer in layers(found.graph)] == [step.output for step in case.ints.steps]
    assert all(legend(found.graph).values())
    assert first_difference(found.graph, case.ints) is None


def test_no_weight_is_in_it(case: CompiledProgram) -> None:
    """The same bytes for any values of the parameters, and for any scale that only they see."""
    other = dataclasses.replace(case.ints)
    other.parameters = {
        name: dataclasses.replace(p, real=np.ones_like(p.real), frac=p.frac + 0.37)
        for name, p in case.ints.parameters.items()
    }
    visibility = arch.decode(case.architecture).visibility
    assert arch.Architecture(other, case.settings, visibility).encode() == case.architecture


def test_scales_that_are_told_tell_nothing_new(case: CompiledProgram) -> None:
    """A scale in an attribute is a whole number of bits, or that at which a bound of the model fills the bits."""
    bounds = [0.7, 0.6]
    for step in case.ints.steps:
        for name in ("at", "gives"):
            value = getattr(step.op, name, None)
            if value is not None and value != round(value):
                tops = [np.log2(((1 << bits) - 1) / bound) for bound in bounds for bits in range(1, 32)]
                assert any(abs((value - top) - round(value - top)) < 1e-6 for top in tops), (step.output, name, value)


def refused(program: pg.Program, data: bytes) -> str:
    with pytest.raises(ProgramError) as caught:
        arch.check(program, data)
    assert caught.value.slug == "architecture"
    return str(caught.value)


def naming(program: pg.Program, data: bytes) -> pg.Program:
    return dataclasses.replace(program, architecture=arch.digest_of(data))


def test_an_output_that_is_tied_to_nothing_is_no_layer(case: CompiledProgram) -> None:
    """The attack: relations are left out and a hint writes what its author likes. Every relation is missed."""
    program = case.program
    for part in ("zeros", "lookups", "hints", "einsums"):
        every = getattr(program, part)
        for i in range(0, len(every), max(1, len(every) // 12)):
            weaker = dataclasses.replace(program, **{part: every[:i] + every[i + 1 :]})
            assert part in refused(weaker, case.architecture)
    out = program.outputs[0].tensor
    freed = tuple(
        pg.LinearHint(out, pg.Expr(12345)) if isinstance(h, pg.DigitsHint) and h.quotient == out else h
        for h in program.hints
    )
    if freed != program.hints:
        assert "hints" in refused(dataclasses.replace(program, hints=freed), case.architecture)


def test_another_program_of_the_same_name() -> None:
    """Ports are part of it: a scale or a name that its maker changed is found."""
    made = compiled(mlp())
    port = made.program.outputs[0]
    for other in (dataclasses.replace(port, frac=port.frac - 1), dataclasses.replace(port, name="approved")):
        assert "outputs" in refused(dataclasses.replace(made.program, outputs=(other,)), made.architecture)


def test_a_program_that_carries_none() -> None:
    made = compiled(mlp())
    assert "carries none" in refused(dataclasses.replace(made.program, architecture=pg.NO_ARCHITECTURE), b"")
    assert "carries none" in refused(made.program, b"")
    assert "names" in refused(made.program, made.architecture.replace(b'"net"', b'"mlp"'))


def edited(data: bytes, change: Any) -> bytes:
    found = json.loads(data)
    change(found)
    return json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode()


def test_a_table_that_is_not_its_function() -> None:
    """One row of many moved by two units, or all of them one value: both programs are what their architecture says."""
    made = compiled(functions())
    steps = [s for s in made.ints.steps if getattr(s.op, "outs", None)]
    assert {s.op.function for s in steps} == {"sigmoid", "tanh", "erf", "gelu_tanh"}  # type: ignore[attr-defined]
    for step in steps:
        outs = step.op.outs  # type: ignore[attr-defined]
        moved = (*outs[:5], outs[5] + 2, *outs[6:])
        for rows, function in ((moved, step.op.function), ((7,) * len(outs), step.op.function), (outs, None)):  # type: ignore[attr-defined]

            def change(found: Any, rows: Any = rows, function: Any = function, name: str = step.output) -> None:
                (attributes,) = (s[2] for s in found["steps"] if s[0] == name)
                attributes["outs"] = list(rows)
                attributes["function"] = function
                if function is None:
                    del attributes["function"]

            data = edited(made.architecture, change)
            program = arch.decode(data).lowered()
            assert program.architecture == arch.digest_of(data)
            assert step.output in refused(program, data)


def test_lowering_versions_are_told_apart() -> None:
    made = compiled(mlp())
    data = edited(made.architecture, lambda found: found.update(lowering=found["lowering"] + 1))
    assert "lowering" in refused(naming(made.program, data), data)


HOSTILE: dict[str, Any] = {
    "nothing": lambda f: f.clear(),
    "another version": lambda f: f.update({"tacit-architecture": 2}),
    "no such place": lambda f: f.update(inputs="hidden"),
    "no digits": lambda f: f.update(limb=0),
    "many digits": lambda f: f.update(limb=1000),
    "a shape of negative extent": lambda f: f["ports"][0].__setitem__(1, [-1, 6]),
    "a shape of no list": lambda f: f["ports"][0].__setitem__(1, 6),
    "a shape of many axes": lambda f: f["ports"][0].__setitem__(1, [1] * 100),
    "a number of many digits": lambda f: f["ports"][0].__setitem__(2, -(10**30)),
    "a truth value for a number": lambda f: f["ports"][0].__setitem__(2, True),
    "an unknown operator": lambda f: f["steps"][0].__setitem__(1, "System"),
    "an unknown attribute": lambda f: f["steps"][0][2].update(other=1),
    "an attribute missing": lambda f: f["steps"][0][2].pop("a"),
    "an attribute of another type": lambda f: f["steps"][0][2].update(a=5),
    "an operand that is not there": lambda f: f["steps"][0].__setitem__(3, ["x", "nothing"]),
    "no operands": lambda f: f["steps"][0].__setitem__(3, []),
    "operands of a number": lambda f: f["steps"][0].__setitem__(3, 3),
    "a value twice": lambda f: f["steps"].append(f["steps"][0]),
    "a step too few": lambda f: f["steps"].pop(),
    "an output of nothing": lambda f: f["results"][0].__setitem__(1, "nothing"),
    "an output twice": lambda f: f["results"].append(f["results"][0]),
    "a threshold of no number": lambda f: f["results"][0].__setitem__(6, ["y", [0], "much"]),
    "steps of text": lambda f: f.update(steps="steps"),
    "a list for all": lambda f: f.update(ports=[[]]),
    "a huge expansion": lambda f: f["steps"].insert(0, ["big", "Expand", {"to": [1 << 29, 9]}, ["c1"]]),
    "a huge selection": lambda f: f["steps"].insert(0, ["big", "Expand", {"to": [1 << 12, 1 << 18]}, ["x"]]),
    "many columns of many": lambda f: (
        f["ports"].append(["z", [1, 1 << 29], 0, 1, 0])
        or f["steps"].append(["t", "Take", {"columns": list(range(2000))}, ["z"]])
    ),
    "the greatest of many": lambda f: (
        f["ports"].append(["z", [1, 1 << 24], 0, 1, 0]) or f["steps"].append(["t", "ArgMaxLast", {"bits": 4}, ["z"]])
    ),
    "windows of many": lambda f: (
        f["ports"].append(["z", [1, 1, 1 << 14, 1 << 14], 0, 1, 0])
        or f["steps"].append(
            [
                "t",
                "Windows",
                {
                    "kernel": [9, 9],
                    "strides": [1, 1],
                    "dilations": [1, 1],
                    "pads": [1, 1],
                    "out": [1 << 14, 1 << 14],
                    "fill": 1,
                },
                ["z"],
            ]
        )
    ),
    "a wide shift": lambda f: f["steps"][3][2].update(shift=1 << 40),
    "bits below none": lambda f: f["steps"][3][2].update(bits=-5),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_bytes_are_refused(change: Any) -> None:
    """No crash, no memory: an error that says what was expected, for a program that names these very bytes."""
    made = compiled(mlp())
    data = edited(made.architecture, change)
    refused(naming(made.program, data), data)


def test_bytes_of_no_architecture_are_refused() -> None:
    made = compiled(mlp())
    data = made.architecture
    spaced = json.dumps(json.loads(data)).encode()
    deep = b"[" * 100_000
    for other in (
        b"\xff\xfe",
        b"null",
        b"3",
        b"{}",
        deep,
        data[:-1],
        data + b" ",
        spaced,
        b'{"a":' * 5000,
        b"1" * 10_000,
    ):
        refused(naming(made.program, other), other)


def test_every_cut_and_many_flips_are_refused() -> None:
    made = compiled(mlp())
    data = made.architecture
    rng = np.random.default_rng(0)
    for at in rng.integers(0, len(data), 60).tolist():
        refused(naming(made.program, data[:at]), data[:at])
        flipped = data[:at] + bytes([data[at] ^ (1 << int(rng.integers(0, 7)))]) + data[at + 1 :]
        refused(naming(made.program, flipped), flipped)


def test_a_plan_tells_layers_apart() -> None:
    """Other weights, the same plan; another activation, width, or one layer more: another."""
    base = compiled(mlp(seed=0)).ints
    assert first_difference(base, compiled(mlp(seed=5)).ints) is None
    assert first_difference(base, compiled(mlp(widths=(6, 9, 4, 3))).ints) is not None
    assert first_difference(base, compiled(mlp(widths=(6, 9, 5, 5, 3))).ints) is not None
    net = Net(0, x=(1, 6))
    value = net.add("Tanh", [net.dense("x", 9)], (1, 9))
    value = net.dense(net.relu(net.dense(value, 5)), 3)
    assert "tanh" in str(first_difference(base, compiled(net.graph(value)).ints))
    assert ("relu", "[1, 9]", "of", "#2") in plan(base)


def test_every_operator_is_registered_by_its_name() -> None:
    assert {"Contract", "RoundRelu", "SoftmaxLast", "Saturate", "Windows"} <= OPERATORS.keys()
    assert all(cls.__name__ == name for name, cls in OPERATORS.items())


SCRIPT = """
import sys; sys.path[:0] = sys.argv[1:]
import numpy as np
from nets import mlp
from tacit.compiler.pipeline import compile_model
graph = mlp(widths=(30, 17, 9, 3))
samples = np.random.default_rng(0).normal(size=(40, 1, 30))
print(compile_model(graph, calibration=samples)[0].digest.hex())
"""


def test_lowering_is_the_same_in_every_process() -> None:
    """Sets and dictionaries of names come in another order in each process, unless the seed of their hashes is given."""
    found = set()
    for seed in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT, *sys.path],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed},
        )
        found.add(run.stdout.strip())
    assert len(found) == 1
