"""The soundness budget, recomputed from docs/protocol/security.md, section 3. Integers and binary64 only.

Bits are integers in units of 2^-20. They come from the five correctly rounded operations of binary64 in the order of
that page, so that every implementation decides alike; `exact_excess` shows with rational arithmetic that the rounding
never claims more than the theorem gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt, sqrt

from .commitment import Geometry

UNITS = 1 << 20
FIELD_BITS = 192
M_MAX = 100  # the largest multiplicity of a code
P = 2**64 - 2**32 + 1
P_CUBED = P**3


@dataclass(frozen=True)
class Shape:
    """What the soundness of one proof depends on beside the geometry (docs/protocol/protocol.md, section 5)."""

    lookup_entries: int  # valid lookup entries and table rows together
    depth: int
    arity: int
    zeros: int
    einsum_rounds: int
    triples: int
    product_rounds: int
    claims: int  # all of them, the binding claims included
    k0: int
    slab_cells: tuple[int, ...]  # C R of every long-lived slab


@dataclass(frozen=True)
class Code:
    """One code at its multiplicity: X exceptional challenges, at most `list_size` candidates, bits a position."""

    multiplicity: int
    exceptional: float
    list_size: float
    query_units: int


@dataclass(frozen=True)
class Term:
    """`rounds` rounds with the same error, of `units` 2^-20 bits each."""

    name: str
    units: int
    rounds: int

    @property
    def bits(self) -> float:
        return self.units / UNITS


def log2_units(x: float) -> int:
    """floor(2^20 log2 x) up to one unit: the exponent, then twenty squarings of the mantissa."""
    units = 0
    while x >= 2.0:  # exact: only the exponent changes
        x /= 2.0
        units += 1
    while x < 1.0:
        x *= 2.0
        units -= 1
    for _ in range(20):
        x *= x
        units *= 2
        if x >= 2.0:
            x /= 2.0
            units += 1
    return units


def error_units(count: float) -> int:
    """-log2(count / |K|), rounded down."""
    return FIELD_BITS * UNITS - 4 - log2_units(count)


def exceptional(m: int, rho: float, s: float, n: float) -> float:
    """Theorem 4.6 of BCHKS25 for lines: more exceptional challenges than this are none."""
    h = m + 0.5
    d = 1.0 - s * (1.0 + 1.0 / m)
    h2 = h * h
    h5 = h2 * h2 * h
    return (2.0 * h5 + 3.0 * h * d * rho) / (3.0 * rho * s) * n + h / s


def code(rows: int, log_domain: int, target: int) -> Code | None:
    """The code of `rows` coefficients over 2^log_domain points; None where the theorem says nothing."""
    if rows < 2 or 2 * (rows - 1) >= 1 << log_domain:
        return None
    n = float(1 << log_domain)
    rho = float(rows - 1) / n
    s = sqrt(rho)
    limit = 2.0 ** (FIELD_BITS - 2 - target) if target < FIELD_BITS - 2 else 0.0
    m = 3
    while m < M_MAX and exceptional(m + 1, rho, s, n) <= limit:
        m += 1
    return Code(
        multiplicity=m,
        exceptional=exceptional(m, rho, s, n),
        list_size=(m + 0.5) / (2.0 * s),
        query_units=-log2_units(s * (1.0 + 1.0 / m)) - 3,
    )


def codes(geometry: Geometry) -> list[tuple[int, int, int]]:
    """(rows, log2 of the length, positions) of every code, the slabs' first."""
    rows = geometry.rows
    found = [(rows, geometry.log_domain, geometry.queries)]
    for level in geometry.levels:
        rows >>= level.fold
        found.append((rows, level.log_domain, level.queries))
    return found


def budget(geometry: Geometry, shape: Shape) -> list[Term]:
    """Every round of the protocol with its security, in order."""
    known = [code(rows, log_domain, geometry.target) for rows, log_domain, _ in codes(geometry)]
    real = [c for c in known if c is not None]
    if len(real) < len(known):
        return [Term("code", 0, 1)]
    return [*relation_terms(shape, real[0].list_size), *opening_terms(geometry, shape, real)]


def challenge(name: str, count: float, rounds: int = 1) -> Iterator[Term]:
    """A round with the error count / |K|; a part that the program does not have is no term."""
    if count > 0 and rounds > 0:
        yield Term(name, max(error_units(count), 0), rounds)


def relation_terms(shape: Shape, size: float) -> Iterator[Term]:
    """The rounds before the column fold, each for every one of `size` candidates."""
    for i, cells in enumerate(shape.slab_cells):
        yield from challenge(f"binding {i}", size * size * 0.5 * float(cells))
    yield from challenge("lookup", size * 2.0 * float(shape.lookup_entries))
    tree = shape.depth * (shape.depth + 3) // 2 if shape.lookup_entries else 0
    yield from challenge("tree", size * 4.0, tree)
    yield from challenge("point", size * float(shape.arity + shape.zeros))
    yield from challenge("einsum", size * 3.0, shape.einsum_rounds)
    yield from challenge("triples", size * float(shape.product_rounds))
    yield from challenge("products", size * 3.0, shape.product_rounds)
    yield from challenge("collapse", size * (float(shape.claims) + 1.0))


