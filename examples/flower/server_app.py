"""The server: an ordinary Flower app with another strategy. `python server_app.py FOLDER` runs all of it in this process."""

import sys
from pathlib import Path

import numpy as np
from flwr.app import ArrayRecord, Context, MetricRecord
from flwr.serverapp import Grid, ServerApp

from tacit.flower import LocalGrid, VerifiedFedAvg

app = ServerApp()


def accuracy(server_round: int, arrays: ArrayRecord) -> MetricRecord:
    """Of the rule that the made-up patients follow, on patients whom nobody has."""
    rng = np.random.default_rng(0)
    people = rng.uniform((20, 80, 3), (95, 200, 20), (1000, 3))
    ill = (people - (55, 135, 9)) @ (1 / 20, 1 / 30, 1 / 4) > 0
    w = {name: array.numpy() for name, array in arrays.items()}
    scaled = (people - (58.5, 140, 16)) / (40.5, 80, 14)
    scores = np.maximum(scaled @ w["w0"] + w["b0"], 0) @ w["w1"] + w["b1"]
    return MetricRecord({"accuracy": float(np.mean((scores[:, 1] > scores[:, 0]) == ill))})


@app.main()
def main(grid: Grid, context: Context) -> None:
    """What differs from FedAvg: the strategy, and where its initial arrays come from."""
    config = context.run_config
    strategy = VerifiedFedAvg(
        task=str(config["server"]),
        store="sqlite:///rounds.db",
        deferred=bool(config["deferred"]),
        min_train_nodes=int(config["nodes"]),
        min_available_nodes=int(config["nodes"]),
    )
    result = strategy.start(
        grid=grid,
        initial_arrays=strategy.initial(),
        num_rounds=int(config["rounds"]),
        timeout=float(config["timeout"]),
        evaluate_fn=accuracy,
    )
    for number, metrics in result.evaluate_metrics_serverapp.items():
        print(f"round {number}: accuracy {metrics['accuracy']:.3f}", flush=True)
    for one in strategy.refused:
        print(f"round {one.round}: refused {one.slug}: {one.reason}", flush=True)
    print(f"verified {sum(int(m['verified']) for m in result.train_metrics_clientapp.values())} updates", flush=True)
    print(f"link {(strategy.link or b'').hex()}", flush=True)


if __name__ == "__main__":
    from client_app import app as client
    from flwr.app import RecordDict

    folder = Path(sys.argv[1])
    nodes = [{"tacit-node": str(path)} for path in sorted(folder.glob("hospital-*/node.toml"))]
    settings = {
        "server": str(folder / "server/server.toml"),
        "deferred": False,
        "nodes": len(nodes),
        "rounds": 5,
        "timeout": 20.0,
    }
    app(LocalGrid(client, nodes), Context(1, 0, {}, RecordDict(), settings))
