"""Who vouches for a program: what a statement, a check and a comparison with the float model say."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from one_layer import ONE, SAMPLES, network

import tacit
from tacit import _native
from tacit import program as pg
from tacit.api.architecture import determined
from tacit.api.native import failures
from tacit.errors import InputError, ProgramError, TacitError

#: Proofs that a commitment is made for.
PROOFS = 3


@pytest.fixture(scope="module")
def honest() -> tuple[tacit.Program, tacit.Weights]:
    return tacit.compile(network(), calibration=SAMPLES, proofs=PROOFS, headroom=2.0)


def free(program: tacit.Program, architecture: bytes | None = None) -> tacit.Program:
    """The same program without the relation that ties its output, which is 12345 then; with an architecture of its choice."""
    p = pg.Program.decode(program._native.bytes())
    out = p.outputs[0].tensor
    zeros = tuple(z for z in p.zeros if not z.name.startswith("output "))
    hints: list[pg.Hint] = []
    for hint in p.hints:
        if isinstance(hint, pg.DigitsHint) and hint.quotient == out:
            hints += [dataclasses.replace(hint, quotient=None), pg.LinearHint(out, pg.Expr(12345))]
        else:
            hints.append(hint)
    from tacit.integer.architecture import digest_of

    data = program._native.architecture if architecture is None else architecture
    made = dataclasses.replace(p, zeros=zeros, hints=tuple(hints), architecture=digest_of(data))
    return tacit.Program(_native.Program(made.encode(), program._native.geometry(), PROOFS, "{}", data))


@pytest.mark.parametrize("carries", [True, False])
def test_a_program_with_a_free_output_proves_anything_and_a_check_finds_it(honest: Any, carries: bool) -> None:
    """It verifies, since it is a program; what it is not is the model, and the statement does not say that it were."""
    program, weights = honest
    made = free(program, None if carries else b"")
    secret = tacit.commit_model(made, dataclasses.replace(weights, program=made.digest))
    proof = tacit.prove(made, secret, ONE)
    known = tacit.Program.from_bytes(made.to_bytes())
    statement = tacit.verify(known, proof, model=secret.commitment)
    assert statement.architecture == ("not checked" if carries else "none")
    assert next(iter(statement.integers.values())).tolist() == [[12345] * 3]
    for look in (known.check, lambda: tacit.verify(known, proof, model=secret.commitment, require_check=True)):
        with pytest.raises(ProgramError) as caught:
            look()
        assert caught.value.slug == "architecture"
        assert ("another hints" if carries else "carries none") in caught.value.reason or "zeros" in caught.value.reason
    assert not known.checked


def test_what_is_checked_is_said(honest: Any) -> None:
    program, weights = honest
    secret = tacit.commit_model(program, weights)
    proof = tacit.prove(program, secret, ONE)
    assert program.checked  # it was compiled here
    known = tacit.Program.from_bytes(program.to_bytes())
    assert not known.checked
    assert known.architecture is not None
    assert "not checked" in str(known.architecture)
    assert tacit.verify(known, proof, model=secret.commitment).architecture == "not checked"
    assert tacit.verify(known, proof, model=secret.commitment, require_check=True).architecture == "checked"
    assert known.checked
    assert "computes exactly these layers" in str(known.check())
    assert [layer.operator for layer in known.architecture.layers] == ["Contract", "RoundRelu"]
    assert tacit.inspect(known)["architecture"]["architecture"] == "checked"


def test_a_file_with_another_architecture_is_refused(honest: Any) -> None:
    """The digest in the program, which a proof and a commitment name, is that of the file's architecture."""
    program = honest[0]
    encoded, geometry = program._native.bytes(), program._native.geometry()
    for other in (b"", b"{}", program._native.architecture + b" "):
        with pytest.raises(TacitError) as caught, failures():
            _native.Program(encoded, geometry, PROOFS, "{}", other)
        assert caught.value.slug == "architecture"


def test_the_float_model_is_compared_whatever_its_weights(honest: Any, tmp_path: Path) -> None:
    program = tacit.Program.from_bytes(honest[0].to_bytes())
    other = network()
    for tensor in other.graph.initializer:
        if tensor.name == "w":
            values = np.frombuffer(tensor.raw_data, dtype=np.float32)[::-1].copy()
            tensor.raw_data = values.tobytes()
    assert program.check(model=network()).checked
    assert program.check(model=other, calibration=SAMPLES).checked
    other.graph.node[1].op_type = "Sigmoid"
    with pytest.raises(ProgramError) as caught:
        program.check(model=other)
    assert (caught.value.slug, caught.value.place) == ("architecture", "model")
    assert "expected relu" in caught.value.reason
    assert "sigmoid" in caught.value.reason


def test_text_in_place_of_an_architecture_is_told_not_read(honest: Any) -> None:
    """`inspect` and `verify` work on such a program, and say that nobody vouches for it."""
    made = free(honest[0], b"trust me")
    told = tacit.inspect(made)["architecture"]
    assert told["architecture"] == "none"
    assert "not readable" in told["verdict"]
    with pytest.raises(ProgramError, match="well-formed"):
        made.check()


def test_a_small_program_is_searched_for_a_second_answer(honest: Any) -> None:
    """Two ways to the same end: lowering again names what is missing, the search shows two answers."""
    program = tacit.Program.from_bytes(honest[0].to_bytes())
    assert program.check(deep=True).determined == "unique"
    made = free(honest[0])
    with pytest.raises(ProgramError) as caught:
        determined(made._native.bytes(), 60.0)
    assert caught.value.slug == "witnesses"
    assert "can be" in caught.value.reason


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"batch": 0}, "batch"),
        ({"batch": True}, "batch"),
        ({"batch": 1.0}, "batch"),
        *(({"seconds": s}, "seconds") for s in (0, -1.0, float("nan"), float("inf"), "1")),
    ],
)
def test_wrong_options_of_a_check_are_named(honest: Any, options: dict[str, Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        honest[0].check(**options)
    assert caught.value.place == place
