"""The example of examples/flower, prepared in a folder and run over a grid in this process."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from flwr.app import Context, RecordDict
from little_flower import HostileGrid

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "flower"


def module(name: str) -> ModuleType:
    """A file of the example, under a name of its own."""
    spec = importlib.util.spec_from_file_location(f"example_flower_{name}", FOLDER / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = found
    spec.loader.exec_module(found)
    return found


class Hospitals(HostileGrid):
    """The example's hospitals."""

    def __init__(self, folder: Path, count: int) -> None:
        super().__init__(module("client_app").app, count)
        for node, context in self._contexts.items():
            context.node_config["tacit-node"] = str(folder / f"hospital-{node}" / "node.toml")


def served(grid: Hospitals, folder: Path, **config: Any) -> None:
    """Run the example's server app."""
    given = {
        "server": str(folder / "server" / "server.toml"),
        "deferred": False,
        "nodes": 3,
        "rounds": 2,
        "timeout": 30.0,
    }
    module("server_app").app(grid, Context(1, 0, {}, RecordDict(), given | config))
