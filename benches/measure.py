"""One model, measured in a process of its own: `measure.py build|prove FOLDER [...]`, a JSON object on stdout.

`build` compiles and commits and leaves the files in FOLDER. `prove` loads them, warms up once, and proves and verifies
several times. Separate processes, so that each one's peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

import tacit
from tacit.cli import files
from tacit.console import plain


def build(network: Path, samples: Path, folder: Path, proofs: int) -> dict[str, Any]:
    """Compile and commit; seconds, sizes and the compiler's own estimate."""
    arrays = files.calibration_arrays(samples, network)
    start = time.perf_counter()
    program, weights = tacit.compile(str(network), calibration=arrays, proofs=proofs)
    compiled = time.perf_counter()
    secret = tacit.commit_model(program, weights, proofs=proofs)
    committed = time.perf_counter()
    program.save(folder / "m.tacit")
    weights.save(folder / "m.weights")
    secret.save(folder / "model.secret")
    secret.commitment.save(folder / "model.commitment")
    np.savez(folder / "one.npz", **{name: array[:1] for name, array in arrays.items()})
    return {
        "compile_seconds": compiled - start,
        "commit_seconds": committed - compiled,
        **once(program, weights, folder),
        "program_bytes": (folder / "m.tacit").stat().st_size,
        "commitment_bytes": (folder / "model.commitment").stat().st_size,
        "secret_bytes": (folder / "model.secret").stat().st_size,
        "report": plain(program.report),
        "estimate": plain(program.estimate),
    }


def once(program: tacit.Program, weights: tacit.Weights, folder: Path) -> dict[str, float]:
    """What verifiers do once for a model, and what a rotation costs: a commitment's validity proof, a child and its link."""
    start = time.perf_counter()
    tacit.Commitment.load(folder / "model.commitment").accept()
    accepted = time.perf_counter()
    master = tacit.commit_model(program, weights, children=1)
    mastered = time.perf_counter()
    child = master.rotate()
    rotated = time.perf_counter()
    child.commitment.save(folder / "child.commitment")
    loaded = tacit.Commitment.load(folder / "child.commitment")
    ready = time.perf_counter()
    loaded.accept()
    return {
        "validity_seconds": accepted - start,
        "rotate_seconds": rotated - mastered,
        "link_seconds": time.perf_counter() - ready,
    }


def prove(folder: Path, runs: int) -> dict[str, Any]:
    """Median times of several proofs in one process after a warm-up; phases of the median run; bytes."""
    program = tacit.Program.load(folder / "m.tacit")
    secret = tacit.Secret.load(folder / "model.secret")
    with np.load(folder / "one.npz") as content:
        arrays = {name: content[name] for name in content.files}
    timed = []
    for run in range(runs + 1):
        context = run.to_bytes(4, "big")
        start = time.perf_counter()
        proof = tacit.prove(program, secret, arrays, context=context, profile=True)
        proven = time.perf_counter()
        tacit.verify(program, proof, model=secret.commitment, context=context)
        phases = {name: value for name, value in proof.profile.items() if name != "total"}
        timed.append((proven - start, time.perf_counter() - proven, phases))
    (first, *rest) = timed
    rest.sort(key=lambda entry: entry[0])
    return {
        "runs": runs,
        "prove_first_seconds": first[0],
        "prove_seconds": statistics.median(entry[0] for entry in rest),
        "prove_min_seconds": rest[0][0],
        "prove_max_seconds": rest[-1][0],
        "verify_first_seconds": first[1],
        "verify_seconds": statistics.median(entry[1] for entry in rest),
        "proof_bytes": len(proof.to_bytes()),
        "phases": rest[len(rest) // 2][2],
    }


def main() -> int:
    """One of the two measurements."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["build", "prove"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--samples", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--proofs", type=int, default=64)
    arguments = parser.parse_args()
    if arguments.what == "build":
        result = build(arguments.network, arguments.samples, arguments.folder, arguments.proofs)
    else:
        result = prove(arguments.folder, arguments.runs)
    json.dump(result, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
