"""A master and its children.

Many proofs under one identity. A commitment is made for a number of proofs. A master makes children instead,
each with an allowance of its own, and verifiers go on knowing the master. A plain commitment that is spent is
renewed, once more with the same values.
"""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import tacit

flowers, species = load_iris(return_X_y=True)
flowers = flowers.astype(np.float32)
classifier = LogisticRegression(max_iter=1000).fit(flowers, species)
program, weights = tacit.compile(classifier, calibration=flowers, proofs=4)

master = tacit.commit_model(program, weights, children=3)
trusted = master.commitment.identity  # what verifiers know
for number in range(2):
    child = master.rotate()
    nonce = b"question %d" % number
    proof = tacit.prove(program, child, flowers[:1], context=nonce)
    statement = tacit.verify(program, proof, model=child.commitment, context=nonce)
    assert statement.digests["master of model"] == trusted
    print(f"accepted from child {number}; it has {child.remaining} proofs left, the master {master.children} children")

plain = tacit.commit_model(program, weights, proofs=1)
tacit.prove(program, plain, flowers[:1])
try:
    tacit.prove(program, plain, flowers[:1])
except tacit.errors.AllowanceExceeded as spent:
    print(f"nothing is left: [{spent.slug}]")
fresh = plain.renew()
assert tacit.verify_renewal(plain.commitment, fresh.renewal) == fresh.commitment.identity
print("renewed:", fresh.remaining, "proof under a new identity, with a proof that the values are the same")
