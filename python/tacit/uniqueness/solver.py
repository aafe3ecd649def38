"""Constraints as CP-SAT's, the parts that they fall into, and its answers.

CP-SAT computes in 64 bits: whatever could leave [-MOST, MOST] is refused here with the name of the relation or tensor.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from time import monotonic
from typing import Any, TypeAlias

from tacit.errors import MissingDependency
from tacit.uniqueness.sums import Sum
from tacit.uniqueness.unknowns import Constraint, Unknowns

#: Half of what CP-SAT takes: it adds slack of its own.
MOST = 1 << 61
#: The value of every variable of a question.
Solution: TypeAlias = dict[int, int]


class OutOfReach(Exception):
    """Numbers that the solver has no room for."""


class TimeIsUp(Exception):
    """No answer within the work or the time."""


def library() -> Any:
    """OR-tools' CP-SAT. Raises MissingDependency."""
    try:
        from ortools.sat.python import cp_model
    except ImportError as error:
        raise MissingDependency(
            "OR-tools is not installed", place="uniqueness", remedy="pip install 'tacit[check]'"
        ) from error
    return cp_model


def value(solution: Solution, of: Sum) -> int:
    """A sum in a solution."""
    return of.constant + sum(coef * solution[index] for index, coef in of.terms)


class Question:
    """Some constraints of `unknowns`, as a model; at least one of the sums `moved` is not 0, if there are any.

    `exchangeable`: the two witnesses may change places, so that a single difference is positive.
    """

    def __init__(
        self, unknowns: Unknowns, constraints: Iterable[Constraint], moved: Sequence[Sum], *, exchangeable: bool
    ) -> None:
        self.library, self.unknowns, self.place = library(), unknowns, ""
        self.model = self.library.CpModel()
        self.variables: dict[int, Any] = {}
        for each in constraints:
            self.place = each.place
            self._add(each)
        if moved and exchangeable and len(moved) == 1:
            self.model.add(self.expression(moved[0]) >= 1)
        elif moved:
            self.model.add_bool_or([self._other(each) for each in moved])

    def expression(self, of: Sum) -> Any:
        """The sum as CP-SAT's."""
        ends = self.unknowns.intervals
        magnitude = sum(abs(coef) * max(map(abs, ends[index])) for index, coef in of.terms) + abs(of.constant)
        if magnitude > MOST:
            raise OutOfReach(f"{self.place}: numbers of {magnitude.bit_length()} bits, the solver has 61")
        chosen = [self._variable(index) for index, _ in of.terms]
        return self.library.LinearExpr.weighted_sum(chosen, [coef for _, coef in of.terms]) + of.constant

    def _variable(self, index: int) -> Any:
        if index not in self.variables:
            self.variables[index] = self.model.new_int_var(*self.unknowns.intervals[index], "")
        return self.variables[index]

    def _other(self, of: Sum) -> Any:
        """A literal that holds only where the sum is not 0."""
        found = self.model.new_bool_var("")
        self.model.add(self.expression(of) != 0).only_enforce_if(found)
        return found

    def _add(self, constraint: Constraint) -> None:
        model, data = self.model, constraint.data
        sums = [self.expression(each) for each in constraint.sums]
        match constraint.kind:
            case "zero":
                model.add(sums[0] == 0)
            case "within":
                assert isinstance(data, tuple)
                model.add_linear_constraint(sums[0], *data)
            case "product":
                model.add_multiplication_equality(sums[0], sums[1:])
            case "factor":
                literals = [model.new_bool_var("") for _ in sums]
                for literal, each in zip(literals, sums, strict=True):
                    model.add(each == 0).only_enforce_if(literal)
                model.add_bool_or(literals)
            case "follows":
                model.add(sums[1] == 0).only_enforce_if(self._other(constraint.sums[0]).negated())
            case "least":
                model.add_max_equality(sums[0], [sums[1], data])
            case "most":
                model.add_min_equality(sums[0], [sums[1], data])
            case "sign":
                literal = self._variable(constraint.sums[0].terms[0][0])
                model.add(sums[1] >= 0).only_enforce_if(literal)
                model.add(sums[1] <= -1).only_enforce_if(literal.negated())
            case "row":
                model.add_element(sums[1], data, sums[0])
            case "never":
                model.add_bool_or([])

    def solve(self, ends_at: float, work: float | None) -> Solution | None:
        """The variables that occur, or None where there is no solution. One thread, one seed.

        `work`: a limit in the solver's own count, the same on every machine. Raises TimeIsUp.
        """
        solver = self.library.CpSolver()
        left = ends_at - monotonic()
        if left <= 0:
            raise TimeIsUp
        solver.parameters.max_time_in_seconds = left
        if work is not None:
            solver.parameters.max_deterministic_time = work
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = 1
        status = solver.status_name(solver.solve(self.model))
        if status == "INFEASIBLE":
            return None
        if status == "UNKNOWN":
            raise TimeIsUp
        if status == "MODEL_INVALID":
            raise OutOfReach(f"{self.place}: {self.model.validate()[:200]}")
        return {index: int(solver.value(each)) for index, each in self.variables.items()}


def whole(unknowns: Unknowns, solution: Solution) -> Solution:
    """With the variables that no constraint reads: anything of their intervals."""
    return {index: solution.get(index, lo) for index, (lo, _) in enumerate(unknowns.intervals)}


def parts(unknowns: Unknowns) -> list[list[Constraint]]:
    """The constraints in parts that have no variable in common but shared ones, which may be anything in each.

    What holds of shared variables alone is left out. So a part has more solutions than the whole, and where nothing is shared
    just those of the whole.
    """
    parent = list(range(len(unknowns.intervals)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    found: dict[int, list[Constraint]] = {}
    own = [[index for index in each.variables if not unknowns.shared[index]] for each in unknowns.constraints]
    for indices in own:
        for index in indices[1:]:
            parent[root(index)] = root(indices[0])
    for constraint, indices in zip(unknowns.constraints, own, strict=True):
        if indices:
            found.setdefault(root(indices[0]), []).append(constraint)
        elif constraint.kind == "never":
            found.setdefault(-1, []).append(constraint)
    return list(found.values())


def pattern(unknowns: Unknowns, part: Iterable[Constraint], moved: Iterable[Sum]) -> Hashable:
    """What a question is but for the numbers of its variables: two of one pattern have one answer."""
    number: dict[int, int] = {}

    def renamed(of: Sum) -> Hashable:
        return of.constant, tuple((number.setdefault(index, len(number)), coef) for index, coef in of.terms)

    relations = tuple((each.kind, each.data, tuple(map(renamed, each.sums))) for each in part)
    asked = tuple(map(renamed, moved))
    return relations, asked, tuple(unknowns.intervals[index] for index in number)
