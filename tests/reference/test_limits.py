"""Limits of programs, each reached and passed by one: both verifiers give the same answer.

Here: lists, shapes and declared numbers; test_limits_of_relations.py: what relations refer to, and their bounds; test_steps.py:
the steps that intervals may take. Docs: program.md, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from toy.programs import SECURE, Build

from tacit import _native
from tacit.reference import Refused, validate
from tacit.reference.commitment import GEOMETRY_CODEC
from tacit.reference.field import HALF
from tacit.reference.program import (
    Clamp,
    ClampHint,
    Constant,
    DigitsHint,
    Einsum,
    Expr,
    Hint,
    InSlab,
    LinearHint,
    Lookup,
    LookupHint,
    MaxHint,
    OfTensor,
    OneHotMaxHint,
    Place,
    Port,
    Program,
    Public,
    Range,
    Relu,
    Shape,
    Sign,
    SlabDecl,
    Table,
    TableKind,
    Term,
    Values,
    Zero,
    encode_program,
)

NOTHING = Expr(0, ())
LIST = 2**16
Make = Callable[[int], Program]


def build(tensors: int = 1, shape: Shape = ()) -> Build:
    """Public tensors t0, t1, .. of one shape, each 0 or 1."""
    p = Build("limit", [])
    for i in range(tensors):
        p.tensor(f"t{i}", shape, Public(), 0, 1)
    return p


def with_tables(p: Build, *kinds: TableKind) -> Build:
    """Tables, and a lookup of 0 in the first."""
    p.tables += [Table(f"table {i}", kind) for i, kind in enumerate(kinds)]
    p.lookups.append(lookup())
    return p


def scalar(tensor: int = 0, coef: int = 1) -> Term:
    return Term(coef, OfTensor(tensor), ())


def terms(count: int) -> Expr:
    return Expr(0, (scalar(),) * count)


def zero(expr: Expr, shape: Shape = ()) -> Zero:
    return Zero("zero", shape, expr)


def lookup(
    input: Expr = NOTHING, output: Expr = NOTHING, *, table: int = 0, shape: Shape = (), shift: int = 0
) -> Lookup:
    return Lookup("lookup", table, shape, input, shift, output)


def product(a: Expr, b: Expr, extents: Shape = (), axes: tuple[int, ...] = ()) -> Einsum:
    """a b, summed over all labels."""
    return Einsum("product", extents, axes, axes, (), a, b)


def with_(field: str, item: object, p: Build | None = None) -> Program:
    """One more entry of a list."""
    program = (p or build()).done()
    return replace(program, **{field: (*getattr(program, field), item)})


def rust(program: Program) -> str:
    """The slug, or "accepted"."""
    try:
        _native.Program(encode_program(program), GEOMETRY_CODEC.write(SECURE), 1, "")
    except _native.Failure as failure:
        return str(failure.args[1])
    return "accepted"


def reference(program: Program) -> tuple[str, str]:
    """The slug, or "accepted", and where."""
    try:
        validate(program)
    except Refused as refusal:
        return refusal.slug, refusal.place
    return "accepted", ""


def check(make: Make, limit: int, step: int) -> None:
    """The limit is accepted by both; what is beyond it is refused by both, and not because plain Python has no time for it."""
    last, beyond = make(limit), make(limit + step)
    assert (rust(last), *reference(last)) == ("accepted", "accepted", "")
    slug, place = reference(beyond)
    assert (rust(beyond), slug) == ("program", "program")
    assert place != "size"


def cases(above: dict[str, tuple[Make, int]], below: dict[str, tuple[Make, int]]) -> dict[str, tuple[Make, int, int]]:
    """The limits as arguments of `check`."""
    steps = ((1, "one more", above), (-1, "one less", below))
    return {f"{name}: {how}": (*case, step) for step, how, table in steps for name, case in table.items()}


# ---------------------------------------------------------------- heads and lists
def name(size: int) -> Program:
    return replace(build().done(), name="\N{LATIN SMALL LETTER E WITH ACUTE}" * 60 + "x" * (size - 120))


def slabs(count: int) -> Program:
    return replace(build().done(), slabs=tuple(SlabDecl(f"s{i}", True) for i in range(count)))


def many(field: str, item: object) -> Make:
    """A list of the same entry over and over."""
    p = with_tables(build(), Range(0, 1))
    return lambda count: replace(p.done(), **{field: (item,) * count})


def ports(field: str) -> Make:
    return lambda count: replace(build().done(), **{field: tuple(Port(str(i), 0, 0) for i in range(count))})


def tables(count: int) -> Program:
    return with_tables(build(), *[Range(0, 1)] * count).done()


LISTS: dict[str, tuple[Make, int]] = {
    "bytes of the name": (name, 128),
    "slabs": (slabs, 16),
    "tensors": (lambda count: build(count).done(), LIST),
    "tables": (tables, LIST),
    "einsums": (many("einsums", product(NOTHING, NOTHING)), LIST),
    "lookups": (many("lookups", lookup()), LIST),
    "zeros": (many("zeros", zero(NOTHING)), LIST),
    "hints": (many("hints", LinearHint(0, NOTHING)), LIST),
    "inputs": (ports("inputs"), LIST),
    "outputs": (ports("outputs"), LIST),
    "terms of a zero": (lambda n: with_("zeros", zero(terms(n))), LIST),
    "terms of an input": (lambda n: with_("lookups", lookup(terms(n)), ranged()), LIST),
    "terms of an output": (lambda n: with_("lookups", lookup(NOTHING, terms(n)), ranged()), LIST),
    "terms of an operand a": (lambda n: with_("einsums", product(terms(n), NOTHING)), LIST),
    "terms of an operand b": (lambda n: with_("einsums", product(NOTHING, terms(n))), LIST),
    "terms of a hint": (lambda n: with_("hints", LinearHint(0, terms(n))), LIST),
    "digits": (lambda n: with_("hints", DigitsHint((), NOTHING, ((0, 1),) * n, None)), LIST),
    "digits of a maximum": (lambda n: with_("hints", MaxHint((1,), 1, NOTHING, 0, ((0, 1),) * n, 0)), LIST),
}


def ranged() -> Build:
    return with_tables(build(), Range(0, 1))


# ---------------------------------------------------------------- shapes
def of_extents(make: Callable[[Shape], Program]) -> dict[str, tuple[Make, int]]:
    """What each shape obeys: axes, and bits of the padded size. Two axes, so that no table of weights is long."""
    return {
        "axes": (lambda n: make((1,) * n), 8),
        "bits": (lambda bits: make((2**15, 2 ** (bits - 15))), 30),
        "bits, padded": (lambda bits: make((2**14 + 1, 2 ** (bits - 16) + 1)), 30),
    }


def einsum_a(shape: Shape) -> Program:
    """Labels of a and out."""
    axes = tuple(range(len(shape)))
    return with_("einsums", Einsum("e", shape, axes, (), axes, NOTHING, NOTHING))


def einsum_out(shape: Shape) -> Program:
    """Half of out's labels are a's, the others b's."""
    axes = tuple(range(len(shape)))
    return with_("einsums", Einsum("e", shape, axes[::2], axes[1::2], axes, NOTHING, NOTHING))


