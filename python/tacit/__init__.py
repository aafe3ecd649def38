"""Tacit: zero-knowledge proofs of machine-learning inference.

    program, weights = tacit.compile("m.onnx", calibration=xs)
    model = tacit.commit_model(program, weights)
    answers = tacit.run(program, weights, xs)  # without proving
    proof = tacit.prove(program, model, x, context=b"nonce")
    statement = tacit.verify(program, proof, model=model.commitment, context=b"nonce")

Datasets are in `tacit.data`, training that is proven in `tacit.train`, and across nodes in `tacit.network`; exceptions in
`tacit.errors`, counters that notice restored journals in `tacit.counters`; a second, independent verifier in plain Python is
`tacit.reference`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tacit.api.calls import commit_data, commit_model, prove
    from tacit.api.compiling import compile
    from tacit.api.evaluation import evaluate
    from tacit.api.inspect import inspect
    from tacit.api.objects import Commitment, Program, Proof, Weights
    from tacit.api.running import run
    from tacit.api.secret import Secret
    from tacit.api.verifying import verify, verify_renewal
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
    "evaluate",
    "inspect",
    "prove",
    "run",
    "verify",
    "verify_renewal",
]

#: Where each name lives. Loaded when first used: `tacit.reference` needs no extension module, `tacit prove` no compiler.
_HOMES = {
    **dict.fromkeys(("commit_data", "commit_model", "prove"), "tacit.api.calls"),
    **dict.fromkeys(("verify", "verify_renewal"), "tacit.api.verifying"),
    "compile": "tacit.api.compiling",
    **dict.fromkeys(("Commitment", "Program", "Proof", "Weights"), "tacit.api.objects"),
    "evaluate": "tacit.api.evaluation",
    "inspect": "tacit.api.inspect",
    "run": "tacit.api.running",
    "Secret": "tacit.api.secret",
    "InvalidProof": "tacit.errors",
}


#: Modules that are part of the interface, too.
_MODULES = ("counters", "data", "errors", "network", "reference", "train")


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"tacit.{name}")
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tacit' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_MODULES, "__version__"])
