"""What is trained: architectures from every kind of model, and clear errors for what is none, or does not fit the schema."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    Lasso,
    LinearRegression,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    SGDRegressor,
    TweedieRegressor,
)
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tacit.data import Column, Label, Schema
from tacit.errors import AccuracyWarning, InputError, ModelError, QuantizationError, TacitError
from tacit.train import SGD, Deployment, Scales, compile, mlp
from tacit.train.description import decode
from tacit.train.floats import scores

COLUMNS = tuple(Column.number(f"a{i}", -8, 8, center=0, scale=1) for i in range(6))
THREE = Schema(COLUMNS, Label.classes("kind", ["a", "b", "c"]))
FLAG = Schema(COLUMNS, Label.flag("ill", ["no", "yes"]))
REAL = Schema(COLUMNS, Label.numbers("t", [Column.number("s", -4, 4, center=0, scale=1)]))
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 6))
TWO, KINDS = (X[:, 0] > 0).astype(int), RNG.integers(0, 3, 60)
NUMBERS = X @ RNG.normal(size=6) * 0.3


def compiled(model: Any, schema: Schema, **options: Any) -> Deployment:
    given: dict[str, Any] = {"optimizer": SGD(0.1, 4, 2), "records": 16} | options
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AccuracyWarning)
        return compile(model, schema=schema, **given)


def fitted(model: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(X, y)


#: Model, schema, and what its raw scores are.
FITTED: dict[str, tuple[Any, Schema, Any]] = {
    "mlp three": (MLPClassifier((5, 4), max_iter=20), THREE, KINDS),
    "mlp two": (MLPClassifier(5, max_iter=20, activation="tanh"), FLAG, TWO),
    "mlp numbers": (MLPRegressor(hidden_layer_sizes=(5,), max_iter=20, activation="logistic"), REAL, NUMBERS),
    "logistic three": (LogisticRegression(), THREE, KINDS),
    "logistic two": (LogisticRegression(fit_intercept=False), FLAG, TWO),
    "linear": (LinearRegression(), REAL, NUMBERS),
    "ridge": (Ridge(), REAL, NUMBERS),
    "lasso": (Lasso(0.01), REAL, NUMBERS),
    "sgd": (SGDRegressor(), REAL, NUMBERS),
}


@pytest.mark.parametrize("name", FITTED)
def test_estimators_start_where_they_are(name: str) -> None:
    """Fitted: the first base predicts what the estimator does. Unfitted: the same architecture; its file can be read."""
    from sklearn.base import clone

    model, schema, y = FITTED[name]
    unfitted = compiled(clone(model), schema)
    model = fitted(model, y)
    made = compiled(model, schema)
    assert made.train.digest == unfitted.train.digest
    assert decode(made.description.encode()) is not None
    network = made.description.plan.network
    found = made.description.plan.loss.real(scores(network, made.real(made.initial), X)[network.scores])
    exact = model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)[:, None]
    exact = exact[:, 1:] if exact.shape[1] > found.shape[1] else exact
    assert np.abs(found - exact).max() < 1e-3


@pytest.mark.parametrize("hidden", [5, np.int64(5), [5], (5, 4), (), np.array([5, 4])], ids=str)
def test_hidden_layers_as_scikit_learn_takes_them(hidden: Any) -> None:
    compiled(MLPClassifier(hidden), THREE)


def test_sparse_coefficients() -> None:
    model = fitted(LogisticRegression(), KINDS)
    dense = compiled(model, THREE).initial
    sparse = compiled(model.sparsify(), THREE).initial
    assert all(np.array_equal(sparse[name], values) for name, values in dense.items())


def test_onnx_files_and_torch_modules() -> None:
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    w = [RNG.normal(size=(6, 4)).astype(np.float32), RNG.normal(size=(4, 3)).astype(np.float32)]

    def made(last: str, *, opset: int = 17) -> Any:
        nodes = [
            helper.make_node("MatMul", ["x", "w0"], ["a"]), helper.make_node("Tanh", ["a"], ["b"]),
            helper.make_node("MatMul", ["b", "w1"], ["c"]), helper.make_node(last, ["c"], ["y"]),
        ]  # fmt: skip
        graph = helper.make_graph(
            nodes, "two", [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 6])],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 3])],
            [numpy_helper.from_array(values, f"w{i}") for i, values in enumerate(w)],
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)

    for last in ("Identity", "Softmax"):
        task = compiled(made(last), THREE)
        assert sorted(task.initial) == ["w0", "w1"]
        found = scores(task.description.plan.network, task.real(task.initial), X)[task.description.plan.network.scores]
        assert np.abs(found - np.tanh(X @ w[0]) @ w[1]).max() < 1e-3
    with pytest.raises(QuantizationError) as caught:
        compiled(made("LeakyRelu"), THREE)
    assert "is not trained through" in str(caught.value)
    with pytest.raises(ModelError):
        compiled(b"no model", THREE)
    assert onnx.__version__


def test_a_torch_module() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.ReLU(), torch.nn.Linear(4, 3))
    task = compiled(module, THREE)
    network = task.description.plan.network
    found = scores(network, task.real(task.initial), X)[network.scores]
    assert np.abs(found - module(torch.tensor(X, dtype=torch.float32)).detach().numpy()).max() < 1e-3


def test_what_a_torch_module_trains() -> None:
    """Parameters by the module's names; buffers, and parameters that ask for no gradient, stay."""
    torch = pytest.importorskip("torch")

    class Shifted(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, factor: bool, norm: bool) -> None:
            super().__init__()
            self.one, self.two = torch.nn.Linear(6, 4), torch.nn.Linear(4, 3, bias=False)
            self.register_buffer("mean", torch.randn(4))
            self.factor = torch.nn.Parameter(torch.tensor(1.5), requires_grad=factor)
            self.norm = torch.nn.BatchNorm1d(4) if norm else torch.nn.Identity()

        def forward(self, x: Any) -> Any:
            return self.two(torch.tanh(self.norm(self.one(x) * self.factor) - self.mean))

    module = Shifted(False, False)
    task = compiled(module, THREE)
    assert set(task.initial) == {"one.weight/transposed", "one.bias", "mean/negated", "two.weight/transposed"}
    assert task.description.plan.network.frozen == {"mean/negated"}
    module.one.requires_grad_(False)
    stays = compiled(module, THREE).description.plan.network.frozen
    assert stays == {"one.weight/transposed", "one.bias", "mean/negated"}
    for wrong, place in ((Shifted(True, False), "factor"), (Shifted(False, True), "/norm")):
        with pytest.raises(ModelError) as caught:
            compiled(wrong, THREE)
        assert caught.value.slug == "weights"
        assert caught.value.place.startswith(place)


