"""The example in Flower's own simulation, where ray is installed: nodes are played by several processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("flwr")
pytest.importorskip("ray")

from example import FOLDER, module

pytestmark = pytest.mark.slow
NODES = 3

# Functions of the main script travel to ray's processes by value.
SCRIPT = f"""
import sys

from flwr.serverapp import ServerApp
from flwr.simulation import run_simulation
from tacit.flower import VerifiedFedAvg, client_app, load_node

folder = sys.argv[1]
server = ServerApp()


@server.main()
def main(grid, context):
    strategy = VerifiedFedAvg(
        task=f"{{folder}}/server/server.toml", deferred=True, fraction_evaluate=0.0, min_train_nodes={NODES},
        min_available_nodes={NODES},
    )
    result = strategy.start(grid, strategy.initial(), num_rounds=2, timeout=60)
    print("VERIFIED", [int(m["verified"]) for m in result.train_metrics_clientapp.values()], strategy.refused, flush=True)


def node(context, folder=folder):
    return load_node(f"{{folder}}/hospital-{{int(context.node_config['partition-id']) + 1}}/node.toml")


run_simulation(server, client_app(node), num_supernodes={NODES}, backend_config={{"client_resources": {{"num_cpus": 1}}}})
"""


def test_rounds_in_a_simulation(tmp_path: Path) -> None:
    module("prepare").main(tmp_path, NODES)
    script = tmp_path / "simulate.py"
    script.write_text(SCRIPT)
    environment = os.environ | {"PYTHONPATH": str(FOLDER.parents[1] / "python"), "FLWR_TELEMETRY_ENABLED": "0"}
    run = subprocess.run(
        [sys.executable, str(script), str(tmp_path)], env=environment, cwd=tmp_path, capture_output=True, text=True,
        check=False, timeout=400,
    )  # fmt: skip
    assert "VERIFIED [3, 3] []" in run.stdout, (run.stdout + run.stderr)[-4000:]
