"""What a prover may not do: every committed entry and every public output is forced by the relations.

A witness in which one entry is another number, or a public output with the best excuse that a prover could build, must
leave some relation false. Nothing is committed for the hints alone: every tensor of the witness is in a relation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from compiled_graphs import samples
from execution import Execution, check_execution, execute
from operator_cases import CASES, uneven

from tacit import program as pg
from tacit.compiler.pipeline import compile_model
from tacit.errors import WitnessError
from tacit.graph import Graph
from tacit.integer.graph import Operator
from tacit.integer.lookups import bounded
from tacit.integer.operators.activation import RoundRelu
from tacit.integer.operators.normalisation import SoftmaxLast
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.rounding import Round
from tacit.integer.operators.selection import ArgMaxLast
from tacit.program.builder import Builder, Settings, digit_widths
from tacit.quantize import Options

#: Limbs of five bits, and no wider tables.
NARROW = Settings(5, 5)


def read(expr: pg.Expr) -> set[int]:
    return {term.source.index for term in expr.terms if isinstance(term.source, pg.FromTensor)}


def in_relations(program: pg.Program) -> set[int]:
    """Tensors that occur in some relation."""
    found: set[int] = set()
    for einsum in program.einsums:
        found |= read(einsum.a) | read(einsum.b)
    for lookup in program.lookups:
        found |= read(lookup.input) | read(lookup.output)
    for zero in program.zeros:
        found |= read(zero.expr)
    return found


def refused(run: Execution, changed: dict[int, Any]) -> bool:
    """Whether some relation is false once these tensors are replaced."""
    try:
        check_execution(Execution(run.program, run.tensors | changed))
    except WitnessError:
        return True
    return False


@pytest.mark.parametrize("name", CASES)
def test_no_entry_is_free(name: str) -> None:
    graph = CASES[name]()
    every_entry_is_forced(graph, samples(graph, 4))


def test_no_entry_of_columns_is_free() -> None:
    every_entry_is_forced(*uneven())


def every_entry_is_forced(graph: Graph, x: dict[str, Any]) -> None:
    """Each tensor with a random entry changed, by little and by much."""
    compiled, weights = compile_model(
        graph, calibration=x, settings=NARROW, options=Options(activation_bits=12, least_weight_bits=9, align=5)
    )
    given = {n: compiled.quantize(n, values[0]) for n, values in x.items()}
    run = execute(compiled.program, dict(weights.tensors) | given)
    rng = np.random.default_rng(0)
    used = in_relations(compiled.program)
    for index, tensor in enumerate(compiled.program.tensors):
        if not isinstance(tensor.place, pg.Witness | pg.Public):
            continue
        assert index in used, f"{tensor.name} is in no relation"
        for delta in (1, -1, 1 << 5, 1 << 12):
            values = run.tensors[index].copy()
            values.reshape(-1)[rng.integers(values.size)] += delta
            assert refused(run, {index: values}), f"{tensor.name} + {delta}"


def lowered(op: Operator, values: Any, bits: int = 14, settings: Settings = NARROW) -> Execution:
    """One operator on a private input, its result committed as "y"."""
    builder = Builder("one", settings)
    lo, hi = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    x = builder.tensor("x", values.shape, pg.Witness(), (lo, hi))
    builder.inputs.append(pg.Port("x", x, 0))
    bounded(builder, "x", builder.whole(x), lo, hi)
    builder.commit("y", op.lower(builder, "op", builder.whole(x)))
    return execute(builder.build(), {"x": values})


def test_a_maximum_must_be_attained_and_be_the_largest() -> None:
    """A selector for another entry, a smaller and a larger maximum: each with gaps and digits made to fit."""
    values = np.array([[3, 900, -40, 900, 7]])
    run = lowered(RoundMax(0, 14, 1), values)
    assert run.named("y").tolist() == [900]
    select = next(i for i, t in enumerate(run.program.tensors) if t.name == "op.select")
    assert refused(run, {select: np.array([[1, 0, 0, 0, 0]])})
    assert refused(run, {select: np.array([[0, 0, 0, 0, 0]])})
    assert refused(run, {select: np.array([[0, 1, 0, 1, 0]])})
    # Either of the two equal maxima may be selected: the result is the same.
    assert not refused(run, {select: np.array([[0, 0, 0, 1, 0]])})
    for wrong in (899, 901, 7):
        assert forged_maximum_is_refused(run, values, wrong)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("settings", [NARROW, Settings(10, 10)])
def test_a_maximum_does_not_depend_on_its_hint(settings: Settings, relu: bool) -> None:
    """The hint computes another number from the same entries: execution goes on with it, and some relation is false."""
    values = np.array([[[3, 900], [-40, 899]], [[-70, -33], [-64, -64]]]) << 2
    run = lowered(RoundMax(4, 10, 2, relu), values, settings=settings)
    assert run.named("y").tolist() == ([225, 0] if relu else [225, -8])
    (at,) = [i for i, hint in enumerate(run.program.hints) if isinstance(hint, pg.MaxHint)]
    hint = run.program.hints[at]
    assert isinstance(hint, pg.MaxHint)
    negated = replace(hint.expr, terms=tuple(replace(t, coef=-t.coef) for t in hint.expr.terms))
    further = replace(hint.expr, constant=hint.expr.constant + (1 << 4))
    fewer = replace(hint.expr, constant=hint.expr.constant - (1 << 4))
    for wrong in (negated, further, fewer):
        hints = (*run.program.hints[:at], replace(hint, expr=wrong), *run.program.hints[at + 1 :])
        with pytest.raises(WitnessError):
            execute(replace(run.program, hints=hints), {"x": values})


@pytest.mark.parametrize(("bits", "large"), [(14, 900), (30, 2**28)])
def test_a_maximum_of_four_must_be_attained(bits: int, large: int) -> None:
    """By the product of the gaps: a larger number has no factor 0, a smaller one a negative gap. The product of all four
    may leave the field, those of two must not."""
    values = np.array([[3, large, -40, large]])
    run = lowered(RoundMax(0, bits, 1), values, bits)
    assert run.named("y").tolist() == [large]
    tensors = {t.name: i for i, t in enumerate(run.program.tensors)}
    for wrong in (large - 1, large + 1, 3, large + 300):
        gap = wrong - values
        pairs = gap[:, ::2] * gap[:, 1::2]
        assert forged_maximum_is_refused(run, values, wrong, bits=bits)
        assert forged_maximum_is_refused(run, values, wrong, {tensors["op.pairs"]: pairs}, bits)


def test_a_maximum_whose_pairs_would_leave_the_field_is_selected() -> None:
    run = lowered(RoundMax(0, 32, 1), np.array([[3, 2**30, -40, 7]]), 32)
    assert {"op.select"} == {t.name for t in run.program.tensors} & {"op.select", "op.pairs"}


def forged_maximum_is_refused(
    run: Execution, values: Any, wrong: int, more: dict[int, Any] | None = None, bits: int = 14
) -> bool:
    """All tensors rewritten for the maximum `wrong`, with the gap's digits as good as they get."""
    tensors = {t.name: i for i, t in enumerate(run.program.tensors)}
    forged: dict[int, Any] = {tensors["y"]: np.array([wrong])}
    rest = np.array([wrong])
    widths = digit_widths(bits, NARROW.limb)
    for k, width in enumerate(widths):
        last = k == len(widths) - 1
        forged[tensors[f"op.max{k}"]] = rest if last else rest & ((1 << width) - 1)
        rest = rest >> width
    gap = np.maximum(wrong - values, 0)
    for k in range(len(widths)):
        forged[tensors[f"op.gap.{k}"]] = (gap >> (5 * k)) & 31
    return refused(run, forged | (more or {}))


