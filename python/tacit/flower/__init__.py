"""Flower with proofs: nodes prove their updates, and a strategy verifies before it aggregates.

    app = tacit.flower.client_app(node="node.toml")                          # client_app.py, in place of ClientApp()

    strategy = tacit.flower.VerifiedFedAvg(task="server.toml", store="sqlite:///rounds.db")          # server_app.py
    result = strategy.start(grid=grid, initial_arrays=strategy.initial(), num_rounds=5)

Flower carries messages here, and no more: rounds, checks and what is kept are those of `tacit.network`. Extra `flower`.
"""

from __future__ import annotations

import importlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tacit.errors import MissingDependency

if TYPE_CHECKING:
    from tacit.flower.client import client_app
    from tacit.flower.desk import Refused
    from tacit.flower.files import load_node, load_server
    from tacit.flower.local import LocalGrid
    from tacit.flower.strategy import VerifiedFedAvg

__all__ = ["LocalGrid", "Refused", "VerifiedFedAvg", "client_app", "load_node", "load_server"]

#: Where each name lives.
_HOMES = {
    "LocalGrid": "local",
    "Refused": "desk",
    "VerifiedFedAvg": "strategy",
    "client_app": "client",
    "load_node": "files",
    "load_server": "files",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'tacit.flower' has no attribute {name!r}")
    if home != "files" and find_spec("flwr") is None:
        raise MissingDependency(
            "this needs Flower, which needs Python 3.11",
            place=f"tacit.flower.{name}",
            remedy="pip install 'tacit[flower]'",
        )
    value = getattr(importlib.import_module(f"tacit.flower.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
