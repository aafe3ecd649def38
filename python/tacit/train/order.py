"""Which records a step takes: a permutation an epoch, which a seed decides and everybody can draw.

    order_e = argsort, ties by index, of the first N elements of words(H(seed || be64(e)))      e = 0, 1, ..

(words and H: docs/protocol/protocol.md, section 1.) Step t takes the next B of it; an epoch's last, incomplete batch is dropped.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tacit._native import words
from tacit.errors import InputError
from tacit.hashing import digest

Ints = npt.NDArray[np.int64]


def epoch_order(seed: bytes, epoch: int, records: int) -> Ints:
    """The records 0 .. records-1 in the order of one epoch."""
    drawn = words(digest(seed, epoch.to_bytes(8, "big")), records)
    return np.argsort(drawn, kind="stable").astype(np.int64)


def batches(seed: bytes, records: int, batch: int, steps: int) -> Ints:
    """(T, B): the records of every step. Raises InputError (slug seed) unless the seed is 32 bytes."""
    if not isinstance(seed, bytes | bytearray) or len(seed) != 32:
        raise InputError("expected a seed of 32 bytes", slug="seed", place="seed", remedy="take it from the round")
    each = records // batch
    epochs = -(-steps // each)
    rows = [epoch_order(bytes(seed), e, records)[: each * batch].reshape(each, batch) for e in range(epochs)]
    return np.concatenate(rows)[:steps]
