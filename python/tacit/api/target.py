"""The proven security that may be insisted on."""

from __future__ import annotations

from typing import Any

import numpy as np

from tacit.errors import InputError

#: Bits of proven security that may be insisted on (docs/protocol/protocol.md, section 6).
LEAST_TARGET, MOST_TARGET = 1, 160


def check_target(security: Any) -> None:
    """Raises InputError unless it is a number of bits to insist on: none at all would accept what is merely well formed."""
    if isinstance(security, bool) or not isinstance(security, (int, np.integer)):
        raise InputError(
            f"expected a whole number, got {type(security).__name__}",
            slug="type",
            place="security",
            remedy="for example 128",
        )
    if not LEAST_TARGET <= security <= MOST_TARGET:
        raise InputError(
            f"expected {LEAST_TARGET} to {MOST_TARGET} bits, got {security}", slug="security", place="security"
        )
