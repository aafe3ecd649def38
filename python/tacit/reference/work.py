"""How much a program asks of a verifier.

The entries of forms are bounded by protocol.md, section 6. The other bound is this implementation's own: it is plain
Python, and what is beyond the bound is refused up front. It keeps time and memory finite for programs that come from
somebody else; a program that exceeds it may be perfectly valid.
"""

from __future__ import annotations

from math import prod

from .errors import Refused
from .field import bits
from .program import Constant, Expr, OfEinsum, Program, Public, Shape, shape_bits

MAX_WORK = 2**24  # products in K, about: a minute, a few gigabytes
MAX_FORM_ENTRIES = 2**26


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
            if link.index is not None:
                work += prod(program.shape_of(link.index))
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


def form_blocks(program: Program) -> list[int]:
    """Bits of the block of every form in a claim: a table's multiplicities, a committed tensor's where a term names it."""
    exprs = [zero.expr for zero in program.zeros]
    exprs += [expr for lookup in program.lookups for expr in (lookup.input, lookup.output)]
    # A public operand has no form; of two operands that are the same, one is claimed.
    exprs += [expr for e in program.einsums for expr in ((e.a,) if e.same else (e.a, e.b))]
    tensors = [program.tensors[t.source.index] for x in exprs for t in x.terms if not isinstance(t.source, OfEinsum)]
    committed = [tensor for tensor in tensors if not isinstance(tensor.place, Constant | Public)]
    return [bits(table.rows) for table in program.tables] + [shape_bits(tensor.shape) for tensor in committed]


def check_geometry_work(program: Program, folds: int, cells: int) -> None:
    """Refuses ("program") more than 2^26 entries of forms after the folds, and ("program", place "size") too many cells.

    cells: of all columns, the witness slab's among them; this verifier unfolds the last vector over them.
    """
    entries = sum(1 << max(0, block - folds) for block in form_blocks(program))
    if entries > MAX_FORM_ENTRIES:
        raise Refused("program", "forms", f"{entries} entries after the folds, more than 2^26")
    if cells > MAX_WORK:
        raise Refused("program", "size", f"{cells} cells: too many for the plain Python verifier")