@pytest.mark.parametrize(
    ("model", "schema", "slug"),
    [
        (fitted(MLPClassifier(5, max_iter=2), KINDS), FLAG, "shape"),
        (fitted(LogisticRegression(), TWO), THREE, "shape"),
        (fitted(LogisticRegression(), KINDS), Schema(COLUMNS[:5], THREE.label), "shape"),
        (mlp(5, 3), THREE, "shape"),
        (mlp(6, 2), THREE, "shape"),
        (SVC(), THREE, "model_type"),
        (make_pipeline(StandardScaler(), LogisticRegression()), THREE, "model_type"),
        (PoissonRegressor(), REAL, "model_type"),
        (fitted(TweedieRegressor(), np.abs(NUMBERS)), REAL, "model_type"),
        (MLPRegressor(loss="poisson", hidden_layer_sizes=(3,)), REAL, "model_type"),
        (None, THREE, "model_type"),
        (LogisticRegression, THREE, "model_type"),
        ("no such file.onnx", THREE, "file"),
        (MLPClassifier(5, activation="identity"), THREE, "activation"),
        (MLPClassifier(0), THREE, "widths"),
    ],
    ids=str,
)
def test_models_that_do_not_fit(model: Any, schema: Schema, slug: str) -> None:
    with pytest.raises((ModelError, InputError)) as caught:
        compiled(model, schema)
    assert caught.value.slug == slug


