"""The checker notices what it is there for, and the shrinker keeps what fails."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import graph_check
import numpy as np
import pytest
from graph_case import Call, Case, Input
from graph_check import BEYOND, check
from graph_hunt import Hunt, write
from graph_random import random_case
from graph_shrink import shrink

from tacit.compiler.ties import Doubts
from tacit.errors import QuantizationError
from tacit.graph import Node
from tacit.importers import load
from tacit.integer.operators.arithmetic import Times
from tacit.quantize.calibration import calibrate
from tacit.quantize.quantizer import RULES, Quantizer, QValue


def chain(*ops: str, **attrs: Any) -> Case:
    """x through operators of one input, of shape (1, 5)."""
    case = Case(5, limb=8, inputs={"x": Input((1, 5))})
    names = ["x", *(f"t{i}" for i in range(len(ops)))]
    case.nodes = [Call(op, [names[i]], [names[i + 1]], attrs) for i, op in enumerate(ops)]
    case.outputs = {names[-1]: "float32"}
    return case


def test_a_good_case() -> None:
    verdict = check(chain("Relu", "Tanh"))
    assert verdict.outcome == "ok"
    assert 0 < verdict.error < 1e-3


def test_a_scale_that_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes an operation to move one; a rule with one too many is stopped by the compiler, and found without that."""
    rule = RULES["Relu"]

    def halved(q: Quantizer, node: Node) -> QValue:
        v = rule(q, node)
        return replace(v, value=q.emit(Times(1, 1), [v.value], "half"))

    monkeypatch.setitem(RULES, "Relu", halved)
    stopped = check(chain("Relu"))
    assert (stopped.outcome, stopped.reason.split(":")[0]) == ("refused", "accuracy")
    monkeypatch.setattr("tacit.compiler.pipeline.refuse_gross", lambda *_: None)
    verdict = check(chain("Relu"))
    assert (verdict.outcome, verdict.reason) == ("WRONG", BEYOND)
    assert verdict.error == pytest.approx(0.5, rel=1e-3)


def test_a_report_that_is_not_true(monkeypatch: pytest.MonkeyPatch) -> None:
    real = graph_check.compile_model

    def compile_model(*args: Any, **options: Any) -> Any:
        compiled, weights = real(*args, **options)
        errors = {name: replace(e, relative=e.relative / 2) for name, e in compiled.accuracy.outputs.items()}
        return replace(compiled, accuracy=replace(compiled.accuracy, outputs=errors)), weights

    monkeypatch.setattr(graph_check, "compile_model", compile_model)
    verdict = check(chain("Tanh"))
    assert (verdict.outcome, verdict.reason) == ("WRONG", "report")


def test_weights_that_are_others(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case(5, limb=8, inputs={"x": Input((1, 3))}, constants={"w": np.eye(3, dtype=np.float32)})
    case.nodes, case.outputs = [Call("MatMul", ["x", "w"], ["y"])], {"y": "float32"}
    assert check(case).outcome == "ok"
    real = graph_check.compile_model

    def compile_model(*args: Any, **options: Any) -> Any:
        compiled, weights = real(*args, **options)
        return compiled, replace(weights, tensors=tuple((name, values // 2) for name, values in weights.tensors))

    monkeypatch.setattr(graph_check, "compile_model", compile_model)
    verdict = check(case)
    assert (verdict.outcome, verdict.reason) == ("mismatch", "execution")


def test_refusals_and_crashes(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(q: Any, node: Any) -> Any:
        raise QuantizationError("a mean of 7 entries", place=node.name)

    monkeypatch.setitem(RULES, "Relu", refuse)
    verdict = check(chain("Relu"))
    assert (verdict.outcome, verdict.reason) == ("refused", "quantization: a mean of # entries")

    def crash(q: Any, node: Any) -> Any:
        raise KeyError(node.name)

    monkeypatch.setitem(RULES, "Relu", crash)
    verdict = check(chain("Relu"))
    assert verdict.outcome == "crash"
    assert verdict.reason.startswith("KeyError")
    assert verdict.failed


def test_what_onnxruntime_refuses_is_no_failure() -> None:
    assert check(chain("Relu", axis=1)).outcome == "invalid"


def test_only_entries_near_a_tie_are_in_doubt() -> None:
    case = chain("Relu")
    case.constants = {"c": np.array(0.5, dtype=np.float32)}
    case.nodes, case.outputs = [Call("Greater", ["x", "c"], ["y"])], {"y": "bool"}
    graph = load(case.model())
    doubts = Doubts(graph, calibrate(graph, {"x": np.array([[[1.0, -1.0, 0.5, 0.0, 0.0]]])}))
    unsure = doubts.of({"x": np.array([[0.5, 0.501, 0.52, 0.48, 0.4995]])})
    assert unsure["y"].tolist() == [[True, True, False, False, True]]


def test_the_least_case_that_fails() -> None:
    seed = next(s for s in range(200) if len(random_case(s).nodes) > 5 and "Softmax" in random_case(s).operators())
    case = random_case(seed)
    least = shrink(case, lambda one: "Softmax" in one.operators(), seconds=20)
    assert least.operators() == ["Softmax"]
    assert len(least.outputs) == 1
    assert least.ranks == {}


def test_a_written_case_comes_back(tmp_path: Path) -> None:
    case = random_case(11)
    write(case, check(case), tmp_path / "case.json")
    assert Case.load(tmp_path / "case.json").to_json() == case.to_json()
    assert "make_node" in case.to_python()


def test_the_long_run(tmp_path: Path) -> None:
    """One result of one process, and nothing left of it."""
    hunt = Hunt(0, 1, tmp_path)
    results = hunt.run(60)
    first = next(results)
    results.close()
    assert first.seed == 0
    assert first.operators == tuple(random_case(0).operators())
    hunt.workers[0].join(10)
    assert not hunt.workers[0].is_alive()
