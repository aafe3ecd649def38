"""A threshold.

A decision, and not the number behind it. The program publishes one bit: whether the probability of a
malignant tumour reaches one half. The probability itself stays hidden. The question stands in the program, so
its digest binds it.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import tacit

cells, benign = load_breast_cancer(return_X_y=True)
cells = ((cells - cells.mean(axis=0)) / cells.std(axis=0)).astype(np.float32)[:, :10]  # ten of thirty measurements
classifier = LogisticRegression().fit(cells[:400], benign[:400] == 0)

question = ("probabilities", 1, 0.5)  # output, index, value
program, weights = tacit.compile(classifier, calibration=cells[:400], threshold=question)

model = tacit.commit_model(program, weights)
proof = tacit.prove(program, model, cells[500:501], context=b"request 3")
statement = tacit.verify(program, proof, model=model.commitment, context=b"request 3")
for predicate in statement.predicates.values():
    print("proven:", predicate.says)
print("hidden:", ", ".join(statement.hidden))

# How often does the published bit differ from the float model's?
print(tacit.evaluate(program, weights, cells[400:], original=classifier, threshold=question))
