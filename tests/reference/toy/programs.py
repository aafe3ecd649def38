"""Small programs that between them use every relation, link and hint."""

from __future__ import annotations

import random
from math import prod

from tacit.reference.commitment import Geometry, Level
from tacit.reference.program import (
    Clamp,
    ClampHint,
    Constant,
    DigitsHint,
    DivideHint,
    Einsum,
    Expr,
    InSlab,
    LinearHint,
    Link,
    Lookup,
    LookupHint,
    MaxHint,
    OfEinsum,
    OfTensor,
    OneHotMaxHint,
    Port,
    Program,
    Public,
    Range,
    Relu,
    Shape,
    Sign,
    SlabDecl,
    Table,
    Tensor,
    Term,
    Values,
    Witness,
    Zero,
    identity_links,
)

# Toy parameters: a few queries, a few bits of grinding; nothing here is secure.
TWO_LEVELS = Geometry(1, 6, 192, 9, 8, 4, (Level(3, 7, 6), Level(3, 6, 5)))
ONE_LEVEL = Geometry(0, 7, 208, 9, 5, 0, (Level(4, 6, 7),))
THREE_LEVELS = Geometry(2, 5, 160, 10, 7, 3, (Level(1, 9, 6), Level(2, 8, 5), Level(2, 8, 4)))

# This one is: 128 bits.
SECURE = Geometry(128, 6, 320, 12, 62, 16, (Level(4, 10, 40),))


def link(target: list[tuple[int, int]], source: list[tuple[int, int]], offset: int = 0) -> Link:
    return Link(tuple(target), tuple(source), offset)


def picked(axes: list[int], source: int, index: int, offset: int = 0) -> Link:
    """index[t] + offset = s, t the target axes in the order of the index' own."""
    return Link(tuple((axis, 1) for axis in axes), ((source, 1),), offset, index)


def same(axes: list[tuple[int, int]]) -> tuple[Link, ...]:
    """t_i = s_j for pairs (i, j)."""
    return tuple(link([(i, 1)], [(j, 1)]) for i, j in axes)


class Build:
    """Collects a program; tensors are named, terms refer to names."""

    def __init__(self, name: str, slabs: list[tuple[str, bool]]):
        self.name = name
        self.slabs = tuple(SlabDecl(*slab) for slab in slabs)
        self.tensors: list[Tensor] = []
        self.tables: list[Table] = []
        self.einsums: list[Einsum] = []
        self.lookups: list[Lookup] = []
        self.zeros: list[Zero] = []
        self.hints: list = []

    def tensor(self, name: str, shape: Shape, place, lo: int, hi: int) -> int:
        place = InSlab([s.name for s in self.slabs].index(place)) if isinstance(place, str) else place
        self.tensors.append(Tensor(name, shape, place, lo, hi))
        return len(self.tensors) - 1

    def index(self, name: str) -> int:
        return [t.name for t in self.tensors].index(name)

    def term(self, name: str, coef: int = 1, links: tuple[Link, ...] | None = None) -> Term:
        if name in [e.name for e in self.einsums]:
            index = [e.name for e in self.einsums].index(name)
            axes = len(self.einsums[index].out_axes)
            return Term(coef, OfEinsum(index), identity_links(axes))
        index = self.index(name)
        return Term(coef, OfTensor(index), identity_links(len(self.tensors[index].shape)) if links is None else links)

    def expr(self, *terms: Term, constant: int = 0) -> Expr:
        return Expr(constant, terms)

    def of(self, name: str) -> Expr:
        return self.expr(self.term(name))

    def output(self, name: str, shape: Shape, expr: Expr, lo: int, hi: int) -> None:
        """A public tensor that equals the expression."""
        index = self.tensor(name, shape, Public(), lo, hi)
        self.hints.append(LinearHint(index, expr))
        minus = Term(-1, OfTensor(index), identity_links(len(shape)))
        self.zeros.append(Zero(name, shape, Expr(expr.constant, (*expr.terms, minus))))

    def range_check(self, name: str, table: int) -> None:
        tensor = self.tensors[self.index(name)]
        self.lookups.append(Lookup(name, table, tensor.shape, self.of(name), 0, Expr(0, ())))

    def done(self, inputs: list[str] = (), outputs: list[str] = ()) -> Program:
        return Program(
            2,
            self.name,
            self.slabs,
            tuple(self.tensors),
            tuple(self.tables),
            tuple(self.einsums),
            tuple(self.lookups),
            tuple(self.zeros),
            tuple(self.hints),
            tuple(Port(name, self.index(name), 0) for name in inputs),
            tuple(Port(name, self.index(name), 2) for name in outputs),
        )


