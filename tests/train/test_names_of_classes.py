"""Classes of a model and of a schema that are written otherwise: by what they say, and never the other way round."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.neural_network import MLPClassifier

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile
from tacit.train.classes import class_places
from tacit.train.floats import scores

COLUMNS = [Column.number(f"x{i}", -2, 2, center=0, scale=1) for i in range(3)]
X = np.random.default_rng(0).uniform(-2, 2, (300, 3))
Y = (X @ [1.0, -2, 0.5] > 0).astype(int)
THIRDS = np.digitize(X @ [1.0, -2, 0.5], [-1, 1])


def compiled(model: Any, label: Label) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        optimizer = SGD(0.25, 4, 1, order="committed")
        return compile(model, schema=Schema(COLUMNS, label), optimizer=optimizer, records=4, evaluate=0)


def chosen(made: Deployment, names: tuple[str, ...]) -> list[str]:
    network = made.description.plan.network
    found = scores(network, made.real(made.initial), X)[network.scores].reshape(len(X), -1)
    places = (found[:, 0] >= 0).astype(int) if found.shape[1] == 1 else found.argmax(1)
    return [names[place] for place in places]


@pytest.mark.parametrize(
    ("own", "names", "places"),
    [
        ([0.0, 1.0], ("1", "0"), [1, 0]),
        ([False, True], ("true", "false"), [1, 0]),
        ([False, True], ("1", "0"), [1, 0]),
        ([np.False_, np.True_], ("Yes", "No"), [1, 0]),
        ([0, 1], ("true", "false"), [1, 0]),
        ([0, 1], ("yes", "no"), [1, 0]),
        ([0, 1], ("y", "n"), [1, 0]),
        ([0, 1], ("1.0", "0.0"), [1, 0]),
        ([0, 1], ("01", "00"), [1, 0]),
        (["0", "1"], ("true", "false"), [1, 0]),
        ([0.0, 1.0, 2.0], ("2", "1", "0"), [2, 1, 0]),
        ([1.0, 2.0, 3.0], ("3", "1", "2"), [2, 0, 1]),
        ([-1, 1], ("1", "-1"), [1, 0]),
        ([0, 1], ("n", "y"), [0, 1]),
        ([0, 1], ("healthy", "ill"), [0, 1]),
        ([0, 1, 2], ("f", "t", "x"), [0, 1, 2]),
        ([0, 1], ("m", "f"), [0, 1]),
        ([0, 1, 2], ("1", "2", "3"), None),
        ([0, 1, 2], ("2", "1", "none"), None),
        ([0, 1], ("true", "maybe"), None),
        ([0, 1], ("1", "1.0"), None),
        ([1, 2], ("healthy", "ill"), None),
        (["a", "b"], ("b", "c"), None),
        ([0, 1, 2], ("a", "b"), None),
    ],
)
def test_places(own: list[Any], names: tuple[str, ...], places: list[int] | None) -> None:
    assert class_places(own, names) == places


@pytest.mark.parametrize("model", [LogisticRegression(), MLPClassifier((4,), max_iter=99), Perceptron()], ids=str)
@pytest.mark.parametrize("kind", [float, bool], ids=["float", "bool"])
@pytest.mark.parametrize("names", [("1", "0"), ("true", "false")], ids=str)
def test_the_first_base_says_the_class_that_the_estimator_says(model: Any, kind: Any, names: tuple[str, ...]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, Y.astype(kind))
    found = chosen(compiled(model, Label.flag("y", names)), names)
    wanted = [names[0] if value else names[1] for value in model.predict(X)]
    assert np.mean([ours == theirs for ours, theirs in zip(found, wanted, strict=True)]) > 0.97


def test_numbers_that_are_other_names_are_refused() -> None:
    model = LogisticRegression().fit(X, THIRDS)
    with pytest.raises(ModelError, match="classes 0, 1, 2") as caught:
        compiled(model, Label.classes("y", ["1", "2", "3"]))
    assert caught.value.slug == "model_type"


@pytest.mark.parametrize("kind", [float, bool], ids=["float", "bool"])
@pytest.mark.parametrize("model", [LogisticRegression(), MLPClassifier((4,), max_iter=99)], ids=str)
def test_files_say_so_too(model: Any, kind: Any) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    y, names = (Y.astype(bool), ("true", "false")) if kind is bool else (THIRDS.astype(float), ("2", "1", "0"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, y)
    file = skl2onnx.to_onnx(model, X[:1].astype(np.float32))
    with pytest.raises(ModelError) as caught:
        compiled(file, Label.classes("y", names))
    assert caught.value.slug == "outputs"
