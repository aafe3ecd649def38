"""What operators say of their reach holds, and what they are made into is defined for all of it and means the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from compiled_graphs import samples
from execution import execute
from nets import Net
from operator_cases import CASES
from test_scales import MEANINGS

from tacit import program as pg
from tacit.compiler.pipeline import CompiledProgram, compile_model
from tacit.errors import InputError, QuantizationError, WitnessError
from tacit.graph import Graph, evaluate
from tacit.integer.graph import InputSpec, IntGraph, Operator, OutputSpec, Parameter
from tacit.integer.lookups import signed
from tacit.integer.operators.activation import RoundRelu
from tacit.integer.operators.linear import Contract
from tacit.integer.operators.rounding import Round
from tacit.integer.operators.saturation import MOST_TABLE, Saturate
from tacit.integer.reach import Overflow, Reach
from tacit.integer.total import OUTPUT_STEP, total
from tacit.quantize import Options

Array = Any
MODES = (Overflow(), Overflow(room=0), Overflow(widen=True))


def chain(operators: tuple[Operator, ...], args: list[Array]) -> Array:
    values = operators[0].meaning(*args)
    for operator in operators[1:]:
        values = operator.meaning(values)
    return values


def reaches(operators: tuple[Operator, ...], args: list[Reach]) -> tuple[int, int]:
    """What the last of them says, from what each says."""
    for operator in operators:
        lo, hi = operator.reach(*args)
        args = [Reach(operator.shape(*(x.shape for x in args)), lo, hi)]
    return args[0].ends


@pytest.mark.parametrize("overflow", MODES)
@pytest.mark.parametrize("name", MEANINGS)
def test_an_operator_made_total_is_defined_for_all_operands(name: str, overflow: Overflow) -> None:
    """On ends, corners and random integers of wide intervals; where the first was defined, it is the same."""
    case, rng = MEANINGS[name], np.random.default_rng(len(name))
    for bits in (9, 12, 16, 20):
        lo, hi = signed(bits)
        args = [Reach(shape, lo, hi) for shape in case.shapes]
        operators = case.op.total(overflow, *args)
        least, most = reaches(operators, args)
        draws = [[np.full(s, end) for s in case.shapes] for end in (lo, hi)]
        draws += [[rng.choice([lo, hi], s) for s in case.shapes] for _ in range(20)]
        draws += [[rng.integers(lo, hi + 1, s) for s in case.shapes] for _ in range(20)]
        for values in draws:
            found = chain(operators, values)
            assert least <= found.min(), (operators, values)
            assert found.max() <= most, (operators, values)
            try:
                expected = case.op.meaning(*values)
            except WitnessError:
                continue
            assert np.array_equal(found, expected)


def product_of(weights: Array, overflow: Overflow, **spec: Any) -> tuple[IntGraph, str]:
    """relu(round(x W / 2^4)) in ten bits, made total; the way that it went."""
    graph = IntGraph("g")
    x = graph.input("x", InputSpec((1, len(weights)), *spec.get("ends", (-128, 127)), 0))
    w = graph.parameter("w", Parameter(weights, -128, 127, 0))
    raw = graph.emit(Contract("ak", "kc", "ac"), [x, w], "raw")
    y = graph.emit(RoundRelu(4, 10), [raw], "y")
    graph.outputs["out"] = OutputSpec(y.name, -4, 3, round(y.frac))
    made, (way,) = total(graph, overflow)
    return made, way.way


def test_bounds_come_from_the_weights_or_from_their_intervals() -> None:
    """A column of small weights leaves room in ten bits; by the declared intervals it does not."""
    small = np.array([[3.0, 1.0], [-2.0, 0.0], [1.0, -1.0]])
    assert product_of(small, Overflow())[1] == "fits"
    made, way = product_of(small, Overflow(declared=True))
    assert way == "clamped"
    (clamp,) = (step.op for step in made.steps if isinstance(step.op, Saturate))
    # 3 * 128 * 128 / 16, in signed bits.
    assert clamp.bits == 13
    assert product_of(small, Overflow(declared=True, room=4))[1] == "widened"


def test_only_powers_of_two_show_of_the_weights() -> None:
    """Weights that differ by less than an octave in their sums make one graph."""
    rng = np.random.default_rng(0)
    found = {
        str(product_of(rng.permutation(np.array([[60.0], [50.0], [40.0 + i]])), Overflow())[0].steps) for i in range(9)
    }
    assert len(found) == 1


def test_an_input_that_has_one_sign_needs_no_room_for_the_other() -> None:
    """Weights of both signs, of which one half counts."""
    weights = np.array([[100.0], [-100.0], [100.0], [-100.0]])
    both, _ = product_of(weights, Overflow(room=0))
    one, _ = product_of(weights, Overflow(room=0), ends=(0, 127))
    assert [step.op for step in (both.steps[-1], one.steps[-1])] == [Saturate(4, 0, 511, 13), Saturate(4, 0, 511, 12)]


def test_outputs_have_room_for_all_they_can_be() -> None:
    made, _ = product_of(np.full((4, 1), 100.0), Overflow(widen=True))
    spec = made.outputs["out"]
    assert (spec.hi - spec.lo + 1).bit_length() - 1 == 16  # 4 * 100 * 127 / 16 in signed bits is 13, in steps of four
    assert OUTPUT_STEP == 4


def test_clamps_share_the_largest_reach() -> None:
    graph = IntGraph("g")
    x = graph.input("x", InputSpec((8,), -(1 << 17), (1 << 17) - 1, 0))
    a = graph.emit(Round(2, 8), [x], "a")
    b = graph.emit(RoundRelu(6, 8), [x], "b")
    for name, value in (("a", a), ("b", b)):
        graph.outputs[name] = OutputSpec(value.name, -128, 127, round(value.frac))
    made, ways = total(graph, Overflow())
    assert {way.way for way in ways} == {"clamped"}
    # Halves go up: (2^17 + 1) >> 2 takes seventeen signed bits, and the other only thirteen.
    assert [step.op.bits for step in made.steps if isinstance(step.op, Saturate)] == [17, 17]


@pytest.mark.parametrize("name", CASES)
def test_no_input_in_range_is_refused(name: str) -> None:
    """Every case, calibrated on three samples: ends, corners and random integers of the input's interval."""
    graph = CASES[name]()
    compiled, weights = compile_model(graph, calibration=samples(graph, 3), options=Options(activation_bits=12))
    rng = np.random.default_rng(0)
    specs = compiled.ints.inputs
    draws = [{n: np.full(s.shape, end) for n, s in specs.items()} for end in (0, 1)]
    draws[0] = {n: np.full(s.shape, s.lo) for n, s in specs.items()}
    draws[1] = {n: np.full(s.shape, s.hi) for n, s in specs.items()}
    draws += [{n: rng.choice([s.lo, s.hi], s.shape) for n, s in specs.items()} for _ in range(8)]
    draws += [{n: rng.integers(s.lo, s.hi + 1, s.shape) for n, s in specs.items()} for _ in range(8)]
    for i, given in enumerate(draws):
        expected = compiled.ints.results(compiled.ints.run(given))
        if i < 3:
            run = execute(compiled.program, dict(weights.tensors) | given)
            for port in compiled.program.outputs:
                assert np.array_equal(run.tensors[port.tensor], expected[port.name])


