"""F = Z/p with p = 2^64 - 2^32 + 1, and K = F[u]/(u^3 - u - 1). Docs: protocol.md, section 1.

An element of F is an int in [0, p); one of K is a tuple (c0, c1, c2) = c0 + c1 u + c2 u^2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

P = 2**64 - 2**32 + 1
HALF = (P - 1) // 2  # the largest positive integer; residues above it are negative

K: TypeAlias = tuple[int, int, int]

ZERO: K = (0, 0, 0)
ONE: K = (1, 0, 0)
UNITS: tuple[K, K, K] = (ONE, (0, 1, 0), (0, 0, 1))


def lift(x: int) -> K:
    """The integer x as an element of K."""
    return (x % P, 0, 0)


def signed(x: int) -> int:
    """The integer of smallest absolute value with residue x."""
    return x - P if x > HALF else x


def add(a: K, b: K) -> K:
    return ((a[0] + b[0]) % P, (a[1] + b[1]) % P, (a[2] + b[2]) % P)


def sub(a: K, b: K) -> K:
    return ((a[0] - b[0]) % P, (a[1] - b[1]) % P, (a[2] - b[2]) % P)


def neg(a: K) -> K:
    return (-a[0] % P, -a[1] % P, -a[2] % P)


def scale(a: K, n: int) -> K:
    """a times the integer n."""
    return (a[0] * n % P, a[1] * n % P, a[2] * n % P)


def mul(a: K, b: K) -> K:
    """Schoolbook product; u^3 = u + 1 and u^4 = u^2 + u bring it back to three coefficients."""
    a0, a1, a2 = a
    b0, b1, b2 = b
    c3 = a1 * b2 + a2 * b1
    c4 = a2 * b2
    return (
        (a0 * b0 + c3) % P,
        (a0 * b1 + a1 * b0 + c3 + c4) % P,
        (a0 * b2 + a1 * b1 + a2 * b0 + c4) % P,
    )


def power(a: K, e: int) -> K:
    """a^e for e >= 0."""
    out = ONE
    while e:
        if e & 1:
            out = mul(out, a)
        a = mul(a, a)
        e >>= 1
    return out


def inverse(a: K) -> K:
    """1/a for a != 0 (0 for a = 0): K* has p^3 - 1 elements."""
    return power(a, P**3 - 2)


def inverse_of_two_to(n: int) -> int:
    """2^-n in F."""
    return pow(pow(2, n, P), -1, P)


def bits(n: int) -> int:
    """ceil(log2 n); 0 for n = 1."""
    return (n - 1).bit_length()


def one_minus(a: K) -> K:
    return ((1 - a[0]) % P, -a[1] % P, -a[2] % P)


def eq(a: Sequence[K], b: Sequence[K]) -> K:
    """prod_i (a_i b_i + (1 - a_i)(1 - b_i))."""
    out = ONE
    for x, y in zip(a, b, strict=True):
        both = mul(x, y)
        factor = add(add(both, both), sub(ONE, add(x, y)))
        out = mul(out, factor)
    return out


def eq_table(point: Sequence[K]) -> list[K]:
    """eq(point, i) for every i < 2^len(point); the first coordinate is the highest bit of i."""
    table = [ONE]
    for r in point:
        grown: list[K] = []
        for e in table:
            one = mul(e, r)
            grown.append(sub(e, one))
            grown.append(one)
        table = grown
    return table


def eq_bits(index: int, point: Sequence[K]) -> K:
    """eq(point, index), the first coordinate being the highest bit of index."""
    out = ONE
    for place, r in enumerate(reversed(point)):
        out = mul(out, r if index >> place & 1 else one_minus(r))
    return out


def eq_low_table(rho: Sequence[K]) -> list[K]:
    """eq_low(rho, c) for every c < 2^len(rho); rho_0 belongs to the lowest bit of c."""
    return eq_table(list(reversed(rho)))


def dot(a: Sequence[K], b: Sequence[K]) -> K:
    """sum_i a_i b_i, reduced once at the end."""
    s0 = s1 = s2 = 0
    for (a0, a1, a2), (b0, b1, b2) in zip(a, b, strict=True):
        c3 = a1 * b2 + a2 * b1
        c4 = a2 * b2
        s0 += a0 * b0 + c3
        s1 += a0 * b1 + a1 * b0 + c3 + c4
        s2 += a0 * b2 + a1 * b1 + a2 * b0 + c4
    return (s0 % P, s1 % P, s2 % P)


def dot_integers(a: Sequence[K], b: Sequence[int]) -> K:
    """sum_i a_i b_i with integers b_i."""
    s0 = s1 = s2 = 0
    for (a0, a1, a2), n in zip(a, b, strict=True):
        s0 += a0 * n
        s1 += a1 * n
        s2 += a2 * n
    return (s0 % P, s1 % P, s2 % P)


def total(a: Sequence[K]) -> K:
    return (sum(x[0] for x in a) % P, sum(x[1] for x in a) % P, sum(x[2] for x in a) % P)


def horner(coefficients: Sequence[K], x: K) -> K:
    """sum_i coefficients_i x^i."""
    out = ZERO
    if x[1] == 0 and x[2] == 0:  # a point of F: three products instead of nine
        f = x[0]
        s0 = s1 = s2 = 0
        for c0, c1, c2 in reversed(coefficients):
            s0 = (s0 * f + c0) % P
            s1 = (s1 * f + c1) % P
            s2 = (s2 * f + c2) % P
        return (s0, s1, s2)
    for c in reversed(coefficients):
        out = add(mul(out, x), c)
    return out


def cubic_basis(x: K) -> tuple[K, K, K, K]:
    """The Lagrange basis on 0, 1, 2, 3 at x."""
    x1, x2, x3 = sub(x, ONE), sub(x, lift(2)), sub(x, lift(3))
    half, sixth = pow(2, -1, P), pow(6, -1, P)
    low, high = mul(x, x1), mul(x2, x3)
    return (
        scale(mul(x1, high), -sixth),
        scale(mul(x, high), half),
        scale(mul(low, x3), -half),
        scale(mul(low, x2), sixth),
    )


def quadratic(s0: K, s1: K, s2: K, x: K) -> K:
    """The quadratic through s0, s1, s2 at 0, 1, 2, evaluated at x."""
    x1, x2 = sub(x, ONE), sub(x, lift(2))
    half = pow(2, -1, P)
    out = mul(s0, scale(mul(x1, x2), half))
    out = sub(out, mul(s1, mul(x, x2)))
    return add(out, mul(s2, scale(mul(x, x1), half)))


def root_of_unity(log: int) -> int:
    """w = 7^((p - 1) / 2^log), of order 2^log."""
    return pow(7, (P - 1) >> log, P)


def domain_point(index: int, log: int) -> int:
    """x_index = 7 w^index, a point of the code of length 2^log."""
    return 7 * pow(root_of_unity(log), index, P) % P


def pack_f(values: Sequence[int]) -> bytes:
    """Elements of F (or integers), eight bytes each, big-endian."""
    return b"".join((x % P).to_bytes(8, "big") for x in values)


def pack_k(values: Sequence[K]) -> bytes:
    """Elements of K, 24 bytes each, c0 first."""
    return b"".join(c.to_bytes(8, "big") for x in values for c in x)