def mixed() -> Program:
    """relu(RoundShift(W x + b)): lookups, and einsums of all kinds (private, same, public, batch, both public)."""
    p = Build("mixed", [("model", True), ("data", True)])
    p.tensor("W", (3, 5), "model", -8, 7)
    p.tensor("b", (3,), "model", -8, 7)
    p.tensor("x", (2, 5), "data", -8, 7)
    p.tensor("C", (3, 2), Constant((1, -2, 3, 0, 5, -6)), -6, 5)
    p.tensor("r", (2, 3), Witness(), 0, 3)
    p.tensor("a", (2, 3), Witness(), 0, 90)
    p.tables += [Table("two bits", Range(0, 4)), Table("relu", Relu(-85, 171))]
    p.einsums.append(Einsum("acc", (2, 3, 5), (0, 2), (1, 2), (0, 1), p.of("x"), p.of("W")))
    bias = p.term("b", links=same([(1, 0)]))
    acc = p.expr(p.term("acc"), bias, constant=2)
    p.hints.append(DigitsHint((2, 3), acc, ((p.index("r"), 2),), None))
    rounded = p.expr(*acc.terms, p.term("r", -1), constant=2)
    p.hints.append(LookupHint(p.index("a"), 1, rounded, 2))
    p.lookups.append(Lookup("relu", 1, (2, 3), rounded, 2, p.of("a")))
    p.range_check("r", 0)
    p.einsums.append(Einsum("norm", (2, 3), (0, 1), (0, 1), (), p.of("a"), p.of("a")))
    p.einsums.append(Einsum("proj", (2, 3, 2), (0, 1), (1, 2), (0, 2), p.of("a"), p.of("C")))
    p.einsums.append(Einsum("gram", (3, 2, 3), (0, 1), (2, 1), (0, 2), p.of("C"), p.of("C")))
    doubled = p.expr(p.term("b", 2, same([(1, 0)])), constant=-1)
    p.einsums.append(Einsum("scaled", (2, 3), (0, 1), (1, 0), (0, 1), p.of("a"), swap(p, "r")))
    p.einsums.append(Einsum("outer", (2, 3, 4), (0, 1), (0, 2), (2, 0, 1), p.of("a"), sliced(p)))
    p.einsums.append(Einsum("weights", (3, 2, 3), (0, 1), (2, 1), (0, 2), p.of("C"), turned(p)))
    p.output("norm out", (), p.of("norm"), 0, 6 * 90 * 90)
    p.output("y", (2, 2), p.of("proj"), -10000, 10000)
    p.output("gram out", (3, 3), p.expr(p.term("gram"), constant=7), -200, 200)
    p.output("scaled out", (2, 3), p.expr(p.term("scaled", 3), *doubled.terms, constant=-1), -10000, 10000)
    p.output("outer out", (4, 2, 3), p.of("outer"), -10000, 10000)
    p.output("weights out", (3, 3), p.of("weights"), -500, 500)
    return p.done(["x"], ["y"])


def swap(p: Build, name: str) -> Expr:
    """A transpose."""
    return p.expr(p.term(name, links=same([(0, 1), (1, 0)])))


def sliced(p: Build) -> Expr:
    """x, its axis 1 sliced to four, scaled, plus a constant: over (2, 4)."""
    return p.expr(p.term("x", 3, (link([(0, 1)], [(0, 1)]), link([(1, 1)], [(1, 1)], 1))), constant=1)


def turned(p: Build) -> Expr:
    """W's first two columns and the bias: over (3, 2)."""
    return p.expr(p.term("W"), p.term("b", links=same([(0, 0)])))


