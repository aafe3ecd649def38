"""Encoded records, ordered by their ids, and shards of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tacit.errors import InputError

Ints = npt.NDArray[np.int64]


class Records(dict[str, Ints]):
    """The integers of records by tensor: "x" (N, *features), "y" (N, labels), "id" (N,), ids strictly increasing.

    What `Schema.encode` returns. It holds what is private: keep it where the table is kept.
    """

    @property
    def count(self) -> int:
        """N."""
        return len(self["id"])

    @property
    def id_range(self) -> tuple[int, int]:
        """The least and the greatest id."""
        return int(self["id"][0]), int(self["id"][-1])

    def part(self, first: int, last: int) -> Records:
        """Records first .. last - 1, in the order of their ids."""
        return Records({name: np.ascontiguousarray(values[first:last]) for name, values in self.items()})

    def __repr__(self) -> str:
        return f"<tacit.data.Records of {self.count}>"


def shards(records: Records, size: int, *, rest: str = "refuse") -> list[Records]:
    """Cut encoded records into parts of `size` by ascending ids; each becomes a commitment of its own, with its own id range.

    One program serves shards of one size. `rest`: what becomes of records that do not fill the last shard: "refuse" (an
    error, by default), "keep" (a smaller last shard, with a program of its own) or "drop".
    Raises InputError (slugs type, records).
    """
    if not isinstance(records, Records):
        raise InputError(
            f"expected encoded records, got {type(records).__name__}",
            slug="type",
            place="records",
            remedy="schema.encode(table) makes them",
        )
    if rest not in ("refuse", "keep", "drop"):
        raise InputError(f"expected refuse, keep or drop, got {rest!r}", slug="records", place="rest")
    if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or not 1 <= size <= records.count:
        raise InputError(
            f"expected a size from 1 to the {records.count} records there are, got {size}", slug="records", place="size"
        )
    over = records.count % int(size)
    if over and rest == "refuse":
        raise InputError(
            f"expected a size that divides the {records.count} records, got {size}, which leaves {over}",
            slug="records",
            place="size",
            remedy='choose another size, or say what becomes of the rest: rest="keep" or rest="drop"',
        )
    return list(_parts(records, int(size), keep=rest == "keep"))


def _parts(records: Records, size: int, *, keep: bool) -> Iterator[Records]:
    for first in range(0, records.count, size):
        if first + size <= records.count or keep:
            yield records.part(first, min(first + size, records.count))
