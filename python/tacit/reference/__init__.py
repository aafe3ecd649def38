"""A second verifier, in plain Python, written from docs/protocol/program.md and docs/protocol/protocol.md alone.

It shares no code with the Rust verifier: where the two differ, one of them is wrong. Integers and keccak256 are all it
uses; it is meant to be read. `verify` checks one argument, `verify_files` the files of a deployment.
"""

from __future__ import annotations

from .commitment import check_geometry
from .errors import Refused
from .files import verify_files
from .program import decode_program, digest, encode_program, schema
from .security import check_security
from .validation import validate
from .validity import validity_program
from .verify import verify

__all__ = [
    "Refused",
    "check_geometry",
    "check_security",
    "decode_program",
    "digest",
    "encode_program",
    "schema",
    "validate",
    "validity_program",
    "verify",
    "verify_files",
]
