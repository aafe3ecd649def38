"""Iris with scikit-learn.

A fitted estimator is compiled as it is, without the detour over a file. Run: python
examples/sklearn_estimator.py
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_iris
from sklearn.neural_network import MLPClassifier

import tacit

data, species = load_iris(return_X_y=True)
data = ((data - data.mean(axis=0)) / data.std(axis=0)).astype(np.float32)
classifier = MLPClassifier((16,), solver="lbfgs", alpha=0.1, random_state=0).fit(data, species)

program, weights = tacit.compile(classifier, calibration=data)
(port,) = program.inputs
model = tacit.commit_model(program, weights)
proof = tacit.prove(program, model, {port: data[100:101]})
statement = tacit.verify(program, proof, model=model.commitment)
(probabilities,) = statement.outputs.values()
print("proven probabilities:", np.round(probabilities.ravel(), 4).tolist(), "species:", int(species[100]))
