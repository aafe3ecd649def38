"""Batches that a public index picks from a committed data set, through the whole package: committed once, proven, verified."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import tacit
from tacit import _native
from tacit import program as pg
from tacit.errors import InputError, InvalidProof
from tacit.program.builder import Builder, Settings
from tacit.program.intervals import validate

ROWS, FIELDS, STEPS, BATCH = 12, 3, 2, 4
SECURITY = 100


def relations() -> pg.Program:
    """y[t, b] = the sum of the record x[q[t, b]] plus four times its first number."""
    b = Builder("batches", Settings())
    b.slabs.append(pg.SlabDecl("data", True))
    x = b.tensor("x", (ROWS, FIELDS), pg.Slab(0), (-100, 100))
    q = b.tensor("q", (STEPS, BATCH), pg.Public(), (0, 99))
    ones = b.constant("weights", np.array([5, 1, 1]))
    labels = ((0, 1, 2), (2,), (0, 1))
    raw = b.einsum("sums", (STEPS, BATCH, FIELDS), labels, b.gathered(x, q).expr, ones.expr)
    y = b.tensor("y", raw.shape, pg.Public(), b.interval(raw))
    b.hints.append(pg.LinearHint(y, raw.expr))
    b.zero("y", raw.shape, (1, raw.expr), (-1, b.whole(y).expr))
    b.inputs += [pg.Port("x", x, 0), pg.Port("q", q, 0)]
    b.outputs.append(pg.Port("y", y, 0))
    program = b.build()
    validate(program)
    return program


def made(program: pg.Program) -> tacit.Program:
    encoded = program.encode()
    return tacit.Program(_native.Program(encoded, _native.derive([encoded], 2, SECURITY, "time"), 2, "{}"))


@pytest.fixture(scope="module")
def program() -> tacit.Program:
    return made(relations())


@pytest.fixture(scope="module")
def records() -> np.ndarray:
    return np.random.default_rng(4).integers(-100, 101, (ROWS, FIELDS))


@pytest.fixture(scope="module")
def data(program: tacit.Program, records: np.ndarray) -> tacit.Secret:
    return tacit.commit_data(program, {"x": records})


ORDERS = {
    "a permutation": [[11, 0, 5, 3], [2, 1, 9, 10]],
    "repeated": [[4, 4, 4, 4], [4, 4, 0, 4]],
    "beyond the records": [[12, 99, 0, 11], [12, 12, 12, 12]],
}


def answers(records: np.ndarray, order: list[list[int]]) -> np.ndarray:
    picked = np.vstack([records, np.zeros((100, FIELDS), dtype=np.int64)])[np.array(order)]
    return picked.sum(-1) + 4 * picked[..., 0]


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_a_batch_is_what_the_index_says(
    program: tacit.Program, data: tacit.Secret, records: np.ndarray, order: list[list[int]]
) -> None:
    if not data.remaining:
        data = tacit.commit_data(program, {"x": records})
    proof = tacit.prove(program, inputs={"q": np.array(order)}, data=data, context=b"round 1")
    statement = tacit.verify(program, proof, data=data.commitment, context=b"round 1", security=SECURITY)
    np.testing.assert_array_equal(statement.inputs["q"], order)
    np.testing.assert_array_equal(statement.outputs["y"], answers(records, order))
    # The same argument about another order, with the answers as they are or as they would be.
    digest, named, publics, size = _native.proof_from_file(proof.data)
    assert publics == [np.ravel(order).tolist(), answers(records, order).ravel().tolist()]
    argument, other = proof.data[-32 - size : -32], [order[1], order[0]]
    for y in (order, other):
        changed = [np.ravel(other).tolist(), answers(records, y).ravel().tolist()]
        forged = _native.proof_to_file(digest, named, changed, argument)
        with pytest.raises(InvalidProof):
            tacit.verify(program, forged, data=data.commitment, context=b"round 1", security=SECURITY)


@pytest.mark.parametrize(
    ("order", "slug"),
    [
        ([[100, 0, 0, 0], [0, 0, 0, 0]], "range"),
        ([[-1, 0, 0, 0], [0, 0, 0, 0]], "range"),
        ([[2**53, 0, 0, 0], [0, 0, 0, 0]], "range"),
        ([[0, 0, 0, 0]], "shape"),
        ([[0, 0], [0, 0], [0, 0], [0, 0]], "shape"),
    ],
)
def test_an_index_that_does_not_fit(program: tacit.Program, data: tacit.Secret, order: Any, slug: str) -> None:
    before = data.remaining
    with pytest.raises(InputError) as caught:
        tacit.prove(program, inputs={"q": np.array(order)}, data=data)
    assert (caught.value.slug, caught.value.place) == (slug, "q")
    assert data.remaining == before


@pytest.mark.parametrize(
    "changes", [{"place": pg.Slab(0)}, {"place": pg.Witness()}, {"shape": (BATCH, STEPS)}], ids=str
)
def test_a_program_with_another_index_is_refused(changes: dict[str, Any]) -> None:
    program = relations()
    tensors = tuple(replace(t, **changes) if t.name == "q" else t for t in program.tensors)
    encoded = replace(program, tensors=tensors).encode()
    geometry = _native.derive([relations().encode()], 2, SECURITY, "time")
    for call in (
        lambda: _native.derive([encoded], 2, SECURITY, "time"),
        lambda: _native.Program(encoded, geometry, 2, "{}"),
    ):
        with pytest.raises(_native.Failure) as caught:
            call()
        assert caught.value.args[1] == "program"
        assert "an index" in " ".join(map(str, caught.value.args))
