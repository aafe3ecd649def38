"""Tensors that a zero carries along an axis, built before anything bounds them (docs/protocol/program.md, section 5, rule 3)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from execution import execute

from tacit import _native
from tacit import program as pg
from tacit.errors import WitnessError
from tacit.program.affine import Inexpressible
from tacit.program.builder import Builder, Lazy, Settings
from tacit.program.intervals import OutOfField, UnknownInterval, validate
from tacit.reference import decode_program
from tacit.reference import validate as validate_bytes
from tacit.reference.commitment import GEOMETRY_CODEC, Geometry, Level

GEOMETRY = GEOMETRY_CODEC.write(Geometry(128, 6, 320, 12, 62, 16, (Level(4, 10, 40),)))
STEPS, SHAPE = 4, (2, 3)


def steps(promise: tuple[int, int], *, coef: int = 1, reads: bool = False) -> tuple[Builder, Lazy]:
    """w[t+1] = w[t] - g[t] over four steps: base, three steps in one tensor, the last one public. What came before each step."""
    b = Builder("steps", Settings())
    base = b.whole(b.tensor("base", SHAPE, pg.Public(), (-50, 50)))
    g = b.whole(b.tensor("g", (STEPS, *SHAPE), pg.Public(), (-8, 7)))
    last = b.whole(b.tensor("last", SHAPE, pg.Public(), (-99, 99)))
    mid = b.recurrent("mid", (STEPS - 1, *SHAPE), promise)
    before = b.sum((1, b.at_step(base, 0, STEPS, 0)), (1, b.along(mid, 0, STEPS, -1)))
    after = b.sum((1, b.along(mid, 0, STEPS)), (1, b.at_step(last, 0, STEPS, STEPS - 1)))
    energy = b.hadamard("energy", before, before)
    squares = b.witness("squares", (STEPS, *SHAPE))
    b.hints.append(pg.LinearHint(squares, energy.expr))
    b.zero("squares", energy.shape, (1, b.whole(squares).expr), (-1, energy.expr))
    rest = b.sum((1, g), (1, b.whole(squares))) if reads else g
    b.zero("update", (STEPS, *SHAPE), (coef, after.expr), (-coef, before.expr), (coef, rest.expr))
    for port, (name, tensor) in enumerate({"base": 0, "g": 1, "last": 2, "mid": mid}.items()):
        assert port == len(b.inputs)
        b.inputs.append(pg.Port(name, tensor, 0))
    return b, before


def given(seed: int = 0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    base, g = rng.integers(-50, 51, SHAPE), rng.integers(-8, 8, (STEPS, *SHAPE))
    after = base - np.cumsum(g, axis=0)
    return {"base": base, "g": g, "mid": after[:-1], "last": after[-1]}


@pytest.mark.parametrize("promise", [(-71, 74), (-1000, 1000)])
def test_the_interval_is_what_the_zero_says(promise: tuple[int, int]) -> None:
    b, before = steps(promise)
    # Known before the zero was there.
    assert b.interval(before)[1] <= 50 + promise[1]
    program = b.build()
    mid = program.tensors[3]
    assert (mid.lo, mid.hi) == (-50 - 3 * 7, 50 + 3 * 8)
    validate(program)
    validate_bytes(decode_program(program.encode()))
    _native.Program(program.encode(), GEOMETRY, 1, "")
    values = given()
    assert np.array_equal(execute(program, values).named("squares"), np.stack([values["base"], *values["mid"]]) ** 2)
    for name, at in (("mid", (1, 0, 0)), ("mid", (2, 1, 2)), ("last", (0, 1))):
        wrong = given()
        wrong[name][at] += 1
        with pytest.raises(WitnessError, match="not zero") as caught:
            execute(program, wrong)
        assert caught.value.place == "update"


@pytest.mark.parametrize("promise", [(-70, 74), (-71, 73)])
def test_a_promise_that_is_broken(promise: tuple[int, int]) -> None:
    b, _ = steps(promise)
    with pytest.raises(OutOfField, match=r"tensor mid: promised \[.*derived \[-71, 74\]"):
        b.build()


@pytest.mark.parametrize("changes", [{"coef": 2}, {"reads": True}], ids=str)
def test_a_promise_that_nothing_keeps(changes: dict[str, Any]) -> None:
    """Coefficients of 2; a rest that reads the tensor, whose interval follows from the promise alone."""
    b, _ = steps((-1000, 1000), **changes)
    with pytest.raises(OutOfField, match=r"tensor mid: promised .* no recurrence bounds it"):
        b.build()


def test_a_promise_without_a_zero() -> None:
    b = Builder("none", Settings())
    b.recurrent("x", (3,), (0, 1))
    with pytest.raises(OutOfField, match="no recurrence"):
        b.build()
    other = Builder("none", Settings())
    x = other.whole(other.witness("x", (3,)))
    with pytest.raises(UnknownInterval):
        other.interval(x)


def test_chunks_go_on_from_the_last_entry() -> None:
    """Two tensors of steps, the second from the last entry of the first; the third is one step."""
    b = Builder("chunks", Settings())
    start = b.whole(b.tensor("start", SHAPE, pg.Public(), (0, 1)))
    values, at = {"start": np.ones(SHAPE, dtype=np.int64)}, np.ones(SHAPE, dtype=np.int64)
    b.inputs.append(pg.Port("start", 0, 0))
    for name, n in (("a", 2), ("b", 3), ("c", 1)):
        g = b.whole(b.tensor(f"g.{name}", (n, *SHAPE), pg.Public(), (-1, 2)))
        x = b.recurrent(f"x.{name}", (n, *SHAPE), (-100, 100))
        before = b.sum((1, b.at_step(start, 0, n, 0)), (1, b.along(x, 0, n, -1)))
        b.zero(f"x.{name}", (n, *SHAPE), (-1, b.along(x, 0, n).expr), (1, before.expr), (1, g.expr))
        b.inputs += [pg.Port(f"g.{name}", x - 1, 0), pg.Port(f"x.{name}", x, 0)]
        values[f"g.{name}"] = np.random.default_rng(n).integers(-1, 3, (n, *SHAPE))
        values[f"x.{name}"] = at + np.cumsum(values[f"g.{name}"], axis=0)
        at, start = values[f"x.{name}"][-1], b.entry(b.whole(x), 0, n - 1)
    program = b.build()
    ends = [(t.lo, t.hi) for t in program.tensors if t.name.startswith("x.")]
    assert ends == [(-2, 5), (-5, 11), (-6, 13)]
    validate(program)
    validate_bytes(decode_program(program.encode()))
    execute(program, values)
    values["x.c"] = values["x.c"] + 1
    with pytest.raises(WitnessError, match="not zero"):
        execute(program, values)


def test_views_along_any_axis() -> None:
    b = Builder("views", Settings())
    x = b.tensor("x", (2, 3), pg.Public(), (-99, 99))
    b.inputs.append(pg.Port("x", x, 0))
    b.commit("shifted", b.along(x, 1, 4, -1))
    b.commit("ahead", b.along(x, 1, 2, 2))
    b.commit("placed", b.at_step(b.whole(x), 1, 3, 2))
    b.commit("raw", b.at_step(b.hadamard("xx", b.whole(x), b.whole(x)), 2, 2, 0))
    b.commit("column", b.entry(b.whole(x), 1, 2))
    values = np.arange(6).reshape(2, 3)
    run = execute(b.build(), {"x": values})
    assert np.array_equal(run.named("shifted"), np.pad(values, ((0, 0), (1, 0))))
    assert np.array_equal(run.named("ahead"), np.pad(values[:, 2:], ((0, 0), (0, 1))))
    assert np.array_equal(run.named("placed"), np.stack([0 * values, 0 * values, values], axis=1))
    assert np.array_equal(run.named("raw"), np.stack([values**2, 0 * values], axis=2))
    assert np.array_equal(run.named("column"), values[:, 2])
    with pytest.raises(Inexpressible, match="constant"):
        b.at_step(b.sum((1, b.whole(x)), constant=1), 0, 2, 0)
