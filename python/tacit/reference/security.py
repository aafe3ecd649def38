"""Whether a geometry is good enough for a program. Docs: security.md; the terms: soundness.py."""

from __future__ import annotations

from collections.abc import Sequence

from .commitment import Geometry, place_slabs
from .errors import Refused
from .program import Program, valid_entries
from .sizes import Sizes
from .soundness import Shape, Term, budget, minimum, reaches


def claim_count(program: Program, sizes: Sizes) -> int:
    """Claims that one proof collapses: LogUp's, the einsums' operands, D, the products', the slabs'."""
    logup = sizes.depth + 1 if program.lookups else 0
    operands = sum({0: 0, 1: 1, 2: 1, 3: 2}[count] for count in sizes.ends)
    return logup + operands + 1 + 4 + len(program.slabs)


def security_terms(
    program: Program, geometry: Geometry, links: Sequence[int] | None = None, further_claims: int = 0
) -> list[Term]:
    """Every round's term of the budget. links: link cells of every slab, none if left out."""
    sizes = Sizes.of(program)
    placement = place_slabs(program, sizes, geometry, links or [0] * len(program.slabs))
    entries = sum(valid_entries(lookup.shape) for lookup in program.lookups)
    shape = Shape(
        lookup_entries=entries + sum(table.rows for table in program.tables),
        depth=sizes.depth,
        arity=sizes.arity,
        zeros=len(program.zeros),
        einsum_rounds=sizes.rounds,
        triples=sizes.triples,
        product_rounds=sizes.product_rounds,
        claims=claim_count(program, sizes) + further_claims,
        k0=placement.fold,
        slab_cells=tuple(slab.columns * geometry.data_rows for slab in placement.slabs[:-1]),
    )
    return budget(geometry, shape)


def check_security(
    program: Program,
    geometry: Geometry,
    target: int,
    links: Sequence[int] | None = None,
    *,
    further_claims: int = 0,
) -> None:
    """Refuses ("security") when a term of the budget has fewer bits than the target."""
    terms = security_terms(program, geometry, links, further_claims)
    if not reaches(terms, target):
        weakest = minimum(terms)
        raise Refused("security", weakest.name, f"{weakest.bits:.2f} bits, not {target}")
