"""Random ONNX graphs through the compiler, against onnxruntime: `make fuzz-graphs SECONDS=600 SEED=0 JOBS=2`.

Failures lie in out/fuzz-graphs, each a small case as JSON: copy one to tests/graphs/found to keep it as a test.
`--replay FILE..` looks at written cases again and prints them as Python. Exits 1 when a program is wrong.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests" / "graphs"), str(ROOT / "tests" / "helpers")]

from graph_case import Case  # noqa: E402
from graph_check import AIM, FAILURES, check  # noqa: E402
from graph_hunt import DIED, Hunt, Result  # noqa: E402

#: The order of the summary.
OUTCOMES = ("ok", "inaccurate", "unclear", "invalid", "refused", *FAILURES)


class Tally:
    """What was found so far."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.examples: dict[tuple[str, str], Result] = {}
        self.operators: Counter[str] = Counter()
        self.worst = 0.0
        self.left = 0

    def add(self, result: Result) -> None:
        verdict = result.verdict
        if result.small:
            self._smaller(result)
            return
        self.outcomes[verdict.outcome] += 1
        self.operators.update(set(result.operators))
        self.left += verdict.left
        if verdict.outcome in ("ok", "inaccurate"):
            self.worst = max(self.worst, verdict.error)
        if verdict.outcome != "ok":
            key = (verdict.outcome, verdict.reason)
            self.reasons[key] += 1
            # The shortest example says the most.
            if key not in self.examples or len(result.operators) < len(self.examples[key].operators):
                self.examples[key] = result

    def _smaller(self, result: Result) -> None:
        """The same failure in a smaller case."""
        key = (result.verdict.outcome, result.verdict.reason)
        if self.examples[key].seed == result.seed or not self.examples[key].small:
            self.examples[key] = result

    @property
    def failed(self) -> int:
        return sum(self.outcomes[name] for name in FAILURES)

    def line(self) -> str:
        return "  ".join(f"{name} {self.outcomes[name]}" for name in OUTCOMES if self.outcomes[name])

    def print(self, console: Console, seconds: float) -> None:
        total = sum(self.outcomes.values())
        console.print(f"{total} graphs in {seconds:.0f} s, {total / max(seconds, 1e-9):.1f} a second: {self.line()}")
        console.print(
            f"worst error where the program is good: {self.worst:.1e}; above {AIM:g}: {self.outcomes['inaccurate']}; "
            f"samples that left the range: {self.left}"
        )
        table = Table("outcome", "reason", "graphs", "example")
        order = sorted(self.reasons, key=lambda key: (-OUTCOMES.index(key[0]), -self.reasons[key]))
        for key in order:
            example = self.examples[key]
            where = example.path or f"seed {example.seed}: {', '.join(example.operators)}"
            table.add_row(key[0], key[1], str(self.reasons[key]), where)
        if order:
            console.print(table)


def search(seconds: float, seed: int, jobs: int, folder: Path) -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended from outside: the summary comes all the same
    console, tally, start = Console(width=None if sys.stdout.isatty() else 200), Tally(), time.monotonic()
    columns = (BarColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("starting", total=seconds)
        try:
            for result in Hunt(seed, jobs, folder).run(seconds):
                tally.add(result)
                progress.update(bar, completed=time.monotonic() - start, description=tally.line())
                if result.small or (result.verdict.failed and result.verdict.reason == DIED):
                    progress.print(f"{result.verdict.outcome} {result.verdict.reason}: {result.path}", markup=False)
        except KeyboardInterrupt:
            console.print("stopped")
    tally.print(console, time.monotonic() - start)
    summary = {"outcomes": tally.outcomes, "operators": tally.operators}
    (folder / "summary.json").write_text(json.dumps(summary, indent=1, sort_keys=True) + "\n")
    return 1 if tally.failed else 0


def replay(paths: list[Path]) -> int:
    failed = False
    for path in paths:
        case = Case.load(path)
        verdict = check(case)
        failed |= verdict.failed
        print(f"{path}: {verdict.outcome} {verdict.reason} {verdict.error:.2e} {verdict.detail}\n{case.to_python()}\n")
    return 1 if failed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Random ONNX graphs through the compiler.")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to search")
    parser.add_argument("--seed", type=int, default=None, help="the first seed (default: from the clock)")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "fuzz-graphs", help="where failures are written")
    parser.add_argument("--replay", type=Path, nargs="+", metavar="FILE", help="look at written cases again")
    given = parser.parse_args()
    if given.replay:
        return replay(given.replay)
    seed = int(time.time()) * 1000 % 2**40 if given.seed is None else given.seed
    print(f"seeds from {seed} on")
    return search(given.seconds, seed, max(1, given.jobs), given.out)


if __name__ == "__main__":
    sys.exit(main())
