"""A dataset proof that would have no witness is refused before it is tried: in words, and without a count."""

from __future__ import annotations

import numpy as np
import pytest

from tacit import data
from tacit.errors import InputError

CLASSES = data.Schema.array((2,), 0, 4, 3)
FLAG = data.Schema(
    columns=(data.Column.number("age", 0, 8),), label=data.Label.flag("ill", ("no", "yes")), id="patient"
)


def table(schema: data.Schema) -> data.Records:
    if schema is FLAG:
        return schema.encode({"age": [1, 2, 3, 4], "ill": ["yes", "no", "no", "no"], "patient": [1, 5, 7, 128]})
    return schema.encode((np.ones((4, 2)), ["0", "1", "1", "2"]), ids=[1, 5, 7, 128])


@pytest.mark.parametrize("schema", [CLASSES, FLAG], ids=["classes", "flag"])
@pytest.mark.parametrize("wanted", [(5, 200), (1, 127), (129, 200)])
def test_ids_beyond_the_range(schema: data.Schema, wanted: tuple[int, int]) -> None:
    program = data.compile(schema, 4, proofs=2)
    secret = data.commit_dataset(program, schema, table(schema)).secret
    opened = data.Dataset.opened(program, schema, secret, wanted)
    with pytest.raises(InputError, match=f"record ids 1 to 128 are not all in {wanted[0]} to {wanted[1]}") as error:
        data.prove_dataset(program, opened)
    assert error.value.slug == "ids"
    assert (secret.remaining, secret.remaining_refusals) == (2, 2)
    right = data.Dataset.opened(program, schema, secret, (1, 128))
    assert data.verify_dataset(program, schema, data.prove_dataset(program, right), secret.commitment).id_range == (
        1,
        128,
    )


@pytest.mark.parametrize(
    ("schema", "name", "bounds", "count"),
    [(CLASSES, "1", (3, 4), 2), (CLASSES, "2", (0, 0), 1), (FLAG, "yes", (2, 4), 1), (FLAG, "no", (0, 2), 3)],
)
def test_counts_beyond_the_bounds(schema: data.Schema, name: str, bounds: tuple[int, int], count: int) -> None:
    program = data.compile(schema, 4, histogram={name: bounds}, proofs=2)
    made = data.commit_dataset(program, schema, table(schema))
    with pytest.raises(InputError, match=f"{name} has {count} records, expected") as error:
        data.prove_dataset(program, made)
    assert error.value.slug == "histogram"
    assert (made.secret.remaining, made.secret.remaining_refusals) == (2, 2)


def test_counts_within_the_bounds_and_a_child() -> None:
    program = data.compile(FLAG, 4, histogram={"yes": (1, 1)}, proofs=2)
    child = data.commit_dataset(program, FLAG, table(FLAG), children=1).child(2)
    data.verify_dataset(program, FLAG, data.prove_dataset(program, child), child.commitment)
