"""The program of T training steps: the relations of one step side by side along an axis, and what ties them together.

A chunk of T' steps has one witness tensor a weight, `mid`, the weight after each of its steps; the last chunk's last entry is
the weight after all, W_T, which has a place of its own. With t the step,

    before[t] = W where t = 0    + mid[t-1]
    after[t]  = mid[t]           + W_T where t = T'-1 in the last chunk
    0 = after - before + c * gradient

and W is the base, or the last entry of the chunk before. The zero is a recurrence (docs/protocol/program.md, rule 3): it bounds
`mid` without a lookup. Chunks exist because axes are padded to powers of two: T = 50 is 32 + 16 + 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

from tacit import program as pg
from tacit.integer import storage
from tacit.integer.emit import lower_steps
from tacit.integer.graph import InputSpec, IntGraph, Parameter
from tacit.integer.reach import Overflow
from tacit.program.builder import Builder, Lazy, Settings, int_array
from tacit.program.syntax import Expr, FromTensor, Link, Term
from tacit.train.bounds import Bounds, Interval, made_total
from tacit.train.rooms import room_of
from tacit.train.step import AFTER, SPEED_AFTER, Plan, X, Y, training_step
from tacit.train.tape import before_of, speed_of
from tacit.train.trainer import Trajectory

#: Roles of the commitments of a training program.
MODEL, DATA, NEXT = "model", "data", "next"
#: What the public tensors of record numbers are called, one a chunk: (T', B).
BATCHES = "batches"
#: Digits of up to 15 bits: one lookup an activation.
SETTINGS = Settings(limb=15, wide=15)

Ints = npt.NDArray[np.int64]
Slots = tuple[tuple[str, tuple[int, ...], int, int], ...]


@dataclass(frozen=True)
class Places:
    """Who knows the base and the next: "public" or "private"; how records are picked: "permutation", "committed" or "all"."""

    base: str = "public"
    next: str = "public"
    order: str = "permutation"


@dataclass(frozen=True)
class Training:
    """The program, the tensors that a prover gives beside its slabs, and what every weight's pieces are.

    `snapshots`: for every chunk, tensor names by weight: weights after each step (`mid`), and momenta. `nexts`: by weight the
    names of the public next; `batches`: by chunk those of record numbers. A name is what the builder gave: a weight may be
    called like any of them, and then they make way.
    """

    program: pg.Program
    pieces: Mapping[str, tuple[str, storage.Piece]]
    snapshots: tuple[Mapping[str, str], ...]
    speeds: tuple[Mapping[str, str], ...]
    nexts: Mapping[str, str]
    batches: tuple[str, ...]

    def piece_values(self, model: Mapping[str, Any]) -> dict[str, Ints]:
        """The tensors of a model's slab, from its integers by weight."""
        found = {}
        for tensor, (weight, piece) in self.pieces.items():
            box = tuple(slice(a, b) for a, b in piece.box)
            found[tensor] = int_array(np.asarray(model[weight]).reshape(piece.merged)[box])
        return found

    def given(self, trajectory: Trajectory) -> dict[str, Ints]:
        """The tensors of all steps: of the last chunk the weights but the last ones, which have a place of their own."""
        found = {}
        for j, names in enumerate(self.snapshots):
            for weight, tensor in names.items():
                values = trajectory.after[j][weight]
                found[tensor] = values[:-1] if j == len(self.snapshots) - 1 else values
        for names, values_of in zip(self.speeds, trajectory.speeds, strict=True):
            found |= {tensor: values_of[weight] for weight, tensor in names.items()}
        return found

    def next_values(self, model: Mapping[str, Any]) -> dict[str, Ints]:
        """The public tensors of a public next, from its integers by weight."""
        return {tensor: np.asarray(model[weight]) for weight, tensor in self.nexts.items()}

    def batch_values(self, plan: Plan, rows: Ints | None) -> dict[str, Ints]:
        """The public tensors of record numbers, from those of all steps, (T, B); none where none are drawn."""
        if not self.batches:
            return {}
        assert rows is not None
        ends = accumulate(plan.chunks)
        return {name: rows[end - n : end] for name, n, end in zip(self.batches, plan.chunks, ends, strict=True)}


def parameters(plan: Plan, bounds: Bounds, fracs: Mapping[str, int]) -> dict[str, Parameter]:
    """Every weight as a parameter of a program, whose integers are not known."""
    shapes = plan.network.shapes()
    return {
        name: Parameter(np.broadcast_to(0.0, shapes[name]), *bounds.ends[name], fracs[name])
        for name in plan.network.parameters
    }


def training_program(
    plan: Plan,
    bounds: Bounds,
    overflow: Overflow | None,
    data: Slots,
    places: Places,
    settings: Settings = SETTINGS,
    given: pg.Program | None = None,
) -> Training:
    """T steps. `data`: the tensors of the data slab, x and y first. `given`: what the program is compared with, if no more
    than belongs to that may be made. Raises OutOfField, QuantizationError.
    """
    # Twice: what the relations say of the steps does not depend on what is promised of them.
    first = _Emission(plan, bounds, overflow, places, settings, None, given)
    first.relations(data)
    promises = first.builder.promises()
    return _Emission(plan, bounds, overflow, places, settings, promises, given).run(data)


