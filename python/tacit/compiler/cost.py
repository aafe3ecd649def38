"""What a proof costs in cells, lookups and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tacit.integer.prices import NS_PER_CELL, NS_PER_LOOKUP, NS_PER_WEIGHT, NS_PROOF
from tacit.program import Program, bits, padded, slab_cells, table_len, witness_cells


@dataclass(frozen=True)
class Cost:
    """Sizes that decide a proof's cost. `cells`: padded, by slab; `nanoseconds`: the rule of thumb on two cores."""

    cells: Mapping[str, int]
    lookups: int
    lookup_cells: int
    table_rows: int
    tree_depth: int
    einsum_rounds: int
    nanoseconds: float


def cost(program: Program) -> Cost:
    """The cost estimate of one proof."""
    cells = {slab.name: slab_cells(program, i) for i, slab in enumerate(program.slabs)}
    cells["witness"] = witness_cells(program)
    blocks = [padded(lookup.shape) for lookup in program.lookups]
    rows = [padded((table_len(table.kind),)) for table in program.tables]
    leaves = sum(blocks) + sum(rows)
    rounds = 0
    for einsum in program.einsums:
        shared = [i for i in einsum.a_axes if i in einsum.b_axes]
        rounds = max(rounds, sum(bits(einsum.extents[i]) for i in shared))
    slabs = sum(n for name, n in cells.items() if name != "witness")
    time = NS_PROOF + NS_PER_LOOKUP * leaves + NS_PER_CELL * cells["witness"] + NS_PER_WEIGHT * slabs
    entries = sum(int(np.prod(lookup.shape, dtype=np.int64)) for lookup in program.lookups)
    return Cost(cells, entries, sum(blocks), sum(rows), bits(leaves) if leaves else 0, rounds, time)