def links() -> Program:
    """Every kind of link, forwards into public outputs; no lookup, no einsum."""
    p = Build("links", [("data", True)])
    p.tensor("v", (6,), "data", -50, 50)
    p.tensor("m", (3, 4), "data", -50, 50)
    p.tensor("image", (2, 5, 5), "data", -50, 50)
    p.tensor("s", (), "data", -50, 50)
    p.tensor("given", (4,), Public(), -9, 9)
    p.tensor("fixed", (3,), Constant((4, -5, 6)), -5, 6)
    wide = 10**6

    def out(name: str, shape: Shape, *terms: Term, constant: int = 0) -> None:
        p.output(name, shape, p.expr(*terms, constant=constant), -wide, wide)

    out("identity", (6,), p.term("v", 5), constant=-3)
    out("transpose", (4, 3), swap(p, "m").terms[0])
    out("slice", (3,), p.term("v", links=(link([(0, 2)], [(0, 1)], 1),)))
    out("pad", (9,), p.term("v", links=(link([(0, 1)], [(0, 1)], -2),)))
    concat = [link([(0, 1)], [(0, 1)], -at) for at in (0, 6)]
    out("concat", (9,), p.term("v", 1, (concat[0],)), p.term("fixed", -2, (concat[1],)))
    patch = (link([(0, 1)], [(0, 1)]), link([(1, 2), (3, 1)], [(1, 1)], -1), link([(2, 2), (4, 1)], [(2, 1)], -1))
    out("patches", (2, 3, 3, 3, 3), p.term("image", links=patch))
    out("split", (2, 3), p.term("v", links=(link([(0, 3), (1, 1)], [(0, 1)]),)))
    out("merge", (12,), p.term("m", links=(link([(0, 1)], [(0, 4), (1, 1)]),)))
    out("broadcast", (3, 4, 2), p.term("m", 2, same([(0, 0), (1, 1)])), p.term("given", 1, same([(1, 0)])))
    out("sum", (3,), p.term("m", -3, same([(0, 0)])), p.term("s", 2, ()))
    out("total", (), p.term("image", links=()), constant=11)
    out("flip", (6,), p.term("v", links=(link([(0, -1)], [(0, 1)], 5),)))
    out("diagonal", (3,), p.term("m", links=(link([(0, 1)], [(0, 1)]), link([], [(1, 1)], 2))))
    out("masked", (5,), p.term("s", links=(link([(0, 1)], [], -3),)))
    out("window", (4,), p.term("m", links=(link([(0, 1)], [(0, 1), (1, 1)]),)))
    out("strided", (4,), p.term("v", links=(link([(0, 3)], [(0, 2)]),)))
    out("scalar", (), p.term("s", 7), constant=-1)
    return p.done(["v", "m", "given"], ["identity"])


def linear() -> Program:
    """y = W x + b: einsums without lookups."""
    p = Build("linear", [("model", True), ("data", True)])
    p.tensor("W", (4, 6), "model", -128, 127)
    p.tensor("b", (4,), "model", -128, 127)
    p.tensor("x", (6,), "data", -128, 127)
    p.einsums.append(Einsum("acc", (4, 6), (0, 1), (1,), (0,), p.of("W"), p.of("x")))
    p.output("y", (4,), p.expr(p.term("acc"), p.term("b")), -(2**20), 2**20)
    return p.done(["x"], ["y"])


