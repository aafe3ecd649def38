"""The dataset program: it holds for records, every entry of its witness is forced, and no relation of it is idle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from execution import Execution, check_execution, execute
from hypothesis import given, settings
from hypothesis import strategies as st
from small_schemas import ARRAYS, FLAG, REAL, SMALL, WIDE, small_records

from tacit import program as pg
from tacit.data import Column, Label, Records, Rule, Schema, program, relations
from tacit.data.encoding import checked
from tacit.errors import InputError, WitnessError
from tacit.reference import validate
from tacit.reference.program import decode_program


def arrays(count: int) -> Records:
    values = 70 * np.random.default_rng(0).random((count, 2, 3))
    return ARRAYS.encode((values, np.arange(count) % 2))


def reals(count: int) -> Records:
    x = np.random.default_rng(0).random((count, 2))
    return REAL.encode((x, x - [0, 1]))


def bits(count: int) -> Records:
    return FLAG.encode((np.random.default_rng(0).random((count, 1)), np.arange(count) % 3 == 0))


def regions(count: int) -> Records:
    return WIDE.encode({"region": [f"r{7 * i % 20}" for i in range(count)], "ill": [i % 2 for i in range(count)]})


MAKERS: dict[str, tuple[Schema, Any]] = {
    "small": (SMALL, small_records),
    "arrays": (ARRAYS, arrays),
    "reals": (REAL, reals),
    "flag": (FLAG, bits),
    "wide": (WIDE, regions),
}
HISTOGRAMS: dict[str, dict[str, Any]] = {
    "small": {"none": None, "public": "public", "bounds": {"ill": (1, 3)}},
    "arrays": {"none": None, "public": "public", "bounds": {"left": (2, 3), "right": (1, 4)}},
    "reals": {"none": None},
    "wide": {"none": None},
    "flag": {"none": None, "public": "public", "bounds": {"no": (1, 3)}},
}
CASES = [(name, kind) for name, kinds in HISTOGRAMS.items() for kind in kinds]


def run(name: str, kind: str, count: int = 4, limb: int | None = None, **changes: Any) -> Execution:
    schema, make = MAKERS[name]
    records = make(count)
    made = program(schema, count, histogram=HISTOGRAMS[name][kind], limb=limb)
    lo, hi = records.id_range
    values = {**records, "id_lo": np.array([lo]), "id_hi": np.array([hi]), **changes}
    return execute(made, values)


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_records_meet_it_and_verifiers_take_it(name: str, kind: str) -> None:
    for count in (4, 5):
        found = run(name, kind, count)
        validate(decode_program(found.program.encode()))
        if kind == "public":
            y = found.named("y").sum(0)
            assert found.named("histogram").tolist() == (y.tolist() if y.size > 1 else [count - y[0], y[0]])
    schema, make = MAKERS[name]
    validate(decode_program(program(schema, 1).encode()))
    execute(program(schema, 1), {**make(1), "id_lo": np.array([0]), "id_hi": np.array([2**48 - 1])})


def refused(found: Execution, changed: Mapping[int, Any]) -> bool:
    try:
        check_execution(Execution(found.program, found.tensors | dict(changed)))
    except WitnessError:
        return True
    return False


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_no_entry_is_free(name: str, kind: str) -> None:
    found = run(name, kind, limb=5)
    rng = np.random.default_rng(1)
    for index, tensor in enumerate(found.program.tensors):
        if not isinstance(tensor.place, pg.Witness) and tensor.name != "histogram":
            continue
        for delta in (1, -1, 1 << 5, 1 << 12):
            values = found.tensors[index].copy()
            values.reshape(-1)[rng.integers(values.size)] += delta
            assert refused(found, {index: values}), f"{tensor.name} + {delta}"


# --- data that breaks one thing, whatever the hints then write --------------------------------------------------------


def lie(name: str, kind: str = "none", ids: tuple[int, int] | None = None, **changes: Any) -> str:
    """The first relation that is false; changes: tensor = {index: value}."""
    schema, make = MAKERS[name]
    records = {n: v.copy() for n, v in make(4).items()}
    for tensor, cells in changes.items():
        for at, value in cells.items():
            records[tensor][at] = value
    lo, hi = ids or (int(records["id"].min()), int(records["id"].max()))
    given = {**records, "id_lo": np.array([lo]), "id_hi": np.array([hi])}
    made = program(schema, 4, histogram=HISTOGRAMS[name][kind])
    with pytest.raises(WitnessError) as caught:
        execute(made, given)
    return caught.value.place


def test_values_out_of_their_column_s_range() -> None:
    # 16 lies in the tensor's interval: only the column's own range excludes it.
    assert SMALL.interval == (0, 16)
    assert lie("small", x={(2, 1): 16}) == "range number 0..1 most"
    assert lie("reals", x={(2, 0): -4}) == "range number 0..1 least"
    assert ARRAYS.interval == (-231, 280)
    assert lie("arrays", x={(2, 0, 1): -1}) == "range x"


def test_flags_codes_and_categories_that_are_none() -> None:
    assert lie("small", x={(1, 2): 2}) == "bits flag 2"
    assert lie("wide", x={(1, 3): 4}) == "one region"
    assert lie("wide", x={(1, 7): 0}) == "one region"
    assert lie("small", x={(1, 3): 4}) == "one ward"
    assert lie("small", x={(1, 5): 0}) == "one ward"
    # A sum of one that is not of bits.
    assert lie("small", x={(1, 3): 2, (1, 5): 2}) == "bits category 3..5"
    assert lie("small", x={(1, 6): 8}) == "code grade"
    assert lie("small", x={(1, 6): 5}) == "code grade"


def test_rules_that_are_broken() -> None:
    assert lie("small", x={(1, 0): 4, (1, 1): 4}) == "rule 0"
    assert lie("small", x={(0, 2): 4, (0, 3): 0, (0, 4): 4}) == "rule 1"


def test_labels_that_are_none() -> None:
    assert lie("small", y={(0, 1): 1}) == "one label"
    assert lie("small", y={(0, 0): 0}) == "one label"
    assert lie("small", y={(0, 0): 2}) == "y"  # the slab's validity proof
    assert lie("reals", y={(0, 0): 5}) == "range label most"


def test_ids_that_repeat_go_back_or_leave_the_range() -> None:
    assert lie("small", id={2: 10}) == "id steps"
    assert lie("small", id={2: 9}) == "id steps"
    assert lie("small", id={0: 25}, ids=(0, 30)) == "id steps"
    assert lie("small", ids=(4, 24)) == "id at id_lo"
    assert lie("small", ids=(3, 23)) == "id at id_hi"


def test_counts_out_of_their_bounds() -> None:
    everybody = {(i, 0): 0 for i in range(4)} | {(i, 1): 1 for i in range(4)}
    nobody = {(i, 0): 1 for i in range(4)} | {(i, 1): 0 for i in range(4)}
    assert lie("small", "bounds", y=everybody) == "histogram at most"
    assert lie("small", "bounds", y=nobody) == "histogram at least"
    assert lie("flag", "bounds", y={(i, 0): 1 for i in range(4)}) == "histogram at least"


def test_a_histogram_that_is_another() -> None:
    found = run("small", "public")
    index = next(i for i, tensor in enumerate(found.program.tensors) if tensor.name == "histogram")
    assert refused(found, {index: np.array([3, 1])})
    assert not refused(found, {index: np.array([2, 2])})


# --- against the plain meaning ----------------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_the_program_takes_what_the_check_of_integers_takes(seed: int, count: int) -> None:
    """Random integers near valid ones: the relations and the plain check agree, also on which records are none."""
    rng = np.random.default_rng(seed)
    records = {n: v.copy() for n, v in small_records(count).items()}
    for _ in range(int(rng.integers(0, 3))):
        name = str(rng.choice(["x", "y", "id"]))
        flat = records[name].reshape(-1)
        lo, hi = {n: (a, b) for n, _, a, b in SMALL.tensors(count)}[name]
        near = (lo, hi, 4, 8, int(flat[0]), int(flat[-1]), int(rng.integers(lo, hi + 1)))
        flat[rng.integers(flat.size)] = min(max(int(rng.choice(near)), lo), hi)
    try:
        checked(SMALL, records)
        good = True
    except InputError:
        good = False
    ends = {"id_lo": np.array([records["id"].min()]), "id_hi": np.array([records["id"].max()])}
    try:
        execute(program(SMALL, count, limb=7), {**records, **ends})
        taken = True
    except WitnessError:
        taken = False
    assert taken == good


def test_wide_numbers_go_by_digits() -> None:
    schema = Schema(
        (Column.number("a", 0, 50_000, center=0, scale=1), Column.number("b", -5, 5, center=0, scale=1)),
        Label.flag("y"),
        frac=4,
        rules=(Rule("a > 3 * b"),),
    )
    records = schema.encode((np.array([[20.0, -5], [50_000.0, 5]]), [0, 1]))
    ends = {"id_lo": np.array([0]), "id_hi": np.array([9])}
    made = program(schema, 2)
    execute(made, {**records, **ends})
    for x in ([[0, 80], [1, 1]], [[800_001, 0], [1, 1]], [[5, 81], [400, 1]]):
        with pytest.raises(WitnessError):
            execute(made, {**records, **ends, "x": np.array(x)})


def test_a_narrow_range_of_one_width_is_one_lookup() -> None:
    schema = Schema((Column.number("a", 0, 10), Column.number("b", -3, 90)), Label.flag("y"))
    made = program(schema, 8)
    assert next(lookup.name for lookup in made.lookups) == "range number 0..1"
    assert made.lookups[0].shape == (8, 2)
    assert sum(lookup.name.startswith("range") for lookup in made.lookups) == 1


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "histogram",
    [
        *("hidden", "", 5, {}, [], {"dead": (0, 1)}, {"ill": (2, 1)}, {"ill": (-1, 1)}, {"ill": (0, 5)}, {"ill": 3}),
        *({"ill": (0.0, 1.0)}, {"ill": (3, 4), "well": (2, 4)}, {"ill": (0, 1), "well": (0, 1)}),
    ],
)
def test_histograms_that_are_none_are_refused(histogram: Any) -> None:
    with pytest.raises(InputError) as caught:
        program(SMALL, 4, histogram=histogram)
    assert caught.value.slug == "histogram"


def test_real_targets_have_no_histogram() -> None:
    with pytest.raises(InputError) as caught:
        program(REAL, 4, histogram="public")
    assert caught.value.slug == "histogram"


def test_more_cells_than_a_program_has_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        program(Schema.array((1024, 1024), 0, 1, 2), 1 << 12)
    assert caught.value.slug == "records"


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_a_program_is_read_and_made_anew(name: str, kind: str) -> None:
    schema, _ = MAKERS[name]
    made = program(schema, 4, histogram=HISTOGRAMS[name][kind])
    count, histogram = relations.read(schema, made)
    assert count == 4
    assert program(schema, count, histogram=histogram) == made


def test_another_program_is_none_of_the_schema() -> None:
    made = program(SMALL, 4, histogram={"ill": (1, 3)})
    others = [
        pg.Program("dataset"),
        program(REAL, 4),
        program(SMALL, 4, limb=5),
        pg.Program.decode(made.encode().replace(b"id steps", b"id stepz")),
        _without_a_zero(made),
        _with_bounds(made, (0, 4)),
    ]
    for other in others:
        with pytest.raises(InputError) as caught:
            relations.read(SMALL, other)
        assert caught.value.slug == "program"


def _without_a_zero(made: pg.Program) -> pg.Program:
    from dataclasses import replace

    return replace(made, zeros=made.zeros[1:])


def _with_bounds(made: pg.Program, least: tuple[int, int]) -> pg.Program:
    from dataclasses import replace

    tensors = tuple(
        replace(t, place=pg.Constant((5, 5)), lo=5, hi=5) if t.name == "histogram least" else t for t in made.tensors
    )
    return replace(made, tensors=tensors)