@pytest.mark.parametrize("widths", [(), (3,), (3, 0), (3, 2.5), (3, "a"), (3, True), (1 << 30, 2)], ids=str)
def test_widths(widths: tuple[Any, ...]) -> None:
    with pytest.raises(InputError) as caught:
        mlp(*widths)
    assert caught.value.slug == "widths"
    assert mlp(np.int64(3), 2).shapes["x"] == (1, 3)


@pytest.mark.parametrize(
    ("options", "slug"),
    [
        ({"optimizer": None}, "type"), ({"optimizer": SGD(0.1, 17, 1)}, "batch"), ({"records": 0}, "records"),
        ({"records": 2.5}, "records"), ({"optimizer": SGD(0.1, 4, 5, order="committed")}, "steps"),
        ({"optimizer": SGD(1e-9, 4, 2)}, "rate"), ({"optimizer": SGD(((1, 0.1), (1, 1e-6)), 4, 2)}, "rate"),
        ({"loss": "hinge"}, "loss"), ({"loss": ["mse"]}, "loss"), ({"loss": "mse"}, "loss"), ({"base": "hidden"}, "visibility"),
        ({"next": None}, "visibility"), ({"frozen": "w0"}, "type"), ({"frozen": ["zzz"]}, "frozen"),
        ({"frozen": ["*"]}, "frozen"), ({"frozen": [5]}, "type"), ({"overflow": "x"}, "overflow"), ({"scales": 5}, "type"),
        ({"scales": Scales(activation_bits=1)}, "scales"), ({"scales": Scales(activations=-3)}, "scales"),
        ({"scales": Scales(errors="a")}, "scales"), ({"infer": 0}, "records"), ({"evaluate": -1}, "records"),
        ({"proofs": 0}, "proofs"), ({"security": 5}, "security"), ({"optimize": "x"}, "optimize"), ({"name": 5}, "type"),
        ({"name": "x" * 5000}, "type"), ({"calibration": 5}, "table"),
        ({"scales": Scales(errors=24, error_bits=30, activations=16, activation_bits=20)}, "scales"),
    ],
    ids=str,
)  # fmt: skip
def test_options_that_are_none(options: dict[str, Any], slug: str) -> None:
    with pytest.raises(TacitError) as caught:
        compiled(mlp(6, 3), THREE, **options)
    assert caught.value.slug == slug


def test_a_schema_is_one() -> None:
    for schema in (None, "schema", {}):
        with pytest.raises(InputError) as caught:
            compiled(mlp(6, 3), schema)  # type: ignore[arg-type]
        assert caught.value.slug == "type"


@pytest.mark.parametrize(
    "given",
    [
        (None, 4, 2), ("a", 4, 2), (0, 4, 2), (-1, 4, 2), (float("nan"), 4, 2), (float("inf"), 4, 2), (0.1, 0, 2), (0.1, 4, 0),
        (0.1, 2.5, 2), (0.1, 4, 1 << 20), (((1, 0.1),), 4, 2), ((), 4, 2), ((2, 0.1), 4, 2), (0.1, 4, 2, 1.0), (0.1, 4, 2, -0.1),
        (0.1, 4, 2, 0.99999), (0.1, 4, 2, float("nan")), (0.1, 4, 2, 0.0, 1.0), (0.1, 4, 2, 0.0, 0.0, "sorted"),
    ],
    ids=str,
)  # fmt: skip
def test_optimizers_that_are_none(given: tuple[Any, ...]) -> None:
    with pytest.raises(InputError):
        SGD(*given)


def test_whatever_compiles_can_be_read_and_checked() -> None:
    """Extreme but allowed: what compile gives, check finds again."""
    plans = [SGD(64, 1, 2), SGD(0.1, 4, 2, decay=0.99), SGD(0.1, 4, 2, momentum=1e-9), SGD(0.1, 4, 2, momentum=0.999),
             SGD(0.1, 4, 2, decay=1e-12), SGD(np.float32(0.1), np.int64(4), np.int32(2)), SGD(0.1, None, 3)]  # fmt: skip
    for plan in plans:
        made = compiled(mlp(6, 3), THREE, optimizer=plan)
        Deployment._of_file(made._to_file()).check(THREE)