def public_model() -> Program:
    """A public slab, a table of values, signs, a maximum with its one-hot, a division."""
    p = Build("public model", [("model", False), ("data", True)])
    p.tensor("w", (4,), "model", -5, 5)
    p.tensor("x", (2, 4), "data", -8, 7)
    p.tensor("bias", (2, 4), Public(), -3, 3)
    shape = (2, 4)
    for name, lo, hi in (("z", 0, 15), ("f", -30, 30), ("pos", 0, 1), ("hot", 0, 1)):
        p.tensor(name, shape, Witness(), lo, hi)
    p.tensor("top", (2,), Witness(), 0, 15)
    for name, hi in (("q", 15), ("rem", 6)):
        p.tensor(name, (2,), Witness(), 0, hi)
    p.tables += [
        Table("four bits", Range(0, 16)),
        Table("f", Values(0, tuple((i * i) % 61 - 30 for i in range(16)))),
        Table("sign", Sign(-40, 77)),
        Table("seven", Range(0, 7)),
        Table("bit", Range(0, 2)),
    ]
    shifted = p.expr(p.term("x"), constant=8)
    p.hints.append(LinearHint(p.index("z"), shifted))
    p.zeros.append(Zero("z", shape, p.expr(p.term("x"), p.term("z", -1), constant=8)))
    p.lookups.append(Lookup("f", 1, shape, p.of("z"), 0, p.of("f")))
    p.hints.append(LookupHint(p.index("f"), 1, p.of("z"), 0))
    signed = p.expr(p.term("f"), p.term("w", links=same([(1, 0)])), p.term("bias", -1))
    p.hints.append(LookupHint(p.index("pos"), 2, signed, 0))
    p.lookups.append(Lookup("sign", 2, shape, signed, 0, p.of("pos")))
    # floor((2 z + 1) / 2) = z.
    p.hints.append(MaxHint(shape, 1, p.expr(p.term("z", 2), constant=1), 1, (), p.index("top")))
    p.hints.append(OneHotMaxHint(shape, p.of("z"), p.index("hot")))
    top = p.term("top", links=same([(0, 0)]))
    p.lookups.append(Lookup("below", 0, shape, p.expr(top, p.term("z", -1)), 0, Expr(0, ())))
    p.range_check("hot", 4)
    p.range_check("top", 0)
    p.einsums.append(Einsum("picked", shape, (0, 1), (0, 1), (0,), p.of("hot"), p.of("z")))
    p.zeros.append(Zero("attained", (2,), p.expr(p.term("picked"), p.term("top", -1))))
    p.zeros.append(Zero("one hot", (2,), p.expr(p.term("hot", links=same([(0, 0)])), constant=-1)))
    seven = Expr(7, ())
    p.hints.append(DivideHint((2,), p.of("top"), seven, p.index("q"), p.index("rem")))
    p.zeros.append(Zero("division", (2,), p.expr(p.term("top", -1), p.term("q", 7), p.term("rem"))))
    p.range_check("q", 0)
    p.range_check("rem", 3)
    p.einsums.append(Einsum("mean", (2, 4), (0, 1), (1,), (0,), p.of("pos"), p.of("w")))
    p.output("score", (2,), p.expr(p.term("mean", 2), p.term("top"), p.term("q")), -100, 100)
    return p.done(["x", "bias"], ["score"])


def wide() -> Program:
    """A slab with one wide interval, so that its validity needs digits; the program itself only adds."""
    p = Build("wide", [("data", True)])
    p.tensor("x", (3,), "data", -(2**19), 2**19 - 1)
    p.tensor("k", (2, 2), "data", 3, 9)
    p.output("y", (3,), p.expr(p.term("x", 2), constant=1), -(2**21), 2**21)
    return p.done(["x"], ["y"])


def clamped() -> Program:
    """A rounding to [-5, 9], and clamps whose ends no row takes, or one row alone."""
    p = Build("clamped", [("data", True)])
    shape = (2, 3)
    p.tensor("x", shape, "data", -100, 100)
    p.tensor("r", shape, Witness(), 0, 3)
    p.tables.append(Table("two bits", Range(0, 4)))
    p.hints.append(DigitsHint(shape, p.expr(p.term("x"), constant=2), ((p.index("r"), 2),), None))
    p.range_check("r", 0)
    rounded = p.expr(p.term("x"), p.term("r", -1), constant=2)
    ends = {"a": (-5, 9), "wide": (-(2**40), 2**40), "above": (40, 50), "below": (-50, -40), "first": (-99, -25)}
    for name, (low, high) in ends.items():
        p.tensor(name, shape, Witness(), -50, 50)
        p.hints.append(LookupHint(p.index(name), len(p.tables), rounded, 2))
        p.lookups.append(Lookup(name, len(p.tables), shape, rounded, 2, p.of(name)))
        p.tables.append(Table(name, Clamp(-26, 53, low, high)))
    p.output("y", shape, p.expr(*(p.term(name, 100**i) for i, name in enumerate(ends))), -(2**40), 2**40)
    return p.done(["x"], ["y"])


