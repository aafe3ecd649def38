"""Whole networks: the program's execution equals the integer meaning, and both are close to the float network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_graphs import check, samples
from execution import execute
from nets import Net, mlp

from tacit.compiler.accuracy import accuracy, truth
from tacit.compiler.pipeline import compile_model
from tacit.errors import InputError, QuantizationError, WitnessError
from tacit.program import Slab, slab_tensors
from tacit.program.builder import Settings
from tacit.quantize import Options
from tacit.quantize.calibration import Calibration
from tacit.quantize.translate import quantize


@pytest.mark.parametrize("inputs", ["private", "committed", "public"])
@pytest.mark.parametrize("bits", [8, 12, 16])
def test_mlp(inputs: str, bits: int) -> None:
    graph = mlp()
    x = samples(graph)
    options = Options(activation_bits=bits) if bits > 8 else Options(activation_bits=11)
    compiled, weights = compile_model(graph, calibration=x, inputs=inputs, options=options)
    check(graph, compiled, weights, x)


def test_committed_outputs() -> None:
    """The output tensors lie in a slab: computed, or compared where they are given."""
    graph = mlp()
    x = samples(graph)
    compiled, weights = compile_model(graph, calibration=x, inputs="committed", outputs="committed")
    check(graph, compiled, weights, x)
    program = compiled.program
    assert [slab.name for slab in program.slabs] == ["model", "data", "output"]
    (port,) = program.outputs
    tensor = program.tensors[port.tensor]
    assert tensor.place == Slab(2)
    width = tensor.hi - tensor.lo + 1
    assert width & (width - 1) == 0, "else it has no validity proof"
    given = dict(weights.tensors) | {name: compiled.quantize(name, values[0]) for name, values in x.items()}
    y = execute(program, given).tensors[port.tensor]
    execute(program, given | {tensor.name: y})
    with pytest.raises(WitnessError, match="not those computed"):
        execute(program, given | {tensor.name: y + 1})


def test_batch() -> None:
    graph = mlp(batch=3)
    x = samples(graph, 8)
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)


def test_input_out_of_range_is_named() -> None:
    graph = mlp()
    compiled, _ = compile_model(graph, calibration=samples(graph))
    with pytest.raises(InputError, match=r"x: expected values in \[-\S+, \S+\], got 1000 "):
        compiled.quantize("x", np.full((1, 6), 1000.0))


def test_public_weights_stand_in_a_public_slab() -> None:
    graph = mlp()
    x = samples(graph)
    compiled, weights = compile_model(graph, calibration=x, weights="public", settings=Settings(8, 8))
    assert [(slab.name, slab.private) for slab in compiled.program.slabs] == [("model", False)]
    check(graph, compiled, weights, x)


def test_committed_inputs_have_their_own_slab() -> None:
    graph = mlp()
    compiled, weights = compile_model(graph, calibration=samples(graph), inputs="committed", settings=Settings(8, 8))
    assert [(slab.name, slab.private) for slab in compiled.program.slabs] == [("model", True), ("data", True)]
    (port,) = compiled.program.inputs
    assert compiled.program.tensors[port.tensor].place == Slab(1)
    assert [name for name, _ in weights.tensors] == [
        compiled.program.tensors[i].name for i in slab_tensors(compiled.program, 0)
    ]


@pytest.mark.parametrize("inputs", ["private", "committed", "public"])
def test_every_slab_interval_can_be_validated(inputs: str) -> None:
    """docs/protocol/protocol.md, section 7: a width of a power of two."""
    net = Net(4, x=(1, 2, 7, 6))
    graph = net.graph(net.pool("MaxPool", net.relu(net.conv("x", 5, 3)), 2, 2))
    compiled, _ = compile_model(graph, calibration=samples(graph), inputs=inputs, settings=Settings(8, 8))
    for tensor in compiled.program.tensors:
        if isinstance(tensor.place, Slab):
            span = tensor.hi - tensor.lo + 1
            assert span & (span - 1) == 0


def test_the_search_meets_its_error() -> None:
    graph = mlp(widths=(6, 20, 20, 4))
    x = samples(graph, 32)
    found = [compile_model(graph, calibration=x, aim=error)[0] for error in (1e-1, 1e-3, 2e-4)]
    costs = [compiled.cost.nanoseconds for compiled in found]
    assert costs == sorted(costs)
    assert found[1].accuracy.worst_relative < 1e-3
    assert found[2].accuracy.worst_relative < 3e-4


def test_values_beyond_the_calibrated_range_are_named() -> None:
    """Inputs inside their own interval that drive an activation out of its: the error says which, not only that."""
    graph = mlp()
    rng = np.random.default_rng(0)
    compiled, weights = compile_model(
        graph,
        calibration={"x": np.concatenate([rng.normal(size=(8, 1, 6)) * 0.01, np.eye(6).reshape(6, 1, 6)])},
        settings=Settings(8, 8),
        options=Options(activation_bits=14, headroom=1.01),
        overflow="refuse",
    )
    given = {"x": compiled.quantize("x", np.ones((1, 6)))}
    with pytest.raises(WitnessError, match=r"relu.*out of") as caught:
        compiled.ints.results(compiled.ints.run(given))
    assert "headroom" in caught.value.remedy
    with pytest.raises(WitnessError, match=r"relu.*out of"):
        execute(compiled.program, dict(weights.tensors) | given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"calibration": {}}, "x: expected samples of it, got those of none"),
        ({"calibration": np.zeros((3, 7))}, r"x: expected shape \[1, 6\], or samples of it .*, got \[3, 7\]"),
        ({"calibration": np.full((3, 6), np.nan)}, "x: a value that is not finite"),
        ({"calibration": np.zeros((0, 6))}, "no sample"),
        ({"calibration": np.zeros((3, 6)), "inputs": "secret"}, "got 'secret'"),
        ({"calibration": np.zeros((3, 6)), "threshold": ("nope", 0, 1.0)}, "nope: no such output"),
        ({"calibration": np.zeros((3, 6)), "threshold": ("add7", 9, 1.0)}, "add7: index"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        compile_model(mlp(), **arguments)


@pytest.mark.parametrize("named", [True, False])
def test_samples_of_different_lengths_are_no_array(named: bool) -> None:
    ragged: Any = [[1.0, 2.0], [3.0]]
    with pytest.raises(InputError, match="not an array of numbers") as error:
        compile_model(mlp(), calibration={"x": ragged} if named else ragged)
    assert error.value.slug == "dtype"


def test_an_operator_without_a_rule_is_named() -> None:
    net = Net(0, x=(1, 3))
    graph = net.graph(net.add("Mystery", ["x"], (1, 3)))
    with pytest.raises((QuantizationError, KeyError), match="Mystery"):
        quantize(graph, Calibration({"x": (-1, 1), graph.outputs[0]: (-1, 1)}, 1), Options())


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_scikit_learn_network() -> None:
    """A trained network on real data: top-1 agreement and the error that is promised."""
    datasets = pytest.importorskip("sklearn.datasets")
    neural = pytest.importorskip("sklearn.neural_network")
    x, y = datasets.load_digits(return_X_y=True)
    x = x / 16.0
    fitted = neural.MLPClassifier((24,), max_iter=60, random_state=0).fit(x[:1200], y[:1200])
    net = Net(0, x=(1, 64))
    value = "x"
    for i, (w, b) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
        value = net.relu(value) if i else value
        product = net.add("MatMul", [value, net.constant(w)], (1, w.shape[1]))
        value = net.add("Add", [product, net.constant(b)], (1, w.shape[1]))
    graph = net.graph(value)
    compiled, _ = compile_model(graph, calibration=x[:64])
    found = accuracy(compiled.ints, truth(graph, {"x": x[1200:1400]}))
    assert found.top1[value] == 1.0
    assert found.refused == 0
    assert compiled.accuracy.worst_relative < 1e-3
    assert all(noise > 40 for noise in compiled.accuracy.noise.values())


def test_a_product_of_many_factors_stays_in_the_field_or_is_refused() -> None:
    """Products of products: every factor is rounded before; 40 bits a factor are too many for the field."""
    net = Net(0, x=(1, 3))
    value = "x"
    for _ in range(3):
        value = net.add("Mul", [value, value], (1, 3))
    graph = net.graph(value)
    x = samples(graph, 8)
    compiled, weights = compile_model(graph, calibration=x)
    check(graph, compiled, weights, x)
    with pytest.raises(QuantizationError, match="in the field"):
        compile_model(graph, calibration=x, options=Options(activation_bits=40, input_bits=40), settings=Settings(8, 8))


def test_too_many_axes_are_refused() -> None:
    net = Net(0, x=(1,) * 8)
    graph = net.graph(net.add("Reshape", ["x"], (1,) * 9))
    with pytest.raises(QuantizationError, match="8 axes"):
        compile_model(graph, calibration=samples(graph, 4), settings=Settings(8, 8))


@pytest.mark.parametrize(
    ("options", "outlier"),
    [
        (Options(activation_bits=2), 1.0),
        (Options(activation_bits=3), 1.0),
        (Options(headroom=1e3), 1.0),
        (Options(), 1e3),
    ],
)
def test_scales_that_do_not_come_out_even(monkeypatch: pytest.MonkeyPatch, options: Options, outlier: float) -> None:
    """Real scales inside are taken back by the weights after them; that their sum is whole survives rounding errors."""
    monkeypatch.setattr("tacit.compiler.pipeline.refuse_gross", lambda *_: None)  # three bits answer nothing
    for seed in range(8):
        graph = mlp(seed)
        x = samples(graph)
        for values in x.values():
            values[0] *= outlier
        compiled, _ = compile_model(graph, calibration=x, options=options)
        assert all(float(spec.frac).is_integer() for spec in compiled.ints.outputs.values())
