"""Which input was it?

A private input proves that some input gives the answer. A clinic's model says "malignant" of a patient. She
would rather show "benign", and proves so: about another patient's record. The proof is honest, and accepted,
for it says only that some record gives this answer. With a committed input it is refused.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import tacit

cells, benign = load_breast_cancer(return_X_y=True)
cells = ((cells - cells.mean(axis=0)) / cells.std(axis=0)).astype(np.float32)[:, :10]  # ten of thirty measurements
classifier = LogisticRegression().fit(cells, benign)
chances = classifier.predict_proba(cells)[:, 1]
hers, anothers = cells[[chances.argmin()]], cells[[chances.argmax()]]

# A private input: whoever proves may choose it.
program, weights = tacit.compile(classifier, calibration=cells[:400])
model = tacit.commit_model(program, weights)
proof = tacit.prove(program, model, anothers)
statement = tacit.verify(program, proof, model=model.commitment)
print("accepted, benign with", np.round(next(iter(statement.outputs.values())).ravel()[1], 3))
print("but it says only:", *statement.says)

# A committed one: the hospital committed to her record, and the verifier holds that commitment.
program, weights = tacit.compile(classifier, calibration=cells[:400], input="committed")
model = tacit.commit_model(program, weights)
hospital = tacit.commit_data(program, hers, proofs=4)
swapped = tacit.commit_data(program, anothers, proofs=4)
proof = tacit.prove(program, model, data=swapped)
try:
    tacit.verify(program, proof, model=model.commitment, data=hospital.commitment)
except tacit.InvalidProof as refusal:
    print(f"refused, about another record: [{refusal.slug}]")
proof = tacit.prove(program, model, data=hospital)
statement = tacit.verify(program, proof, model=model.commitment, data=hospital.commitment)
print("proven of her record: benign with", np.round(next(iter(statement.outputs.values())).ravel()[1], 3))
