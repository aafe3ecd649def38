"""A committed record.

Two owners: one commits to a model, the other to a record. The proof is about exactly these two. The answer is
one bit: whether the probability reaches one half. Run: python examples/committed_input.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tacit
from tacit.demo import models

trained = models.clinic()
record = {"x": trained.unseen[:1]}
with tempfile.TemporaryDirectory() as name:
    onnx = Path(name) / "m.onnx"
    onnx.write_bytes(trained.onnx)
    program, weights = tacit.compile(
        str(onnx), calibration={"x": trained.calibration}, input="committed", threshold=("malignant", 0, 0.5)
    )

model = tacit.commit_model(program, weights)
data = tacit.commit_data(program, record)

proof = tacit.prove(program, model, data=data, context=b"claim 12")
statement = tacit.verify(program, proof, model=model.commitment, data=data.commitment, context=b"claim 12")
print("malignant:", bool(next(iter(statement.integers.values())).item()))

# The same patient's record, committed again: the proof is not about that commitment.
again = tacit.commit_data(program, record)
try:
    tacit.verify(program, proof, model=model.commitment, data=again.commitment, context=b"claim 12")
except tacit.InvalidProof as refusal:
    print(f"refused for another commitment: [{refusal.slug}] {refusal}")
