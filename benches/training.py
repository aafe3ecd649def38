"""Proofs of training: time, memory and bytes beside a floor; each case a process of its own.

python benches/training.py [case ...]      # logistic, mlp1, mlp50, lenet20, big, big_private

The floor is what the counts of a program cost at the unit prices of the estimate: lookups, committed cells, opened cells.
Published figures of papers stand beside ours with their hardware; they are cited, not measured here.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

#: Nanoseconds a lookup, a committed cell and an opened cell: what the floor is made of.
LOOKUP, CELL, OPENED = 60.0, 40.0, 30.0
RUNS = 3

#: What papers report of a step of training, as they report it.
PUBLISHED = (
    (
        "Kaizen (Abbaszadeh, Pappas, Papadopoulos, Katz: ePrint 2024/162)",
        "VGG-11, 10 M weights, batch 16, an iteration",
        "15 min",
        "see there",
    ),
    (
        "zkDL (Sun, Zhang: arXiv 2307.16273)",
        "8 layers, 10 M weights, batch 64, a step",
        "less than a second",
        "a CUDA implementation",
    ),
)


@dataclass(frozen=True)
class Case:
    """A network, its batch and steps, and who knows the models."""

    build: str
    batch: int | None
    steps: int
    records: int
    rate: float
    base: str = "public"
    next: str = "public"
    optimize: str = "time"


CASES = {
    "logistic": Case("logistic", None, 10, 114, 1.0),
    "mlp1": Case("mlp", 64, 1, 64, 0.125),
    "mlp50": Case("mlp", 64, 50, 3200, 0.125),
    "lenet20": Case("lenet", 32, 20, 640, 0.0625),
    "big": Case("big", 16, 1, 16, 0.03125),
    "big_private": Case("big", 16, 1, 16, 0.03125, "public", "private"),
}


def lenet() -> Any:
    """Two 5x5 convolutions with stride 2 (6 and 16 channels), dense layers of 120 and 84."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    shapes = {"k0": (6, 1, 5, 5), "k1": (16, 6, 5, 5), "w0": (256, 120), "w1": (120, 84), "w2": (84, 10)}
    constants = {
        name: rng.normal(size=shape) / np.sqrt(np.prod(shape) / shape[0 if name[0] == "k" else 1])
        for name, shape in shapes.items()
    }
    constants |= {"c0": np.zeros(6), "c1": np.zeros(16), "b0": np.zeros(120), "b1": np.zeros(84), "b2": np.zeros(10)}
    nodes = [
        helper.make_node("Conv", ["x", "k0", "c0"], ["a"], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("Conv", ["b", "k1", "c1"], ["c"], strides=[2, 2]),
        helper.make_node("Relu", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["e0"]),
    ]
    for i in range(3):
        nodes += [
            helper.make_node("MatMul", [f"e{i}", f"w{i}"], [f"m{i}"]),
            helper.make_node("Add", [f"m{i}", f"b{i}"], [f"s{i}"]),
        ]
        if i < 2:
            nodes.append(helper.make_node("Relu", [f"s{i}"], [f"e{i + 1}"]))
    port = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "lenet", [port("x", TensorProto.FLOAT, [1, 1, 28, 28])], [port("s2", TensorProto.FLOAT, [1, 10])],
        [numpy_helper.from_array(v.astype(np.float32), n) for n, v in constants.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def setting(build: str) -> tuple[Any, Any]:
    """The architecture and the schema of its records."""
    from tacit import data, train

    if build == "logistic":
        return train.mlp(30, 1), data.Schema.array((30,), -4.0, 4.0, data.Label.flag("y"))
    if build == "lenet":
        return lenet(), data.Schema.array((1, 28, 28), 0.0, 255 / 256, 10)
    widths = (784, 128, 10) if build == "mlp" else (784, 2048, 2048, 2048, 10)
    return train.mlp(*widths), data.Schema.array((784,), 0.0, 255 / 256, 10)


def drawn(schema: Any, records: int) -> dict[str, Any]:
    """Random records, in integers."""
    rng = np.random.default_rng(0)
    lo, hi = (0, 255) if schema.interval[0] == 0 else (-1000, 1000)
    y = (
        rng.integers(0, 2, (records, 1))
        if schema.labels == 1
        else np.eye(10, dtype=np.int64)[rng.integers(0, 10, records)]
    )
    x = rng.integers(lo, hi, (records, *schema.features), endpoint=True)
    return {"x": x, "y": y, "id": np.arange(records)}


def one(name: str) -> dict[str, float]:
    """All figures of a case, in this process."""
    from tacit import train
    from tacit.api import integers

    case = CASES[name]
    model, schema = setting(case.build)
    start = time.perf_counter()
    task = train.compile(
        model, schema=schema, records=case.records, base=case.base, next=case.next, optimize=case.optimize, proofs=8,
        optimizer=train.SGD(rate=case.rate, batch=case.batch, steps=case.steps), evaluate=0,
    )  # fmt: skip
    found: dict[str, float] = {"compile": time.perf_counter() - start}
    records, seed = drawn(schema, case.records), bytes(32)
    base: Any = task.initial
    start = time.perf_counter()
    secret = task.commit_data(records)
    found["commit data"] = time.perf_counter() - start
    start = time.perf_counter()
    task.fit(base, records["x"], records["y"], seed)
    found["fit"] = time.perf_counter() - start
    if case.base == "private":
        base = task.commit_base(base)
    proofs: list[tuple[float, float]] = []
    real = integers.prove

    def timed(*given: Any) -> bytes:
        start, busy = time.perf_counter(), time.process_time()
        argument = real(*given)
        proofs.append((time.perf_counter() - start, time.process_time() - busy))
        return argument

    integers.prove = timed
    whole, verified = [], []
    for run in range(RUNS):
        start = time.perf_counter()
        update = task.prove(base, secret, records, seed=seed, context=run.to_bytes(4, "big"))
        whole.append(time.perf_counter() - start)
        made = update.weights if update.secret is None else update.secret.commitment
        known = base if case.base == "public" else base.commitment
        start = time.perf_counter()
        task.verify(known, made, secret.commitment, update.proof, seed=seed, context=run.to_bytes(4, "big"))
        verified.append(time.perf_counter() - start)
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    sizes = task.train.estimate
    opened = sizes["witness_cells"] + sum(sizes["committed_cells"])
    found |= {
        "prove": statistics.median(s for s, _ in proofs),
        "prove, processor": statistics.median(c for _, c in proofs),
        "fit, commit and prove": statistics.median(whole),
        "verify": statistics.median(verified),
        "bytes": len(update.proof),
        "peak": 1024.0 * int(peak.split()[1]),
        "lookups": sizes["lookups_and_rows"],
        "cells": sizes["witness_cells"],
        "floor": (sizes["lookups_and_rows"] * LOOKUP + sizes["witness_cells"] * CELL + opened * OPENED) * 1e-9,
    }
    return found


def table(found: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown."""
    lines = [
        "| case | lookups | witness cells | floor | prove | processor | with fit and commit of a next | verify | proof | peak |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name, f in found.items():
        lines.append(
            f"| {name} | {f['lookups']:,.0f} | {f['cells']:,.0f} | {f['floor'] * 1e3:.0f} ms | {f['prove'] * 1e3:.0f} ms | "
            f"{f['prove, processor'] * 1e3:.0f} ms | {f['fit, commit and prove'] * 1e3:.0f} ms | {f['verify'] * 1e3:.1f} ms | "
            f"{f['bytes'] / 1024:.0f} KiB | {f['peak'] / 2**20:.0f} MiB |"
        )
    lines += ["", "| published elsewhere | what | time | hardware |", "|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in PUBLISHED]
    return "\n".join(lines)


def main(cases: list[str]) -> None:
    found = {}
    for name in cases:
        done = subprocess.run([sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            print(f"{name}: failed", file=sys.stderr)
            continue
        found[name] = json.loads(done.stdout.splitlines()[-1])
    print(table(found))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--one", name]:
            print(json.dumps(one(name)))
        case cases:
            main(cases or list(CASES))
