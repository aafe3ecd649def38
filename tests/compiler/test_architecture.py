"""One program for all checkpoints of an architecture: the same bytes, whatever the weights are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from nets import Net, Shape
from onnx import TensorProto, helper, numpy_helper

import tacit
from tacit.compiler.accuracy import worst_error
from tacit.compiler.fitting import Frame, Lowering, fit, frame
from tacit.compiler.pipeline import _known, compile_model, known_samples
from tacit.errors import InputError, QuantizationError
from tacit.graph import Graph, evaluate
from tacit.importers import load
from tacit.integer.emit import Visibility
from tacit.quantize.calibration import calibrate
from tacit.quantize.equalise import classes, factors, rescaled
from tacit.quantize.standin import drawn, stand_in

MODELS = 24
PLAIN = Lowering(Visibility())
Make = Callable[[Net], str]


def dense_with(op: str, **attrs: Any) -> Make:
    def make(net: Net) -> str:
        x = net.inputs[0]
        for width in (8, 6):
            x = net.dense(x, width)
            x = net.add(op, [x], net.shapes[x], **attrs)
        return net.dense(x, 3)

    return make


def convolutional(net: Net) -> str:
    x = net.conv(net.inputs[0], 4, 3, pad=1)
    x = net.pool("MaxPool", net.relu(x), 2, 2)
    x = net.relu(net.conv(x, 6, 3))
    x = net.add("Reshape", [x], (1, int(np.prod(net.shapes[x]))))
    return net.dense(x, 3)


def residual(net: Net) -> str:
    x = net.dense(net.inputs[0], 8)
    for _ in range(2):
        inner = net.dense(net.relu(net.dense(x, 12)), 8)
        x = net.add("Add", [x, inner], net.shapes[x])
    return net.dense(net.relu(x), 3)


def shares(net: Net) -> str:
    x = net.dense(net.relu(net.dense(net.inputs[0], 8)), 4)
    return net.add("Softmax", [x], net.shapes[x], axis=1)


ARCHITECTURES: dict[str, tuple[Make, Shape]] = {
    "relu": (dense_with("Relu"), (1, 5)),
    "leaky": (dense_with("LeakyRelu", alpha=0.01), (1, 5)),
    "tanh": (dense_with("Tanh"), (1, 5)),
    "sigmoid": (dense_with("Sigmoid"), (1, 5)),
    "relu6": (dense_with("Clip", min=0.0, max=6.0), (1, 5)),
    "residual": (residual, (1, 5)),
    "softmax": (shares, (1, 5)),
    "convolutional": (convolutional, (1, 1, 8, 8)),
}


def network(name: str, seed: int) -> Graph:
    """A checkpoint: weights of half to twice the usual size, some with no bias, some sparse, some with equal columns."""
    make, shape = ARCHITECTURES[name]
    net = Net(seed, x=shape)
    graph = net.graph(make(net))
    rng = np.random.default_rng(1000 + seed)
    size = 2.0 ** rng.uniform(-1, 1)
    constants = {n: c * size if c.ndim > 1 else c for n, c in graph.constants.items()}
    if seed % 4 == 1:
        constants = {n: c if c.ndim > 1 else np.zeros_like(c) for n, c in constants.items()}
    if seed % 4 == 2:
        constants = {n: c * (rng.random(c.shape) < 0.6) for n, c in constants.items()}
    if seed % 4 == 3:
        constants = {n: np.broadcast_to(c[:1], c.shape) for n, c in constants.items()}
    return replace(graph, constants=constants)


def samples_of(name: str) -> dict[str, Any]:
    return {"x": np.random.default_rng(1).normal(size=(48, *ARCHITECTURES[name][1][1:]))}


def framed(name: str, graph: Graph) -> Frame:
    return frame(graph, samples_of(name), _known, PLAIN, 1e-3)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_one_digest_for_all_checkpoints(name: str) -> None:
    """Of every model the stand-in is the same, so is the frame; and the model's own program is the frame's."""
    first = network(name, 0)
    columns = {"x": calibrate(first, samples_of(name)).columns["x"]}
    made, like = framed(name, first), stand_in(first, columns)
    digest = made.chosen.emitted.program.digest
    errors = []
    for seed in range(MODELS):
        graph = network(name, seed)
        assert (graph.nodes, graph.shapes) == (first.nodes, first.shapes)
        other = stand_in(graph, columns)
        assert all(np.array_equal(other.constants[n], c) for n, c in like.constants.items())
        own, chosen = fit(graph, samples_of(name), made, PLAIN)
        assert chosen.emitted.program.digest == digest
        assert all(p.lo <= p.values.min() <= p.values.max() <= p.hi for p in chosen.ints.parameters.values())
        errors.append(worst_error(chosen.ints, known_samples(own, samples_of(name), None), 1.0))
    assert framed(name, network(name, 7)).chosen.emitted.program.digest == digest
    assert np.median(errors) < 2e-3
    assert max(errors) < 0.02


def test_without_it_checkpoints_have_programs_of_their_own() -> None:
    digests = {
        compile_model(network("relu", seed), calibration=samples_of("relu"))[0].digest for seed in range(0, 8, 2)
    }
    assert len(digests) > 1


def test_the_numbers_of_a_checkpoint_are_those_of_its_float_network() -> None:
    """Other units inside, the same outputs; a hidden tensor is as large as the stand-in's."""
    graph, x = network("residual", 5), samples_of("residual")
    made = framed("residual", graph)
    by = factors(graph, made.ranges, calibrate(graph, x))
    other = rescaled(graph, by)
    (out,) = graph.outputs
    assert np.allclose(evaluate(graph, x)[out], evaluate(other, x)[out], rtol=1e-9)
    hidden = next(n.outputs[0] for n in graph.nodes if n.op == "Relu")
    ratio = evaluate(other, x)[hidden] / np.where(evaluate(graph, x)[hidden] == 0, 1, evaluate(graph, x)[hidden])
    assert np.ptp(ratio[ratio > 0]) < 1e-9 * ratio.max()


