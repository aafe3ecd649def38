"""Questions about a program: for a witness, for another one, for two; of the whole at once or in stages.

Stages go through the tensors in their order: one that the relations around it determine is the same in both witnesses from then
on, and may be any number of its interval. That admits more witnesses than there are, so what is determined then is. Where all
givens are numbers, so is what is determined. A stage falls into parts, entry by entry or row by row, most of them of one pattern.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tacit import program as pg
from tacit.uniqueness.relations import Pair, Relation, Witnesses, places, tensors_read
from tacit.uniqueness.solver import Question, Solution, TimeIsUp, parts, pattern, value, whole
from tacit.uniqueness.sums import ZERO, Sum, total
from tacit.uniqueness.unknowns import Constraint, Interval, Unknowns

Array = npt.NDArray[Any]
#: The tensors of a witness.
One: TypeAlias = dict[int, Array]
Two: TypeAlias = tuple[One, One]
#: Work for a part of a stage, in the solver's own count, of symbols and of numbers: some two and ten seconds. What takes more is
#: left to the whole.
STAGE, STAGE_OF_NUMBERS = 0.5, 3.0


class NoWitness(Exception):
    """The relations contradict the givens."""


@dataclass
class Posed:
    """Relations in terms of unknowns: the cells of every tensor, and what each moves by from one witness to the other."""

    unknowns: Unknowns
    cells: dict[int, Pair]
    moved: dict[int, list[Sum]] = field(default_factory=dict)

    def some(self, ends_at: float, work: float | None) -> Solution:
        """A solution, part by part. Raises NoWitness, TimeIsUp."""
        found: Solution = {}
        for part in parts(self.unknowns):
            solution = Question(self.unknowns, part, [], exchangeable=False).solve(ends_at, work)
            if solution is None:
                raise NoWitness
            found |= solution
        return whole(self.unknowns, found)

    def other(self, differ: Iterable[int], ends_at: float, work: float | None, *, exchangeable: bool) -> Two | None:
        """Both witnesses of a solution in which one of these tensors moves."""
        moved = [each for i in differ for each in self.moved[i] if self.unknowns.ends(each) != (0, 0)]
        if not moved:
            return None
        question = Question(self.unknowns, self.unknowns.constraints, moved, exchangeable=exchangeable)
        solution = question.solve(ends_at, work)
        return None if solution is None else self.witnesses(whole(self.unknowns, solution))

    def witnesses(self, solution: Solution) -> Two:
        """A solution as tensors."""

        def side(k: int) -> One:
            return {i: _numbers(pair[k], solution) for i, pair in self.cells.items()}

        return side(0), side(1)


def _numbers(cells: Array, solution: Solution) -> Array:
    return np.array([value(solution, cell) for cell in cells.reshape(-1)], dtype=np.int64).reshape(cells.shape)


@dataclass
class Questions:
    """A program, what is known of its tensors, and those that are the same in both witnesses, or numbers."""

    program: pg.Program
    known: dict[int, Interval]
    fixed: dict[int, Array]
    given: set[int]
    ends_at: float
    same: set[int] = field(init=False)
    relations: list[Relation] = field(init=False)
    reads: list[set[int]] = field(init=False)
    #: By patterns of parts: whether each sum that was to move did in a solution; None where there was none.
    _answers: dict[Hashable, tuple[bool, ...] | None] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self.same = set(self.given)
        self.relations = [*self.program.lookups, *self.program.zeros]
        self.reads = [tensors_read(self.program, relation) for relation in self.relations]

    @property
    def numbers(self) -> bool:
        """Whether all givens are numbers."""
        return self.given <= self.fixed.keys()

    def by_name(self, values: Mapping[int, Array]) -> dict[str, Array]:
        """A witness as the outside sees it."""
        names = pg.addresses(self.program.slabs, self.program.tensors)
        return {names[i]: each for i, each in values.items()}

    # of the whole

    def another(self, differ: Iterable[int], work: float | None = None) -> tuple[Two | None, One]:
        """A witness, and with it another one in which one of these tensors differs. Raises NoWitness, TimeIsUp."""
        posed = self._once(range(len(self.relations)))
        first = posed.witnesses(posed.some(self.ends_at, work))[0]
        self._away_from(posed, first)
        pair = posed.other(differ, self.ends_at, work, exchangeable=False)
        return None if pair is None else (first, pair[0]), first

    def two(self, differ: Iterable[int], work: float | None = None) -> Two | None:
        """Two witnesses of which one of these tensors differs. Raises TimeIsUp."""
        if self.same.issuperset(differ):
            return None
        posed = self._twice(range(len(self.relations)))
        return posed.other(differ, self.ends_at, work, exchangeable=True)

    def some(self) -> One:
        """A witness, whatever the givens: of those nearest to 0, or of any. Raises NoWitness, TimeIsUp."""
        fixed = dict(self.fixed)
        for i in self.given - fixed.keys():
            lo, hi = self.known[i]
            fixed[i] = np.full(self.program.tensors[i].shape, min(max(0, lo), hi), dtype=object)
        near = Questions(self.program, self.known, fixed, self.given, self.ends_at)
        for questions in (near, self):
            try:
                if questions is near:
                    near.stages()
                posed = questions._once(range(len(self.relations)))
                return posed.witnesses(posed.some(self.ends_at, None))[0]
            except NoWitness:
                continue
        raise NoWitness

    # in unknowns

    def _once(self, chosen: Sequence[int]) -> Posed:
        """These relations on one witness."""
        unknowns = Unknowns()
        cells = {i: self._cells(unknowns, i, shared=False) for i in self._read(chosen)}
        posed = Posed(unknowns, {i: (each, each) for i, each in cells.items()})
        self._demand(posed, chosen)
        return posed

    def _twice(self, chosen: Sequence[int]) -> Posed:
        """These relations on two."""
        unknowns, cells = Unknowns(), dict[int, Pair]()
        for i in self._read(chosen):
            shared = i in self.same or i in self.fixed
            first = self._cells(unknowns, i, shared=shared)
            cells[i] = first, first if shared else self._cells(unknowns, i, shared=False)
        posed = Posed(unknowns, cells)
        witnesses = self._demand(posed, chosen)
        for i, pair in cells.items():
            posed.moved[i] = [
                ZERO if pair[0] is pair[1] else witnesses.twins.tie(pair[0][at], pair[1][at])
                for at in places(pair[0].shape)
            ]
        return posed

    def _read(self, chosen: Sequence[int]) -> list[int]:
        """The tensors that these relations read; all of them where they are all."""
        if len(chosen) == len(self.relations):
            return list(range(len(self.program.tensors)))
        return sorted(set[int]().union(*(self.reads[k] for k in chosen)))

    def _cells(self, unknowns: Unknowns, index: int, *, shared: bool) -> Array:
        unknowns.place = self.program.tensors[index].name
        found = np.empty(self.program.tensors[index].shape, dtype=object)
        for at in places(found.shape):
            number = self.fixed[index][at] if index in self.fixed else None
            found[at] = unknowns.new(*self.known[index], shared=shared) if number is None else Sum(int(number))
        return found

    def _demand(self, posed: Posed, chosen: Sequence[int]) -> Witnesses:
        witnesses = Witnesses(posed.unknowns, self.program, posed.cells)
        for k in chosen:
            witnesses.demand(self.relations[k])
        return witnesses

    def _away_from(self, posed: Posed, first: One) -> None:
        """The moves of a single witness from the first."""
        for i, (cells, _) in posed.cells.items():
            numbers = first[i].reshape(-1).tolist()
            posed.moved[i] = [
                total([(1, cell)], -number) for cell, number in zip(cells.reshape(-1), numbers, strict=True)
            ]

    # in stages

    def stages(self) -> None:
        """Tensor by tensor, in their order. Raises NoWitness, TimeIsUp."""
        reach = [max(read, default=-1) for read in self.reads]
        for newest in range(len(self.program.tensors)):
            telling = (self.relations[k] for k, last in enumerate(reach) if last == newest)
            if newest in self.same or newest in self.fixed or not any(map(_tells, telling)):
                continue
            chosen, open_ = self._around(newest, reach)
            self._settle(chosen, open_)

    def _around(self, newest: int, reach: list[int]) -> tuple[list[int], set[int]]:
        """Relations of tensors up to this one that hang together with it by tensors which are not determined; these."""
        chosen: set[int] = set()
        waiting, open_ = [newest], {newest}
        usable = [k for k, last in enumerate(reach) if last <= newest]
        while waiting:
            tensor = waiting.pop()
            for k in usable:
                if tensor in self.reads[k] and k not in chosen:
                    chosen.add(k)
                    new = self.reads[k] - self.same - self.fixed.keys() - open_
                    open_ |= new
                    waiting += sorted(new)
        return sorted(chosen), open_

    def _settle(self, chosen: list[int], open_: set[int]) -> None:
        """All of the open tensors that no two witnesses of these relations have different are determined."""
        first: One = {}
        if self.numbers:
            posed = self._once(chosen)
            try:
                first = posed.witnesses(posed.some(self.ends_at, STAGE_OF_NUMBERS))[0]
            except TimeIsUp:
                self._in_time()
                return
            self._away_from(posed, first)
        else:
            posed = self._twice(chosen)
        if any(each.kind == "never" for each in posed.unknowns.constraints):
            raise NoWitness
        left = set(open_)
        pieces = parts(posed.unknowns)
        place = {index: k for k, part in enumerate(pieces) for each in part for index in each.variables}
        asked: list[list[tuple[int, Sum]]] = [[] for _ in pieces]
        for i in sorted(open_):
            for each in posed.moved[i]:
                if posed.unknowns.ends(each) == (0, 0):
                    continue
                at = {place.get(index) for index, _ in each.terms}
                (part,) = at if len(at) == 1 else (None,)
                if part is None:  # no relation reads the entry, or it is not one variable
                    left.discard(i)
                else:
                    asked[part].append((i, each))
        for part_, sums in zip(pieces, asked, strict=True):
            self._settle_part(posed, part_, sums, left)
        self.same |= left
        self.fixed |= {i: first[i].astype(object) for i in left if i in first}

    def _settle_part(self, posed: Posed, part: list[Constraint], sums: list[tuple[int, Sum]], left: set[int]) -> None:
        """Takes those out of `left` that move in some solution of the part."""
        while sums := [(i, each) for i, each in sums if i in left]:
            found = self._moves(posed, part, [each for _, each in sums])
            if found is None:
                return
            left -= {i for (i, _), moves in zip(sums, found, strict=True) if moves}

    def _moves(self, posed: Posed, part: list[Constraint], moved: list[Sum]) -> tuple[bool, ...] | None:
        """Which of these move in a solution in which one does; all of them, for all that is known, where that is much work."""
        key = pattern(posed.unknowns, part, moved)
        if key not in self._answers:
            question = Question(posed.unknowns, part, moved, exchangeable=not self.numbers)
            try:
                solution = question.solve(self.ends_at, STAGE_OF_NUMBERS if self.numbers else STAGE)
                self._answers[key] = None if solution is None else tuple(value(solution, each) != 0 for each in moved)
            except TimeIsUp:
                self._in_time()
                self._answers[key] = (True,) * len(moved)
        return self._answers[key]

    def _in_time(self) -> None:
        if monotonic() >= self.ends_at:
            raise TimeIsUp


def _tells(relation: Relation) -> bool:
    """Whether it may determine anything: a range of a single tensor does not."""
    return isinstance(relation, pg.Zero) or bool(relation.output.terms) or len(relation.input.terms) > 1
