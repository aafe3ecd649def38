"""ezkl (a Halo2 prover) on the same model and input: `compare_ezkl.py NETWORK ONE.npz ALL.npz --out RESULT.json`.

Visibility as ours: weights and input private, output public. Settings are calibrated on the samples, aim "resources".
Key generation and the reference string are measured but not counted as proving. The result is a JSON file.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def timed(action: Callable[[], Any]) -> float:
    """Seconds of a call; awaitables are awaited, a False is an error."""
    start = time.perf_counter()
    result = action()
    if inspect.isawaitable(result):

        async def wait() -> Any:
            return await result

        result = asyncio.run(wait())
    if result is False:
        raise RuntimeError("ezkl answered False")
    return time.perf_counter() - start


def measure(network: Path, one: Path, samples: Path, runs: int) -> dict[str, Any]:
    """All steps of ezkl on one model; seconds and bytes."""
    import ezkl

    names = _inputs(network)
    with tempfile.TemporaryDirectory(prefix="ezkl-") as name:
        folder = Path(name)
        _write_data(folder / "one.json", one, names, 1)
        _write_data(folder / "all.json", samples, names, 16)
        os.chdir(folder)
        options = ezkl.PyRunArgs()
        options.input_visibility, options.param_visibility, options.output_visibility = "private", "private", "public"
        model = str(_fixed(network, folder / "network.onnx"))
        result = {
            "version": getattr(ezkl, "__version__", "unknown"),
            "settings_seconds": timed(lambda: ezkl.gen_settings(model, "settings.json", py_run_args=options))
            + timed(lambda: ezkl.calibrate_settings("all.json", model, "settings.json", "resources")),
        }
        logrows = json.loads(Path("settings.json").read_text(encoding="utf-8"))["run_args"]["logrows"]
        result["logrows"] = logrows
        result["compile_seconds"] = timed(lambda: ezkl.compile_circuit(model, "circuit", "settings.json"))
        result["srs_seconds"] = timed(lambda: ezkl.gen_srs("srs", logrows))
        result["setup_seconds"] = timed(lambda: ezkl.setup("circuit", "vk", "pk", "srs"))
        proves, verifies = [], []
        for _ in range(runs):
            witness = timed(lambda: ezkl.gen_witness("one.json", "circuit", "witness.json"))
            proves.append(witness + timed(lambda: ezkl.prove("witness.json", "circuit", "pk", "proof.json", "srs")))
            verifies.append(timed(lambda: ezkl.verify("proof.json", "settings.json", "vk", "srs")))
        proof = json.loads(Path("proof.json").read_text(encoding="utf-8"))
        result["runs"] = runs
        result["prove_seconds"] = statistics.median(proves)
        result["verify_seconds"] = statistics.median(verifies)
        result["proof_bytes"] = (len(proof["hex_proof"].removeprefix("0x"))) // 2
        result["proving_key_bytes"] = Path("pk").stat().st_size
        os.chdir("/")
    return result


def _fixed(network: Path, target: Path) -> Path:
    """The same model with a batch of one where it is free: ezkl wants to know."""
    import onnx

    model = onnx.load(str(network))
    for value in [*model.graph.input, *model.graph.output]:
        for dimension in value.type.tensor_type.shape.dim:
            if not dimension.HasField("dim_value"):
                dimension.dim_value = 1
    onnx.save(model, str(target))
    return target


def _inputs(network: Path) -> list[str]:
    import onnx

    graph = onnx.load(str(network), load_external_data=False).graph
    constants = {item.name for item in graph.initializer}
    return [item.name for item in graph.input if item.name not in constants]


def _write_data(target: Path, source: Path, names: list[str], count: int) -> None:
    with np.load(source) as content:
        arrays = [content[name] if name in content.files else content["x"] for name in names]
    data = [array[:count].astype(float).reshape(-1).tolist() for array in arrays]
    target.write_text(json.dumps({"input_data": data}), encoding="utf-8")


def main() -> int:
    """Measure; ezkl writes its own remarks to stdout too, so the result goes to a file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", type=Path)
    parser.add_argument("one", type=Path)
    parser.add_argument("samples", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=1)
    arguments = parser.parse_args()
    paths = [path.resolve() for path in (arguments.network, arguments.one, arguments.samples)]
    out = arguments.out.resolve()
    out.write_text(json.dumps(measure(*paths, arguments.runs)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