WITH_SHAPE: dict[str, Callable[[Shape], Program]] = {
    "zero": lambda shape: with_("zeros", zero(NOTHING, shape)),
    "lookup": lambda shape: with_("lookups", lookup(shape=shape), ranged()),
    "operand": einsum_a,
    "einsum": einsum_out,
    "hint": lambda shape: with_("hints", ClampHint(shape, NOTHING, 0, 0, 1, None, None)),
}
SHAPES: dict[str, tuple[Make, int]] = {
    f"{what} of {where}": limit for where, make in WITH_SHAPE.items() for what, limit in of_extents(make).items()
}
#: 2^30 cells are more than plain Python has time for.
SHAPES["axes of tensor"] = (lambda n: build(shape=(1,) * n).done(), 8)


# ---------------------------------------------------------------- numbers
def tensor(place: Place, lo: int, hi: int, shape: Shape = ()) -> Program:
    p = Build("limit", [("slab", True)])
    p.tensor("x", shape, place, lo, hi)
    return p.done()


def shifted(hint: Hint) -> Make:
    """The hint with another shift."""
    return lambda shift: with_("hints", replace(hint, shift=shift), ranged())


def clamped(low: int, high: int) -> Program:
    return with_tables(build(), Clamp(0, 1, low, high)).done()


def narrow(kind: TableKind) -> Program:
    """A table that no lookup reads."""
    return with_tables(build(), Range(0, 1), kind).done()


def all_rows(rows: int) -> Program:
    """16 tables of 2^20 rows, and one of what is left."""
    rest = [Range(0, rows - 2**24)] if rows > 2**24 else []
    return with_tables(Build("rows", []), *[Range(0, 2**20)] * 16, *rest).done()


