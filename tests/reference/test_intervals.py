"""What relations and tables bound: zeros, einsums, lookups, clamped outputs, and what stands beside a tensor in an output.
Docs: program.md, section 5.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from test_structure import refused
from toy.programs import Build, link

from tacit.reference import validate
from tacit.reference.intervals import Intervals
from tacit.reference.program import Clamp, Einsum, Expr, Lookup, Program, Public, Range, Relu, Table, Witness, Zero


def refused_at(program: Program) -> str:
    return refused(program).place


def witness_program(*, lookup: bool = True, lo: int = 0, hi: int = 15) -> Build:
    p = Build("w", [("data", True)])
    p.tensor("x", (4,), "data", -100, 100)
    p.tensor("w", (4,), Witness(), lo, hi)
    if lookup:
        p.tables.append(Table("t", Range(0, 16)))
        p.range_check("w", 0)
    return p


def test_unbounded_witness_is_refused_where_it_is_used() -> None:
    p = witness_program(lookup=False)
    validate(p.done())
    p.zeros.append(Zero("z", (4,), p.expr(p.term("w", 2))))
    assert "bounds" in refused(p.done()).detail


def test_declared_interval_must_contain_the_derived_one() -> None:
    validate(witness_program().done())
    assert "derived" in refused(witness_program(hi=14).done()).detail


def test_zero_bounds_a_witness_both_ways() -> None:
    for coef in (1, -1):
        p = witness_program(lookup=False, lo=-203, hi=203)
        rest = p.term("x", 2)
        p.zeros.append(Zero("z", (4,), p.expr(p.term("w", coef), rest, constant=3)))
        program = p.done()
        validate(program)
        assert Intervals(program).known[1] == ((-197, 203) if coef == -1 else (-203, 197))


def test_zero_with_the_witness_twice_bounds_nothing() -> None:
    p = witness_program(lookup=False)
    p.zeros.append(Zero("z", (4,), p.expr(p.term("w"), p.term("w", links=(link([(0, -1)], [(0, 1)], 3),)))))
    refused(p.done())


def test_chain_of_zeros_in_any_order() -> None:
    p = Build("chain", [("data", True)])
    p.tensor("t0", (2,), "data", -1, 1)
    for i in range(1, 6):
        p.tensor(f"t{i}", (2,), Witness(), -(2**i), 2**i)
    for i in (5, 3, 1, 2, 4):
        p.zeros.append(Zero(f"z{i}", (2,), p.expr(p.term(f"t{i}"), p.term(f"t{i - 1}", -2))))
    program = p.done()
    validate(program)
    assert Intervals(program).known[5] == (-32, 32)


def test_wrapping_zero() -> None:
    p = Build("wrap", [("data", True)])
    p.tensor("x", (4,), "data", -(2**60), 2**60)
    p.output("ok", (4,), p.expr(p.term("x", 4)), -(2**62) + 2**33, 2**62 - 2**33)
    validate(p.done())
    p.zeros.append(Zero("z", (4,), p.expr(p.term("x", 8))))
    assert "wrap" in refused(p.done()).detail


def test_wrapping_einsum() -> None:
    p = Build("wrap", [("data", True)])
    p.tensor("x", (8,), "data", -(2**30), 2**30)
    p.einsums.append(Einsum("e", (8,), (0,), (0,), (), p.of("x"), p.of("x")))
    assert refused(p.done()).place == "einsum e"
    narrow = replace(p.einsums[0], extents=(4,))
    p.tensors[0] = replace(p.tensors[0], shape=(4,))
    p.einsums[0] = narrow
    validate(p.done())


def test_lookup_shift_counts() -> None:
    p = witness_program()
    p.lookups.append(Lookup("s", 0, (4,), p.of("x"), 58, Expr(0, ())))
    validate(p.done())
    p.lookups[-1] = replace(p.lookups[-1], shift=60)
    assert refused(p.done()).place == "lookup s"


def test_summed_terms_scale_the_interval() -> None:
    p = Build("sum", [("data", True)])
    p.tensor("x", (3, 5), "data", 2, 7)
    summed = p.expr(p.term("x", links=(link([(0, 1)], [(0, 1)]),)))
    padded = p.expr(p.term("x", links=(link([(0, 1)], [(0, 1)], 1), link([(1, 1)], [(1, 1)]))))
    merged = p.expr(p.term("x", links=(link([(0, 1)], [(0, 5), (1, 1)]),)))
    known = Intervals(p.done())
    assert known.expr(summed, (3,)) == (0, 35)
    assert known.expr(padded, (3, 5)) == (0, 7)
    assert known.expr(merged, (15,)) == (2, 7)
    assert known.expr(p.of("x"), (3, 5)) == (2, 7)


def test_contradiction_is_refused() -> None:
    p = witness_program()
    p.tables.append(Table("far", Range(100, 4)))
    p.range_check("w", 1)
    assert "no value" in refused(p.done()).detail


def test_public_tensor_intervals_are_believed() -> None:
    p = Build("public", [])
    p.tensor("y", (2,), Public(), -5, 5)
    known = Intervals(p.done())
    assert known.known == [(-5, 5)]


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
