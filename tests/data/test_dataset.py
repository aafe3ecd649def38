"""Committed datasets: what a proof states, and what is refused at the package's own calls."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_schemas import FLAG, REAL, SMALL, small_records, small_table

import tacit
from tacit import _native, data
from tacit.api.native import failures
from tacit.data import Records, Schema
from tacit.errors import AllowanceExceeded, InputError, InvalidProof

COUNT = 4


@pytest.fixture(scope="module")
def program() -> tacit.Program:
    return data.compile(SMALL, COUNT, histogram="public", proofs=4)


@pytest.fixture(scope="module")
def dataset(program: tacit.Program) -> data.Dataset:
    return data.commit_dataset(program, SMALL, small_table(), id_range=(0, 100))


@pytest.fixture(scope="module")
def proof(program: tacit.Program, dataset: data.Dataset) -> tacit.Proof:
    return data.prove_dataset(program, dataset, context=b"round 1")


def test_what_a_proof_states(program: tacit.Program, dataset: data.Dataset, proof: tacit.Proof) -> None:
    commitment = tacit.Commitment.from_bytes(dataset.commitment.to_bytes())
    found = data.verify_dataset(program, SMALL, proof.to_bytes(), commitment, context=b"round 1")
    assert (found.records, found.id_range) == (4, (0, 100))
    assert found.histogram == {"well": 2, "ill": 2}
    assert found.bounds is None
    assert (found.identity, found.master) == (dataset.identity, None)
    assert (found.schema, found.program) == (SMALL.digest, program.digest)
    assert found.security >= 128
    assert any("4 records" in sentence for sentence in found.says)
    assert any("2 well, 2 ill" in sentence for sentence in found.says)
    assert "true" in found.says[-1]


def test_bounds_are_stated_and_counts_are_not() -> None:
    program = data.compile(SMALL, COUNT, histogram={"ill": (1, 3)}, proofs=2)
    dataset = data.commit_dataset(program, SMALL, small_table())
    proof = data.prove_dataset(program, dataset)
    found = data.verify_dataset(program, SMALL, proof, dataset.commitment)
    assert found.histogram is None
    assert found.bounds == {"well": (0, 4), "ill": (1, 3)}
    assert found.id_range == small_records().id_range
    assert any("1 to 3 ill" in sentence for sentence in found.says)


def test_a_programs_file_is_made_by_anybody(program: tacit.Program) -> None:
    again = data.compile(Schema.from_json(SMALL.to_json()), COUNT, histogram="public", proofs=4)
    assert again.digest == program.digest
    assert again == program


def test_a_child_stands_for_its_master(program: tacit.Program) -> None:
    master = data.commit_dataset(program, SMALL, small_records(), children=2)
    child = master.child(2)
    proof = data.prove_dataset(program, child)
    found = data.verify_dataset(program, SMALL, proof, child.commitment)
    assert found.master == master.identity == child.master
    assert found.identity == child.identity != master.identity
    with pytest.raises(AllowanceExceeded):
        data.prove_dataset(program, master)


def test_shards_are_commitments_of_their_own() -> None:
    records = SMALL.encode(small_table(8))
    program = data.compile(SMALL, COUNT, proofs=2)
    found = [data.commit_dataset(program, SMALL, part) for part in data.shards(records, COUNT)]
    (_, first), (second, _) = (one.id_range for one in found)
    assert first < second
    assert found[0].identity != found[1].identity


def test_parquet_and_csv_are_committed_as_they_are(tmp_path: Path, program: tacit.Program) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame(small_table())
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    for name in ("t.parquet", "t.csv"):
        dataset = data.commit_dataset(program, SMALL, tmp_path / name)
        assert dataset.records == 4


# --- refused ----------------------------------------------------------------------------------------------------------


def slug(action: Any, kind: type[Exception] = InvalidProof) -> str:
    with pytest.raises(kind) as caught:
        action()
    return str(caught.value.slug)  # type: ignore[attr-defined]


def test_another_schema_program_commitment_or_context(
    program: tacit.Program, dataset: data.Dataset, proof: tacit.Proof
) -> None:
    from dataclasses import replace

    def verify(schema: Schema = SMALL, about: Any = program, commitment: Any = dataset.commitment, **more: Any) -> str:
        arguments = {"context": b"round 1", **more}
        return slug(lambda: data.verify_dataset(about, schema, proof, commitment, **arguments))

    assert verify(schema=replace(SMALL, rules=())) == "program"
    assert verify(schema=REAL) == "program"
    assert verify(about=data.compile(SMALL, COUNT, proofs=4)) == "program"
    assert verify(context=b"round 2") in ("grinding", "final_claim", "merkle")
    other = data.commit_dataset(program, SMALL, small_table(), id_range=(0, 100))
    assert verify(commitment=other.commitment) == "commitments"
    assert verify(security=160) == "validity"


def test_a_program_that_is_none_of_the_schema_is_refused(dataset: data.Dataset) -> None:
    """A program with a relation left out has its own digest, and a proof of it that verifies: it says nothing."""
    from dataclasses import replace

    from tacit.data import relations

    honest = relations.program(SMALL, COUNT, histogram="public")
    (at,) = [i for i, zero in enumerate(honest.zeros) if zero.name == "one label"]
    weak = replace(honest, zeros=honest.zeros[:at] + honest.zeros[at + 1 :]).encode()
    made = tacit.Program(_native.Program(weak, _native.derive([weak], 4, 128, "balanced"), 4, ""))
    assert slug(lambda: data.verify_dataset(made, SMALL, b"", dataset.commitment)) == "program"
    assert slug(lambda: data.commit_dataset(made, SMALL, small_table()), InputError) == "program"
    assert slug(lambda: data.prove_dataset(made, dataset), InputError) == "program"


def test_tables_that_do_not_fit_the_program(program: tacit.Program) -> None:
    def commit(table: Any, **more: Any) -> str:
        return slug(lambda: data.commit_dataset(program, SMALL, table, **more), InputError)

    assert commit(small_table(5)) == "records"
    for pair in ((4, 100), (0, 23), (100, 0), (-1, 100), (0, 2**48), (0.0, 100.0), 7, (3,)):
        assert commit(small_table(), id_range=pair) == "ids"
    assert commit({**small_table(), "ward": ["d"] * 4}) == "category"
    assert slug(lambda: data.commit_dataset(program, REAL, small_table()), InputError) == "program"
    assert slug(lambda: data.compile("heart.schema", 4), InputError) == "type"  # type: ignore[arg-type]
    assert slug(lambda: data.compile(SMALL, 0), InputError) == "records"
    assert slug(lambda: data.verify_dataset(program, SMALL, b"", b""), InputError) == "type"  # type: ignore[arg-type]


def changed(**changes: Any) -> Records:
    records = Records({name: values.copy() for name, values in small_records().items()})
    for name, cells in changes.items():
        for at, value in cells.items():
            records[name][at] = value
    return records


BAD: list[dict[str, Any]] = [
    {"x": {(2, 1): 13}},
    {"x": {(1, 2): 2}},
    {"x": {(1, 3): 4}},
    {"x": {(1, 3): 2, (1, 5): 2}},
    {"x": {(1, 6): 8}},
    {"x": {(1, 0): 4, (1, 1): 4}},
    {"y": {(0, 1): 1}},
    {"y": {(0, 0): 0}},
    {"id": {2: 10}},
    {"id": {2: 9}},
]


@pytest.mark.parametrize("changes", BAD, ids=[str(c) for c in BAD])
def test_data_that_is_none_has_no_proof(program: tacit.Program, changes: Any) -> None:
    """Integers that are in the slab's intervals are committed past the check of records; nobody proves them."""
    records = changed(**changes)
    assert slug(lambda: data.commit_dataset(program, SMALL, records), InputError)
    flat = [(name, np.ascontiguousarray(values.reshape(-1))) for name, values in records.items()]
    slab = _native.commit(program._native, "data", flat, 2, 0)
    ends = [("id_lo", np.array([0])), ("id_hi", np.array([100]))]
    with pytest.raises(InputError) as caught, failures():
        _native.prove(program._native, [slab], ends, b"")
    assert caught.value.slug == "execution"