def port(frac: int) -> Program:
    return with_("inputs", Port("p", 0, frac))


NUMBERS: dict[str, tuple[Make, int]] = {
    "values of a constant": (lambda n: tensor(Constant((0,) * n), 0, 1, (3,)), 3),
    "a constant's value": (lambda x: tensor(Constant((x,)), 0, 5), 5),
    "an interval's upper end": (lambda x: tensor(Public(), 0, x), HALF),
    "lo <= hi": (lambda x: tensor(Public(), x, 5), 5),
    "slab": (lambda s: tensor(InSlab(s), 0, 1), 0),
    "rows": (lambda n: narrow(Range(0, n)), 2**20),
    "rows of values": (lambda n: narrow(Values(0, (0,) * n)), 2**20),
    "rows of all tables": (all_rows, 2**24),
    "shift of a lookup": (lambda s: with_("lookups", lookup(shift=s), ranged()), 62),
    "shift of a table's hint": (shifted(LookupHint(0, 0, NOTHING, 0)), 62),
    "shift of a maximum": (shifted(MaxHint((1,), 1, NOTHING, 0, (), 0)), 62),
    "shift of a clamp": (shifted(ClampHint((), NOTHING, 0, 0, 1, None, None)), 62),
    "bits of a digit": (lambda bits: with_("hints", DigitsHint((), NOTHING, ((0, bits),), None)), 62),
    "bits of a maximum's digit": (lambda bits: with_("hints", MaxHint((1,), 1, NOTHING, 0, ((0, bits),), 0)), 62),
    "axes of a maximum": (lambda n: with_("hints", MaxHint((1,), n, NOTHING, 0, (), 0)), 1),
    "low of a hint": (lambda low: with_("hints", ClampHint((), NOTHING, 0, low, 5, None, None)), 5),
    "low <= high": (lambda low: clamped(low, 5), 5),
    "high": (lambda high: clamped(0, high), HALF),
    "last input of a range": (lambda x: narrow(Range(x - 3, 4)), HALF),
    "last input of a ReLU": (lambda x: narrow(Relu(x - 3, 4)), HALF),
    "last input of a sign": (lambda x: narrow(Sign(x - 3, 4)), HALF),
    "last input of values": (lambda x: narrow(Values(x - 1, (0, 0))), HALF),
    "last input of a clamp": (lambda x: narrow(Clamp(x - 3, 4, 0, 1)), HALF),
    "largest value": (lambda x: narrow(Values(0, (0, x))), HALF),
    "frac": (port, 512),
}
#: Lower ends: the limit, and one below.
NUMBERS_BELOW: dict[str, tuple[Make, int]] = {
    "an interval's lower end": (lambda x: tensor(Public(), x, 0), -HALF),
    "a constant's value": (lambda x: tensor(Constant((x,)), -5, 5), -5),
    "no rows": (lambda n: narrow(Range(0, n)), 1),
    "no values": (lambda n: narrow(Values(0, (0,) * n)), 1),
    "values of a constant": (lambda n: tensor(Constant((0,) * n), 0, 1, (3,)), 3),
    "low": (lambda low: clamped(low, 0), -HALF),
    "first input": (lambda x: narrow(Range(x, 4)), -HALF),
    "first input of values": (lambda x: narrow(Values(x, (0,))), -HALF),
    "least value": (lambda x: narrow(Values(0, (0, x))), -HALF),
    "frac": (port, -512),
    "axes of a maximum": (lambda n: with_("hints", MaxHint((1,), n, NOTHING, 0, (), 0)), 1),
    "axes of a first maximum": (
        lambda n: with_("hints", OneHotMaxHint((1,) * n, NOTHING, 0), build(shape=(1,) * n)),
        1,
    ),
    "an extent of a tensor": (lambda n: build(shape=(n,)).done(), 1),
    "an extent of a zero": (lambda n: with_("zeros", zero(NOTHING, (n,))), 1),
    "an extent of a lookup": (lambda n: with_("lookups", lookup(shape=(n,)), ranged()), 1),
    "an extent of an einsum": (lambda n: einsum_a((n,)), 1),
    "an extent of a hint": (lambda n: with_("hints", ClampHint((n,), NOTHING, 0, 0, 1, None, None)), 1),
}


ALL = cases({**LISTS, **SHAPES, **NUMBERS}, NUMBERS_BELOW)


@pytest.mark.parametrize("name", ALL)
def test_limits_of_declarations(name: str) -> None:
    check(*ALL[name])
