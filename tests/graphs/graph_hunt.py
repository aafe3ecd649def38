"""The long run: random cases by seed in several processes, every failure written down before it is made small."""

from __future__ import annotations

import json
import multiprocessing
import queue
import signal
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from graph_case import Case
from graph_check import Verdict, check
from graph_random import random_case
from graph_shrink import shrink

#: Seconds for one case, and for making a failure small; failures with the same reason that are made small, at most.
PATIENCE, SHRINKING, ALIKE = 120, 40.0, 12
#: The reason of a crash that took its process along.
DIED = "the process died"


@dataclass(frozen=True)
class Result:
    """What came of a seed. `path`: of the reproduction, where it failed; a second result says where the `small` one is."""

    seed: int
    verdict: Verdict
    operators: tuple[str, ...]
    seconds: float
    path: str = ""
    small: bool = False


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the main thread of this process when the time is over."""

    def ring(number: int, frame: Any) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def patient_check(case: Case) -> Verdict:
    """As `check`; a case that takes longer than PATIENCE is a failure of its own."""
    try:
        with patience(PATIENCE):
            return check(case)
    except TimeoutError:
        return Verdict("crash", "too slow", detail=f"more than {PATIENCE} seconds")


def write(case: Case, verdict: Verdict, path: Path) -> None:
    """The case as JSON with its verdict, complete or not at all."""
    text = json.dumps({"verdict": asdict(verdict), **json.loads(case.to_json())}, indent=1)
    part = path.with_suffix(".part")
    part.write_text(text + "\n")
    part.replace(path)


def made_small(case: Case, verdict: Verdict, folder: Path) -> Path:
    """Writes a smaller case that fails in the same way."""

    def same(other: Case) -> bool:
        found = patient_check(other)
        return (found.outcome, found.reason) == (verdict.outcome, verdict.reason)

    least = shrink(case, same, SHRINKING)
    ops = "-".join(least.operators()[:5]).lower()
    path = folder / f"{verdict.outcome}-{ops}-{zlib.crc32(verdict.reason.encode()) % 1000:03d}-seed{case.seed}.json"
    write(least, patient_check(least), path)
    return path


def hunt(first: int, step: int, current: Any, results: Any, folder: Path) -> None:
    """Seeds first, first + step, ... until the process is ended. `current` tells the seed that is being looked at."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    alike: dict[str, int] = {}
    seed = first
    while True:
        current.value = seed
        start = time.monotonic()
        case = random_case(seed)
        verdict = patient_check(case)
        raw = folder / f"{verdict.outcome}-seed{seed}.json"
        if verdict.failed:
            write(case, verdict, raw)
        result = Result(
            seed, verdict, tuple(case.operators()), time.monotonic() - start, str(raw) if verdict.failed else ""
        )
        results.put(result)
        reason = f"{verdict.outcome} {verdict.reason}"
        alike[reason] = alike.get(reason, 0) + 1
        if verdict.failed and alike[reason] <= ALIKE:
            path = made_small(case, verdict, folder)
            raw.unlink()
            results.put(replace(result, path=str(path), small=True))
        seed += step


class Hunt:
    """`jobs` processes; one that dies is a crash of its seed, and is started again behind it."""

    def __init__(self, seed: int, jobs: int, folder: Path) -> None:
        self.jobs, self.folder = jobs, folder
        self.context = multiprocessing.get_context("spawn")
        self.results: Any = self.context.Queue()
        folder.mkdir(parents=True, exist_ok=True)
        self.current = [self.context.Value("q", 0) for _ in range(jobs)]
        self.workers = [self._start(i, seed + i) for i in range(jobs)]

    def _start(self, index: int, seed: int) -> Any:
        self.current[index].value = seed
        arguments = (seed, self.jobs, self.current[index], self.results, self.folder)
        worker = self.context.Process(target=hunt, args=arguments, daemon=True)
        worker.start()
        return worker

    def run(self, seconds: float) -> Iterator[Result]:
        """Results until the time is over; then the processes are ended."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                with suppress(queue.Empty):
                    yield self.results.get(timeout=0.5)
                yield from self._dead()
        finally:
            for worker in self.workers:
                worker.terminate()

    def _dead(self) -> Iterator[Result]:
        for index, worker in enumerate(self.workers):
            if worker.is_alive():
                continue
            seed = int(self.current[index].value)
            verdict = Verdict("crash", DIED, detail=f"exit code {worker.exitcode}")
            case = random_case(seed)
            path = self.folder / f"crash-seed{seed}.json"
            write(case, verdict, path)
            yield Result(seed, verdict, tuple(case.operators()), 0.0, str(path))
            self.workers[index] = self._start(index, seed + self.jobs)