def grown() -> tuple[Any, dict[str, Array]]:
    """A network whose middle is far larger on inputs unlike the samples."""
    net = Net(3, x=(1, 6))
    graph = net.graph(net.dense(net.relu(net.dense(net.relu(net.dense("x", 16)), 16)), 3))
    near = np.random.default_rng(0).normal(size=(8, 1, 6)) * 0.01
    return graph, {"x": np.concatenate([near, np.eye(6).reshape(6, 1, 6)])}


def test_what_becomes_of_large_values_is_a_choice() -> None:
    graph, x = grown()
    made = {}
    for mode in ("refuse", "saturate", "widen", "total"):
        made[mode], _ = compile_model(
            graph, calibration=x, options=Options(activation_bits=14, headroom=1.01), overflow=mode
        )
    rng, off, refused = np.random.default_rng(1), dict.fromkeys(made, 0.0), 0
    for _ in range(30):
        corner = rng.choice([-1.0, 1.0], (1, 6))
        exact = evaluate(graph, {"x": corner[None]})[graph.outputs[0]][0]
        for mode, compiled in made.items():
            try:
                results = compiled.ints.results(compiled.ints.run({"x": compiled.quantize("x", corner)}))
            except WitnessError:
                assert mode == "refuse"
                refused += 1
                continue
            (answer,) = (compiled.dequantize(*out) for out in results.items())
            off[mode] = max(off[mode], float(np.abs(answer - exact).max() / np.abs(exact).max()))
    assert refused
    assert off["widen"] < 5e-3 < off["saturate"]
    with pytest.raises(InputError, match="overflow: expected total or saturate or widen or refuse, got 'wrap'"):
        compile_model(graph, calibration=x, overflow="wrap")


