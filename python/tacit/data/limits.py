"""How many records, and which ids; whole numbers as callers give them."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from tacit.errors import InputError

#: Record ids lie in [0, 2^48).
ID_BITS = 48
MOST_ID = (1 << ID_BITS) - 1
#: Records of one commitment.
MOST_RECORDS = 1 << 24

#: Fractional bits of a scale: least and most.
FRACS = (-16, 24)


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number of Python's or NumPy's, and no truth value."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, (bool, np.bool_))


def check_records(records: Any) -> int:
    """How many records a commitment holds. Raises InputError (slug records)."""
    if not is_whole(records) or not 1 <= records <= MOST_RECORDS:
        raise InputError(
            f"expected 1 to {MOST_RECORDS} records, got {str(records)[:40]}",
            slug="records",
            place="records",
            remedy="give the number of records of one commitment; large tables are cut into shards",
        )
    return int(records)


def check_range(pair: Any) -> tuple[int, int]:
    """A range of ids, (least, greatest). Raises InputError (slug ids)."""
    good = isinstance(pair, (tuple, list)) and len(pair) == 2 and all(map(is_whole, pair))
    if not good or not 0 <= pair[0] <= pair[1] <= MOST_ID:
        raise InputError(
            f"expected a least and a greatest id in [0, {MOST_ID}], got {str(pair)[:60]}",
            slug="ids",
            place="id_range",
            remedy="give two whole numbers, the lesser one first",
        )
    return int(pair[0]), int(pair[1])
