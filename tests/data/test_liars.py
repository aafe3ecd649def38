"""Provers that skip `execute`: data that is none is committed and proven all the same, and every verifier refuses.

The toy prover commits to whatever it is given, lets the hints write what they write, and goes on; the second verifier
answers `final_claim`, and the audit says that nothing but the lookups' or the relations' claim is false.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from small_schemas import ARRAYS, FLAG, REAL, SMALL, WIDE, small_records
from toy import cases, programs
from toy.audit import audit

from tacit.data import Records, Schema, program
from tacit.reference import Refused
from tacit.reference.program import Program, decode_program

#: Bits of a digit: small tables, for a prover in plain Python.
LIMB = 6


def toy(schema: Schema, records: Records, histogram: Any, ids: tuple[int, int]) -> tuple[Program, dict[str, list[int]]]:
    made = decode_program(program(schema, records.count, histogram=histogram, limb=LIMB).encode())
    given = {name: values.reshape(-1).tolist() for name, values in records.items()}
    return made, {**given, "id_lo": [ids[0]], "id_hi": [ids[1]]}


def proven(
    schema: Schema, records: Records, histogram: Any = None, ids: tuple[int, int] | None = None, spoil: Any = None
) -> cases.Case:
    made, given = toy(schema, records, histogram, ids or records.id_range)
    return cases.prove_case(made, programs.TWO_LEVELS, given, max_fold=6, spoil=spoil)


def false_claims(case: cases.Case) -> list[str]:
    cells: dict[int | None, list[int]] = {i: case.slabs[s.name].cells for i, s in enumerate(case.program.slabs)}
    assert case.proof.witness is not None
    return audit(case.proof.claims, case.program, {**cells, None: case.proof.witness.cells})


def refused(case: cases.Case, *relations: str) -> None:
    """What is false is just these relations; the verifier refuses."""
    assert case.run.check() == list(relations)
    assert false_claims(case)
    with pytest.raises(Refused) as caught:
        case.verify()
    assert caught.value.slug == "final_claim"


def changed(make: Any, **changes: Any) -> Records:
    records = Records({name: values.copy() for name, values in make.items()})
    for name, cells in changes.items():
        for at, value in cells.items():
            records[name][at] = value
    return records


REALS = REAL.encode((np.array([[1.0, 0.5], [2.0, -0.5], [3.0, 0.0]]), np.array([[0.5, 1.0], [1.0, -3.0], [0.0, 3.0]])))
REGIONS = WIDE.encode({"region": ["r3", "r0", "r19"], "ill": [0, 1, 0]})
IMAGES = ARRAYS.encode((np.full((2, 2, 3), 35.0), [0, 1]))
FLAGS = FLAG.encode((np.array([[1.0], [2.0], [3.0]]), [0, 1, 1]))


@pytest.mark.parametrize(
    ("schema", "records", "histogram"),
    [
        (SMALL, small_records(), None),
        (SMALL, small_records(), "public"),
        (SMALL, small_records(), {"ill": (1, 2)}),
        (REAL, REALS, None),
        (WIDE, REGIONS, None),
        (ARRAYS, IMAGES, None),
        (FLAG, FLAGS, "public"),
        (FLAG, FLAGS, {"yes": (2, 3)}),
    ],
)
def test_an_honest_dataset_is_accepted(schema: Schema, records: Records, histogram: Any) -> None:
    case = proven(schema, records, histogram)
    assert case.run.check() == []
    assert false_claims(case) == []
    case.verify()


LIES: list[tuple[Schema, Records, dict[str, Any], tuple[str, ...]]] = [
    (SMALL, small_records(), {"x": {(2, 1): 13}}, ("lookup range number 0..1 most",)),
    (SMALL, small_records(), {"x": {(1, 2): 2}}, ("lookup bits flag 2",)),
    (SMALL, small_records(), {"x": {(1, 2): 8}}, ("lookup bits flag 2", "lookup rule 1")),
    (SMALL, small_records(), {"x": {(1, 3): 4}}, ("zero one ward",)),
    (SMALL, small_records(), {"x": {(1, 5): 0}}, ("zero one ward",)),
    (SMALL, small_records(), {"x": {(1, 3): 2, (1, 5): 2}}, ("lookup bits category 3..5",)),
    (SMALL, small_records(), {"x": {(1, 6): 8}}, ("lookup code grade",)),
    (SMALL, small_records(), {"x": {(1, 6): 5}}, ("lookup code grade",)),
    (SMALL, small_records(), {"x": {(1, 0): 4, (1, 1): 4}}, ("lookup rule 0",)),
    (SMALL, small_records(), {"y": {(0, 1): 1}}, ("zero one label",)),
    (SMALL, small_records(), {"y": {(0, 0): 0}}, ("zero one label",)),
    (SMALL, small_records(), {"id": {2: 10}}, ("zero id steps",)),
    (SMALL, small_records(), {"id": {2: 9}}, ("zero id steps",)),
    (WIDE, REGIONS, {"x": {(0, 5): 4}}, ("zero one region",)),
    (WIDE, REGIONS, {"x": {(0, 3): 0}}, ("zero one region",)),
    (ARRAYS, IMAGES, {"x": {(1, 0, 2): -1}}, ("lookup range x",)),
    (REAL, REALS, {"x": {(0, 1): 5}}, ("lookup range number 0..1 most",)),
    (REAL, REALS, {"x": {(0, 0): -1}}, ("lookup range number 0..1 least",)),
    (REAL, REALS, {"y": {(0, 0): -1}}, ("lookup range label least",)),
    (REAL, REALS, {"y": {(0, 0): 5}}, ("lookup range label most",)),
]


@pytest.mark.parametrize(("schema", "records", "changes", "relations"), LIES, ids=[str(c) for _, _, c, _ in LIES])
def test_data_that_is_none_is_refused(
    schema: Schema, records: Records, changes: Any, relations: tuple[str, ...]
) -> None:
    refused(proven(schema, changed(records, **changes)), *relations)


def test_a_range_of_ids_that_is_not_theirs_is_refused() -> None:
    refused(proven(SMALL, small_records(), ids=(4, 24)), "zero id at id_lo")
    refused(proven(SMALL, small_records(), ids=(3, 23)), "zero id at id_hi")


def _tensor(made: Program, name: str) -> int:
    return next(i for i, tensor in enumerate(made.tensors) if tensor.name == name)


def test_digits_of_a_step_that_is_none_are_refused() -> None:
    """A repeated id's step is -1: with digits of 2^60 - 1, of 0, or of p - 1 as far as they go, some relation is false."""
    records = changed(small_records(), id={2: 10})
    made, _ = toy(SMALL, records, None, (3, 24))
    names = [f"id steps.{i}" for i in range(8)]
    for value in (2**48 - 1, 0, 2**64 - 2**32):

        def spoil(run: Any, value: int = value) -> None:
            for i, name in enumerate(names):
                top = i == len(names) - 1
                run.values[_tensor(made, name)][1] = value >> (6 * i) & (-1 if top else 63)

        case = proven(SMALL, records, spoil=spoil)
        assert case.run.check()
        with pytest.raises(Refused) as caught:
            case.verify()
        assert caught.value.slug == "final_claim"


