"""What roundings are made of: remainders in digits, lookups of what is left, range checks.

A remainder r in [0, 2^s) by its digits, all range-checked, leaves one multiple of 2^s near x, so a table is looked up at the
rounding of x and nowhere else.
"""

from __future__ import annotations

from tacit import program as pg
from tacit.program.affine import Shape
from tacit.program.builder import Builder, Lazy, digit_widths


def half(shift: int) -> int:
    """2^(shift-1), or 0 when nothing is cut off."""
    return 1 << shift >> 1


def signed(bits: int) -> tuple[int, int]:
    """The interval of `bits` signed bits."""
    return -(1 << (bits - 1)), (1 << (bits - 1)) - 1


def remainder(builder: Builder, name: str, shift: int, shape: Shape) -> tuple[list[int], list[int]]:
    """Witness tensors for the digits of r in [0, 2^shift), range-checked, and their widths."""
    widths = digit_widths(shift, builder.settings.limb)
    ids = [builder.witness(f"{name}.r{i}", shape) for i in range(len(widths))]
    for index, width in zip(ids, widths, strict=True):
        builder.lookup(builder.tensors[index].name, pg.Range(0, 1 << width), builder.whole(index))
    return ids, widths


def fused_lookup(builder: Builder, name: str, x: Lazy, shift: int, kind: pg.TableKind) -> Lazy:
    """The table at round(x / 2^shift)."""
    return looked_up(builder, name, exact_multiple(builder, name, x, shift), shift, kind)


def exact_multiple(builder: Builder, name: str, x: Lazy, shift: int) -> Lazy:
    """x + half - r = 2^shift round(x / 2^shift), once a lookup shifts it: r in [0, 2^shift) leaves no other multiple."""
    ids, widths = remainder(builder, name, shift, x.shape)
    value = builder.sum((1, x), constant=half(shift))
    if not ids:
        return value
    builder.hints.append(pg.DigitsHint(x.shape, value.expr, tuple(zip(ids, widths, strict=True)), None))
    return builder.sum((1, value), (-1, builder.joined([builder.whole(i) for i in ids], widths)))


def looked_up(builder: Builder, name: str, value: Lazy, shift: int, kind: pg.TableKind) -> Lazy:
    """out with (value / 2^shift, out) a row of the table."""
    out = builder.witness(f"{name}.out", value.shape)
    builder.hints.append(pg.LookupHint(out, builder.table(kind), value.expr, shift))
    builder.lookup(name, kind, value, shift, builder.whole(out).expr)
    return builder.whole(out)


def bounded(builder: Builder, name: str, value: Lazy, lo: int, hi: int) -> None:
    """The committed tensor lies in [lo, hi], an interval of a power-of-two width: one lookup or digits."""
    span = hi - lo + 1
    bits = span.bit_length() - 1
    if bits <= max(builder.settings.limb, builder.settings.wide):
        builder.lookup(name, pg.Range(lo, span), value)
        return
    widths = digit_widths(bits, builder.settings.limb)
    moved = builder.sum((1, value), constant=-lo)
    builder.digits(name, moved, widths[:-1], pg.Range(0, 1 << widths[-1]))


def sign_bit(builder: Builder, name: str, value: Lazy, low: list[int], bits: int) -> tuple[Lazy, list[Lazy], list[int]]:
    """b = [value >= 0] for a value in `sum(low) + bits` signed bits; the digits above `low` and their widths.

    value = (digits of `low`) + 2^sum(low) * (limbs of `bits`), the top limb signed.
    """
    limbs = digit_widths(bits, builder.settings.limb)
    lo, hi = signed(limbs[-1])
    bit = builder.witness(f"{name}.sign", value.shape)
    digits = builder.digits(name, value, [*low, *limbs[:-1]], pg.Sign(lo, hi - lo + 1), bit)
    return builder.whole(bit), digits[len(low) :], limbs