def far_off(graph: Graph, compiled: CompiledProgram, x: Array) -> float:
    """The largest error on inputs x (n, ..), relative to the largest answer."""
    gaps, most = [0.0], 0.0
    for one in x:
        exact = evaluate(graph, {"x": one[None]})[graph.outputs[0]][0]
        ((name, y),) = compiled.ints.results(compiled.ints.run({"x": compiled.quantize("x", one)})).items()
        gaps.append(float(np.abs(compiled.dequantize(name, y) - exact).max()))
        most = max(most, float(np.abs(exact).max()))
    return max(gaps) / most


@pytest.mark.parametrize(
    ("op", "attrs", "scale"),
    [
        ("Clip", {"min": 0.0, "max": 6.0}, 4.0),
        ("Clip", {"min": -6.0, "max": float("inf")}, 4.0),
        ("Clip", {"min": -6.0, "max": 6.0}, 4.0),
        ("Sigmoid", {}, 1.5),
        ("Tanh", {}, 1.0),
        ("Softmax", {"axis": 1}, 2.0),
    ],
)
def test_widened_is_the_network_where_no_sample_was(op: str, attrs: dict[str, float], scale: float) -> None:
    """Bounds that no sample meets, tables beyond the samples, shares of very different numbers."""
    net = Net(3, x=(1, 8))
    hidden = net.add(op, [net.dense("x", 8)], (1, 8), **attrs)
    graph = net.graph(net.dense(hidden, 3))
    rng = np.random.default_rng(0)
    near, ends = rng.normal(size=(24, 1, 8)) * 0.2, (-scale, scale)
    compiled, _ = compile_model(graph, calibration={"x": near}, input_ranges={"x": ends}, overflow="widen")
    far = np.concatenate([rng.choice(ends, (16, 1, 8)), rng.uniform(*ends, (16, 1, 8))])
    met = [evaluate(graph, {"x": one[None]})[hidden][0] for one in (*near, *far)]
    assert max(np.abs(y).max() for y in met[24:]) > 1.2 * max(np.abs(y).max() for y in met[:24])
    assert far_off(graph, compiled, far) < 3e-3


def test_a_function_that_samples_saw_only_far_out_is_itself_elsewhere() -> None:
    net = Net(3, x=(1, 4))
    graph = net.graph(net.add("Tanh", ["x"], (1, 4)))
    x = np.random.default_rng(0).uniform(30.0, 40.0, (16, 1, 4))
    compiled, _ = compile_model(graph, calibration={"x": x}, overflow="widen")
    assert far_off(graph, compiled, np.array([[[0.0, 1.0, -1.0, 30.0]], [[0.25, -40.0, 5.0, -0.5]]])) < 1e-2


