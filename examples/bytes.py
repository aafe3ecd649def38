"""A proof as bytes.

Sent, received, and refused where a byte is another. Programs, commitments and proofs are files, bytes, or
anything that reads and writes bytes. All have the same checks.
"""

from __future__ import annotations

import io

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import tacit

flowers, species = load_iris(return_X_y=True)
flowers = flowers.astype(np.float32)
classifier = LogisticRegression(max_iter=1000).fit(flowers, species)
program, weights = tacit.compile(classifier, calibration=flowers)
model = tacit.commit_model(program, weights)

public = program.to_bytes(), model.commitment.to_bytes()  # published once
sent = tacit.prove(program, model, flowers[:1], context=b"n1").to_bytes()  # for each answer
print("bytes of program, commitment, proof:", *map(len, public), len(sent))

# The other side.
program = tacit.Program.from_bytes(public[0])
commitment = tacit.Commitment.load(io.BytesIO(public[1]))
statement = tacit.verify(program, sent, model=commitment, context=b"n1")
print("accepted:", np.round(next(iter(statement.outputs.values())).ravel(), 3))

changed = bytearray(sent)
changed[len(changed) // 2] ^= 1
try:
    tacit.verify(program, bytes(changed), model=commitment, context=b"n1")
except tacit.InvalidProof as refusal:
    print(f"refused: [{refusal.slug}] {refusal.reason}")
