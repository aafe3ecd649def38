"""How much a program asks of this verifier: it is plain Python, so programs beyond a bound are refused up front.

The bound is this implementation's own. It keeps time and memory finite for programs that come from somebody else; a
program that exceeds it may be perfectly valid.
"""

from __future__ import annotations

from math import prod

from .errors import Refused
from .field import bits
from .program import Expr, OfEinsum, Program, Shape, shape_bits

MAX_WORK = 2**24  # products in K, about: a minute, a few gigabytes


def expression_work(program: Program, expr: Expr, shape: Shape) -> int:
    """Entries of all tables that the adjoint of an expression needs, and of the sources it is applied to."""
    work = sum(1 << bits(extent) for extent in shape)
    for term in expr.terms:
        if isinstance(term.source, OfEinsum):
            continue
        source = program.shape_of(term.source.index)
        work += prod(source)
        for link in term.links:
            work += prod(shape[axis] for axis, _ in link.target)
            work += prod(source[axis] for axis, _ in link.source)
    return work


def program_work(program: Program) -> int:
    """All expressions, all committed cells, all table rows."""
    work = sum(1 << shape_bits(tensor.shape) for tensor in program.tensors)
    work += sum(1 << bits(table.rows) for table in program.tables)
    for zero in program.zeros:
        work += expression_work(program, zero.expr, zero.shape)
    for lookup in program.lookups:
        work += expression_work(program, lookup.input, lookup.shape)
        work += expression_work(program, lookup.output, lookup.shape)
    for einsum in program.einsums:
        work += expression_work(program, einsum.a, einsum.shape_of(einsum.a_axes))
        work += expression_work(program, einsum.b, einsum.shape_of(einsum.b_axes))
    return work


def check_work(program: Program) -> None:
    """Refuses ("program", place "size") what would take hours; the program must be well formed."""
    work = program_work(program)
    if work > MAX_WORK:
        raise Refused("program", "size", f"about {work} steps: too many for the plain Python verifier")
