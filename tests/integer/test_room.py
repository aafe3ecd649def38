"""Work and memory of a check follow the bytes of the program in hand, whatever the layers ask for: counted, not timed."""

from __future__ import annotations

import dataclasses
import random
from itertools import product
from math import prod
from typing import Any

import pytest
from nets import mlp
from test_lying_architectures import X, step, written
from test_readable_architecture import CASES, compiled

from tacit.errors import ProgramError
from tacit.integer import architecture as arch
from tacit.integer import storage
from tacit.integer.operators.saturation import Saturate
from tacit.program import affine
from tacit.program.room import LEAST_NUMBERS, LEAST_TERMS, NUMBERS_EACH, TERMS_EACH, Room
from tacit.program.syntax import Link, Values

Json = Any


def added(layers: list[Json]) -> list[Json]:
    """The layers, and their sum."""
    names = [layer[0] for layer in layers]
    return [*layers, ["sum", "Added", {"signs": [1] * len(names), "shifts": [0] * len(names)}, names]]


def many(count: int, operator: str, **attributes: Any) -> list[Json]:
    return added(
        [
            [f"s{i}", operator, {k: v(i) if callable(v) else v for k, v in attributes.items()}, ["x"]]
            for i in range(count)
        ]
    )


WIDE: Json = ["x", [1000, 1000], -128, 127, 4]
PERMUTED = [["p0", "Join", {"axis": 1}, ["x"] * 1500]] + [
    [f"p{i}", "Permute", {"perm": [1, 0]}, [f"p{i - 1}"]] for i in range(1, 1200)
]
DOUBLED = [[f"s{i}", "Join", {"axis": 1}, [f"s{i - 1}" if i else "x"] * 2] for i in range(18)]
#: What some kB of layers may ask for: what there is too much of, the input, the steps, and the scale of the last one.
HOSTILE: dict[str, tuple[str, Json, list[Json], int]] = {
    "tables of slopes": ("numbers", X, many(99, "RoundLeaky", shift=0, bits=20, slope=lambda i: i, power=4), 8),
    "tables of exponentials": ("numbers", X, many(9, "SoftmaxLast", at=lambda i: 4.0, bits=40, out=8), 8),
    "ones beside padding": (
        "numbers",
        WIDE,
        [
            ["o", "Offset", {"sign": 1, "constant": 1, "at": 4.0}, ["x"]],
            *added([[f"c{i}", "Cut", {"starts": [i, 0], "steps": [1, 1], "to": [1000, 1000]}, ["o"]] for i in (1, 2)]),
        ],
        4,
    ),
    "a triangle": ("numbers", ["x", [1, 2048], -128, 127, 4], [step("ArgMaxLast", bits=9)], 0),
    "terms that double": ("terms", X, DOUBLED, 4),
    "many views of many terms": ("terms", ["x", [64, 64], -128, 127, 4], PERMUTED, 4),
    "digits of one bit": ("tensors", X, many(20, "Round", shift=0, bits=50), 4),
}


@pytest.mark.parametrize(("what", "port", "steps", "frac"), HOSTILE.values(), ids=HOSTILE.keys())
def test_more_than_the_program_has_is_refused_before_it_is_made(
    what: str, port: Json, steps: list[Json], frac: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = compiled(mlp()).program
    room, taken = Room.of(program), {"terms": 0, "numbers": 0, "tensors": 0}
    take = Room.take

    def counted(self: Room, **parts: int) -> None:
        take(self, **parts)
        for part, n in parts.items():
            taken[part] += n

    monkeypatch.setattr(Room, "take", counted)
    data = written(
        steps, ports=[port], results=[["y", steps[-1][0], -(1 << 40), (1 << 40) - 1, frac, 0, None]], wide=20
    )
    with pytest.raises(ProgramError, match=f"of this size, got some with more {what}") as caught:
        arch.check(dataclasses.replace(program, architecture=arch.digest_of(data)), data)
    assert caught.value.slug == "architecture"
    assert all(n <= getattr(room, part) for part, n in taken.items())


@pytest.mark.parametrize("name", list(CASES))
def test_what_is_compiled_needs_a_small_part_of_its_room(name: str) -> None:
    """Terms are rewritten about once each, and constants made once: a sixteenth of what each one is given room for, or less."""
    graph, options = CASES[name]
    made = compiled(graph, **options)
    room = Room.of(made.program)
    left = dataclasses.replace(room)
    arch.decode(made.architecture).lowered(left)
    assert room.terms - left.terms <= 2 * (room.terms - LEAST_TERMS) // TERMS_EACH
    assert room.numbers - left.numbers <= (room.numbers - LEAST_NUMBERS) // NUMBERS_EACH
    assert left.tensors == 0


def test_whether_padding_is_met_is_seen_without_a_look_at_every_index() -> None:
    r = random.Random(1)

    def looked_at(link: Link, stride: int, reach: list[tuple[int, ...]], extent: int, lo: int, hi: int) -> bool:
        ((_, _), (_, d)) = link.target
        rest = [link.offset + d * end for end in reach[1]]
        beyond = [stride * v for v in range(reach[0][0], reach[0][1] + 1) if not 0 <= v < extent]
        return any(v + min(rest) <= hi and v + max(rest) >= lo for v in beyond)

    for _ in range(3000):
        stride = r.choice([-3, -2, -1, 1, 2, 3])
        link = Link(((0, stride), (1, r.choice([-2, 1, 4]))), (), r.randint(-9, 9))
        reach = [tuple(sorted(r.choices(range(-9, 10), k=2))) for _ in range(2)]
        lo, hi = sorted(r.choices(range(-20, 21), k=2))
        extent = r.randint(1, 6)
        assert affine._meets(link, 0, stride, reach, extent, lo, hi) == looked_at(link, stride, reach, extent, lo, hi)
    far = [(-(1 << 60), 1 << 60), (0, 0)]
    assert affine._meets(Link(((0, 1), (1, 1)), (), 0), 0, 1, far, 5, 0, 9)


def test_splits_into_many_boxes_are_not_looked_at() -> None:
    """Of six axes with five splits each, those with eight boxes at most, in the order of all."""
    splits = [storage._splits(31)] * 6
    found = list(storage._choices(splits, 8))
    every = [list(parts) for parts in product(*splits) if prod(map(len, parts)) <= 8]
    assert found == every
    assert len(found) < 5**6 // 50


def test_no_table_is_made_for_bounds_that_no_value_reaches() -> None:
    for clamp in (Saturate(0, 1 << 50, 1 << 60, 12), Saturate(0, -(1 << 60), -(1 << 50), 12)):
        tables = {table for form in clamp.forms(8) for table in form.tables if isinstance(table, Values)}
        assert all(len(table.outs) <= 1 << 12 for table in tables)
