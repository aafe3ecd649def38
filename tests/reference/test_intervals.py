"""What tables bound: clamped outputs, and what stands beside a tensor in an output. Docs: program.md, section 5."""

from __future__ import annotations

from dataclasses import replace

import pytest
from toy.programs import Build, link

from tacit.reference import Refused, validate
from tacit.reference.intervals import Intervals
from tacit.reference.program import Clamp, Lookup, Program, Relu, Table, Witness, Zero


def refused_at(program: Program) -> str:
    with pytest.raises(Refused) as caught:
        validate(program)
    assert caught.value.slug == "program"
    return caught.value.place


@pytest.mark.parametrize(
    ("ends", "found"),
    [((-3, 5), (-3, 5)), ((-99, 99), (-8, 7)), ((9, 12), (9, 9)), ((-12, -9), (-9, -9)), ((2, 2), (2, 2))],
)
def test_clamp_bounds_its_output(ends: tuple[int, int], found: tuple[int, int]) -> None:
    """The corners of the rows, clamped; every row lies between them."""
    table = Table("t", Clamp(-8, 16, *ends))
    p = Build("clamp", [("data", True)])
    p.tensor("x", (4,), "data", -8, 7)
    p.tensor("y", (4,), Witness(), -99, 99)
    p.tables.append(table)
    p.lookups.append(Lookup("l", 0, (4,), p.of("x"), 0, p.of("y")))
    validate(p.done())
    assert Intervals(p.done()).known[1] == found == (min(table.outs), max(table.outs))


@pytest.mark.parametrize(
    ("constant", "terms", "found"),
    [
        (0, {"y": 1}, (0, 7)),
        (5, {"y": -1}, (-2, 5)),
        (0, {"y": 1, "x": 1}, (-7, 15)),
        (-1, {"x": -3, "y": 1}, (-23, 29)),
        (0, {"y": -1, "later": 1}, (-24, 13)),
        (0, {"y": 2}, None),
        (0, {"y": 1, "unknown": 1}, None),
        (2**63 - 1, {"y": 1}, None),
        (0, {"y": 1, "x": 2**60}, None),
    ],
)
def test_outputs_bound_what_is_left(constant: int, terms: dict[str, int], found: tuple[int, int] | None) -> None:
    """Rule 2 on an output: the outs, moved by what stands beside the tensor; also where that is known only later."""
    p = Build("outputs", [("data", True)])
    p.tensor("x", (4,), "data", -8, 7)
    for name in ("y", "unknown", "later"):
        p.tensor(name, (4,), Witness(), -99, 99)
    p.tables.append(Table("t", Relu(-8, 16)))
    output = p.expr(*(p.term(name, coef) for name, coef in terms.items()), constant=constant)
    p.lookups.append(Lookup("l", 0, (4,), p.of("x"), 0, output))
    p.zeros.append(Zero("later", (4,), p.expr(p.term("later"), p.term("x", -2), constant=1)))
    program = p.done()
    assert Intervals(program).known[1] == found
    if found is None:
        assert refused_at(program) == "lookup l"
    else:
        validate(program)


def test_outputs_with_the_witness_twice_bound_nothing() -> None:
    p = Build("twice", [("data", True)])
    p.tensor("x", (4,), "data", -8, 7)
    p.tensor("y", (4,), Witness(), -99, 99)
    p.tables.append(Table("t", Relu(-8, 16)))
    turned = p.term("y", links=(link([(0, -1)], [(0, 1)], 3),))
    for output in (p.expr(p.term("y"), p.term("y")), p.expr(p.term("y"), p.term("y", -1)), p.expr(p.term("y"), turned)):
        lookup = Lookup("l", 0, (4,), p.of("x"), 0, output)
        assert refused_at(replace(p.done(), lookups=(lookup,))) == "lookup l"
