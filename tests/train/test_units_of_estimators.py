"""Units of fitted estimators: on named columns they saw the table's, on arrays the schema's. The first base predicts the same."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, ModelError
from tacit.train import SGD, Deployment, compile
from tacit.train.floats import scores

pandas = pytest.importorskip("pandas")
DRAWN = np.random.default_rng(0)
TABLE = pandas.DataFrame(
    {
        "flag": DRAWN.integers(0, 2, 300),
        "age": DRAWN.uniform(0, 10, 300),
        "kind=b": (kind := DRAWN.integers(0, 2, 300)),
        "kind=a": 1 - kind,
        "code": DRAWN.integers(0, 3, 300),
        "pressure": DRAWN.uniform(6, 20, 300),
    }
)
COLUMNS = [
    Column.number("age", 0, 10),
    Column.number("pressure", 6, 20, center=12, scale=2.5),
    Column.category("kind", ["a", "b"]),
    Column.code("code", [0, 1, 2]),
    Column.flag("flag"),
]
ILL = np.where(TABLE["age"] + TABLE["pressure"] / 2 + 3 * TABLE["kind=b"] > 13, "ill", "healthy")
COST = 3 * TABLE["age"] - TABLE["pressure"] + 4 * TABLE["flag"] + 50
CLASSES = Schema(COLUMNS, Label.classes("y", ["ill", "healthy"]))
ONE = Schema(COLUMNS, Label.number("t", 0, 100, center=60, scale=20))
TWO = Schema(
    COLUMNS,
    Label.numbers("t", [Column.number("t0", 0, 100), Column.number("t1", -200, 0, center=-80, scale=30)]),
)


def compiled(model: Any, schema: Schema) -> Deployment:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        return compile(model, schema=schema, optimizer=SGD(2**-12, 8, 2, order="committed"), records=16, evaluate=0)


def fitted(model: Any, x: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, y)


def encoded(schema: Schema) -> Any:
    """The table as the schema has it, in real numbers."""
    columns = []
    for entry in schema.entries:
        scale = schema.columns[entry.column].scale
        values = TABLE[entry.name].to_numpy(float)
        columns.append(values if scale is None else (values - scale.center) / scale.scale)
    return np.stack(columns, 1)


def first(made: Deployment, x: Any) -> Any:
    network = made.description.plan.network
    return made.description.plan.loss.real(scores(network, made.real(made.initial), x)[network.scores])


@pytest.mark.parametrize(
    "model", [LogisticRegression(max_iter=2000), MLPClassifier((4,), max_iter=30, random_state=0)], ids=str
)
def test_a_classifier_of_a_table(model: Any) -> None:
    fitted(model, TABLE, ILL)
    found = first(compiled(model, CLASSES), encoded(CLASSES))
    assert np.abs(found[:, ::-1] - model.predict_proba(TABLE)).max() < 0.02


@pytest.mark.parametrize(
    "model", [LinearRegression(), Ridge(), MLPRegressor(hidden_layer_sizes=(4,), max_iter=99, random_state=0)], ids=str
)
@pytest.mark.parametrize("schema", [ONE, TWO], ids=["one", "two"])
def test_a_regressor_of_a_table(model: Any, schema: Schema) -> None:
    y = np.asarray(COST) if schema is ONE else np.stack([COST, -COST], 1)
    fitted(model, TABLE, y)
    scales = [target.scale for target in schema.label.targets if target.scale is not None]
    wanted = model.predict(TABLE).reshape(len(TABLE), -1)
    wanted = (wanted - [scale.center for scale in scales]) / [scale.scale for scale in scales]
    assert np.abs(first(compiled(model, schema), encoded(schema)) - wanted).max() < 0.02


def test_arrays_have_the_units_of_the_schema() -> None:
    x, y = encoded(ONE), (np.asarray(COST) - 60) / 20
    model = LinearRegression().fit(x, y)
    assert np.abs(first(compiled(model, ONE), x)[:, 0] - model.predict(x)).max() < 0.02


@pytest.mark.parametrize("schema", [CLASSES, ONE], ids=["classes", "numbers"])
def test_centers_need_an_intercept(schema: Schema) -> None:
    model: Any = LogisticRegression if schema is CLASSES else LinearRegression
    model = fitted(model(fit_intercept=False), TABLE, ILL if schema is CLASSES else COST)
    with pytest.raises(ModelError, match="intercept") as caught:
        compiled(model, schema)
    assert caught.value.slug == "model_type"
    assert caught.value.remedy


def test_names_beside_a_schema_of_arrays() -> None:
    """Which units they had is not said."""
    names = TABLE[["age", "pressure"]]
    model = LinearRegression().fit(names, COST - 50)
    label = Label.number("t", -50, 50, center=0, scale=1)
    with pytest.raises(ModelError, match="units"):
        compiled(model, Schema.array((2,), 0, 200, label, id="id", center=100, scale=50))
    compiled(model, Schema.array((2,), 0, 200, label, id="id"))
