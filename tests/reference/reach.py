"""Makes `tacit.reference` importable, also where the compiled extension that the package's root wants is not built."""

from __future__ import annotations

import importlib
import sys
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parents[1] / "python"


def reach() -> None:
    """Puts the sources on the path; if the root package cannot be imported, an empty one takes its place."""
    for folder in (HERE, SOURCE):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    try:
        importlib.import_module("tacit")
    except ImportError:
        for name in [name for name in sys.modules if name == "tacit" or name.startswith("tacit.")]:
            del sys.modules[name]
        root = types.ModuleType("tacit")
        root.__path__ = [str(SOURCE / "tacit")]
        sys.modules["tacit"] = root


reach()