def test_labels_that_are_no_bits_have_no_commitment(program: tacit.Program) -> None:
    records = changed(y={(0, 0): 2, (0, 1): -1})
    flat = [(name, np.ascontiguousarray(values.reshape(-1))) for name, values in records.items()]
    with pytest.raises(InputError) as caught, failures():
        _native.commit(program._native, "data", flat, 2, 0)
    assert caught.value.slug == "range"


def test_every_byte_of_a_proof_counts(program: tacit.Program, dataset: data.Dataset, proof: tacit.Proof) -> None:
    raw = bytearray(proof.to_bytes())
    for at in range(0, len(raw), len(raw) // 40):
        changed = bytes(raw[:at]) + bytes([raw[at] ^ 1]) + bytes(raw[at + 1 :])
        assert slug(lambda c=changed: data.verify_dataset(program, SMALL, c, dataset.commitment, context=b"round 1"))


def test_a_dataset_is_not_copied(dataset: data.Dataset) -> None:
    with pytest.raises(InputError) as caught:
        pickle.dumps(dataset)
    assert caught.value.slug == "copy"


def test_arrays_and_flags_are_committed_alike() -> None:
    schema = Schema.array((2, 2), 0, 1, data.Label.flag("y", ["no", "yes"]), frac=4)
    program = data.compile(schema, 3, histogram="public", proofs=2)
    dataset = data.commit_dataset(program, schema, (np.full((3, 2, 2), 0.5), [0, 1, 1]))
    proof = data.prove_dataset(program, dataset)
    assert data.verify_dataset(program, schema, proof, dataset.commitment).histogram == {"no": 1, "yes": 2}
    one = data.compile(FLAG, 1, proofs=2)
    single = data.commit_dataset(one, FLAG, (np.array([[1.0]]), [1]), ids=7)
    found = data.verify_dataset(one, FLAG, data.prove_dataset(one, single), single.commitment)
    assert (found.records, found.id_range) == (1, (7, 7))
