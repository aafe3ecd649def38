"""What a service relays of its errors: nothing of a value inside the network, and inputs are looked at before secrets."""

from __future__ import annotations

import contextlib
import io
import json
import re
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from covert_network import QUERIES, SAMPLES, corners, network

import tacit
from tacit.cli.app import run as command
from tacit.cli.failures import describe
from tacit.errors import AllowanceExceeded, InputError, TacitError


@pytest.fixture(scope="module", params=[{"threshold": 0.0}, {"outputs": "committed"}], ids=["bit", "committed"])
def deployed(request: pytest.FixtureRequest) -> tuple[tacit.Program, tacit.Weights, tacit.Secret]:
    options = dict(request.param)
    if "threshold" in options:
        options["threshold"] = ("covert2", 0, options["threshold"])
    program, weights = tacit.compile(network(), calibration=SAMPLES, overflow="refuse", **options)
    return program, weights, tacit.commit_model(program, weights, refusals=1000)


def refusal(call: Callable[[], object]) -> TacitError | None:
    """No name of a hidden value is a local of this frame, which is part of the traceback."""
    try:
        call()
    except TacitError as error:
        return error
    return None


def all_that_is_said(error: TacitError) -> str:
    """The sentence, its parts, the JSON, the traceback with the locals of every frame, and all errors behind it."""
    texts = [str(error), repr(error), repr(error.args), json.dumps(describe(error))]
    texts += traceback.TracebackException.from_exception(error, capture_locals=True).format()
    behind: BaseException | None = error
    while behind is not None:
        texts.append(f"{behind!r} {behind.args!r} {vars(behind)!r}")
        behind = behind.__cause__ or behind.__context__
    return "\n".join(texts)


def numbers(text: str) -> set[str]:
    """Whole numbers of five digits or more: shorter ones are line numbers as well."""
    return set(re.findall(r"(?<![\d.])-?\d{5,}", text))


def test_sixty_refusals_say_the_same_and_no_hidden_value(deployed: Any) -> None:
    program, weights, secret = deployed
    calls: list[Callable[[Any, bool], object]] = [
        lambda x, detail: tacit.prove(program, secret, {"x": x}, detail=detail),
        lambda x, detail: tacit.run(program, weights, {"x": x}, detail=detail),
    ]
    before, said, hidden_values = secret.remaining, set(), set()
    queries = [x for x in corners(program) if refusal(lambda x=x: tacit.run(program, weights, {"x": x}))]
    assert len(queries) > QUERIES / 4, "hardly any corner is refused: the attack tries nothing"
    for x in queries:
        shown = refusal(lambda x=x: tacit.run(program, weights, {"x": x}, detail=True))
        assert shown is not None
        hidden = shown.details["hidden"]
        value = re.search(r"got (-?\d+) at \d+", hidden["reason"])
        assert value, hidden
        hidden_values.add(value[1])
        for call in calls:
            error = refusal(lambda x=x, call=call: call(x, False))
            assert isinstance(error, InputError)
            assert (error.slug, error.details) == ("execution", {})
            everything = all_that_is_said(error)
            assert value[1] not in numbers(everything)
            assert "covert" not in everything.replace("covert2", "")  # the output's name is public
            assert hidden["where"] == "covert2" or hidden["where"] not in everything
            said.add((str(error), repr(error), json.dumps(describe(error))))
    assert len(hidden_values) > len(queries) / 2, "all the same value: the attack would learn nothing anyway"
    assert len(said) == 1
    assert secret.remaining == before


def test_with_detail_the_sentence_is_the_same(deployed: Any) -> None:
    """A service may log `details` and relay the sentence."""
    program, _, secret = deployed
    for x in corners(program):
        plain = refusal(lambda x=x: tacit.run(program, secret, {"x": x}))
        if plain is None:
            continue
        full = refusal(lambda x=x: tacit.prove(program, secret, {"x": x}, detail=True))
        assert full is not None
        assert (str(full), repr(full)) == (str(plain), repr(plain))
        assert full.details["hidden"]["where"].startswith("covert")
        return
    pytest.fail("no corner is refused")


