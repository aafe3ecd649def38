"""From a network to a proof.

The whole way in one file: compile, commit, prove, verify. Run: python examples/quickstart.py
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import tacit
from tacit.demo import models

trained = models.clinic()  # any ONNX file with typical inputs will do
with tempfile.TemporaryDirectory() as name:
    folder = Path(name)
    (folder / "m.onnx").write_bytes(trained.onnx)

    # The owner of the model, once.
    program, weights = tacit.compile(str(folder / "m.onnx"), calibration={"x": trained.calibration})
    model = tacit.commit_model(program, weights)
    program.save(folder / "m.tacit")
    model.commitment.save(folder / "model.commitment")

    # The owner of the model, for one input; the nonce comes from whoever wants to know.
    nonce = b"order 4711"
    proof = tacit.prove(program, model, {"x": trained.unseen[:1]}, context=nonce)
    proof.save(folder / "out.proof")

    # Anybody with the public files.
    statement = tacit.verify(
        tacit.Program.load(folder / "m.tacit"),
        tacit.Proof.load(folder / "out.proof"),
        model=tacit.Commitment.load(folder / "model.commitment"),
        context=nonce,
    )
print("proven:", {name: value.ravel().tolist() for name, value in statement.outputs.items()})
print("hidden:", ", ".join(statement.hidden))
