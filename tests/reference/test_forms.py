"""The adjoint of an expression is the multilinear extension of its values, whatever its links."""

from __future__ import annotations

import random

import pytest
from toy.commit import Random, block
from toy.execute import Execution, entries, indices

from tacit.reference.field import ZERO, K, add, eq_table, lift, mul, scale
from tacit.reference.forms import Extender, split
from tacit.reference.intervals import multiplicity
from tacit.reference.program import Expr, Link, OfTensor, Program, Tensor, Term, Witness, shape_bits, valid_entries


def random_links(rnd: random.Random, target: tuple[int, ...], source: tuple[int, ...]) -> tuple[Link, ...]:
    """Axes dealt out to up to three links; strides and offsets of any sign."""
    groups: list[tuple[list, list]] = [([], []) for _ in range(rnd.randrange(4))]
    for side, shape in enumerate((target, source)):
        for axis in range(len(shape)):
            if groups and rnd.random() < 0.8:
                rnd.choice(groups)[side].append((axis, rnd.choice((-2, -1, 1, 1, 1, 2, 3))))
    return tuple(Link(tuple(t), tuple(s), rnd.randrange(-3, 4)) for t, s in groups if t or s)


def random_case(seed: int) -> tuple[Program, Expr, tuple[int, ...], list[list[int]]]:
    rnd = random.Random(seed)
    shapes = [tuple(rnd.randrange(1, 6) for _ in range(rnd.randrange(4))) for _ in range(3)]
    target = shapes.pop()
    tensors = tuple(Tensor(f"t{i}", shape, Witness(), -9, 9) for i, shape in enumerate(shapes))
    terms = [
        Term(rnd.choice((-3, -1, 1, 2)), OfTensor(i), random_links(rnd, target, tensors[i].shape))
        for i in (0, 1, rnd.randrange(2))
    ]
    values = [[rnd.randrange(-9, 10) for _ in range(valid_entries(shape))] for shape in shapes]
    program = Program(2, "random", (), tensors, (), (), (), (), (), (), ())
    return program, Expr(rnd.randrange(-4, 5), tuple(terms)), target, values


def extension(shape: tuple[int, ...], values: list[int], point: list[K]) -> K:
    """sum over indices of eq(point, index) * value, the definition."""
    out = ZERO
    for e, v in zip(eq_table(point), block(shape, values), strict=True):
        out = add(out, scale(e, v))
    return out


@pytest.mark.parametrize("seed", range(150))
def test_adjoint_is_the_extension(seed: int) -> None:
    program, expr, target, values = random_case(seed)
    run = Execution(program, {f"t{i}": v for i, v in enumerate(values)})
    point = Random(bytes([seed])).k(shape_bits(target))
    wanted = extension(target, run.expr(expr, target), point)
    coordinates = split(target, point)
    shapes = [t.shape for t in program.tensors]

    hidden = Extender(shapes, {}).extend(expr, target, coordinates).value
    value = hidden.constant
    cells = [[lift(x) for x in block(shape, v)] for shape, v in zip(shapes, values, strict=True)]
    for scalar, form in hidden.forms:
        value = add(value, mul(scalar, form.apply([ZERO, *cells[form.tensor]], 1)))
    assert value == wanted

    public = Extender(shapes, dict(enumerate(values))).extend(expr, target, coordinates).value
    assert public.constant == wanted
    assert not public.forms


@pytest.mark.parametrize("seed", range(60))
def test_padding_weighs_nothing(seed: int) -> None:
    program, expr, target, _ = random_case(seed)
    shapes = [t.shape for t in program.tensors]
    point = Random(bytes([seed])).k(shape_bits(target))
    forms = Extender(shapes, {}).extend(expr, target, split(target, point)).value.forms
    for _, form in forms:
        shape = shapes[form.tensor]
        padding = [lift(1 - ok) for ok in block(shape, [1] * valid_entries(shape))]
        assert form.apply(padding, 0) == ZERO


@pytest.mark.parametrize("seed", range(100))
def test_multiplicity_counts_source_entries(seed: int) -> None:
    program, expr, target, _ = random_case(seed)
    for term in expr.terms:
        source = program.shape_of(term.source.index)
        counts = [len(list(entries(term.links, t, source))) for t in indices(target)]
        most, exactly = multiplicity(term.links, target, source)
        # A link of one source axis and stride 1 counts one, also where it meets none.
        assert most == max(counts) or most > max(counts) == 0
        assert exactly == all(c == 1 for c in counts)
