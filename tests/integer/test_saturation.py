"""Saturating roundings: every form has a witness for every input in reach, and no witness but for one result.

The second is counted out at toy size: all numbers that the tables allow, in every committed entry, for every input.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from execution import Execution, execute
from test_forced import refused

from tacit import program as pg
from tacit.integer.lookups import bounded, fused_lookup, signed
from tacit.integer.operators.pooling import RoundMax
from tacit.integer.operators.saturation import Clamp, Form, Saturate, again, by_signs, cheapest, select
from tacit.program.builder import Builder, Lazy, Settings

TOY = Settings(2, 2)
#: Witnesses that are counted out, at most, for each input and form.
MOST_WITNESSES = 20_000
#: Shift, bounds and bits of the rounded value; for `select` the bounds lie on multiples of the cut.
TOYS = [
    (1, 0, 3, 5),
    (1, -4, 3, 5),
    (2, -2, 1, 4),
    (0, 0, 7, 6),
    (0, -3, 2, 5),
    (1, 1, 6, 5),
    (0, -8, -3, 5),
]


def forms(op: Saturate) -> list[Form]:
    """All that are offered, and of each kind with small cuts what no cost would choose."""
    found = op.forms(TOY.limb)
    span = (op.hi - op.lo).bit_length()
    for cut in range(1, span):
        clamp = Clamp(op.lo, op.hi, op.bits, cut)
        found.append(Form("again", clamp, 0, 0, ()))
        if clamp.aligned:
            found.append(Form("select", clamp, 0, 0, ()))
    return list({(form.name, form.clamp): form for form in found}.values())


def program(op: Saturate, form: Form, count: int) -> tuple[pg.Program, int]:
    """x and its clamp in this form, and which tensor that is."""
    builder = Builder("one", TOY)
    bits = op.bits + op.shift
    x = builder.tensor("x", (count,), pg.Witness(), signed(bits))
    builder.inputs.append(pg.Port("x", x, 0))
    bounded(builder, "x", builder.whole(x), *signed(bits))
    if form.name == "gated":
        result = op._gated(builder, "op", builder.whole(x), form.clamp)
    elif form.name == "signs":
        result = by_signs(builder, "op", builder.whole(x), op.shift, form.clamp)
    elif form.name == "whole":
        result = fused_lookup(builder, "op", builder.whole(x), op.shift, form.clamp.whole())
    else:
        result = op._cut(builder, "op", builder.whole(x), form)
    ((term,), constant) = result.expr.terms, result.expr.constant
    assert term.coef == 1
    assert not constant
    assert isinstance(term.source, pg.FromTensor)
    return builder.build(), term.source.index


def inputs(op: Saturate) -> Any:
    """Every x whose rounding has the bits."""
    lo, hi = signed(op.bits + op.shift)
    x = np.arange(lo, hi + 1)
    y = (x + (1 << op.shift >> 1)) >> op.shift
    return x[(y >= signed(op.bits)[0]) & (y <= signed(op.bits)[1])]


@pytest.mark.parametrize("toy", TOYS)
def test_every_form_is_the_clamp_for_every_input(toy: tuple[int, int, int, int]) -> None:
    shift, lo, hi, bits = toy
    op = Saturate(shift, lo, hi, bits)
    x = inputs(op)
    names = set()
    for form in forms(op):
        made, y = program(op, form, len(x))
        assert execute(made, {"x": x}).tensors[y].tolist() == op.meaning(x).tolist(), form
        names.add(form.name)
    assert names >= {"whole", "again", "signs"}
    assert ("gated" in names) == (hi > lo + 1)


def table_rows(program: pg.Program, lookup: pg.Lookup) -> set[tuple[int, int]]:
    kind = program.tables[lookup.table].kind
    lo, n = pg.table_in(kind)[0], pg.table_len(kind)
    return {(v, out_of(kind, v)) for v in range(lo, lo + n)}


def out_of(kind: pg.TableKind, v: int) -> int:
    if isinstance(kind, pg.Values):
        return kind.outs[v - kind.lo]
    if isinstance(kind, pg.ClampTable):
        return min(max(v, kind.low), kind.high)
    return {pg.Range: 0, pg.ReluTable: max(v, 0), pg.Sign: int(v >= 0)}[type(kind)]


def domains(program: pg.Program, free: list[int]) -> dict[int, set[int]]:
    """What the lookups say of each committed tensor by itself."""
    found: dict[int, set[int]] = {}
    for lookup in program.lookups:
        rows = table_rows(program, lookup)
        for side, expr in enumerate((lookup.input, lookup.output)):
            alone = len(expr.terms) == 1 and not expr.constant and (side or not lookup.shift)
            if alone and isinstance(source := expr.terms[0].source, pg.FromTensor) and source.index in free:
                values = {row[side] for row in rows}
                found[source.index] = found.get(source.index, values) & values
    return found


def holds(program: pg.Program, values: dict[int, Any]) -> Any:
    """Entry by entry, whether all relations hold; every expression is over one shape, without views."""

    def of(expr: pg.Expr) -> Any:
        out = np.full_like(next(iter(values.values())), expr.constant)
        for term in expr.terms:
            if isinstance(term.source, pg.FromTensor):
                out = out + term.coef * values[term.source.index]
            else:
                einsum = program.einsums[term.source.index]
                out = out + term.coef * of(einsum.a) * of(einsum.b)
        return out

    good = np.ones(len(next(iter(values.values()))), dtype=bool)
    for zero in program.zeros:
        good &= of(zero.expr) == 0
    for lookup in program.lookups:
        rows = table_rows(program, lookup)
        given, out = of(lookup.input), of(lookup.output)
        exact = given % (1 << lookup.shift) == 0
        pairs = zip((given >> lookup.shift).tolist(), out.tolist(), strict=True)
        good &= exact & np.array([pair in rows for pair in pairs])
    return good


@pytest.mark.parametrize(
    ("toy", "counted"),
    [
        *((toy, {"whole", "again", "select", "gated"}) for toy in TOYS[:4]),
        (TOYS[4], {"whole", "again", "gated"}),  # its bounds are no multiples of a cut
        ((0, -1, 0, 3), {"whole", "signs"}),  # many digits: counted out where they are few
        ((0, 0, 1, 3), {"whole", "signs"}),
    ],
)
def test_every_witness_gives_one_result(toy: tuple[int, int, int, int], counted: set[str]) -> None:
    """All numbers that tables allow, in every committed tensor."""
    shift, lo, hi, bits = toy
    op = Saturate(shift, lo, hi, bits)
    tried = set()
    for form in forms(op):
        made, y = program(op, form, 1)
        names = [tensor.name for tensor in made.tensors]
        free = [i for i, name in enumerate(names) if not name.startswith("x")]
        sets = domains(made, free)
        if form.name in ("select", "signs"):  # the result is a sum; what it may be is all numbers near
            sets[y] = set(range(lo - 6, hi + 7))
        choices = [sorted(sets[i]) for i in free]
        if np.prod([len(c) for c in choices], dtype=float) > MOST_WITNESSES:
            continue
        combined = np.array(list(product(*choices)), dtype=np.int64).reshape(-1, len(free))
        honest = execute(program(op, form, len(inputs(op)))[0], {"x": inputs(op)})
        for place, given in enumerate(inputs(op).tolist()):
            values = {i: combined[:, k] for k, i in enumerate(free)}
            for i in set(range(len(names))) - set(free):  # the input, and its own digits
                values[i] = np.full(len(combined), honest.tensors[i][place])
            good = holds(made, values)
            assert set(values[y][good].tolist()) == {int(op.meaning(np.array(given)))}, (form, given)
        tried.add(form.name)
    assert tried == counted


def test_a_value_of_many_bits_is_clamped_in_steps() -> None:
    op = Saturate(3, -2048, 2047, 40)
    rng = np.random.default_rng(0)
    edges = np.array([-2049, -2048, -2047, -1, 0, 1, 2046, 2047, 2048, 4095, -(1 << 39), (1 << 39) - 1])
    x = np.concatenate([edges << 3, rng.integers(-(1 << 41), 1 << 41, 9000), rng.integers(-(1 << 15), 1 << 15, 200)])
    builder = Builder("one", Settings(8, 8))
    given = builder.tensor("x", x.shape, pg.Witness(), signed(43))
    builder.inputs.append(pg.Port("x", given, 0))
    bounded(builder, "x", builder.whole(given), *signed(43))
    builder.commit("y", op.lower(builder, "op", builder.whole(given)))
    assert "op.part" in {lookup.name for lookup in builder.lookups}, "by the lookups of again"
    assert execute(builder.build(), {"x": x}).named("y").tolist() == op.meaning(x).tolist()


@pytest.mark.parametrize("limb", [7, 12])
def test_bounds_that_no_table_has_room_for(limb: int) -> None:
    """No table passes what a program may have, whatever the bounds; by the signs of two differences then."""
    lo, hi = -5, (1 << 22) + 3
    rng = np.random.default_rng(0)
    edges = np.array([lo - 1, lo, lo + 1, 0, hi - 1, hi, hi + 1, -(1 << 29), (1 << 29) - 1])
    x = np.concatenate([edges << 2, rng.integers(-(1 << 31), 1 << 31, 100)])
    builder = Builder("one", Settings(limb, limb))
    given = builder.tensor("x", x.shape, pg.Witness(), signed(32))
    builder.inputs.append(pg.Port("x", given, 0))
    bounded(builder, "x", builder.whole(given), *signed(32))
    op = Saturate(2, lo, hi, 31)
    y = op.lower(builder, "op", builder.whole(given))
    least, most = builder.interval(y)
    assert lo <= least
    assert most < lo + (1 << 23)
    builder.commit("y", y)
    window = builder.reshape("window", builder.whole(given), (1, len(x)))
    builder.commit("m", RoundMax(2, 31, 1, most=23).lower(builder, "max", window))
    names = {tensor.name for tensor in builder.tensors}
    assert names >= {"op.high.sign", "max.high.sign"}, "both by signs"
    run = execute(builder.build(), {"x": x})
    assert run.named("y").tolist() == op.meaning(x).tolist()
    assert run.named("m").tolist() == [(1 << 22) - 1]
    at = next(i for i, tensor in enumerate(run.program.tensors) if tensor.name == "op.clamp")
    for delta in (-1, 1, 1 << 20):
        assert refused(run, {at: run.tensors[at] + delta})


def lowered(make: Callable[[Builder, Lazy], Lazy], x: Any, bits: int) -> Execution:
    builder = Builder("one", Settings(5, 5))
    given = builder.tensor("x", x.shape, pg.Witness(), signed(bits))
    builder.inputs.append(pg.Port("x", given, 0))
    bounded(builder, "x", builder.whole(given), *signed(bits))
    builder.commit("y", make(builder, builder.whole(given)))
    return execute(builder.build(), {"x": x})


def changed(run: Execution, **values: list[int]) -> bool:
    """Whether the relations refuse these tensors, by name (`_` for `.`)."""
    places = {t.name.replace(".", "_"): i for i, t in enumerate(run.program.tensors)}
    return refused(run, {places[name]: np.array(value) for name, value in values.items()})


def test_an_excess_is_not_a_choice() -> None:
    """Gated: a value inside said to be beyond, one beyond said to be inside, and a wrong bound."""
    op = Saturate(0, 0, 127, 12)
    clamp = Clamp(0, 127, 12, 4)
    run = lowered(lambda b, x: op._gated(b, "op", x, clamp), np.array([100, 1000, -900]), 12)
    assert run.named("y").tolist() == [100, 127, 0]
    v = run.named("op.excess").tolist()
    assert changed(run, op_excess=[1, *v[1:]])  # u = 84, which is no bound
    assert changed(run, op_excess=[1, *v[1:]], op_clamp_out=[127, 127, 0], y=[127, 127, 0])
    assert changed(run, op_excess=[-1, *v[1:]], op_clamp_out=[0, 127, 0], y=[0, 127, 0])
    assert changed(run, op_excess=[v[0], 0, v[2]])  # u = 1000, no row
    assert changed(run, op_clamp_out=[100, 126, 0], y=[100, 126, 0])
    assert changed(run, op_excess=[v[0], v[1], 1])  # beyond on the other side
    # Near a border the excess may be another number; the result is not.
    near = lowered(lambda b, x: op._gated(b, "op", x, clamp), np.array([143]), 12)
    assert near.named("op.excess").tolist() == [0]
    assert not changed(near, op_excess=[1])
    assert changed(near, op_excess=[1], op_clamp_out=[126], y=[126])


def test_low_digits_of_a_clamp_are_digits() -> None:
    """Again: a negative low would bring a value beyond back inside. Select: z, G and low for another t."""
    op = Saturate(0, -128, 127, 12)
    clamp = Clamp(-128, 127, 12, 5)
    values = np.array([1000, -1000, 60])
    run = lowered(lambda b, x: op._cut(b, "op", x, Form("again", clamp, 0, 0, ())), values, 12)
    assert run.named("y").tolist() == [127, -128, 60]
    low = run.named("op.0.r0").tolist()
    q = run.named("op.part.out").tolist()
    for delta in (-32, 32, 1):  # t moves along where it is whole again
        assert changed(run, op_0_r0=[low[0] + delta, *low[1:]])
    assert changed(run, op_part_out=[q[0] - 1, *q[1:]], op_clamp_out=[100, -128, 60], y=[100, -128, 60])
    run = lowered(lambda b, x: op._cut(b, "op", x, Form("select", clamp, 0, 0, ())), values, 12)
    assert run.named("y").tolist() == [127, -128, 60]
    assert changed(run, op_inside_out=[1, 0, 1], op_clamp=[127 + low[0], -128, 60], y=[127 + low[0], -128, 60])
    assert changed(run, op_inside_out=[1, 0, 1], op_clamp=[64, -128, 60], y=[64, -128, 60])
    assert changed(run, op_clamp=[127, -128, 61], y=[127, -128, 61])


@pytest.mark.parametrize("limb", [4, 8, 12])
@pytest.mark.parametrize("relu", [False, True])
def test_a_maximum_that_saturates(relu: bool, limb: int) -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.integers(-(1 << 14), 1 << 14, (60, 4)), rng.integers(-(1 << 9), 1 << 9, (60, 4))])
    for op in (RoundMax(2, 13, 1, relu, most=8), RoundMax(2, 20, 1, relu, most=8)):
        builder = Builder("one", Settings(limb, limb))
        given = builder.tensor("x", x.shape, pg.Witness(), signed(15))
        builder.inputs.append(pg.Port("x", given, 0))
        bounded(builder, "x", builder.whole(given), *signed(15))
        builder.commit("y", op.lower(builder, "op", builder.whole(given)))
        run = execute(builder.build(), {"x": x})
        assert run.named("y").tolist() == op.meaning(x).tolist()
        assert run.named("y").max() == 127
        assert run.named("y").min() == (0 if relu else -128)


def test_a_table_is_paid_for_by_all_that_share_it() -> None:
    """Gated has the fewest lookups and the largest table: none of these alone would pay for it, all of them do."""
    op, count, many = Saturate(14, 0, (1 << 15) - 1, 22), 1 << 14, 24
    forms = [*op.forms(14)]
    builder = Builder("one", Settings(14, 14))
    assert cheapest(builder, (count,), forms).name == "select"
    builder.alike[op.clamp] = many * count
    assert cheapest(builder, (count,), forms).name == "gated"
    builder.alike[Saturate(14, 0, 3, 22).clamp] = builder.alike.pop(op.clamp)  # others, of another table
    assert cheapest(builder, (count,), forms).name == "select"


def test_again_and_select_agree() -> None:
    """Both lowerings of a cut, on every y of nine bits."""
    clamp = Clamp(-16, 15, 9, 3)
    y = np.arange(-256, 256)
    for last in (again, select):

        def make(builder: Builder, x: Lazy, last: Any = last) -> Lazy:
            low = builder.digits("low", x, [3], pg.Range(*_span(clamp)))
            rest = builder.sum((1, x), (-1, low[0]))
            if last is select:
                return select(builder, "op", low[0], rest, 3, clamp, (x, 0))
            return again(builder, "op", [low[0]], rest, 3, (clamp,))

        assert lowered(make, y, 9).named("y").tolist() == np.clip(y, -16, 15).tolist()


def _span(clamp: Clamp) -> tuple[int, int]:
    lo, hi = clamp.tops
    return lo, hi - lo + 1
