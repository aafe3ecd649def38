"""Architectures to train: descriptions, estimators and files as float graphs of one record."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tacit.graph.nodes import Graph
from tacit.importers import Apart, load, sklearn, torch
from tacit.train.estimators import estimator
from tacit.train.loss import Loss


def graph_of(model: Any, features: tuple[int, ...], targets: int, loss: Loss, frozen: Sequence[str] = ()) -> Graph:
    """The graph of a model: one of `mlp`, an ONNX file, a torch module, or a scikit-learn estimator, fitted or not.

    scikit-learn: MLPClassifier, MLPRegressor, LogisticRegression, linear models; what is not fitted starts from a seed (an MLP:
    its random_state) or from 0 (a linear model). `frozen`: names of weights that stay. Raises ModelError, InputError.
    """
    if isinstance(model, Graph):
        return model
    if sklearn.is_estimator(model):
        return estimator(model, features, targets, loss)
    declared = torch.is_module(model)
    still = torch.untrained(model) if declared else None
    example = np.zeros((1, *features), dtype=np.float32) if declared else None

    def stays(name: str) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in frozen) or (still is not None and still(name))

    # Nothing that looks at weights: the architecture decides the program alone. And nothing that computes of them: what is
    # trained are the weights of the model as it was given.
    return load(model, batch=1, example=example, apart=Apart(stays, declared))