def test_many_at_once_and_a_test_set(deployed: Any) -> None:
    program, weights, _ = deployed
    x = np.concatenate(corners(program))
    plain, full = (tacit.run(program, weights, {"x": x}, detail=detail) for detail in (False, True))
    assert plain.refused
    assert plain.refused.keys() == full.refused.keys()
    assert len({str(error) for error in plain.refused.values()}) == 1
    assert not any(error.details for error in plain.refused.values())
    assert all("hidden" in error.details for error in full.refused.values())
    found, shown = (tacit.evaluate(program, weights, x, detail=detail) for detail in (False, True))
    assert found.reason is not None
    assert shown.reason is not None
    assert "covert" not in found.reason
    assert not numbers(found.reason)
    assert re.search(r"hidden: covert\w+: expected .*, got -?\d+ at \d+", shown.reason)


def printed(*line: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = command(list(line))
    return code, out.getvalue() + err.getvalue()


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program, weights = tacit.compile(
        network(), calibration=SAMPLES, threshold=("covert2", 0, 0.0), proofs=4, overflow="refuse"
    )
    monkeypatch.chdir(tmp_path)
    program.save("m.tacit")
    weights.save("m.weights")
    secret = tacit.commit_model(program, weights, refusals=1000)
    secret.save("model.secret")
    del secret
    x = next(x for x in corners(program) if refusal(lambda x=x: tacit.run(program, weights, {"x": x})))
    np.savez("one.npz", x=x)
    np.savez("two.npz", x=np.stack([x, x]))
    for line in (
        "prove m.tacit --model model.secret --input one.npz",
        "run m.tacit --weights m.weights --input one.npz",
        "run m.tacit --weights m.weights --input two.npz",
        "evaluate m.tacit --weights m.weights --input two.npz",
    ):
        for more in ([], ["--json"]):
            code, text = printed(*line.split(), *more)
            assert code == (0 if "two" in line else 1)
            assert "covert" not in text.replace("covert2", "")
            assert not numbers(text)
            code, text = printed(*line.split(), *more, "--show-hidden")
            assert re.search(r"covert\w+", text)
            assert re.search(r"got -?\d{5,} at \d+", text)


# --- inputs first -----------------------------------------------------------------------------------------------------


def test_a_value_out_of_range_comes_before_a_spent_secret(compiled: Any, sample: dict[str, Any]) -> None:
    program, weights = compiled
    secret = tacit.commit_model(program, weights, proofs=1)
    tacit.prove(program, secret, sample)
    with pytest.raises(AllowanceExceeded) as spent:
        tacit.prove(program, secret, sample)
    assert spent.value.slug == "allowance"
    for given in (secret, None):
        with pytest.raises(InputError) as refused:
            tacit.prove(program, given, {"x": np.full((1, 4), 1e5)})
        assert (refused.value.slug, refused.value.place) == ("range", "x")


def test_a_value_out_of_range_comes_before_a_locked_or_lost_journal(
    compiled: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, weights = compiled
    monkeypatch.chdir(tmp_path)
    program.save("m.tacit")
    np.savez("far.npz", x=np.full((1, 4), 1e5))
    np.savez("fine.npz", x=np.zeros((1, 4)))
    holder = tacit.commit_model(program, weights)
    holder.save("model.secret")
    journal = Path("model.secret.journal")
    before = journal.read_bytes()

    def slug(inputs: str) -> str:
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            command(["prove", "m.tacit", "--model", "model.secret", "--input", inputs, "--json"])
        return str(json.loads(out.getvalue())["error"]["slug"])

    assert (slug("fine.npz"), slug("far.npz")) == ("allowance_locked", "range")
    assert journal.read_bytes() == before
    del holder
    journal.unlink()
    assert (slug("fine.npz"), slug("far.npz")) == ("allowance_missing", "range")
    assert not journal.exists()
