"""Whatever an operator's operands are, its relations leave one result: searched for at toy width, by a constraint solver.

Left without any one of its relations, an operator has a second result, or `validate` refuses it: none is there for nothing, and
the search finds what it is made to find.
"""

from __future__ import annotations

import numpy as np
import pytest
from judge import holds, relations, without
from toys import TOYS, operators

from tacit.errors import ProgramError
from tacit.uniqueness import second_witness

#: Seconds for a search, most of which need few hundredths: on a busy machine.
SECONDS = 60.0


def test_every_operator_has_a_toy() -> None:
    missing = operators() - {type(toy.op) for toy, _ in TOYS.values()}
    assert not missing, f"add a case to tests/determinism/toys.py for {sorted(kind.__name__ for kind in missing)}"


@pytest.mark.parametrize("name", TOYS)
def test_one_result(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, settings = TOYS[name]
    program = toy.program(settings, monkeypatch)
    verdict = second_witness(program, seconds=SECONDS)
    assert verdict.unique, verdict.reason
    x = [verdict.witness[port.name] for port in program.inputs]
    expected = toy.op.meaning(*x) if toy.after is None else toy.op.meaning(toy.after.meaning(*x))
    assert np.array_equal(verdict.witness["y"], expected), "the one witness that is shown is the operator's meaning"


#: Relations of a toy that follow from its others, with the reason. One that has come to be needed fails the test, too.
IMPLIED = {
    (
        "RoundMax(shift=1, bits=6, axes=1, relu=True, most=4) signs 1x3 wide",
        "lookup op.max",
    ): "the digits of m - lo bound m, "
    "and so do those of m - hi: its range is checked for the forms that have no such digits",
}


@pytest.mark.parametrize("name", [name for name, (toy, _) in TOYS.items() if toy.thorough])
def test_no_relation_is_there_for_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    toy, settings = TOYS[name]
    program = toy.program(settings, monkeypatch)
    for relation in relations(program):
        left = without(program, relation)
        try:
            verdict = second_witness(left, seconds=SECONDS)
        except ProgramError:
            assert (name, relation) not in IMPLIED, f"{relation}: the program is refused without it"
            continue
        assert (verdict.answer == "unique") == ((name, relation) in IMPLIED), f"without {relation}: {verdict.answer}"
        if verdict.second is not None:
            first, second = verdict.second.witnesses
            assert holds(left, first), relation
            assert holds(left, second), relation
            assert [first[given].tolist() for given in verdict.givens] == [
                second[given].tolist() for given in verdict.givens
            ]
            assert first["y"].tolist() != second["y"].tolist()


def test_what_is_said_to_follow_is_there() -> None:
    for name, relation in IMPLIED:
        toy, settings = TOYS[name]
        with pytest.MonkeyPatch.context() as patch:
            assert toy.thorough
            assert relation in relations(toy.program(settings, patch))
