"""What tests may do must not be possible outside tests: no crate enables a feature called ``testing`` for its users.

A programmed oracle (``tacit-transcript``) proves nothing, and the doors of ``tacit-pcs`` show secrets. Both exist for
dev-dependencies only, which Cargo does not build into a release. This asks Cargo itself; and asks it once more with
dev-dependencies, where the feature must appear, so that the check cannot pass because it looks for the wrong words.
"""

from __future__ import annotations

import os
import subprocess
import sys

FEATURE = 'feature "testing"'


def lines(edges: str) -> list[str]:
    """Cargo's tree of the workspace with these kinds of edges, the lines that name the feature."""
    command = [os.environ.get("CARGO", "cargo"), "tree", "--workspace", "--edges", edges, "--prefix", "none"]
    tree = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sorted(
        {line.removesuffix(" (*)") for line in tree.splitlines() if FEATURE in line and line.startswith("tacit-")}
    )


def main() -> int:
    """0 when only tests enable the feature."""
    released, tests = lines("normal,build,features"), lines("normal,dev,features")
    if released:
        print("enabled outside tests:", *released, sep="\n  ", file=sys.stderr)
        return 1
    if not tests:
        print(f"no crate's tests enable {FEATURE}: has it another name now?", file=sys.stderr)
        return 1
    print(f"only tests enable: {', '.join(tests)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