def test_counts_out_of_their_bounds_are_refused() -> None:
    everybody = {"y": {(i, c): c for i in range(4) for c in range(2)}}
    case = proven(SMALL, changed(small_records(), **everybody), {"ill": (1, 3)})
    refused(case, "lookup histogram at most")
    case = proven(FLAG, changed(FLAGS, y={(0, 0): 1}), {"no": (1, 3)})
    refused(case, "lookup histogram at least")


def test_a_histogram_that_is_another_is_refused() -> None:
    made, _ = toy(SMALL, small_records(), "public", (3, 24))

    def spoil(run: Any) -> None:
        run.values[_tensor(made, "histogram")] = [3, 1]

    refused(proven(SMALL, small_records(), "public", spoil=spoil), "zero histogram")


def test_labels_beyond_bits_are_refused_by_the_validity_proof() -> None:
    """A label of 2 beside one of -1 sums to one; what excludes it is the slab's own validity program."""
    records = changed(small_records(), y={(0, 0): 2, (0, 1): -1})
    case = proven(SMALL, records)
    assert case.run.check() == []  # the dataset program alone would take it
    validity = cases.validity_case(case, 0)
    assert validity.run.check() == ["lookup y"]
    with pytest.raises(Refused) as caught:
        validity.verify()
    assert caught.value.slug == "final_claim"
