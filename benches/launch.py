"""Run a command and write its exit code, wall time and peak memory: `launch.py RESULT.json COMMAND...`.

The kernel counts a child's peak memory from the moment of the fork, the parent's pages included: so whoever measures a
process must be smaller than it. This script imports next to nothing for that reason.
"""

import json
import os
import sys
import time


def main() -> None:
    """Fork, run, wait, write."""
    target, *command = sys.argv[1:]
    start = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts in KiB, macOS in bytes
    result = {"code": os.waitstatus_to_exitcode(status), "seconds": seconds, "peak_bytes": usage.ru_maxrss * unit}
    with open(target, "w", encoding="utf-8") as file:
        json.dump(result, file)


if __name__ == "__main__":
    main()
