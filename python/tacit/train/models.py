"""Architectures to train: descriptions, estimators and files as float graphs of one record."""

from __future__ import annotations

from typing import Any

import numpy as np

from tacit.errors import ModelError
from tacit.graph.nodes import Graph
from tacit.importers import load, sklearn, torch
from tacit.train.estimators import estimator
from tacit.train.loss import Loss


def graph_of(model: Any, features: tuple[int, ...], targets: int, loss: Loss) -> Graph:
    """The graph of a model: one of `mlp`, an ONNX file, a torch module, or a scikit-learn estimator, fitted or not.

    scikit-learn: MLPClassifier, MLPRegressor, LogisticRegression, linear models; what is not fitted starts from a seed (an MLP:
    its random_state) or from 0 (a linear model). Raises ModelError, InputError.
    """
    if isinstance(model, Graph):
        return model
    if sklearn.is_estimator(model):
        return estimator(model, features, targets, loss)
    example = np.zeros((1, *features), dtype=np.float32) if torch.is_module(model) else None
    # Nothing that looks at weights: the architecture decides the program alone. And nothing that computes of them: what is
    # trained are the weights of the model as it was given.
    return load(model, batch=1, example=example, apart=True)


def untrained(model: Any, graph: Graph) -> frozenset[str]:
    """Constants of a model's graph that its training leaves as they are, as the model itself says.

    Raises ModelError (slug weights) for a parameter that would be trained, and stands in the program as a public factor.
    """
    if not torch.is_module(model) or graph.given is None:
        return frozenset()
    stays = torch.untrained(model)
    for node in graph.nodes:
        for name in node.inputs:
            if (
                node.operator.shown.one_number
                and name in graph.given
                and np.prod(graph.shapes[name]) == 1
                and not stays(graph.given[name])
            ):
                raise ModelError(
                    "a factor of one number is public and is not trained",
                    slug="weights",
                    place=graph.given[name],
                    remedy="call requires_grad_(False) of it, or take it into the weights of a layer",
                )
    return frozenset(name for name, of in graph.given.items() if stays(of))