def opening_terms(geometry: Geometry, shape: Shape, real: list[Code]) -> Iterator[Term]:
    """The column fold, the mask and the levels."""
    sizes = codes(geometry)
    first = real[0]
    yield from challenge("columns", first.exceptional + 2.0 * first.list_size, shape.k0)
    yield from challenge("mask", first.exceptional + first.list_size)
    for j, level in enumerate(geometry.levels, start=1):
        here, before = real[j], real[j - 1]
        rows, _, queries = sizes[j - 1]
        yield from challenge(f"ood {j}", here.list_size * here.list_size * 0.5 * float(rows - 1))
        yield positions(j - 1, before, queries, geometry.grind)
        yield from challenge(f"batch {j}", here.list_size * (float(queries) + 1.0))
        yield from challenge(f"fold {j}", here.exceptional + 2.0 * here.list_size, level.fold)
    yield positions(len(geometry.levels), real[-1], sizes[-1][2], geometry.grind)


def positions(j: int, drawn: Code, queries: int, grind: int) -> Term:
    """The draw of positions in code j: 2^-grind a^t."""
    return Term(f"queries {j}", max(grind * UNITS + queries * drawn.query_units, 0), 1)


def minimum(terms: list[Term]) -> Term:
    """The term that binds: the first of the weakest."""
    return min(terms, key=lambda term: term.units)


def reaches(terms: list[Term], target: int) -> bool:
    """Whether every round has at least `target` bits."""
    return minimum(terms).units >= target * UNITS


def blinding(n: int, t: int, k0: int) -> int:
    """T, the blinding rows of a private slab: n (t + 3 (k0 + 1))."""
    return n * (t + 3 * (k0 + 1))


def hiding_units(n: int, k0: int) -> int:
    """-log2 of hide(n, k0), rounded down: how seldom challenges are unlucky for a slab's blinding over its n proofs."""
    drawn = float(max(n, 1)) * (float(k0) + 1.0)
    count = drawn * 2.0**64 + 3.0 * drawn * drawn + drawn * 4.0**k0
    return max(error_units(count), 0)


def hide(n: int, k0: int) -> Fraction:
    """hide(n, k0) = n q / p^2 + (3 (n q)^2 + n q 4^k0) / |K| with q = k0 + 1, exactly (security.md, section 5)."""
    drawn = n * (k0 + 1)
    return Fraction(drawn, P**2) + Fraction(3 * drawn**2 + drawn * 4**k0, P_CUBED)


# Exact arithmetic: what the theorem gives, for comparison.


def sqrt_bounds(x: Fraction, bits: int = 120) -> tuple[Fraction, Fraction]:
    """Rational numbers around the square root of x, 2^-bits of it apart."""
    scale = 1 << bits
    low = isqrt(x.numerator * x.denominator * scale * scale)
    return Fraction(low, x.denominator * scale), Fraction(low + 1, x.denominator * scale)


def at_least(value: Fraction, units: int) -> bool:
    """Whether log2 value >= units / 2^20, exactly: value^(2^20) >= 2^units by interval squaring from below."""
    shift = value.numerator.bit_length() - value.denominator.bit_length() - 1
    width = 160
    mantissa = (
        (value.numerator << width) // (value.denominator << shift)
        if shift >= 0
        else ((value.numerator << (width - shift)) // value.denominator)
    )
    total = shift
    for _ in range(20):  # mantissa in [1, 4) of 2^width, rounded down at every step
        mantissa = mantissa * mantissa >> width
        total *= 2
        while mantissa >= 2 << width:
            mantissa >>= 1
            total += 1
    return total >= units


def exact_excess(rows: int, log_domain: int, found: Code) -> tuple[bool, bool, bool]:
    """Whether (fold error, list size, bits a position) of `found` claim no more than exact arithmetic proves."""
    n, m = 1 << log_domain, found.multiplicity
    rho = Fraction(rows - 1, n)
    s_low, s_high = sqrt_bounds(rho)
    h = Fraction(2 * m + 1, 2)
    d = 1 - s_low * (1 + Fraction(1, m))
    most = (2 * h**5 + 3 * h * d * rho) / (3 * rho * s_low) * n + h / s_low
    agreement = s_high * (1 + Fraction(1, m))
    # Johnson's bound as it is proven in security.md, before it is simplified to h / (2 s).
    listed = (agreement - rho) / (agreement * agreement - rho)
    fold = at_least(P_CUBED / most, error_units(found.exceptional))
    positions_ok = at_least(1 / agreement, found.query_units)
    return fold, Fraction(found.list_size) * (1 + Fraction(1, 2**40)) >= listed, positions_ok
