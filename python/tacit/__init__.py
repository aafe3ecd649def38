"""Tacit: zero-knowledge proofs of machine-learning inference.

    program, weights = tacit.compile("m.onnx", calibration=xs)
    model = tacit.commit_model(program, weights)
    proof = tacit.prove(program, model, {"x": x}, context=b"nonce")
    statement = tacit.verify(program, proof, model=model.commitment, context=b"nonce")

Exceptions are in `tacit.errors`; a second, independent verifier in plain Python is `tacit.reference`.
"""

from tacit import _load as _load  # before anything imports tacit._native: it picks the build for this processor
from tacit.api.calls import commit_data, commit_model, compile, prove, verify
from tacit.api.inspect import inspect
from tacit.api.objects import Commitment, Program, Proof, Secret, Weights
from tacit.errors import InvalidProof

__version__ = "0.1.0"

__all__ = [
    "Commitment",
    "InvalidProof",
    "Program",
    "Proof",
    "Secret",
    "Weights",
    "commit_data",
    "commit_model",
    "compile",
    "inspect",
    "prove",
    "verify",
]
