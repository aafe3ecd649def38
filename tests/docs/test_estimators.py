"""docs/reference/estimators.md: every estimator on the page is taken, and gives what the page says, or is refused."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("skl2onnx")

from sklearn.utils import all_estimators

from tacit.errors import ModelError
from tacit.graph import evaluate
from tacit.importers import load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "estimators.md").read_text(encoding="utf-8")
METHODS = ("predict_proba", "decision_function", "predict", "transform")
ROWS = [
    (name, cells)
    for names, cells in re.findall(r"^\| ([A-Z]\w+(?:, \w+)*) \| (.+) \|$", PAGE, re.MULTILINE)
    for name in names.split(", ")
]
TAKEN = [(name, method) for name, method in ROWS if method in METHODS]
REFUSED = [name for name, why in ROWS if why not in METHODS]

RNG = np.random.default_rng(3)
SAMPLES = RNG.normal(size=(120, 6)).astype(np.float32).astype(np.float64)  # the same numbers for both sides
SCORES = SAMPLES @ RNG.normal(size=(6, 3))


def fitted(name: str, kind: str) -> Any:
    """The estimator with its defaults, on numbers that anything linear can learn."""
    estimator = dict(all_estimators())[name]()
    targets = SCORES.argmax(axis=1) if kind in ("predict_proba", "decision_function") else SCORES[:, 0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(SAMPLES, SCORES[:, :2] if name.startswith("MultiTask") else targets)


def test_the_page_has_many() -> None:
    assert len(TAKEN) >= 50
    assert len(REFUSED) >= 20
    assert len({name for name, _ in ROWS}) == len(ROWS)


@pytest.mark.parametrize(("name", "method"), TAKEN, ids=[name for name, _ in TAKEN])
def test_it_is_taken(name: str, method: str) -> None:
    estimator = fitted(name, method)
    graph = load(estimator)
    (output,) = graph.outputs
    found = evaluate(graph, {graph.inputs[0]: SAMPLES[:20]})[output].reshape(20, -1)
    own = np.asarray(getattr(estimator, method)(SAMPLES[:20])).reshape(20, -1)
    np.testing.assert_allclose(found, own, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused(name: str) -> None:
    classifier = name.endswith(("Classifier", "SVC", "NB", "Analysis"))
    with pytest.raises(ModelError) as refusal:
        load(fitted(name, "predict_proba" if classifier else "predict"))
    assert refusal.value.slug == "unsupported_operator"
