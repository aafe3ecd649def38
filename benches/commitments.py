"""What commitments for many proofs cost, beside what `tacit compile` expects: one table, each row a process of its own.

python benches/commitments.py [model ...]      # small (4k weights), large (1.07M); 64 to 16,384 proofs
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZES = {"small": (30, 64, 32, 1), "large": (784, 1024, 256, 10)}
PROOFS = (64, 1024, 4096, 16384)


def network(sizes: tuple[int, ...]) -> onnx.ModelProto:
    """A multilayer perceptron of random weights, seeded."""
    rng = np.random.default_rng(0)
    nodes, constants, last = [], [], "x"
    for i, (a, b) in enumerate(pairwise(sizes)):
        weight = (rng.normal(size=(a, b)) / np.sqrt(a)).astype(np.float32)
        constants += [numpy_helper.from_array(weight, f"w{i}")]
        out = "y" if i == len(sizes) - 2 else f"h{i}"
        nodes.append(helper.make_node("MatMul", [last, f"w{i}"], [out]))
        if out != "y":
            nodes.append(helper.make_node("Relu", [out], [f"a{i}"]))
            last = f"a{i}"
    port = lambda name, size: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", size])  # noqa: E731
    graph = helper.make_graph(nodes, "mlp", [port("x", sizes[0])], [port("y", sizes[-1])], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def compile_one(model: str, proofs: int, folder: Path) -> dict[str, Any]:
    """Write program and weights; what a commitment is expected to cost."""
    import tacit

    samples = np.random.default_rng(1).normal(size=(16, SIZES[model][0])).astype(np.float32)
    program, weights = tacit.compile(network(SIZES[model]), calibration={"x": samples}, proofs=proofs)
    program.save(folder / "m.tacit")
    weights.save(folder / "m.weights")
    return dict(program.estimate["commitments"]["model"])


def commit_one(folder: Path) -> dict[str, float]:
    """Commit and save, as the command does; in this process."""
    import tacit
    from tacit.cli import commit  # what the command loads counts

    assert commit.app
    program, weights = tacit.Program.load(folder / "m.tacit"), tacit.Weights.load(folder / "m.weights")
    start, busy = time.perf_counter(), time.process_time()
    secret = tacit.commit_model(program, weights)
    secret.save(folder / "m.secret")
    seconds, processor = time.perf_counter() - start, time.process_time() - busy
    secret.commitment.save(folder / "m.commitment")
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sizes = {f"{name}_bytes": (folder / f"m.{name}").stat().st_size for name in ("secret", "commitment")}
    return {"commit_seconds": seconds, "processor": processor, "peak_bytes": 1024.0 * int(peak.split()[1]), **sizes}


def in_a_process(*arguments: str) -> dict[str, float]:
    """The answer of this script, run once more with these arguments."""
    done = subprocess.run([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def main(models: list[str]) -> None:
    print(
        "| model | proofs | commit and save, expected | measured (processor time) | peak memory, expected | measured |",
        end="",
    )
    print(" secret, expected | measured |\n|---|---|---|---|---|---|---|---|")
    for model in models:
        for proofs in PROOFS:
            with tempfile.TemporaryDirectory() as folder:
                expected = in_a_process("--compile", model, str(proofs), folder)
                found = in_a_process("--commit", folder)
            mib = [f"{x[name] / 2**20:.0f} MiB" for name in ("peak_bytes", "secret_bytes") for x in (expected, found)]
            times = f"{expected['commit_seconds']:.2f} s | {found['commit_seconds']:.2f} s ({found['processor']:.2f} s)"
            print(f"| {model} | {proofs:,} | {times} | {' | '.join(mib)} |", flush=True)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--compile", model, proofs, folder]:
            print(json.dumps(compile_one(model, int(proofs), Path(folder))))
        case ["--commit", folder]:
            print(json.dumps(commit_one(Path(folder))))
        case models:
            main(models or list(SIZES))
