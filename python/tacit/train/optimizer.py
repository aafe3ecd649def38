"""Stochastic gradient descent as integers take it: the rate over the batch is c * 2^-k, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import frexp, isfinite
from numbers import Integral, Real
from typing import Any

from tacit.errors import InputError

#: c is below this; a rate is met within this share of it.
MOST_FACTOR, NEAR = 1 << 8, 1 / 32
#: A momentum at most: beyond, no c * 2^-k with c < 2^16 is near enough.
MOST_MOMENTUM = 1 - 2.0**-11
#: k is at most this: scales of weights are inputs' and errors' with k more bits.
MOST_POWER = 24


@dataclass(frozen=True)
class SGD:
    """W[t+1] = W[t] - rate * (mean gradient of the batch + decay * W[t]), or with momentum
    M[t+1] = momentum * M[t] + mean gradient + decay * W[t], W[t+1] = W[t] - rate * M[t+1], M[0] = 0.

    `rate`: one for all steps, or ((steps, rate), ..) one after the other, whose steps sum to `steps`. `batch`: records a step;
    None: every step takes all. `steps`: T, those of one proof. `order`: "permutation": minibatches by a public permutation
    from a seed; "committed": record b of step t is number t * batch + b.
    A rate is rounded to c * 2^-k with c < 256, within a thirty-second: `Deployment.report` shows what became of it.
    """

    rate: float | tuple[tuple[int, float], ...]
    batch: int | None
    steps: int
    momentum: float = 0.0
    decay: float = 0.0
    order: str = "permutation"

    def __post_init__(self) -> None:
        """Raises InputError: slugs type, rate, batch, steps, momentum, decay, order."""
        _whole("steps", self.steps, 1 << 12)
        if self.batch is not None:
            _whole("batch", self.batch, 1 << 16)
        for name in ("momentum", "decay"):
            value = getattr(self, name)
            if not isinstance(value, Real) or not 0 <= float(value) < 1:
                raise InputError(f"expected a number from 0 to below 1, got {value!r}", slug="rate", place=name)
        if self.momentum > MOST_MOMENTUM:
            raise InputError(f"expected at most {MOST_MOMENTUM}, got {self.momentum}", slug="rate", place="momentum")
        if self.order not in ("permutation", "committed"):
            raise InputError(f"expected permutation or committed, got {self.order!r}", slug="order", place="order")
        schedule = self.schedule()
        if sum(steps for steps, _ in schedule) != self.steps:
            raise InputError(
                f"expected rates for {self.steps} steps, got them for {sum(steps for steps, _ in schedule)}",
                slug="rate",
                place="rate",
                remedy="the steps of the schedule sum to the option steps",
            )

    def schedule(self) -> tuple[tuple[int, float], ...]:
        """(steps, rate), one after the other. Raises InputError."""
        given: Any = ((self.steps, self.rate),) if isinstance(self.rate, Real) else self.rate
        if not isinstance(given, Sequence) or isinstance(given, str) or not given:
            raise InputError(f"expected a rate or a schedule of rates, got {given!r}", slug="rate", place="rate")
        found = []
        for item in given:
            if not isinstance(item, Sequence) or len(item) != 2 or not isinstance(item[1], Real):
                raise InputError(f"expected (steps, rate), got {item!r}", slug="rate", place="rate")
            _whole("steps", item[0], 1 << 12)
            rate = float(item[1])
            if not isfinite(rate) or not 0 < rate <= 64:
                raise InputError(f"expected a rate above 0 and up to 64, got {item[1]!r}", slug="rate", place="rate")
            found.append((int(item[0]), rate))
        return tuple(found)


def _whole(name: str, value: Any, most: int) -> None:
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise InputError(f"expected a whole number, got {type(value).__name__}", slug="type", place=name)
    if not 1 <= int(value) <= most:
        raise InputError(f"expected 1 to {most}, got {value}", slug=name, place=name)


@dataclass(frozen=True)
class Factor:
    """c * 2^-power."""

    c: int
    power: int

    @property
    def real(self) -> float:
        return self.c * 2.0**-self.power


def dyadic(value: float, near: float = NEAR, most: int = MOST_FACTOR) -> Factor:
    """The c * 2^-k next to a positive number with the least c that is within `near` of it: c is odd, or k is 0."""
    mantissa, exponent = frexp(value)  # value = mantissa * 2^exponent, mantissa in [1/2, 1)
    best = Factor(1, 1 - exponent)
    for bits in range(1, most.bit_length()):
        c = max(1, round(mantissa * (1 << bits)))
        best = Factor(c, bits - exponent)
        if c < most and abs(best.real - value) <= near * value:
            break
    c, power = best.c, best.power
    while c % 2 == 0 and power > 0:
        c, power = c // 2, power - 1
    return Factor(c << -power, 0) if power < 0 else Factor(c, power)


def factors(values: Sequence[float]) -> tuple[list[int], int]:
    """Numbers as c_i * 2^-k with one k: scales do not change within a proof. Raises InputError (slug rate)."""
    found = [dyadic(value) for value in values]
    power = max(factor.power for factor in found)
    cs = [factor.c << (power - factor.power) for factor in found]
    if power > MOST_POWER or max(cs) >= 1 << 16:
        raise InputError(
            f"expected rates over the batch from 2^-{MOST_POWER} up and within a factor of 2^8, got "
            + ", ".join(f"{value:.3g}" for value in values),
            slug="rate",
            place="rate",
        )
    return cs, power
