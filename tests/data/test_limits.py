"""What a dataset proof does not say, shown: it is accepted, and it should be."""

from __future__ import annotations

import numpy as np
from small_schemas import SMALL, small_table

from tacit import data


def test_flipped_labels_are_accepted() -> None:
    """A flipped label is a label: the issuer's word and bounds on the histogram stand against it, no relation does."""
    table = small_table()
    flipped = {**table, "outcome": np.where(table["outcome"] == "well", "ill", "well")}
    program = data.compile(SMALL, 4, histogram={"ill": (1, 3)}, proofs=2)
    dataset = data.commit_dataset(program, SMALL, flipped)
    found = data.verify_dataset(program, SMALL, data.prove_dataset(program, dataset), dataset.commitment)
    assert "not said: that they are true" in found.says[-1]


def test_one_person_under_two_ids_is_accepted() -> None:
    table = small_table()
    twice = {name: np.concatenate([values[:2], values[:2]]) for name, values in table.items()}
    twice["patient"] = np.array([1, 2, 3, 4])
    program = data.compile(SMALL, 4, proofs=2)
    dataset = data.commit_dataset(program, SMALL, twice)
    assert data.verify_dataset(program, SMALL, data.prove_dataset(program, dataset), dataset.commitment).records == 4
