"""What proofs=N costs, before anything is committed.

The blinding of a commitment is for a number of proofs, which is decided when the program is compiled. More
proofs make the code longer: committing, the secret and the memory grow, and every proof a little. A master
with children makes many proofs from a short code.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import tacit

flowers, species = load_iris(return_X_y=True)
flowers = flowers.astype(np.float32)
classifier = LogisticRegression(max_iter=1000).fit(flowers, species)

counts, secrets, proofs = (4, 64, 1024, 4096), [], []
for count in counts:
    program, weights = tacit.compile(classifier, calibration=flowers, proofs=count)
    cost = program.estimate["commitments"]["model"]
    secrets.append(cost["secret_bytes"] / 2**20)
    proofs.append(program.estimate["proof_bytes"] / 2**10)
    print(
        f"{count:4} proofs: commit in {cost['commit_seconds']:.2f} s with {cost['peak_bytes'] / 2**20:.0f} MiB, "
        f"a secret of {secrets[-1]:.1f} MiB, a proof of {proofs[-1]:.0f} KiB"
    )

# 64 children of 64 proofs each are 4,096 proofs under one identity, from the second line's commitment.
program, weights = tacit.compile(classifier, calibration=flowers, proofs=64)
master = tacit.commit_model(program, weights, children=64)
print(
    f"a master accepted for {master.children} children of {program.proofs} proofs: {master.children * program.proofs}"
)

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
names = [f"{count:,}" for count in counts]
left.bar(names, secrets)
left.set(xlabel="proofs", ylabel="secret, MiB")
right.bar(names, proofs, color="C1")
right.set(xlabel="proofs", ylabel="one proof, KiB")
figure.savefig("proofs_cost.svg")