def gated() -> Program:
    """a = y = round(x / 4) clamped to [0, 15] by two tables of 32 and 128 rows, though y has ten bits.

    v is what t = floor(y / 8) exceeds [-1, 2] by: the hint takes it from x alone. Then u = y - 8 v lies in [-8, 24), a is
    u clamped, and v a = 15 v or 0 says which end a must be at where v is not 0.
    """
    p = Build("gated", [("data", True)])
    shape = (4, 5)
    p.tensor("x", shape, "data", -2048, 2047)
    p.tensor("r", shape, Witness(), 0, 3)
    p.tensor("v", shape, Witness(), -64, 64)
    p.tensor("a", shape, Witness(), 0, 15)
    p.tables += [
        Table("two bits", Range(0, 4)),
        Table("clamp", Clamp(-8, 32, 0, 15)),
        Table("end", Values(-64, tuple(15 * max(v, 0) for v in range(-64, 64)))),
    ]
    x = p.expr(p.term("x"), constant=2)
    p.hints.append(DigitsHint(shape, x, ((p.index("r"), 2),), None))
    p.range_check("r", 0)
    p.hints.append(ClampHint(shape, x, 5, -1, 2, None, p.index("v")))
    inner = p.expr(p.term("x"), p.term("r", -1), p.term("v", -32), constant=2)
    p.hints.append(LookupHint(p.index("a"), 1, inner, 2))
    p.lookups.append(Lookup("clamp", 1, shape, inner, 2, p.of("a")))
    p.einsums.append(Einsum("va", shape, (0, 1), (0, 1), (0, 1), p.of("v"), p.of("a")))
    p.lookups.append(Lookup("end", 2, shape, p.of("v"), 0, p.of("va")))
    p.output("y", shape, p.of("a"), 0, 15)
    return p.done(["x"], ["y"])


def selected() -> Program:
    """a = y = round(x / 4) clamped to [0, 15] by y = low + 8 t: z low where t is in [0, 2), plus a function of t.

    What the second lookup answers is no tensor: its output is a - z low, and says what a may be.
    """
    p = Build("selected", [("data", True)])
    shape = (4, 5)
    p.tensor("x", shape, "data", -2048, 2047)
    for name, high in (("r", 3), ("low", 7), ("z", 1), ("a", 22)):
        p.tensor(name, shape, Witness(), 0, high)
    p.tables += [
        Table("two bits", Range(0, 4)),
        Table("three bits", Range(0, 8)),
        Table("inside", Values(-65, tuple(int(0 <= t < 2) for t in range(-65, 66)))),
        Table("ends", Values(-65, tuple(8 * t if 0 <= t < 2 else 15 * (t > 0) for t in range(-65, 66)))),
    ]
    x = p.expr(p.term("x"), constant=2)
    p.hints.append(DigitsHint(shape, x, ((p.index("r"), 2), (p.index("low"), 3)), None))
    p.hints += [LookupHint(p.index("z"), 2, x, 5), ClampHint(shape, x, 2, 0, 15, p.index("a"), None)]
    p.range_check("r", 0)
    p.range_check("low", 1)
    top = p.expr(p.term("x"), p.term("r", -1), p.term("low", -4), constant=2)
    p.lookups.append(Lookup("inside", 2, shape, top, 5, p.of("z")))
    p.einsums.append(Einsum("zl", shape, (0, 1), (0, 1), (0, 1), p.of("z"), p.of("low")))
    p.lookups.append(Lookup("ends", 3, shape, top, 5, p.expr(p.term("a"), p.term("zl", -1))))
    p.output("y", shape, p.of("a"), 0, 22)
    return p.done(["x"], ["y"])


def exclusive() -> Program:
    """max(x, 0) max(-x, 0) = 0 with factors of 56 bits: a bare product, batched and of all pairs with a row of zeros."""
    p = Build("exclusive", [("data", True)])
    shape = (2, 3)
    p.tensor("x", shape, "data", -50, 50)
    p.tensor("zeros", (2,), "data", 0, 0)
    p.tables.append(Table("relu", Relu(-50, 101)))
    for name, sign in (("a", 1), ("b", -1)):
        p.tensor(name, shape, Witness(), 0, 50)
        part = p.expr(p.term("x", sign))
        p.hints.append(LookupHint(p.index(name), 0, part, 0))
        p.lookups.append(Lookup(name, 0, shape, part, 0, p.of(name)))
    a, b = p.expr(p.term("a", 2**50)), p.expr(p.term("b", -(2**50)))
    p.einsums.append(Einsum("ab", shape, (0, 1), (0, 1), (0, 1), a, b))
    p.einsums.append(Einsum("all", (2, 2, 3), (0,), (1, 2), (0, 1, 2), p.of("zeros"), b))
    p.zeros.append(Zero("ab", shape, p.expr(p.term("ab", -1))))
    p.zeros.append(Zero("all", (2, 2, 3), p.of("all")))
    p.output("y", shape, p.expr(p.term("a"), p.term("b")), 0, 100)
    return p.done(["x"], ["y"])


