"""Is there a second witness: the same givens, all relations satisfied, and another output?

The givens are the slabs and the inputs, but for what is an output: fixed numbers, or all that their intervals hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import TypeAlias

import numpy as np

from tacit import program as pg
from tacit.errors import InputError
from tacit.exact import outside
from tacit.program.intervals import check_program, validate
from tacit.uniqueness.questions import Array, NoWitness, One, Questions, Two
from tacit.uniqueness.relations import entries, places
from tacit.uniqueness.solver import OutOfReach, TimeIsUp, library
from tacit.uniqueness.unknowns import Interval
from tacit.uniqueness.verdict import Second, Verdict

#: Entries that a translation may walk through (`relations.entries`): about a minute, and some hundred MB.
MOST_ENTRIES = 1 << 19
#: Work for a question of the whole program before stages, in the solver's own count: about a second.
AT_ONCE = 0.2
#: Names of the givens and of the outputs.
Names: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]


def second_witness(
    program: pg.Program,
    *,
    givens: Mapping[str, Array] | None = None,
    seconds: float = 60.0,
    most_entries: int = MOST_ENTRIES,
) -> Verdict:
    """Whether the givens determine the outputs, by a search for two witnesses that say otherwise.

    `givens`: integers of inputs and slab tensors, by the tensors' addresses (`tacit.program.addresses`), in their shapes; what
    is not named is any number of its interval. Raises ProgramError where `validate` refuses the program, InputError for a given
    that does not fit, MissingDependency without OR-tools.
    """
    library()
    known = _known(program)
    outputs, given = _roles(program)
    names = pg.addresses(program.slabs, program.tensors)
    told = tuple(names[i] for i in given), tuple(names[i] for i in outputs)
    walked = entries(program)
    if walked > most_entries:
        return Verdict("out of reach", f"{walked} entries, the search is for up to {most_entries}", *told)
    fixed = _fixed(program, given, givens or {})
    questions = Questions(program, known, fixed, set(given), monotonic() + seconds)
    try:
        return _decide(questions, outputs, told)
    except OutOfReach as error:
        return Verdict("out of reach", str(error), *told)
    except TimeIsUp:
        return Verdict("undecided", f"no answer within {seconds:g} seconds", *told)


def _decide(questions: Questions, outputs: list[int], told: Names) -> Verdict:
    try:
        pair, witness = (_numbers if questions.numbers else _symbols)(questions, outputs)
    except NoWitness:
        return Verdict("none", "no witness satisfies the relations with these givens", *told)
    tensors = questions.program.tensors
    if pair is None:
        reason = "every witness with the same givens has the same outputs"
        return Verdict("unique", reason, *told, witness=questions.by_name(witness))
    output, index = next(
        (i, at) for i in outputs for at in places(tensors[i].shape) if pair[0][i][at] != pair[1][i][at]
    )
    values = int(pair[0][output][index]), int(pair[1][output][index])
    name = pg.addresses(questions.program.slabs, tensors)[output]
    second = Second(name, index, values, (questions.by_name(pair[0]), questions.by_name(pair[1])))
    entry = f"{second.output}[{', '.join(map(str, index))}]" if index else second.output
    return Verdict("second", f"{entry} can be {values[0]} and {values[1]} with the same givens", *told, second=second)


def _numbers(questions: Questions, outputs: list[int]) -> tuple[Two | None, One]:
    """Two witnesses with other outputs, if there are, and one, where all givens are numbers: of the whole at once, in stages
    where that is much work."""
    try:
        return questions.another(outputs, AT_ONCE)
    except TimeIsUp:
        questions.stages()
        return questions.another(outputs)


def _symbols(questions: Questions, outputs: list[int]) -> tuple[Two | None, One]:
    """The same where some are symbols."""
    try:
        pair = questions.two(outputs, AT_ONCE)
    except TimeIsUp:
        questions.stages()
        pair = questions.two(outputs)
    return pair, {} if pair is not None else questions.some()


def _known(program: pg.Program) -> dict[int, Interval]:
    """What is proven of every tensor. One without an interval is in no relation, or `validate` would refuse it."""
    validate(program)
    known = dict(check_program(program).known)
    for i, tensor in enumerate(program.tensors):
        known.setdefault(i, (tensor.lo, tensor.hi))
    return known


def _roles(program: pg.Program) -> tuple[list[int], list[int]]:
    """Outputs: the ports, and what else the verifier is shown. Givens: all inputs and slabs that are none.

    What is an input and an output is an output: that one is the prover's to choose, and the search says so.
    """
    outputs = {port.tensor for port in program.outputs}
    inputs = {port.tensor for port in program.inputs} - outputs
    for i, tensor in enumerate(program.tensors):
        if isinstance(tensor.place, pg.Public) and i not in inputs:
            outputs.add(i)
        elif isinstance(tensor.place, pg.Slab) and i not in outputs:
            inputs.add(i)
    return sorted(outputs), sorted(inputs)


def _fixed(program: pg.Program, given: Iterable[int], values: Mapping[str, Array]) -> dict[int, Array]:
    """Constants and the given numbers, as arrays of Python integers in the tensors' shapes."""
    found = {
        i: np.array(t.place.values, dtype=object).reshape(t.shape)
        for i, t in enumerate(program.tensors)
        if isinstance(t.place, pg.Constant)
    }
    names = pg.addresses(program.slabs, program.tensors)
    places_of = {names[i]: i for i in given}
    for name, array in values.items():
        if name not in places_of:
            raise InputError("no input or slab tensor of this name", slug="extra", place=name)
        tensor = program.tensors[places_of[name]]
        exact = np.array([int(v) for v in np.asarray(array).reshape(-1)], dtype=object)
        if exact.size != np.prod(tensor.shape, dtype=int):
            raise InputError(f"expected the shape {list(tensor.shape)}", slug="shape", place=name)
        if (worst := outside(exact, tensor.lo, tensor.hi)) is not None:
            raise InputError(f"expected integers in [{tensor.lo}, {tensor.hi}], got {worst}", slug="range", place=name)
        found[places_of[name]] = exact.reshape(tensor.shape)
    return found
