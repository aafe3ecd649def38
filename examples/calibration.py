"""How many samples does calibration need?

The samples say how large values become inside the network. A program that refuses what goes beyond them
(overflow="refuse") refuses many inputs where there were few samples. The default, overflow="total", refuses
none.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPClassifier

import tacit

cells, benign = load_breast_cancer(return_X_y=True)
order = np.random.default_rng(0).permutation(len(cells))
cells = ((cells - cells.mean(axis=0)) / cells.std(axis=0)).astype(np.float32)[order]
classifier = MLPClassifier((8,), alpha=1, max_iter=1000, random_state=0).fit(cells[:300], benign[order][:300])
unseen = cells[319:]  # 250 of them
wide = (float(cells.min()), float(cells.max()))  # one declared range for all: only what happens inside differs

refused = {}
for count, overflow in ((5, "refuse"), (20, "refuse"), (100, "refuse"), (5, "total")):
    program, weights = tacit.compile(classifier, calibration=cells[:count], ranges=wide, overflow=overflow)
    refused[f"{count}, {overflow}"] = len(tacit.run(program, weights, unseen).refused)
    print(f"{count:3} samples, {overflow}: {refused[f'{count}, {overflow}']:3} of {len(unseen)} unseen inputs refused")

figure, axes = plt.subplots(figsize=(7, 3), layout="constrained")
axes.bar(list(refused), list(refused.values()), color=["C1", "C1", "C1", "C0"])
axes.set(xlabel="calibration samples, overflow", ylabel="of 250 refused")
figure.savefig("calibration.svg")
