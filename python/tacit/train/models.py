"""Architectures to train: descriptions, estimators and files as float graphs of one record."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from tacit.errors import ModelError
from tacit.graph.nodes import Graph
from tacit.importers import Apart, load, sklearn, torch
from tacit.train.classes import class_places
from tacit.train.estimators import estimator
from tacit.train.loss import Loss

if TYPE_CHECKING:
    from tacit.data import Schema


def graph_of(model: Any, schema: Schema, loss: Loss, frozen: Sequence[str] = ()) -> Graph:
    """The graph of a model: one of `mlp`, an ONNX file, a torch module, or a scikit-learn estimator, fitted or not.

    scikit-learn: MLPClassifier, MLPRegressor, LogisticRegression, linear models; what is not fitted starts from a seed (an MLP:
    its random_state) or from 0 (a linear model). `frozen`: names of weights that stay. Raises ModelError, InputError.
    """
    if isinstance(model, Graph):
        return model
    if sklearn.is_estimator(model):
        return estimator(model, schema, loss)
    declared = torch.is_module(model)
    still = torch.untrained(model) if declared else None
    example = torch.zeros(model, (1, *schema.features)) if declared else None

    def stays(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in frozen) or (still is not None and still(name))

    # Nothing that looks at weights: the architecture decides the program alone. And nothing that computes of them: what is
    # trained are the weights of the model as it was given.
    graph = load(model, batch=1, example=example, apart=Apart(stays, declared, logs=loss.end == "Softmax"))
    if schema.classes is not None and graph.provenance is not None:
        words = [row for row in graph.provenance.words if len(row) == len(schema.classes)]
        for labels in (*graph.provenance.labels, *words):
            _check_labels(labels, schema.classes, graph.name)
    return graph


def _check_labels(labels: tuple[str | float, ...], classes: Sequence[str], place: str) -> None:
    """The classes that a file names are the schema's, in its order. Raises ModelError (slug outputs)."""
    if class_places(list(labels), classes) != list(range(len(classes))):
        shown = ", ".join(str(name)[:20] for name in labels[:8])
        raise ModelError(
            f"expected scores of the classes {', '.join(classes[:8])}, as the schema has them, the model names {shown}",
            slug="outputs",
            place=place,
            remedy="give the schema the model's classes in their order, or export the model with numbers from 0",
        )
