"""Ed25519's curve, -x^2 + y^2 = 1 + d x^2 y^2 over p = 2^255 - 19, as far as it takes to know a sound key (RFC 8032, 5.1).

A key is sound when its 32 bytes are the canonical encoding of a point of the prime order L. Libraries take more: for a key of
small order there are signatures of every text, and with a part of small order verifiers differ on what is signed.
"""

from __future__ import annotations

from functools import lru_cache

P = 2**255 - 19
#: The order of the base point.
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P

#: (X, Y, Z, T) with x = X / Z, y = Y / Z, x y = T / Z.
Point = tuple[int, int, int, int]
NEUTRAL: Point = (0, 1, 1, 0)


def add(a: Point, b: Point) -> Point:
    """The sum of two points; complete, so also a double (section 5.1.4)."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    lower, less, more, upper = f - e, h - g, h + g, f + e
    return lower * less % P, more * upper % P, less * more % P, lower * upper % P


def times(number: int, point: Point) -> Point:
    """number * point."""
    found = NEUTRAL
    while number:
        if number & 1:
            found = add(found, point)
        point, number = add(point, point), number >> 1
    return found


def is_neutral(point: Point) -> bool:
    """Whether it is (0, 1)."""
    return point[0] % P == 0 and (point[1] - point[2]) % P == 0


def decode(data: bytes) -> Point | None:
    """The point of 32 bytes; None unless they are the canonical encoding of one."""
    if len(data) != 32:
        return None
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    if y >= P:
        return None
    # x^2 = u / v; p = 5 mod 8, so a root is (u v^3) (u v^7)^((p - 5) / 8), or that times 2^((p - 1) / 4).
    u, v = (y * y - 1) % P, (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    if v * x * x % P == -u % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if v * x * x % P != u or (x == 0 and odd):
        return None
    if x & 1 != odd:
        x = P - x
    return x, y, 1, x * y % P


@lru_cache(maxsize=4096)
def is_sound(key: bytes) -> bool:
    """Whether these bytes are the canonical encoding of a point of order L."""
    point = decode(key)
    return point is not None and not is_neutral(point) and is_neutral(times(L, point))
