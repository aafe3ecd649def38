"""The generator knows every operator that the importers know, and a seed gives the same case always."""

from __future__ import annotations

from collections import Counter

import pytest
from graph_case import Case
from graph_makers import MAKERS
from graph_random import NOT_MADE, grown, random_case
from graph_structures import STRUCTURES

from tacit.importers.onnx import ops as _ops  # noqa: F401 - fills the registries
from tacit.importers.onnx.registry import IMPORTERS

STANDARD = {name for domain, name in IMPORTERS if domain == ""}


def test_every_operator_has_a_maker() -> None:
    """An importer that is new needs a maker, or an entry of NOT_MADE that says why it has none."""
    assert STANDARD - set(MAKERS) - set(NOT_MADE) == set()
    assert set(MAKERS) <= STANDARD
    assert not set(NOT_MADE) & set(MAKERS)


def test_every_maker_makes_its_operator() -> None:
    """In cases that are compiled: after what no output needs is gone."""
    made: Counter[str] = Counter()
    for seed in range(900):
        made.update(set(random_case(seed).operators()))
        if seed > 300 and set(MAKERS) <= set(made):
            break
    assert [name for name in MAKERS if made[name] == 0] == []


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_comes_about(name: str) -> None:
    """A structure that never fits would test nothing."""
    assert any(STRUCTURES[name](grown(seed), "") for seed in range(40))


@pytest.mark.parametrize("seed", [3, 77, 1234567])
def test_a_seed_is_a_case(seed: int) -> None:
    case = random_case(seed)
    assert case.to_json() == random_case(seed).to_json()
    again = Case.from_json(case.to_json())
    assert again.to_json() == case.to_json()
    assert again.model().SerializeToString() == case.model().SerializeToString()
    for name, values in case.draw(4, 0).items():
        assert (values == again.draw(4, 0)[name]).all()
        assert values.shape == (4, *case.inputs[name].shape)