def test_a_range_is_declared_by_whoever_compiles() -> None:
    """From the least value on, as wide as a power of two; it counts, not what the samples show."""
    graph, x = grown()
    compiled, _ = compile_model(graph, calibration=np.abs(x["x"]), input_ranges=(0.0, 3.0))
    spec = compiled.ints.inputs["x"]
    assert spec.lo == 0
    assert (spec.hi + 1) & spec.hi == 0
    assert spec.hi * 2.0**-spec.frac >= 3.0
    again, _ = compile_model(graph, calibration=np.abs(x["x"]) * 0.5, input_ranges={"x": (0.0, 3.0)})
    assert again.ints.inputs["x"].hi * 2.0 ** -again.ints.inputs["x"].frac >= 3.0
    for wrong, message in (
        ((0.0, 0.5), "expected samples in"),
        ((1.0, 0.0), "least below its greatest"),
        ((0.0, np.inf), "finite numbers, got"),
        ((0.0, 10**400), "magnitude of at most"),
        (([0.0] * 5, [1.0] * 5), "two rows of 6"),
        (3.0, r"expected \(least, greatest\)"),
        ({"y": (0.0, 1.0)}, "no such input"),
    ):
        with pytest.raises(InputError, match=message) as caught:
            compile_model(graph, calibration=np.abs(x["x"]), input_ranges=wrong)
        assert caught.value.slug == ("inexact" if "magnitude" in message else "ranges")


def test_an_end_is_met_by_its_float32() -> None:
    net = Net(3, x=(1, 2))
    x = np.float32([[[0.1, 0.7]]] * 4)
    assert float(x.max()) < 0.7
    assert float(x[0, 0, 0]) > 0.1
    compiled, _ = compile_model(
        net.graph(net.dense("x", 2)), calibration={"x": x}, input_ranges=([0.0, 0.7], [0.1, 1.0])
    )
    assert compiled.quantize("x", x[0]).shape == (1, 2)
    beyond = np.float32([[[0.10001, 0.7]]] * 4)
    with pytest.raises(InputError, match=r"samples in \[0, 0.1\] in column 0, got 0.10001 to"):
        compile_model(net.graph("x"), calibration={"x": beyond}, input_ranges=([0.0, 0.7], [0.1, 1.0]))


def test_a_range_of_each_column() -> None:
    graph, x = grown()
    low, high = np.full(6, -2.0), np.array([2.0, 4.0, 2.0, 2.0, 2.0, 100.0])
    compiled, _ = compile_model(graph, calibration=x, input_ranges=(low, high))
    lo, hi = compiled.ints.inputs["x"].lo, compiled.ints.inputs["x"].hi
    frac = compiled.ints.inputs["x"].frac
    assert lo * 2.0**-frac <= -2.0
    assert hi * 2.0**-frac >= 100.0


def test_a_clip_at_a_fine_scale_takes_no_table() -> None:
    """A bound of more bits than a table has rows: some form is left, and the program is one."""
    net = Net(3, x=(1, 4))
    graph = net.graph(
        net.add("Mul", [net.add("Clip", ["x"], (1, 4), min=0.0, max=0.587), net.constant(np.array([-2e-3]))], (1, 4))
    )
    x = np.random.default_rng(0).normal(size=(16, 1, 4))
    options = Options(activation_bits=24, input_bits=28)
    compiled, _ = compile_model(graph, calibration={"x": x}, options=options)
    assert all(pg.table_len(table.kind) <= 1 << MOST_TABLE for table in compiled.program.tables)
    top = compiled.ints.inputs["x"].hi
    assert compiled.ints.results(compiled.ints.run({"x": np.full((1, 4), top)}))


def test_a_network_without_room_in_the_field_is_named() -> None:
    """Widened only: five squares of squares pass the field."""
    net = Net(3, x=(1, 4))
    value = net.dense("x", 4)
    for _ in range(6):
        value = net.add("Mul", [value, value], (1, 4))
    graph = net.graph(value)
    x = np.random.default_rng(0).normal(size=(16, 1, 4))
    with pytest.raises(QuantizationError, match="every value in the field") as caught:
        compile_model(graph, calibration=x, overflow="widen")
    assert caught.value.remedy == 'overflow="total" clamps what has no room'
    compiled, _ = compile_model(graph, calibration=x, max_error=1.0)
    assert compiled.ints.results(compiled.ints.run({"x": np.full((1, 4), compiled.ints.inputs["x"].hi)}))
