"""Rules of thumb for the prover on two cores, in nanoseconds: what choices between lowerings are made by."""

from __future__ import annotations

#: Fixed; a lookup or a table's row; a committed cell; a weight.
NS_PROOF, NS_PER_LOOKUP, NS_PER_CELL, NS_PER_WEIGHT = 10e6, 40.0, 160.0, 60.0