def test_a_residual_stream_shares_one_factor_and_tables_have_none() -> None:
    stream = network("residual", 0)
    known = classes(stream)
    sums = [n.outputs[0] for n in stream.nodes if n.op == "Add" and not set(n.inputs) & stream.constants.keys()]
    assert len({known.of(t) for t in sums}) == 1
    assert not set(sums) & known.fixed
    tables = network("tanh", 0)
    assert {t for n in tables.nodes if n.op == "Tanh" for t in (*n.inputs, *n.outputs)} <= classes(tables).fixed


def test_weights_beyond_their_intervals_name_the_layer_and_the_factor() -> None:
    graph = network("tanh", 0)
    first = graph.nodes[0]
    constants = dict(graph.constants) | {first.inputs[1]: graph.constants[first.inputs[1]] * 1000}
    with pytest.raises(QuantizationError, match=r"times as large") as error:
        fit(replace(graph, constants=constants), samples_of("tanh"), framed("tanh", graph), PLAIN)
    assert error.value.slug == "architecture_only"
    assert error.value.place == graph.sources.get(first.name, first.name)


def test_weights_that_do_not_fit_lower_the_units_behind_them() -> None:
    """One huge weight, which multiplies zeros: the layer's unit is lowered until it fits, and the answers are right."""
    graph, x = network("relu", 0), samples_of("relu")
    first = graph.nodes[0].inputs[1]
    big = graph.constants[first].copy()
    big[0, 0] = 20000.0
    x["x"][:, 0] = 0.0
    graph = replace(graph, constants=dict(graph.constants) | {first: big})
    made = framed("relu", graph)
    own, chosen = fit(graph, x, made, PLAIN)
    top = np.abs(own.constants[first]).max()
    before = factors(graph, made.ranges, calibrate(graph, x))
    assert top < np.abs(rescaled(graph, before).constants[first]).max()
    assert chosen.emitted.program.digest == made.chosen.emitted.program.digest
    (out,) = graph.outputs
    assert np.allclose(evaluate(graph, x)[out], evaluate(own, x)[out], rtol=1e-9)
    assert worst_error(chosen.ints, known_samples(own, x, None), 1.0) < 0.02