class _Emission:
    """`promises`: intervals of the tensors that steps are tied by, by their numbers, which are the same both times; None: to
    find them out, and nothing is refused.
    """

    def __init__(
        self,
        plan: Plan,
        bounds: Bounds,
        overflow: Overflow | None,
        places: Places,
        settings: Settings,
        promises: Mapping[int, Interval] | None,
        given: pg.Program | None,
    ) -> None:
        self.plan, self.bounds, self.overflow, self.places = plan, bounds, overflow, places
        self.room = room_of(given)
        self.builder = Builder(f"training: {plan.network.graph.name}"[:120], settings, self.room)
        self.builder.intervals.lenient = promises is None
        self.promises = promises
        self.pieces: dict[str, tuple[str, storage.Piece]] = {}
        self.base: dict[str, Lazy] = {}
        self.next: dict[str, Lazy] = {}
        #: For every chunk, tensors by weight.
        self.snapshots: list[dict[str, int]] = []
        self.speeds: list[dict[str, int]] = []
        self.nexts: dict[str, str] = {}
        self.batches: list[str] = []
        self._made: dict[tuple[int, int], IntGraph] = {}

    def run(self, data: Slots) -> Training:
        """All relations, and the program."""
        self.relations(data)
        program, tensors = self.builder.build(), self.builder.tensors
        snapshots, speeds = (
            tuple({weight: tensors[i].name for weight, i in own.items()} for own in kept)
            for kept in (self.snapshots, self.speeds)
        )
        return Training(program, self.pieces, snapshots, speeds, self.nexts, tuple(self.batches))

    def relations(self, data: Slots) -> None:
        """Declare and relate everything."""
        plan, builder = self.plan, self.builder
        builder.slabs += [pg.SlabDecl(MODEL, self.places.base == "private"), pg.SlabDecl(DATA, True)]
        if self.places.next == "private":
            builder.slabs.append(pg.SlabDecl(NEXT, True))
        fracs = training_step(plan, 1, plan.cs[0], self.bounds.inputs(), room=self.room).fracs
        self._weights(parameters(plan, self.bounds, fracs))
        x, y = self._data(data)
        starts = [0, *accumulate(plan.chunks)]
        before = dict(self.base)
        speeds: dict[str, Lazy] = {}
        for j, (steps, c) in enumerate(zip(plan.chunks, plan.cs, strict=True)):
            before, speeds = self._chunk(j, steps, c, starts[j], (x, y), before, speeds)
        for name in plan.network.parameters:
            if name in plan.network.frozen:
                shape = self.base[name].shape
                builder.zero(f"frozen {name}", shape, (1, self.next[name].expr), (-1, self.base[name].expr))

    def _weights(self, found: Mapping[str, Parameter]) -> None:
        """The base and the next, each as an expression of its own shape."""
        builder = self.builder
        for name, parameter in found.items():
            pieces: dict[str, storage.Piece] = {}
            self.base[name] = storage.store(builder, name, parameter, pieces)
            self.pieces |= {tensor: (name, piece) for tensor, piece in pieces.items()}
        for name, parameter in found.items():
            if self.places.next == "private":
                self.next[name] = storage.store(builder, name, parameter, {}, pg.Slab(2))
                continue
            shape = tuple(int(n) for n in parameter.real.shape)
            tensor = builder.tensor(f"next {name}", shape, pg.Public(), (parameter.lo, parameter.hi))
            frac, self.nexts[name] = int(parameter.frac), builder.tensors[tensor].name
            builder.inputs.append(pg.Port(self.nexts[name], tensor, frac))
            builder.outputs.append(pg.Port(name, tensor, frac))
            self.next[name] = builder.whole(tensor)

    def _data(self, data: Slots) -> tuple[int, int]:
        found = [self.builder.tensor(name, shape, pg.Slab(1), (lo, hi)) for name, shape, lo, hi in data]
        return found[0], found[1]

    def _batches(self, number: int, steps: int, records: int) -> int | None:
        """The numbers of the records that a chunk's steps take: everybody computes them from the seed."""
        if self.places.order != "permutation":
            return None
        shape = (steps, self.plan.batch)
        tensor = self.builder.tensor(f"{BATCHES} {number}", shape, pg.Public(), (0, records - 1))
        self.batches.append(self.builder.tensors[tensor].name)
        self.builder.inputs.append(pg.Port(self.batches[-1], tensor, 0))
        return tensor

    def _records(self, tensor: int, steps: int, start: int, batches: int | None) -> Lazy:
        """The records of the steps from `start` on, (T', B, ...)."""
        if batches is not None:
            return self.builder.gathered(tensor, batches)
        shape, batch = self.builder.shapes.tensors[tensor], self.plan.batch
        own = tuple(Link(((2 + i, 1),), ((1 + i, 1),)) for i in range(len(shape) - 1))
        out = (steps, batch, *shape[1:])
        if self.places.order == "all":
            return Lazy(Expr(0, (Term(1, FromTensor(tensor), (Link(((1, 1),), ((0, 1),)), *own)),)), out)
        first = Link(((0, batch), (1, 1)), ((0, 1),), start * batch)
        return Lazy(Expr(0, (Term(1, FromTensor(tensor), (first, *own)),)), out)

    def _steps(self, steps: int, c: int) -> IntGraph:
        """The graph of so many steps side by side: chunks that are alike have one."""
        if (steps, c) not in self._made:
            step = training_step(self.plan, steps, c, self.bounds.inputs(), boxing=True, room=self.room)
            self._made[steps, c] = made_total(step, self.overflow)
        return self._made[steps, c]

    def _chunk(
        self,
        number: int,
        steps: int,
        c: int,
        start: int,
        data: tuple[int, int],
        base: Mapping[str, Lazy],
        base_speeds: Mapping[str, Lazy],
    ) -> tuple[dict[str, Lazy], dict[str, Lazy]]:
        """The relations of some steps; the weights and momenta after them."""
        builder, last = self.builder, start + steps == self.plan.steps
        ints = self._steps(steps, c)
        x, y = data
        batches = self._batches(number, steps, builder.shapes.tensors[x][0])
        values = {name: self._records(tensor, steps, start, batches) for name, tensor in ((X, x), (Y, y))}
        after: dict[str, Lazy] = {}
        self.snapshots.append({})
        self.speeds.append({})
        for name in self.plan.network.parameters:
            if name in self.plan.network.frozen:
                values[before_of(name)] = self._broadcast(base[name], steps)
                continue
            mid, shape = None, base[name].shape
            if count := steps - 1 if last else steps:  # else it would have no entry
                mid = self._given(f"steps {number} {name}", (count, *shape), ints.inputs[before_of(name)])
                self.snapshots[-1][name] = mid
            values[before_of(name)] = self._before(base[name], mid, steps)
            after[name] = self._after(mid, steps, self.next[name] if last else None)
            if self.plan.momentum:
                speed = self._given(f"momenta {number} {name}", (steps, *shape), ints.inputs[speed_of(name)])
                self.speeds[-1][name] = speed
                values[speed_of(name)] = self._before(base_speeds.get(name), speed, steps)
        lower_steps(builder, ints, values)
        return self._tie(ints, values, after, number, base, last)

    def _given(self, label: str, shape: tuple[int, ...], own: InputSpec) -> int:
        """A witness tensor that the prover gives: the trainer made it step by step."""
        number = len(self.builder.tensors)
        promise = (own.lo, own.hi) if self.promises is None else self.promises[number]
        tensor = self.builder.recurrent(label, shape, promise)
        self.builder.inputs.append(pg.Port(self.builder.tensors[tensor].name, tensor, own.frac))
        return tensor

    def _broadcast(self, value: Lazy, steps: int) -> Lazy:
        wide = self.builder.reshape("steps", value, (1, *value.shape))
        return self.builder.broadcast(wide, (steps, *value.shape))

    def _before(self, base: Lazy | None, mid: int | None, steps: int) -> Lazy:
        parts = [] if base is None else [(1, self.builder.at_step(base, 0, steps, 0))]
        if mid is not None:
            parts.append((1, self.builder.along(mid, 0, steps, -1)))
        return self.builder.sum(*parts)

    def _after(self, mid: int | None, steps: int, end: Lazy | None) -> Lazy:
        parts = [] if mid is None else [(1, self.builder.along(mid, 0, steps))]
        if end is not None:
            parts.append((1, self.builder.at_step(end, 0, steps, steps - 1)))
        return self.builder.sum(*parts)

    def _tie(
        self,
        ints: IntGraph,
        values: Mapping[str, Lazy],
        after: Mapping[str, Lazy],
        number: int,
        base: Mapping[str, Lazy],
        last: bool,
    ) -> tuple[dict[str, Lazy], dict[str, Lazy]]:
        """What the steps make is what the tensors say; then the last entries, for the next chunk."""
        builder, weights, speeds = self.builder, dict(base), dict[str, Lazy]()
        for name, value in after.items():
            made = values[ints.outputs[f"{AFTER} {name}"].value]
            builder.zero(f"update {name}", value.shape, (1, value.expr), (-1, made.expr))
            if self.plan.momentum:
                speed = builder.whole(self.speeds[number][name])
                found = values[ints.outputs[f"{SPEED_AFTER} {name}"].value]
                builder.zero(f"momentum {name}", speed.shape, (1, speed.expr), (-1, found.expr))
                speeds[name] = builder.entry(speed, 0, speed.shape[0] - 1)
            if not last:
                mid = builder.whole(self.snapshots[number][name])
                weights[name] = builder.entry(mid, 0, mid.shape[0] - 1)
        return weights, speeds
