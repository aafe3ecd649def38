"""The benchmark: `run.py --out FOLDER [--only NAME,...] [--runs 5] [--no-ezkl]`; a table (markdown, JSON) and charts.

Measures every model of the folder that the environment variable TACIT_MODELS names, or else networks made here by
seeded scripts. Models that do not compile are listed with the reason. Where ezkl is installed it runs on the same ones.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import machine
import models
import report

HERE = Path(__file__).resolve().parent
#: ezkl is stopped after this time on a model, set-up included.
EZKL_LIMIT_SECONDS = 900


@dataclass(frozen=True)
class Finished:
    """A process that has ended: exit code, output, wall time, and its peak resident memory."""

    code: int
    out: str
    err: str
    seconds: float
    peak_bytes: int


def run_process(command: list[str], limit: float = 3600) -> Finished:
    """Run a command to its end; its peak memory is the kernel's account of that process (see launch.py)."""
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "result.json"
        launcher = [sys.executable, "-S", str(HERE / "launch.py"), str(target)]
        # A group of its own, so that a limit that is passed ends the measured process too.
        process = subprocess.Popen(
            [*launcher, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            out, err = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return Finished(-signal.SIGKILL, "", f"stopped after {limit:.0f} s", limit, 0)
        if not target.is_file():
            return Finished(process.returncode, out, err, 0.0, 0)
        result = json.loads(target.read_text(encoding="utf-8"))
    return Finished(result["code"], out, err, result["seconds"], result["peak_bytes"])


class Failed(Exception):
    """A step that did not succeed, with the last line that it said."""


def step(command: list[str], limit: float = 3600) -> Finished:
    """Like run_process; raises Failed with the reason."""
    finished = run_process(command, limit)
    if finished.code != 0:
        lines = [line for line in finished.err.strip().splitlines() if line.strip()]
        raise Failed(lines[-1].strip() if lines else f"exit code {finished.code}")
    return finished


def measure(subject: models.Subject, folder: Path, *, runs: int) -> dict[str, Any]:
    """All figures of one model. Raises Failed."""
    script = [sys.executable, str(HERE / "measure.py")]
    files = ["--network", str(subject.network), "--samples", str(subject.samples)]
    built = step([*script, "build", str(folder), *files, "--proofs", str(max(64, 4 * runs + 8))])
    proved = step([*script, "prove", str(folder), "--runs", str(runs)])
    command = [sys.executable, "-m", "tacit.cli", "prove", str(folder / "m.tacit")]
    command += ["--model", str(folder / "model.secret"), "--input", str(folder / "one.npz")]
    calls = [step([*command, "-o", str(folder / "out.proof"), "--json"]) for _ in range(3)]
    result: dict[str, Any] = json.loads(built.out) | json.loads(proved.out)
    result["build_peak_bytes"] = built.peak_bytes
    result["command_seconds"] = statistics.median(call.seconds for call in calls)
    result["command_peak_bytes"] = max(call.peak_bytes for call in calls)
    result["network_bytes"] = subject.network.stat().st_size
    result["unit_costs"] = report.unit_costs(result)
    return result


def compare(subject: models.Subject, folder: Path) -> dict[str, Any]:
    """ezkl's figures on the same model. Raises Failed."""
    target = folder / "ezkl.json"
    command = [sys.executable, str(HERE / "compare_ezkl.py"), str(subject.network), str(folder / "one.npz")]
    finished = step([*command, str(subject.samples), "--out", str(target)], EZKL_LIMIT_SECONDS)
    result: dict[str, Any] = json.loads(target.read_text(encoding="utf-8"))
    result["peak_bytes"] = finished.peak_bytes
    return result


def has_ezkl() -> bool:
    """Whether ezkl can be imported (in a process of its own: it is large)."""
    return run_process([sys.executable, "-c", "import ezkl"]).code == 0


def measure_all(subjects: list[models.Subject], work: Path, *, runs: int, with_ezkl: bool) -> dict[str, Any]:
    """Every subject, one after the other; failures keep their reason."""
    results: dict[str, Any] = {}
    for subject in subjects:
        folder = work / subject.name
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{subject.name} ...", file=sys.stderr, flush=True)
        try:
            results[subject.name] = measure(subject, folder, runs=runs)
        except Failed as failure:
            results[subject.name] = {"failed": str(failure)}
            print(f"{subject.name}: {failure}", file=sys.stderr, flush=True)
            continue
        if with_ezkl:
            try:
                results[subject.name]["ezkl"] = compare(subject, folder)
            except Failed as failure:
                results[subject.name]["ezkl"] = {"failed": str(failure)}
                print(f"{subject.name}, ezkl: {failure}", file=sys.stderr, flush=True)
    return results


def main() -> int:
    """Measure, then write bench.json, bench.md and the charts."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/bench"))
    parser.add_argument("--only", default="", help="names, separated by commas")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-ezkl", action="store_true")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="tacit-bench-") as name:
        work = Path(name)
        given = os.environ.get("TACIT_MODELS", "")
        subjects = models.find(Path(given)) if given else models.make(work / "models")
        only = {item for item in arguments.only.split(",") if item}
        unknown = only - {subject.name for subject in subjects}
        if unknown or not subjects:
            reason = f"no model named {', '.join(sorted(unknown))}" if unknown else f"no model in {given}"
            if not given:
                reason += " (TACIT_MODELS names a folder with more: NAME/network.onnx and NAME/samples.npz)"
            print(f"{reason}; there are {', '.join(subject.name for subject in subjects)}", file=sys.stderr)
            return 1
        chosen = [subject for subject in subjects if not only or subject.name in only]
        with_ezkl = not arguments.no_ezkl and has_ezkl()
        results = measure_all(chosen, work / "runs", runs=arguments.runs, with_ezkl=with_ezkl)
    everything = {"machine": machine.describe(), "models": results}
    report.write(everything, arguments.out)
    print((arguments.out / "bench.md").read_text(encoding="utf-8"))
    return 0 if any("failed" not in result for result in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