def test_argmax_takes_the_first_of_equals() -> None:
    values = np.array([[5, 9, 9, 1]])
    run = lowered(ArgMaxLast(15), values)
    assert run.named("y").tolist() == [1]
    tensors = {t.name: i for i, t in enumerate(run.program.tensors)}
    second = np.array([[0, 0, 1, 0]])
    digits = {tensors[f"op.gap.{k}"]: ((9 - values - np.array([[1, 1, 0, 0]])) >> (5 * k)) & 31 for k in range(3)}
    assert refused(run, {tensors["op.select"]: second, tensors["y"]: np.array([2]), **digits})


@pytest.mark.parametrize("op", [Round(4, 12), RoundRelu(4, 12)])
def test_a_rounding_off_by_one_is_refused(op: Operator) -> None:
    """The neighbour y + 1 with the remainder r - 2^s has no digits: r would be negative."""
    run = lowered(op, np.array([100, -100, 7, 8]))
    y = run.named("y")
    index = next(i for i, t in enumerate(run.program.tensors) if t.name == "y")
    limbs = next(i for i, t in enumerate(run.program.tensors) if t.name == "op.1")
    rest = next(i for i, t in enumerate(run.program.tensors) if t.name == "op.0")
    step = np.array([1, 0, 0, 0])
    assert refused(run, {index: y + step, limbs: run.tensors[limbs] + step, rest: run.tensors[rest] - 16 * step})


def test_softmax_shares_are_one_number() -> None:
    """q + 1 with the remainder that the equation asks for, and q - 1: one side of the inequality refuses each."""
    values = np.array([[10, 700, 300, -50]])
    run = lowered(SoftmaxLast(8, 14, 10), values)
    tensors = {t.name: i for i, t in enumerate(run.program.tensors)}
    total = int(run.named("op.total")[0])
    for delta in (1, -1):
        share, rest = run.named("op.share").copy(), run.named("op.rest").copy()
        share[0, 1] += delta
        rest[0, 1] -= 2 * delta * total
        forged = {tensors["op.share"]: share, tensors["op.rest"]: rest, tensors["y"]: share}
        room = 2 * total - 1 - rest
        for label, value in (("op.share", share), ("op.rest", rest), ("op.room", room)):
            for k in range(len([n for n in tensors if n.startswith(f"{label}.")])):
                forged[tensors[f"{label}.{k}"]] = (value >> (5 * k)) & 31
        assert refused(run, forged)
