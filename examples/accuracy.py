"""Integers against floats.

How far the proven program is from the model. A proof is about integers. Here the integer program answers a
test set that it was not calibrated with, without a proof, and is compared with the estimator itself.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import tacit

images, digits = load_digits(return_X_y=True)
images = images.astype(np.float32)
pipeline = make_pipeline(MinMaxScaler(), MLPClassifier((24,), alpha=1, max_iter=500, random_state=0))
pipeline.fit(images[:1200], digits[:1200])

program, weights = tacit.compile(pipeline, calibration=images[:300])
test, labels = images[1200:], digits[1200:]
print(tacit.evaluate(program, weights, test, labels, original=pipeline))
print("no answer refused:", not tacit.run(program, weights, test).refused)

integers = next(iter(tacit.run(program, weights, test).outputs.values())).reshape(len(test), -1)
floats = pipeline.predict_proba(test)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
left.scatter(floats.ravel(), integers.ravel(), s=6, alpha=0.4)
left.set(xlabel="the model's probability", ylabel="the proven one", aspect="equal")
right.hist(np.log10(np.abs(floats - integers).max(axis=1) + 1e-7), bins=24, color="C1")
right.set(xlabel="largest error of an answer, powers of ten", ylabel="answers")
figure.savefig("accuracy.svg")
