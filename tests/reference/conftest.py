"""Puts the package and the toy prover on the path."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import reach  # noqa: F401