def test_learned_thresholds_have_no_rule() -> None:
    net = Net(0, x=(1, 4))
    y = net.dense("x", 3)
    graph = net.graph(net.add("Greater", [y, net.random(3)], (1, 3)))
    with pytest.raises(QuantizationError, match="Greater") as error:
        compile_model(graph, calibration={"x": np.ones((4, 4))}, architecture_only=True)
    assert error.value.slug == "architecture_only"


def onnx_model(bias: float, scale: float) -> Any:
    """Two layers with a scale and a bias apart, which an importer may drop when they do nothing."""
    rng = np.random.default_rng(3)
    nodes = [
        helper.make_node("MatMul", ["x", "w0"], ["m"]),
        helper.make_node("Relu", ["m"], ["r"]),
        helper.make_node("Mul", ["r", "s"], ["t"]),
        helper.make_node("Add", ["t", "b"], ["a"]),
        helper.make_node("Tanh", ["a"], ["h"]),
        helper.make_node("MatMul", ["h", "w1"], ["y"]),
    ]
    constants = {
        "w0": rng.normal(size=(4, 6)),
        "s": np.full(6, scale),
        "b": np.full(6, bias),
        "w1": rng.normal(size=(6, 2)),
    }
    graph = helper.make_graph(
        nodes,
        "net",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 2])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_constants_that_do_nothing_stay() -> None:
    """x * 1 + 0 in one checkpoint, x * 1.5 + 0.3 in the other: one digest, by declared ranges, and different samples."""
    ranges, digests = {"x": (-4.0, 4.0)}, set()
    for seed, (bias, scale) in enumerate([(0.0, 1.0), (0.3, 1.5)]):
        x = np.random.default_rng(seed).normal(size=(32, 4))
        program, weights = tacit.compile(onnx_model(bias, scale), calibration=x, architecture_only=True, ranges=ranges)
        assert program.report is not None
        assert program.report.worst_relative < 2e-3
        secret = tacit.commit_model(program, weights)
        proof = tacit.prove(program, secret, {"x": x[:1]})
        tacit.verify(program, proof, model=secret.commitment)
        digests.add(program.digest)
    assert len(digests) == 1
    assert len(load(onnx_model(0.0, 1.0)).nodes) < len(load(onnx_model(0.0, 1.0), blind=True).nodes)


@pytest.mark.parametrize(
    ("ranges", "place", "message"),
    [
        ({}, "input x", "a range for each of x, got none"),
        ({"x": (1.0, 1.0)}, "x", "two finite numbers"),
        ({"x": (0.0, 1.0), "z": (0.0, 1.0)}, "z", "ranges of inputs and outputs"),
    ],
)
def test_declared_ranges_are_checked(ranges: dict[str, tuple[float, float]], place: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        drawn(network("relu", 0), ranges)
    assert (error.value.slug, error.value.place) == ("architecture_only", place)


def test_an_outputs_declared_range_is_taken() -> None:
    graph, x = network("relu", 3), samples_of("relu")
    (out,) = graph.outputs
    top = float(np.abs(evaluate(graph, x)[out]).max())
    ranges = {"x": (-4.0, 4.0), out: (-top, top)}
    compiled, _ = compile_model(graph, calibration=x, architecture_only=True, input_ranges=ranges)
    spec = compiled.ints.outputs[out]
    assert 1 << 16 < top * 2.0**spec.frac < 1 << 20
    assert compiled.accuracy.worst_relative < 1e-3
