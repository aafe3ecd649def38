"""The soundness budget in bits, recomputed. Docs: security.md.

Round-by-round soundness in the Johnson regime, by mutual correlated agreement (BCHKS25, Theorem 4.2): a code of rate
rho is taken at the radius 1 - sqrt(rho) (1 + 1/(2m)); the larger m, the fewer queries and the more exceptional
challenges. Every code chooses its own m.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, log2, sqrt

from .commitment import Geometry
from .errors import Refused
from .field import P
from .program import Program
from .sizes import Sizes

FIELD_BITS = 3 * log2(P) - 1e-9  # log2 |K|, rounded down
MULTIPLICITIES = range(3, 400)


@dataclass(frozen=True)
class Term:
    """One step of the protocol and the bits of security it has."""

    name: str
    bits: float


def proximity_loss(m: int, rho: float, length: int) -> float:
    """log2 of the number of exceptional challenges of a code at multiplicity m."""
    h = m + 0.5
    delta = 1 - sqrt(rho) * (1 + 1 / (2 * m))
    return log2((2 * h**5 + 3 * h * delta * rho) / (3 * rho**1.5) * length + h / sqrt(rho))


def list_bits(m: int, rho: float) -> float:
    """log2 of the largest number of code words within the radius."""
    return log2((m + 0.5) / sqrt(rho))


def code_terms(name: str, rows: int, log_domain: int, queries: int, grind: int) -> tuple[Term, Term, float]:
    """(proximity, queries, log2 of the list) of one code, at its best multiplicity."""
    rho = rows / 2**log_domain
    best: tuple[Term, Term, float] | None = None
    for m in MULTIPLICITIES:
        agreement = sqrt(rho) * (1 + 1 / (2 * m))
        if agreement >= 1:
            continue
        near = Term(f"{name}: proximity", FIELD_BITS - proximity_loss(m, rho, 2**log_domain))
        drawn = Term(f"{name}: queries", grind + queries * -log2(agreement))
        if best is None or min(near.bits, drawn.bits) > min(best[0].bits, best[1].bits):
            best = (near, drawn, list_bits(m, rho))
    assert best is not None  # the rate is at most 1/2
    return best


def security_terms(program: Program, geometry: Geometry) -> list[Term]:
    """Every term of the budget."""
    sizes = Sizes.of(program)
    near, drawn, witness_list = code_terms(
        "slabs", geometry.rows, geometry.log_domain, geometry.queries, geometry.grind
    )
    terms = [near, drawn]
    rows = geometry.rows
    for number, level in enumerate(geometry.levels):
        rows >>= level.fold
        near, drawn, size = code_terms(f"level {number + 1}", rows, level.log_domain, level.queries, geometry.grind)
        terms += [near, drawn]
        degree = rows << level.fold
        terms.append(Term(f"level {number + 1}: out of domain", FIELD_BITS - log2(degree) - 2 * size))
    terms.append(Term("sumcheck rounds", FIELD_BITS - log2(3) - witness_list))
    if program.lookups:
        terms.append(Term("logup", FIELD_BITS - (sizes.depth + 1) - witness_list))
    claims = sizes.depth + sum(sizes.ends) + 6 + len(program.slabs) + 2
    terms.append(Term("collapse", FIELD_BITS - log2(claims) - witness_list))
    if program.zeros:
        terms.append(Term("zeros", FIELD_BITS - log2(len(program.zeros) + 1) - witness_list))
    return terms


def check_security(program: Program, geometry: Geometry, target: int) -> None:
    """Refuses ("security") when a term of the budget has fewer bits than the target."""
    weakest = min(security_terms(program, geometry), key=lambda term: term.bits)
    if weakest.bits < target:
        raise Refused("security", weakest.name, f"{floor(weakest.bits)} bits, not {target}")
