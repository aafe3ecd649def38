"""What the search says: it finds an output that is tied to nothing, and says where it has no answer."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from execution import execute
from judge import holds, relations, without
from nets import mlp
from test_pipeline import samples

from tacit import program as pg
from tacit.compiler.pipeline import compile_model
from tacit.errors import InputError, MissingDependency, ProgramError
from tacit.integer.operators.rounding import Round
from tacit.program.builder import Builder, Settings
from tacit.quantize import Options
from tacit.uniqueness import second_witness


def network(**options: Any) -> tuple[pg.Program, dict[str, Any]]:
    """A layer, a ReLU and a layer, compiled; its weights and one input, by the names of the tensors."""
    graph = mlp(widths=(4, 3, 2))
    x = samples(graph, 24)
    compiled, weights = compile_model(graph, calibration=x, **options)
    return compiled.program, dict(weights.tensors) | {name: compiled.quantize(name, x[name][0]) for name in x}


def freed(program: pg.Program) -> pg.Program:
    """The attack: the program less what ties its output to the network. Its hints write what its author likes."""
    (port,) = program.outputs
    hints: list[pg.Hint] = []
    for hint in program.hints:
        if isinstance(hint, pg.DigitsHint) and hint.quotient == port.tensor:
            hints += [replace(hint, quotient=None), pg.LinearHint(port.tensor, pg.Expr(77))]
        else:
            hints.append(hint)
    zeros = tuple(zero for zero in program.zeros if not zero.name.startswith("output "))
    return replace(program, zeros=zeros, hints=tuple(hints))


@pytest.mark.parametrize("inputs", ["private", "committed", "public"])
def test_a_compiled_program_has_one_answer_for_all_weights_and_inputs(inputs: str) -> None:
    program, _ = network(inputs=inputs)
    verdict = second_witness(program)
    assert verdict.unique, verdict.reason
    assert "x" in verdict.givens
    assert verdict.outputs == tuple(program.tensors[port.tensor].name for port in program.outputs)
    assert holds(program, verdict.witness)


@pytest.mark.parametrize("outputs", ["public", "committed"])
@pytest.mark.parametrize("numbers", [False, True])
def test_an_output_that_is_tied_to_nothing_is_found(numbers: bool, outputs: str) -> None:
    """The package takes such a program: it executes, and what the verifier checks of it is right."""
    program, given = network(outputs=outputs)
    attack = freed(program)
    output = attack.tensors[attack.outputs[0].tensor].name
    assert set(execute(attack, given).named(output).reshape(-1).tolist()) == {77}
    verdict = second_witness(attack, givens=given if numbers else None)
    assert verdict.answer == "second"
    assert verdict.second is not None
    assert verdict.second.output == output
    first, second = verdict.second.witnesses
    assert verdict.second.values == (first[output][verdict.second.index], second[output][verdict.second.index])
    assert verdict.second.values[0] != verdict.second.values[1]
    for witness in (first, second):
        assert holds(attack, witness)
        assert all(np.array_equal(witness[name], first[name]) for name in verdict.givens)
    assert second_witness(program, givens=given if numbers else None).unique


def test_an_output_that_no_relation_reads_is_found() -> None:
    program, given = network()
    place = len(program.tensors)
    more = pg.Tensor("more", (2,), pg.Public(), 0, 9)
    hints = (*program.hints, pg.LinearHint(place, pg.Expr(3)))
    port = pg.Port("more", place, 0)
    attack = replace(program, tensors=(*program.tensors, more), hints=hints, outputs=(*program.outputs, port))
    for givens in (None, given):
        verdict = second_witness(attack, givens=givens)
        assert verdict.second is not None
        assert verdict.second.output == "more"
    # Nor is it enough to call it an input, too, or no output.
    both = replace(attack, inputs=(*attack.inputs, port))
    hidden = replace(attack, outputs=program.outputs)
    for attack in (both, hidden):
        found = second_witness(attack).second
        assert found is not None
        assert found.output == "more"


def toy(bits: int = 5, given_bits: int = 6) -> Builder:
    """round(x / 2) of a public x."""
    builder = Builder("toy", Settings(2, 2))
    half = 1 << (given_bits - 1)
    x = builder.tensor("x", (1,), pg.Public(), (-half, half - 1))
    builder.inputs.append(pg.Port("x", x, 0))
    builder.commit("y", Round(1, bits).lower(builder, "op", builder.whole(x)))
    builder.outputs.append(pg.Port("y", len(builder.tensors) - 1, 0))
    return builder


def test_givens_without_a_witness_are_told() -> None:
    """An x whose rounding has no room: the program is not defined there."""
    program = toy(bits=3).build()
    assert second_witness(program).unique
    assert second_witness(program, givens={"x": np.array([5])}).witness["y"].tolist() == [3]
    assert second_witness(program, givens={"x": np.array([31])}).answer == "none"


def test_a_contradiction_is_no_unique_answer() -> None:
    builder = toy()
    y = builder.whole(len(builder.tensors) - 1)
    for k in (0, 1):
        builder.zero(f"is {k}", (1,), (1, y.expr), (1, pg.Expr(k)))
    assert second_witness(builder.build()).answer == "none"


def test_a_program_that_validate_refuses_is_no_program() -> None:
    """A witness tensor of which nothing is proven."""
    program = toy().build()
    free = replace(program, lookups=tuple(each for each in program.lookups if each.name != "op.0"))
    with pytest.raises(ProgramError):
        second_witness(free)


def test_a_larger_program_is_out_of_reach() -> None:
    verdict = second_witness(toy().build(), most_entries=10)
    assert verdict.answer == "out of reach"
    assert "entries" in verdict.reason


def test_numbers_of_more_bits_than_the_solver_has_are_named() -> None:
    builder = Builder("wide", Settings(16, 16))
    x, y, z = (builder.tensor(name, (1,), pg.Public(), (-(2**60), 2**60)) for name in "xyz")
    builder.inputs.append(pg.Port("x", x, 0))
    builder.zero("relation", (1,), (1, builder.whole(x).expr), *((-1, builder.whole(i).expr) for i in (y, z)))
    verdict = second_witness(builder.build())
    assert verdict.answer == "out of reach"
    assert re.fullmatch(r"(relation|[xyz]): numbers of 6[23] bits, the solver has 61", verdict.reason)


def test_the_time_is_up() -> None:
    assert second_witness(network()[0], seconds=0.0).answer == "undecided"


@pytest.mark.parametrize(
    ("givens", "slug"), [({"z": [1]}, "extra"), ({"x": [1, 2]}, "shape"), ({"x": [99]}, "range"), ({"y": [1]}, "extra")]
)
def test_givens_that_do_not_fit_are_named(givens: dict[str, list[int]], slug: str) -> None:
    with pytest.raises(InputError) as error:
        second_witness(toy().build(), givens={name: np.array(values) for name, values in givens.items()})
    assert error.value.slug == slug


def test_without_the_solver_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ortools.sat.python", None)
    with pytest.raises(MissingDependency, match=r"pip install 'tacit\[check\]'"):
        second_witness(toy().build())


def test_no_relation_of_a_compiled_program_is_there_for_nothing() -> None:
    """Of the whole network, for all weights and inputs: less any relation, it has a second answer or is refused."""
    program, _ = network(settings=Settings(6, 6), options=Options(activation_bits=9, least_weight_bits=7))
    assert second_witness(program).unique
    for relation in relations(program):
        left = without(program, relation)
        try:
            verdict = second_witness(left, seconds=100)
        except ProgramError:
            continue
        assert verdict.second is not None, f"{relation}: {verdict.answer}"
        assert all(holds(left, witness) for witness in verdict.second.witnesses)


@pytest.mark.parametrize("x", [-1, 0, 1, 2])
def test_a_product_of_givens_that_is_not_zero_has_no_witness(x: int) -> None:
    """x (x - 1) = 0 where x is a number: no variable is left in it, and it counts all the same."""
    builder = Builder("givens", Settings())
    given = builder.tensor("x", (1,), pg.Public(), (-2, 2))
    builder.inputs.append(pg.Port("x", given, 0))
    value = builder.whole(given)
    builder.vanishing("product", value, builder.sum((1, value), constant=-1))
    builder.commit("y", value)
    builder.outputs.append(pg.Port("y", len(builder.tensors) - 1, 0))
    verdict = second_witness(builder.build(), givens={"x": np.array([x])})
    assert verdict.answer == ("unique" if x in (0, 1) else "none")
