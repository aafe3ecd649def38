"""Roundings that saturate: by one table, and by the excess that gates it."""

from __future__ import annotations

import pytest
from toy import cases, programs
from toy.execute import Execution

from tacit.reference import Refused


@pytest.mark.parametrize("name", ["a", "above", "below"])
@pytest.mark.parametrize("step", [-1, 1])
def test_a_clamp_that_is_another_value(name: str, step: int) -> None:
    """One entry of a clamped tensor, with the public output that follows from it: no row of the table."""
    program = cases.honest("clamped").program
    given = programs.values_for(program)
    index = next(i for i, t in enumerate(program.tensors) if t.name == name)

    def spoil(run: Execution) -> None:
        run.values[index][4] += step
        run.values[len(program.tensors) - 1] = run.expr(program.hints[-1].expr, (2, 3))

    lying = cases.prove_case(program, programs.TWO_LEVELS, given, spoil=spoil, max_fold=7)
    assert lying.run.check() == [f"lookup {name}"]
    with pytest.raises(Refused) as caught:
        lying.verify()
    assert caught.value.slug == "final_claim"


@pytest.mark.parametrize("x", [list(range(-80, 120, 10)), list(range(-2048, 2048, 205))])
def test_a_selected_clamp(x: list[int]) -> None:
    """a is a function of x, and no other number passes."""
    program = programs.selected()
    run = Execution(program, {"x": x})
    clamped = [min(max((entry + 2) >> 2, 0), 15) for entry in x]
    assert run.check() == []
    a = next(i for i, t in enumerate(program.tensors) if t.name == "a")
    assert run.values[a] == clamped
    rows = set(zip(program.tables[3].ins, program.tables[3].outs, strict=True))
    for value in range(-1, 24):
        run.values[a] = [value] * 20
        assert [pair in rows for pair in run.lookup_pairs(program.lookups[-1])] == [value == y for y in clamped]


def test_a_gated_clamp() -> None:
    """The hints alone find the witness; of all (v, a) that the tables let through, a is the one clamped value."""
    program = programs.gated()
    _, v, a = (next(i for i, t in enumerate(program.tensors) if t.name == name) for name in ("x", "v", "a"))
    rows = [set(zip(t.ins, t.outs, strict=True)) for t in program.tables]
    for x in (list(range(-80, 120, 10)), list(range(-2048, 2048, 205))):
        run = Execution(program, {"x": x})
        y = [(entry + 2) >> 2 for entry in x]
        clamped = [min(max(entry, 0), 15) for entry in y]
        assert run.check() == []
        assert run.values[a] == clamped
        found = [set[int]() for _ in y]
        for shift in range(-2, 3):
            other = [entry + shift for entry in run.values[v]]
            for value in (0, 1, 7, 8, 14, 15):
                changed = Execution.__new__(Execution)
                changed.__dict__.update(
                    run.__dict__, einsum_values={}, values={**run.values, v: other, a: [value] * 20}
                )
                good = [[pair in rows[x.table] for pair in changed.lookup_pairs(x)] for x in program.lookups]
                for i, holds in enumerate(zip(*good, strict=True)):
                    found[i] |= {value} if all(holds) else set()
        assert all(values <= {right} for values, right in zip(found, clamped, strict=True))
        assert sum(map(len, found)) > 10
