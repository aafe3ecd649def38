"""What a commitment holds, looked at by its owner before a proof: ids beyond a range and counts beyond bounds, in words.

The values of a secret are reached as `tacit.run` reaches them: a program of the same slab is executed, nothing is committed,
proven or counted.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tacit import _native
from tacit import program as pg
from tacit.api.matching import secret_for
from tacit.api.native import failures
from tacit.api.objects import Program
from tacit.api.secret import Secret
from tacit.errors import InputError
from tacit.program.builder import Builder, Settings

Ints = npt.NDArray[np.int64]
SHOWN = ("y", "id")


def check_held(program: Program, secret: Secret, id_range: tuple[int, int], classes: tuple[str, ...]) -> None:
    """Whether ids and counts are those that the proof would say. `classes`: names for the refusal.

    Raises InputError (slugs ids, histogram).
    """
    native = secret_for(program, "data", secret)
    decoded = pg.Program.decode(program._native.bytes())
    y, ids = _held(program, decoded, native)
    (lo, hi), least, greatest = id_range, int(ids.min()), int(ids.max())
    if not lo <= least <= greatest <= hi:
        raise InputError(
            f"record ids {least} to {greatest} are not all in {lo} to {hi}",
            slug="ids",
            place="id_range",
            remedy="prove a range that holds them (--ids), or commit to the records within it",
        )
    bounds = {tensor.name: tensor.place for tensor in decoded.tensors}
    ends = [bounds.get(f"histogram {name}") for name in ("least", "most")]
    found = y.sum(axis=0)
    counts = [len(y) - int(found[0]), int(found[0])] if len(found) == 1 else list(map(int, found))
    places = [place.values for place in ends if isinstance(place, pg.Constant) and len(place.values) == len(counts)]
    if len(places) != 2:
        return
    for i, (count, fewest, most) in enumerate(zip(counts, *places, strict=True)):
        if not fewest <= count <= most:
            name = classes[i] if i < len(classes) else f"class {i}"
            raise InputError(
                f"{name} has {count} records, expected {fewest} to {most}",
                slug="histogram",
                place="histogram",
                remedy="make the program with bounds that the records keep, or prove other records",
            )


def _held(program: Program, decoded: pg.Program, secret: _native.Slab) -> tuple[Ints, Ints]:
    """The labels (N, C) and the ids (N,)."""
    builder = Builder("held", Settings(12, 12))
    builder.slabs.append(pg.SlabDecl("data", True))
    for name, shape, lo, hi in program._native.schema("data"):
        tensor = builder.tensor(name, tuple(shape), pg.Slab(0), (lo, hi))
        if name in SHOWN:
            whole = builder.whole(tensor)
            public = builder.tensor(f"{name} shown", whole.shape, pg.Public(), (lo, hi))
            builder.outputs.append(pg.Port(name, public, 0))
            builder.hints.append(pg.LinearHint(public, whole.expr))
            builder.zero(f"{name} shown", whole.shape, (1, whole.expr), (-1, builder.whole(public).expr))
    with failures("data"):
        twin = _native.Program(builder.build().encode(), program._native.geometry(), program.proofs, "{}")
        found, refused = _native.Runner(twin, [("data", secret)], []).run([], 1)
    if refused:
        raise AssertionError("a program without a table has every witness")
    y, ids = (np.asarray(values)[0] for values in found)
    return y.reshape(len(ids), -1), ids
