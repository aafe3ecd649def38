"""Fixtures: a small trained network, compiled in every way that the calls know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from trained_networks import Case, compiled, train


@pytest.fixture(scope="session")
def case() -> Callable[..., Case]:
    """`case(weights="public", ..)`: the network compiled with these options; `seed`: another network."""

    def make(seed: int = 0, **options: Any) -> Case:
        program, weights = compiled(seed, tuple(sorted(options.items())))
        return Case(program, weights, train(seed))

    return make
