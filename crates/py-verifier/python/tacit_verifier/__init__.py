"""Verifies Tacit proofs, and nothing else: `verify` and the command `tacit-verify`. Needs NumPy alone.

    >>> from tacit_verifier import verify
    >>> statement = verify("model.tacit", "answer.proof", model="model.commitment")

A proof is about a program: what that computes is for the verifier to know. `statement.digests["program"]` is its digest.
"""

from tacit_verifier._native import __version__
from tacit_verifier.calls import verify
from tacit_verifier.errors import InputError, InvalidProof, TacitError
from tacit_verifier.statement import InputClaim, Predicate, Statement

__all__ = [
    "InputClaim",
    "InputError",
    "InvalidProof",
    "Predicate",
    "Statement",
    "TacitError",
    "__version__",
    "verify",
]
