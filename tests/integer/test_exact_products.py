"""Products of integers are exact, whatever their size: against Python's own integers."""

from __future__ import annotations

import numpy as np
import pytest

from tacit.integer.operators.linear import einsum

SPECS = {
    "tbi,tio->tbo": ((2, 3, 5), (2, 5, 4)),
    "ab,ab->ab": ((3, 4), (3, 4)),
    "ab,b->a": ((3, 7), (7,)),
    "bcij,kcij->bk": ((2, 3, 2, 2), (4, 3, 2, 2)),
    "a,b->ba": ((3,), (4,)),
    "tab,tcb->cta": ((2, 3, 4), (2, 5, 4)),
    "ab,ab->": ((3, 4), (3, 4)),
}


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("bits", [(8, 8), (13, 32), (32, 13), (24, 26), (20, 38), (30, 30)])
def test_einsum_is_exact(spec: str, bits: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    a, b = (
        rng.integers(-(1 << n - 1), 1 << n - 1, shape, dtype=np.int64)
        for n, shape in zip(bits, SPECS[spec], strict=True)
    )
    a.flat[0], b.flat[0] = -(1 << bits[0] - 1), -(1 << bits[1] - 1)
    exact = np.einsum(spec, a.astype(object), b.astype(object))
    assert np.array_equal(einsum(spec, a, b), exact)