def carried() -> Program:
    """x[t] = x[t - 1] - g[t] from a base, its last step a public output: x is bounded by the zero that carries it alone."""
    p = Build("carried", [("model", True), ("data", True)])
    p.tensor("base", (2,), "model", -50, 50)
    p.tensor("g", (4, 2), "data", -8, 7)
    p.tensor("x", (3, 2), Witness(), -71, 74)
    p.tensor("last", (2,), Public(), -100, 100)
    own = link([(1, 1)], [(0, 1)])
    before = [p.term("g", -1, (link([(0, 1)], [(0, 1)], -k), link([(1, 1)], [(1, 1)]))) for k in range(3)]
    p.hints.append(LinearHint(p.index("x"), p.expr(p.term("base", links=(own,)), *before)))
    total = p.term("g", -1, (link([(0, 1)], [(1, 1)]),))
    p.hints.append(LinearHint(p.index("last"), p.expr(p.term("base"), total)))
    last = p.term("x", -1, (link([(0, 1)], [(0, 1)], -1), link([(1, 1)], [(1, 1)])))
    ends = [p.term("base", -1, (link([(0, 1)], [], 0), own)), p.term("last", 1, (link([(0, 1)], [], -3), own))]
    p.zeros.append(Zero("step", (4, 2), p.expr(p.term("x"), last, *ends, p.term("g"))))
    p.einsums.append(Einsum("energy", (3, 2), (0, 1), (0, 1), (), p.of("x"), p.of("x")))
    p.output("energy out", (), p.of("energy"), 0, 6 * 74 * 74)
    return p.done(["base"], ["last"])


def gathered() -> Program:
    """Batches of rows that a public index picks, some twice, one that is no row; columns that a constant picks, turned."""
    p = Build("gathered", [("model", True), ("data", True)])
    p.tensor("q", (2, 3), Public(), 0, 9)
    p.tensor("x", (5, 4), "data", -50, 50)
    p.tensor("w", (4,), "model", -3, 3)
    p.tensor("turn", (3, 2), Constant((3, 0, 1, 1, 4, -1)), -1, 4)
    rows = picked([0, 1], 0, p.index("q"))
    batch = p.expr(p.term("x", links=(rows, link([(2, 1)], [(1, 1)]))))
    p.einsums.append(Einsum("forward", (2, 3, 4), (0, 1, 2), (2,), (0, 1), batch, p.of("w")))
    first = p.term("x", -2, (rows, link([], [(1, 1)], 0)))
    p.output("y", (2, 3), p.expr(p.term("forward"), first, constant=1), -(2**20), 2**20)
    # Over (2, 3): the constant's axes the other way round, one column further; the rows are summed.
    columns = Link(((1, 1), (0, 1)), ((1, 1),), -1, p.index("turn"))
    p.output("z", (2, 3), p.expr(p.term("x", 3, (columns,))), -(2**20), 2**20)
    return p.done(["q", "x"], ["y"])


def long_public() -> Program:
    """A public tensor that is absorbed by its blocks, the last one shorter: y_i = x_i + q_(1050 i + 1049)."""
    p = Build("long_public", [("data", True)])
    p.tensor("q", (4200,), Public(), -9, 9)
    p.tensor("x", (4,), "data", -50, 50)
    some = p.term("q", links=(link([(0, 1050)], [(0, 1)], 1049),))
    p.output("y", (4,), p.expr(p.term("x"), some), -59, 59)
    return p.done(["q", "x"], ["y"])


def values_for(program: Program, seed: int = 1) -> dict[str, list[int]]:
    """Random slab tensors and public inputs within their intervals."""
    rnd = random.Random(seed)
    inputs = {port.tensor for port in program.inputs}
    return {
        t.name: [rnd.randint(t.lo, t.hi) for _ in range(prod(t.shape))]
        for i, t in enumerate(program.tensors)
        if isinstance(t.place, InSlab) or (isinstance(t.place, Public) and (i in inputs))
    }
